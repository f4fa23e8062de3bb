"""What a person at a terminal sees of a self-test: progress, the table of faults, and the sum of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conformance.report.text import one_line
from conformance.selftest.killmatrix import KillMatrix, Row
from conformance.selftest.trial import Charge, Status, Trial, status_of
from conformance.selftest.workers import SoundPart

INTERVAL = 5.0
"""Seconds between two lines of progress."""
STYLES: dict[Status, str] = {
    "killed": "green",
    "equivalent": "magenta",
    "wrong reason": "bold red",
    "survived": "bold red",
    "not played": "dim",
}
WORDS: dict[Status, str] = {"wrong reason": "seen for a wrong reason"}


class Progress:
    """A line every few seconds, and one at once for every fault that gets away."""

    def __init__(self, console: Console, faults: int, scenarios: int, *, quiet: bool = False) -> None:
        self._console, self._quiet = console, quiet
        self._faults, self._scenarios = faults, scenarios
        self._done: Counter[Status] = Counter()
        self._sound = self._blamed = 0
        self._start = self._told = time.monotonic()

    def sound(self, part: SoundPart) -> None:
        """The sound server has played some scenarios."""
        self._sound += part.scenarios
        self._blamed += len(part.complaints) + len(part.disturbed)
        for item in part.complaints:
            self._say(f"the sound server is blamed: {item.finding.scenario}: {item.finding.message}", "bold red")
        for name, why in part.disturbed.items():
            self._say(f"the sound server was not judged: {name}: {why}", "bold red")
        self._tell()

    def fault(self, charge: Charge, trial: Trial) -> None:
        """A fault was tried."""
        status = status_of(charge, trial)
        self._done[status] += 1
        if status in {"survived", "wrong reason"}:
            self._say(f"{status}: {charge.fault}: {Row(charge, trial).note}", STYLES[status])
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= INTERVAL:
            self._told = now
            done = ", ".join(f"{count} {status}" for status, count in sorted(self._done.items()))
            sound = f"sound server {self._sound}/{self._scenarios}" if self._scenarios else ""
            faults = f"faults {sum(self._done.values())}/{self._faults}" + (f" ({done})" if done else "")
            self._say(f"[{now - self._start:4.0f} s] " + "; ".join(part for part in (sound, faults) if part), "")

    def _say(self, text: str, style: str) -> None:
        if not self._quiet:
            self._console.print(Text(one_line(text, 400), style), soft_wrap=True)


def print_matrix(matrix: KillMatrix, console: Console, paths: Sequence[Path], *, quiet: bool = False) -> None:
    """The table of faults, what is left to do, and the figures."""
    if not quiet:
        console.print(_table(matrix))
        for text in _troubles(matrix):
            console.print(Text(text, "bold red"), soft_wrap=True)
    console.print(Text(summary(matrix)), soft_wrap=True)
    for path in paths:
        console.print(Text(f"  {path}"), soft_wrap=True)


def summary(matrix: KillMatrix) -> str:
    """The figures in a line."""
    counts = ", ".join(
        f"{matrix.count(status)} {WORDS.get(status, status)}"
        for status in STYLES
        if matrix.count(status) or status in {"killed", "survived"}
    )
    sound = matrix.sound
    blamed = len(sound.complaints) + len(sound.disturbed or {})
    played = f"sound server: {sound.scenarios} scenarios, {blamed or 'no'} complaints; " if sound.scenarios else ""
    return f"{len(matrix.rows)} faults: {counts}; {played}{matrix.duration:.0f} s"


def _troubles(matrix: KillMatrix) -> Iterator[str]:
    for item in matrix.sound.complaints:
        found = item.finding
        yield f"sound server blamed: {found.scenario}: {found.check}: {one_line(found.message, 300)}"
    for name, why in (matrix.sound.disturbed or {}).items():
        yield f"sound server not judged: {name}: {one_line(why, 300)}"
    for name in matrix.idle:
        yield f"no fault is seen by the check {name}: add one, and its entry in conformance/selftest/matrix.yaml"


def _table(matrix: KillMatrix) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("fault", "status", "seen by, or why not"):
        made.add_column(name, overflow="fold")
    made.add_column("s", justify="right", no_wrap=True)
    for row in matrix.rows:
        made.add_row(
            Text(row.charge.fault),
            Text(row.status, STYLES[row.status]),
            Text(_reason(row)),
            Text(f"{row.seconds:.1f}"),
        )
    return made


def _reason(row: Row) -> str:
    if row.status == "equivalent" or not row.complaints:
        return one_line(row.note, 200)
    found = row.complaints[0].finding
    about = f" of {found.operation}" if found.operation else ""
    said = one_line(f"{found.check}{about}: {found.message}", 140)
    return said if row.status == "killed" else f"{said} ({one_line(row.note, 140)})"
