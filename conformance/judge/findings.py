"""What a check says, and the record that a run keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from conformance.contract import Contract
from conformance.contract.model import Level, Source
from conformance.judge.citations import citable

Verdict = Literal["passed", "failed", "warning", "skipped", "untestable", "error"]
SEVERITY: tuple[Verdict, ...] = ("passed", "skipped", "warning", "untestable", "failed", "error")
TEXT_LIMIT = 600


@dataclass(frozen=True)
class Outcome:
    """What one check says of one step: `ok`, and when not, what was expected and what was seen."""

    ok: bool
    message: str
    expected: str = ""
    seen: str = ""
    level: Level = "must"
    evidence: tuple[int, ...] = ()
    source: Source | None = None
    rule: str | None = None
    reading: str | None = None


@dataclass(frozen=True)
class Finding:
    """The verdict of one check in one scenario about one operation. The id is the same whether it passes or fails."""

    id: str
    scenario: str
    area: str
    operation: str
    check: str
    verdict: Verdict
    level: Level
    message: str
    expected: str = ""
    seen: str = ""
    rule: str | None = None
    source: Source | None = None
    evidence: tuple[int, ...] = ()
    readings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The record of `results.json`."""
        return {
            "id": self.id,
            "scenario": self.scenario,
            "area": self.area,
            "operation": self.operation,
            "check": self.check,
            "verdict": self.verdict,
            "level": self.level,
            "message": self.message,
            "expected": self.expected,
            "seen": self.seen,
            "rule": self.rule,
            "source": self.source.as_json() if self.source else None,
            "evidence": list(self.evidence),
            "readings": list(self.readings),
        }


@dataclass(frozen=True)
class Check:
    """A registered check: its id, the question it answers (its specification), and the function."""

    id: str
    doc: str
    function: Callable[..., Iterator[Outcome]]
    scope: Literal["step", "scenario"]
    cases: frozenset[str]


CHECKS: dict[str, Check] = {}


def check(
    identifier: str, *cases: str, scope: Literal["step", "scenario"] = "step"
) -> Callable[[Callable[..., Iterator[Outcome]]], Callable[..., Iterator[Outcome]]]:
    """Registers a check for the steps of the given cases; its docstring is its specification and the report's text.

    A check yields an `Outcome` for each thing that it looked at and nothing where it does not apply.
    """

    def register(function: Callable[..., Iterator[Outcome]]) -> Callable[..., Iterator[Outcome]]:
        if identifier in CHECKS:
            raise ValueError(f"check {identifier!r} is registered twice")
        doc = " ".join((function.__doc__ or "").split())
        if not doc:
            raise ValueError(f"check {identifier!r} has no docstring: it is its specification")
        CHECKS[identifier] = Check(identifier, doc, function, scope, frozenset(cases))
        return function

    return register


def bounded(value: Any, limit: int = TEXT_LIMIT) -> str:
    """A value as short text: strings of a server are never printed unbounded."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def rule_for(contract: Contract, check_id: str, operation: str) -> tuple[str | None, Source | None]:
    """The rule that a finding of the check about the operation cites, and its source; see `citations`."""
    known = _CITED.setdefault(contract.digest, {})
    if (check_id, operation) not in known:
        rule = citable(contract, check_id, operation)
        known[check_id, operation] = (rule.id, rule.source) if rule else (None, None)
    return known[check_id, operation]


_CITED: dict[str, dict[tuple[str, str], tuple[str | None, Source | None]]] = {}
