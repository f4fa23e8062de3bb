"""Verdicts, exit codes, counts, records: what findings come to."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from conformance.judge.findings import Finding, Verdict
from conformance.report.model import EXIT_CODES, RunVerdict, build_results, scenario_records
from tests.report.report_support import Tape, finding, hold, results_of, run_info, small_contract


@pytest.mark.parametrize(
    ("findings", "run", "verdict", "code"),
    [
        (["passed", "skipped", "warning"], {}, "conformant", 0),
        (["passed", "failed", "untestable"], {}, "not conformant", 1),
        (["passed", "failed", "error"], {}, "not conformant", 1),
        (["passed", "untestable"], {}, "incomplete", 1),
        (["passed", "untestable", "error"], {}, "suite error", 4),
        ([], {}, "nothing tested", 3),
        (["skipped", "untestable"], {}, "nothing tested", 3),
        (["passed"], {"interrupted": True}, "interrupted", 130),
        (["failed"], {"interrupted": True, "problem": "x"}, "interrupted", 130),
        ([], {"problem": "no answer", "problem_kind": "unreachable"}, "unreachable", 3),
        (["passed"], {"problem": "no answer", "problem_kind": "unreachable"}, "unreachable", 3),
        (["passed"], {"problem": "KeyError"}, "suite error", 4),
        ([], {"problem_kind": "nothing tested"}, "nothing tested", 3),
    ],
)
def test_verdict(findings: list[Verdict], run: dict[str, Any], verdict: RunVerdict, code: int) -> None:
    results = results_of([finding(item) for item in findings], **run)
    assert (results.verdict, results.exit_code) == (verdict, code)
    assert results.reasons, "a verdict has its reason"


def test_every_verdict_has_an_exit_code() -> None:
    assert set(EXIT_CODES) == set(get_args(RunVerdict))
    assert [name for name, code in EXIT_CODES.items() if code == 0] == ["conformant"]


def test_the_decisive_reason_comes_first_and_nothing_is_hidden() -> None:
    both = results_of([finding("failed"), finding("error", "other"), finding("untestable", "third")])
    assert both.reasons[0] == "1 check failed in 1 scenario"
    assert any("suite itself broke in 1 scenario" in text for text in both.reasons)
    assert any("1 scenario of 3 could not be tested" in text for text in both.reasons)
    broken = results_of([finding()], problem="no answer at all", problem_kind="unreachable")
    assert broken.reasons[0] == "no answer at all"


def test_counts_name_every_verdict_by_area() -> None:
    results = results_of(
        [finding(), finding("failed"), finding("warning", "contacts/1", area="contacts")], areas=("voice", "chat")
    )
    assert results.counts == {"passed": 1, "failed": 1, "warning": 1, "skipped": 0, "untestable": 0, "error": 0}
    assert results.areas["voice"]["failed"] == 1
    assert results.areas["contacts"]["warning"] == 1
    assert sum(results.areas["chat"].values()) == 0, "an area that was asked for is listed though nothing was tested"


def test_readings_are_counted_by_ambiguity() -> None:
    findings = [
        finding(readings=("voice.number/short", "voice.other/a")),
        finding(readings=("voice.number/short",)),
        finding(readings=("voice.number/long", "nameless")),
    ]
    readings = results_of(findings).readings
    assert readings == {"nameless": {"": 1}, "voice.number": {"long": 1, "short": 2}, "voice.other": {"a": 1}}


def test_record_of_a_scenario_takes_the_worst_verdict_and_its_message() -> None:
    item, _ = hold(Tape())
    findings = [finding(), finding("failed", message="not Held"), finding("warning", message="late")]
    (record,) = scenario_records([item], findings)
    assert (record.verdict, record.reason, record.operation) == ("failed", "not Held", "voice.Hold")
    assert record.title == "Hold, voice.Hold/1"
    assert (record.first_seq, record.last_seq) == (1, item.events[-1].seq)
    assert record.duration == pytest.approx((item.events[-1].seq - 1) / 100)


def test_a_scenario_in_which_nothing_was_judged_has_not_passed() -> None:
    item, _ = hold(Tape())
    (record,) = scenario_records([item], [])
    assert record.verdict == "skipped"
    assert record.reason
    assert results_of([], [item]).verdict == "nothing tested"


def test_findings_without_a_timeline_still_have_records() -> None:
    item, _ = hold(Tape())
    lost = finding("failed", "voice.Gone/1", evidence=(7, 5))
    records = scenario_records([item], [lost, finding()])
    assert [record.id for record in records] == ["voice.Hold/1", "voice.Gone/1"]
    assert (records[1].first_seq, records[1].last_seq, records[1].verdict) == (5, 7, "failed")


def test_scenarios_and_findings_may_be_streams() -> None:
    tape = Tape()
    played = (hold(tape, f"voice.Hold/{number}")[0] for number in range(3))
    findings = (finding(scenario=f"voice.Hold/{number}") for number in range(3))
    results = build_results(run_info(), findings, played, small_contract())
    assert [record.verdict for record in results.scenarios] == ["passed"] * 3
    assert results.latency["CallStateChangeMessage"].count == 3


def test_of_verdict_and_by_scenario_keep_the_order_of_the_run() -> None:
    listed: list[Finding] = [finding("failed", f"s{number}") for number in (2, 1, 3)] + [finding("passed", "s1")]
    results = results_of(listed)
    assert [item.scenario for item in results.of_verdict("failed")] == ["s2", "s1", "s3"]
    assert [item.verdict for item in results.by_scenario()["s1"]] == ["failed", "passed"]
