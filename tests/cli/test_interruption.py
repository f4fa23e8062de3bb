"""Ctrl-C, SIGTERM and kill -9 in mid-run; judging and cleaning up afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.interruption import Interruption
from conformance.cli.playing import Player
from conformance.opening import Plan
from conformance.session import Session
from conformance.session import finish as finish_scenario
from conformance.simulator.server import Running
from conformance.wire.recorder import Recorder
from tests.cli.cli_support import call, children, finish, lives, open_entries, read_results, start, until

# Scenarios that are long enough to be interrupted, and enough of them.
LONG = ("run", "--area", "voice", "-k", "transition")


def begin(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A run that has played a little, and the processes that it started."""
    process = start(*LONG, "--output", "out", *arguments, cwd=folder)
    timeline = folder / "out" / "timeline.ndjson"

    def playing() -> bool:
        assert process.poll() is None, process.communicate()
        return timeline.exists() and timeline.read_bytes().count(b'"kind":"scenario.end"') >= 2

    until(playing, "a run in mid-scenario")
    return process, children(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_cleans_up_and_reports(tmp_path: Path, number: int) -> None:
    process, started = begin(tmp_path)
    assert started, "the bundled server runs"
    # To the whole group, as a terminal does it.
    os.killpg(process.pid, number)
    said = finish(process)
    assert said.code == 130, said
    assert "cleaning up and writing the reports" in said.err
    assert "Verdict: INTERRUPTED" in said.out
    assert not [pid for pid in started if lives(pid)]
    results = read_results(tmp_path / "out")
    assert (results["verdict"], results["run"]["interrupted"], results["exitCode"]) == ("interrupted", True, 130)
    assert results["counts"]["passed"] > 0
    assert [kind for kind, _ in open_entries(tmp_path / "out") if kind == "session"] == []
    lines = (tmp_path / "out" / "timeline.ndjson").read_text("utf-8").splitlines()
    assert json.loads(lines[-1])["kind"] == "run.end"
    again = call("judge", str(tmp_path / "out"), "--json")
    assert again.json["checks"] == results["checks"]
    assert again.code == 130


def test_the_second_signal_stops_at_once(tmp_path: Path) -> None:
    process, started = begin(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    said = finish(process, 30)
    if "stopped at once" not in said.err:  # both arrived before Python looked: they were one
        assert said.code == 130
        return
    assert said.code == 130
    assert "gws-conformance cleanup out" in said.err
    until(lambda: not [pid for pid in started if lives(pid)], "the end of the bundled server")


def test_after_kill_9_the_rest_can_be_judged_and_cleaned_up(tmp_path: Path, simulator: Running) -> None:
    process, _ = begin(tmp_path, "--base-url", simulator.base_url)
    process.kill()
    finish(process)
    folder = tmp_path / "out"
    assert not (folder / "results.json").exists()

    judged = call("judge", str(folder / "timeline.ndjson"), "--output", str(tmp_path / "judged"))
    assert judged.code == 130
    results = read_results(tmp_path / "judged")
    assert results["verdict"] == "interrupted"
    assert any("was killed" in reason for reason in results["reasons"])
    assert results["counts"]["passed"] > 0

    left = open_entries(folder)
    assert "session" in [kind for kind, _ in left]
    without = call("cleanup", str(folder))
    assert without.code == 2
    assert "--target" in without.err
    elsewhere = call("cleanup", str(folder), "--base-url", "http://127.0.0.1:1")
    assert elsewhere.code == 3
    assert open_entries(folder) == left
    done = call("cleanup", str(folder), "--base-url", simulator.base_url, "--json")
    assert done.code == 0, done
    assert len(done.json["undone"]) == len(left)
    assert done.json["left"] == []
    assert open_entries(folder) == []
    assert "nothing is left" in call("cleanup", str(folder), "--base-url", simulator.base_url).out


def test_a_signal_waits_for_what_it_must_not_cut() -> None:
    said: list[str] = []
    with Interruption(said.append, lambda: said.append("at once")) as interruption:
        done = False
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what happens inside is the point
            with interruption.protect():
                signal.raise_signal(signal.SIGINT)
                done = True
            pytest.fail("the signal was lost")
        assert done
        assert interruption.requested
        signal.raise_signal(signal.SIGINT)
        assert said[-1] == "at once"


def test_a_signal_waits_for_the_recorder(tmp_path: Path) -> None:
    """It comes in the middle of writing a line, and takes effect once the line is there."""

    class Slow(Recorder):
        def _write(self, line: bytes) -> None:
            if b"note" in line:
                signal.raise_signal(signal.SIGINT)
            super()._write(line)

    # Its frames must look like the recorder's own.
    code = Slow._write.__code__.replace(co_filename=Recorder.__init__.__code__.co_filename)
    Slow._write.__code__ = code
    recorder = Slow(tmp_path / "timeline.ndjson")
    with Interruption(lambda _: None, lambda: None):
        recorder.record("note", {"text": "written in full"})
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait(10)
    recorder.close()
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "timeline.ndjson").read_text("utf-8").splitlines()]
    assert kinds == ["run.start", "note", "run.end"]


def test_a_scenario_that_is_over_keeps_its_verdicts(
    tmp_path: Path, simulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes when its end is in the timeline and its verdicts have not been told yet."""
    heard: list[str] = []
    with Interruption(lambda _: None, lambda: None) as interruption:
        plan = Plan(base_url=simulator.base_url, output=tmp_path / "out")
        session = Session.open(plan, protect=interruption.protect)
        session.on_ending = lambda ending: heard.extend(finding.verdict for finding in ending.findings)
        play = session.play("the only one", "basics", "the only one")
        play.perform("basics.ListFeatures")
        judge = session.judged.add

        def judge_interrupted(*given: Any) -> Any:
            signal.raise_signal(signal.SIGINT)
            return judge(*given)

        monkeypatch.setattr(session.judged, "add", judge_interrupted)
        with pytest.raises(KeyboardInterrupt):
            finish_scenario(session, play, None)
        session.interrupted = True
        session.close()
    results = read_results(tmp_path / "out")
    assert heard == [check["verdict"] for check in results["checks"]] != []
    assert call("judge", str(tmp_path / "out"), "--json").json["checks"] == results["checks"]


def test_an_interruption_that_python_dropped_takes_effect_after_the_scenario() -> None:
    """What a signal handler raises inside a finalizer is printed and dropped."""
    player = Player(lambda _: pytest.fail("nothing is to be opened"), interrupted=lambda: True)
    with pytest.raises(KeyboardInterrupt):
        player.pytest_runtest_logfinish("a scenario")
    Player(lambda _: pytest.fail("nothing is to be opened")).pytest_runtest_logfinish("a scenario")


def test_while_reports_are_written_a_signal_changes_nothing() -> None:
    said: list[str] = []
    with Interruption(said.append, lambda: said.append("at once")) as interruption:
        interruption.closing = True
        signal.raise_signal(signal.SIGINT)
        assert "reports are being written" in said[0]


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interruption(lambda _: None, lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
