"""The contract as frozen values. Shapes follow `schemas/formats/*.json`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

Level = Literal["must", "should", "may"]
DOCUMENT = "Web Services API Reference 8.6"


@dataclass(frozen=True)
class Source:
    """A citation: document, page title, first and last line of the reference's text."""

    page: str
    lines: tuple[int, int]
    document: str = DOCUMENT

    def __str__(self) -> str:
        first, last = self.lines
        where = f"line {first}" if first == last else f"lines {first}-{last}"
        return f"{self.document}, {self.page}, {where}"

    def as_json(self) -> dict[str, Any]:
        """`{document, page, lines: [first, last]}`."""
        return {"document": self.document, "page": self.page, "lines": list(self.lines)}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a request; `location` is `path`, `query`, `body`, `header`, `form` or `member`."""

    name: str
    location: str
    type: str
    required: bool
    stated: bool = True
    of: str | None = None
    values: tuple[Any, ...] | None = None
    default: Any = None
    items: str | None = None
    members: tuple[Parameter, ...] = ()
    description: str | None = None
    reading: str | None = None
    lines: tuple[int, int] | None = None

    def as_json(self) -> dict[str, Any]:
        """`{name, in, type, required, values, default}`, members where it has some."""
        out: dict[str, Any] = {
            "name": self.name,
            "in": self.location,
            "type": self.type,
            "required": self.required,
            "values": list(self.values) if self.values else None,
            "default": self.default,
        }
        if self.members:
            out["members"] = [member.as_json() for member in self.members]
        return out


@dataclass(frozen=True)
class Member:
    """A member of a reply beside `statusCode`."""

    name: str
    required: bool
    type: str | None = None
    resource: str | None = None
    list: bool = False


@dataclass(frozen=True)
class Response:
    """A documented reply. `status_code` None: the body does not carry it (as printed)."""

    http: int
    status_code: int | str | None = None
    members: tuple[Member, ...] = ()
    empty: bool = False
    raw: bool = False
    reading: str | None = None
    when: str | None = None
    lines: tuple[int, int] | None = None


@dataclass(frozen=True)
class Notification:
    """A CometD notification that an operation causes, at the actor `to`."""

    channel: str
    message_type: str
    notification_type: str | None = None
    to: str = "self"
    resource: str | None = None
    on: str | None = None
    state: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    level: Level = "must"
    many: bool = False
    reading: str | None = None
    when: str | None = None
    lines: tuple[int, int] | None = None

    def label(self) -> str:
        """Short name, such as `CallStateChangeMessage/StatusChange Held to second`."""
        text = self.message_type + (f"/{self.notification_type}" if self.notification_type else "")
        if self.state:
            text += f" {self.state}"
        return text + ("" if self.to == "self" else f" to {self.to}")


@dataclass(frozen=True)
class Needs:
    """Where the suite must bring the resource before the operation is performed."""

    chart: str | None = None
    state: str | None = None
    session: str | None = None
    resource: str | None = None
    stimulus: str | None = None


@dataclass(frozen=True)
class Example:
    """One way in which the suite performs the operation."""

    name: str
    parameters: Mapping[str, Any]
    needs: Needs | None = None
    status_codes: tuple[int, ...] = (0,)
    notifications: tuple[Notification, ...] | None = None
    features: tuple[str, ...] = ()
    lines: tuple[int, int] | None = None


@dataclass(frozen=True)
class Operation:
    """One documented request."""

    id: str
    area: str
    title: str
    summary: str
    source: Source
    method: str
    path: str
    responses: tuple[Response, ...]
    hazard: str
    operation_name: str | None = None
    edition: str = "both"
    features: tuple[str, ...] = ()
    features_any: tuple[str, ...] = ()
    roles: tuple[str, ...] = ("agent",)
    roles_stated: bool = True
    actor: str = "agent"
    resource: str | None = None
    needs: Needs = field(default_factory=Needs)
    capability: str | None = None
    parameters: tuple[Parameter, ...] = ()
    notifications: tuple[Notification, ...] = ()
    examples: tuple[Example, ...] = ()
    replaced_by: str | None = None
    ambiguities: tuple[str, ...] = ()
    suite: str | None = None

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Regular expression of the path, its identifiers as named groups."""
        parts = re.split(r"\{([^}]+)\}", self.path.rstrip("/"))
        text = "".join(re.escape(part) if index % 2 == 0 else f"(?P<{part}>[^/?]+)" for index, part in enumerate(parts))
        return re.compile(f"^{text}/?$")

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Every feature that the page names: all of `features` are needed, and one of `features_any`."""
        return self.features + self.features_any

    @property
    def name(self) -> str:
        """The part of the id after the area."""
        return self.id.split(".", 1)[1]

    def parameters_in(self, *locations: str) -> tuple[Parameter, ...]:
        """The parameters that travel in one of `locations`."""
        return tuple(item for item in self.parameters if item.location in locations)

    def example(self, name: str) -> Example:
        """The example called `name`.

        Raises:
            KeyError: there is none.
        """
        for item in self.examples:
            if item.name == name:
                return item
        raise KeyError(f"{self.id} has no example {name!r}")

    def as_json(self) -> dict[str, Any]:
        """The catalogue's entry, as `gws-conformance operations --json` prints it."""
        return {
            "id": self.id,
            "area": self.area,
            "title": self.title,
            "summary": self.summary,
            "source": self.source.as_json(),
            "method": self.method,
            "path": self.path,
            "operationName": self.operation_name,
            "features": list(self.feature_names),
            "roles": list(self.roles),
            "edition": self.edition,
            "hazard": self.hazard,
            "parameters": [item.as_json() for item in self.parameters],
            "responses": [
                {
                    "http": item.http,
                    "statusCode": item.status_code,
                    "members": [member.name for member in item.members],
                    "reading": item.reading,
                }
                for item in self.responses
            ],
            "notifications": [
                {
                    "to": item.to,
                    "channel": item.channel,
                    "messageType": item.message_type,
                    "notificationType": item.notification_type,
                    "resource": item.resource,
                    "state": item.state,
                    "level": item.level,
                    "reading": item.reading,
                }
                for item in self.notifications
            ],
        }


