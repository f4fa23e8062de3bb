"""What a person at a terminal sees: progress while the run goes on, and the summary when it is over.

Strings of a server never go through rich's markup, and never bring control characters to the terminal.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from conformance.judge.findings import Finding, Verdict
from conformance.report.causes import root_cause
from conformance.report.curl import ended_server, homed, preamble
from conformance.report.model import VERDICTS, Results, RunVerdict
from conformance.report.text import NAME, one_line

FULL = 20
"""Failures that are told in full."""
COMPACT = 30
"""Warnings and reasons that are told in a line each."""
INTERVAL = 5.0
"""Seconds between two lines of progress where the output is no terminal."""
STYLES: Mapping[str, str] = {
    "passed": "green",
    "failed": "bold red",
    "warning": "yellow",
    "skipped": "dim",
    "untestable": "magenta",
    "error": "bold red reverse",
    "conformant": "bold green",
    "not conformant": "bold red",
    "incomplete": "bold magenta",
}


def make_console(file: IO[str] | None = None, *, stderr: bool = False) -> Console:
    """A console that obeys NO_COLOR and takes no text for markup, an emoji or something to highlight."""
    return Console(file=file, stderr=stderr, markup=False, emoji=False, highlight=False)


class Progress:
    """Tells which scenario is being played: one live line on a terminal, a plain line every few seconds elsewhere.

    total: scenarios to come, where it is known. Use as a context manager, or call `close` at the end.
    """

    def __init__(
        self,
        console: Console,
        *,
        total: int | None = None,
        quiet: bool = False,
        interval: float = INTERVAL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._total, self._quiet = console, total, quiet
        self._interval, self._clock = interval, clock
        self._start = self._told = clock()
        self._counts: Counter[Verdict] = Counter()
        self._title = ""
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._quiet and self._live is None:
            self._live = Live(get_renderable=self._line, console=self._console, transient=True, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def begin(self, title: str) -> None:
        """A scenario begins."""
        self._title = one_line(title, NAME)
        self._tell()

    def end(self, verdict: Verdict) -> None:
        """The scenario is over, with its worst verdict."""
        self._counts[verdict] += 1
        self._tell()

    def close(self) -> None:
        """Takes the live line away. Doing it twice is harmless."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _tell(self) -> None:
        now = self._clock()
        if self._quiet or self._live is not None or now - self._told < self._interval:
            return
        self._told = now
        self._console.print(self._line(), soft_wrap=True)

    def _line(self) -> Text:
        done = sum(self._counts.values())
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"[{_clock_time(self._clock() - self._start)}] ", "dim")
        line.append(f"{done}/{self._total}" if self._total else str(done))
        for verdict in ("failed", "error", "warning", "untestable"):
            if self._counts[verdict]:
                line.append(f"  {self._counts[verdict]} {verdict}", STYLES[verdict])
        if self._title:
            line.append(f"  {self._title}")
        return line


def print_summary(
    results: Results,
    curls: Mapping[str, str],
    console: Console,
    paths: Sequence[Path] = (),
    *,
    full: int = FULL,
    notes: Mapping[str, str] | None = None,
) -> None:
    """The summary of a run.

    curls: the curl line by the finding's id (`curl.curl_lines`). paths: the reports that were written. notes: what
    whoever repeats a line must know, by the finding's id (`curl.curl_notes`).
    """
    target = results.run.target
    curls = {name: homed(line, target) for name, line in curls.items()}
    order = list(results.areas)
    failed = sorted(
        results.of_verdict("failed", "error"), key=lambda item: order.index(item.area) if item.area in order else -1
    )
    for number, finding in enumerate(failed[:full], start=1):
        _print_failure(finding, number, curls.get(finding.id), (notes or {}).get(finding.id, ""), console)
    if len(failed) > full:
        where = f"; all are in {paths[0].parent}" if paths else "; all are in the reports"
        console.print(Text(f"... and {len(failed) - full} more failures{where}\n", "bold"), soft_wrap=True)
    _print_preamble(results, [curls[item.id] for item in failed[:full] if item.id in curls], console)
    _print_grouped("Warnings", "warning", results, console)
    _print_grouped("Untestable, and what would help", "untestable", results, console)
    _print_grouped("Skipped", "skipped", results, console)
    if any(sum(counts.values()) for counts in results.areas.values()):
        console.print(_table(results))
    if results.recording is not None:
        _print_recording(results.recording, console)
    _print_verdict(results.verdict, results.reasons, console)
    _print_left(results.run.left, paths, console)
    for path in paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


def _print_left(left: Sequence[str], paths: Sequence[Path], console: Console) -> None:
    """What the run could not undo: on a deployment that concerns whoever works there."""
    if not left:
        return
    folder = paths[0].parent if paths else "the folder of the run"
    console.print(Text(f"  Not undone (gws-conformance cleanup {folder} tries again):", "bold yellow"), soft_wrap=True)
    for thing in left[:FULL]:
        console.print(Text(f"    {one_line(thing)}"), soft_wrap=True)
    if len(left) > FULL:
        console.print(f"    and {len(left) - FULL} more")


