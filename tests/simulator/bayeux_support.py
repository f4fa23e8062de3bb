"""What the tests of the Bayeux server share: one listening uvicorn, a server of its own for each test, and clients.

Nothing here sleeps for a fixed time: tests wait for a state of the server, with a deadline.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import uvicorn
from starlette.requests import HTTPConnection
from starlette.routing import Router
from starlette.types import Receive, Scope, Send
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


def numbers(messages: list[Message]) -> list[int]:
    """The numbers of the events among these messages."""
    return [message["data"]["n"] for message in messages if not message["channel"].startswith("/meta/")]


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
