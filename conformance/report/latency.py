"""How long notifications took: from the request to the first event of each messageType."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conformance.judge.timeline import Scenario, Step
from conformance.report.text import one_line

KINDS = 50
"""Message types that are reported: a server may invent any number of them."""


@dataclass(frozen=True)
class Latency:
    """Seconds from request to notification. `p95` is by nearest rank: a time that was measured."""

    count: int
    median: float
    p95: float
    max: float

    def as_json(self) -> dict[str, float | int]:
        """`{count, median, p95, max}`."""
        return {"count": self.count, "median": self.median, "p95": self.p95, "max": self.max}


class LatencyMeter:
    """Gathers times scenario by scenario, so that no timeline needs to be kept."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = {}

    def add(self, scenario: Scenario) -> None:
        """Takes in the times of a scenario."""
        for step in scenario.steps:
            for kind, seconds in first_events(step).items():
                self._times.setdefault(one_line(kind, 80), []).append(seconds)

    def summary(self) -> dict[str, Latency]:
        """The figures by messageType, those with the most measurements first."""
        ranked = sorted(self._times.items(), key=lambda item: (-len(item[1]), item[0]))
        return {kind: figures(times) for kind, times in ranked[:KINDS]}


def first_events(step: Step) -> Mapping[str, float]:
    """Seconds from the step's own request to the first event of each messageType, whoever received it.

    A GET causes no notification: what arrives beside one is not its doing, and is not measured.
    """
    exchange = step.main
    if exchange is None or str(exchange.request.payload.get("method")) == "GET":
        return {}
    found: dict[str, float] = {}
    for item in step.delivered:
        if item.seq > exchange.request.seq and item.message_type:
            found.setdefault(item.message_type, max(0.0, item.event.t - exchange.request.t))
    return found


def figures(times: Iterable[float]) -> Latency:
    """The figures of some times (at least one)."""
    ordered = sorted(times)
    count = len(ordered)
    middle = count // 2
    median = ordered[middle] if count % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    p95 = ordered[math.ceil(0.95 * count) - 1]
    return Latency(count, round(median, 6), round(p95, 6), round(ordered[-1], 6))
