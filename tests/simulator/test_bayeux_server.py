"""The Bayeux server on a real socket: what Bayeux 1.0 obliges a server to do, and what CometD for Java 3.1 does.

One file, because all of it shares one listening uvicorn: every test mounts a server of its own below a path of
its own. Nothing here sleeps for a fixed time: tests wait for a state of the server, with a deadline.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.requests import HTTPConnection
from starlette.routing import Router
from starlette.types import Receive, Scope, Send
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from conformance.simulator.bayeux import BayeuxServer
from conformance.simulator.clock import Clock
from conformance.simulator.status import ApiError

Message = dict[str, Any]
DEADLINE = 5.0
CALLS = "/v2/me/calls"


class Host:
    """One uvicorn in a thread; dispatches on the first segment of the path."""

    def __init__(self) -> None:
        self.routers: dict[str, Router] = {}
        self.loop: asyncio.AbstractEventLoop | None = None
        config = uvicorn.Config(self, port=0, log_level="error", access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        end = time.monotonic() + DEADLINE
        while not self._server.started:
            assert time.monotonic() < end, "uvicorn does not start"
            threading.Event().wait(0.01)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]
        self.loop = self._server.servers[0].get_loop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.routers[scope["path"].split("/")[1]](scope, receive, send)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the server's loop and return its result."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(DEADLINE)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()


class Served:
    """One Bayeux server under test."""

    _numbers = itertools.count(1)

    def __init__(self, host: Host, **options: Any) -> None:
        self.host = host
        self.clock = Clock()
        self.bayeux = BayeuxServer(
            clock=self.clock,
            authenticate=_authenticate,
            check_csrf=_check_csrf,
            **{"timeout_ms": 20000, **options},
        )
        name = f"t{next(self._numbers)}"
        self.prefix = f"/{name}/notifications"
        host.routers[name] = Router(self.bayeux.routes(self.prefix))
        self.url = f"http://127.0.0.1:{host.port}{self.prefix}"
        self.pool = ThreadPoolExecutor(8)
        self.clients: list[Client] = []

    def client(self, user: str = "alice") -> Client:
        self.clients.append(Client(self, user))
        return self.clients[-1]

    def call(self, fn: Callable[[], Any]) -> Any:
        async def work() -> Any:
            return fn()

        return self.host.run(work())

    def publish(self, number: int, channel: str = CALLS, user: str = "alice") -> int:
        reached = self.call(lambda: self.bayeux.publish(user, channel, {"n": number}))
        assert isinstance(reached, int)
        return reached

    def advance(self, seconds: float) -> None:
        self.call(lambda: self.clock.advance(seconds))

    def until(self, condition: Callable[[list[Message]], bool]) -> None:
        """Wait until the server's sessions are as described."""

        async def work() -> None:
            async with asyncio.timeout(DEADLINE):
                while not condition(self.bayeux.snapshot()):
                    await asyncio.sleep(0.002)

        self.host.run(work())

    def until_held(self, count: int = 1) -> None:
        self.until(lambda sessions: sum(session["connectHeld"] for session in sessions) == count)

    def close(self) -> None:
        self.host.run(self.bayeux.shutdown())
        for client in self.clients:
            client.http.close()
        self.pool.shutdown()


def _authenticate(connection: HTTPConnection) -> tuple[str, str]:
    user = connection.headers.get("x-user")
    if user is None:
        raise ApiError(20, "Access denied", http=403)
    return user, f"session-of-{user}"


def _check_csrf(connection: HTTPConnection, session_id: str) -> None:
    assert session_id.startswith("session-of-")
    if connection.headers.get("x-csrf-token") != "token":
        raise ApiError(3, "Missing or invalid Csrf token", http=403)


