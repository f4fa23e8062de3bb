"""The reports of a fuzzing run: `fuzz.json`, JUnit, and the console."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from conformance.fuzz.results import FuzzFinding, FuzzResults
from conformance.report.console import STYLES
from conformance.report.files import write_whole
from conformance.report.text import NAME, one_line, safe, whole_values

FULL = 30
"""Findings that are told in full on the console."""


def write(results: FuzzResults, folder: Path) -> list[Path]:
    """Writes `fuzz.json` and `junit.xml`; their paths. Raises `OSError`."""
    text = json.dumps(whole_values(results.as_json()), indent=2, ensure_ascii=False)
    root = junit(results)
    ET.indent(root)
    return [
        write_whole(folder / "fuzz.json", text.encode() + b"\n"),
        write_whole(folder / "junit.xml", ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"),
    ]


def junit(results: FuzzResults) -> ET.Element:
    """One testsuite an area, one testcase an operation; findings are failures, what was left out is skipped."""
    root = ET.Element("testsuites", name="gws-conformance fuzz", time=f"{results.run['duration']:.3f}")
    suites: dict[str, ET.Element] = {}

    def case(area: str, name: str) -> ET.Element:
        if area not in suites:
            suites[area] = ET.SubElement(root, "testsuite", name=area)
        return ET.SubElement(suites[area], "testcase", name=name, classname=f"fuzz.{area}")

    for tally in results.tallies.values():
        element = case(tally.area, tally.operation)
        for finding in results.findings.values():
            if finding.operation == tally.operation:
                head = one_line(f"{finding.complaint.check}: {finding.complaint.message}", NAME)
                failure = ET.SubElement(element, "failure", type=finding.verdict, message=head)
                failure.text = "\n".join(safe(line, 9000) for line in _lines(finding))
        if not tally.requests and element.find("failure") is None:
            ET.SubElement(element, "skipped", message=one_line(tally.note or "no request was sent", NAME))
    for name, reason in results.left_out.items():
        ET.SubElement(case(name.partition(".")[0], name), "skipped", message=one_line(reason, NAME))
    if results.problem is not None:
        ET.SubElement(case("run", "the run"), "error", message=one_line(results.problem, NAME))
    for suite in suites.values():
        for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(key, str(sum(item.find(tag) is not None for item in suite)))
        suite.set("tests", str(len(suite)))
    return root


def _lines(finding: FuzzFinding) -> list[str]:
    told = finding.complaint
    return [
        told.message,
        f"  request:  {finding.request}",
        f"  expected: {told.expected}",
        f"  seen:     {told.seen}",
        *([f"  rule:     {told.rule}"] if told.rule else []),
        f"  source:   {told.source}",
        f"  seed:     {finding.seed} ({finding.phase} data)",
        *(f"  repeat:   {line}" for line in finding.curls),
    ]


def print_results(results: FuzzResults, console: Console, paths: Sequence[Path], *, quiet: bool = False) -> None:
    """The findings, what was left out, and the figures."""
    if not quiet:
        findings = sorted(results.findings.values(), key=lambda item: item.verdict != "failed")
        for number, finding in enumerate(findings[:FULL], start=1):
            _print_finding(finding, number, console)
        if len(findings) > FULL:
            console.print(Text(f"... and {len(findings) - FULL} more, all in {paths[0]}\n", "bold"), soft_wrap=True)
        _print_left_out(results, console)
        for text in results.cleanup:
            console.print(Text(f"not undone: {one_line(text)}", "magenta"), soft_wrap=True)
    counts = results.counts()
    tried = sum(1 for item in results.tallies.values() if item.requests)
    line = Text()
    if results.findings:
        said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        line.append(f"{len(results.findings)} findings ({said})", STYLES["failed" if counts["failed"] else "warning"])
    else:
        line.append("nothing found", STYLES["passed"] if results.requests else STYLES["untestable"])
    line.append(f" by {results.requests} requests for {tried} operations, seed {results.run['seed']}")
    line.append(f", {results.run['duration']:.0f} s")
    if results.interrupted:
        line.append("; interrupted", STYLES["untestable"])
    if results.problem is not None:
        line.append(f"; {one_line(results.problem)}", STYLES["failed"])
    console.print(line, soft_wrap=True)
    for path in paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


def _print_finding(finding: FuzzFinding, number: int, console: Console) -> None:
    told = finding.complaint
    head = Text(f"{number}. ", "dim")
    head.append(finding.verdict.upper(), STYLES[finding.verdict])
    head.append(f" {one_line(finding.operation, NAME)}", "bold").append(f"  {told.check}", "cyan")
    console.print(head, soft_wrap=True)
    again = "" if finding.repeated else "; the same request did not bring it a second time"
    for name, value in (
        ("", told.message),
        ("request", finding.request),
        ("expected", told.expected),
        ("seen", told.seen),
        ("rule", told.rule or ""),
        ("source", str(told.source)),
        ("seed", f"{finding.seed} ({finding.phase} data, {finding.alike} alike{again})"),
    ):
        if value:
            label = f"   {name:9} " if name else "   "
            console.print(Text(label, "dim").append(one_line(value), "not dim"), soft_wrap=True)
    for line in finding.curls:
        # One line however long it is: it is there to be copied.
        console.print(Text(f"   {'repeat':9} ", "dim").append(line, "not dim"), soft_wrap=True)
    console.print()


def _print_left_out(results: FuzzResults, console: Console) -> None:
    """What was not tried, alike reasons as one line."""
    reasons = Counter(results.left_out.values())
    for tally in results.tallies.values():
        if tally.note and not tally.requests:
            reasons[tally.note] += 1
    if not reasons:
        return
    console.print(Text("Left out", STYLES["skipped"]))
    for reason, count in sorted(reasons.items()):
        names = [name for name, why in results.left_out.items() if why == reason]
        names += [item.operation for item in results.tallies.values() if item.note == reason and not item.requests]
        more = f" and {count - 3} more" if count > 3 else ""
        console.print(Text(f"   {one_line(reason)}: {', '.join(names[:3])}{more}", "dim"), soft_wrap=True)
    console.print()
