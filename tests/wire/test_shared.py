"""Several processes, one timeline."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conformance.wire.recorder import Recorder
from conformance.wire.shared import CAN_SHARE, SharedTimeline
from conformance.wire.timeline import read_timeline

pytestmark = pytest.mark.skipif(not CAN_SHARE, reason="this system cannot fork")
EVENTS = 300


def write_part(shared: SharedTimeline, part: int) -> None:
    """What a process writes: a scenario with exchanges and secrets of its own."""
    recorder = Recorder(None, shared=shared, part=part)
    recorder.redactor.add("told-to-everybody", "password of agent")
    recorder.redactor.discover(f"session-id-{part}-" + "x" * 20, "cookie")
    recorder.begin_scenario(f"s{part}")
    for _ in range(EVENTS):
        payload = {"exchange": recorder.ordinal("exchange"), "text": f"told-to-everybody session-id-{part}-" + "x" * 20}
        event = recorder.record("note", payload)
        assert recorder.wait(lambda item: item.kind == "note", after=event.seq - 1, deadline=0) == event
    recorder.end_scenario()
    recorder.close()


def test_lines_of_all_processes_in_one_order(tmp_path: Path) -> None:
    shared = SharedTimeline(tmp_path / "timeline.ndjson", 2)
    conductor = Recorder(None, shared=shared, info={"suite": "x"})
    players = []
    for part in range(2):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                write_part(shared, part)
                code = 0
            finally:
                os._exit(code)
        players.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in players] == [0, 0]
    conductor.record("run.facts", {})
    conductor.close()

    recorded = list(read_timeline(shared.path))  # which checks the order and that there are no gaps
    assert recorded[-1].payload == {"events": len(recorded)} == {"events": 2 * (EVENTS + 2) + 3}
    assert [item.kind for item in recorded[:1] + recorded[-2:]] == ["run.start", "run.facts", "run.end"]
    notes = {
        part: [item for item in recorded if item.scenario == f"s{part}" and item.kind == "note"] for part in (0, 1)
    }
    assert {part: {item.payload["exchange"] % 2 for item in of} for part, of in notes.items()} == {0: {1}, 1: {0}}
    texts = {part: {item.payload["text"] for item in of} for part, of in notes.items()}
    assert texts[0] == {"<secret:password of agent#1> <secret:cookie#1>"}
    assert texts[1] == {"<secret:password of agent#1> <secret:cookie#2>"}


def test_a_writer_that_dies_in_its_turn_stops_nobody(tmp_path: Path) -> None:
    shared = SharedTimeline(tmp_path / "timeline.ndjson", 1)
    recorder = Recorder(None, shared=shared)
    pid = os.fork()
    if pid == 0:
        with shared.turn(shared.open()):
            os._exit(0)
    os.waitpid(pid, 0)
    assert recorder.record("note", {}).seq == 2
    recorder.close()
    assert [json.loads(line)["seq"] for line in shared.path.read_bytes().splitlines()] == [1, 2, 3]


def test_evidence_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "timeline.ndjson").write_text("evidence")
    with pytest.raises(FileExistsError):
        SharedTimeline(tmp_path / "timeline.ndjson", 2)
    assert (tmp_path / "timeline.ndjson").read_text() == "evidence"
