"""A client's session: what it subscribed to, what waits for it, and the connect that is held for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum


class Release(Enum):
    """Why a held connect is answered."""

    EVENTS = "events arrived"
    TIMEOUT = "nothing happened for the advised time"
    SUPERSEDED = "a newer connect of the same session came"
    DISCONNECTED = "the client said disconnect"
    FORGOTTEN = "the server dropped the session"
    CLOSED = "the client went away"


@dataclass(frozen=True, slots=True)
class Peer:
    """Who sent a request: the authenticated user, the browser's cookie, and the transport."""

    user_id: str
    browser_id: str | None
    transport: str


@dataclass(eq=False, slots=True)
class Hold:
    """A connect that waits for its answer. `seconds` is how long at most, `deadline` the same on the clock."""

    seconds: float
    deadline: float
    released: asyncio.Future[Release]

    def release(self, why: Release) -> None:
        """Let the connect be answered; the first reason counts."""
        if not self.released.done():
            self.released.set_result(why)


class Mailbox:
    """Events that wait for a client, oldest first, as JSON texts.

    With acknowledgements they stay until the client has confirmed the batch they were sent in; batches are
    numbered from 1, one for each connect reply.
    """

    def __init__(self, *, acknowledged: bool = False) -> None:
        self.acknowledged = acknowledged
        self.batch = 1
        self._waiting: deque[tuple[int, str]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, text: str) -> None:
        """Queue one event."""
        self._waiting.append((self.batch, text))

    def put_back(self, texts: list[str]) -> None:
        """Queue events that could not be sent, before all others and in their order."""
        self._waiting.extendleft((self.batch, text) for text in reversed(texts))

    def take(self) -> list[str]:
        """What is to be sent now. Without acknowledgements it is gone from here afterwards."""
        texts = [text for _, text in self._waiting]
        if not self.acknowledged:
            self._waiting.clear()
        return texts

    def close_batch(self, *, forget: bool = False) -> int:
        """The number of the batch that a connect reply carries; `forget` drops its events at once: a fault."""
        closed = self.batch
        self.batch += 1
        if forget:
            self._waiting.clear()
        return closed

    def acknowledge(self, batch: int) -> None:
        """Drop the events of every batch up to this one."""
        while self._waiting and self._waiting[0][0] <= batch:
            self._waiting.popleft()


@dataclass(eq=False, slots=True)
class Session:
    """One handshaken client."""

    client_id: str
    user_id: str
    browser_id: str | None
    mailbox: Mailbox
    subscriptions: dict[str, None] = field(default_factory=dict)
    connected: bool = False
    owes_advice: bool = True
    hold: Hold | None = None
    expires_at: float | None = None
    # Set while a WebSocket carries the session: sends what the mailbox holds.
    push: Callable[[], None] | None = None

    def notify(self) -> None:
        """Something was put into the mailbox: send it, or release the connect that waits for it."""
        if self.push is not None and not self.mailbox.acknowledged:
            self.push()
        elif self.hold is not None:
            self.hold.release(Release.EVENTS)

    @property
    def listening(self) -> bool:
        """Whether an event could be sent this instant."""
        return self.push is not None or self.hold is not None
