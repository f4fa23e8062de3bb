"""A relay between a Bayeux client and a server, which distorts what passes: a faulty server, or a faulty network."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.wire.servers import Answer, LocalServer, Seen, serving

Message = dict[str, Any]
Forward = Callable[[list[Message]], list[Message]]
Distort = Callable[[list[Message], Forward], "list[Message] | Answer | None"]
"""What becomes of a request: its messages, and a function that has messages answered by the server. Gives the replies,
a whole HTTP answer, or None to break the connection."""

DEADLINE = 60.0
_DROPPED = {"connection", "content-length", "date", "host", "keep-alive", "server", "transfer-encoding"}


class Relay:
    """Passes POSTs on to a server."""

    def __init__(self, base_url: str, distort: Distort) -> None:
        parts = urlsplit(base_url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._distort = distort

    def __call__(self, seen: Seen) -> Answer | None:
        headers: list[tuple[str, str]] = []
        refused: list[Answer] = []

        def forward(messages: list[Message]) -> list[Message]:
            answer = self._post(seen, messages)
            headers.extend(answer.headers)
            if answer.status != 200:
                refused.append(answer)
                return []
            replies: list[Message] = json.loads(answer.raw())
            return replies

        replies = self._distort(json.loads(seen.body), forward)
        if refused:
            return refused[0]
        return Answer(body=replies, headers=headers) if isinstance(replies, list) else replies

    def _post(self, seen: Seen, messages: list[Message]) -> Answer:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=DEADLINE)
        try:
            sent = {name: value for name, value in seen.headers.items() if name not in _DROPPED}
            connection.request("POST", seen.target, json.dumps(messages).encode(), sent)
            response = connection.getresponse()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _DROPPED]
            passed = [(name, value) for name, value in kept if name.lower() != "content-type"]
            return Answer(response.status, response.read(), passed, content_type=response.headers["content-type"])
        finally:
            connection.close()


@contextmanager
def relayed(base_url: str, distort: Distort) -> Iterator[LocalServer]:
    """A relay before the server at `base_url`; its `url` takes the server's place."""
    with serving(Relay(base_url, distort)) as server:
        yield server


class Cut:
    """A network that loses one reply: the next one that carries a message on a certain channel."""

    def __init__(self) -> None:
        self._channel: str | None = None
        self._done = threading.Event()

    def next_with(self, channel: str) -> None:
        """Lose the next reply with a message on this channel."""
        self._done.clear()
        self._channel = channel

    def wait(self) -> None:
        """Wait until it is lost."""
        assert self._done.wait(10), "nothing was lost"

    def __call__(self, messages: list[Message], forward: Forward) -> list[Message] | None:
        replies = forward(messages)
        if self._channel is not None and any(reply.get("channel") == self._channel for reply in replies):
            self._channel = None
            self._done.set()
            return None
        return replies
