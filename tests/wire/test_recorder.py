from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from conformance.wire.recorder import Recorder, RecorderClosedError, RecorderError, read_timeline


def test_lines_have_their_members_in_order_and_are_on_disk_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "timeline.ndjson"
    recorder = Recorder(path, info={"target": "lab"})
    recorder.record("http.error", {"exchange": 1, "error": "ReadError: gone"}, actor="agent1")
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 2
    assert all(line.endswith(b"\n") for line in lines)
    second = json.loads(lines[1])
    assert list(second) == ["seq", "t", "wall", "actor", "scenario", "step", "kind", "payload"]
    assert second["seq"] == 2
    assert second["actor"] == "agent1"
    start = json.loads(lines[0])
    assert start["payload"] == {"format": "gws-conformance-timeline", "version": 1, "info": {"target": "lab"}}
    recorder.close()
    recorder.close()
    assert json.loads(path.read_bytes().splitlines()[-1])["payload"] == {"events": 3}
    with pytest.raises(RecorderClosedError):
        recorder.record("late.event", {})


def test_time_is_counted_from_the_start_and_never_falls() -> None:
    ticks = iter([100.0, 100.5, 103.0, 101.0])
    moment = datetime(2014, 6, 23, 2, 0, 15, 123_456, tzinfo=UTC)
    recorder = Recorder(None, clock=lambda: next(ticks), wall=lambda: moment)
    times = [recorder.record("a.b", {}).t for _ in range(2)]
    assert times == [3.0, 3.0]
    assert recorder.events()[0].wall == "2014-06-23T02:00:15.123Z"


def test_a_timeline_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "timeline.ndjson"
    path.write_text("evidence")
    with pytest.raises(RecorderError, match=r"timeline\.ndjson: exists already"):
        Recorder(path)
    assert path.read_text() == "evidence"


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecorderError, match="cannot be made"):
        Recorder(tmp_path / "file" / "timeline.ndjson")


class Disk(FileIO):
    """A file on a disk with place for so many bytes more."""

    def __init__(self, path: Path, place: int) -> None:
        super().__init__(path, "a")
        self.place = place

    def write(self, data: Any, /) -> int:
        """As much as there is place for; an error where there is none."""
        if self.place == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = super().write(bytes(data)[: self.place])
        self.place -= taken
        return taken


@pytest.mark.parametrize("place", [0, 25])
def test_a_full_disk_ends_the_timeline_and_not_what_was_begun(tmp_path: Path, place: int) -> None:
    """The file keeps whole lines; events go on in memory, so that what was begun is cleaned up; nothing new begins."""
    path = tmp_path / "timeline.ndjson"
    recorder = Recorder(path)
    recorder.begin_scenario("one")
    whole = path.read_bytes()
    recorder._file.close()  # type: ignore[union-attr]
    recorder._file = Disk(path, place)
    recorder.record("a.b", {"n": 1})
    assert recorder.failure == (f"the timeline cannot be written (No space left on device): {path}; free space there")
    assert path.read_bytes() == whole
    assert [event.kind for event in recorder.events(1)] == ["scenario.start", "a.b"]
    recorder.record("a.c", {})
    recorder.end_scenario()
    with pytest.raises(RecorderError, match="No space left on device"):
        recorder.begin_scenario("two")
    recorder.close()
    with pytest.raises(RecorderClosedError):
        recorder.record("a.b", {})
    assert path.read_bytes() == whole


def test_wait_finds_what_is_there_what_comes_and_gives_up_at_the_deadline() -> None:
    recorder = Recorder(None)
    first = recorder.record("x.one", {"n": 1})
    assert recorder.wait(lambda e: e.kind == "x.one", deadline=0) == first
    assert recorder.wait(lambda e: e.kind == "x.one", after=first.seq, deadline=0.01) is None

    found = []
    waiting = threading.Thread(
        target=lambda: found.append(recorder.wait(lambda e: e.payload.get("n") == 3, after=first.seq, deadline=10))
    )
    waiting.start()
    start = time.monotonic()
    recorder.record("x.two", {"n": 2})
    expected = recorder.record("x.three", {"n": 3})
    waiting.join(5)
    assert found == [expected]
    assert time.monotonic() - start < 5


def test_wait_ends_when_the_recorder_is_closed() -> None:
    recorder = Recorder(None)
    found: list[object] = ["untouched"]
    waiting = threading.Thread(target=lambda: found.append(recorder.wait(lambda e: False, deadline=30)))
    waiting.start()
    recorder.close()
    waiting.join(5)
    assert found == ["untouched", None]


