"""`junit.xml`: read back, and held against the element structure of Jenkins' XSD."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from conformance.judge.findings import Verdict
from conformance.report.junit import junit, write_junit
from conformance.report.model import Results
from tests.report.report_support import HOSTILE, finding, results_of, world

# Element: (required attributes, further attributes, children), as junit-10.xsd has them.
STRUCTURE: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    **dict.fromkeys(("skipped", "error", "failure"), (set(), {"type", "message"}, set())),
    **dict.fromkeys(("system-out", "system-err"), (set(), set(), set())),
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def check_structure(element: ET.Element) -> None:
    required, further, children = STRUCTURE[element.tag]
    assert required <= set(element.attrib) <= required | further, element.tag
    if element.tag in {"testsuites", "testsuite"}:
        assert TIME.fullmatch(element.get("time", ""))
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        check_structure(child)


def read_back(results: Results, folder: Path) -> ET.Element:
    root = ET.parse(write_junit(results, folder / "junit.xml")).getroot()
    check_structure(root)
    return root


def test_one_suite_an_area_and_one_case_a_scenario(tmp_path: Path) -> None:
    results, _ = world(100)
    root = read_back(results, tmp_path)
    assert [suite.get("name") for suite in root] == ["voice", "contacts"]
    assert len(root.findall(".//testcase")) == 100 == int(root.get("tests", "0"))
    for name, tag in (("failures", "failure"), ("errors", "error")):
        assert int(root.get(name, "0")) == len(root.findall(f".//{tag}")) > 0
    assert sum(int(suite.get("skipped", "0")) for suite in root) == len(root.findall(".//skipped")) > 0
    assert {item.get("type") for item in root.findall(".//skipped")} == {"skipped", "untestable"}


def test_a_failure_tells_everything() -> None:
    failed = finding("failed", message="call is not Held", evidence=(7, 9))
    element = junit(results_of([failed, finding("warning", message="late")])).find(".//failure")
    assert element is not None
    assert element.text is not None
    for text in ("state.after [must] call is not Held", "expected: Held", "seen: Established", "voice.hold.state"):
        assert text in element.text
    assert "Hold, lines 5677-5772" in element.text
    assert "timeline: 7, 9" in element.text


def test_warnings_go_to_system_out_and_fail_nothing() -> None:
    root = junit(results_of([finding(), finding("warning", message="rather late")]))
    case = root.find(".//testcase")
    assert case is not None
    assert [child.tag for child in case] == ["system-out"]
    assert "warning: state.after [should] rather late" in (case[0].text or "")


def test_hostile_strings_are_text(tmp_path: Path) -> None:
    bad = finding("failed", f"s/{HOSTILE}", message=HOSTILE, seen=HOSTILE * 1000, area=HOSTILE, operation=HOSTILE)
    root = read_back(results_of([bad], server_version=HOSTILE), tmp_path)
    raw = (tmp_path / "junit.xml").read_bytes().decode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\u202e]", raw)
    failure = root.find(".//failure")
    assert failure is not None
    assert "<script>alert(1)</script>" in failure.get("message", "")
    assert len(raw) < 10_000, "a text of a server is bounded"


@pytest.mark.parametrize(
    ("verdicts", "run"),
    [
        ([], {}),
        (["skipped"], {}),
        (["untestable"], {}),
        (["passed", "untestable"], {}),
        (["passed"], {"interrupted": True}),
        ([], {"problem": "gws.example.com does not answer", "problem_kind": "unreachable"}),
        (["passed"], {"problem": "KeyError"}),
    ],
)
def test_a_run_without_a_verdict_about_the_server_is_not_green(
    verdicts: list[Verdict], run: dict[str, Any], tmp_path: Path
) -> None:
    results = results_of([finding(item) for item in verdicts], **run)
    assert results.exit_code != 0
    root = read_back(results, tmp_path)
    assert int(root.get("errors", "0")) == 1
    case = root.find("testsuite[@name='run']/testcase")
    assert case is not None
    assert case.get("name") == f"run: {results.verdict}"
    error = case.find("error")
    assert error is not None
    assert error.get("message")


def test_an_error_of_the_suite_is_one_error() -> None:
    root = junit(results_of([finding("error")]))
    assert (root.get("errors"), root.get("failures"), root.get("tests")) == ("1", "0", "1")


def test_many_failures_of_a_scenario_are_bounded_and_counted() -> None:
    element = junit(results_of([finding("failed") for _ in range(50)])).find(".//failure")
    assert element is not None
    assert "and 10 more" in (element.text or "")