def _print_preamble(results: Results, lines: Sequence[str], console: Console) -> None:
    """What the `repeat` lines need, once."""
    if not lines or not results.run.target.get("baseUrl"):
        return
    server = ended_server(results.run.target, results.run.arguments)
    head = "To repeat a line, paste this into bash or zsh before, with the password filled in"
    console.print(Text(head + (":" if not server else f", while '{server}' runs"), "bold"), soft_wrap=True)
    if server:
        console.print(Text("(add --print-target to see its users and passwords):", "dim"))
    for line in preamble(results.run.target, lines).splitlines():
        console.print(Text(f"   {line}"), soft_wrap=True)
    console.print()


def _print_failure(finding: Finding, number: int, curl: str | None, note: str, console: Console) -> None:
    head = Text()
    head.append(f"{number}. ", "dim")
    head.append(finding.verdict.upper(), STYLES[finding.verdict])
    head.append(f" {one_line(finding.operation or finding.area or finding.scenario, NAME)}", "bold")
    head.append(f"  {one_line(finding.check, NAME)}", "cyan")
    console.print(head, soft_wrap=True)
    _field("", finding.message, console)
    _field("scenario", finding.scenario, console)
    _field("expected", finding.expected, console)
    _field("seen", finding.seen, console)
    _field("rule", finding.rule or "", console)
    _field("source", str(finding.source) if finding.source else "", console)
    if curl:
        # One line however long it is: it is there to be copied.
        console.print(Text(f"   {'repeat':9} ", "dim").append(curl, ""), soft_wrap=True)
        _field("but", note, console)
    console.print()


def _field(name: str, value: str, console: Console) -> None:
    if value:
        console.print(Text(f"   {name:9} " if name else "   ", "dim").append(one_line(value), ""), soft_wrap=True)


def _print_grouped(title: str, verdict: Verdict, results: Results, console: Console) -> None:
    """The findings of a verdict, alike ones as one line: a missing user makes many scenarios untestable. Of what is
    untestable, the cause that concerns most scenarios comes first."""
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for finding in results.of_verdict(verdict):
        about = finding.check if verdict == "warning" else ""
        cause = root_cause(finding.message, silent=results.silent) if verdict == "untestable" else finding.message
        grouped.setdefault((about, one_line(cause, 300)), []).append(finding)
    if not grouped:
        return
    if verdict == "untestable":
        grouped = dict(sorted(grouped.items(), key=lambda item: -len(item[1])))
    console.print(Text(title, STYLES[verdict]))
    for (about, message), findings in list(grouped.items())[:COMPACT]:
        places = list(dict.fromkeys(item.operation or item.scenario for item in findings))
        line = Text("   ")
        line.append(f"{one_line(about, NAME)}: " if about else "", "cyan")
        line.append(message)
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        line.append(f"  ({one_line(places[0], 100)}{more})", "dim")
        console.print(line, soft_wrap=True)
    if len(grouped) > COMPACT:
        console.print(Text(f"   ... and {len(grouped) - COMPACT} more", "dim"))
    console.print()


def _print_recording(recording: Mapping[str, Any], console: Console) -> None:
    """What a recording holds, and everything in it that is not judged."""
    console.print()
    told = ", ".join(f"{recording[name]} {name}" for name in ("entries", "requests", "judged", "notifications"))
    console.print(Text(f"The recording {one_line(recording['file'], NAME)}: {told}", "bold"), soft_wrap=True)
    if recording["unjudged"]:
        console.print(Text("Not judged", STYLES["untestable"]))
    for item in recording["unjudged"]:
        line = Text("   ").append(f"{item['count']} x {one_line(item['what'], NAME)}: ", "cyan")
        line.append(one_line(item["reason"]))
        if item["examples"]:
            shown = ", ".join(one_line(example, 80) for example in item["examples"][:3])
            line.append(f"  ({shown}{', ...' if len(item['examples']) > 3 else ''})", "dim")
        console.print(line, soft_wrap=True)
    checks = recording["checks"]
    counts = f"{len(checks['carried'])} whole, {len(checks['inPart'])} in part, {len(checks['notCarried'])} not"
    console.print(Text(f"Checks that a recording can carry: {counts}"), soft_wrap=True)
    grouped: dict[str, list[str]] = {}
    for item in checks["notCarried"]:
        grouped.setdefault(one_line(item["reason"]), []).append(one_line(item["check"], NAME))
    for reason, names in grouped.items():
        console.print(Text("   ").append(f"{', '.join(names)}: ", "cyan").append(reason), soft_wrap=True)


def _table(results: Results) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("checks by area")
    for verdict in VERDICTS:
        table.add_column(verdict, justify="right")
    rows = [*results.areas.items(), ("all", results.counts)]
    for area, counts in rows:
        cells = [Text(str(counts[v]) if counts[v] else "-", STYLES[v] if counts[v] else "dim") for v in VERDICTS]
        table.add_row(Text(one_line(area, 40)), *cells)
    return table


def _print_verdict(verdict: RunVerdict, reasons: Sequence[str], console: Console) -> None:
    console.print()
    line = Text("Verdict: ").append(verdict.upper(), STYLES.get(verdict, "bold red"))
    console.print(line, soft_wrap=True)
    for reason in reasons:
        console.print(Text(f"  {one_line(reason)}"), soft_wrap=True)


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
