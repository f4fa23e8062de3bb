"""The benchmarks measure what they say they do. None of these tests looks at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.judging import judging
from benchmarks.replay import replay
from conformance.bundled import BundledServer
from conformance.wire.cometd import CometdSession
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
    assert again.differing == []
    assert (again.exchanges, again.alike, again.stimuli, again.left_out) == (7, 7, 0, 0)
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
    assert again.differing == ["GET /me: recorded (201, 0), now (200, 0)"]


def test_cometd_is_replayed_with_its_held_connects(tmp_path: Path) -> None:
    def talk(session: HttpSession) -> None:
        session.request("GET", "/me")  # which brings the CSRF token
        session.request("POST", "/me", json={"operationName": "StartContactCenterSession", "channels": ["voice"]})
        with CometdSession(session) as cometd:
            cometd.open(["/v2/me/*"], 5)
            body = {"operationName": "Ready"}
            sent = session.request("POST", "/me/channels/voice", json=body).request_seq
            told = session.recorder.wait(lambda event: event.kind == "cometd.event", after=sent, deadline=5)
            assert told is not None

    again = replay(record(tmp_path, talk))
    assert again.differing == []
    assert again.exchanges - again.cometd == 3
    assert again.cometd >= 4  # a handshake, a subscription, a connect at once, and one that was held
    assert again.left_out <= 1  # the connect that is under way at the end


def test_servers_of_several_players_are_replayed_one_by_one(tmp_path: Path) -> None:
    paths = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        paths.append(record(tmp_path / name, a_call_to_nobody))
    first, second = (path.read_text("utf-8").splitlines() for path in paths)
    both = [json.loads(line) for line in first[:-1] + second[1:]]
    for number, event in enumerate(both, start=1):
        event["seq"], event["t"] = number, float(number)
        if number >= len(first) and "exchange" in event["payload"]:
            event["payload"]["exchange"] += 1000
    merged = tmp_path / "merged.ndjson"
    merged.write_text("".join(json.dumps(event) + "\n" for event in both), "utf-8")
    again = replay(merged)
    assert (again.exchanges, again.alike, again.differing) == (14, 14, [])


def test_judging_counts_what_the_timeline_holds(tmp_path: Path) -> None:
    path = tmp_path / "timeline.ndjson"
    with Recorder(path) as recorder:
        recorder.begin_scenario("basics.Nothing[positive]", {"area": "basics", "cast": {}})
        recorder.end_scenario({"outcome": "untestable", "reason": "nothing to test"})
    judged = judging(path, rounds=1)
    assert (judged.events, judged.scenarios) == (4, 1)
    assert judged.findings >= 1
