"""What a fuzzing run has come to: its findings, what it tried, what it left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from conformance.fuzz.observing import Complaint

FORMAT = "gws-conformance-fuzz"
VERSION = 1
Phase = Literal["positive", "negative", "sequence"]


@dataclass(frozen=True)
class FuzzFinding:
    """One complaint about one operation, with the smallest request that brings it.

    phase: the data that brought it. curls: the request, for a sequence all of them in order. repeated: whether the same
    request brought it once more. evidence: positions in the timeline. alike: requests that brought it.
    """

    operation: str
    area: str
    complaint: Complaint
    phase: Phase
    seed: int
    request: str
    curls: tuple[str, ...]
    evidence: tuple[int, ...]
    repeated: bool
    alike: int = 1

    @property
    def id(self) -> str:
        """The same for the same cause in every run."""
        return f"{self.operation}:{self.complaint.check}:{self.complaint.cause}"

    @property
    def verdict(self) -> Literal["failed", "warning"]:
        """`failed` where a page states what is expected, `warning` where it is a `should`."""
        return "failed" if self.complaint.level == "must" else "warning"

    def as_json(self) -> dict[str, Any]:
        """An entry of `findings` of `fuzz.json`."""
        told = self.complaint
        return {
            "id": self.id,
            "operation": self.operation,
            "area": self.area,
            "check": told.check,
            "cause": told.cause,
            "verdict": self.verdict,
            "level": told.level,
            "message": told.message,
            "expected": told.expected,
            "seen": told.seen,
            "rule": told.rule,
            "source": told.source.as_json(),
            "phase": self.phase,
            "seed": self.seed,
            "request": self.request,
            "curl": list(self.curls),
            "evidence": list(self.evidence),
            "repeated": self.repeated,
            "alike": self.alike,
        }


@dataclass
class Tally:
    """How one operation was tried. withheld: requests that were not sent, by reason. note: what could not be brought
    about before it."""

    operation: str
    area: str
    positive: int = 0
    negative: int = 0
    sequence: int = 0
    accepted: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    note: str = ""

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.positive + self.negative + self.sequence

    def as_json(self) -> dict[str, Any]:
        """An entry of `operations` of `fuzz.json`."""
        return {
            "operation": self.operation,
            "area": self.area,
            "positive": self.positive,
            "negative": self.negative,
            "sequence": self.sequence,
            "accepted": self.accepted,
            "withheld": dict(sorted(self.withheld.items())),
            "note": self.note,
        }


@dataclass
class FuzzResults:
    """Everything that the reports say. left_out: the operations that were not tried, and why. cleanup: what could not
    be undone. problem: why the run ended early or could not begin, `broke` where that is a defect of ours."""

    run: dict[str, Any]
    tallies: dict[str, Tally] = field(default_factory=dict)
    findings: dict[str, FuzzFinding] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    readings: Counter[str] = field(default_factory=Counter)
    cleanup: list[str] = field(default_factory=list)
    interrupted: bool = False
    problem: str | None = None
    broke: bool = False

    @property
    def requests(self) -> int:
        """How many generated requests were sent."""
        return sum(item.requests for item in self.tallies.values())

    def counts(self) -> Mapping[str, int]:
        """Findings by verdict."""
        found = Counter(item.verdict for item in self.findings.values())
        return {"failed": found["failed"], "warning": found["warning"]}

    @property
    def exit_code(self) -> int:
        """0 nothing found, 1 findings, 3 nothing could be tested, 4 our own failure, 130 interrupted."""
        if self.interrupted:
            return 130
        if self.broke:
            return 4
        if self.findings:
            return 1
        return 3 if self.problem is not None or not self.requests else 0

    def as_json(self) -> dict[str, Any]:
        """The document `fuzz.json`; its schema is `schemas/formats/fuzz.json`."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "run": self.run | {"interrupted": self.interrupted, "problem": self.problem, "exitCode": self.exit_code},
            "counts": {**self.counts(), "requests": self.requests, "operations": len(self.tallies)},
            "findings": [item.as_json() for item in self.findings.values()],
            "operations": [item.as_json() for item in self.tallies.values()],
            "leftOut": [{"operation": name, "reason": why} for name, why in self.left_out.items()],
            "readings": dict(sorted(self.readings.items())),
            "cleanup": self.cleanup,
        }
