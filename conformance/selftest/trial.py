"""One fault on trial: the scenarios that can see it are played, and their findings held against the expectation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Literal

from conformance.driver.outcomes import Unreachable
from conformance.judge import Finding
from conformance.selftest.bench import Bench, BenchError
from conformance.selftest.expectations import Expectation
from conformance.selftest.playables import Playable

Status = Literal["killed", "wrong reason", "survived", "equivalent", "not played"]
NO_EXPECTATION = "anything: add the fault to conformance/selftest/expectations.yaml and say there what they must name"


@dataclass(frozen=True)
class Complaint:
    """What a check said against the faulty server. lacks: what it should name and does not; empty where it is right."""

    finding: Finding
    lacks: str = ""

    @property
    def right(self) -> bool:
        """Whether it names what the fault is about."""
        return not self.lacks


@dataclass(frozen=True)
class Charge:
    """A fault and what is known of it before it is played.

    scenarios: those that can see it, the fastest first. always: those of them that are played even when another has
    seen it. patience: seconds that the driver waits for a notification; None for the usual. argument: why no client can
    tell the faulty server from a sound one; empty where one should.
    """

    fault: str
    sentence: str
    area: str
    expectation: Expectation | None
    scenarios: tuple[Playable, ...] = ()
    always: frozenset[str] = frozenset()
    patience: float | None = None
    argument: str = ""


@dataclass(frozen=True)
class Trial:
    """What came of one fault. disturbed: by scenario, why it was not judged. stopped: why no run could begin."""

    fault: str
    complaints: tuple[Complaint, ...] = ()
    played: tuple[str, ...] = ()
    disturbed: Mapping[str, str] = field(default_factory=dict)
    stopped: str = ""
    seconds: float = 0.0

    @property
    def right(self) -> tuple[Complaint, ...]:
        """The complaints that name what the fault is about."""
        return tuple(item for item in self.complaints if item.right)


def status_of(charge: Charge, trial: Trial | None) -> Status:
    """What is to be said of a fault. One that was thought equivalent and is seen all the same is killed."""
    if trial is None:
        return "not played"
    if trial.right:
        return "killed"
    if trial.complaints:
        return "wrong reason"
    return "equivalent" if charge.argument else "survived"


def note_of(charge: Charge, trial: Trial | None) -> str:
    """Why a fault was not killed, for people."""
    status = status_of(charge, trial)
    if status == "equivalent":
        return charge.argument
    if status in {"killed", "not played"} or trial is None:
        return ""
    if status == "wrong reason":
        return f"the findings do not name {trial.complaints[0].lacks}"
    if trial.stopped:
        return f"no run could begin: {trial.stopped}"
    disturbed = [f"{name}: {why}" for name, why in trial.disturbed.items()]
    return disturbed[0] if disturbed else f"{len(trial.played)} scenarios saw nothing"


@dataclass
class Court:
    """Tries faults on one bench, one after another.

    every: play all scenarios that can see a fault, whoever has seen it already. elsewhere: other scenarios for a fault
    that none of those has seen; they are played for at most `search` seconds.
    """

    bench: Bench
    every: bool = False
    search: float = 20.0
    elsewhere: Callable[[Charge], Sequence[Playable]] | None = None

    def try_fault(self, charge: Charge) -> Trial:
        """Plays the scenarios of a charge until one of them sees the fault for the right reason."""
        start = time.monotonic()
        usual = self.bench.patience
        self.bench.patience = max(usual, charge.patience or 0.0)
        try:
            trial = self._both(charge, charge.scenarios, None)
        finally:
            self.bench.patience = usual
        if not trial.right and charge.expectation and not charge.argument and self.elsewhere and self.search > 0:
            end = time.monotonic() + self.search
            trial = _joined(trial, self._both(charge, self.elsewhere(charge), end))
        return _joined(trial, Trial(charge.fault), seconds=time.monotonic() - start)

    def _both(self, charge: Charge, scenarios: Sequence[Playable], end: float | None) -> Trial:
        """Once with the fault on from the start; again with the fault coming late where it let nobody in."""
        trial = self._round(charge, scenarios, end, late=False)
        if trial.right or not (trial.stopped or len(trial.disturbed) > len(trial.played) / 2):
            return trial
        return _joined(trial, self._round(charge, scenarios, end, late=True))

    def _round(self, charge: Charge, scenarios: Sequence[Playable], end: float | None, *, late: bool) -> Trial:
        complaints: list[Complaint] = []
        played: list[str] = []
        disturbed: dict[str, str] = {}
        left, stopped = list(scenarios), ""
        try:
            # Where a fault ends the run because the server is gone, the other scenarios are played on a new one.
            while left and not self._enough(charge, complaints, left):
                before = len(left)
                with closing(self.bench.play([charge.fault], list(left), late=late)) as plays:
                    for item in plays:
                        left.pop(0)
                        played.append(item.scenario)
                        complaints += [Complaint(one, lacks(charge, one)) for one in item.complaints]
                        if item.verdict in {"untestable", "error"}:
                            disturbed[item.scenario] = f"{item.verdict}: {item.text[:300]}"
                        if self._enough(charge, complaints, left) or (end is not None and time.monotonic() > end):
                            left.clear()
                            break
                if len(left) == before:
                    break
        except (Unreachable, BenchError) as error:
            stopped = str(error)[:300]
        return Trial(charge.fault, tuple(complaints), tuple(played), disturbed, stopped)

    def _enough(self, charge: Charge, complaints: Sequence[Complaint], left: Sequence[Playable]) -> bool:
        if self.every or not any(item.right for item in complaints):
            return False
        return all(item.id not in charge.always for item in left)


def lacks(charge: Charge, finding: Finding) -> str:
    """What a finding should name and does not."""
    return NO_EXPECTATION if charge.expectation is None else charge.expectation.lacks(finding)


def _joined(first: Trial, second: Trial, *, seconds: float = 0.0) -> Trial:
    return Trial(
        first.fault,
        first.complaints + second.complaints,
        first.played + second.played,
        {**first.disturbed, **second.disturbed},
        first.stopped if not second.played else second.stopped,
        seconds,
    )
