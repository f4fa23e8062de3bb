"""`junit.xml`: one testsuite an area, one testcase a scenario, for the CI servers that read JUnit's format.

There is no format document of JUnit itself; this follows the XSD of Jenkins' xUnit plugin (junit-10.xsd), the one that
CI servers share.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path

from conformance.judge.findings import Finding, Verdict
from conformance.report.files import write_whole
from conformance.report.model import Results, ScenarioRecord
from conformance.report.text import NAME, one_line, safe

# Skipped and untestable scenarios are both `skipped` here, told apart by the type of the element.
TAGS: dict[Verdict, str] = {"failed": "failure", "error": "error", "skipped": "skipped", "untestable": "skipped"}
JUDGED = ("conformant", "not conformant")
"""Verdicts about the server. Any other is no answer, and an error here: readers count `skipped` as green."""
LISTED = 40
"""Findings that one element spells out."""


def describe(finding: Finding) -> str:
    """A finding as a few lines: what was expected, what was seen, by which rule and page."""
    lines = [f"{finding.check} [{finding.level}] {finding.message}"]
    lines += [f"  operation: {finding.operation}"] if finding.operation else []
    lines += [f"  expected: {finding.expected}"] if finding.expected else []
    lines += [f"  seen: {finding.seen}"] if finding.seen else []
    lines += [f"  rule: {finding.rule}"] if finding.rule else []
    lines += [f"  source: {finding.source}"] if finding.source else []
    lines += [f"  timeline: {', '.join(map(str, finding.evidence))}"] if finding.evidence else []
    return "\n".join(safe(line, 2 * NAME + len("  expected: ") + 600) for line in lines)


def junit(results: Results) -> ET.Element:
    """The document's root."""
    findings = results.by_scenario()
    root = ET.Element("testsuites", name="gws-conformance", time=_time(results.run.duration))
    areas = dict.fromkeys(record.area for record in results.scenarios)
    for area in areas:
        records = [record for record in results.scenarios if record.area == area]
        root.append(_suite(results, area, records, findings))
    if results.verdict not in JUDGED and not any(record.verdict == "error" for record in results.scenarios):
        root.append(_no_run(results))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    return root


def write_junit(results: Results, path: Path) -> Path:
    """Writes the document. Raises `OSError` where it cannot."""
    root = junit(results)
    ET.indent(root)
    return write_whole(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _suite(
    results: Results, area: str, records: Sequence[ScenarioRecord], findings: dict[str, list[Finding]]
) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name=one_line(area, NAME) or "(no area)",
        tests=str(len(records)),
        failures=str(sum(item.verdict == "failed" for item in records)),
        errors=str(sum(item.verdict == "error" for item in records)),
        skipped=str(sum(TAGS.get(item.verdict) == "skipped" for item in records)),
        time=_time(sum(item.duration for item in records)),
        timestamp=one_line(results.run.started, NAME),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(results):
        ET.SubElement(properties, "property", name=name, value=one_line(value))
    suite.extend(_case(record, findings.get(record.id, [])) for record in records)
    return suite


def _properties(results: Results) -> Iterable[tuple[str, str]]:
    run = results.run
    yield "run", run.id
    yield "verdict", results.verdict
    yield "suiteVersion", run.suite_version
    yield "contractDigest", run.contract_digest
    yield "serverVersion", run.server_version or "unknown"
    yield "baseUrl", str(run.target.get("baseUrl", "unknown"))


def _case(record: ScenarioRecord, findings: Sequence[Finding]) -> ET.Element:
    classname = ".".join(part for part in ("gws", record.area, record.operation.partition(".")[2]) if part)
    case = ET.Element(
        "testcase", name=one_line(record.id, NAME), classname=one_line(classname, NAME), time=_time(record.duration)
    )
    tag = TAGS.get(record.verdict)
    if tag is not None:
        shown = [item for item in findings if item.verdict == record.verdict]
        # Some readers keep only the first failure of a case: all of them go into one.
        element = ET.SubElement(case, tag, message=one_line(record.reason), type=record.verdict)
        element.text = _listed(shown)
    others = [item for item in findings if item.verdict not in {"passed", record.verdict}]
    others += [item for item in findings if item.verdict == record.verdict == "warning"]
    if others:
        text = "\n".join(f"{item.verdict}: {describe(item)}" for item in others[:LISTED])
        ET.SubElement(case, "system-out").text = text
    return case


def _listed(findings: Sequence[Finding]) -> str:
    texts = [describe(item) for item in findings[:LISTED]]
    if len(findings) > LISTED:
        texts.append(f"... and {len(findings) - LISTED} more: see results.json")
    return "\n\n".join(texts)


def _no_run(results: Results) -> ET.Element:
    """A run that came to no verdict about the server gets a case of its own, an error: what is incomplete, was
    interrupted, or has looked at nothing, must not be green."""
    suite = ET.Element("testsuite", name="run", tests="1", failures="0", errors="1", skipped="0", time="0.000")
    name = f"run: {results.verdict}"
    case = ET.SubElement(suite, "testcase", name=name, classname="gws.run", time="0.000")
    message = one_line("; ".join(results.reasons) or results.verdict)
    ET.SubElement(case, "error", message=message, type=results.verdict).text = message
    return suite


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