class Client:
    """A browser: HTTP with its own cookies."""

    def __init__(self, served: Served, user: str) -> None:
        self.served = served
        self.client_id = ""
        self._ids = itertools.count(1)
        headers = {"x-user": user, "x-csrf-token": "token"}
        # Without `verify=False` each client would read the certificate store, which takes long.
        self.http = httpx.Client(headers=headers, timeout=DEADLINE, verify=False)

    def message(self, channel: str, **members: Any) -> Message:
        message = {"id": str(next(self._ids)), "channel": channel, **members}
        if channel != "/meta/handshake":
            message.setdefault("clientId", self.client_id)
        return message

    def post(self, *messages: Message, suffix: str = "") -> httpx.Response:
        return self.http.post(self.served.url + suffix, json=list(messages))

    def send(self, channel: str, **members: Any) -> list[Message]:
        response = self.post(self.message(channel, **members))
        assert response.status_code == 200, response.text
        replies = response.json()
        assert isinstance(replies, list)
        return replies

    def handshake(self, **members: Any) -> Message:
        reply = self.send("/meta/handshake", **{**HANDSHAKE, **members})[0]
        self.client_id = reply.get("clientId", "")
        return reply

    def connect(self, **members: Any) -> list[Message]:
        return self.send("/meta/connect", connectionType="long-polling", **members)

    def subscribe(self, channel: Any) -> Message:
        return self.send("/meta/subscribe", subscription=channel)[-1]

    def start(self, *channels: str, **members: Any) -> Client:
        """Handshake, subscribe, and the first connect, which is never held."""
        assert self.handshake(**members)["successful"]
        for channel in channels:
            assert self.subscribe(channel)["successful"]
        assert self.connect()[-1]["successful"]
        return self

    def waiting(self) -> Future[list[Message]]:
        """A connect that the server holds."""
        held = sum(session["connectHeld"] for session in self.served.call(self.served.bayeux.snapshot))
        future = self.served.pool.submit(self.connect)
        self.served.until_held(held + 1)
        return future


HANDSHAKE: Message = {"version": "1.0", "supportedConnectionTypes": ["long-polling", "websocket"]}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    server = Host()
    yield server
    server.stop()


@pytest.fixture
def make(host: Host) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def build(**options: Any) -> Served:
        made.append(Served(host, **options))
        return made[-1]

    yield build
    for served in made:
        served.close()


@pytest.fixture
def served(make: Callable[..., Served]) -> Served:
    return make()


def numbers(messages: list[Message]) -> list[int]:
    """The numbers of the events among these messages."""
    return [message["data"]["n"] for message in messages if not message["channel"].startswith("/meta/")]


# --- handshake --------------------------------------------------------------------------------------------


def test_handshake_reply(served: Served) -> None:
    reply = served.client().send("/meta/handshake", **HANDSHAKE)[0]
    assert reply.pop("clientId")
    assert reply == {
        "id": "1",
        "channel": "/meta/handshake",
        "successful": True,
        "version": "1.0",
        "minimumVersion": "1.0",
        "supportedConnectionTypes": ["websocket", "long-polling"],
        "advice": {"reconnect": "retry", "interval": 0, "timeout": 20000},
    }


def test_client_ids_are_random_and_unique(served: Served) -> None:
    ids = {served.client().handshake()["clientId"] for _ in range(20)}
    assert len(ids) == 20
    assert all(len(client_id) == 32 and client_id.isalnum() for client_id in ids)
    # Random in every place: no character stands still.
    assert all(len({client_id[place] for client_id in ids}) > 1 for place in range(32))


@pytest.mark.parametrize("offered", [["callback-polling"], [], None, "long-polling", [{"a": 1}]])
def test_handshake_without_a_shared_transport_fails(served: Served, offered: Any) -> None:
    reply = served.client().handshake(supportedConnectionTypes=offered)
    assert reply["successful"] is False
    assert "clientId" not in reply
    assert reply["error"].startswith("403::")
    assert reply["advice"] == {"reconnect": "none"}
    assert reply["version"] == "1.0"


@pytest.mark.parametrize(("minimum", "successful"), [("1.0", True), ("0.9", True), ("2.0", False)])
def test_handshake_minimum_version(served: Served, minimum: str, successful: bool) -> None:
    assert served.client().handshake(minimumVersion=minimum)["successful"] is successful


def test_handshake_makes_the_rest_of_its_request_ignored(served: Served) -> None:
    client = served.client().start()
    other = client.message("/meta/subscribe", subscription=CALLS)
    replies = client.post(other, client.message("/meta/handshake", **HANDSHAKE)).json()
    assert [reply["channel"] for reply in replies] == ["/meta/handshake"]
    assert served.publish(1) == 0