@dataclass(frozen=True)
class State:
    """A state of a chart: what the resource shows in it, and which capabilities it offers."""

    name: str
    where: Mapping[str, Any]
    offers: tuple[str, ...]
    may: tuple[str, ...] = ()
    final: bool = False
    lines: tuple[int, int] | None = None


@dataclass(frozen=True)
class Transition:
    """`by` moves the resource from `source` to `target`; `by` is an operation, `stimulus:NAME` or `customer:NAME`."""

    by: str
    source: str
    target: str
    chart: str
    actor: str = "self"
    on: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    level: Level = "must"
    reading: str | None = None
    lines: tuple[int, int] | None = None
    id: str | None = None

    def __str__(self) -> str:
        actor = "" if self.actor == "self" else f"{self.actor}:"
        return self.id or f"{self.chart}:{self.source}-{actor}{self.by.split('.', 1)[-1]}-{self.target}"


@dataclass(frozen=True)
class Statechart:
    """A state machine of one resource."""

    name: str
    area: str
    resource: str
    binds: str
    title: str
    source: Source
    states: Mapping[str, State]
    transitions: tuple[Transition, ...]
    region: bool = False
    features: tuple[str, ...] = ()
    capabilities: bool = True
    base: tuple[str, str] | None = None
    owner: str = "self"

    def path(self, state: str) -> tuple[Transition, ...]:
        """The shortest sequence of transitions from `start` to `state` (breadth first, in the order written).

        Raises:
            KeyError: the state is unknown or cannot be reached by acting.
        """
        if state not in self.states:
            raise KeyError(f"statechart {self.name} has no state {state!r}; it has {', '.join(self.states)}")
        paths: dict[str, tuple[Transition, ...]] = {"start": ()}
        queue = ["start"]
        for name in queue:
            for step in self.transitions:
                if step.source == name and step.target not in paths:
                    paths[step.target] = (*paths[name], step)
                    queue.append(step.target)
        if state not in paths:
            raise KeyError(f"statechart {self.name}: no transitions lead to {state!r}")
        return paths[state]


@dataclass(frozen=True)
class Rule:
    """One normative sentence, in our own words."""

    id: str
    area: str
    level: Level
    text: str
    source: Source
    operations: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    unchecked: str | None = None


@dataclass(frozen=True)
class Reading:
    """One way to read an ambiguity; `allowed`: a deployment may follow it. `roles` are those whom a deployment that
    follows it refuses the `operations` for lack of permission (3 or 5, Return Values, lines 2300-2302). `features` are
    those without which it has nothing of the area."""

    id: str
    text: str
    allowed: bool
    roles: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ambiguity:
    """A contradiction or a silence of the documents."""

    id: str
    area: str
    text: str
    sources: tuple[Source, ...]
    readings: tuple[Reading, ...]
    simulator: str
    observed: str | None = None
    operations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """An answer that a refusal may have: HTTP statuses and `statusCode`s (None: the body need not carry one)."""

    http: tuple[int, ...]
    status_codes: tuple[int, ...] | None
    reading: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Negative:
    """One column of the generic negative matrix."""

    id: str
    title: str
    text: str
    level: Level
    rule: str | None
    source: Source
    expects: tuple[Refusal, ...]
    notifies: bool = False


@dataclass(frozen=True)
class StatusCode:
    """A row of the table of status codes (Return Values)."""

    code: int
    meaning: str
    source: Source
