"""The ways through the contract's statecharts, by which every state is reached."""

from __future__ import annotations

import pytest

from conformance.contract import Source, State, Statechart, Transition
from tests.driver.driver_support import CONTRACT

SOURCE = Source("Chart", (1, 2))


def chart(*moves: tuple[str, str, str]) -> Statechart:
    """A chart of moves (by, from, to)."""
    names = {name for _, *ends in moves for name in ends} - {"start"}
    states = {name: State(name, {"state": name}, ()) for name in sorted(names)}
    transitions = tuple(Transition(by, start, end, "c") for by, start, end in moves)
    return Statechart("c", "voice", "call", "call", "A chart", SOURCE, states, transitions)


def test_the_shortest_way() -> None:
    """The way with the fewest steps, among equals the one that is written first."""
    found = chart(("a", "start", "A"), ("b", "A", "B"), ("c", "B", "C"), ("d", "A", "C"), ("e", "A", "C"))
    assert [step.by for step in found.path("C")] == ["a", "d"]


def test_circles_end() -> None:
    """A way back is no way on."""
    found = chart(("a", "start", "A"), ("b", "A", "B"), ("c", "B", "A"))
    assert [step.by for step in found.path("B")] == ["a", "b"]


def test_no_way() -> None:
    """An unknown state and one that nothing leads to are told apart."""
    found = chart(("a", "start", "A"), ("b", "X", "B"))
    with pytest.raises(KeyError, match="has no state 'Y'; it has A, B, X"):
        found.path("Y")
    with pytest.raises(KeyError, match="no transitions lead to 'B'"):
        found.path("B")


@pytest.mark.parametrize("name", sorted(CONTRACT.statecharts))
def test_ways_of_the_contract(name: str) -> None:
    """Each way starts at `start`, each step begins where the one before ended, and every state has one."""
    found = CONTRACT.statecharts[name]
    for state in found.states:
        way = found.path(state)
        assert way[0].source == "start"
        assert way[-1].target == state
        assert [step.source for step in way[1:]] == [step.target for step in way[:-1]]
        for step in way:
            assert ":" in step.by or step.by in CONTRACT.operations


@pytest.mark.parametrize("name", sorted(CONTRACT.statecharts))
def test_bases_exist(name: str) -> None:
    """A chart that begins on another one begins in a state of it."""
    base = CONTRACT.statecharts[name].base
    if base is not None:
        assert CONTRACT.statecharts[base[0]].path(base[1])
