"""Basics: the rules that hold everywhere, and the resources that every client reads."""

from __future__ import annotations

import pytest

from conformance.contract import Example, Operation
from conformance.driver.play import Play
from conformance.suites._cases import examples, refusals

AREA = "basics"
pytestmark = pytest.mark.gws_area(AREA)


@pytest.mark.parametrize(("operation", "example"), examples(AREA))
def test_operation(play: Play, operation: Operation, example: Example) -> None:
    """The operation is answered as documented."""
    play.example(operation, example)


@pytest.mark.parametrize("operation", refusals(AREA))
def test_refusals(play: Play, operation: Operation) -> None:
    """Requests that must be refused are refused, and change nothing."""
    play.refusals(operation)
