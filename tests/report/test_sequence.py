"""The picture of a scenario."""

from __future__ import annotations

from typing import Any

from conformance.report.sequence import BODY, HEADERS, ROWS, sequence, step_text
from tests.report.report_support import HOSTILE, Tape, finding, hold


def test_lanes_and_rows_in_order() -> None:
    tape = Tape()
    tape.begin("s", area="voice")
    tape.step("voice.Hold", label="once")
    tape.request(body={"operationName": "Hold"})
    tape.reply({"statusCode": 2}, 500)
    seq = tape.told({"messageType": "ErrorMessage"}, "second_agent")
    picture = sequence(tape.end(), [finding("failed", evidence=(seq,)), finding("passed", evidence=(3,))])
    assert picture.lanes == ("agent", "second_agent", "server")
    assert [row.way for row in picture.rows] == ["step", "out", "in", "event"]
    assert picture.rows[0].text == "agent: voice.Hold (transition) [once]"
    assert picture.rows[1].text == "POST /me/calls/7 Hold"
    assert (picture.rows[2].text, picture.rows[2].bad) == ("HTTP 500, statusCode 2", True)
    assert [row.about for row in picture.rows] == [(), (), (), ("state.after",)]
    assert "<secret:token#1>" in picture.rows[1].body
    assert '"operationName": "Hold"' in picture.rows[1].body


def test_bayeux_noise_is_left_out_unless_it_is_evidence() -> None:
    tape = Tape()
    tape.begin("s")
    tape.step()
    tape.request("POST", "/notifications", purpose="cometd")
    tape.add("cometd.send", {"session": "agent/1", "messages": [{"channel": "/meta/connect"}]}, "agent")
    tape.reply([])
    held = tape.add("cometd.receive", {"messages": [{"channel": "/meta/connect", "successful": True}]}, "agent")
    tape.add("cometd.receive", {"messages": [{"channel": "/meta/handshake", "successful": False}]}, "agent")
    item = tape.end()
    assert [row.text for row in sequence(item, []).rows][1:] == ["frame: /meta/handshake"]
    about = [finding("failed", evidence=(held,))]
    assert [row.text for row in sequence(item, about).rows][1:] == ["frame: /meta/connect", "frame: /meta/handshake"]


def test_a_long_scenario_keeps_the_steps_that_tell() -> None:
    tape = Tape()
    tape.begin("s")
    seqs = []
    for _ in range(100):
        tape.step("voice.Hold", "refusal")
        tape.request()
        seqs.append(tape.reply({"statusCode": 1}))
    picture = sequence(tape.end(), [finding("failed", evidence=(seqs[90],))])
    assert len(picture.rows) == ROWS
    assert picture.left_out == 300 - ROWS
    assert seqs[90] in [row.seq for row in picture.rows]
    assert [row.seq for row in picture.rows] == sorted(row.seq for row in picture.rows)


def test_whatever_a_timeline_holds_it_can_be_drawn() -> None:
    tape = Tape()
    tape.begin("s", info=None)
    tape.add("step.start", {"info": "not an object"})
    tape.add("http.request", {"exchange": 1, "method": None, "url": HOSTILE, "headers": None, "body": HOSTILE})
    tape.add("http.response", {"exchange": 1, "status": "odd", "headers": {"a": "b"}, "body": None, "text": HOSTILE})
    tape.add("http.error", {"exchange": 2, "error": HOSTILE}, "agent")
    tape.add("cometd.event", {"data": [HOSTILE], "channel": None}, HOSTILE)
    tape.add("cometd.send", {"messages": [], "text": HOSTILE}, "agent")
    tape.add("cometd.receive", {"messages": ["odd", 1, None]}, "agent")
    tape.add("cometd.state", {"session": "a/1"}, "agent")
    tape.add("cometd.error", {"error": HOSTILE}, "agent")
    tape.add("note", {"text": HOSTILE})
    tape.add("something.else", {})
    picture = sequence(tape.end(), [])
    assert len(picture.rows) == 10
    made: list[Any] = picture.as_json()["rows"]
    assert all(len(row[4]) <= 160 and len(row[5]) <= BODY + 600 for row in made)
    assert not any("\x1b" in row[4] + row[5] for row in made)


def test_bodies_are_bounded_and_can_be_cut_further() -> None:
    item, _ = hold(Tape(), text="x" * 1_000_000)
    picture = sequence(item, [])
    assert max(len(row.body) for row in picture.rows) <= BODY + HEADERS + 2
    cut = picture.as_json(50)
    assert max(len(row[5]) for row in cut["rows"]) <= 53


def test_a_long_scenario_without_evidence_keeps_its_end() -> None:
    tape = Tape()
    tape.begin("s")
    seqs = []
    for _ in range(100):
        tape.step("voice.Hold", "setup")
        seqs.append(tape.request())
    item = tape.end("untestable", "Held was not reached")
    picture = sequence(item, [finding("untestable", evidence=(item.events[-1].seq,))])
    assert picture.rows[-1].seq == seqs[-1]
    assert picture.left_out == 200 - ROWS


def test_steps_are_named_by_what_they_say_of_themselves() -> None:
    assert (
        step_text({"performer": "agent", "operation": "voice.Hold", "case": "positive"})
        == "agent: voice.Hold (positive)"
    )
    assert step_text({"case": "cleanup", "label": "clean-up"}) == "cleanup [clean-up]"
    assert (
        step_text({"performer": "customer", "case": "stimulus"}, "Request a chat")
        == "customer: Request a chat (stimulus)"
    )
