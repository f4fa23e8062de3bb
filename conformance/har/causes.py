"""Which request of a recording a notification belongs to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.contract import Notification, Operation
from conformance.contract.matching import resources_in, same_kind, values_differ
from conformance.contract.placeholders import resolve
from conformance.har.acts import Act
from conformance.har.pages import Pages
from conformance.har.sessions import Arrival

DEADLINE = 5.0
"""Seconds within which a notification belongs to a request."""
SETTLED = 1.0
"""Seconds in which a notification is what an act waits for, or tells that something changed meanwhile."""
CANDIDATES = 64
"""Requests that are looked at for one notification, the newest first."""
ERROR = "error"
Rank = tuple[bool | int | float, ...]


@dataclass
class Step:
    """One step: an act, or (None) notifications that no act of the recording explains."""

    at: float
    act: Act | None
    scenario: str
    info: dict[str, Any] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    silent: str = ""


class Causes:
    """The requests that may have caused notifications. Events are asked for in the order of time."""

    def __init__(self, steps: Sequence[Step], pages: Pages) -> None:
        self._pages = pages
        self._told_by: dict[tuple[str, bool, str], list[Notification]] = {}
        self._causes: dict[tuple[str, str], list[Step]] = {}
        for step in steps:
            if step.act is not None and _may_cause(step.act):
                self._enter(step, step.act)

    def _enter(self, step: Step, act: Act) -> None:
        """Notes which kinds of notifications an act may cause, and whom they may reach."""
        assert act.operation is not None
        self._causes.setdefault((act.user, ERROR), []).append(step)
        for kind in {(item.to == "self", item.message_type) for item in act.operation.notifications}:
            self._causes.setdefault((act.user if kind[0] else "", kind[1]), []).append(step)

    def cause(self, arrival: Arrival) -> Step | None:
        """The step that an event belongs to: one whose operation's page connects it with that kind of notification; of
        several the one that fits best, and of those the last."""
        kind = str(arrival.data.get("messageType")) if isinstance(arrival.data, Mapping) else ""
        page = self._pages.at(arrival.at)
        keys = [(arrival.user, ERROR)] if is_error(arrival.data) else [(arrival.user, kind), ("", kind)]
        best: tuple[tuple[bool | int | float, ...], Step] | None = None
        for key in keys:
            steps = self._causes.get(key, [])
            place = bisect_right(steps, arrival.at, key=lambda item: item.at)
            for step in reversed(steps[max(0, place - CANDIDATES) : place]):
                if step.at < arrival.at - DEADLINE:
                    break
                if step.act is None or step.scenario not in (page, self._pages.outside):
                    continue
                rank = self._rank(arrival, step, step.act, own=bool(key[0]))
                if rank is not None and (best is None or rank < best[0]):
                    best = (rank, step)
        return best[1] if best is not None else None

    def _rank(self, arrival: Arrival, step: Step, act: Act, *, own: bool) -> tuple[bool | int | float, ...] | None:
        """How badly an event fits an act: (it is about another resource, it is not what the act waits for, values that
        differ, how long ago it was). None where nothing connects them."""
        if (arrival.user == act.user) != own:
            return None
        ago = arrival.at - step.at
        if is_error(arrival.data):
            reference, given = _reference(arrival.data), act.reply.get("referenceId")
            fits = reference is None or given is None or str(reference) == str(given)
            return (False, False, 0, ago) if fits else None
        assert act.operation is not None
        fitting = [item for item in self._items(act.operation, own, arrival.data) if same_kind(item, arrival.data)]
        if not fitting:
            return None
        had = any(one.actor == arrival.actor and same_kind(item, one.data) for one in step.arrivals for item in fitting)
        awaited = own and not had and ago <= SETTLED and any(item.level != "may" for item in fitting)
        other = all(item.on is None for item in fitting) and _other_resource(arrival, act)
        differ = min(len(values_differ(_values(item, act), arrival.data)) for item in fitting)
        return other, not awaited, differ, ago

    def _items(self, operation: Operation, own: bool, data: Any) -> list[Notification]:
        """The notifications of a message type that an operation causes for its performer, or for others."""
        key = (operation.id, own, str(data.get("messageType")))
        if key not in self._told_by:
            self._told_by[key] = [
                item for item in operation.notifications if (item.to == "self") == own and item.message_type == key[2]
            ]
        return self._told_by[key]


def _may_cause(act: Act) -> bool:
    return act.accepted and act.operation is not None and not act.unjudged and act.entry.method != "GET"


def is_error(data: Any) -> bool:
    """Whether a notification says that an operation failed."""
    return isinstance(data, Mapping) and (
        data.get("messageType") == "ErrorMessage" or data.get("notificationType") == "Error"
    )


def _reference(data: Any) -> Any:
    return data.get("referenceId") if isinstance(data, Mapping) else None


def _other_resource(arrival: Arrival, act: Act) -> bool:
    """Whether an event is about another resource of the kind than the request."""
    identifier, operation = act.identifier, act.operation
    if identifier is None or operation is None or operation.resource is None or arrival.user != act.user:
        return False
    kind = operation.resource
    shown = [one.get("id") for one in resources_in(arrival.data, kind)]
    if isinstance(arrival.data, Mapping):
        links = (arrival.data.get(f"{kind}Uri"), arrival.data.get(f"{kind}Path"))
        shown += [link.rstrip("/").rpartition("/")[2] for link in links if isinstance(link, str)]
    return bool(shown) and identifier not in shown


def _values(item: Notification, act: Act) -> dict[str, Any]:
    """The documented values of a notification that the request itself says."""
    out = {}
    for path, value in item.values.items():
        try:
            out[path] = resolve(value, lambda name: _from_request(name, act))
        except KeyError:
            continue  # not part of this request: nothing is expected of it
    return out


def _from_request(name: str, act: Act) -> Any:
    value: Any = act.asked
    for part in name.removeprefix("request.").split(".") if name.startswith("request.") else ("",):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        raise KeyError(name)
    return value
