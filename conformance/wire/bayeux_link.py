"""The exchanges of one Bayeux client: frames out, frames in, and what they mean for client id, advice and
acknowledgement. When to exchange what is the session's affair (`cometd`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from conformance.wire.bayeux_messages import (
    DISCONNECT,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Acknowledgement,
    Advice,
    Ids,
    Message,
    Pending,
    connect,
    handshake,
    is_event,
    match_replies,
    read_advice,
)
from conformance.wire.cometd_log import CometdLog, refusal
from conformance.wire.http import HttpSession
from conformance.wire.transports import Frame, LongPolling, Payload, Transport, TransportFailure, WebSocket

TransportName = Literal["long-polling", "websocket"]


class BayeuxLink:
    """A client's side of the protocol over one transport. Thread-safe.

    `client_id` and `handshake_reply` are of the newest successful handshake, `advice` is the newest advice,
    `delivered` counts events.
    """

    def __init__(self, http: HttpSession, log: CometdLog, transport: TransportName, url: str, *, ack: bool) -> None:
        self.log, self.name = log, transport
        self.advice = Advice()
        self.client_id: str | None = None
        self.handshake_reply: Message | None = None
        self.delivered = 0
        self._timeout = http.config.timeout
        self._ack = Acknowledgement(ack)
        self._ids = Ids()
        # Nothing is sent beside a handshake: whoever sends holds this gate, the held connect excepted, which never
        # meets a handshake because one thread does both.
        self._gate = threading.RLock()
        self._leaving = False
        self._transport: Transport
        if transport == "websocket":
            self._transport = WebSocket(http, url, self._receive, self._lost)
        else:
            self._transport = LongPolling(http, url, self._receive)

    @property
    def silent(self) -> bool:
        """Whether all that has arrived is recorded, and a connect is held."""
        return self._transport.silent

    @contextmanager
    def alone(self, timeout: float = -1) -> Iterator[bool]:
        """Keep others from sending (the held connect excepted); gives False where they are not done in time."""
        mine = self._gate.acquire(timeout=timeout)
        try:
            yield mine
        finally:
            if mine:
                self._gate.release()

    def handshake(self, timeout: float) -> tuple[str | None, bool]:
        """One handshake: what is wrong (None: success), and whether the reply came with an advice."""
        types = [self.name] if self.name == "long-polling" else [self.name, "long-polling"]
        with self.alone():
            try:
                pendings, frame = self.exchange([handshake(self._ids.next(), types, self._ack.wanted)], timeout)
            except TransportFailure as failure:
                return self.log.say(failure), False
            reply = pendings[0].reply
            if reply is None:
                return refusal(self.log, None, frame.status), False
            advised = isinstance(reply.get("advice"), Mapping)
            problem = self._handshake_problem(reply)
            if problem is None:
                self._ack.negotiate(reply)
                self.client_id, self.handshake_reply = reply["clientId"], reply
                if not advised:
                    # What was advised for the former session must not be followed in the new one.
                    self.advice = Advice()
            return problem, advised

    def connect(self, timeout: float, *, at_once: bool) -> str | None:
        """One connect, waited for beside everything else; what is wrong, None on success."""
        assert self.client_id is not None, "a handshake comes first"
        message = connect(self._ids.next(), self.client_id, self.name, self._ack, at_once)
        try:
            pendings, frame = self.exchange([message], timeout, held=True)
        except TransportFailure as failure:
            return self.log.say(failure)
        reply = pendings[0].reply
        if reply is None or reply.get("successful") is not True:
            return refusal(self.log, reply, frame.status)
        self._ack.received(reply)
        return None

    def subscribe(self, channels: Sequence[str], timeout: float | None = None) -> dict[str, str]:
        """Subscribe to channels; answers the refused ones and why."""
        return self._on_channels(SUBSCRIBE, channels, timeout)

    def unsubscribe(self, channels: Sequence[str], timeout: float | None = None) -> dict[str, str]:
        """Unsubscribe from channels; answers the refused ones and why."""
        return self._on_channels(UNSUBSCRIBE, channels, timeout)

    def batch(self, messages: Sequence[Mapping[str, Any]], timeout: float | None = None) -> list[Message | None]:
        """Messages in one frame, completed by id and client id, and their replies. Raises `TransportFailure`."""
        with self.alone():
            complete = [{"id": self._ids.next(), "clientId": self.client_id, **message} for message in messages]
            return [pending.reply for pending in self.exchange(complete, timeout)[0]]

    def disconnect(self, timeout: float) -> bool:
        """Say goodbye; whether the server said yes. Failures are recorded, and no reason to stay."""
        with self.alone(timeout) as mine:
            if not mine or self.client_id is None:
                return False
            message = {"id": self._ids.next(), "channel": DISCONNECT, "clientId": self.client_id}
            self._leaving = True
            try:
                return successful(self.exchange([message], timeout)[0][0].reply)
            except TransportFailure:
                # Recorded by the exchange.
                return False

    def exchange(
        self, payload: Payload, timeout: float | None, *, held: bool = False, probe: bool = False
    ) -> tuple[list[Pending], Frame]:
        """Send a frame and wait for its replies. `probe`: they do not change the link. Raises `TransportFailure`,
        recorded unless `held` (a connect's failure is the session's to tell)."""
        messages = [] if isinstance(payload, bytes) else [payload] if isinstance(payload, Mapping) else list(payload)
        self.log.sent(messages, payload if isinstance(payload, bytes) else None)
        pendings = [Pending(message, probe) for message in messages]
        seconds = self._timeout if timeout is None else timeout
        try:
            return pendings, self._transport.exchange(payload, pendings, held=held, timeout=seconds)
        except TransportFailure as failure:
            if not held:
                self.log.trouble(self.log.say(failure))
            raise

    def abort(self) -> None:
        """End a held connect at once."""
        self._transport.abort()

    def close(self) -> None:
        """Free the connections."""
        self._transport.close()

    def _lost(self, reason: str) -> None:
        """The WebSocket went away by itself; after our goodbye a server may close it (Faye does)."""
        if not self._leaving:
            self.log.trouble(reason)

    def _handshake_problem(self, reply: Mapping[str, Any]) -> str | None:
        if not successful(reply):
            return refusal(self.log, reply)
        if not isinstance(reply.get("clientId"), str) or not reply["clientId"]:
            return "successful, but without a clientId"
        types = reply.get("supportedConnectionTypes")
        if isinstance(types, list) and self.name not in types:
            return f"successful, but the server does not offer {self.name}"
        return None

    def _on_channels(self, meta: str, channels: Sequence[str], timeout: float | None) -> dict[str, str]:
        """All channels in one message; a server that does not take an array gets one message a channel."""
        if not channels:
            return {}
        with self.alone():
            try:
                if len(channels) > 1 and self._all_at_once(meta, channels, timeout):
                    return {}
                pendings, frame = self.exchange([self._channel(meta, channel) for channel in channels], timeout)
            except TransportFailure as failure:
                return dict.fromkeys(channels, self.log.say(failure))
        verdicts = zip(channels, (pending.reply for pending in pendings), strict=True)
        refused = {channel: reply for channel, reply in verdicts if not successful(reply)}
        return {channel: refusal(self.log, reply, frame.status) for channel, reply in refused.items()}

    def _all_at_once(self, meta: str, channels: Sequence[str], timeout: float | None) -> bool:
        try:
            pendings, _ = self.exchange([self._channel(meta, list(channels))], timeout)
        except TransportFailure as failure:
            if failure.status == 0:
                raise
            return False
        return successful(pendings[0].reply)

    def _channel(self, meta: str, subscription: str | list[str]) -> Message:
        return {"id": self._ids.next(), "channel": meta, "clientId": self.client_id, "subscription": subscription}

    def _receive(
        self, messages: list[Any], status: int | None, waiting: Sequence[Pending], answers_just_these: bool
    ) -> None:
        """Take a frame from the transport, on whatever thread it came: record it, deliver it, resolve what waits."""
        frame = self.log.received(messages, status)
        matched = match_replies(messages, waiting, answers_just_these)
        for index, message in enumerate(messages):
            if not isinstance(message, dict):
                self.log.trouble(f"entry {index} of a frame is no object")
                continue
            if is_event(message):
                self.log.event(message, frame, index)
                self.delivered += 1
            pending = matched.get(index)
            probe = pending.probe if pending else answers_just_these and any(p.probe for p in waiting)
            if isinstance(message.get("advice"), Mapping) and not probe:
                self.advice = read_advice(message["advice"], self.name)
        for index, pending in matched.items():
            pending.resolve(messages[index])


def successful(reply: Mapping[str, Any] | None) -> bool:
    """Whether a reply says yes."""
    return reply is not None and reply.get("successful") is True
