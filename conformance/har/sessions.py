"""The Bayeux sessions of a recording: which frames belong together, what was subscribed to, which events came, and when
a missing event would have been seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.har.entries import Entry
from conformance.har.frames import WEBSOCKET, Frame, events_in
from conformance.har.people import People
from conformance.judge.checks.delivery import covers

HANDSHAKE, CONNECT = "/meta/handshake", "/meta/connect"
SUBSCRIBE, UNSUBSCRIBE, DISCONNECT = "/meta/subscribe", "/meta/unsubscribe", "/meta/disconnect"
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that reached a user. actor: of the session; user: without `+2`; place: in its frame."""

    at: float
    actor: str
    session: str
    channel: str | None
    message: Mapping[str, Any]
    frame: Frame
    place: int

    @property
    def user(self) -> str:
        """The user, whichever of the sessions it was."""
        return self.actor.partition("+")[0]

    @property
    def data(self) -> Any:
        """The event's data."""
        return self.message.get("data")


@dataclass
class Session:
    """A Bayeux session. patterns: (subscription, since, until) of those that the server confirmed. gaps: times in which
    frames are not known. fresh: the recording has its handshake. spent: until when what it was told is known."""

    name: str
    actor: str
    transport: str
    began: float
    fresh: bool = False
    patterns: list[tuple[str, float, float]] = field(default_factory=list)
    channels: set[str] = field(default_factory=set)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    connected: float = FOREVER
    spent: float = 0.0
    closed: float = FOREVER
    frames: list[Frame] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether everything from the handshake until the end is known; what was still held then is nothing."""
        return self.fresh and all(first >= self.spent for first, _ in self.gaps)

    def hears(self, channel: str, start: float, end: float) -> bool:
        """Whether an event on a channel between two moments would be in the recording."""
        if not self.connected <= start or end > min(self.spent, self.closed):
            return False
        if any(first < end and start < last for first, last in self.gaps):
            return False
        if not self.fresh:
            return channel in self.channels  # what it subscribed to was before the recording
        return any(
            covers(pattern, channel) and since <= start and end <= until for pattern, since, until in self.patterns
        )


class Sessions:
    """The sessions of a recording, by the frames that they consist of."""

    def __init__(self, entries: Sequence[Entry], frames: Mapping[int, Sequence[Frame]], people: People) -> None:
        self.all: list[Session] = []
        self.of_frame: dict[int, Session] = {}
        self._numbers: dict[str, int] = {}
        self._by_client: dict[tuple[str, str], Session] = {}
        for entry in entries:
            if entry.number in frames:
                self._take(entry, frames[entry.number], people.actor(entry))
        self._name_parallel()
        for session in self.all:
            _read(session)
        self.arrivals = sorted(self._arrivals(), key=lambda item: (item.at, item.frame.entry, item.place))

    def of_user(self, user: str) -> list[Session]:
        """The sessions of a user."""
        return [item for item in self.all if item.actor.partition("+")[0] == user]

    def listener(self, actor: str) -> str | None:
        """Who hears for an actor: its own session, or another of its user; None where there is none."""
        names = [item.actor for item in self.of_user(actor.partition("+")[0])]
        return actor if actor in names else next(iter(names), None)

    def hears(self, actor: str, channel: str, start: float, end: float) -> bool:
        """Whether a session of this actor would have been told of an event, and the recording would show it."""
        return any(item.hears(channel, start, end) for item in self.all if item.actor == actor)

    def _take(self, entry: Entry, frames: Sequence[Frame], actor: str) -> None:
        session = self._session(entry, frames, actor)
        for frame in frames:
            self.of_frame[id(frame)] = session
            session.frames.append(frame)
            if frame.lost:
                session.gaps.append((entry.start, max(entry.end, entry.start)))

    def _session(self, entry: Entry, frames: Sequence[Frame], actor: str) -> Session:
        asked = [one for frame in frames if frame.sent for one in frame.messages if isinstance(one, Mapping)]
        told = [one for frame in frames if not frame.sent for one in frame.messages if isinstance(one, Mapping)]
        shakes = any(one.get("channel") == HANDSHAKE for one in asked)
        named = next((str(one["clientId"]) for one in asked if isinstance(one.get("clientId"), str)), None)
        given = next(
            (
                str(one["clientId"])
                for one in told
                if one.get("channel") == HANDSHAKE and isinstance(one.get("clientId"), str)
            ),
            None,
        )
        client = given if shakes or named is None else named
        session = self._by_client.get((actor, client)) if client is not None else None
        if session is None:
            transport = WEBSOCKET if entry.websocket else frames[0].transport
            session = Session(self._name(actor), actor, transport, entry.start, fresh=shakes and given is not None)
            self.all.append(session)
        for name in (given, named) if entry.websocket else (client,):
            if name is not None:
                self._by_client[(actor, name)] = session
        return session

    def _name(self, actor: str) -> str:
        self._numbers[actor] = self._numbers.get(actor, 0) + 1
        return f"{actor}/{self._numbers[actor]}"

    def _name_parallel(self) -> None:
        """Two sessions that one actor has at the same time are two actors: each is told everything."""
        for actor in dict.fromkeys(item.actor for item in self.all):
            taken: list[tuple[str, float]] = []
            for session in [item for item in self.all if item.actor == actor]:
                begins, ends = _life(session)
                busy = {name for name, until in taken if until > begins}
                user = actor.partition("+")[0]
                names = (actor, *(f"{user}+{number}" for number in range(2, len(self.all) + 3)))
                used = {item.actor for item in self.all if item.actor != actor}
                session.actor = next(name for name in names if name not in busy and (name == actor or name not in used))
                if session.actor != actor:
                    session.name = self._name(session.actor)
                taken.append((session.actor, ends))

    def _arrivals(self) -> list[Arrival]:
        out = []
        for session in self.all:
            for frame in session.frames:
                for place, message in events_in(frame):
                    channel = message.get("channel")
                    name = channel if isinstance(channel, str) else None
                    session.channels.add(name or "")
                    out.append(Arrival(frame.at, session.actor, session.name, name, message, frame, place))
        return out


def _life(session: Session) -> tuple[float, float]:
    """When a session began to receive events, and when it last did or was answered."""
    received = [frame.at for frame in session.frames if not frame.sent and frame.messages]
    return session.began, max(received, default=session.began)


def _read(session: Session) -> None:
    """Subscriptions and bounds, from the replies."""
    asked: dict[tuple[str, str], list[str]] = {}
    for frame in sorted(session.frames, key=lambda item: item.at):
        for message in frame.messages:
            if not isinstance(message, Mapping):
                continue
            channel = str(message.get("channel"))
            key = (channel, str(message.get("id")))
            if frame.sent:
                asked[key] = _channels(message.get("subscription"))
                if channel == CONNECT:
                    session.connected = min(session.connected, frame.at)
            elif message.get("successful") is True:
                _confirmed(session, channel, asked.get(key) or _channels(message.get("subscription")), frame.at)
        if not frame.sent and not frame.lost:
            session.spent = max(session.spent, frame.at)


def _confirmed(session: Session, meta: str, channels: list[str], at: float) -> None:
    if meta == SUBSCRIBE:
        session.patterns += [(channel, at, FOREVER) for channel in channels]
    elif meta == UNSUBSCRIBE:
        session.patterns = [
            (pattern, since, min(until, at) if pattern in channels else until)
            for pattern, since, until in session.patterns
        ]
    elif meta == DISCONNECT:
        session.closed = min(session.closed, at)


def _channels(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []
