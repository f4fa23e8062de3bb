"""Compares what a run's own timeline and the HAR that was made of it come to, check by check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from conformance.contract import Contract
from conformance.har.carried import carriage
from conformance.har.judging import judge_recording, read_events
from conformance.judge import Finding, judge_scenario
from conformance.judge.engine import SILENT_CASES
from conformance.judge.findings import SEVERITY
from conformance.judge.timeline import Scenario, scenarios
from conformance.wire.timeline import read_timeline

Key = tuple[str, str]
"""(scenario, check)."""


@dataclass
class Comparison:
    """same: how many verdicts agree. lost: of the run, milder or absent in the HAR. added: of the HAR, worse than the
    run's though it concerns what the run judged too. silent: worse, about what the run did not judge."""

    same: int = 0
    lost: dict[Key, tuple[str, str]] = field(default_factory=dict)
    added: dict[Key, tuple[str, str]] = field(default_factory=dict)
    silent: dict[Key, tuple[str, str]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def share(self) -> float:
        """How many of the run's verdicts the HAR repeats, of 1."""
        every = self.same + len(self.lost) + len(self.added)
        return self.same / every if every else 0.0


def compare(timeline: Path, har: Path, contract: Contract, extents: Iterable[str] = ("whole",)) -> Comparison:
    """Compares the worst verdict of each check in each scenario, of the checks with these extents."""
    wanted = set(extents)
    told = list(read_timeline(timeline))
    run = {item.id: item for item in scenarios(told)}
    before = {name: judge_scenario(item, contract) for name, item in run.items()}
    requests = [event for event in told if event.kind == "http.request"]
    entries = {event.seq: number for number, event in enumerate(requests, start=1)}
    judged = {name: _judged_entries(item, entries) for name, item in run.items()}
    heard = judge_recording(read_events(har, contract), contract)
    after: dict[str, list[Finding]] = {}
    for finding in heard.judged.findings:
        after.setdefault(finding.scenario, []).append(finding)
    out = Comparison()
    for name, findings in before.items():
        mine, theirs = _worst(findings), _worst(after.get(name, ()))
        for check in sorted(mine.keys() | theirs.keys()):
            if carriage(check).extent not in wanted:
                continue
            first, second = mine.get(check, "absent"), theirs.get(check, "absent")
            if first == "failed":
                out.failed.add(check)
            if first == second:
                out.same += 1
            elif _rank(second) < _rank(first):
                out.lost[(name, check)] = (first, second)
            elif _concerns(after.get(name, ()), check, second, judged[name]):
                out.added[(name, check)] = (first, second)
            else:
                out.silent[(name, check)] = (first, second)
    return out


def _judged_entries(scenario: Scenario, entries: dict[int, int]) -> set[str]:
    """The labels, in the HAR's findings, of the requests that the run judged."""
    out = set()
    for step in scenario.steps:
        if step.case not in SILENT_CASES and step.main is not None:
            out.add(f"entry {entries[step.main.request.seq]}")
    return out


def _worst(findings: Iterable[Finding]) -> dict[str, str]:
    out: dict[str, str] = {}
    for item in findings:
        if _rank(item.verdict) >= _rank(out.get(item.check, "absent")):
            out[item.check] = item.verdict
    return out


def _rank(verdict: str) -> int:
    return [str(item) for item in ("absent", *SEVERITY)].index(verdict)


def _concerns(findings: Iterable[Finding], check: str, verdict: str, labels: set[str]) -> bool:
    """Whether a verdict of the HAR is about a request that the run judged; passing more than the run is no matter."""
    if verdict == "passed":
        return False
    about = [item for item in findings if item.check == check and item.verdict == verdict]
    return any(part in labels for item in about for part in item.id.split("/")) or all(
        "/entry " not in item.id and "/notified " not in item.id for item in about
    )
