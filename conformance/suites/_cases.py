"""What there is to play, read from the contract: parameters for the suites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from conformance.contract import Example, Operation, Statechart, Transition, load_contract
from conformance.driver.offers import Offer, loops_in, plan

CONTRACT = load_contract()


def _named(identifier: str, *values: Any) -> Any:
    return pytest.param(*values, id=identifier)


def examples(area: str) -> list[Any]:
    """(operation, example) for every documented way to perform each operation of the area."""
    return [
        _named(f"{operation.id}[{example.name}]", operation, example)
        for operation in CONTRACT.of_area(area)
        if operation.suite is None
        for example in operation.examples
    ]


def refusals(area: str) -> list[Any]:
    """(operation) for every operation of the area: its negative matrix."""
    return [
        _named(f"{operation.id}[negative]", operation)
        for operation in CONTRACT.of_area(area)
        if operation.suite is None and operation.examples
    ]


def _charts(area: str) -> Iterator[Statechart]:
    for chart in CONTRACT.statecharts.values():
        if chart.area == area:
            yield chart


def _reachable(chart: Statechart, state: str) -> bool:
    where = chart.states[state].where
    if where.get("state", "") is None or where.get("id", "") is None:
        return False  # the resource is not there yet: nothing to compare, nothing to attempt
    try:
        chart.path(state)
    except KeyError:
        return False
    return True


def states(area: str) -> list[Any]:
    """(chart, state name) for every state that can be reached by acting."""
    return [
        _named(f"{chart.name}:{name}", chart, name)
        for chart in _charts(area)
        for name in chart.states
        if _reachable(chart, name)
    ]


def transitions(area: str) -> list[Any]:
    """(transition) for every transition that the documents require or suggest and that `states` does not play."""
    return [
        _named(str(item), item)
        for chart in _charts(area)
        for item in chart.transitions
        if item.level != "may" and _reaches(chart, item) and not _played_in_state(chart, item)
    ]


def offered(area: str) -> list[Any]:
    """(chart, state name, offer) for what a state offers, no transition performs, and `states` cannot play as well."""
    return [
        _named(f"{chart.name}:{name}+{offer.operation.name}", chart, name, offer)
        for chart in _charts(area)
        for name in chart.states
        if _reachable(chart, name)
        for offer in plan(CONTRACT, chart, name).alone
    ]


def _played_in_state(chart: Statechart, item: Transition) -> bool:
    return (
        item.source == item.target and item in loops_in(CONTRACT, chart, item.source) and _reachable(chart, item.source)
    )


def _reaches(chart: Statechart, item: Transition) -> bool:
    if item.source == "start":
        return True
    try:
        chart.path(item.source)
    except KeyError:
        return False
    return True


__all__ = ["CONTRACT", "Example", "Offer", "Operation", "examples", "offered", "refusals", "states", "transitions"]
