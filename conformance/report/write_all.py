"""Writes every report of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from conformance.contract import Contract
from conformance.judge.timeline import Scenario
from conformance.report.allure import write_allure
from conformance.report.aside import can_do_aside, do_aside
from conformance.report.html import write_html
from conformance.report.json_writer import write_json
from conformance.report.junit import write_junit
from conformance.report.model import Results

ASIDE = "allure-results"
"""The report that takes as long as all the others together."""
MANY = 200
"""Scenarios from which on it is worth a process of its own."""


class ReportError(Exception):
    """Some report could not be written. `problems`: one text each, naming the file; `written`: those that were."""

    def __init__(self, problems: Sequence[str], written: Sequence[Path]) -> None:
        super().__init__("\n".join(problems))
        self.problems, self.written = tuple(problems), tuple(written)


def write_reports(results: Results, scenarios: Sequence[Scenario], directory: Path, contract: Contract) -> list[Path]:
    """Writes `results.json`, `junit.xml`, `report.html` and `allure-results/` below `directory`, which is made.

    Each appears as a whole or not at all, and a writer that fails does not keep the others from writing.

    Raises:
        ReportError: after all were tried, when one could not be written.
    """
    writers: dict[str, Callable[[Path], Path]] = {
        "results.json": lambda path: write_json(results, path),
        "junit.xml": lambda path: write_junit(results, path),
        "report.html": lambda path: write_html(results, scenarios, path, contract),
        "allure-results": lambda path: write_allure(results, scenarios, path, contract),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError([f"{directory}: cannot be made ({error.strerror}); choose another folder"], []) from error
    aside = ASIDE if len(scenarios) >= MANY and can_do_aside() else ""
    with do_aside(lambda: _write(directory / aside, writers[aside])) if aside else nullcontext() as other:
        told = {name: _write(directory / name, write) for name, write in writers.items() if name != aside}
    if other is not None:
        told[aside] = other.said if other.ended else f"{directory / aside}: {other.said}"
    problems = [problem for problem in told.values() if problem]
    written = [directory / name for name in writers if not told[name]]
    if problems:
        raise ReportError(problems, written)
    return written


def _write(path: Path, write: Callable[[Path], Path]) -> str:
    """Why a report could not be written, empty where it was."""
    try:
        write(path)
    except OSError as error:
        return f"{path}: cannot be written ({error.strerror or error}); free the place"
    except Exception as error:  # noqa: BLE001 - a defect of one writer must not lose the other reports; it is told
        return f"{path}: the writer broke: {type(error).__name__}: {str(error)[:300]}"
    return ""
