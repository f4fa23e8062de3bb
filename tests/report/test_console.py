"""Progress and summary on a terminal and elsewhere."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conformance.report.console import Progress, make_console, print_summary
from conformance.report.curl import curl_lines
from tests.report.report_support import HOSTILE, Tape, finding, hold, results_of, world


def summary(results: Any, curls: dict[str, str] | None = None, **options: Any) -> str:
    file = io.StringIO()
    print_summary(results, curls or {}, make_console(file), **options)
    return file.getvalue()


def test_a_failure_is_told_with_everything() -> None:
    item, seq = hold(Tape())
    bad = finding("failed", message="call is not Held", evidence=(seq,))
    text = summary(results_of([bad], [item]), curl_lines([bad], [item]), paths=[Path("reports/run/report.html")])
    for wanted in (
        "1. FAILED voice.Hold  state.after",
        "call is not Held",
        "expected  Held (state = Held)",
        "seen      Established",
        "rule      voice.hold.state",
        "source    Web Services API Reference 8.6, Hold, lines 5677-5772",
        'repeat    curl -sS -i -X POST -u "$GWS_USER:$GWS_PASSWORD"',
        "Verdict: NOT CONFORMANT",
        "1 check failed in 1 scenario",
        "reports/run/report.html",
    ):
        assert wanted in text
    (line,) = [line for line in text.splitlines() if "repeat  " in line]
    assert line.endswith("/me/calls/7"), "the line is not wrapped: it is there to be copied"


def test_twenty_failures_in_full_and_the_others_counted() -> None:
    findings = [finding("failed", f"s{number}", id=f"s{number}") for number in range(33)]
    text = summary(results_of(findings), paths=[Path("out/results.json")])
    assert len(re.findall(r"^\d+\. FAILED", text, re.MULTILINE)) == 20
    assert "... and 13 more failures; all are in out" in text


def test_failures_are_grouped_by_area() -> None:
    findings = [finding("failed", f"{area}{n}", area=area) for n in range(2) for area in ("voice", "contacts")]
    text = summary(results_of(findings))
    assert re.findall(r"scenario  (\w+)", text) == ["voice0", "voice1", "contacts0", "contacts1"]


def test_untestable_scenarios_are_told_once_a_reason_with_the_remedy() -> None:
    reason = "the target file names no user 'third_agent' (add [users.third_agent])"
    findings = [
        finding(),
        *(finding("untestable", f"s{n}", message=reason, operation=f"voice.Op{n}") for n in range(9)),
    ]
    text = summary(results_of(findings))
    assert text.count(reason) == 1
    assert "(voice.Op0 and 8 more)" in text
    assert "Verdict: INCOMPLETE" in text


def test_many_warnings_are_bounded() -> None:
    findings = [finding("warning", f"s{n}", message=f"late by {n}") for n in range(50)]
    text = summary(results_of(findings))
    assert "... and 20 more" in text
    assert "Verdict: CONFORMANT" in text


def test_empty_runs() -> None:
    assert "Verdict: NOTHING TESTED" in summary(results_of([]))
    text = summary(results_of([], problem="gws.example.com does not answer", problem_kind="unreachable"))
    assert "Verdict: UNREACHABLE" in text
    assert "gws.example.com does not answer" in text
    assert "Verdict: INTERRUPTED" in summary(results_of([finding()], interrupted=True))


def test_hostile_strings_command_no_terminal() -> None:
    results, played = world(40, text=HOSTILE)
    for terminal in (False, True):
        file = io.StringIO()
        console = Console(file=file, force_terminal=terminal, markup=False, emoji=False, highlight=False, width=100)
        print_summary(results, curl_lines(results.findings, played), console)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", plain)
        assert "[bold red]x[/]" in plain, "it is no markup"
        plain.encode("utf-8")


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = io.StringIO()
    print_summary(results_of([finding("failed")]), {}, make_console(file))
    assert not re.search(r"\x1b\[[0-9;]*3\dm", file.getvalue())


class Clock:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_elsewhere_is_a_plain_line_every_few_seconds() -> None:
    file, clock = io.StringIO(), Clock()
    with Progress(make_console(file), total=100, clock=clock) as progress:
        for number in range(20):
            progress.begin(f"scenario {number} \x1b[2J[red]")
            clock.now += 1.0
            progress.end("failed" if number == 2 else "passed")
    lines = file.getvalue().splitlines()
    assert len(lines) == 4
    assert lines[0] == "[00:05] 5/100  1 failed  scenario 4 \\x1b[2J[red]"
    assert lines[3].startswith("[00:20] 20/100  1 failed")


def test_quiet_progress_says_nothing() -> None:
    for terminal in (False, True):
        file, clock = io.StringIO(), Clock()
        with Progress(Console(file=file, force_terminal=terminal), quiet=True, clock=clock) as progress:
            progress.begin("x")
            clock.now += 100
            progress.end("error")
        assert file.getvalue() == ""


def test_progress_on_a_terminal_is_one_live_line_that_goes_away() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=60, markup=False, highlight=False)
    progress = Progress(console, total=3)
    with progress:
        progress.begin("voice.Hold from Established " + "x" * 200)
        progress.end("failed")
    progress.close()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert "1/3" in plain
    assert "1 failed" in plain
    assert all(len(line) <= 60 for line in re.split(r"[\r\n]+", plain))
    assert file.getvalue().rstrip().endswith("\x1b[2K"), "the line is erased at the end"


def test_what_could_not_be_undone_is_told() -> None:
    item, seq = hold(Tape())
    good = finding("passed", evidence=(seq,))
    many = tuple(f"contact {number} of agent" for number in range(22))
    text = summary(results_of([good], [item], left=many), paths=[Path("out/results.json")])
    assert "Not undone (gws-conformance cleanup out tries again):\n    contact 0 of agent\n" in text
    assert "contact 19 of agent\n    and 2 more\n" in text
    hostile = summary(results_of([good], [item], left=(HOSTILE,)), paths=[Path("out/results.json")])
    assert "\x1b" not in hostile
    assert "Not undone" not in summary(results_of([good], [item]))
