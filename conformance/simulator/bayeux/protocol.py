"""What the server answers to each Bayeux message, whatever the transport.

Source: Bayeux 1.0, "Meta Message Field Definitions" and "Event Message Field Definitions". Where the specification
leaves a choice, this follows CometD for Java 3.1: the first connect after a handshake is answered at once, so is
a connect that shares its request with other messages, only the handshake reply carries `clientId`, and events
without acknowledgements also travel with the replies to other messages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import faults
from .channels import META, SERVICE, MaySubscribe, documented, is_channel, is_pattern
from .messages import (
    CONNECT,
    CREATE_DENIED,
    DISCONNECT,
    HANDSHAKE,
    LONG_POLLING,
    PUBLISH_DENIED,
    SUBSCRIBE,
    SUBSCRIBE_DENIED,
    UNSUBSCRIBE,
    VERSION,
    Message,
    advised_timeout,
    encode,
    extension,
    reply_to,
    subscriptions_of,
    unknown_client,
)
from .registry import Registry
from .sessions import Hold, Peer, Release, Session

# What a client is told while the server stops, so that it does not hammer it.
_CLOSING_INTERVAL_MS = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one message. With a `hold` it is not due yet: wait for it, then conclude."""

    message: Message
    reply: Message
    session: Session | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes out for one message, as JSON texts: events first, then the reply (None: not answered)."""

    events: list[str]
    reply: str | None


class Conversation:
    """Answers messages. `answer` never waits and `conclude` gives what is to be sent."""

    def __init__(self, registry: Registry, may_subscribe: MaySubscribe = documented) -> None:
        self.registry = registry
        self._may_subscribe = may_subscribe
        self._faulty = registry.faulty
        self._meta: dict[str, Callable[[Message, Session], Answer]] = {
            DISCONNECT: self._disconnect,
            SUBSCRIBE: self._subscribe,
            UNSUBSCRIBE: self._unsubscribe,
        }

    def relevant(self, messages: list[Message]) -> list[Message]:
        """The messages of one request that are to be answered: a handshake makes the server ignore the rest."""
        handshakes = [message for message in messages if message["channel"] == HANDSHAKE]
        return handshakes[:1] or messages

    def answer(self, message: Message, peer: Peer, *, may_wait: bool) -> Answer:
        """The answer to a message; `may_wait` allows a connect to be held."""
        self.registry.sweep()
        channel = message["channel"]
        if channel == HANDSHAKE:
            return self._handshake(message, peer)
        session = self.registry.find(message.get("clientId"), peer)
        if session is None:
            return Answer(message, self._unknown(message))
        if channel == CONNECT:
            return self._connect(message, peer, session, may_wait=may_wait)
        if channel in self._meta:
            return self._meta[channel](message, session)
        return self._publish(message, session)

    def conclude(self, answer: Answer, why: Release = Release.TIMEOUT) -> Delivery:
        """What to send for an answer; `why` says how the wait for a held connect ended."""
        session, reply = answer.session, answer.reply
        if session is None:
            return Delivery([], self._encode(reply))
        is_connect = reply["channel"] == CONNECT and reply.get("successful") is True
        if is_connect and why is Release.FORGOTTEN:
            return Delivery([], self._encode(self._unknown(answer.message)))
        if is_connect and why is Release.DISCONNECTED:
            reply = {**reply, "advice": {**self._advice(), "reconnect": "none"}}
        events: list[str] = []
        if is_connect or not session.mailbox.acknowledged:
            events = session.mailbox.take()
        if is_connect and session.mailbox.acknowledged:
            batch = session.mailbox.close_batch(forget=self._faulty(faults.ACK_FORGETS))
            reply = {**reply, "ext": {"ack": batch}}
        if self._faulty(faults.WRONG_ORDER):
            events.reverse()
        return Delivery(events, self._encode(reply))

    # --- meta messages ------------------------------------------------------------------------------------

    def _handshake(self, message: Message, peer: Peer) -> Answer:
        supported = self.registry.settings.transports
        common = {"version": VERSION, "supportedConnectionTypes": list(supported)}
        offered = message.get("supportedConnectionTypes")
        shared = isinstance(offered, list) and any(name in supported for name in offered)
        refusal: str | None = None
        if not shared and not self._faulty(faults.ANY_TRANSPORT):
            refusal = "403::no_shared_connection_type"
        elif _too_new(message.get("minimumVersion")):
            refusal = "403::unsupported_version"
        if refusal is not None:
            reply = {**reply_to(message, error=refusal), **common, "advice": {"reconnect": "none"}}
            return Answer(message, reply)
        acknowledged = extension(message, "ack") is True
        session = self.registry.open(peer, acknowledged=acknowledged)
        reply = {**reply_to(message), **common, "minimumVersion": VERSION, "clientId": session.client_id}
        reply["advice"] = self._advice()
        if acknowledged:
            reply["ext"] = {"ack": True}
        # No session in the answer: events never travel with a handshake reply.
        return Answer(message, reply)

    def _connect(self, message: Message, peer: Peer, session: Session, *, may_wait: bool) -> Answer:
        if message.get("connectionType") != peer.transport:
            refusal = reply_to(message, error="400::connection_type_invalid")
            return Answer(message, {**refusal, "advice": {"reconnect": "none"}}, session)
        if session.hold is not None and not self._faulty(faults.TWO_CONNECTS):
            session.hold.release(Release.SUPERSEDED)
            session.hold = None
        if peer.transport == LONG_POLLING:
            session.push = None
        first, session.connected = not session.connected, True
        batch = extension(message, "ack")
        if session.mailbox.acknowledged and isinstance(batch, int) and not isinstance(batch, bool):
            session.mailbox.acknowledge(batch)

        reply = reply_to(message)
        if session.owes_advice or isinstance(message.get("advice"), dict):
            session.owes_advice = False
            reply["advice"] = self._advice()
        self.registry.lease(session)
        pushed = peer.transport != LONG_POLLING and not session.mailbox.acknowledged
        if not may_wait or (len(session.mailbox) and not pushed):
            return Answer(message, reply, session)
        if not pushed and self._is_second_client(peer, session):
            return Answer(message, self._multiple_clients(reply, session), session)
        timeout = self._timeout(message, first=first)
        if timeout <= 0:
            return Answer(message, reply, session)
        return Answer(message, reply, session, self.registry.hold(session, timeout))

    def _timeout(self, message: Message, *, first: bool) -> float:
        """How long (ms) this connect may be held. The client may shorten the wait, not lengthen it."""
        longest = self.registry.settings.timeout_ms
        if self.registry.closing:
            return 0
        if self._faulty(faults.IGNORES_TIMEOUT):
            return longest
        if first:
            return 0
        advised = advised_timeout(message)
        return longest if advised is None else min(longest, advised)

    def _is_second_client(self, peer: Peer, session: Session) -> bool:
        if peer.transport != LONG_POLLING or self._faulty(faults.ALL_HELD):
            return False
        return self.registry.browser_is_busy(session)

    def _multiple_clients(self, reply: Message, session: Session) -> Message:
        interval = self.registry.settings.multiple_clients_interval_ms
        self.registry.lease(session, interval)
        # The client must hear when it may go back to the normal interval.
        session.owes_advice = True
        return {**reply, "advice": {**self._advice(), "interval": interval, "multiple-clients": True}}

    def _subscribe(self, message: Message, session: Session) -> Answer:
        channels = subscriptions_of(message)
        error = channels if isinstance(channels, str) else None
        for channel in [] if isinstance(channels, str) else channels:
            # All or nothing: a refused channel leaves the others alone.
            error = error or self._refusal(session.user_id, channel)
        reply = reply_to(message, error=error)
        if error is None:
            session.subscriptions.update(dict.fromkeys(channels))
        return Answer(message, _with_subscription(reply, message), session)

    def _refusal(self, user_id: str, channel: str) -> str | None:
        if not is_pattern(channel):
            return "403::subscription_invalid"
        if channel.startswith(META):
            return None if self._faulty(faults.META_ALLOWED) else SUBSCRIBE_DENIED
        return None if self._may_subscribe(user_id, channel) else SUBSCRIBE_DENIED

    def _unsubscribe(self, message: Message, session: Session) -> Answer:
        channels = subscriptions_of(message)
        error = channels if isinstance(channels, str) else None
        if error is None and not self._faulty(faults.IGNORES_UNSUBSCRIBE):
            for channel in channels:
                session.subscriptions.pop(channel, None)
        return Answer(message, _with_subscription(reply_to(message, error=error), message), session)

    def _disconnect(self, message: Message, session: Session) -> Answer:
        # Events that still wait go out with the connect that is released now, if there is one.
        waiting = session.hold is not None
        self.registry.remove(session, Release.DISCONNECTED)
        return Answer(message, reply_to(message), None if waiting else session)

    # --- everything else ----------------------------------------------------------------------------------

    def _publish(self, message: Message, session: Session) -> Answer:
        channel = message["channel"]
        error: str | None = None
        if channel.startswith(META):
            error = CREATE_DENIED
        elif not is_channel(channel):
            error = "400::channel_invalid"
        elif "data" not in message:
            error = "400::data_missing"
        elif not channel.startswith(SERVICE):
            # Only the server publishes on its topics, and there is nobody to talk to on others.
            error = PUBLISH_DENIED if documented(session.user_id, channel) else CREATE_DENIED
        return Answer(message, reply_to(message, error=error), session)

    def _unknown(self, message: Message) -> Message:
        if self._faulty(faults.UNKNOWN_CLIENT) and "clientId" in message:
            reply = {**reply_to(message), "advice": {**self._advice(), "interval": _CLOSING_INTERVAL_MS}}
            return _with_subscription(reply, message)
        return unknown_client(message, advice=not self._faulty(faults.NO_ADVICE))

    def _advice(self) -> dict[str, Any]:
        settings = self.registry.settings
        interval = settings.interval_ms
        if self.registry.closing:
            interval = max(interval, _CLOSING_INTERVAL_MS)
        return {"reconnect": "retry", "interval": interval, "timeout": settings.timeout_ms}

    def _encode(self, reply: Message) -> str | None:
        channel = reply["channel"]
        if channel == DISCONNECT and self._faulty(faults.NO_DISCONNECT_REPLY):
            return None
        left_out = set()
        if self._faulty(faults.NO_ID_ECHO):
            left_out.add("id")
        if channel.startswith(META) and self._faulty(faults.NO_SUCCESSFUL):
            left_out.add("successful")
        if channel == HANDSHAKE and self._faulty(faults.NO_VERSION):
            left_out.add("version")
        if self._faulty(faults.NO_SUBSCRIPTION):
            left_out.add("subscription")
        return encode({name: value for name, value in reply.items() if name not in left_out})


def _with_subscription(reply: Message, message: Message) -> Message:
    return {**reply, "subscription": message["subscription"]} if "subscription" in message else reply


def _too_new(minimum_version: object) -> bool:
    """Whether the client speaks nothing as old as version 1."""
    major = minimum_version.partition(".")[0] if isinstance(minimum_version, str) else ""
    return major.isdecimal() and major.lstrip("0") not in ("", "1")
