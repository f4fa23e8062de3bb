from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from conformance.wire.cometd import Backoff, CometdError, CometdSession
from conformance.wire.recorder import Event, Recorder
from tests.wire.servers import BayeuxPeer, MakeSession, Message

CHANNELS = ["/v2/me/calls", "/v2/me/devices"]


class SocketPeer:
    """A Bayeux server on a WebSocket: connects are held in a thread of their own, events are pushed as they come."""

    def __init__(self) -> None:
        self.peer = BayeuxPeer()
        self.requests: list[Request] = []
        self.connections: list[ServerConnection] = []
        self.server: Server = serve(self.talk, "127.0.0.1", 0, process_response=self.opened, compression=None)
        self.url = f"http://127.0.0.1:{self.server.socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def opened(self, connection: ServerConnection, request: Request, response: Response) -> Response:
        self.requests.append(request)
        self.connections.append(connection)
        response.headers["Set-Cookie"] = "JSESSIONID=from-the-socket-1; Path=/"
        return response

    def talk(self, connection: ServerConnection) -> None:
        try:
            for frame in connection:
                messages = json.loads(frame)
                with self.peer.changed:
                    self.peer.frames.append(messages)
                    self.peer.changed.notify_all()
                threading.Thread(target=self.answer, args=(connection, messages), daemon=True).start()
        except ConnectionClosed:
            return

    def answer(self, connection: ServerConnection, messages: list[Message]) -> None:
        replies: list[Message] = []
        for message in messages:
            answered = self.peer.answer(message)
            if not isinstance(answered, list):
                connection.close()
                return
            replies += answered
        try:
            connection.send(json.dumps(replies))
        except ConnectionClosed:
            return

    def push(self, frame: str) -> None:
        self.connections[-1].send(frame)

    def close(self) -> None:
        self.peer.close()
        self.server.shutdown()
        self._thread.join(2)


@contextmanager
def open_session(session: MakeSession, server: SocketPeer, **settings: Any) -> Iterator[CometdSession]:
    client = CometdSession(session(server.url), transport="websocket", **settings)
    client.open(CHANNELS, 5)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def server() -> Iterator[SocketPeer]:
    made = SocketPeer()
    yield made
    made.close()


def of(recorder: Recorder, kind: str) -> list[dict[str, Any]]:
    return [e.payload for e in recorder.events() if e.kind == kind]


def wait_for_event(recorder: Recorder, n: int) -> Event:
    event = recorder.wait(lambda e: e.kind == "cometd.event" and e.payload["data"] == {"n": n}, deadline=5)
    assert event is not None
    return event


def event_frame(*numbers: int) -> str:
    return json.dumps([{"channel": CHANNELS[0], "data": {"n": n}} for n in numbers])


def test_one_socket_carries_everything(session: MakeSession, server: SocketPeer, recorder: Recorder) -> None:
    with open_session(session, server) as client:
        assert client.state == "connected"
        server.peer.until(lambda: server.peer.held == 1 and len(server.peer.sent("/meta/connect")) == 2)
        server.push(event_frame(1, 2))
        pushed = wait_for_event(recorder, 2)
        assert pushed.payload["index"] == 1
        server.peer.publish(CHANNELS[0], {"n": 3})
        wait_for_event(recorder, 3)
        verdict = client.publish("/service/x", {"a": 1})
        assert verdict is not None
        assert verdict["successful"] is True
        client.unsubscribe(CHANNELS[:1])
    assert client.wait_until(["disconnected"], 0)
    assert len(server.requests) == 1
    assert server.peer.sent("/meta/handshake")[0]["supportedConnectionTypes"] == ["websocket", "long-polling"]
    assert {m["connectionType"] for m in server.peer.sent("/meta/connect")} == {"websocket"}
    assert {(f["transport"], f["status"]) for f in of(recorder, "cometd.receive")} == {("websocket", None)}
    assert of(recorder, "cometd.error") == []


def test_the_upgrade_carries_credentials_and_is_recorded(
    session: MakeSession, server: SocketPeer, recorder: Recorder
) -> None:
    with open_session(session, server) as client:
        headers = server.requests[0].headers
        assert server.requests[0].path == "/api/v2/notifications"
        assert headers["Authorization"].startswith("Basic ")
        assert "Cookie" not in headers
        stored = client.http.session_headers(client.http.config.notifications_url)
        assert stored["Cookie"] == "JSESSIONID=from-the-socket-1"
    request, response = of(recorder, "http.request")[0], of(recorder, "http.response")[0]
    assert (request["method"], request["path"], request["purpose"]) == ("GET", "/notifications", "cometd")
    assert request["url"].startswith("ws://127.0.0.1:")
    assert (response["status"], response["exchange"]) == (101, request["exchange"])
    assert "from-the-socket-1" not in json.dumps(response)


def test_a_lost_socket_is_opened_again(session: MakeSession, server: SocketPeer, recorder: Recorder) -> None:
    asked: list[float] = []

    def remember(seconds: float) -> bool:
        asked.append(seconds)
        return False

    with open_session(session, server, wait=remember) as client:
        server.peer.until(lambda: server.peer.held == 1 and len(server.peer.sent("/meta/connect")) == 2)
        server.connections[0].close()
        server.peer.until(lambda: len(server.requests) == 2)
        assert client.wait_until(["connected"], 5)
        server.peer.until(lambda: len(server.peer.sent("/meta/connect")) >= 4)
        server.push(event_frame(7))
        wait_for_event(recorder, 7)
        assert client.client_id == "client1", "the session outlives its socket"
        assert asked[:1] == [0.1]
    assert server.requests[1].headers["Cookie"] == "JSESSIONID=from-the-socket-1"
    assert any("ConnectionClosed" in e["error"] or "closed" in e["error"] for e in of(recorder, "cometd.error"))


