"""Readings of the ambiguities in schemas/ambiguities/contacts.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.judge.readings.registry import body_of, either, in_reply, in_scenario, said_yes, sent_by
from conformance.judge.timeline import Exchange, Scenario, Step

WRITES = ("contacts.Create", "contacts.Update", "contacts.Delete")
OF_USERS = ("employeeId", "emailAddress", "businessUnits", "roles", "uri", "path")


def _contacts(exchange: Exchange) -> list[Mapping[str, Any]]:
    found = body_of(exchange).get("contacts")
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


@in_reply("contacts.Create")
def creation(_: Step, exchange: Exchange) -> Iterator[str]:
    """Where the created contact is said to be."""
    path = str(body_of(exchange).get("path", ""))
    if said_yes(exchange) and path.startswith(("/contacts/", "/contact/")):
        yield either("contacts.create-response", "plural", "singular", when=path.startswith("/contacts/"))


@in_reply("contacts.List")
def members(_: Step, exchange: Exchange) -> Iterator[str]:
    """What users have."""
    users = [item for item in _contacts(exchange) if item.get("type") == "User"]
    if not said_yes(exchange) or "fields" in exchange.query:
        return
    if any("phoneNumbers" in item for item in users):
        yield "contacts.phone-numbers/array-for-users"
    elif any("phoneNumber" in item for item in users):
        yield "contacts.phone-numbers/single"
    if users:
        every = all(name in item for item in users for name in OF_USERS)
        yield either("contacts.employee-members", "all", "some", when=every)


@in_reply("contacts.List")
def units(step: Step, exchange: Exchange) -> Iterator[str]:
    """What asking for business units brings, and whom the exact filter leaves out."""
    query = exchange.query
    if query.get("type") != "BusinessUnit" or step.case == "refusal":
        return
    shown = [item for item in _contacts(exchange) if item.get("type") == "BusinessUnit"]
    if shown:
        yield "contacts.business-unit/four-types"
    elif not set(query) - {"type", "limit"} or not said_yes(exchange):
        yield "contacts.business-unit/three-types"
    without = query.get("excludeBusinessUnitsExactMatch")
    if shown and without:
        kept = any(item.get("name") == without for item in shown)
        yield either("contacts.exact-match", "including", "excluding", when=kept)


@in_reply("contacts.List")
def sorting(step: Step, exchange: Exchange) -> Iterator[str]:
    """What a sort by another field than the name does."""
    fields = exchange.query.get("sortBy", "name")
    if fields != "name" and step.case != "refusal":
        values = [str(item.get(fields.split(",")[0])).lower() for item in _contacts(exchange)]
        by_it = said_yes(exchange) and len(set(values)) > 1 and values == sorted(values)
        yield either("contacts.sort", "any-field", "name-only", when=by_it)


@in_reply(*WRITES)
def permissions(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether somebody who is no administrator changes contacts."""
    if step.performer in ("admin", "supervisor") or step.case in ("refusal", "withheld"):
        return
    if said_yes(exchange):
        yield "contacts.permissions/agents-write"
    elif exchange.status_code in (3, 5):
        yield "contacts.permissions/agents-read"


@in_scenario
def written(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What a number and a member that an update left out are read back as."""
    given: dict[str, Mapping[str, Any]] = {}
    left_out: dict[str, tuple[str, Any]] = {}
    for step in scenario.steps:
        exchange = step.main
        if exchange is None or exchange.response is None or step.case == "refusal":
            continue
        if step.operation == "contacts.Create" and said_yes(exchange):
            given[str(body_of(exchange).get("id"))] = sent_by(exchange)
        elif step.operation == "contacts.Update":
            target = urlsplit(str(exchange.request.payload.get("path", ""))).path.rpartition("/")[2]
            yield from _update(given, left_out, target, exchange)
        elif step.operation == "contacts.List":
            for item in _contacts(exchange):
                for reading in _read(given, left_out, item):
                    yield reading, exchange.seqs


def _update(
    given: dict[str, Mapping[str, Any]], left_out: dict[str, tuple[str, Any]], target: str, exchange: Exchange
) -> Iterator[tuple[str, tuple[int, ...]]]:
    before, sent = given.get(target), sent_by(exchange)
    if before is None:
        return
    missing = [name for name in ("name", "phoneNumber") if name not in sent]
    if said_yes(exchange):
        if len(missing) == 1:
            left_out[target] = (missing[0], before.get(missing[0]))
        given[target] = sent if len(missing) != 1 else {}
    elif len(missing) == 1 and exchange.status_code == 1:
        yield "contacts.partial-update/refuse", exchange.seqs


def _read(
    given: Mapping[str, Mapping[str, Any]], left_out: Mapping[str, tuple[str, Any]], item: Mapping[str, Any]
) -> Iterator[str]:
    identifier = str(item.get("id"))
    number, shown = str(given.get(identifier, {}).get("phoneNumber", "")), str(item.get("phoneNumber", ""))
    bare = "".join(letter for letter in number if letter.isalnum())
    if number != bare and shown in (number, bare):
        yield either("contacts.phone-digits", "index-only", "stored-stripped", when=shown == number)
    if identifier in left_out:
        name, value = left_out[identifier]
        if item.get(name) == value or not item.get(name):
            yield either("contacts.partial-update", "merge", "replace", when=item.get(name) == value)
