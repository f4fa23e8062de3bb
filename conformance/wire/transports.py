"""How Bayeux messages travel: long-polling over the actor's HTTP session, or a WebSocket."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_websocket

from conformance.wire.bayeux_messages import Pending, messages_of
from conformance.wire.bodies import Body, dump_json, parse_body, parse_json
from conformance.wire.config import TransportConfig, origin_of
from conformance.wire.http import UNSET, HttpSession
from conformance.wire.replies import describe_error, request_payload, response_payload

Payload = Sequence[Mapping[str, Any]] | Mapping[str, Any] | bytes
Receive = Callable[[list[Any], int | None, Sequence[Pending], bool], None]
"""Called for each frame: messages, HTTP status, the requests it may answer, and whether it answers just those."""


class TransportFailure(Exception):  # noqa: N818 - a condition of the exchange
    """No frame came back. `status`: that of the HTTP reply without Bayeux messages, 0 where there was none."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True)
class Frame:
    """What answered a payload: its messages and, over HTTP, the status."""

    status: int | None
    messages: list[Any]


class Transport(Protocol):
    """Carries messages there and replies back. `exchange` gives each frame to the session before it returns."""

    name: str

    def exchange(self, payload: Payload, waiting: Sequence[Pending], *, held: bool, timeout: float) -> Frame:
        """Send, and wait up to `timeout` seconds for the replies that `waiting` expects. Raises `TransportFailure`."""

    @property
    def silent(self) -> bool:
        """Whether all that has arrived was given to the session, and a connect is held."""

    def abort(self) -> None:
        """End a held connect at once, from another thread."""

    def close(self) -> None:
        """Free the connection."""


class LongPolling:
    """Each payload is a POST; the held connect has a connection of its own."""

    name = "long-polling"

    def __init__(self, http: HttpSession, url: str, receive: Receive) -> None:
        self._http, self._url, self._receive = http, url, receive
        self._lane = http.open_lane()

    def exchange(self, payload: Payload, waiting: Sequence[Pending], *, held: bool, timeout: float) -> Frame:
        """One POST and its reply."""
        reply = self._http.request(
            "POST",
            self._url,
            json=UNSET if isinstance(payload, bytes) else payload,
            content=payload if isinstance(payload, bytes) else None,
            purpose="cometd",
            timeout=timeout,
            lane=self._lane if held else None,
        )
        if reply.error is not None:
            raise TransportFailure(reply.error)
        messages = messages_of(reply.json) if reply.is_json else None
        self._receive(messages or [], reply.status, waiting, True)
        if messages is None:
            raise TransportFailure(f"HTTP {reply.status} without Bayeux messages", reply.status)
        return Frame(reply.status, messages)

    @property
    def silent(self) -> bool:
        """Whether the connect is held and nothing of its reply is there."""
        return self._lane.silent

    def abort(self) -> None:
        """Break the connection of the held connect."""
        self._lane.abort()

    def close(self) -> None:
        """Close the connection of the held connect."""
        self._lane.close()