def test_websocket_is_not_offered_when_it_is_off(make: Callable[..., Served]) -> None:
    served = make(transports=("long-polling",))
    assert served.client().handshake()["supportedConnectionTypes"] == ["long-polling"]
    with pytest.raises(InvalidStatus):
        Socket(served)


# --- requests ---------------------------------------------------------------------------------------------


def test_bare_object_is_accepted(served: Served) -> None:
    client = served.client()
    response = client.http.post(served.url, json=client.message("/meta/handshake", **HANDSHAKE))
    assert response.json()[0]["successful"] is True
    assert response.headers["content-type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize("suffix", ["/", "/handshake", "/connect", "/disconnect", "/anything"])
def test_suffixes_of_cometd_clients(served: Served, suffix: str) -> None:
    client = served.client()
    assert client.post(client.message("/meta/handshake", **HANDSHAKE), suffix=suffix).json()[0]["successful"]


def test_chunked_request_body(served: Served) -> None:
    client = served.client()
    body = json.dumps([client.message("/meta/handshake", **HANDSHAKE)]).encode()
    chunks = (body[start : start + 7] for start in range(0, len(body), 7))
    response = client.http.post(served.url, content=chunks, headers={"content-type": "application/json"})
    assert response.request.headers["transfer-encoding"] == "chunked"
    assert response.json()[0]["successful"] is True


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"5", b'["x"]', b'[{"id":"1"}]', b'[{"channel":5}]', b'{"channel":"/x","id":NaN}',
     b'{"channel":"/x","id":1e999}', b"[" * 100_000, b'\xff\xfe"'],
)  # fmt: skip
def test_malformed_body_is_http_400(served: Served, body: bytes) -> None:
    client = served.client()
    response = client.http.post(served.url, content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.content) == (400, b"")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 200), ("application/json; charset=UTF-8", 200), ("text/json", 200),
     ('application/json;charset="iso-8859-1"', 200), ("text/plain", 400), (None, 400),
     ("application/json;charset=rot13", 400), ("application/x-www-form-urlencoded", 400)],
)  # fmt: skip
def test_content_types(served: Served, content_type: str | None, status: int) -> None:
    client = served.client()
    headers = {} if content_type is None else {"content-type": content_type}
    body = json.dumps(client.message("/meta/handshake", **HANDSHAKE)).encode()
    assert client.http.post(served.url, content=body, headers=headers).status_code == status


def test_charset_of_the_request_is_honoured(served: Served) -> None:
    client = served.client()
    body = json.dumps({**client.message("/meta/handshake", **HANDSHAKE), "id": "é"}, ensure_ascii=False)
    for charset in ("utf-8", "iso-8859-1", "utf-16"):
        headers = {"content-type": f"application/json;charset={charset}"}
        response = client.http.post(served.url, content=body.encode(charset), headers=headers)
        assert response.json()[0]["id"] == "é"


def test_half_a_surrogate_pair_is_echoed(served: Served) -> None:
    client = served.client()
    headers = {"content-type": "application/json"}
    body = b'{"channel":"/meta/connect","id":"\\ud800"}'
    assert client.http.post(served.url, content=body, headers=headers).json()[0]["id"] == "\ud800"


def test_oversized_body_is_http_413(served: Served) -> None:
    response = served.client().http.post(
        served.url, content=b" " * (1 << 20) + b"[]", headers={"content-type": "application/json"}
    )
    assert response.status_code == 413


def test_get_is_refused(served: Served) -> None:
    assert served.client().http.get(served.url).status_code == 405


def test_credentials_are_needed(served: Served) -> None:
    response = httpx.post(served.url, json=[], headers={"x-csrf-token": "token"})
    assert response.status_code == 403
    assert response.json() == {"statusCode": 20, "statusMessage": "Access denied"}


def test_csrf_token_is_needed(served: Served) -> None:
    response = httpx.post(served.url, json=[], headers={"x-user": "alice"})
    assert (response.status_code, response.json()["statusCode"]) == (403, 3)


# --- every message is answered ----------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["connect", "disconnect", "subscribe", "unsubscribe"])
def test_messages_before_a_handshake_are_answered_with_402(served: Served, channel: str) -> None:
    client = served.client()
    message = {"id": "77", "channel": f"/meta/{channel}", "subscription": CALLS, "connectionType": "long-polling"}
    for client_id in ({}, {"clientId": "0123456789abcdef"}, {"clientId": 5}):
        reply = client.post({**message, **client_id}).json()[0]
        assert reply["successful"] is False
        assert reply["error"] == "402::Unknown client"
        assert reply["advice"] == {"reconnect": "handshake", "interval": 0}
        assert reply["id"] == "77"


