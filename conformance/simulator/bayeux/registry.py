"""All sessions of the Bayeux server: finding, holding, expiring them, and delivering events to them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from . import faults
from .channels import matches
from .messages import LONG_POLLING, WEBSOCKET, encode
from .sessions import Hold, Mailbox, Peer, Release, Session

FaultsOn = Callable[[str], bool]

# How much (s) after its date something that is due is looked at, so that the date has passed for certain.
_LATE: Final = 0.001


class Timer(Protocol):
    """A callback that the clock will make, unless it was cancelled."""

    @property
    def cancelled(self) -> bool: ...


class Clock(Protocol):
    """What is needed of the server's clock: real time plus what a test has advanced it by."""

    def monotonic(self) -> float: ...

    def call_later(self, seconds: float, fn: Callable[[], None], /) -> Timer: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server behaves; all times in milliseconds.

    `timeout_ms` is how long a connect is held, `interval_ms` how long a client shall wait between connects,
    `max_interval_ms` how long beyond that a session outlives its last connect. `max_queue` bounds the events
    that wait for one session: a session that exceeds it is dropped, so that its client learns of the loss.
    """

    timeout_ms: int = 30000
    interval_ms: int = 0
    max_interval_ms: int = 10000
    multiple_clients_interval_ms: int = 2000
    max_queue: int = 10000
    transports: tuple[str, ...] = (WEBSOCKET, LONG_POLLING)


class Registry:
    """The sessions, by client id, by user and by browser."""

    def __init__(self, clock: Clock, settings: Settings, faults_on: FaultsOn) -> None:
        self.settings = settings
        self.closing = False
        self.faulty = faults_on
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._of_user: dict[str, dict[Session, None]] = {}
        self._of_browser: dict[str, dict[Session, None]] = {}
        self._holds: set[Hold] = set()
        self._nothing_held = asyncio.Event()
        self._nothing_held.set()
        self._counter = itertools.count(1)
        # No session or hold is over before `_next_due`; the timer rings at `_timer_due`.
        self._next_due = math.inf
        self._timer_due = 0.0
        self._timer: Timer | None = None

    # --- coming and going ---------------------------------------------------------------------------------

    def open(self, peer: Peer, *, acknowledged: bool) -> Session:
        """A new session for a client that has just shaken hands."""
        if self.faulty(faults.SAME_ID) and self._of_user.get(peer.user_id):
            return next(iter(self._of_user[peer.user_id]))
        # 16 random bytes: the 128 bits that the specification asks for.
        client_id = f"c{next(self._counter)}" if self.faulty(faults.SHORT_IDS) else secrets.token_hex(16)
        session = Session(client_id, peer.user_id, peer.browser_id, Mailbox(acknowledged=acknowledged))
        self._sessions[client_id] = session
        self._of_user.setdefault(session.user_id, {})[session] = None
        if session.browser_id is not None:
            self._of_browser.setdefault(session.browser_id, {})[session] = None
        self.lease(session)
        return session

    def find(self, client_id: object, peer: Peer) -> Session | None:
        """The session with this client id, if it is the peer's: same user and, over HTTP, same browser."""
        session = self._sessions.get(client_id) if isinstance(client_id, str) else None
        if session is None or self.faulty(faults.ID_SUFFICES):
            return session
        same_browser = session.browser_id is not None and session.browser_id == peer.browser_id
        if session.user_id != peer.user_id or (peer.transport == LONG_POLLING and not same_browser):
            return None
        return session

    def remove(self, session: Session, why: Release) -> None:
        """Forget a session and answer the connect that is held for it."""
        if self._sessions.pop(session.client_id, None) is None:
            return
        _discard(self._of_user, session.user_id, session)
        if session.browser_id is not None:
            _discard(self._of_browser, session.browser_id, session)
        keeps_holding = why is Release.DISCONNECTED and self.faulty(faults.HOLDS_ON)
        if session.hold is not None and not keeps_holding:
            session.hold.release(why)

    def by_id(self, client_id: str) -> Session | None:
        """The session with this client id, whoever asks."""
        return self._sessions.get(client_id)

    def sessions(self, user_id: str | None = None) -> list[Session]:
        """The sessions of one user, or all of them, oldest first."""
        return list(self._sessions.values() if user_id is None else self._of_user.get(user_id, ()))

    def knows(self, session: Session) -> bool:
        """Whether the session has not been removed."""
        return self._sessions.get(session.client_id) is session

    # --- holding connects ---------------------------------------------------------------------------------

    def hold(self, session: Session, milliseconds: float) -> Hold:
        """Start holding a connect; the session cannot expire meanwhile."""
        seconds = milliseconds / 1000
        released = asyncio.get_running_loop().create_future()
        held = Hold(seconds, self._clock.monotonic() + seconds, released)
        session.hold = held
        session.expires_at = None
        self._holds.add(held)
        self._nothing_held.clear()
        self._due_at(held.deadline)
        return held

    def let_go(self, session: Session, held: Hold) -> None:
        """The held connect is about to be answered, or its client is gone."""
        self._holds.discard(held)
        if not self._holds:
            self._nothing_held.set()
        held.release(Release.CLOSED)
        if session.hold is held:
            session.hold = None
            self.lease(session)

    def browser_is_busy(self, session: Session) -> bool:
        """Whether a connect of another session of the same browser is held over HTTP."""
        if session.browser_id is None:
            return False
        others = self._of_browser.get(session.browser_id, ())
        return any(other.hold is not None and other.push is None for other in others if other is not session)

    async def release_all(self, deadline: float = 1.0) -> None:
        """Answer every held connect and hold none again; returns when they are answered (or at the deadline)."""
        self.closing = True
        for held in list(self._holds):
            held.release(Release.TIMEOUT)
        # A connect whose reply does not get through in time must not keep the server alive.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._nothing_held.wait(), deadline)

    # --- expiry -------------------------------------------------------------------------------------------

    def lease(self, session: Session, interval_ms: float | None = None) -> None:
        """Give the client until `interval_ms` (as advised) plus the maximum interval to connect again."""
        interval = self.settings.interval_ms if interval_ms is None else interval_ms
        session.expires_at = self._clock.monotonic() + (interval + self.settings.max_interval_ms) / 1000
        self._due_at(session.expires_at)

    def sweep(self) -> None:
        """Forget the sessions whose clients have not connected in time; end holds that are over."""
        now = self._clock.monotonic()
        if now < self._next_due:
            self._arm()
            return
        for held in [held for held in self._holds if held.deadline <= now]:
            held.release(Release.TIMEOUT)
        due = [held.deadline for held in self._holds if held.deadline > now]
        if not self.faulty(faults.NEVER_EXPIRES):
            for session in self.sessions():
                if session.expires_at is not None and session.expires_at <= now:
                    self.remove(session, Release.FORGOTTEN)
            due += [session.expires_at for session in self.sessions() if session.expires_at is not None]
        self._next_due = min(due, default=math.inf)
        self._arm()

    def _due_at(self, when: float) -> None:
        self._next_due = min(self._next_due, when)
        self._arm()

    def _arm(self) -> None:
        # One timer serves all sessions. A reset of the clock cancels it.
        now = self._clock.monotonic()
        if self.closing or self._next_due == math.inf:
            return
        if self._timer is not None and not self._timer.cancelled and now < self._timer_due <= self._next_due:
            return
        delay = max(self._next_due - now, 0) + _LATE
        self._timer_due = now + delay - _LATE
        self._timer = self._clock.call_later(delay, self.sweep)

    # --- events -------------------------------------------------------------------------------------------

    def publish(self, user_id: str | None, channel: str, data: dict[str, Any]) -> int:
        """Queue an event for the subscribed sessions of one user, or of everybody; how many they are.

        The event is turned into JSON here: later changes of `data` have no effect.
        """
        self.sweep()
        event = {"channel": channel} if self.faulty(faults.NO_DATA) else {"data": data, "channel": channel}
        text = encode(event)
        reached = 0
        for session in self.sessions(None if self.faulty(faults.LEAKS) else user_id):
            copies = self._copies(session, channel)
            if copies and self._queue(session, text, copies):
                reached += 1
        return reached

    def _copies(self, session: Session, channel: str) -> int:
        deep = self.faulty(faults.DEEP_STAR)
        matching = sum(matches(pattern, channel, one_is_deep=deep) for pattern in session.subscriptions)
        if not self.faulty(faults.COPY_EACH):
            matching = min(matching, 1)
        return matching * 2 if self.faulty(faults.DUPLICATES) else matching

    def _queue(self, session: Session, text: str, copies: int) -> bool:
        if not session.listening and self.faulty(faults.LOSES_QUEUED):
            return True
        if len(session.mailbox) + copies > self.settings.max_queue:
            self.remove(session, Release.FORGOTTEN)
            return False
        for _ in range(copies):
            session.mailbox.put(text)
        session.notify()
        return True


def _discard(index: dict[str, dict[Session, None]], key: str, session: Session) -> None:
    sessions = index.get(key, {})
    sessions.pop(session, None)
    if not sessions:
        index.pop(key, None)
