"""The kill matrix of a run of the self-test, and its JSON form (`schemas/formats/kill-matrix.json`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from conformance import __version__
from conformance.judge import CHECKS
from conformance.report.text import one_line, safe
from conformance.selftest.charges import family
from conformance.selftest.trial import Charge, Complaint, Status, Trial, note_of, status_of

FORMAT, VERSION = "gws-conformance-kill-matrix", 1
STATUSES: tuple[Status, ...] = get_args(Status)
SHOWN = 20
"""Complaints of one fault that are written down, those for the right reason first."""


@dataclass(frozen=True)
class Row:
    """A fault and what came of it; `trial` is None when it was not played."""

    charge: Charge
    trial: Trial | None

    @property
    def status(self) -> Status:
        """See `status_of`."""
        return status_of(self.charge, self.trial)

    @property
    def note(self) -> str:
        """Why it was not killed."""
        return safe(note_of(self.charge, self.trial))

    @property
    def complaints(self) -> tuple[Complaint, ...]:
        """What was said against the server, for the right reason first, failures before warnings."""
        found = self.trial.complaints if self.trial else ()
        return tuple(sorted(found, key=lambda one: (not one.right, one.finding.verdict != "failed")))

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.trial.seconds if self.trial else 0.0


@dataclass(frozen=True)
class Sound:
    """What the sound server was blamed for: nothing, if all is well. `disturbed` are scenarios that were not judged."""

    scenarios: int = 0
    repeats: int = 0
    complaints: Sequence[Complaint] = ()
    disturbed: Mapping[str, str] | None = None
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing failed and everything was judged."""
        return not self.complaints and not self.disturbed


@dataclass(frozen=True)
class KillMatrix:
    """A run of the self-test. whole: no fault was left out, so that every check must have been killed."""

    rows: Sequence[Row]
    sound: Sound
    started: str
    duration: float
    jobs: int
    arguments: Sequence[str] = ()
    whole: bool = False
    interrupted: bool = False
    problem: str = ""
    unreachable: bool = False

    def count(self, status: Status, area: str = "") -> int:
        """How many faults have that status."""
        return sum(row.status == status and area in {"", row.charge.area} for row in self.rows)

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas of the faults."""
        return tuple(dict.fromkeys(row.charge.area for row in self.rows))

    @property
    def killers(self) -> Mapping[str, Sequence[str]]:
        """For each check the faults that it saw for the right reason."""
        out: dict[str, list[str]] = {name: [] for name in sorted(CHECKS)}
        for row in self.rows:
            for name in dict.fromkeys(item.finding.check for item in row.complaints if item.right):
                out.setdefault(name, []).append(row.charge.fault)
        return out

    @property
    def idle(self) -> tuple[str, ...]:
        """The checks that saw no fault, where all faults were played."""
        return tuple(name for name, faults in self.killers.items() if not faults) if self.whole else ()

    @property
    def exit_code(self) -> int:
        """0: all killed or equivalent, the sound server blameless; 1: not so; 3: the server does not start; 4: the
        self-test broke; 130: interrupted."""
        if self.interrupted:
            return 130
        if self.problem:
            return 3 if self.unreachable else 4
        proven = all(row.status in {"killed", "equivalent"} for row in self.rows)
        return 0 if proven and self.sound.clean and not self.idle else 1

    def as_json(self) -> dict[str, Any]:
        """The document."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "suite": __version__,
            "started": self.started,
            "duration": round(self.duration, 3),
            "jobs": self.jobs,
            "arguments": list(self.arguments),
            "interrupted": self.interrupted,
            "problem": safe(self.problem) or None,
            "exitCode": self.exit_code,
            "counts": self._counts(self.rows),
            "areas": {area: self._counts([row for row in self.rows if row.charge.area == area]) for area in self.areas},
            "families": {
                name: self._counts([row for row in self.rows if family(row.charge.fault) == name])
                for name in ("behavioural", "generic")
            },
            "checks": {name: list(faults) for name, faults in self.killers.items()},
            "idleChecks": list(self.idle),
            "sound": self._sound(),
            "faults": [_row(row) for row in self.rows],
        }

    def _counts(self, rows: Sequence[Row]) -> dict[str, int]:
        counted = Counter(row.status for row in rows)
        names = {"wrong reason": "wrongReason", "not played": "notPlayed"}
        return {"faults": len(rows)} | {names.get(one, one): counted[one] for one in STATUSES}

    def _sound(self) -> dict[str, Any]:
        return {
            "scenarios": self.sound.scenarios,
            "repeats": self.sound.repeats,
            "seconds": round(self.sound.seconds, 3),
            "complaints": [_complaint(item) for item in self.sound.complaints[:SHOWN]],
            "disturbed": {name: safe(why) for name, why in (self.sound.disturbed or {}).items()},
        }


def _row(row: Row) -> dict[str, Any]:
    expected = row.charge.expectation
    return {
        "fault": row.charge.fault,
        "area": row.charge.area,
        "family": family(row.charge.fault),
        "sentence": row.charge.sentence,
        "expected": expected.as_json() if expected else None,
        "status": row.status,
        "note": row.note,
        "killedBy": sorted({item.finding.check for item in row.complaints if item.right}),
        "complaints": [_complaint(item) for item in row.complaints[:SHOWN]],
        "played": list(row.trial.played) if row.trial else [],
        "seconds": round(row.seconds, 3),
    }


def _complaint(item: Complaint) -> dict[str, Any]:
    found = item.finding
    return {
        "scenario": found.scenario,
        "check": found.check,
        "operation": found.operation,
        "verdict": found.verdict,
        "message": safe(found.message),
        "expected": safe(found.expected, 300),
        "seen": safe(found.seen, 300),
        "right": item.right,
        "lacks": one_line(item.lacks, 200),
    }
