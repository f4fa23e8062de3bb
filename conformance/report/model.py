"""What a run has come to: the facts of the run, its scenarios, its findings, and the verdict that follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from conformance.contract import Contract
from conformance.judge.findings import SEVERITY, Finding, Verdict
from conformance.judge.timeline import Scenario
from conformance.report.coverage import EXECUTED, AreaCoverage, TransitionLog, coverage
from conformance.report.latency import Latency, LatencyMeter
from conformance.report.silence import SilenceMeter
from conformance.report.text import one_line

RunVerdict = Literal[
    "conformant",
    "not conformant",
    "incomplete",
    "nothing tested",
    "unreachable",
    "unwritable",
    "suite error",
    "interrupted",
]
ProblemKind = Literal["unreachable", "nothing tested", "unwritable", "suite error"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

EXIT_CODES: Mapping[RunVerdict, int] = {
    "conformant": 0,
    "not conformant": 1,
    "incomplete": 1,
    "nothing tested": 3,
    "unreachable": 3,
    "unwritable": 2,
    "suite error": 4,
    "interrupted": 130,
}


@dataclass(frozen=True)
class RunInfo:
    """The facts of a run, none of them a secret.

    started, finished: ISO 8601 with a time zone. duration: seconds. arguments: the command line without secrets.
    areas: those that were asked for; empty: all. problem: why the run could not be a run, `problem_kind` which way
    (a problem without a kind is the suite's own). target: as `Target.describe()` gives it. left: what the run made or
    changed on the deployment and could not undo.
    """

    id: str
    started: str
    finished: str
    duration: float
    suite_version: str
    contract_digest: str
    arguments: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    profile: str | None = None
    interrupted: bool = False
    problem: str | None = None
    problem_kind: ProblemKind | None = None
    server_version: str | None = None
    features: tuple[str, ...] = ()
    target: Mapping[str, Any] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The member `run` of `results.json`."""
        return {
            "id": self.id,
            "started": self.started,
            "finished": self.finished,
            "duration": round(self.duration, 6),
            "suiteVersion": self.suite_version,
            "contractDigest": self.contract_digest,
            "arguments": list(self.arguments),
            "areas": list(self.areas),
            "profile": self.profile,
            "interrupted": self.interrupted,
            "problem": self.problem,
            "problemKind": self.broken,
            "serverVersion": self.server_version,
            "features": list(self.features),
            "target": dict(self.target),
            "left": list(self.left),
        }

    def seconds_until(self, later: RunInfo) -> float:
        """Seconds from this run's start to the end of another one's; 0 where a time is no ISO 8601."""
        try:
            return (datetime.fromisoformat(later.finished) - datetime.fromisoformat(self.started)).total_seconds()
        except ValueError:
            return 0.0

    @property
    def broken(self) -> ProblemKind | None:
        """The kind of the problem, None where there is none."""
        if self.problem_kind is not None:
            return self.problem_kind
        return "suite error" if self.problem is not None else None


@dataclass(frozen=True)
class ScenarioRecord:
    """One scenario in a line: its worst verdict, why, how long (seconds), and where it stands in the timeline."""

    id: str
    area: str
    operation: str
    title: str
    verdict: Verdict
    reason: str
    duration: float
    first_seq: int
    last_seq: int

    def as_json(self) -> dict[str, Any]:
        """An entry of `scenarios` of `results.json`."""
        return {
            "id": self.id,
            "area": self.area,
            "operation": self.operation,
            "title": self.title,
            "verdict": self.verdict,
            "reason": self.reason,
            "duration": round(self.duration, 6),
            "firstSeq": self.first_seq,
            "lastSeq": self.last_seq,
        }


@dataclass(frozen=True)
class Results:
    """Everything that a report says.

    counts: findings by verdict. areas: the same by area. readings: by ambiguity the readings that were followed, with
    the number of times. latency: by messageType. coverage: by area. reasons: why the verdict is what it is. recording:
    of a recording by others (a HAR) what it holds and what of it is not judged; None for a run of ours. silent: some
    notifications were owed, and not a single one came; the first of the reasons says so.
    """

    run: RunInfo
    scenarios: tuple[ScenarioRecord, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[Verdict, int]
    areas: Mapping[str, Mapping[Verdict, int]]
    readings: Mapping[str, Mapping[str, int]]
    latency: Mapping[str, Latency]
    coverage: Mapping[str, AreaCoverage]
    verdict: RunVerdict
    reasons: tuple[str, ...]
    recording: Mapping[str, Any] | None = None
    silent: bool = False

    @property
    def exit_code(self) -> int:
        """0 conformant; 1 not conformant or incomplete; 2 what was said could not be recorded; 3 unreachable or
        nothing tested; 4 the suite broke; 130 interrupted."""
        return EXIT_CODES[self.verdict]

    def of_verdict(self, *verdicts: Verdict) -> list[Finding]:
        """The findings with one of the verdicts, in the order of the run."""
        return [item for item in self.findings if item.verdict in verdicts]

    def by_scenario(self) -> dict[str, list[Finding]]:
        """The findings by the scenario's id."""
        grouped: dict[str, list[Finding]] = {item.id: [] for item in self.scenarios}
        for finding in self.findings:
            grouped.setdefault(finding.scenario, []).append(finding)
        return grouped


def build_results(
    run: RunInfo, findings: Iterable[Finding], scenarios: Iterable[Scenario], contract: Contract
) -> Results:
    """The results of a run. Both iterables are gone through once; of the scenarios' events nothing is kept.

    A run in which no check had anything to look at is never conformant.
    """
    kept = tuple(findings)
    meter, log, silence = LatencyMeter(), TransitionLog(contract), SilenceMeter()

    def measured() -> Iterable[Scenario]:
        for scenario in scenarios:
            meter.add(scenario)
            log.add(scenario)
            silence.add(scenario)
            yield scenario

    records = scenario_records(measured(), kept)
    readings = _readings(kept)
    verdict, reasons = _verdict(run, kept, records)
    silent = silence.sentence(kept)
    areas = dict.fromkeys([*run.areas, *(item.area for item in records), *(item.area for item in kept)])
    return Results(
        run=run,
        scenarios=records,
        findings=kept,
        counts=_counts(kept),
        areas={area: _counts([item for item in kept if item.area == area]) for area in areas if area},
        readings=readings,
        latency=meter.summary(),
        coverage=coverage(contract, kept, log.touched, readings, log.samples),
        verdict=verdict,
        reasons=(silent, *reasons) if silent else reasons,
        silent=bool(silent),
    )


def scenario_records(scenarios: Iterable[Scenario], findings: Iterable[Finding]) -> tuple[ScenarioRecord, ...]:
    """One record for each scenario, in the order of the run; findings of scenarios without events come last."""
    grouped: dict[str, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.scenario, []).append(finding)
    records = [_record(item, grouped.pop(item.id, [])) for item in scenarios]
    return (*records, *(_record_without_events(name, items) for name, items in grouped.items()))


def _record(scenario: Scenario, findings: Sequence[Finding]) -> ScenarioRecord:
    verdict, reason = _worst(findings)
    first, last = (scenario.events[0], scenario.events[-1]) if scenario.events else (None, None)
    operation = str(scenario.info.get("operation") or "") or next((f.operation for f in findings if f.operation), "")
    return ScenarioRecord(
        id=scenario.id,
        area=scenario.area,
        operation=operation,
        title=one_line(scenario.info.get("title") or scenario.id),
        verdict=verdict,
        reason=reason,
        duration=max(0.0, last.t - first.t) if first and last else 0.0,
        first_seq=first.seq if first else 0,
        last_seq=last.seq if last else 0,
    )


def _record_without_events(name: str, findings: Sequence[Finding]) -> ScenarioRecord:
    verdict, reason = _worst(findings)
    seqs = [seq for item in findings for seq in item.evidence]
    first = findings[0]
    bounds = (min(seqs, default=0), max(seqs, default=0))
    return ScenarioRecord(name, first.area, first.operation, one_line(name), verdict, reason, 0.0, *bounds)


def _worst(findings: Sequence[Finding]) -> tuple[Verdict, str]:
    """The verdict of a scenario, and why it is not `passed`. One in which nothing was judged has not passed."""
    if not findings:
        return "skipped", "no check had anything to look at"
    worst = max(findings, key=lambda item: SEVERITY.index(item.verdict))
    return worst.verdict, "" if worst.verdict == "passed" else one_line(worst.message)


def _counts(findings: Iterable[Finding]) -> dict[Verdict, int]:
    counted = Counter(item.verdict for item in findings)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def _readings(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """By ambiguity, how often each reading was followed (a reading is named `ambiguity/reading`)."""
    followed: dict[str, Counter[str]] = {}
    for finding in findings:
        for name in finding.readings:
            ambiguity, _, reading = name.rpartition("/")
            followed.setdefault(ambiguity or reading, Counter())[reading if ambiguity else ""] += 1
    return {name: dict(sorted(followed[name].items())) for name in sorted(followed)}


def _verdict(
    run: RunInfo, findings: Sequence[Finding], records: Sequence[ScenarioRecord]
) -> tuple[RunVerdict, tuple[str, ...]]:
    """The verdict of the run and its reasons, the decisive one first.

    A failed check is a fact even where the suite broke elsewhere, so it decides before an `error` does; the error is
    among the reasons then, and no other verdict hides it.
    """
    reasons = {
        verdict: _some(verdict, findings, records) for verdict in ("failed", "error", "untestable", "warning", "passed")
    }
    executed = any(item.verdict in EXECUTED for item in findings)
    verdict: RunVerdict
    decisive = ""
    if run.interrupted:
        verdict, decisive = "interrupted", f"the run was interrupted; {_number(len(records), 'scenario')} had begun"
    elif run.broken is not None:
        verdict = run.broken
        decisive = "" if run.problem else run.broken
    elif reasons["failed"]:
        verdict = "not conformant"
    elif reasons["error"]:
        verdict = "suite error"
    elif not executed:
        verdict, decisive = "nothing tested", "no check had anything to look at"
    elif reasons["untestable"]:
        verdict = "incomplete"
    else:
        verdict = "conformant"
    texts = [decisive, one_line(run.problem or ""), *reasons.values()]
    return verdict, tuple(text for text in texts if text)


def _some(verdict: Verdict, findings: Sequence[Finding], records: Sequence[ScenarioRecord]) -> str:
    count = sum(item.verdict == verdict for item in findings)
    if not count:
        return ""
    where = _number(len({item.scenario for item in findings if item.verdict == verdict}), "scenario")
    if verdict == "error":
        return f"the suite itself broke in {where}"
    if verdict == "untestable":
        return f"{where} of {len(records)} could not be tested"
    said = {"failed": "failed", "warning": "warned", "passed": "passed"}[verdict]
    return f"{_number(count, 'check')} {said} in {where}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
