"""From a run, live or read back from its timeline, to results and reports."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from conformance import __version__
from conformance.contract import Contract
from conformance.judge import Finding, judge_scenario
from conformance.judge.findings import bounded
from conformance.judge.timeline import Event, Scenario, scenarios
from conformance.report.model import ProblemKind, Results, RunInfo, build_results
from conformance.report.write_all import ReportError, write_reports

FACTS = "run.facts"
"""Kind of the timeline's events that carry what a run knows of itself; the last one counts."""
CRASH = "crash.txt"
CUT = "the recording ends before the run does: the process was killed"


@dataclass(frozen=True)
class Reported:
    """What a run has come to, and where it is written. problems: reports that could not be written, a text each."""

    results: Results
    scenarios: Sequence[Scenario] = ()
    paths: Sequence[Path] = ()
    problems: Sequence[str] = ()


@dataclass
class Judged:
    """The findings of scenarios that were judged one by one; `crashes` are tracebacks of checks that broke."""

    findings: list[Finding] = field(default_factory=list)
    scenarios: list[Scenario] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def add(self, scenario: Scenario, contract: Contract) -> list[Finding]:
        """Judges a scenario. A check that breaks is an `error` of the suite, never of the server."""
        try:
            findings = judge_scenario(scenario, contract)
        except Exception as error:  # noqa: BLE001 - whatever a check does, the run goes on and says so
            self.crashes.append(f"judging {scenario.id}\n{traceback.format_exc()}")
            findings = [_broken(scenario, error)]
        self.scenarios.append(scenario)
        self.findings.extend(findings)
        return findings


def _broken(scenario: Scenario, error: Exception) -> Finding:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Finding(
        id=f"{scenario.id}/scenario",
        scenario=scenario.id,
        area=scenario.area,
        operation=str(scenario.info.get("operation") or ""),
        check="scenario",
        verdict="error",
        level="must",
        message=bounded(f"a check broke: {type(error).__name__}: {error} at {Path(last.filename).name}:{last.lineno}"),
        evidence=(scenario.events[-1].seq,) if scenario.events else (),
    )


def write(
    info: RunInfo,
    judged: Judged,
    contract: Contract,
    output: Path | None,
    *,
    recording: Mapping[str, Any] | None = None,
) -> Reported:
    """Builds the results and, where there is a folder, writes every report that can be written. recording: see
    `Results`."""
    results = build_results(info, judged.findings, judged.scenarios, contract)
    if recording is not None:
        results = replace(results, recording=recording)
    if output is None:
        return Reported(results, judged.scenarios)
    try:
        return Reported(results, judged.scenarios, write_reports(results, judged.scenarios, output, contract))
    except ReportError as error:
        return Reported(results, judged.scenarios, error.written, error.problems)


def run_info_from(facts: Mapping[str, Any]) -> RunInfo:
    """The inverse of `RunInfo.as_json`, forgiving about members that are missing."""
    kind = facts.get("problemKind")
    return RunInfo(
        id=str(facts.get("id", "")),
        started=str(facts.get("started", "")),
        finished=str(facts.get("finished", "")),
        duration=float(facts.get("duration") or 0.0),
        suite_version=str(facts.get("suiteVersion", "")),
        contract_digest=str(facts.get("contractDigest", "")),
        arguments=tuple(facts.get("arguments") or ()),
        areas=tuple(facts.get("areas") or ()),
        profile=facts.get("profile"),
        interrupted=bool(facts.get("interrupted")),
        problem=facts.get("problem"),
        problem_kind=kind if kind in get_args(ProblemKind) else None,
        server_version=facts.get("serverVersion"),
        features=tuple(facts.get("features") or ()),
        target=facts.get("target") or {},
        left=tuple(map(str, facts.get("left") or ())),
    )


def rejudge(events: Iterable[Event], contract: Contract) -> tuple[RunInfo, Judged]:
    """Judges a timeline again: with the same contract the findings are those of the run.

    A timeline without an end (the process was killed) becomes an interrupted run.
    """
    kept = list(events)
    facts: dict[str, Any] = {}
    ended = False
    for event in kept:
        if event.kind == "run.start":
            info = event.payload.get("info")
            known = info if isinstance(info, Mapping) else {}
            facts = {
                "suiteVersion": known.get("suite", ""),
                "contractDigest": known.get("contract", ""),
                "target": known.get("target", {}),
                "started": getattr(event, "wall", ""),
            }
        elif event.kind == FACTS:
            facts |= event.payload
        elif event.kind == "run.end":
            ended = True
    if not ended and kept:
        last = kept[-1]
        facts |= {"interrupted": True, "problem": facts.get("problem") or CUT, "finished": getattr(last, "wall", "")}
        facts["duration"] = last.t
    judged = Judged()
    for scenario in scenarios(kept):
        judged.add(scenario, contract)
    return run_info_from(facts), judged


def failed_run(
    contract: Contract,
    output: Path | None,
    *,
    problem: str | None,
    kind: ProblemKind | None = None,
    interrupted: bool = False,
    started: datetime | None = None,
    arguments: Sequence[str] = (),
    areas: Sequence[str] = (),
    profile: str | None = None,
    target: Mapping[str, Any] | None = None,
) -> Reported:
    """The reports of a run that never came to its first scenario."""
    finished = datetime.now(UTC)
    begun = started or finished
    info = RunInfo(
        id="",
        started=begun.isoformat(timespec="milliseconds"),
        finished=finished.isoformat(timespec="milliseconds"),
        duration=round((finished - begun).total_seconds(), 3),
        suite_version=__version__,
        contract_digest=contract.digest,
        arguments=tuple(arguments),
        areas=tuple(areas),
        profile=profile,
        interrupted=interrupted,
        problem=problem,
        problem_kind=kind,
        target=target or {},
    )
    return write(info, Judged(), contract, output)


def note_crash(output: Path | None, text: str) -> Path | None:
    """Appends a traceback to `crash.txt` in the folder; None where there is no folder or it cannot be written."""
    if output is None:
        return None
    path = output / CRASH
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text.rstrip("\n") + "\n\n")
    except OSError:
        return None  # the sentence on standard error still says what happened
    return path
