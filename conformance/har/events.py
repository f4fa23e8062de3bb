"""A recording as events of a timeline, and its scenarios as the judge reads them.

The events stand in the order of time, like those of a run. What differs: a step's events need not follow one another,
for a browser does not wait with the next request until the notifications of the last one have come; each event says by
its `step` what it belongs to. `run.start` says that it is so, with the member `capture` of its info.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from conformance.har.acts import Act
from conformance.har.capture import Capture
from conformance.har.entries import EMPTY, Entry
from conformance.har.frames import Frame
from conformance.har.pages import Pages
from conformance.har.people import People
from conformance.har.secrets import redactor_for
from conformance.har.sessions import Arrival, Session, Sessions
from conformance.har.steps import DEADLINE, Step
from conformance.judge.timeline import Event as Line
from conformance.judge.timeline import Exchange, Scenario, delivered
from conformance.judge.timeline import Step as JudgedStep
from conformance.wire.bodies import MAX_RECORDED_TEXT, Body
from conformance.wire.redaction import Redactor
from conformance.wire.timeline import FORMAT, VERSION, Event


@dataclass
class _Draft:
    """An event whose place is not known yet."""

    at: float
    rank: int
    kind: str
    payload: dict[str, Any]
    actor: str | None = None
    scenario: str | None = None
    step: int | None = None
    frame: int | None = None  # of a received frame and its events: which one
    order: tuple[int, int] = (0, 0)  # among those of the same moment


@dataclass
class Story:
    """What was said with one deployment: what a timeline needs. people: whom the actors stand for. not_here: checks
    that cannot be carried, with the reason."""

    capture: Capture
    people: People
    acts: Sequence[Act]
    sessions: Sessions
    steps: Sequence[Step]
    pages: Pages
    not_here: Mapping[str, str] = field(default_factory=dict)


def events_of(stories: Sequence[Story], told: Mapping[str, Any]) -> Iterator[Event]:
    """The timeline of a recording, without its secrets. told: what `run.start` says besides."""
    redactor = redactor_for(entry for story in stories for entry in story.capture.entries)
    exchanges = count(1)
    drafts = [draft for story in stories for draft in _Drafts(story, exchanges).all()]
    drafts.sort(key=lambda item: (item.at, item.rank, item.order))
    start = drafts[0].at if drafts else 0.0
    info = {"capture": True, **told}
    yield _event(
        1, 0.0, start, _Draft(start, 0, "run.start", {"format": FORMAT, "version": VERSION, "info": info}), redactor
    )
    seqs: dict[int, int] = {}
    number, last = 1, start
    for number, draft in enumerate(drafts, start=2):
        last = draft.at
        if draft.kind == "cometd.receive":
            assert draft.frame is not None
            seqs[draft.frame] = number
        elif draft.kind == "cometd.event":
            draft.payload["frame"] = seqs.get(draft.frame or 0, 1)
        yield _event(number, draft.at - start, draft.at, draft, redactor)
    yield _event(number + 1, last - start, last, _Draft(last, 9, "run.end", {"events": number + 1}), redactor)


def _event(seq: int, t: float, wall: float, draft: _Draft, redactor: Redactor) -> Event:
    moment = datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    clean: dict[str, Any] = redactor.value(draft.payload)
    actor = redactor.text(draft.actor) if draft.actor is not None else None
    return Event(seq, round(max(t, 0.0), 6), moment, actor, draft.scenario, draft.step, draft.kind, clean)


class _Drafts:
    """Makes the events of a story."""

    def __init__(self, story: Story, exchanges: Iterator[int]) -> None:
        self._story, self._exchanges = story, exchanges
        self._out: list[_Draft] = []
        self._owner: dict[tuple[int, int], tuple[str, int]] = {}

    def all(self) -> list[_Draft]:
        """Every event, not yet in order."""
        grouped: dict[str, list[Step]] = {}
        for step in self._story.steps:
            grouped.setdefault(step.scenario, []).append(step)
        for name, steps in grouped.items():
            for number, step in enumerate(steps, start=1):
                self._step(name, number, step)
        self._bayeux()
        inside: dict[str, list[float]] = {}
        for draft in self._out:
            if draft.scenario is not None:
                inside.setdefault(draft.scenario, []).append(draft.at)
        bounds = []
        for name, moments in inside.items():
            start = {"id": name, "info": self._scenario_info(name, grouped.get(name, ()))}
            end = {"id": name, "info": {"outcome": "played", "reason": ""}}
            bounds.append(_Draft(min(moments), 0, "scenario.start", start, None, name))
            bounds.append(_Draft(max(moments), 9, "scenario.end", end, None, name))
        return [*bounds, *self._out]

    # -- scenarios and steps ------------------------------------------------------------------------------------------

    def _step(self, scenario: str, number: int, step: Step) -> None:
        begins = _Draft(step.at, 1, "step.start", {"info": step.info}, None, scenario, number)
        self._out.append(begins)
        if step.act is not None:
            self._request(step.act, scenario, number)
        for arrival in step.arrivals:
            self._owner[(id(arrival.frame), arrival.place)] = (scenario, number)
            self._out.append(self._arrival(arrival, scenario, number))

    def _request(self, act: Act, scenario: str, number: int) -> None:
        entry = act.entry
        for draft in self._exchange_of(entry, act.actor, act.path, "api"):
            draft.scenario, draft.step = scenario, number
            self._out.append(draft)

    def _scenario_info(self, name: str, steps: Sequence[Step]) -> dict[str, Any]:
        areas: dict[str, int] = {}
        for step in steps:
            operation = step.act.operation if step.act is not None else None
            if operation is not None and not step.silent:
                areas[operation.area] = areas.get(operation.area, 0) + 1
        supervisors = self._story.people.supervisors()
        return {
            # The transcript of a chat is the only thing that is judged by the area.
            "area": "chat" if "chat" in areas else max(areas, key=lambda area: areas[area], default="basics"),
            "title": self._story.pages.title(name),
            "cast": {"supervisor": supervisors[0]} if len(supervisors) == 1 else {},
            "deadline": DEADLINE,
            "bayeux": True,
            "notHere": dict(self._story.not_here),
        }

    # -- HTTP ---------------------------------------------------------------------------------------------------------

    def _exchange_of(self, entry: Entry, actor: str, path: str, purpose: str) -> Iterator[_Draft]:
        exchange = next(self._exchanges)
        asked = entry.asked or EMPTY
        cometd = purpose == "cometd"
        request = {
            "exchange": exchange,
            "method": entry.method,
            "url": entry.url,
            "path": path,
            "headers": entry.headers,
            "body": asked.json if asked.is_json and not cometd else None,
            "text": None if asked.is_json or not asked.text else asked.text[:MAX_RECORDED_TEXT],
            "purpose": purpose,
        }
        yield _Draft(entry.start, 2, "http.request", request, actor)
        if entry.status == 0 or entry.body is None or entry.asked is None:
            reason = entry.error or f"NotRecorded: HTTP {entry.status}; {entry.lost}"
            error = {"exchange": exchange, "error": reason}
            yield _Draft(entry.end, 3, "http.error", error, actor)
            return
        response = _response(exchange, entry, entry.body or EMPTY, cometd)
        # Of a WebSocket the time of the entry is that of the socket's life.
        yield _Draft(entry.start if entry.websocket else entry.end, 3, "http.response", response, actor)

    # -- Bayeux -------------------------------------------------------------------------------------------------------

    def _bayeux(self) -> None:
        story = self._story
        for entry in story.capture.entries:
            for frame in story.capture.frames.get(entry.number, ()):
                session = story.sessions.of_frame[id(frame)]
                self._frame(frame, session, entry)
            if entry.number in story.capture.frames:
                actor = story.sessions.of_frame[id(story.capture.frames[entry.number][0])].actor
                path = "/" + entry.url.partition("://")[2].partition("/")[2]
                for draft in self._exchange_of(entry, actor, path, "cometd"):
                    draft.scenario = self._story.pages.of(entry)
                    self._out.append(draft)
        for session in story.sessions.all:
            self._states(session)

    def _frame(self, frame: Frame, session: Session, entry: Entry) -> None:
        # A reply goes where its first event belongs to; one that brought none stays with its request.
        owners = [self._owner.get((id(frame), place)) for place in range(len(frame.messages))]
        scenario = next((item[0] for item in owners if item is not None), self._story.pages.of(entry))
        payload: dict[str, Any] = {"session": session.name, "transport": frame.transport}
        if frame.sent:
            payload["messages"] = list(frame.messages)
            if not frame.messages and entry.asked is not None and entry.asked.text and not entry.asked.is_json:
                payload["text"] = entry.asked.text[:MAX_RECORDED_TEXT]
            self._out.append(_Draft(frame.at, 2, "cometd.send", payload, session.actor, scenario))
        elif not frame.lost or (frame.status and entry.body is not None):
            payload |= {"status": frame.status, "messages": list(frame.messages)}
            self._out.append(_Draft(frame.at, 4, "cometd.receive", payload, session.actor, scenario, None, id(frame)))
        if frame.lost:
            error = {"session": session.name, "error": frame.lost[:500]}
            self._out.append(_Draft(frame.at, 5, "cometd.error", error, session.actor, scenario))

    def _arrival(self, arrival: Arrival, scenario: str, number: int) -> _Draft:
        payload = {
            "session": arrival.session,
            "channel": arrival.channel,
            "data": arrival.data,
            "frame": 1,
            "index": arrival.place,
        }
        if "id" in arrival.message:
            payload["id"] = arrival.message["id"]
        order = (arrival.frame.entry, arrival.place)
        return _Draft(arrival.at, 6, "cometd.event", payload, arrival.actor, scenario, number, id(arrival.frame), order)

    def _states(self, session: Session) -> None:
        """Begin and end of a session whose every frame is known: others promise nothing about what is missing."""
        if not session.whole or not session.frames:
            return
        moves = [(session.began, "disconnected", "connecting", "the recording shows its handshake")]
        end = min(session.closed, session.spent)
        moves.append((end, "connecting", "disconnected", "it disconnects, or the recording shows no more of it"))
        for at, before, after, reason in moves:
            payload = {"session": session.name, "from": before, "to": after, "reason": reason}
            rank = 1 if before == "disconnected" else 7
            self._out.append(_Draft(at, rank, "cometd.state", payload, session.actor, self._story.pages.at(at)))


def _response(exchange: int, entry: Entry, body: Body, cometd: bool) -> dict[str, Any]:
    return {
        "exchange": exchange,
        "status": entry.status,
        "headers": entry.reply_headers,
        "body": body.json if body.is_json and not cometd else None,
        "text": None if body.is_json else body.text[:MAX_RECORDED_TEXT],
        "json": body.is_json,
        "bytes": body.size,
        "truncated": body.truncated or (not body.is_json and len(body.text) > MAX_RECORDED_TEXT),
        "elapsed": round(entry.seconds, 6),
    }


# -- what the judge reads ---------------------------------------------------------------------------------------------


def is_capture(first: Line | None) -> bool:
    """Whether a timeline came from a recording, by its first event."""
    info = first.payload.get("info") if first is not None and first.kind == "run.start" else None
    return isinstance(info, Mapping) and info.get("capture") is True


def scenarios_of(events: Iterable[Line]) -> Iterator[Scenario]:
    """The scenarios of a timeline that came from a recording: what belongs to a step is what says so."""
    groups: dict[str, list[Line]] = {}
    for event in events:
        if event.scenario is not None:
            groups.setdefault(event.scenario, []).append(event)
    for name, group in groups.items():
        yield _scenario(name, group)


def _scenario(name: str, events: list[Line]) -> Scenario:
    info: Mapping[str, Any] = {}
    outcome: Mapping[str, Any] = {}
    grouped: dict[int, list[Line]] = {}
    for event in events:
        if event.kind == "scenario.start":
            info = _info(event)
        elif event.kind == "scenario.end":
            outcome = _info(event)
        elif event.step is not None:
            grouped.setdefault(event.step, []).append(event)
    steps = tuple(_judged(name, info, number, mine) for number, mine in grouped.items())
    return Scenario(name, info, steps, tuple(events), outcome)


def _judged(name: str, shared: Mapping[str, Any], number: int, events: list[Line]) -> JudgedStep:
    start = next((item for item in events if item.kind == "step.start"), events[0])
    request = next((item for item in events if item.kind == "http.request"), None)
    response = next((item for item in events if item.kind == "http.response"), None)
    error = next((item for item in events if item.kind == "http.error"), None)
    exchanges = (Exchange(request, response, error),) if request is not None else ()
    kept = {key: shared[key] for key in ("cast", "features", "deadline") if key in shared}
    info = {**kept, **_info(start)}
    return JudgedStep(number, name, info, start, exchanges, tuple(delivered(events)), tuple(events))


def _info(event: Line) -> Mapping[str, Any]:
    info = event.payload.get("info")
    return info if isinstance(info, Mapping) else {}
