"""Contacts: a plain collection with search, paging, sorting, and custom contacts that come and go."""

from __future__ import annotations

import pytest

from conformance.contract import Example, Operation
from conformance.driver.play import Play
from conformance.suites._cases import examples, refusals

AREA = "contacts"
pytestmark = pytest.mark.gws_area(AREA)


@pytest.mark.parametrize(("operation", "example"), examples(AREA))
def test_operation(play: Play, operation: Operation, example: Example) -> None:
    """The operation is answered as documented."""
    play.example(operation, example)


@pytest.mark.parametrize("operation", refusals(AREA))
def test_refusals(play: Play, operation: Operation) -> None:
    """Requests that must be refused are refused, and change nothing."""
    play.refusals(operation)