def test_publish_before_a_handshake_is_answered_with_402(served: Served) -> None:
    reply = served.client().send("/service/x", data={}, clientId="none")[0]
    assert (reply["successful"], reply["error"]) == (False, "402::Unknown client")


def test_batch_is_answered_in_order_with_each_id(served: Served) -> None:
    client = served.client().start()
    messages = [
        client.message("/meta/subscribe", subscription=CALLS),
        client.message("/service/x", data={}),
        client.message("/meta/unsubscribe", subscription=CALLS),
        client.message("/meta/connect", connectionType="long-polling"),
        client.message("/meta/disconnect"),
    ]
    replies = client.post(*messages).json()
    assert [reply["id"] for reply in replies] == [message["id"] for message in messages]
    assert [reply["channel"] for reply in replies] == [message["channel"] for message in messages]
    assert all(reply["successful"] is True for reply in replies)


@pytest.mark.parametrize("identifier", ["a1", 17, 0, ""])
def test_id_is_repeated_as_it_is(served: Served, identifier: Any) -> None:
    reply = served.client().handshake(id=identifier)
    assert reply["id"] == identifier
    assert type(reply["id"]) is type(identifier)


def test_message_without_id_is_answered_without(served: Served) -> None:
    reply = served.client().post({"channel": "/meta/handshake", **HANDSHAKE}).json()[0]
    assert "id" not in reply


def test_client_id_is_in_the_handshake_reply_only(served: Served) -> None:
    client = served.client()
    assert "clientId" in client.handshake()
    replies = [client.connect()[0], client.subscribe(CALLS), client.send("/meta/disconnect")[0]]
    assert all("clientId" not in reply for reply in replies)


def test_unknown_meta_channel_is_refused(served: Served) -> None:
    reply = served.client().start().send("/meta/foo")[0]
    assert (reply["successful"], reply["error"][:4]) == (False, "403:")


# --- subscribe, unsubscribe, publish ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "channel",
    [CALLS, "/v2/me/*", "/v2/me/**", "/v2/me/a/b", "/v2/**", "/v2/*", "/**", "/*", "/notifications/services",
     "/notifications/*", "/v2/me", ["/v2/me/calls", "/v2/me/devices"]],
)  # fmt: skip
def test_subscribe_and_unsubscribe_echo_the_subscription(served: Served, channel: Any) -> None:
    client = served.client().start()
    for verb in ("subscribe", "unsubscribe"):
        reply = client.send(f"/meta/{verb}", subscription=channel)[0]
        assert reply["successful"] is True
        assert reply["subscription"] == channel


@pytest.mark.parametrize("channel", ["/meta/*", "/meta/connect", "/meta/**", ["/v2/me/calls", "/meta/handshake"]])
def test_meta_channels_are_refused(served: Served, channel: Any) -> None:
    reply = served.client().start().subscribe(channel)
    assert reply["successful"] is False
    assert reply["error"] == "403:denied_by_security_policy:subscribe_denied"
    assert reply["subscription"] == channel
    # All or nothing.
    assert served.publish(1) == 0


@pytest.mark.parametrize("channel", ["/foo", "/v3/**", "/foo/*", "/v2/you/calls", "/service/x", "/v2"])
def test_undocumented_topics_are_refused(served: Served, channel: str) -> None:
    assert served.client().start().subscribe(channel)["error"].endswith(":subscribe_denied")


@pytest.mark.parametrize(
    "channel", ["", "/", "v2/me", "/v2//me", "/v2/*/calls", "/v2/me/c*", "/**/calls", "/v2/me/***", 5, [], [5]]
)
def test_bad_channel_names_are_refused(served: Served, channel: Any) -> None:
    reply = served.client().start().subscribe(channel)
    assert (reply["successful"], reply["error"]) == (False, "403::subscription_invalid")


def test_subscribe_without_subscription_is_refused(served: Served) -> None:
    reply = served.client().start().send("/meta/subscribe")[0]
    assert (reply["successful"], reply["error"]) == (False, "403::subscription_missing")


