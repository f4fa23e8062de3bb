"""The HAR of a run gives the verdicts of the run, check by check, on a sound server and on faulty ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.cli_support import command
from tests.har.har_support import CONTRACT
from tests.har.round_trip import Comparison, compare

SOUND = (
    "voice.Hold and positive or voice.userData and held or contacts.lifecycle or basics.paging or "
    "chat.SendMessage and positive or basics.cometd and calls-topic or voice.Answer and negative"
)
FAULTS = [
    ("voice.hold-leaves-established", "voice.Hold and positive", "notification.sent"),
    ("voice.update-replaces-user-data", "voice.userData and two-parties", "userData.merged"),
    ("contacts.update-lost", "contacts.lifecycle", "lifecycle.consistent"),
    ("basics.total-count-missing", "basics.ListUsers and Page", "paging.totalCount"),
    ("bayeux.same-client-id", "basics.cometd and calls-topic", "bayeux.clientId"),
]


def trip(folder: Path, expression: str, *arguments: str) -> tuple[Comparison, Comparison]:
    """A run with its HAR: how the checks compare that a HAR carries whole, and those that it carries in part."""
    said = command("run", "-q", "-k", expression, "--output", "out", "--record-har", "run.har", *arguments, cwd=folder)
    assert said.code in (0, 1), said.err
    timeline, har = folder / "out" / "timeline.ndjson", folder / "run.har"
    return compare(timeline, har, CONTRACT, ("whole",)), compare(timeline, har, CONTRACT, ("part",))


def test_of_a_sound_server(tmp_path: Path) -> None:
    whole, part = trip(tmp_path, SOUND)
    assert (whole.lost, whole.added, whole.failed) == ({}, {}, set())
    assert whole.same > 60
    assert {verdict for pair in whole.silent.values() for verdict in pair} <= {"absent", "passed"}
    # What is carried in part never says more than the run does, and most of what the run says.
    assert part.added == {}
    assert {verdict for pair in part.silent.values() for verdict in pair} <= {"absent", "passed"}
    assert part.share() > 0.8


@pytest.mark.parametrize(("fault", "expression", "check"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_of_a_faulty_server(tmp_path: Path, fault: str, expression: str, check: str) -> None:
    whole, part = trip(tmp_path, expression, "--fault", fault)
    assert (whole.lost, whole.added) == ({}, {})
    assert check in whole.failed | part.failed
    lost = {name for (_, name), (verdict, _) in part.lost.items() if verdict == "failed"}
    assert check not in lost
