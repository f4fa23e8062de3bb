from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.wire.recorder import Recorder, TimelineError, read_timeline


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "timeline.ndjson"
    with Recorder(path) as recorder:
        recorder.record("x.one", {"a": 1}, actor="agent1")
        recorder.record("x.two", {})
    return path


def test_what_was_recorded_is_read_back(path: Path) -> None:
    events = list(read_timeline(path))
    assert [e.kind for e in events] == ["run.start", "x.one", "x.two", "run.end"]
    assert (events[1].actor, events[1].payload) == ("agent1", {"a": 1})
    assert b"".join(e.line() for e in events) == path.read_bytes()


@pytest.mark.parametrize("cut", [1, 10, 60])
def test_a_cut_last_line_is_passed_over(path: Path, cut: int) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    expected = 4 if cut == 1 else 3
    assert len(list(read_timeline(path))) == expected


def edit(line: int, change: Callable[[dict[str, Any]], object]) -> Callable[[list[bytes]], None]:
    def apply(lines: list[bytes]) -> None:
        members = json.loads(lines[line])
        change(members)
        lines[line] = json.dumps(members).encode() + b"\n"

    return apply


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lambda lines: lines.__setitem__(1, b'{"seq": 2\n'), "line 2: not JSON"),
        (lambda lines: lines.__setitem__(3, b"rubbish\n"), "line 4: not JSON"),
        (lambda lines: lines.__setitem__(1, b"[]\n"), "line 2: not a JSON object"),
        (lambda lines: lines.__setitem__(1, b"\n"), "line 2: not JSON"),
        (lambda lines: lines.pop(1), "line 2: seq 3 follows 1"),
        (lambda lines: lines.pop(0), "line 1: does not start"),
        (edit(1, lambda m: m.pop("kind")), "line 2: the member 'kind' is missing"),
        (edit(1, lambda m: m.update(seq="2")), "line 2: the member 'seq' is a str"),
        (edit(1, lambda m: m.update(seq=True)), "line 2: the member 'seq' is a bool"),
        (edit(1, lambda m: m.update(more=1)), "line 2: the member 'more' is unknown"),
        (edit(0, lambda m: m["payload"].update(version=2)), "line 1: version 2 of the format"),
        (edit(0, lambda m: m["payload"].update(format="other")), "line 1: does not start"),
    ],
)
def test_other_flaws_name_file_line_reason(path: Path, damage: Callable[[list[bytes]], object], reason: str) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    damage(lines)
    path.write_bytes(b"".join(lines))
    with pytest.raises(TimelineError, match=re.escape(reason)) as raised:
        list(read_timeline(path))
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("content", [b"", b'{"seq":1,"t":0'])
def test_a_file_without_a_complete_event_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.ndjson"
    path.write_bytes(content)
    with pytest.raises(TimelineError, match="no complete event"):
        list(read_timeline(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TimelineError, match=r"none\.ndjson: cannot be opened"):
        list(read_timeline(tmp_path / "none.ndjson"))


def test_the_schema_describes_every_kind_and_refuses_drift(line_validator: Any, path: Path) -> None:
    line = json.loads(path.read_bytes().splitlines()[0])
    assert line_validator.is_valid(line)
    line["payload"]["version"] = 2
    assert not line_validator.is_valid(line)
    line |= {"kind": "cometd.event", "payload": {"session": "a/1", "channel": "/x", "data": {}, "frame": 3}}
    assert not line_validator.is_valid(line), "the index is missing"
    line["payload"]["index"] = 0
    assert line_validator.is_valid(line)
    line |= {"kind": "driver.stimulus", "payload": {"anything": 1}}
    assert line_validator.is_valid(line), "other rooms add kinds of their own"