class WebSocket:
    """All messages travel on one socket, opened with the first of them and again after it was lost."""

    name = "websocket"

    def __init__(self, http: HttpSession, url: str, receive: Receive, lost: Callable[[str], None]) -> None:
        self._http, self._receive, self._lost = http, receive, lost
        self._url = "ws" + url.removeprefix("http")
        self._lock = threading.Lock()
        self._waiting: list[Pending] = []
        self._socket: ClientConnection | None = None
        self._stack = ExitStack()
        self._reader: threading.Thread | None = None
        self._closing = False

    def exchange(self, payload: Payload, waiting: Sequence[Pending], *, held: bool, timeout: float) -> Frame:
        """Send one text frame and wait for the replies, whatever else arrives meanwhile."""
        del held  # All messages share the socket: a connect is held by the server without keeping anybody waiting.
        end = time.monotonic() + timeout
        text = payload if isinstance(payload, bytes) else dump_json(payload)
        with self._lock:
            connection = self._connected(timeout)
            self._waiting.extend(waiting)
        try:
            connection.send(text.decode("utf-8", "replace"))
            for pending in waiting:
                pending.done.wait(max(0.0, end - time.monotonic()))
        except (ConnectionClosed, OSError) as error:
            raise TransportFailure(describe_error(error, self._http.recorder)) from error
        finally:
            with self._lock:
                self._waiting = [pending for pending in self._waiting if pending not in waiting]
        failed = next((pending.error for pending in waiting if pending.error is not None), None)
        if failed is not None:
            raise TransportFailure(failed)
        return Frame(None, [pending.reply for pending in waiting if pending.reply is not None])

    @property
    def silent(self) -> bool:
        """Whether nothing waits to be read from the socket."""
        connection = self._socket
        try:
            return connection is None or not select.select([connection.socket], [], [], 0)[0]
        except (OSError, ValueError):
            return True  # it is closed: nothing more will come from it

    def abort(self) -> None:
        """Break the socket."""
        self._closing = True
        connection = self._socket
        if connection is not None:
            try:
                socket.socket.shutdown(connection.socket, socket.SHUT_RDWR)
            except OSError:
                # It is closed already, which is what was wanted.
                return

    def close(self) -> None:
        """Close the socket and end its reader."""
        self._closing = True
        # An attempt to connect may hold the lock for its whole timeout; closing does not wait for that.
        if not self._lock.acquire(timeout=0.5):
            return
        try:
            stack, self._stack = self._stack, ExitStack()
            reader, self._reader, self._socket = self._reader, None, None
        finally:
            self._lock.release()
        stack.close()
        if reader is not None and reader is not threading.current_thread():
            reader.join(2.0)

    def _connected(self, timeout: float) -> ClientConnection:
        if self._closing:
            raise TransportFailure("the session is closing")
        if self._socket is not None:
            return self._socket
        self._stack.close()
        self._stack = ExitStack()
        connection = self._open(min(timeout, self._http.config.timeout))
        self._socket = connection
        self._reader = threading.Thread(target=self._read, args=(connection,), name="cometd-websocket", daemon=True)
        self._reader.start()
        return connection

    def _open(self, timeout: float) -> ClientConnection:
        http, recorder = self._http, self._http.recorder
        url = "http" + self._url.removeprefix("ws")
        # A redirect to another origin is refused by the library where the address is given; behind a proxy it strips
        # credentials and cookies, so the token must not travel either.
        headers = http.session_headers(url, "POST" if http.config.proxy is None else "GET")
        exchange = recorder.ordinal("exchange")
        payload = request_payload(exchange, "GET", self._url, http.path_of(url), headers, purpose="cometd")
        recorder.record("http.request", payload, actor=http.actor)
        start = time.monotonic()
        try:
            connection: ClientConnection = self._stack.enter_context(
                open_websocket(
                    self._url,
                    additional_headers=headers,
                    user_agent_header=http.config.user_agent,
                    open_timeout=timeout,
                    close_timeout=1.0,
                    # The held connect is Bayeux's own sign of life.
                    ping_interval=None,
                    max_size=http.config.max_body,
                    **_route(http.config, url),
                )
            )
        except InvalidStatus as error:
            response = error.response
            raw = bytes(response.body or b"")[: http.config.max_body]
            body = parse_body(raw, response.headers.get("Content-Type", ""), truncated=False)
            self._record_response(exchange, response.status_code, response.headers.raw_items(), body, start)
            raise TransportFailure(
                f"HTTP {response.status_code} instead of a WebSocket", response.status_code
            ) from error
        except (WebSocketException, OSError, ValueError, EOFError) as error:
            sentence = describe_error(error, recorder)
            recorder.record("http.error", {"exchange": exchange, "error": sentence}, actor=http.actor)
            raise TransportFailure(sentence) from error
        if connection.response is not None:
            items = connection.response.headers.raw_items()
            self._record_response(exchange, 101, items, Body("", 0, False, None, False), start, url)
        return connection

    def _record_response(
        self, exchange: int, status: int, items: Any, body: Body, start: float, url: str | None = None
    ) -> None:
        headers: dict[str, list[str]] = {}
        for name, value in items:
            headers.setdefault(name.lower(), []).append(value)
        if url is not None:
            self._http.take_over(url, headers)
        payload = response_payload(exchange, status, headers, body, time.monotonic() - start)
        self._http.recorder.record("http.response", payload, actor=self._http.actor)

    def _read(self, connection: ClientConnection) -> None:
        """The reader's thread: gives each frame to the session until the socket is gone."""
        reason = "the socket is closed"
        try:
            for data in connection:
                self._frame(data)
        except (WebSocketException, OSError, RuntimeError) as error:
            reason = describe_error(error, self._http.recorder)
        finally:
            with self._lock:
                if self._socket is connection:
                    self._socket = None
                orphans, self._waiting = self._waiting, []
            for pending in orphans:
                pending.resolve(None, reason)
        if not self._closing:
            self._lost(reason)

    def _frame(self, data: str | bytes) -> None:
        with self._lock:
            waiting = list(self._waiting)
        try:
            messages = messages_of(parse_json(data))
        except (ValueError, RecursionError):
            messages = None
        self._receive(messages or [], None, waiting, False)
        if messages is None:
            self._lost("a frame without Bayeux messages")


def _route(config: TransportConfig, url: str) -> dict[str, Any]:
    """TLS, proxy and address for the WebSocket library; the environment's proxy variables are not read."""
    route: dict[str, Any] = {"proxy": config.proxy}
    if url.startswith("https"):
        route["ssl"] = config.ssl_context()
    if config.proxy is None:
        host, port = _address(url)
        route["address"] = (host, port)
    return route


def _address(url: str) -> tuple[str, int]:
    scheme, host, port = origin_of(url)
    return host, port or (443 if scheme == "https" else 80)
