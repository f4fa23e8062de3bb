"""Bayeux messages as plain HTTP requests and WebSocket frames, sent as they are given: no client stands between.

Both wires have the same shape: `begin` sends messages, and what it gives waits for their replies.
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Protocol
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

Message = dict[str, Any]

# Nothing waits longer than this, whatever the probe's patience: a thread must end some time.
LONGEST = 60.0


def is_event(message: Mapping[str, Any]) -> bool:
    """Whether a message delivers an event."""
    return not str(message.get("channel")).startswith("/meta/") and "successful" not in message


class Sent(Protocol):
    """Messages that were sent."""

    def wait(self, seconds: float) -> list[Message] | None:
        """The replies and the events before them; None when not all have come after so many seconds."""


class Wire(Protocol):
    """A browser's connection to a Bayeux server."""

    transport: str

    def begin(self, *messages: Message, awaited: int | None = None) -> Sent:
        """Send messages in one array; replies are awaited to all of them, or to the first few."""

    def events(self, seconds: float) -> list[Message]:
        """Events that arrive by themselves; empty when none has come after so many seconds."""

    def close(self) -> None:
        """Hang up."""


class Posted:
    """A POST under way, in a thread of its own."""

    def __init__(self, browser: RawHttp, body: bytes, content_type: str) -> None:
        self.status = 0
        self.content_type = ""
        self.body = b""
        self._browser = browser
        self._connection = http.client.HTTPConnection(browser.host, browser.port, timeout=LONGEST)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(body, content_type), daemon=True)
        self._thread.start()

    def _run(self, body: bytes, content_type: str) -> None:
        headers = {**self._browser.headers, "Content-Type": content_type, "Cookie": self._browser.cookie_header()}
        try:
            self._connection.request("POST", self._browser.path, body, headers)
            response = self._connection.getresponse()
            self._browser.keep(response.headers.get_all("Set-Cookie") or [])
            self.body = response.read()
            self.content_type = response.headers.get("Content-Type") or ""
            self.status = response.status
        except (OSError, http.client.HTTPException):
            # Hung up, by the server or by the test: the status stays 0.
            self.status = 0
        finally:
            self._connection.close()
            self._done.set()

    def wait(self, seconds: float) -> list[Message] | None:
        """The messages of the reply: none unless it is HTTP 200 with an array."""
        if not self.ended(seconds):
            return None
        try:
            messages = json.loads(self.body) if self.status == 200 else []
        except ValueError:
            return []
        return messages if isinstance(messages, list) else []

    def ended(self, seconds: float) -> bool:
        """Whether there is an answer, of whatever kind, within so many seconds."""
        return self._done.wait(seconds)

    def hang_up(self) -> None:
        """Break the connection."""
        connection = self._connection.sock
        if connection is not None and not self._done.is_set():
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It is gone already.
                return


class RawHttp:
    """A browser that posts, each time on a connection of its own."""

    transport = "long-polling"

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path = str(parts.hostname), int(parts.port or 80), parts.path
        self.headers = {name: value for name, value in headers.items() if name.lower() != "cookie"}
        self.cookies: dict[str, str] = {}
        self._under_way: list[Posted] = []
        self.keep(headers.get("Cookie", "").split("; "))

    def post(self, body: bytes, content_type: str = "application/json") -> Posted:
        """Any body."""
        self._under_way.append(Posted(self, body, content_type))
        return self._under_way[-1]

    def begin(self, *messages: Message, awaited: int | None = None) -> Posted:
        """Messages in one array; whatever is awaited, the reply to a POST is one."""
        del awaited
        return self.post(json.dumps(messages).encode())

    def events(self, seconds: float) -> list[Message]:
        """None: over HTTP nothing comes unasked."""
        del seconds
        return []

    def keep(self, set_cookie: Sequence[str]) -> None:
        """Take over cookies."""
        for header in set_cookie:
            name, equals, value = header.partition(";")[0].partition("=")
            if equals:
                self.cookies[name.strip()] = value.strip()

    def cookie_header(self) -> str:
        """What the next request says about cookies."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def close(self) -> None:
        """Hang up whatever is under way."""
        for posted in self._under_way:
            posted.hang_up()


class Framed:
    """Messages that were sent on a WebSocket."""

    def __init__(self, browser: RawSocket, messages: Sequence[Message], unexpected: Sequence[Message]) -> None:
        self._browser = browser
        self._missing, self._unexpected = list(messages), list(unexpected)
        self._got: list[Message] = []

    def wait(self, seconds: float) -> list[Message] | None:
        """What has come until the last of the messages was answered."""
        end = time.monotonic() + seconds
        while True:
            self._missing = [message for message in self._missing if not self._answered(message)]
            if not self._missing:
                self._unexpected = [message for message in self._unexpected if not self._answered(message)]
                return [*self._browser.events(0), *self._got]
            if not self._browser.receive(end - time.monotonic()):
                return None

    def ended(self, seconds: float) -> bool:
        """Whether all are answered within so many seconds."""
        return self.wait(seconds) is not None

    def _answered(self, message: Message) -> bool:
        for reply in self._browser.replies:
            same = reply.get("id", message.get("id")) == message.get("id")
            if reply.get("channel") == message["channel"] and same:
                self._browser.replies.remove(reply)
                self._got.append(reply)
                return True
        return False


class RawSocket:
    """A browser on a WebSocket. Frames are read when somebody waits for them."""

    transport = "websocket"

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.replies: list[Message] = []
        self._events: list[Message] = []
        self._stack = ExitStack()
        opening = connect("ws" + url.removeprefix("http"), additional_headers=headers, proxy=None, compression=None)
        self._socket: ClientConnection = self._stack.enter_context(opening)

    def begin(self, *messages: Message, awaited: int | None = None) -> Framed:
        """Messages in one array, as a text frame."""
        self._socket.send(json.dumps(messages))
        return Framed(self, messages[:awaited], messages[len(messages) if awaited is None else awaited :])

    def events(self, seconds: float) -> list[Message]:
        """What has been pushed."""
        if not self._events and seconds > 0:
            end = time.monotonic() + seconds
            while not self._events and self.receive(end - time.monotonic()):
                continue
        events, self._events = self._events, []
        return events

    def receive(self, seconds: float) -> bool:
        """Read one frame; False when none has come after so many seconds, or the socket is closed."""
        try:
            messages = json.loads(self._socket.recv(timeout=max(0.0, seconds)))
        except (TimeoutError, ConnectionClosed):
            return False
        for message in messages:
            (self._events if is_event(message) else self.replies).append(message)
        return True

    def close(self) -> None:
        """Close the socket."""
        self._stack.close()