def test_may_subscribe_decides(make: Callable[..., Served]) -> None:
    served = make(may_subscribe=lambda user_id, channel: (user_id, channel) == ("alice", "/only/this"))
    client = served.client().start()
    assert client.subscribe("/only/this")["successful"] is True
    assert client.subscribe(CALLS)["successful"] is False


@pytest.mark.parametrize(
    ("pattern", "channel", "delivered"),
    [
        (CALLS, CALLS, True),
        (CALLS, "/v2/me/calls/x", False),
        ("/v2/me/*", CALLS, True),
        ("/v2/me/*", "/v2/me", False),
        ("/v2/me/*", "/v2/me/calls/x", False),
        ("/v2/me/**", "/v2/me/calls/x", True),
        ("/v2/me/**", "/v2/me", False),
        ("/v2/me/**", "/v2/meadow", False),
        ("/**", "/notifications/services", True),
        ("/*", CALLS, False),
    ],
)
def test_wildcards(served: Served, pattern: str, channel: str, delivered: bool) -> None:
    client = served.client().start(pattern)
    assert served.publish(1, channel) == int(delivered)
    assert numbers(client.connect(advice={"timeout": 0})) == [1] * delivered


def test_unsubscribe_ends_delivery(served: Served) -> None:
    client = served.client().start(CALLS, "/v2/me/chats")
    assert client.send("/meta/unsubscribe", subscription=CALLS)[0]["successful"]
    assert served.publish(1) == 0
    assert served.publish(2, "/v2/me/chats") == 1
    assert numbers(client.connect()) == [2]


def test_unsubscribe_of_what_was_not_subscribed_is_harmless(served: Served) -> None:
    assert served.client().start().send("/meta/unsubscribe", subscription=CALLS)[0]["successful"] is True


@pytest.mark.parametrize(
    ("channel", "members", "error"),
    [
        ("/service/x", {"data": {"a": 1}}, None),
        ("/service/x", {}, "400::data_missing"),
        (CALLS, {"data": {}}, "403:denied_by_security_policy:publish denied"),
        ("/foo", {"data": {}}, "403:denied_by_security_policy:create denied"),
        ("/v2/me/*", {"data": {}}, "400::channel_invalid"),
    ],
)
def test_publish_is_answered(served: Served, channel: str, members: Message, error: str | None) -> None:
    client = served.client().start("/**")
    replies = client.send(channel, **members)
    assert len(replies) == 1
    assert replies[0]["successful"] is (error is None)
    assert replies[0].get("error") == error
    assert numbers(client.connect(advice={"timeout": 0})) == []


# --- connect and delivery ---------------------------------------------------------------------------------


