"""What users were told of their calls, chats and devices in a recording, and when."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from conformance.contract.matching import resources_in
from conformance.har.acts import ENDS, Act
from conformance.har.sessions import Arrival

TRACKED = ("call", "chat", "device")


class Memory:
    """What users were told of their calls, chats and devices, when."""

    def __init__(self, arrivals: Sequence[Arrival], acts: Sequence[Act]) -> None:
        self._told: dict[tuple[str, str, str], list[tuple[float, Mapping[str, Any]]]] = {}
        self._order: dict[tuple[str, str], list[tuple[float, str]]] = {}
        self._ended: dict[str, list[float]] = {}
        for act in acts:
            if act.accepted and act.operation is not None and act.operation.operation_name == ENDS:
                self._ended.setdefault(act.user, []).append(act.start)
        for item in arrivals:
            for kind in TRACKED:
                for resource in resources_in(item.data, kind):
                    identifier = resource.get("id")
                    if isinstance(identifier, str):
                        self._take(item, kind, identifier, resource)

    def _take(self, item: Arrival, kind: str, identifier: str, resource: Mapping[str, Any]) -> None:
        told = self._told.setdefault((item.user, kind, identifier), [])
        # A chat's notifications show what changed; those of the others show the whole.
        whole = {**told[-1][1], **resource} if kind == "chat" and told else resource
        told.append((item.at, whole))
        self._order.setdefault((item.user, kind), []).append((item.at, identifier))

    def before(self, user: str, kind: str, identifier: str, at: float) -> tuple[float, Mapping[str, Any]] | None:
        """(when, resource): the newest that a user was told before a moment, since the session began."""
        told = self._told.get((user, kind, identifier), [])
        place = bisect_left(told, at, key=lambda one: one[0])
        if place == 0:
            return None
        when, resource = told[place - 1]
        ended = self._ended.get(user, [])
        over = bisect_left(ended, at)
        return None if over and ended[over - 1] >= when else (when, resource)

    def between(
        self, user: str, kind: str, identifier: str, start: float, end: float
    ) -> list[tuple[float, Mapping[str, Any]]]:
        """What a user was told of a resource from a moment on, until another."""
        told = self._told.get((user, kind, identifier), [])
        return told[bisect_left(told, start, key=lambda one: one[0]) : bisect_right(told, end, key=lambda one: one[0])]

    def newest(self, user: str, kind: str, at: float) -> str | None:
        """The id of the resource that a user was told of last before a moment."""
        order = self._order.get((user, kind), [])
        place = bisect_left(order, at, key=lambda one: one[0])
        return order[place - 1][1] if place else None

    def only(self, user: str, kind: str) -> str | None:
        """The id of the one resource of a kind that a user was ever told of; None where there were more."""
        names = {name for _, name in self._order.get((user, kind), [])}
        return next(iter(names)) if len(names) == 1 else None
