"""Small local servers that do exactly what a test tells them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conformance.wire.http import HttpSession

PASSWORD = "correct-horse-battery"
"""Of every session in these tests; it may stand in no timeline."""

MakeSession = Callable[..., HttpSession]
Header = tuple[str, str]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived. Header names in lower case, the last of equal ones."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """A reply: `body` bytes or, for JSON, any other value. `chunked` sends it in chunks of so many bytes."""

    status: int = 200
    body: Any = b""
    headers: Sequence[Header] = ()
    chunked: int = 0
    content_type: str | None = "application/json"
    promise: int | None = None

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


App = Callable[[Seen], Answer | None]


class LocalServer:
    """Answers each request by an app; None breaks the connection without a word."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.seen: list[Seen] = []
        self.most_at_once = 0
        self._at_once = 0
        self._changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def __getattr__(self, name: str) -> Callable[[], None]:
                if name.startswith("do_"):
                    return lambda: outer._handle(self)
                raise AttributeError(name)

            def log_message(self, format: str, *args: object) -> None:
                """The tests look at what was seen, not at a log."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self._thread.join(2)

    def wait_for(self, predicate: Callable[[list[Seen]], bool], deadline: float = 5) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: predicate(self.seen), deadline), "the server never saw it"

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        seen = Seen(handler.command, handler.path, headers, _body(handler, headers), handler.client_address[1])
        with self._changed:
            self.seen.append(seen)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._changed.notify_all()
        try:
            answer = self.app(seen)
        finally:
            with self._changed:
                self._at_once -= 1
        if answer is None:
            handler.close_connection = True
            return
        _reply(handler, answer)


def _body(handler: BaseHTTPRequestHandler, headers: dict[str, str]) -> bytes:
    if "chunked" not in headers.get("transfer-encoding", ""):
        return handler.rfile.read(int(headers.get("content-length", "0")))
    parts = []
    while size := int(handler.rfile.readline().strip() or b"0", 16):
        parts.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(parts)


def _reply(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    raw = answer.raw()
    try:
        handler.send_response(answer.status)
        if answer.content_type is not None:
            handler.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers:
            handler.send_header(name, value)
        if answer.chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Content-Length", str(len(raw) if answer.promise is None else answer.promise))
        handler.end_headers()
        if answer.chunked:
            for start in range(0, len(raw), answer.chunked):
                part = raw[start : start + answer.chunked]
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            handler.wfile.write(b"0\r\n\r\n")
        elif handler.command != "HEAD":
            handler.wfile.write(raw)
    except OSError:
        # The client went away, which some tests make it do.
        handler.close_connection = True
    if answer.promise is not None:
        handler.close_connection = True


@contextmanager
def serving(app: App) -> Iterator[LocalServer]:
    server = LocalServer(app)
    try:
        yield server
    finally:
        server.close()


Message = dict[str, Any]
Script = Callable[[Message], "list[Message] | Answer | None"]

RETRY = {"reconnect": "retry", "interval": 0, "timeout": 20_000}


@dataclass
class BayeuxPeer:
    """A Bayeux server that behaves, except where a script for a channel says otherwise.

    `scripts[channel]` is a queue: each request on the channel takes one and is answered by it; without any, the
    request is answered soundly. `after`: events follow the connect reply, as Faye does it.
    """

    after: bool = False
    hold: float = 20.0
    acks: bool = False
    scripts: dict[str, list[Script]] = field(default_factory=dict)
    events: list[Message] = field(default_factory=list)
    handshakes: int = 0
    held: int = 0
    most_held: int = 0
    frames: list[list[Message]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    closing: bool = False
    released: bool = False
    batch: int = 0

    def script(self, channel: str, *replies: Script) -> None:
        with self.changed:
            self.scripts.setdefault(channel, []).extend(replies)

    def publish(self, channel: str, data: Any, **extra: Any) -> None:
        with self.changed:
            self.events.append({"channel": channel, "data": data, **extra})
            self.changed.notify_all()

    def close(self) -> None:
        with self.changed:
            self.closing = True
            self.changed.notify_all()

    def sent(self, channel: str) -> list[Message]:
        """The messages that arrived on a channel so far."""
        with self.changed:
            return [m for frame in self.frames for m in frame if m.get("channel") == channel]

    def until(self, predicate: Callable[[], bool], deadline: float = 5) -> None:
        with self.changed:
            assert self.changed.wait_for(predicate, deadline), "the peer never came there"

    def __call__(self, seen: Seen) -> Answer | None:
        messages: list[Message] = seen.json
        with self.changed:
            self.frames.append(messages)
            self.changed.notify_all()
        out: list[Message] = []
        for message in messages:
            replies = self.answer(message)
            if not isinstance(replies, list):
                return replies
            out += replies
        return Answer(body=out)

    def answer(self, message: Message) -> list[Message] | Answer | None:
        channel = str(message["channel"])
        with self.changed:
            queue = self.scripts.get(channel)
            script = queue.pop(0) if queue else None
        if script is not None:
            return script(message)
        if channel == "/meta/connect":
            return self.connect(message)
        return [self.sound(message)]

    def sound(self, message: Message) -> Message:
        channel = str(message["channel"])
        reply: Message = {"channel": channel, "id": message.get("id"), "successful": True}
        if channel == "/meta/handshake":
            with self.changed:
                self.handshakes += 1
                reply |= {
                    "clientId": f"client{self.handshakes}",
                    "version": "1.0",
                    "supportedConnectionTypes": ["long-polling", "websocket"],
                    "advice": dict(RETRY),
                }
            if self.acks:
                reply["ext"] = {"ack": True}
        if "subscription" in message:
            reply["subscription"] = message["subscription"]
        if channel == "/meta/disconnect":
            with self.changed:
                self.released = True
                self.changed.notify_all()
        return reply

    def connect(self, message: Message) -> list[Message]:
        at_once = message.get("advice", {}).get("timeout") == 0
        with self.changed:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
            self.changed.notify_all()
            if not at_once:
                end = time.monotonic() + self.hold
                while not (self.events or self.closing or self.released) and time.monotonic() < end:
                    self.changed.wait(max(0.0, end - time.monotonic()))
            self.held -= 1
            events, self.events = self.events, []
            reply: Message = {"channel": "/meta/connect", "id": message.get("id"), "successful": True}
            if self.acks:
                self.batch += 1
                reply["ext"] = {"ack": self.batch}
        return [reply, *events] if self.after else [*events, reply]


@contextmanager
def bayeux(peer: BayeuxPeer) -> Iterator[LocalServer]:
    with serving(peer) as server:
        try:
            yield server
        finally:
            peer.close()
