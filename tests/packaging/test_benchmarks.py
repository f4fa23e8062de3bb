"""The benchmarks measure what they say they do. None of these tests looks at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.judging import judging
from benchmarks.replay import replay
from conformance.bundled import BundledServer
from conformance.wire.http import HttpSession
from conformance.wire.recorder import Recorder

Talk = Callable[[HttpSession], Any]


def record(folder: Path, talk: Talk) -> Path:
    """The timeline of what `talk` says to a bundled server as the first agent."""
    path = folder / "timeline.ndjson"
    with BundledServer() as server, Recorder(path) as recorder:
        target = server.target()
        with HttpSession(target.transport, target.users["agent"].credentials, recorder, actor="agent") as session:
            talk(session)
    return path


def a_call_to_nobody(session: HttpSession) -> None:
    device = session.request("GET", "/me/devices?fields=*", purpose="auth").json["devices"][0]["id"]
    session.request("POST", "/me", json={"operationName": "StartContactCenterSession", "channels": ["voice"]})
    dial = {"operationName": "Dial", "destination": {"phoneNumber": "6100"}}
    session.request("POST", f"/me/devices/{device}/calls", json=dial)
    call = session.request("GET", "/me/calls?fields=*").json["calls"][0]["id"]
    session.request("POST", f"/me/calls/{call}", json={"operationName": "Hangup"}, csrf=False)
    session.request("POST", f"/me/calls/{call}", json={"operationName": "Hangup"})
    session.request("GET", "/me", auth="none", cookies=False)


def test_a_replay_is_answered_as_the_recording_was(tmp_path: Path) -> None:
    again = replay(record(tmp_path, a_call_to_nobody))
    assert again.differing == ()
    assert (again.exchanges, again.alike, again.stimuli, again.unanswered) == (7, 7, 0, 0)
    assert again.seconds > 0


def test_identifiers_that_differ_are_replaced(tmp_path: Path) -> None:
    path = record(tmp_path, a_call_to_nobody)
    text = path.read_text("utf-8")
    device = text.partition("/me/devices/")[2].partition("/")[0]
    assert len(device) == 36
    # As though the server had given another id then.
    path.write_text(text.replace(device, "00000000-1111-4222-8333-444444444444"), "utf-8")
    again = replay(path)
    assert again.alike == again.exchanges == 7


def test_replies_that_differ_are_not_counted_as_alike(tmp_path: Path) -> None:
    path = record(tmp_path, lambda session: session.request("GET", "/me"))
    path.write_text(path.read_text("utf-8").replace('"status":200', '"status":201'), "utf-8")
    again = replay(path)
    assert (again.exchanges, again.alike) == (1, 0)
    assert again.differing == ("GET /me: recorded (201, 0), now (200, 0)",)


def test_cometd_is_left_out_and_counted(tmp_path: Path) -> None:
    def talk(session: HttpSession) -> None:
        session.request("GET", "/me")
        handshake = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        session.request("POST", "/notifications", json=[handshake], purpose="cometd")

    again = replay(record(tmp_path, talk))
    assert (again.exchanges, again.cometd) == (1, 1)


def test_judging_counts_what_the_timeline_holds(tmp_path: Path) -> None:
    path = tmp_path / "timeline.ndjson"
    with Recorder(path) as recorder:
        recorder.begin_scenario("basics.Nothing[positive]", {"area": "basics", "cast": {}})
        recorder.end_scenario({"outcome": "untestable", "reason": "nothing to test"})
    judged = judging(path, rounds=1)
    assert (judged.events, judged.scenarios) == (4, 1)
    assert judged.findings >= 1
