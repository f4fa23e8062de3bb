"""Every check is killed by a fault of the bundled server, for the stated reason, and keeps silent without it.

A sample of what `gws-conformance selftest` plays in full: for each check the first kill of the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.judge import CHECKS
from conformance.selftest.bench import Bench, Played, perform
from conformance.selftest.charges import Docket
from conformance.selftest.matrix import Entry
from conformance.selftest.playables import playables
from conformance.selftest.trial import Court
from conformance.selftest.workers import PATIENCE, SOUND_PATIENCE

DOCKET = Docket.read()
SAMPLE = sorted(DOCKET.witnesses, key=lambda entry: (entry.fault, entry.check))
SCENARIOS = sorted({entry.scenario for entry in SAMPLE})


@pytest.fixture(scope="module")
def court() -> Iterator[Court]:
    """One warm server for all faults."""
    with Bench(patience=PATIENCE) as bench:
        yield Court(bench, every=True)


@pytest.fixture(scope="module")
def sound() -> dict[str, Played]:
    """What came of the same scenarios on the sound server, by scenario."""
    known = playables()
    with Bench(patience=SOUND_PATIENCE) as bench, bench.faulty(late=True) as session:
        return {name: perform(session, known[name]) for name in SCENARIOS}


def test_every_check_has_a_fault() -> None:
    """No check without a fault that it kills."""
    assert {entry.check for entry in SAMPLE} == set(CHECKS)


def test_every_fault_has_its_place() -> None:
    """Each declared fault is expected to be killed, or equivalent with an argument; what a finding must name is said
    for each; scenarios and faults exist."""
    plain = {name for name in DOCKET.declared if ":" not in name}
    played = {entry.fault for entry in DOCKET.matrix.entries}
    assert plain - played - set(DOCKET.matrix.equivalent) == set()
    assert played & set(DOCKET.matrix.equivalent) == set()
    assert [name for name in DOCKET.faults if DOCKET.expected(name) is None] == []
    assert set(DOCKET.expectations) <= set(DOCKET.faults)
    assert {entry.scenario for entry in DOCKET.matrix.entries} <= set(playables())
    assert all(len(argument) > 60 for argument in DOCKET.matrix.equivalent.values())


def test_every_kind_of_generic_fault_is_played() -> None:
    """Each kind of deviation that the middleware derives from traffic, but a server that dies."""
    kinds = {name.split(":")[0].split("[")[0] for name in DOCKET.declared if name.startswith("generic.")}
    assert kinds - {entry.fault.split(":")[0] for entry in DOCKET.matrix.entries} == {"generic.die-after"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_sound_server_is_not_blamed(name: str, sound: dict[str, Played]) -> None:
    """Without a fault nobody complains, and the scenario is played to its end."""
    played = sound[name]
    assert played.complaints == (), [(item.check, item.message) for item in played.complaints]
    assert played.verdict == "passed", played.text


@pytest.mark.parametrize("entry", SAMPLE, ids=lambda entry: f"{entry.check}-{entry.fault}")
def test_the_fault_is_seen(entry: Entry, court: Court, sound: dict[str, Played]) -> None:
    """With the fault on, the check complains, and names what the fault is about; without it, it passes."""
    trial = court.try_fault(DOCKET.charge(entry.fault, only=entry.scenario))
    said = [f"{item.finding.check} of {item.finding.operation}: {item.finding.message}" for item in trial.complaints]
    assert entry.check in {item.finding.check for item in trial.right}, said or dict(trial.disturbed) or trial.stopped
    before = [item.verdict for item in sound[entry.scenario].findings if item.check == entry.check]
    assert set(before) <= {"passed"}
