"""Reads a timeline's events into scenarios, steps, exchanges and delivered notifications.

The format is `schemas/formats/timeline.json`. Nothing here talks to a server: the same functions serve a running
suite and `gws-conformance judge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

CUT = frozenset({"interrupted", "unreachable"})
"""Outcomes of scenarios that something from outside has ended."""


class Event(Protocol):
    """One line of a timeline, whoever made the object."""

    @property
    def seq(self) -> int: ...
    @property
    def t(self) -> float: ...
    @property
    def actor(self) -> str | None: ...
    @property
    def scenario(self) -> str | None: ...
    @property
    def step(self) -> int | None: ...
    @property
    def kind(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Exchange:
    """An HTTP request and what came of it."""

    request: Event
    response: Event | None
    error: Event | None

    @property
    def status(self) -> int:
        """HTTP status; 0 when no reply came."""
        return int(self.response.payload["status"]) if self.response else 0

    @property
    def body(self) -> Any:
        """The JSON body of the reply, None where it is not JSON."""
        return self.response.payload.get("body") if self.response else None

    @property
    def is_json(self) -> bool:
        """Whether the reply's body was JSON."""
        return bool(self.response and self.response.payload.get("json"))

    @property
    def text(self) -> str:
        """The reply's body as text where it was not JSON."""
        return str(self.response.payload.get("text") or "") if self.response else ""

    @property
    def status_code(self) -> Any:
        """`statusCode` of the reply's body, None where there is none."""
        return self.body.get("statusCode") if isinstance(self.body, Mapping) else None

    @property
    def query(self) -> dict[str, str]:
        """The request's query parameters (the last value of each)."""
        parts = urlsplit(str(self.request.payload.get("url", "")))
        return {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}

    @property
    def sent(self) -> Any:
        """The JSON body of the request."""
        return self.request.payload.get("body")

    @property
    def seqs(self) -> tuple[int, ...]:
        """Positions of the request and its outcome."""
        return tuple(event.seq for event in (self.request, self.response, self.error) if event)

    def header(self, name: str) -> str | None:
        """First value of a reply header, None where it is absent."""
        if not self.response:
            return None
        for key, values in self.response.payload.get("headers", {}).items():
            if key.lower() == name.lower() and values:
                return str(values[0])
        return None


@dataclass(frozen=True)
class Delivered:
    """A CometD event that reached an actor."""

    event: Event
    actor: str
    channel: str
    data: Any

    @property
    def seq(self) -> int:
        """Position in the timeline."""
        return self.event.seq

    @property
    def message_type(self) -> str:
        """`data.messageType`, empty where it is absent."""
        return str(self.data.get("messageType", "")) if isinstance(self.data, Mapping) else ""


@dataclass(frozen=True)
class Step:
    """What one actor did, as the driver declared it (`step.start`), and all that was recorded until the next step."""

    number: int
    scenario: str
    info: Mapping[str, Any]
    start: Event
    exchanges: tuple[Exchange, ...]
    delivered: tuple[Delivered, ...]
    events: tuple[Event, ...]

    @property
    def operation(self) -> str:
        """Id of the operation, empty for a stimulus."""
        return str(self.info.get("operation") or "")

    @property
    def case(self) -> str:
        """`positive`, `transition`, `offered`, `withheld`, `refusal`, `setup`, `probe`, `cleanup` or `stimulus`."""
        return str(self.info.get("case", "setup"))

    @property
    def performer(self) -> str:
        """The actor that performs it."""
        return str(self.info.get("performer", ""))

    @cached_property
    def main(self) -> Exchange | None:
        """The operation's own exchange."""
        for item in self.exchanges:
            if item.request.actor == self.performer and item.request.payload.get("purpose", "api") == "api":
                return item
        return None

    @cached_property
    def abandoned(self) -> bool:
        """Whether the step was cut short, by an interruption or by what the suite could not do; what it caused was
        not waited for."""
        return any(event.kind == "step.end" and bool(_info(event).get("abandoned")) for event in self.events)

    @cached_property
    def ended(self) -> bool:
        """Whether the step's end was recorded."""
        return any(event.kind == "step.end" for event in self.events)

    @property
    def unanswered(self) -> bool:
        """Whether the connection ended, or the time was up, before the operation's own reply came."""
        return self.main is not None and self.main.error is not None

    def actor_of(self, role: str) -> str | None:
        """The actor that plays a role in this scenario."""
        cast = self.info.get("cast", {})
        name = cast.get(role) if isinstance(cast, Mapping) else None
        return str(name) if name else None


