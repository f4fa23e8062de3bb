"""Checks that hold filtered lists against the whole list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from conformance.contract import value_at
from conformance.judge.checks.story import accepted, listed, performed
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Exchange, Scenario

Item = Mapping[str, Any]
Test = Callable[[Item, str], bool]
DEFAULT, MAXIMUM = 10, 100
PAGED = frozenset({"basics.ListUsers", "contacts.List"})
"""The lists that page (ambiguity basics.paging-resources: in its narrowest reading)."""
PAGING = frozenset({"limit", "offset", "sortBy", "order"})


def _roles(item: Item, wanted: str) -> bool:
    roles = item.get("roles")
    return isinstance(roles, list) and any(role in roles for role in wanted.split(","))


def _in_units(item: Item, wanted: str) -> bool:
    units = item.get("businessUnits")
    names = [str(unit.get("name")) for unit in units if isinstance(unit, Mapping)] if isinstance(units, list) else []
    return any(fnmatchcase(name.casefold(), part.casefold()) for name in names for part in wanted.split(","))


FILTERS: Mapping[str, Test] = {
    "type": lambda item, wanted: item.get("type") == wanted,
    "roles": _roles,
    "includeUsersInBusinessUnits": _in_units,
    "excludeUsersInBusinessUnits": lambda item, wanted: not _in_units(item, wanted),
}
"""Filters of contacts whose rule needs nothing but what the contact shows."""
USERS_ONLY = frozenset({"roles", "includeUsersInBusinessUnits"})
"""Filters that find users alone."""


@check("filter.complete", "scenario", scope="scenario")
def filter_complete(scenario: Scenario) -> Iterator[Outcome]:
    """A filtered list of contacts holds those contacts of the whole list that fit every filter, and no others: one of
    several roles or units is enough, and an excluding filter wins over the including one."""
    whole: dict[str, Item] | None = None
    for _, exchange in performed(scenario, "contacts.List"):
        items = _complete(exchange)
        if items is None:
            continue
        query = {name: value for name, value in exchange.query.items() if name not in PAGING}
        if not query:
            whole = {str(item["id"]): item for item in items}
        elif whole is not None and query.keys() <= FILTERS.keys():
            yield _compared(query, whole, {str(item["id"]) for item in items}, exchange)


@check("paging.maximum", "scenario", scope="scenario")
def paging_maximum(scenario: Scenario) -> Iterator[Outcome]:
    """A page has a hundred objects at most, also where the request asks for more and is not refused; a page of users or
    contacts for which no limit was asked has ten."""
    for step, exchange in performed(scenario):
        limit, items = exchange.query.get("limit"), listed(exchange)
        if not accepted(exchange) or items is None:
            continue
        if limit is None and step.operation in PAGED and "totalCount" in exchange.body:
            most = DEFAULT
        elif limit is not None and limit.isdigit() and int(limit) > MAXIMUM:
            most = MAXIMUM
        else:
            continue
        ok = len(items) <= most
        asked = "without a limit" if limit is None else f"limit {limit[:9]}"
        yield Outcome(
            ok,
            f"{most} at most" if ok else f"{asked}: the page has {len(items)} objects",
            f"{most} objects at most",
            str(len(items)),
            evidence=exchange.seqs,
        )


def _complete(exchange: Exchange) -> list[Item] | None:
    """The contacts of a reply that has all of them on its one page."""
    items = listed(exchange)
    total = exchange.body.get("totalCount") if isinstance(exchange.body, Mapping) else None
    return items if accepted(exchange) and items is not None and total == len(items) else None


def _compared(query: Mapping[str, str], whole: Mapping[str, Item], found: set[str], exchange: Exchange) -> Outcome:
    def fits(item: Item) -> bool:
        users = query.keys() & USERS_ONLY
        return (not users or item.get("type") == "User") and all(
            FILTERS[name](item, value) for name, value in query.items()
        )

    wanted = {name for name, item in whole.items() if fits(item)}
    lost, strange = sorted(wanted - found), sorted(found & whole.keys() - wanted)
    asked = ", ".join(f"{name} = {bounded(value, 60)}" for name, value in query.items())
    problem = f"{len(lost)} contacts that fit {asked} are left out" if lost else ""
    if strange:
        problem = f"{len(strange)} contacts that do not fit {asked} are there"
    shown = [value_at(whole[name], "name") for name in (strange or lost)[:3]]
    return Outcome(
        not problem,
        problem or f"all that fit {asked}",
        f"{len(wanted)} contacts",
        bounded(f"{len(found)} contacts; {shown}" if problem else f"{len(found)} contacts", 200),
        evidence=exchange.seqs,
    )
