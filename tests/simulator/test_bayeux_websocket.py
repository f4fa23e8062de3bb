"""The WebSocket transport: the same obligations, and events that are pushed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.simulator.bayeux_support import CALLS, HANDSHAKE, Message, Served, Socket, numbers


def test_websocket_handshake_reply(socket: Socket) -> None:
    socket.send({"id": "9", "channel": "/meta/handshake", **HANDSHAKE})
    reply = socket.receive()[0]
    assert (reply["id"], reply["successful"], reply["version"]) == ("9", True, "1.0")


def test_websocket_events_are_pushed_while_the_connect_is_held(served: Served, socket: Socket) -> None:
    socket.start(CALLS)
    socket.connect("4")
    served.until_held()
    for number in range(3):
        served.publish(number)
    pushed: list[int] = []
    while len(pushed) < 3:
        messages = socket.receive()
        assert all(message["channel"] == CALLS and "id" not in message for message in messages)
        pushed += numbers(messages)
    assert pushed == [0, 1, 2]
    assert served.call(served.bayeux.snapshot)[0]["connectHeld"] is True


def test_websocket_connect_is_answered_on_the_socket(make: Callable[..., Served]) -> None:
    served = make(timeout_ms=80)
    socket = Socket(served)
    with socket.ws:
        socket.start()
        before = time.monotonic()
        socket.connect("4")
        assert socket.receive()[0] == {"id": "4", "channel": "/meta/connect", "successful": True}
        assert time.monotonic() - before >= 0.079


def test_websocket_answers_both_of_two_connects(served: Served, socket: Socket) -> None:
    socket.start(CALLS)
    socket.connect("4")
    socket.connect("5")
    assert socket.receive()[0]["id"] == "4"
    socket.send({"id": "6", "channel": "/meta/disconnect"})
    assert {message["id"] for message in socket.receive() + socket.receive()} == {"5", "6"}


def test_websocket_disconnect_releases_the_connect(served: Served, socket: Socket) -> None:
    socket.start(CALLS)
    socket.connect("4")
    served.until_held()
    socket.send({"id": "5", "channel": "/meta/disconnect"})
    messages: list[Message] = []
    while len(messages) < 2:
        messages += socket.receive()
    replies = {message["id"]: message for message in messages}
    assert replies["4"]["advice"]["reconnect"] == "none"
    assert replies["5"]["successful"] is True


def test_websocket_batch_and_unknown_client(socket: Socket) -> None:
    socket.send(
        {"id": "1", "channel": "/meta/connect", "connectionType": "websocket", "clientId": "x"},
        {"id": "2", "channel": "/meta/subscribe", "subscription": CALLS, "clientId": "x"},
    )
    replies = socket.receive()
    assert [reply["id"] for reply in replies] == ["1", "2"]
    assert all(reply["error"] == "402::Unknown client" for reply in replies)


def test_websocket_checks_the_connection_type(socket: Socket) -> None:
    socket.start()
    socket.send({"id": "4", "channel": "/meta/connect", "connectionType": "long-polling"})
    assert socket.receive()[0]["error"] == "400::connection_type_invalid"


def test_websocket_events_wait_for_the_next_socket(served: Served) -> None:
    first = Socket(served)
    with first.ws:
        first.start(CALLS)
    served.until(lambda sessions: sessions[0]["transport"] == "long-polling")
    served.publish(1)
    second = Socket(served)
    with second.ws:
        second.client_id = first.client_id
        second.connect("5")
        assert numbers(second.receive()) == [1]


def test_websocket_session_of_another_user_is_unknown(served: Served, socket: Socket) -> None:
    socket.start()
    stranger = Socket(served, "bob")
    with stranger.ws:
        stranger.client_id = socket.client_id
        stranger.connect("1")
        assert stranger.receive()[0]["error"] == "402::Unknown client"


def test_websocket_session_expires_after_the_socket_closes(served: Served) -> None:
    socket = Socket(served)
    with socket.ws:
        socket.start(CALLS)
        socket.connect("4")
        served.until_held()
    served.until_held(0)
    served.advance(11)
    assert served.publish(1) == 0


def test_websocket_acknowledgement(served: Served, socket: Socket) -> None:
    socket.start(CALLS, ext={"ack": True})
    socket.connect("4", ext={"ack": 1})
    served.until_held()
    served.publish(1)
    event, reply = socket.receive()
    assert (numbers([event]), reply["id"], reply["ext"]) == ([1], "4", {"ack": 2})
    socket.connect("5", ext={"ack": 1})
    event, reply = socket.receive()
    assert (numbers([event]), reply["ext"]) == ([1], {"ack": 3})


def test_websocket_refuses_what_is_not_bayeux(socket: Socket) -> None:
    socket.ws.send("{")
    with pytest.raises(ConnectionClosed) as closed:
        socket.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1007


def test_websocket_needs_credentials(served: Served) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(served.url.replace("http:", "ws:"), proxy=None)
    assert refused.value.response.status_code == 403
    assert refused.value.response.body is not None
    assert json.loads(refused.value.response.body)["statusCode"] == 20


def test_websocket_is_closed_by_shutdown(served: Served, socket: Socket) -> None:
    socket.start()
    served.host.run(served.bayeux.shutdown())
    with pytest.raises(ConnectionClosed) as closed:
        socket.receive()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