@dataclass(frozen=True)
class Scenario:
    """One scenario: its declaration, its steps, how it ended."""

    id: str
    info: Mapping[str, Any]
    steps: tuple[Step, ...]
    events: tuple[Event, ...]
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @property
    def area(self) -> str:
        """The area it belongs to."""
        return str(self.info.get("area", ""))

    @property
    def cast(self) -> Mapping[str, str]:
        """Actor by role."""
        cast = self.info.get("cast", {})
        return cast if isinstance(cast, Mapping) else {}

    @property
    def order(self) -> int:
        """Its place among the scenarios of the run; -1 where it is not told: they come as they began."""
        order = self.info.get("order")
        return order if isinstance(order, int) else -1

    @property
    def ended(self) -> bool:
        """Whether the scenario's end was recorded."""
        return bool(self.outcome)

    @property
    def cut(self) -> bool:
        """Whether something from outside ended it: the run was interrupted or killed, or the deployment went away."""
        return str(self.outcome.get("outcome", "interrupted")) in CUT


def scenarios(events: Iterable[Event]) -> Iterator[Scenario]:
    """The scenarios of a timeline in their order: of the run's list where that is told, else as they began."""
    groups: dict[str, list[Event]] = {}
    for event in events:
        if event.scenario is not None:
            groups.setdefault(event.scenario, []).append(event)
    made = [scenario(name, group) for name, group in groups.items()]
    yield from sorted(made, key=lambda item: item.order)


def scenario(name: str, events: list[Event]) -> Scenario:
    """One scenario from its events."""
    info: Mapping[str, Any] = {}
    outcome: Mapping[str, Any] = {}
    bounds: list[int] = []
    for index, event in enumerate(events):
        if event.kind == "scenario.start":
            info = _info(event)
        elif event.kind == "scenario.end":
            outcome = _info(event)
        elif event.kind == "step.start":
            bounds.append(index)
    steps = []
    for place, first in enumerate(bounds):
        last = bounds[place + 1] if place + 1 < len(bounds) else len(events)
        steps.append(_step(name, info, events[first], _until_next_act(events[first:last])))
    return Scenario(name, info, tuple(steps), tuple(events), outcome)


def _until_next_act(events: list[Event]) -> list[Event]:
    """A step's events: its own, and what came late, until something else is done outside any step (somebody logs in),
    whose consequences are not the step's."""
    for index, event in enumerate(events):
        acts = event.kind == "http.request" and event.payload.get("purpose") != "cometd"
        if acts and event.step is None and event.payload.get("method") != "GET":
            return events[:index]
    return events


def _info(event: Event) -> Mapping[str, Any]:
    info = event.payload.get("info")
    return info if isinstance(info, Mapping) else {}


def _step(name: str, scenario_info: Mapping[str, Any], start: Event, events: list[Event]) -> Step:
    shared = {key: scenario_info[key] for key in ("cast", "features", "deadline") if key in scenario_info}
    info = {**shared, **_info(start)}
    return Step(
        number=int(start.step or 0),
        scenario=name,
        info=info,
        start=start,
        exchanges=tuple(_exchanges(events)),
        delivered=tuple(delivered(events)),
        events=tuple(events),
    )


def _exchanges(events: Iterable[Event]) -> Iterator[Exchange]:
    requests: dict[Any, Event] = {}
    outcome: dict[Any, Event] = {}
    for event in events:
        if event.kind == "http.request":
            requests[event.payload["exchange"]] = event
        elif event.kind in {"http.response", "http.error"}:
            outcome.setdefault(event.payload["exchange"], event)
    for key, request in requests.items():
        found = outcome.get(key)
        yield Exchange(
            request,
            found if found and found.kind == "http.response" else None,
            found if found and found.kind == "http.error" else None,
        )


def delivered(events: Iterable[Event]) -> Iterator[Delivered]:
    """The CometD events among recorded events."""
    for event in events:
        if event.kind == "cometd.event":
            yield Delivered(event, event.actor or "", str(event.payload.get("channel", "")), event.payload.get("data"))
