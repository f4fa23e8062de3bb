"""Allure results: one result a scenario, its steps from the timeline, for Allure's own report."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
from allure_commons.model2 import Attachment, Label, Link, Parameter, Status, StatusDetails, TestResult, TestStepResult
from allure_commons.types import LabelType, LinkType, Severity

from conformance.contract import Contract
from conformance.contract.model import Level, Source
from conformance.judge.engine import SILENT_CASES
from conformance.judge.findings import Finding, Verdict
from conformance.judge.timeline import Exchange, Scenario, Step
from conformance.report.curl import curl_line, step_of
from conformance.report.files import write_folder
from conformance.report.junit import describe
from conformance.report.model import Results, ScenarioRecord
from conformance.report.sequence import step_text
from conformance.report.text import NAME, one_line, pretty, safe

EPIC = "GWS conformance"
BODY = 20_000
"""Characters of an attached body."""
SUMMARY = 400_000
"""Characters of what is attached of a whole scenario."""
_STATUS: Mapping[Verdict, str] = {
    "passed": Status.PASSED,
    "warning": Status.PASSED,
    "failed": Status.FAILED,
    "error": Status.BROKEN,
    "skipped": Status.SKIPPED,
    "untestable": Status.UNKNOWN,
}
_SEVERITY: Mapping[Level, Severity] = {"must": Severity.CRITICAL, "should": Severity.NORMAL, "may": Severity.MINOR}
_LEVELS: tuple[Level, ...] = ("must", "should", "may")
_KNOWN_INFO = frozenset({"area", "operation", "title", "cast"})


def write_allure(results: Results, scenarios: Iterable[Scenario], path: Path, contract: Contract) -> Path:
    """Writes the folder of results for `allure generate`. Raises `OSError` where it cannot."""
    findings = results.by_scenario()
    played = {item.id: item for item in scenarios}

    def fill(folder: Path) -> None:
        writer = _Writer(folder, results, contract)
        for record in results.scenarios:
            writer.write(record, findings.get(record.id, []), played.get(record.id))
        if not results.scenarios:
            writer.write_none()
        (folder / "environment.properties").write_text(_environment(results), "ascii")

    return write_folder(path, fill)


class _Writer:
    def __init__(self, folder: Path, results: Results, contract: Contract) -> None:
        self._folder, self._results, self._contract = folder, results, contract
        # The timeline counts seconds from the start of the run.
        self._start = _epoch(results.run.started)

    def write(self, record: ScenarioRecord, findings: Sequence[Finding], scenario: Scenario | None) -> None:
        result = TestResult(
            uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._results.run.id}/{safe(record.id, NAME * 5)}")),
            historyId=str(uuid.uuid5(uuid.NAMESPACE_URL, safe(record.id, NAME * 5))),
            fullName=one_line(record.id, NAME),
            name=one_line(record.title, NAME),
            status=_STATUS[record.verdict],
            stage="finished",
            titlePath=[self._area(record.area), one_line(record.operation, NAME) or "(no operation)"],
        )
        result.testCaseId = result.historyId
        result.description = self._description(findings)
        result.statusDetails = _details(findings, record)
        result.labels = self._labels(record, findings)
        result.links = [_link(source) for source in dict.fromkeys(f.source for f in findings if f.source)]
        result.start = result.stop = self._time(0.0)
        if scenario is not None and scenario.events:
            result.start, result.stop = self._time(scenario.events[0].t), self._time(scenario.events[-1].t)
            result.parameters = _parameters(scenario)
            everything = record.verdict != "passed"
            result.steps = self._steps(scenario, findings, everything=everything)
            if not everything:
                result.attachments = self._summary(scenario)
        (self._folder / f"{result.uuid}-result.json").write_bytes(orjson.dumps(result, default=_members))

    def write_none(self) -> None:
        """A run without a scenario has one broken result that says why: an empty report looks like a good one."""
        run, name = self._results.run, f"run: {self._results.verdict}"
        result = TestResult(
            uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{run.id or run.started}/{name}")),
            historyId=str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            fullName=name,
            name=name,
            status=Status.BROKEN,
            stage="finished",
            titlePath=["run"],
        )
        result.testCaseId = result.historyId
        why = one_line("; ".join(self._results.reasons) or self._results.verdict)
        result.statusDetails = StatusDetails(message=why)
        result.start = result.stop = self._time(0.0)
        (self._folder / f"{result.uuid}-result.json").write_bytes(orjson.dumps(result, default=_members))

    def _steps(self, scenario: Scenario, findings: Sequence[Finding], *, everything: bool) -> list[TestStepResult]:
        """`everything`: each request and reply is a file of its own. See `_summary` for a scenario that passed."""
        by_step: dict[int, list[Finding]] = {}
        for finding in findings:
            step = step_of(finding, scenario)
            if step is not None:
                by_step.setdefault(step.number, []).append(finding)
        return [self._step(step, by_step.get(step.number, []), everything) for step in scenario.steps]

    def _summary(self, scenario: Scenario) -> list[Attachment]:
        """What a scenario that passed said and was told in its judged steps, in one file: a run has thousands."""
        whole = [
            {
                "step": self._name(step),
                "exchanges": [
                    {"request": _sent(item), "reply": _got(item)} for item in step.exchanges if _is_shown(item)
                ],
                "notifications": _told(step),
            }
            for step in scenario.steps
            if step.case not in SILENT_CASES
        ]
        return [self._attach("requests, replies, notifications", pretty(whole, SUMMARY))] if whole else []

    def _name(self, step: Step) -> str:
        operation = self._contract.operations.get(step.operation)
        return one_line(step_text(step.info, operation.title if operation else ""), NAME)

    def _step(self, step: Step, findings: Sequence[Finding], everything: bool) -> TestStepResult:
        worst = [item for item in findings if item.verdict in {"failed", "error"}]
        made = TestStepResult(
            name=self._name(step),
            status=_STATUS[worst[0].verdict] if worst else Status.PASSED,
            stage="finished",
            start=self._time(step.start.t),
            stop=self._time(step.events[-1].t),
        )
        if worst:
            made.statusDetails = StatusDetails(message=one_line(worst[0].message))
        shown = [item for item in step.exchanges if _is_shown(item)]
        made.steps = [self._exchange(item, everything) for item in shown]
        made.steps += [
            self._event(item.event.t, item.actor, item.message_type, item.channel) for item in step.delivered
        ]
        if everything and step.delivered:
            made.attachments = [self._attach("notifications", pretty(_told(step), BODY))]
        return made

    def _exchange(self, exchange: Exchange, attach: bool) -> TestStepResult:
        payload = exchange.request.payload
        outcome = f"HTTP {exchange.status}" if exchange.response else "no reply"
        ended = exchange.response or exchange.error or exchange.request
        step = TestStepResult(
            name=one_line(f"{payload.get('method')} {payload.get('path')}: {outcome}", NAME),
            status=Status.PASSED,
            stage="finished",
            start=self._time(exchange.request.t),
            stop=self._time(ended.t),
        )
        if attach:
            step.attachments = [
                self._attach("request", pretty(_sent(exchange), BODY)),
                self._attach("reply", pretty(_got(exchange), BODY)),
                self._attach("curl", curl_line(exchange) + "\n", "txt"),
            ]
        return step

    def _event(self, t: float, actor: str, message_type: str, channel: str) -> TestStepResult:
        name = one_line(f"{actor} is told {message_type or 'something'} on {channel}", NAME)
        return TestStepResult(
            name=name, status=Status.PASSED, stage="finished", start=self._time(t), stop=self._time(t)
        )

    def _attach(self, name: str, text: str, extension: str = "json") -> Attachment:
        # Bounded text may be cut JSON, which viewers would refuse to show.
        whole = extension == "json" and _is_json(text)
        extension = "json" if whole else "txt"
        file = f"{uuid.uuid4()}-attachment.{extension}"
        (self._folder / file).write_bytes(text.encode("utf-8"))
        return Attachment(name=name, source=file, type="application/json" if whole else "text/plain")

    def _labels(self, record: ScenarioRecord, findings: Sequence[Finding]) -> list[Label]:
        area, story = self._area(record.area), one_line(record.operation, NAME) or "(no operation)"
        levels = {item.level for item in findings if item.verdict == record.verdict} or {
            item.level for item in findings
        }
        level: Level = next((item for item in _LEVELS if item in levels), "should")
        pairs = [
            (LabelType.EPIC, EPIC),
            (LabelType.FEATURE, area),
            (LabelType.STORY, story),
            (LabelType.PARENT_SUITE, EPIC),
            (LabelType.SUITE, area),
            (LabelType.SUB_SUITE, story),
            (LabelType.SEVERITY, _SEVERITY[level].value),
            (LabelType.FRAMEWORK, "gws-conformance"),
            (LabelType.TAG, record.verdict),
        ]
        return [Label(name=str(name), value=value) for name, value in pairs]

    def _area(self, area: str) -> str:
        return one_line(self._contract.areas.get(area, area), NAME) or "(no area)"

    @staticmethod
    def _description(findings: Sequence[Finding]) -> str:
        counted: dict[str, int] = {}
        for finding in findings:
            counted[finding.verdict] = counted.get(finding.verdict, 0) + 1
        return (
            ", ".join(f"{count} {verdict}" for verdict, count in counted.items()) or "no check had anything to look at"
        )

    def _time(self, seconds: float) -> int:
        return self._start + round(1000 * seconds)


def _members(model: Any) -> dict[str, Any]:
    """A model as the reporter of allure-python-commons writes it: members without a value are left out."""
    return {name: value for name, value in vars(model).items() if value or value is False}


def _details(findings: Sequence[Finding], record: ScenarioRecord) -> StatusDetails | None:
    bad = [item for item in findings if item.verdict not in {"passed"}]
    if not bad and not record.reason:
        return None
    trace = "\n\n".join(f"{item.verdict}: {describe(item)}" for item in bad[:40])
    return StatusDetails(message=one_line(record.reason), trace=trace)


def _parameters(scenario: Scenario) -> list[Parameter]:
    """Who plays what, and whatever else the scenario declares of itself in a word."""
    listed: list[tuple[str, Any]] = list(scenario.cast.items())
    listed += [
        (name, value)
        for name, value in scenario.info.items()
        if name not in _KNOWN_INFO and isinstance(value, str | int | float)
    ]
    return [Parameter(name=one_line(name, 80), value=one_line(value, NAME)) for name, value in listed[:20]]


def _link(source: Source) -> Link:
    """A citation as a link. The documents have no stable address, so it is a name, not a place in the web."""
    first, last = source.lines
    name = "-".join(quote(part.lower().replace(" ", "-"), safe="") for part in (source.document, source.page))
    return Link(type=LinkType.TEST_CASE, name=one_line(source, NAME), url=f"urn:gws-conformance:{name}:{first}-{last}")


def _told(step: Step) -> list[dict[str, Any]]:
    return [{"seq": item.seq, "to": item.actor, "channel": item.channel, "data": item.data} for item in step.delivered]


def _sent(exchange: Exchange) -> dict[str, Any]:
    return {key: exchange.request.payload.get(key) for key in ("method", "url", "headers", "body", "text")}


def _got(exchange: Exchange) -> dict[str, Any]:
    ended = exchange.response or exchange.error
    return dict(ended.payload) if ended else {"error": "the run ended before the reply"}


def _is_shown(exchange: Exchange) -> bool:
    return str(exchange.request.payload.get("purpose", "api")) != "cometd"


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _epoch(started: str) -> int:
    """Milliseconds since 1970; 0 where the text is no ISO 8601 time."""
    try:
        return round(1000 * datetime.fromisoformat(started).timestamp())
    except (ValueError, OverflowError):
        return 0


def _environment(results: Results) -> str:
    run, target = results.run, results.run.target
    pairs: list[tuple[str, Any]] = [
        ("Deployment", target.get("baseUrl", "unknown")),
        ("Server.version", run.server_version or "unknown"),
        ("Edition", target.get("edition", "unknown")),
        ("Suite.version", run.suite_version),
        ("Contract", run.contract_digest[:12]),
        ("Verdict", results.verdict),
    ]
    return "".join(f"{name}={_property(one_line(value, NAME))}\n" for name, value in pairs)


def _property(text: str) -> str:
    """The value of a Java property: backslashes and all beyond ASCII are escaped."""
    units = text.replace("\\", "\\\\").encode("utf-16-be", "replace")
    codes = [int.from_bytes(units[place : place + 2], "big") for place in range(0, len(units), 2)]
    return "".join(chr(code) if 0x20 <= code < 0x7F else f"\\u{code:04x}" for code in codes)
