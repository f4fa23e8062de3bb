"""Each capability that a state offers is performed by some scenario of the suites."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.contract import Statechart
from conformance.driver.offers import loops_in, performs, plan
from conformance.suites._cases import CONTRACT, offered, states, transitions

PLAYED = ("voice", "chat")


def cases(area: str) -> Iterator[tuple[Statechart, str]]:
    """The states of an area that offer something."""
    for chart in CONTRACT.statecharts.values():
        if chart.area == area and chart.capabilities:
            yield from ((chart, name) for name, state in chart.states.items() if state.offers)


def performed(area: str, chart: Statechart, state: str) -> set[str]:
    """The operations that the scenarios of an area have the chart's owner perform in a state."""
    scenarios = [param.values[0] for param in transitions(area)]
    alone = [param.values for param in offered(area)]
    if any(param.values == (chart, state) for param in states(area)):
        scenarios += loops_in(CONTRACT, chart, state)
        planned = plan(CONTRACT, chart, state)
        alone += [(chart, state, offer) for offer in (*planned.staying, *planned.leaving)]
    own = [item for item in scenarios if item.chart == chart.name and performs(chart, item, state, item.by)]
    return {item.by for item in own} | {
        offer.operation.id for one, name, offer in alone if (one, name) == (chart, state)
    }


@pytest.mark.parametrize("area", PLAYED)
def test_every_offer_is_performed(area: str) -> None:
    """Nothing that a state offers is left out, and nothing that it offers is no operation."""
    found = list(cases(area))
    assert found
    missing = []
    for chart, state in found:
        there = performed(area, chart, state)
        for name in chart.states[state].offers:
            operation = CONTRACT.by_capability(name, chart.resource)
            if operation is None or operation.id not in there:
                missing.append(f"{chart.name}:{state} {name}")
    assert missing == []


@pytest.mark.parametrize("area", PLAYED)
def test_no_offer_is_performed_twice(area: str) -> None:
    """What a visit of the state performs has no scenario of its own, and transitions of level `may` have none."""
    assert all(param.values[0].level != "may" for param in transitions(area))
    for param in offered(area):
        chart, state, offer = param.values
        planned = plan(CONTRACT, chart, state)
        assert offer in planned.alone
        assert offer not in (*planned.staying, *planned.leaving)


def test_an_offer_that_leads_out_ends_the_visit() -> None:
    """One visit performs at most one offer after which there is no way back, and that is its last step."""
    for area in PLAYED:
        for chart, state in cases(area):
            planned = plan(CONTRACT, chart, state)
            assert planned.leaving[len(planned.returning) :] == ((planned.last,) if planned.last else ())
            assert planned.last is not None or not planned.alone
