from __future__ import annotations

from typing import Any

import pytest

from conformance.wire.bayeux_messages import (
    MAX_HOLD,
    Acknowledgement,
    Advice,
    Backoff,
    Ids,
    Pending,
    connect,
    decide,
    handshake,
    is_event,
    match_replies,
    messages_of,
    read_advice,
)

BACKOFF = Backoff(initial=0.1, maximum=1.0, attempts=3)


def test_backoff_grows_to_its_bound() -> None:
    assert [round(BACKOFF.delay(n), 3) for n in range(7)] == [0.0, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert BACKOFF.delay(100_000) == 1.0


@pytest.mark.parametrize(
    "raw, expected",
    [
        ({}, Advice()),
        (
            {"reconnect": "handshake", "interval": 2000, "timeout": 30000},
            Advice(reconnect="handshake", interval=2.0, timeout=30.0),
        ),
        ({"reconnect": "maybe", "interval": "2", "timeout": True}, Advice()),
        ({"interval": -1}, Advice(interval=-0.001)),
        ({"interval": float("nan")}, Advice()),
        ({"timeout": 10**12}, Advice(timeout=MAX_HOLD)),
        ({"timeout": -5}, Advice(timeout=0.0)),
        ({"multiple-clients": True, "interval": 2000}, Advice(interval=2.0, multiple_clients=True)),
        ({"interval": 1000, "long-polling": {"interval": 5000}}, Advice(interval=5.0)),
        ({"interval": 1000, "callback-polling": {"reconnect": "none"}}, Advice(interval=1.0)),
    ],
)
def test_advice_is_read_with_defaults_for_what_it_leaves_out(raw: dict[str, Any], expected: Advice) -> None:
    assert read_advice(raw, "long-polling") == expected


@pytest.mark.parametrize(
    "advice, failures, action, delay",
    [
        (Advice(), 0, "connect", 0.0),
        (Advice(interval=2.0), 0, "connect", 2.0),
        (Advice(interval=2.0), 2, "connect", 2.2),
        (Advice(), 3, "connect", 0.4),
        (Advice(), 4, "stop", 0.0),
        (Advice(reconnect="none"), 0, "stop", 0.0),
        (Advice(reconnect="none"), 1, "stop", 0.0),
        (Advice(interval=-0.001), 0, "stop", 0.0),
        (Advice(reconnect="handshake"), 1, "handshake", 0.0),
        (Advice(reconnect="handshake", interval=1.0), 2, "handshake", 1.1),
        (Advice(reconnect="handshake"), 4, "stop", 0.0),
    ],
)
def test_the_advice_decides(advice: Advice, failures: int, action: str, delay: float) -> None:
    decision = decide(advice, failures, BACKOFF)
    assert (decision.action, round(decision.delay, 6)) == (action, delay)


@pytest.mark.parametrize(
    "message, event",
    [
        ({"channel": "/v2/me/calls", "data": {}}, True),
        ({"channel": "/v2/me/calls", "data": {}, "id": "1"}, True),
        ({"channel": "/v2/me/calls"}, True),
        ({"channel": "/v2/me/calls", "successful": True, "id": "1"}, False),
        ({"channel": "/meta/connect", "data": {}}, False),
    ],
)
def test_events_are_told_from_replies_without_looking_at_ids(message: dict[str, Any], event: bool) -> None:
    assert is_event(message) is event


def test_frames_are_arrays_or_bare_objects() -> None:
    assert messages_of([{"a": 1}, 2]) == [{"a": 1}, 2]
    assert messages_of({"a": 1}) == [{"a": 1}]
    assert messages_of("text") is None
    assert messages_of(None) is None


def test_messages_hold_what_the_protocol_asks_for() -> None:
    assert handshake("1", ["long-polling"], ack=False) == {
        "id": "1",
        "channel": "/meta/handshake",
        "version": "1.0",
        "minimumVersion": "1.0",
        "supportedConnectionTypes": ["long-polling"],
    }
    assert handshake("1", ["long-polling"], ack=True)["ext"] == {"ack": True}
    ack = Acknowledgement(wanted=True, agreed=True, last=7)
    assert connect("2", "c", "long-polling", ack, at_once=True) == {
        "id": "2",
        "channel": "/meta/connect",
        "clientId": "c",
        "connectionType": "long-polling",
        "advice": {"timeout": 0},
        "ext": {"ack": 7},
    }
    assert "advice" not in connect("2", "c", "long-polling", ack, at_once=False)


@pytest.mark.parametrize(
    "wanted, ext, agreed, last",
    [
        (True, {"ack": True}, True, -1),
        (True, {"ack": {"enabled": True, "batch": 4}}, True, 4),
        (True, {"ack": {"enabled": False}}, False, -1),
        (True, {"ack": "yes"}, False, -1),
        (True, None, False, -1),
        (False, {"ack": True}, False, -1),
    ],
)
def test_acknowledgement_is_agreed_on(wanted: bool, ext: Any, agreed: bool, last: int) -> None:
    ack = Acknowledgement(wanted, agreed=True, last=99)
    ack.negotiate({"ext": ext})
    assert (ack.agreed, ack.last) == (agreed, last)
    ack.received({"ext": {"ack": 5}})
    assert ack.last == (5 if agreed else last)
    ack.received({"ext": {"ack": "6"}})
    ack.received({})
    assert ack.last == (5 if agreed else last)


def test_ids_are_unique() -> None:
    ids = Ids()
    assert [ids.next() for _ in range(3)] == ["1", "2", "3"]


def matches(messages: list[Any], requests: list[dict[str, Any]], *, lenient: bool) -> dict[int, int]:
    pendings = [Pending(request) for request in requests]
    return {index: pendings.index(p) for index, p in match_replies(messages, pendings, lenient).items()}


CONNECT = {"channel": "/meta/connect", "id": "7"}
SUBSCRIBE = {"channel": "/meta/subscribe", "id": "8"}


@pytest.mark.parametrize("lenient", [True, False])
def test_replies_are_matched_by_id_and_channel(lenient: bool) -> None:
    event = {"channel": "/x", "data": 1, "id": "7"}
    reply, other = {**CONNECT, "successful": True}, {**SUBSCRIBE, "successful": True}
    assert matches([event, other, reply, "junk"], [CONNECT, SUBSCRIBE], lenient=lenient) == {1: 1, 2: 0}
    assert matches([reply, reply], [CONNECT], lenient=lenient) == {0: 0}


@pytest.mark.parametrize("lenient", [True, False])
def test_replies_without_id_are_matched_in_order(lenient: bool) -> None:
    first, second = {**SUBSCRIBE, "id": "8"}, {**SUBSCRIBE, "id": "9"}
    reply = {"channel": "/meta/subscribe", "successful": True}
    assert matches([reply, reply], [first, second], lenient=lenient) == {0: 0, 1: 1}


def test_a_wrong_id_is_borne_only_where_nothing_else_can_be_meant() -> None:
    reply = {"channel": "/meta/connect", "id": "999", "successful": True}
    assert matches([reply], [CONNECT], lenient=True) == {0: 0}
    assert matches([reply], [CONNECT], lenient=False) == {}


def test_the_first_outcome_of_a_request_counts() -> None:
    answered, orphaned = Pending({"id": "1"}), Pending({"id": "2"})
    answered.resolve({"id": "1", "successful": True})
    answered.resolve(None, "the socket is closed")
    orphaned.resolve(None, "the socket is closed")
    assert (answered.reply, answered.error) == ({"id": "1", "successful": True}, None)
    assert (orphaned.reply, orphaned.error) == (None, "the socket is closed")
