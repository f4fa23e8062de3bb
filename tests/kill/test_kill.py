"""Every check is killed by a fault of the bundled server, for the stated reason, and keeps silent without it.

`matrix.yaml` beside this file has one expected kill for each check: the quick sample of what
`python -m conformance.selftest` plays in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.judge import CHECKS
from conformance.selftest.bench import Bench, Played, perform
from conformance.selftest.hunt import Hunter
from conformance.selftest.matrix import Entry, load_matrix
from conformance.selftest.playables import playables

MATRIX = load_matrix(Path(__file__).with_name("matrix.yaml"))
SCENARIOS = sorted({entry.scenario for entry in MATRIX.entries})


@pytest.fixture(scope="module")
def hunter() -> Iterator[Hunter]:
    """One warm server for all faults. What a fault keeps back is not waited for long."""
    with Bench(patience=0.3) as bench:
        yield Hunter(bench)


@pytest.fixture(scope="module")
def sound() -> dict[str, Played]:
    """What came of the same scenarios on the sound server, by scenario."""
    known = playables()
    with Bench(patience=1.5) as bench, bench.faulty(late=True) as session:
        return {name: perform(session, known[name]) for name in SCENARIOS}


def test_every_check_has_a_fault() -> None:
    """No check without a fault that it kills."""
    assert {entry.check for entry in MATRIX.entries} == set(CHECKS)


def test_scenarios_and_faults_exist(hunter: Hunter) -> None:
    """The matrix names what there is."""
    assert set(SCENARIOS) <= set(playables())
    declared = {usage.split(":")[0].split("[")[0] for usage in hunter.bench.declared()}
    assert {entry.fault.split(":")[0] for entry in MATRIX.entries} <= declared


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_sound_server_is_not_blamed(name: str, sound: dict[str, Played]) -> None:
    """Without a fault nobody complains, and the scenario is played to its end."""
    played = sound[name]
    assert played.complaints == (), [(item.check, item.message) for item in played.complaints]
    assert played.verdict == "passed", played.text


@pytest.mark.parametrize("entry", MATRIX.entries, ids=lambda entry: f"{entry.check}-{entry.fault}")
def test_the_fault_is_seen(entry: Entry, hunter: Hunter, sound: dict[str, Played]) -> None:
    """With the fault on, the check complains, about the operation and for the reason that the matrix names; without
    it, it had something to say and passed."""
    seen = hunter.sees(entry)
    complaints = [item for played in seen for item in played.complaints]
    said = [f"{item.check} of {item.operation}: {item.message}" for item in complaints]
    assert any(entry.matches(item) for item in complaints), said or [played.text for played in seen]
    before = [item.verdict for item in sound[entry.scenario].findings if item.check == entry.check]
    assert set(before) <= {"passed"}