def test_a_predicate_may_record_without_deadlock() -> None:
    recorder = Recorder(None)
    recorder.record("x.one", {})
    assert recorder.wait(lambda e: recorder.record("x.seen", {}).seq > 0 and e.kind == "x.one", deadline=1) is not None


def test_events_carry_the_scenario_and_step_they_happened_in() -> None:
    recorder = Recorder(None)
    recorder.begin_scenario("voice.Answer", {"page": "Answer"})
    assert recorder.begin_step({"does": "dial"}) == 1
    inside = recorder.record("x.y", {})
    recorder.end_step()
    assert recorder.begin_step() == 2
    recorder.end_scenario({"verdict": "open"})
    outside = recorder.record("x.y", {})
    assert (inside.scenario, inside.step) == ("voice.Answer", 1)
    assert (outside.scenario, outside.step) == (None, None)
    kinds = [(e.kind, e.step, e.payload) for e in recorder.events(scenario="voice.Answer")]
    assert kinds == [
        ("scenario.start", None, {"id": "voice.Answer", "info": {"page": "Answer"}}),
        ("step.start", 1, {"info": {"does": "dial"}}),
        ("x.y", 1, {}),
        ("step.end", 1, {"info": {}}),
        ("step.start", 2, {"info": {}}),
        ("step.end", 2, {"info": {"abandoned": True}}),
        ("scenario.end", None, {"id": "voice.Answer", "info": {"verdict": "open"}}),
    ]


def test_scenarios_and_steps_as_blocks_and_their_misuse() -> None:
    recorder = Recorder(None)
    with recorder.scenario("one", note="n"), recorder.step(does="dial") as number:
        assert number == 1
        with pytest.raises(RecorderError, match="inside step 1"):
            recorder.begin_step()
        with pytest.raises(RecorderError, match="inside 'one'"):
            recorder.begin_scenario("two")
    with pytest.raises(RecorderError, match="without begin_step"):
        recorder.end_step()
    with pytest.raises(RecorderError, match="without begin_scenario"):
        recorder.end_scenario()
    with recorder.scenario("two"):
        assert recorder.begin_step() == 1, "steps count from 1 in each scenario"


def test_forgotten_scenarios_leave_memory_and_stay_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    recorder = Recorder(path)
    with recorder.scenario("one"):
        recorder.record("x.y", {})
        with pytest.raises(RecorderError, match="still running"):
            recorder.forget("one")
    later = recorder.record("x.later", {})
    assert recorder.forget("one") == 3
    assert [e.kind for e in recorder.events()] == ["run.start", "x.later"]
    assert recorder.events(since=later.seq - 1) == [later]
    assert recorder.wait(lambda e: e.kind == "x.later", after=3, deadline=0) == later
    assert recorder.forget(None) == 2
    recorder.close()
    assert [e.seq for e in read_timeline(path)] == list(range(1, 7))


def test_many_threads_write_whole_lines_in_order(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    recorder = Recorder(path)
    threads = [
        threading.Thread(target=lambda n=n: [recorder.record("x.y", {"n": n, "pad": "p" * 300}) for _ in range(100)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    events = list(read_timeline(path))
    assert len(events) == 802
    assert [e.t for e in events] == sorted(e.t for e in events)


def test_a_payload_is_a_copy_made_plain() -> None:
    recorder = Recorder(None)
    numbers = [1]
    odd: Any = {"list": numbers, "tuple": (1, 2), 3: b"\xff", "nan": float("nan"), "path": Path("x")}
    event = recorder.record("x.y", odd)
    numbers.append(2)
    assert event.payload == {"list": [1], "tuple": [1, 2], "3": "�", "nan": "nan", "path": "x"}
    json.loads(event.line())


def test_ordinals_count_by_name() -> None:
    recorder = Recorder(None)
    assert [recorder.ordinal("a"), recorder.ordinal("a"), recorder.ordinal("b")] == [1, 2, 1]


def test_a_killed_process_leaves_a_readable_timeline(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    program = (
        "import sys; from pathlib import Path; from conformance.wire.recorder import Recorder\n"
        "r = Recorder(Path(sys.argv[1]))\n"
        "while True: r.record('x.y', {'pad': 'p' * 5000})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(path)])
    end = time.monotonic() + 20
    while not (path.exists() and path.stat().st_size > 1_000_000) and time.monotonic() < end:
        os.sched_yield()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(5)
    events = list(read_timeline(path))
    assert len(events) >= path.read_bytes().count(b"\n") > 100
