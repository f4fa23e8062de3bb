"""Bayeux 1.0 messages as plain values: building them, reading them, and deciding what a client does next.

Source: "The Bayeux Protocol Specification 1.0" (CometD reference documentation); where the text and sound servers
differ, the client goes by the advice and never by the text of an error.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Message = dict[str, Any]
Reconnect = Literal["retry", "handshake", "none"]

HANDSHAKE = "/meta/handshake"
CONNECT = "/meta/connect"
SUBSCRIBE = "/meta/subscribe"
UNSUBSCRIBE = "/meta/unsubscribe"
DISCONNECT = "/meta/disconnect"

MAX_HOLD = 600.0
"""Seconds a connect is waited for at most, whatever the server's `timeout` advice says."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How the server wants the client to behave. Seconds; a negative `interval` means: do not connect again."""

    reconnect: Reconnect = "retry"
    interval: float = 0.0
    timeout: float = 60.0
    multiple_clients: bool = False


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing delays after failures in a row, and how many of those are borne."""

    initial: float = 0.1
    factor: float = 2.0
    maximum: float = 10.0
    attempts: int = 10

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row; 0 after none."""
        if failures < 1:
            return 0.0
        return float(min(self.maximum, self.initial * self.factor ** min(failures - 1, 60)))


@dataclass(frozen=True, slots=True)
class Decision:
    """What the client does next, after `delay` seconds."""

    action: Literal["connect", "handshake", "stop"]
    delay: float
    reason: str


@dataclass(eq=False)
class Pending:
    """A message that was sent and its reply, once there is one. `probe`: its reply does not concern the session."""

    message: Mapping[str, Any]
    probe: bool = False
    reply: Message | None = None
    error: str | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def resolve(self, reply: Message | None, error: str | None = None) -> None:
        """Set the reply, or say why there is none. The first word counts: a socket may close right after a reply."""
        if self.done.is_set():
            return
        self.reply, self.error = reply, error
        self.done.set()


class Ids:
    """Message ids: 1, 2, 3 ... as strings, each used once. Thread-safe."""

    def __init__(self) -> None:
        self._counter = itertools.count(1)

    def next(self) -> str:
        """The next id."""
        return str(next(self._counter))


@dataclass(slots=True)
class Acknowledgement:
    """The client side of the acknowledgement extension (CometD reference, Message Acknowledgment Extension)."""

    wanted: bool
    agreed: bool = False
    last: int = -1

    def negotiate(self, handshake_reply: Mapping[str, Any]) -> None:
        """Take over what the server's handshake reply says: `ext.ack` true, or {enabled, batch}."""
        ext = handshake_reply.get("ext")
        ack = ext.get("ack") if isinstance(ext, Mapping) else None
        self.agreed, self.last = False, -1
        if not self.wanted:
            return
        if isinstance(ack, Mapping):
            self.agreed = ack.get("enabled") is True
            batch = ack.get("batch")
            if isinstance(batch, int) and not isinstance(batch, bool):
                self.last = batch
        else:
            self.agreed = ack is True

    def received(self, connect_reply: Mapping[str, Any]) -> None:
        """Remember the batch that a successful connect reply closes."""
        ext = connect_reply.get("ext")
        number = ext.get("ack") if isinstance(ext, Mapping) else None
        if self.agreed and isinstance(number, int) and not isinstance(number, bool):
            self.last = number


def handshake(message_id: str, connection_types: Sequence[str], ack: bool) -> Message:
    """A handshake request; no other message may travel with it."""
    message: Message = {
        "id": message_id,
        "channel": HANDSHAKE,
        "version": "1.0",
        "minimumVersion": "1.0",
        "supportedConnectionTypes": list(connection_types),
    }
    return message | {"ext": {"ack": True}} if ack else message


def connect(message_id: str, client_id: str, connection_type: str, ack: Acknowledgement, at_once: bool) -> Message:
    """A connect request. `at_once`: the server is asked not to hold it, so that success is known soon."""
    message: Message = {
        "id": message_id,
        "channel": CONNECT,
        "clientId": client_id,
        "connectionType": connection_type,
    }
    if at_once:
        message["advice"] = {"timeout": 0}
    if ack.agreed:
        message["ext"] = {"ack": ack.last}
    return message


def is_meta(message: Mapping[str, Any]) -> bool:
    """Whether a message travels on a meta channel."""
    return str(message.get("channel", "")).startswith("/meta/")


def is_event(message: Mapping[str, Any]) -> bool:
    """Whether a received message delivers an event: not on a meta channel, and no verdict on a publish.

    An event may carry an id, even one that equals an id of ours (Faye): the id decides nothing. An object with neither
    channel nor data is no Bayeux message at all but, say, the error body of a request that was refused.
    """
    return not is_meta(message) and "successful" not in message and ("channel" in message or "data" in message)


def messages_of(body: Any) -> list[Any] | None:
    """The messages of a frame (an array, or a bare object); None where it holds no messages at all."""
    if isinstance(body, list):
        return body
    return [body] if isinstance(body, dict) else None


def read_advice(raw: Mapping[str, Any], transport: str) -> Advice:
    """An advice as received. It replaces all of an older one; what it leaves out has its default, not the older value.
    A section for the transport in use goes before the top level. Values of a wrong type are left out."""
    section = raw.get(transport)
    values = {**raw, **section} if isinstance(section, Mapping) else dict(raw)
    known = Advice()
    reconnect = values.get("reconnect")
    return Advice(
        reconnect=reconnect if reconnect in ("retry", "handshake", "none") else known.reconnect,
        interval=_seconds(values.get("interval"), known.interval),
        timeout=min(MAX_HOLD, max(0.0, _seconds(values.get("timeout"), known.timeout))),
        multiple_clients=values.get("multiple-clients") is True,
    )


def decide(advice: Advice, failures: int, backoff: Backoff) -> Decision:
    """What to do after a connect or a handshake, going by the newest advice alone. `failures`: in a row, 0 after a
    successful connect."""
    if advice.reconnect == "none":
        return Decision("stop", 0.0, "the server advises neither to retry nor to handshake")
    if advice.interval < 0:
        return Decision("stop", 0.0, "the server advises a negative interval")
    if failures > backoff.attempts:
        return Decision("stop", 0.0, f"{failures} failures in a row")
    if advice.reconnect == "handshake":
        # The first handshake is what the server asked for, no failure: only its repetition is slowed down.
        delay = advice.interval + backoff.delay(failures - 1)
        return Decision("handshake", delay, "the server advises a handshake")
    return Decision("connect", advice.interval + backoff.delay(failures), "the server advises to retry")


def match_replies(messages: Sequence[Any], waiting: Sequence[Pending], lenient: bool) -> dict[int, Pending]:
    """Which message of a frame answers which request: by id and channel; a reply without id by channel and order.

    `lenient`: the frame answers exactly these requests (one HTTP exchange), so a wrong id is borne as well.
    """
    open_requests = [pending for pending in waiting if not pending.done.is_set()]
    matched: dict[int, Pending] = {}

    def take(strict: bool) -> None:
        for index, message in enumerate(messages):
            if index in matched or not isinstance(message, Mapping) or is_event(message):
                continue
            for pending in open_requests:
                same_id = message.get("id") == pending.message.get("id") and "id" in message
                loose = not strict and (lenient or message.get("id") is None)
                if message.get("channel") == pending.message.get("channel") and (same_id or loose):
                    matched[index] = pending
                    open_requests.remove(pending)
                    break

    take(strict=True)
    take(strict=False)
    return matched


def _seconds(value: Any, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return default
    return float(max(-1.0, min(value / 1000, 86_400.0)))