def test_a_socket_closed_after_the_goodbye_is_no_trouble(session: MakeSession, recorder: Recorder) -> None:
    class Parting(SocketPeer):
        """Closes the socket behind its reply to a disconnect, as Faye does."""

        def answer(self, connection: ServerConnection, messages: list[Message]) -> None:
            super().answer(connection, messages)
            if messages[0]["channel"] == "/meta/disconnect":
                connection.close()

    server = Parting()
    with open_session(session, server):
        server.peer.until(lambda: server.peer.held == 1 and len(server.peer.sent("/meta/connect")) == 2)
    server.close()
    assert len(server.peer.sent("/meta/disconnect")) == 1
    assert of(recorder, "cometd.error") == []


def test_a_new_handshake_on_the_same_socket(session: MakeSession, server: SocketPeer) -> None:
    with open_session(session, server) as client:
        server.peer.until(lambda: server.peer.held == 1 and len(server.peer.sent("/meta/connect")) == 2)
        server.peer.script(
            "/meta/connect",
            lambda m: [{**server.peer.sound(m), "successful": False, "advice": {"reconnect": "handshake"}}],
        )
        server.peer.publish(CHANNELS[0], {"n": 1})
        server.peer.until(lambda: len(server.peer.sent("/meta/handshake")) == 2)
        server.peer.until(lambda: client.client_id == "client2")
        assert client.wait_until(["connected"], 5)
        assert len(server.requests) == 1


def test_frames_that_are_no_messages_are_told(session: MakeSession, server: SocketPeer, recorder: Recorder) -> None:
    with open_session(session, server) as client:
        server.push("rubbish")
        found = recorder.wait(lambda e: e.kind == "cometd.error" and "without Bayeux" in e.payload["error"], deadline=5)
        assert found is not None
        server.push(event_frame(1))
        wait_for_event(recorder, 1)
        assert client.state == "connected"


def test_a_refused_upgrade_is_told_with_its_status(session: MakeSession, recorder: Recorder) -> None:
    def refuse(connection: ServerConnection, request: Request) -> Response:
        return connection.respond(403, "Missing or invalid Csrf token")

    server = serve(lambda connection: None, "127.0.0.1", 0, process_request=refuse)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    http = session(f"http://127.0.0.1:{server.socket.getsockname()[1]}")
    client = CometdSession(http, transport="websocket")
    with pytest.raises(CometdError, match="HTTP 403 instead of a WebSocket"):
        client.open(CHANNELS, 5)
    server.shutdown()
    thread.join(2)
    response = of(recorder, "http.response")[0]
    assert (response["status"], response["text"]) == (403, "Missing or invalid Csrf token")
    assert client.state == "disconnected"


def test_upgrades_are_not_followed_to_another_origin(
    session: MakeSession, server: SocketPeer, recorder: Recorder
) -> None:
    def away(connection: ServerConnection, request: Request) -> Response:
        response = connection.respond(302, "")
        response.headers["Location"] = server.url.replace("http", "ws") + "/api/v2/notifications"
        return response

    redirecting = serve(lambda connection: None, "127.0.0.1", 0, process_request=away)
    thread = threading.Thread(target=redirecting.serve_forever, daemon=True)
    thread.start()
    client = CometdSession(session(f"http://127.0.0.1:{redirecting.socket.getsockname()[1]}"), transport="websocket")
    with pytest.raises(CometdError, match="cross-origin"):
        client.open(CHANNELS, 5)
    redirecting.shutdown()
    thread.join(2)
    assert server.requests == []


def test_probes_do_not_change_the_session(session: MakeSession, server: SocketPeer) -> None:
    with open_session(session, server) as client:
        server.peer.until(lambda: server.peer.held == 1 and len(server.peer.sent("/meta/connect")) == 2)
        server.peer.script(
            "/meta/subscribe",
            lambda m: [{**server.peer.sound(m), "successful": False, "advice": {"reconnect": "handshake"}}],
        )
        before = client.advice
        replies = client.raw([{"id": "p1", "channel": "/meta/subscribe", "clientId": "forged", "subscription": "/x"}])
        assert [reply["successful"] for reply in replies] == [False]
        assert client.advice == before


def test_a_socket_that_cannot_be_had_again_breaks_the_session(
    session: MakeSession, server: SocketPeer, recorder: Recorder
) -> None:
    settings = {"wait": lambda seconds: False, "backoff": Backoff(attempts=2)}
    with open_session(session, server, **settings) as client:
        server.peer.until(lambda: server.peer.held == 1 and len(server.peer.sent("/meta/connect")) == 2)
        server.close()
        for connection in server.connections:
            connection.close()
        assert client.wait_until(["broken"], 10)
    assert client.state == "disconnected"
    assert any("Connection refused" in e["error"] for e in of(recorder, "http.error"))


def test_abandoning_closes_the_socket_without_a_word(session: MakeSession, server: SocketPeer) -> None:
    with open_session(session, server) as client:
        server.peer.until(lambda: server.peer.held == 1 and len(server.peer.sent("/meta/connect")) == 2)
        client.abandon()
        assert client.state == "disconnected"
    assert server.peer.sent("/meta/disconnect") == []
