"""How a scenario ends: its outcome for the timeline, and its worst verdict with a text for people."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.driver.ledger import LedgerError
from conformance.driver.outcomes import NotApplicable, Unreachable, Untestable
from conformance.judge import Finding
from conformance.judge.findings import SEVERITY, Verdict


@dataclass(frozen=True)
class Ending:
    """How a scenario ended: its worst verdict and a text for people."""

    scenario: str
    verdict: Verdict
    text: str
    findings: tuple[Finding, ...]
    duration: float


def outcome_of(problem: BaseException | None) -> tuple[str, str]:
    """How a scenario ended, and why."""
    if problem is None:
        return "played", ""
    if isinstance(problem, NotApplicable):
        return "skipped", str(problem)
    if isinstance(problem, Untestable | Unreachable | LedgerError):
        return "untestable", str(problem)
    if isinstance(problem, KeyboardInterrupt):
        return "interrupted", "the run was interrupted"
    last = traceback.extract_tb(problem.__traceback__)[-1:]
    where = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return "error", f"the suite broke: {type(problem).__name__}: {problem}{where}"[:600]


def summary_of(findings: Sequence[Finding], reason: str) -> tuple[Verdict, str]:
    """The worst verdict of a scenario and a text for people."""
    if not findings:
        return "untestable", reason or "nothing was judged"
    worst = max(findings, key=lambda item: SEVERITY.index(item.verdict))
    lines = [
        f"{item.check}: {item.message}" + (f" (expected {item.expected}; seen {item.seen})" if item.expected else "")
        for item in findings
        if item.verdict == worst.verdict
    ]
    return worst.verdict, "\n".join(lines[:12])
