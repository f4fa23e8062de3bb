"""All reports at once: whole or not at all, and one broken writer does not lose the others."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from conformance.report import ReportError, write_reports
from conformance.report import write_all as module
from conformance.report.aside import can_do_aside
from conformance.report.files import write_folder, write_whole
from tests.report.report_support import HOSTILE, results_of, small_contract, world

NAMES = ["results.json", "junit.xml", "report.html", "allure-results"]


@pytest.mark.parametrize("text", ["", HOSTILE])
def test_every_report_is_written(tmp_path: Path, text: str) -> None:
    results, played = world(20, text=text)
    paths = write_reports(results, played, tmp_path / "new" / "run", small_contract())
    assert [path.name for path in paths] == NAMES
    assert sorted(path.name for path in (tmp_path / "new" / "run").iterdir()) == sorted(NAMES), "nothing is left over"
    assert all(path.stat().st_size > 500 for path in paths)


def test_an_empty_run_is_reported_and_replaces_a_former_one(tmp_path: Path) -> None:
    write_reports(*world(5), tmp_path, small_contract())
    write_reports(results_of([], interrupted=True), [], tmp_path, small_contract())
    assert json.loads((tmp_path / "results.json").read_text("ascii"))["verdict"] == "interrupted"
    (left,) = (path for path in (tmp_path / "allure-results").iterdir() if path.name != "environment.properties")
    assert json.loads(left.read_text("utf-8"))["name"] == "run: interrupted"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)


def test_a_writer_that_breaks_does_not_lose_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Path:
        raise ZeroDivisionError("no idea")

    def full(*_: Any) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_junit", broken)
    monkeypatch.setattr(module, "write_html", full)
    with pytest.raises(ReportError) as caught:
        write_reports(*world(5), tmp_path, small_contract())
    assert [path.name for path in caught.value.written] == ["results.json", "allure-results"]
    assert "junit.xml: the writer broke: ZeroDivisionError: no idea" in caught.value.problems[0]
    assert "report.html: cannot be written (No space left on device)" in caught.value.problems[1]
    assert (tmp_path / "results.json").is_file()


@pytest.mark.parametrize("many", [1, 1000])
def test_the_one_that_takes_long_is_written_by_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Where that pays; and what it has to say is told."""
    here = tmp_path / "written-by"

    def broken(*_: Any) -> Path:
        here.write_text(str(os.getpid()))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "MANY", many)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(module, "write_allure", broken)
    with pytest.raises(ReportError) as caught:
        write_reports(*world(5), tmp_path / "run", small_contract())
    assert (here.read_text() != str(os.getpid())) is (many == 1)
    assert caught.value.problems == (
        f"{tmp_path / 'run' / 'allure-results'}: cannot be written (No space left on device); free the place",
    )
    assert [path.name for path in caught.value.written] == NAMES[:3]


def test_another_process_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def die(*_: Any) -> Path:
        assert os.getpid() != here
        os.kill(os.getpid(), signal.SIGKILL)
        return tmp_path

    monkeypatch.setattr(module, "MANY", 1)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(module, "write_allure", die)
    with pytest.raises(ReportError) as caught:
        write_reports(*world(5), tmp_path, small_contract())
    assert caught.value.problems == (
        f"{tmp_path / 'allure-results'}: the process that was to write it ended by signal 9",
    )


@pytest.mark.parametrize(("threads", "may"), [(1, True), (2, False)])
def test_a_process_with_threads_does_not_fork(monkeypatch: pytest.MonkeyPatch, threads: int, may: bool) -> None:
    """Another thread may hold a lock, which nobody would free in the other process."""
    monkeypatch.setattr(threading, "active_count", lambda: threads)
    assert can_do_aside() is may


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ReportError, match="file/run: cannot be made"):
        write_reports(*world(1), file / "run", small_contract())


def test_a_crash_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_whole(tmp_path / "a.txt", b"former")

    def crash(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(OSError, match="Input/output"):
        write_whole(path, b"half of")
    assert path.read_bytes() == b"former"
    assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]


def test_a_crash_leaves_the_former_folder(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "f", lambda folder: (folder / "one").touch())

    def crash(folder: Path) -> None:
        (folder / "two").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_folder(path, crash)
    assert [item.name for item in path.iterdir()] == ["one"]
    write_folder(path, lambda folder: (folder / "three").touch())
    assert [item.name for item in path.iterdir()] == ["three"]
    assert [item.name for item in tmp_path.iterdir()] == ["f"]
