"""Chat: invitations, messages, conferences and consultations, attachments, monitoring."""

from __future__ import annotations

import pytest

from conformance.contract import Example, Operation, Statechart, Transition
from conformance.driver.play import Play
from conformance.suites._cases import Offer, examples, offered, refusals, states, transitions

AREA = "chat"
pytestmark = pytest.mark.gws_area(AREA)


@pytest.mark.parametrize(("operation", "example"), examples(AREA))
def test_operation(play: Play, operation: Operation, example: Example) -> None:
    """The operation is answered and notified as documented."""
    play.example(operation, example)


@pytest.mark.parametrize("operation", refusals(AREA))
def test_refusals(play: Play, operation: Operation) -> None:
    """Requests that must be refused are refused, and change nothing."""
    play.refusals(operation)


@pytest.mark.parametrize(("chart", "state"), states(AREA))
def test_state(play: Play, chart: Statechart, state: str) -> None:
    """In the state, the resource offers the documented capabilities; what it offers works, the rest is refused."""
    play.state(chart, state)


@pytest.mark.parametrize(("chart", "state", "offer"), offered(AREA))
def test_offered(play: Play, chart: Statechart, state: str, offer: Offer) -> None:
    """An operation that the state offers, and that leads out of it, is accepted."""
    play.offered(chart, state, offer)


@pytest.mark.parametrize("transition", transitions(AREA))
def test_transition(play: Play, transition: Transition) -> None:
    """The operation moves the resource as the chart says, and says so over CometD."""
    play.transition(transition)
