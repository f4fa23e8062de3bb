"""One actor's CometD session: subscriptions, a held connect in a thread of its own, and the record of every frame.

Sources: Web Services API Reference, "CometD notifications" (lines 1236-1300); "The Bayeux Protocol Specification 1.0".
The session drops nothing and invents nothing: each frame is one `cometd.receive`, each delivered event one
`cometd.event`, duplicates included. What the server advises decides; the text of its errors never does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

from conformance.wire.bayeux_link import BayeuxLink, TransportName
from conformance.wire.bayeux_messages import Advice, Backoff, Decision, Message, decide, is_event
from conformance.wire.cometd_log import CometdLog
from conformance.wire.http import HttpSession
from conformance.wire.recorder import RecorderClosedError
from conformance.wire.transports import Frame, Payload, TransportFailure

__all__ = ["Backoff", "CometdError", "CometdSession", "Frame", "State"]

State = Literal["disconnected", "connecting", "connected", "rehandshaking", "broken"]

SHUTDOWN = 2.0
"""Seconds that `disconnect` takes at most."""

QUICK = 0.05
UNHELD_BORNE = 5
"""So many connects in a row may come back within QUICK seconds without an event before the next one waits a little."""


class CometdError(Exception):
    """The session cannot do what it was asked to. Its text names what failed, bounded and without secrets."""


class CometdSession:
    """A Bayeux client over an actor's HTTP session.

    network_delay: seconds that a reply may be late; a held connect is waited for that much beyond the server's
    `timeout` advice. backoff: what is done after failures in a row. url: where CometD is served (default: from the
    configuration). wait: waits so many seconds, or answers True as soon as the session ends; for tests.
    """

    def __init__(
        self,
        http: HttpSession,
        *,
        transport: TransportName = "long-polling",
        ack: bool = False,
        network_delay: float = 5.0,
        backoff: Backoff | None = None,
        url: str | None = None,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self.http, self.network_delay = http, network_delay
        self._transport: TransportName = transport
        self._ack = ack
        self._backoff = backoff if backoff is not None else Backoff()
        self._url = url if url is not None else http.config.notifications_url
        self._log = CometdLog(http.recorder, http.actor, transport)
        self._stopping = threading.Event()
        self._wait = wait if wait is not None else self._stopping.wait
        self._changed = threading.Condition()
        self._state: State = "disconnected"
        self._reason = self._problem = ""
        self._failures = self._unheld = 0
        self._subscriptions: dict[str, None] = {}
        self._link: BayeuxLink | None = None
        self._listener: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def session(self) -> str:
        """The session's name in the timeline: actor/number."""
        return self._log.session

    @property
    def state(self) -> State:
        """disconnected, connecting, connected, rehandshaking, or broken (given up; `disconnect`, and open again)."""
        with self._changed:
            return self._state

    @property
    def silent(self) -> bool:
        """Whether all that has arrived is recorded, and a connect is held that can bring more; without a session there
        is nothing to come."""
        link = self._link
        return link is None or self.state != "connected" or link.silent

    @property
    def client_id(self) -> str | None:
        """The id that the newest handshake gave, None without a session."""
        link = self._link
        return link.client_id if link is not None else None

    @property
    def handshake_reply(self) -> Message | None:
        """The newest successful handshake reply, None without a session."""
        link = self._link
        return link.handshake_reply if link is not None else None

    @property
    def advice(self) -> Advice:
        """The newest advice."""
        link = self._link
        return link.advice if link is not None else Advice()

    @property
    def subscriptions(self) -> list[str]:
        """The channels that are subscribed to, and will be again after a new handshake."""
        with self._changed:
            return list(self._subscriptions)

    def open(self, channels: Sequence[str], deadline: float) -> None:
        """Handshake, subscribe, connect, within `deadline` seconds. Afterwards nothing that happens is missed.

        Raises `CometdError` naming what failed; the session is disconnected then.
        """
        end = time.monotonic() + deadline
        with self._changed:
            if self._state != "disconnected":
                raise CometdError(f"open: the session is {self._state} already")
            if self._listener is not None and self._listener.is_alive():
                raise CometdError("open: the listener of the former session has not ended yet")
            self._stopping.clear()
            self._failures = self._unheld = 0
            self._problem = ""
            self._link = BayeuxLink(self.http, self._log, self._transport, self._url, ack=self._ack)
        self._set_state("connecting", "open")
        try:
            self._first_handshake(self._link, end)
            self.subscribe(channels, timeout=max(0.1, end - time.monotonic()))
            self._listener = threading.Thread(
                target=self._run, args=(self._link,), name=f"cometd {self.session}", daemon=True
            )
            self._listener.start()
            self._await_first_connect(end)
        except CometdError as error:
            self._shut_down(tell_server=True, reason=str(error))
            raise

    def subscribe(self, channels: Sequence[str], timeout: float | None = None) -> None:
        """Subscribe to channels with one message; servers that refuse an array get one message a channel.

        Raises `CometdError` naming each channel that was refused; the others stay subscribed.
        """
        refused = self._open_link("subscribe").subscribe(channels, timeout)
        with self._changed:
            self._subscriptions.update(dict.fromkeys(channel for channel in channels if channel not in refused))
        _raise_refused("subscribe", refused)

    def unsubscribe(self, channels: Sequence[str], timeout: float | None = None) -> None:
        """Unsubscribe from channels. Raises `CometdError` naming each channel that was refused."""
        refused = self._open_link("unsubscribe").unsubscribe(channels, timeout)
        with self._changed:
            for channel in channels:
                if channel not in refused:
                    self._subscriptions.pop(channel, None)
        _raise_refused("unsubscribe", refused)

    def publish(self, channel: str, data: Any, timeout: float | None = None) -> Message | None:
        """Publish; answers the server's verdict, or None where it gave none (it need not)."""
        return self.batch([{"channel": channel, "data": data}], timeout)[0]

    def batch(self, messages: Sequence[Mapping[str, Any]], timeout: float | None = None) -> list[Message | None]:
        """Send messages in one frame, each with an id and the client id unless it has its own; answers their replies
        in order, None for one that was not answered. Raises `CometdError` where the frame could not be delivered."""
        try:
            return self._open_link("batch").batch(messages, timeout)
        except TransportFailure as failure:
            raise CometdError(f"batch: {self._log.say(failure)}") from failure

    def raw(self, payload: Payload, timeout: float | None = None) -> list[Message]:
        """Send exactly this (an array, a bare object, or bytes), adding nothing, and answer the replies: a probe. The
        replies do not change the session; events among them are recorded as ever."""
        frame = self.raw_frame(payload, timeout)
        return [m for m in frame.messages if isinstance(m, dict) and not is_event(m)]

    def raw_frame(self, payload: Payload, timeout: float | None = None) -> Frame:
        """Like `raw`, answering the whole frame: HTTP status (0 where none came, None on a WebSocket) and messages."""
        link = self._open_link("raw")
        with link.alone():
            try:
                return link.exchange(payload, timeout, probe=True)[1]
            except TransportFailure as failure:
                return Frame(failure.status, [])

    def wait_until(self, states: Collection[State], deadline: float) -> bool:
        """Wait until the session is in one of these states; False after `deadline` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._state in states, deadline)

    def disconnect(self) -> None:
        """Tell the server, and end the session within two seconds, whether the server plays along or not."""
        self._shut_down(tell_server=True, reason="disconnect")

    def abandon(self) -> None:
        """End the session without a word to the server, like a client whose machine went down."""
        self._shut_down(tell_server=False, reason="abandoned")

    def close(self) -> None:
        """Disconnect if the session is open, and free the connections."""
        self.disconnect()

    # --- opening -----------------------------------------------------------------------------------------------------

    def _open_link(self, what: str) -> BayeuxLink:
        link = self._link
        if link is None:
            raise CometdError(f"{what}: the session is {self.state}")
        return link

    def _first_handshake(self, link: BayeuxLink, end: float) -> None:
        """Handshake, again as long as the server negotiates (unsuccessful, with advice `handshake`)."""
        for failures in range(1, self._backoff.attempts + 1):
            remaining = end - time.monotonic()
            if remaining <= 0:
                raise CometdError("handshake: no success before the deadline")
            problem, advised = link.handshake(min(remaining, self.http.config.timeout))
            if problem is None:
                return
            decision = decide(link.advice, failures, self._backoff)
            negotiates = advised and decision.action == "handshake" and decision.delay < end - time.monotonic()
            if not negotiates or self._wait(decision.delay):
                raise CometdError(f"handshake: {problem}")
        raise CometdError("handshake: the server negotiates without end")

    def _await_first_connect(self, end: float) -> None:
        # The first connect asks not to be held; a sound server may hold it all the same. It is with the server then,
        # and the subscriptions are confirmed: nothing can be missed.
        self.wait_until(("connected", "broken"), max(0.0, min(self.network_delay, end - time.monotonic())))
        if self._failures == 0:
            held = "the server holds the first connect, though asked not to"
            self._set_state("connected", held, only_from="connecting")
        with self._changed:
            if self._state != "connected":
                # Broken by itself, or still trying: then what it last ran into is the reason, not what it tries.
                raise CometdError(self._reason if self._state == "broken" else self._problem or self._reason)

    # --- the connect loop --------------------------------------------------------------------------------------------

    def _run(self, link: BayeuxLink) -> None:
        """The listener's thread: holds a connect and follows the advice, until told to stop or nothing is left to
        try."""
        decision = Decision("connect", 0.0, "open")
        try:
            while not self._stopping.is_set():
                if decision.delay > 0 and self._wait(decision.delay):
                    return
                if decision.action == "stop":
                    self._set_state("broken", decision.reason)
                    return
                decision = self._rehandshake(link) if decision.action == "handshake" else self._connect(link)
        except RecorderClosedError:
            # The run is over; there is no place left to report to.
            return
        except Exception as error:  # noqa: BLE001 - a defect of ours must show as one, not as a silent server
            self._log.trouble(f"the listener failed: {type(error).__name__}: {self._log.say(error)}")
            self._set_state("broken", f"the listener failed: {type(error).__name__}")

    def _connect(self, link: BayeuxLink) -> Decision:
        at_once = self.state != "connected"
        start, delivered = time.monotonic(), link.delivered
        problem = link.connect(link.advice.timeout + self.network_delay, at_once=at_once)
        if problem is None:
            self._set_state("connected", "the server answered the connect")
            quick = not at_once and time.monotonic() - start < QUICK and link.delivered == delivered
            self._unheld = self._unheld + 1 if quick else 0
            # To connect only to handshake again is no headway: a failure, and borne so often.
            self._failures = self._failures + 1 if link.advice.reconnect == "handshake" else 0
            return self._unhurried(decide(link.advice, self._failures, self._backoff))
        self._failed(f"connect: {problem}")
        self._set_state("connecting", f"connect: {problem}")
        return self._because(decide(link.advice, self._failures, self._backoff), f"connect: {problem}")

    def _unhurried(self, decision: Decision) -> Decision:
        """Slow down before a server that does not hold connects; a client may always exceed the interval."""
        delay = min(1.0, self._backoff.delay(self._unheld - UNHELD_BORNE))
        return Decision(decision.action, max(decision.delay, delay), decision.reason)

    def _rehandshake(self, link: BayeuxLink) -> Decision:
        """A new handshake, and the subscriptions anew, before anybody else may send."""
        self._set_state("rehandshaking", "the server advises a handshake")
        with link.alone():
            problem, advised = link.handshake(self.http.config.timeout)
            if problem is not None:
                return self._rehandshake_failed(link, f"handshake: {problem}", advised)
            for channel, reason in link.subscribe(self.subscriptions).items():
                self._log.trouble(f"subscribe again to {channel}: {reason}")
        self._set_state("connecting", "a new handshake")
        return Decision("connect", 0.0, "a new handshake")

    def _rehandshake_failed(self, link: BayeuxLink, problem: str, advised: bool) -> Decision:
        self._failed(problem)
        decision = decide(link.advice, self._failures, self._backoff)
        if decision.action == "stop" and (advised or self._failures > self._backoff.attempts):
            return self._because(decision, problem)
        # `retry` means the same request again, and the session that could be connected is gone: handshake again.
        delay = max(0.0, link.advice.interval) + self._backoff.delay(self._failures)
        return Decision("handshake", delay, "the handshake failed")

    def _failed(self, problem: str) -> None:
        self._failures += 1
        self._problem = problem
        if not self._stopping.is_set():
            self._log.trouble(problem)

    def _because(self, decision: Decision, problem: str) -> Decision:
        return Decision(decision.action, decision.delay, f"{decision.reason}; last: {problem}")

    # --- ending ------------------------------------------------------------------------------------------------------

    def _shut_down(self, *, tell_server: bool, reason: str) -> None:
        end = time.monotonic() + SHUTDOWN
        self._stopping.set()
        with self._changed:
            link, self._link = self._link, None
            self._subscriptions.clear()
        if link is None:
            return
        try:
            told = tell_server and link.disconnect((end - time.monotonic()) / 4)
            self._await_listener(link, end, released=told)
        finally:
            link.close()
        self._set_state("disconnected", reason)

    def _await_listener(self, link: BayeuxLink, end: float, *, released: bool) -> None:
        """Wait for the listener's end: for a while by itself where the server was told, then by force."""
        listener = self._listener
        if listener is None or not listener.is_alive():
            return
        if released:
            listener.join(max(0.0, end - 0.5 - time.monotonic()))
            if listener.is_alive():
                self._log.trouble("the server still holds the connect after the disconnect")
        link.abort()
        listener.join(max(0.1, end - time.monotonic()))

    def _set_state(self, state: State, reason: str, only_from: State | None = None) -> None:
        with self._changed:
            ending = self._stopping.is_set() and state != "disconnected"
            if state == self._state or ending or only_from not in (None, self._state):
                return
            before, self._state, self._reason = self._state, state, reason
            self._changed.notify_all()
            # Recorded inside: the states of a session must follow one another in the timeline too.
            self._log.state(before, state, reason)


def _raise_refused(what: str, refused: Mapping[str, str]) -> None:
    if refused:
        raise CometdError("; ".join(f"{what} to {channel}: {reason}" for channel, reason in refused.items())[:1000])