def test_connect_is_held_until_an_event_comes(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    assert served.publish(1) == 1
    event, reply = future.result(DEADLINE)
    assert event == {"channel": CALLS, "data": {"n": 1}}
    assert (reply["channel"], reply["successful"]) == ("/meta/connect", True)


def test_events_come_before_the_reply_in_order_and_once(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()

    def publish_three() -> None:
        for number in (1, 2, 3):
            served.bayeux.publish("alice", CALLS, {"n": number})

    served.call(publish_three)
    messages = future.result(DEADLINE)
    assert numbers(messages) == [1, 2, 3]
    assert messages[-1]["channel"] == "/meta/connect"
    assert numbers(client.connect(advice={"timeout": 0})) == []


def test_connect_is_answered_when_the_timeout_is_over(make: Callable[..., Served]) -> None:
    served = make(timeout_ms=120)
    client = served.client().start(CALLS)
    before = time.monotonic()
    messages = client.connect()
    assert time.monotonic() - before >= 0.119
    assert [message["successful"] for message in messages] == [True]


def test_held_connect_follows_the_server_clock(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    served.advance(40)
    assert [message["successful"] for message in future.result(DEADLINE)] == [True]


def test_first_connect_is_not_held_and_client_advice_is_answered(served: Served) -> None:
    client = served.client()
    client.handshake()
    before = time.monotonic()
    reply = client.connect(advice={"timeout": 0})[0]
    assert time.monotonic() - before < 5
    assert reply["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 20000}


@pytest.mark.parametrize("timeout", [0, 50])
def test_timeout_advice_of_the_client_is_honoured(served: Served, timeout: int) -> None:
    client = served.client().start(CALLS)
    before = time.monotonic()
    assert client.connect(advice={"timeout": timeout})[0]["successful"] is True
    assert timeout / 1000 - 0.001 <= time.monotonic() - before < 5


@pytest.mark.parametrize("timeout", [True, -1, "0", None, 10**9])
def test_odd_timeout_advice_leaves_the_default(make: Callable[..., Served], timeout: Any) -> None:
    served = make(timeout_ms=60)
    client = served.client().start(CALLS)
    before = time.monotonic()
    assert client.connect(advice={"timeout": timeout})[0]["successful"] is True
    assert 0.059 <= time.monotonic() - before < 5


@pytest.mark.parametrize("members", [{}, {"connectionType": "websocket"}, {"connectionType": 1}])
def test_connection_type_is_checked(served: Served, members: Message) -> None:
    reply = served.client().start().send("/meta/connect", **members)[0]
    assert (reply["successful"], reply["error"]) == (False, "400::connection_type_invalid")


def test_older_of_two_connects_is_answered_http_500_empty(served: Served) -> None:
    client = served.client().start(CALLS)
    older = served.pool.submit(client.post, client.message("/meta/connect", connectionType="long-polling"))
    served.until_held()
    newer = served.pool.submit(client.connect)
    response = older.result(DEADLINE)
    assert (response.status_code, response.content) == (500, b"")
    served.until_held()
    served.publish(1)
    assert numbers(newer.result(DEADLINE)) == [1]


def test_connect_beside_other_messages_is_not_held(served: Served) -> None:
    client = served.client().start()
    connect_message = client.message("/meta/connect", connectionType="long-polling")
    before = time.monotonic()
    replies = client.post(client.message("/meta/subscribe", subscription=CALLS), connect_message).json()
    assert time.monotonic() - before < 5
    assert [reply["successful"] for reply in replies] == [True, True]


def test_overlapping_subscriptions_deliver_one_copy(served: Served) -> None:
    client = served.client().start(CALLS, "/v2/me/*", "/v2/me/**", "/**")
    assert served.publish(1) == 1
    assert numbers(client.connect()) == [1]


def test_events_wait_between_connects(served: Served) -> None:
    client = served.client().start(CALLS)
    for number in range(5):
        served.publish(number)
    assert numbers(client.connect()) == [0, 1, 2, 3, 4]


def test_waiting_events_travel_with_another_reply(served: Served) -> None:
    client = served.client().start(CALLS)
    served.publish(1)
    messages = client.send("/meta/subscribe", subscription="/v2/me/chats")
    assert numbers(messages) == [1]
    assert messages[-1]["channel"] == "/meta/subscribe"
    assert numbers(client.connect(advice={"timeout": 0})) == []


@pytest.mark.parametrize("acknowledged", [False, True])
def test_stream_of_events_arrives_once_and_in_order(served: Served, acknowledged: bool) -> None:
    client = served.client().start(CALLS, ext={"ack": acknowledged})
    publishing = served.pool.submit(lambda: [served.publish(number) for number in range(300)])
    received: list[int] = []
    batch = 1
    while len(received) < 300:
        messages = client.connect(ext={"ack": batch})
        received += numbers(messages)
        batch = messages[-1].get("ext", {}).get("ack", 0)
    assert received == list(range(300))
    assert publishing.result(DEADLINE) == [1] * 300
    assert numbers(client.connect(ext={"ack": batch}, advice={"timeout": 0})) == []


def test_event_is_a_copy_of_the_data_at_its_time(served: Served) -> None:
    client = served.client().start(CALLS)
    data = {"n": 1}

    def publish_and_change() -> None:
        served.bayeux.publish("alice", CALLS, data)
        data["n"] = 2

    served.call(publish_and_change)
    assert numbers(client.connect()) == [1]


def test_queue_is_bounded_and_the_client_learns_of_the_loss(make: Callable[..., Served]) -> None:
    served = make(max_queue=3)
    client = served.client().start(CALLS)
    assert [served.publish(number) for number in range(4)] == [1, 1, 1, 0]
    assert client.connect()[0]["error"] == "402::Unknown client"


def test_client_that_hangs_up_loses_nothing(served: Served) -> None:
    client = served.client().start(CALLS)
    with pytest.raises(httpx.ReadTimeout):
        client.http.post(served.url, json=[client.message("/meta/connect", connectionType="long-polling")], timeout=0.1)
    served.until_held(0)
    served.publish(1)
    assert numbers(client.connect()) == [1]


def test_events_reach_the_sessions_of_one_user(served: Served) -> None:
    alice, alice_too, bob = served.client(), served.client(), served.client("bob")
    for client in (alice, alice_too, bob):
        client.start("/**")
    assert served.publish(1) == 2
    assert served.call(lambda: served.bayeux.publish_all("/notifications/services", {"n": 2})) == 3
    assert [numbers(client.connect()) for client in (alice, alice_too, bob)] == [[1, 2], [1, 2], [2]]


# --- the end of a session ---------------------------------------------------------------------------------


def test_disconnect_releases_the_held_connect(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    assert client.send("/meta/disconnect")[0]["successful"] is True
    reply = future.result(DEADLINE)[-1]
    assert (reply["successful"], reply["advice"]["reconnect"]) == (True, "none")
    assert client.connect()[0]["error"] == "402::Unknown client"


def test_session_expires_without_a_connect(make: Callable[..., Served]) -> None:
    served = make(interval_ms=500, max_interval_ms=10000)
    client = served.client().start(CALLS)
    served.advance(10.4)
    assert client.connect(advice={"timeout": 0})[0]["successful"] is True
    served.advance(10.6)
    reply = client.connect()[0]
    assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")
    assert served.publish(1) == 0


def test_other_messages_do_not_keep_a_session_alive(served: Served) -> None:
    client = served.client().start(CALLS)
    served.advance(6)
    assert client.subscribe("/v2/me/chats")["successful"] is True
    served.advance(6)
    assert client.subscribe("/v2/me/emails")["error"] == "402::Unknown client"


def test_session_without_any_request_is_forgotten_by_the_timer(served: Served) -> None:
    served.client().start(CALLS)
    served.advance(25)
    assert served.call(served.bayeux.client_ids) == []


def test_held_connect_keeps_its_session(make: Callable[..., Served]) -> None:
    served = make(timeout_ms=60000)
    client = served.client().start(CALLS)
    future = client.waiting()
    served.advance(30)
    assert served.publish(1) == 1
    assert numbers(future.result(DEADLINE)) == [1]


def test_expire_and_drop_user(served: Served) -> None:
    alice, bob = served.client().start(), served.client("bob").start()
    held, held_too = alice.waiting(), bob.waiting()
    assert served.call(lambda: served.bayeux.expire(alice.client_id)) is True
    assert served.call(lambda: served.bayeux.expire(alice.client_id)) is False
    served.call(lambda: served.bayeux.drop_user("bob"))
    for future in (held, held_too):
        reply = future.result(DEADLINE)[0]
        assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")
    assert served.call(served.bayeux.snapshot) == []


def test_shutdown_releases_held_connects_and_holds_no_more(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    served.host.run(served.bayeux.shutdown())
    assert future.result(DEADLINE)[0]["successful"] is True
    before = time.monotonic()
    assert client.connect(advice={})[0]["advice"]["interval"] == 1000
    assert time.monotonic() - before < 5


# --- cookies ----------------------------------------------------------------------------------------------


def test_browser_cookie_is_set_once(served: Served) -> None:
    client = served.client()
    first = client.post(client.message("/meta/handshake", **HANDSHAKE))
    second = client.post(client.message("/meta/handshake", **HANDSHAKE))
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("BAYEUX_BROWSER=")
    assert "Path=/" in cookie
    assert "HttpOnly" in cookie
    assert "set-cookie" not in second.headers


def test_client_id_without_its_cookie_is_unknown(served: Served) -> None:
    client = served.client().start(CALLS)
    stranger = served.client()
    stranger.client_id = client.client_id
    assert stranger.connect()[0]["error"] == "402::Unknown client"
    stranger.handshake()
    stranger.client_id = client.client_id
    assert stranger.connect()[0]["error"] == "402::Unknown client"


def test_client_id_of_another_user_is_unknown(served: Served) -> None:
    client = served.client().start(CALLS)
    stranger = served.client("bob")
    stranger.http.cookies = client.http.cookies
    stranger.client_id = client.client_id
    assert stranger.connect()[0]["error"] == "402::Unknown client"


def test_second_session_of_a_browser_is_not_held(served: Served) -> None:
    first = served.client().start(CALLS)
    second = served.client()
    second.http.cookies = first.http.cookies
    second.start(CALLS)
    future = first.waiting()
    reply = second.connect()[-1]
    assert reply["successful"] is True
    assert reply["advice"] == {"reconnect": "retry", "interval": 2000, "timeout": 20000, "multiple-clients": True}
    assert served.publish(1) == 2
    assert numbers(future.result(DEADLINE)) == [1]
    # Nothing of the first session is held any more: the second goes back to long polling, and is told so.
    messages = second.connect()
    assert numbers(messages) == [1]
    assert messages[-1]["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 20000}
    waiting = second.waiting()
    served.publish(2)
    assert "advice" not in waiting.result(DEADLINE)[-1]


# --- acknowledgement extension ----------------------------------------------------------------------------


def test_acknowledged_events_are_resent_until_confirmed(served: Served) -> None:
    client = served.client()
    assert client.handshake(ext={"ack": True})["ext"] == {"ack": True}
    client.subscribe(CALLS)
    assert client.connect(ext={"ack": 0})[-1]["ext"] == {"ack": 1}
    served.publish(1)
    lost = client.connect(ext={"ack": 1})
    assert (numbers(lost), lost[-1]["ext"]) == ([1], {"ack": 2})
    served.publish(2)
    again = client.connect(ext={"ack": 1})
    assert (numbers(again), again[-1]["ext"]) == ([1, 2], {"ack": 3})
    confirmed = client.connect(ext={"ack": 3}, advice={"timeout": 0})
    assert (numbers(confirmed), confirmed[-1]["ext"]) == ([], {"ack": 4})


def test_acknowledged_events_travel_with_connects_only(served: Served) -> None:
    client = served.client().start(CALLS, ext={"ack": True})
    served.publish(1)
    assert numbers(client.send("/meta/subscribe", subscription="/v2/me/chats")) == []
    assert numbers(client.connect(ext={"ack": 1})) == [1]


def test_acknowledged_session_is_woken_by_an_event(served: Served) -> None:
    client = served.client().start(CALLS, ext={"ack": True})
    future = served.pool.submit(client.connect, ext={"ack": 1})
    served.until_held()
    served.publish(1)
    assert numbers(future.result(DEADLINE)) == [1]


@pytest.mark.parametrize("ext", [{}, {"ack": False}, {"ack": 1}, None, "ack"])
def test_acknowledgement_is_for_those_who_ask(served: Served, ext: Any) -> None:
    client = served.client()
    assert "ext" not in client.handshake(ext=ext)
    assert "ext" not in client.connect()[0]


# --- WebSocket --------------------------------------------------------------------------------------------


class Socket:
    """A client on a WebSocket."""

    def __init__(self, served: Served, user: str = "alice") -> None:
        url = served.url.replace("http:", "ws:")
        self.ws: ClientConnection = connect(url, additional_headers={"x-user": user}, proxy=None)
        self.client_id = ""

    def send(self, *messages: Message) -> None:
        own = {"clientId": self.client_id} if self.client_id else {}
        self.ws.send(json.dumps([{**own, **message} for message in messages]))

    def receive(self) -> list[Message]:
        messages = json.loads(self.ws.recv(timeout=DEADLINE))
        assert isinstance(messages, list)
        return messages

    def start(self, *channels: str, **members: Any) -> Socket:
        self.send({"id": "1", "channel": "/meta/handshake", **HANDSHAKE, **members})
        self.client_id = self.receive()[0]["clientId"]
        if channels:
            self.send({"id": "2", "channel": "/meta/subscribe", "subscription": list(channels)})
            assert self.receive()[0]["successful"]
        self.connect("3")
        assert self.receive()[0]["id"] == "3"
        return self

    def connect(self, identifier: str, **members: Any) -> None:
        self.send({"id": identifier, "channel": "/meta/connect", "connectionType": "websocket", **members})


@pytest.fixture
def socket(served: Served) -> Iterator[Socket]:
    client = Socket(served)
    with client.ws:
        yield client


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
