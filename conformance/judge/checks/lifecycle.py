"""Checks of what is created, changed and deleted, by reading it back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, last_segment, listed, performed, sent
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Exchange, Scenario

PAGE = frozenset({"offset", "limit", "sortBy", "order", "fields"})
CONTACTS = ("contacts.Create", "contacts.Update", "contacts.Delete", "contacts.List")
WRITES = frozenset({"basics.SetVoiceSetting", "basics.CreateAccessControl", "basics.UpdateAccessControl"})


@check("lifecycle.consistent", "scenario", scope="scenario")
def lifecycle_consistent(scenario: Scenario) -> Iterator[Outcome]:
    """A custom contact is in the list, as one of type Custom and with the values it was given last, from its creation
    until it is deleted, whenever it fits the query, and only then."""
    live: dict[str, dict[str, Any]] = {}
    gone: set[str] = set()
    for step, exchange in performed(scenario, *CONTACTS):
        if not accepted(exchange):
            continue
        identifier = last_segment(exchange)
        if step.operation == "contacts.Create" and isinstance(exchange.body, Mapping):
            live[str(exchange.body.get("id"))] = {"type": "Custom", **sent(exchange)}
        elif step.operation == "contacts.Update" and identifier in live:
            # What becomes of a member that the request leaves out is not written (contacts.partial-update).
            live[identifier] = {"type": "Custom", **sent(exchange)}
        elif step.operation == "contacts.Delete":
            live.pop(identifier, None)
            gone.add(identifier)
        elif step.operation == "contacts.List":
            yield from _compare(live, gone, exchange)


def _compare(live: Mapping[str, Mapping[str, Any]], gone: set[str], exchange: Exchange) -> Iterator[Outcome]:
    items = listed(exchange)
    if items is None or not isinstance(exchange.body, Mapping):
        return
    shown = {str(item["id"]): item for item in items}
    whole = exchange.body.get("totalCount") == len(items)
    for identifier, values in live.items():
        wanted = fits_query(values, exchange.query)
        if wanted and whole:
            seen = {key: shown.get(identifier, {}).get(key) for key in values}
            ok = seen == dict(values)
            where = "is not in the list" if identifier not in shown else "is listed with other values"
            yield Outcome(
                ok,
                "the contact is listed as it was written" if ok else f"the contact {bounded(identifier, 60)} {where}",
                bounded(dict(values), 200),
                bounded(seen, 200) if identifier in shown else "absent",
                evidence=exchange.seqs,
            )
        elif wanted is False:
            ok = identifier not in shown
            yield Outcome(
                ok,
                "what does not fit the query is left out" if ok else "a contact is listed that does not fit the query",
                bounded(dict(exchange.query), 200),
                "absent" if ok else bounded(dict(values), 200),
                evidence=exchange.seqs,
            )
    for identifier in sorted(gone):
        ok = identifier not in shown
        yield Outcome(
            ok,
            "the deleted contact is gone" if ok else f"the deleted contact {bounded(identifier, 60)} is still listed",
            "absent",
            "absent" if ok else bounded(shown[identifier], 200),
            evidence=exchange.seqs,
        )


def fits_query(values: Mapping[str, Any], query: Mapping[str, str]) -> bool | None:
    """Whether a custom contact fits a query ("Get contacts", lines 38351-38376); None where the page does not say."""
    verdicts = [_fits(values, key, value, query) for key, value in query.items() if key not in PAGE]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _fits(values: Mapping[str, Any], key: str, wanted: str, query: Mapping[str, str]) -> bool | None:
    name, number = str(values.get("name", "")), str(values.get("phoneNumber", ""))
    stripped = "".join(letter for letter in number if letter.isalnum())
    if key == "type":
        return wanted == values.get("type")
    if key == "name":
        return name in wanted.split(",")
    if key == "phoneNumber":
        return bool(number) if wanted == "*" else stripped in wanted.split(",")
    if key == "filterName":
        return None if wanted != "NamesOrPhoneNumberMatches" or "filterParameters" not in query else True
    if key == "filterParameters" and query.get("filterName") == "NamesOrPhoneNumberMatches":
        found = {_every(wanted, (name, form)) for form in (number, stripped)}
        return found.pop() if len(found) == 1 else None  # which form of the number is compared is not written
    return None


def _every(arguments: str, fields: tuple[str, ...]) -> bool:
    """Whether each argument matches one of the fields, whatever its case, a star standing for any text."""
    return all(any(_matches(one, value) for value in fields) for one in arguments.split(","))


def _matches(pattern: str, value: str) -> bool:
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL) is not None


@check("settings.kept", "scenario", scope="scenario")
def settings_kept(scenario: Scenario) -> Iterator[Outcome]:
    """A setting reads back as it was written last, and one that was removed is not there."""
    written: dict[tuple[str, str], Any] = {}
    for step, exchange in performed(scenario):
        path = str(exchange.request.payload.get("path", "")).partition("?")[0]
        group = path.rpartition("/settings/")[2]
        if "/settings/" not in path or not accepted(exchange):
            continue
        body = sent(exchange).get("settings", sent(exchange))
        name = str(body.get("name")) if isinstance(body, Mapping) else ""
        if step.operation in WRITES and isinstance(body, Mapping):
            written[(group, name)] = body.get("value")
        elif step.operation == "basics.DeleteAccessControl":
            written[(group, name)] = None
        elif exchange.request.payload.get("method") == "GET" and isinstance(exchange.body, Mapping):
            for (of, setting), value in written.items():
                if of == group:
                    yield _kept(exchange, setting, value)


def _kept(exchange: Exchange, name: str, value: Any) -> Outcome:
    settings = exchange.body.get("settings") if isinstance(exchange.body, Mapping) else None
    found = [item for item in settings or () if isinstance(item, Mapping) and item.get("name") == name]
    seen = found[0].get("value") if found else None
    ok = seen == value
    return Outcome(
        ok,
        f"{bounded(name, 60)} is as it was written" if ok else f"{bounded(name, 60)} is not what was written",
        bounded(value if value is not None else "absent", 200),
        bounded(seen if seen is not None else "absent", 200),
        evidence=exchange.seqs,
    )
