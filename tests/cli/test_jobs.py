"""A run that several processes play between them is the run that one would play."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from conformance.ensemble import WORTH, Ensemble, Left, Send, players_for
from conformance.opening import Part, Plan
from conformance.suites._cases import transitions
from conformance.wire.shared import CAN_SHARE
from conformance.wire.timeline import Event, read_timeline
from tests.cli.cli_support import call, children, command, finish, lives, open_entries, read_results, start, until

pytestmark = pytest.mark.skipif(not CAN_SHARE, reason="this system cannot fork")

SOME = ("run", "--area", "contacts", "--area", "basics", "-k", "not cometd")
LONG = ("run", "--area", "voice", "-k", "transition", "--jobs", "2")
SELECTED = len(transitions("voice"))
PLAN = Plan(bundled=True, output=Path("out"))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The folders of the same run, played by one process and by two."""
    folder = tmp_path_factory.mktemp("jobs")
    for jobs in (1, 2):
        said = command(*SOME, "--jobs", str(jobs), "--output", f"out-{jobs}", cwd=folder, deadline=180)
        assert (said.code, said.err) == (0, "")
    return {jobs: folder / f"out-{jobs}" for jobs in (1, 2)}


def verdicts(folder: Path) -> list[tuple[str, str]]:
    return [(item["id"], item["verdict"]) for item in read_results(folder)["scenarios"]]


def events(folder: Path) -> list[Event]:
    return list(read_timeline(folder / "timeline.ndjson"))


def test_scenarios_and_verdicts_are_those_of_one_process_in_the_same_order(both: dict[int, Path]) -> None:
    assert len(verdicts(both[1])) >= 2 * WORTH
    assert verdicts(both[2]) == verdicts(both[1])
    assert read_results(both[2])["coverage"] == read_results(both[1])["coverage"]
    assert [read_results(both[jobs])["run"]["left"] for jobs in (1, 2)] == [[], []]


def test_it_is_one_timeline_without_gaps(both: dict[int, Path]) -> None:
    recorded = events(both[2])  # reading it checks that seq has no gaps
    assert recorded[-1].payload == {"events": len(recorded)}
    assert all(one.t <= other.t for one, other in itertools.pairwise(recorded))
    servers = {str(item.payload["url"]).split("/")[2] for item in recorded if item.kind == "http.request"}
    assert len(servers) == 2
    opened = [item.scenario for item in recorded if item.kind == "scenario.start"]
    closed = [item.scenario for item in recorded if item.kind == "scenario.end"]
    assert sorted(filter(None, opened)) == sorted(filter(None, closed))
    assert opened != closed, "nothing was played at once"


def test_exchanges_and_sessions_of_the_players_have_names_of_their_own(both: dict[int, Path]) -> None:
    recorded = events(both[2])
    exchanges = [item.payload["exchange"] for item in recorded if item.kind == "http.request"]
    assert len(exchanges) == len(set(exchanges))
    cookies: dict[str, set[str]] = {}
    for item in recorded:
        if item.kind == "http.request":
            server = str(item.payload["url"]).split("/")[2]
            cookies.setdefault(server, set()).update(re.findall(r"<secret:cookie#\d+>", json.dumps(item.payload)))
    one, other = cookies.values()
    assert one
    assert other
    assert not one & other, "different secrets have one placeholder"


def test_judging_it_again_comes_to_the_same(both: dict[int, Path], tmp_path: Path) -> None:
    assert call("judge", str(both[2]), "--output", str(tmp_path / "again")).code == 0
    first, second = read_results(both[2]), read_results(tmp_path / "again")
    assert second["checks"] == first["checks"]
    assert second["scenarios"] == first["scenarios"]
    assert second["run"]["target"] == first["run"]["target"] != {}


def test_no_secret_is_written(both: dict[int, Path]) -> None:
    for path in both[2].rglob("*"):
        if path.is_file():
            assert not re.search(rb"JSESSIONID=(?!<secret:)[0-9a-zA-Z]{8}", path.read_bytes()), path


def test_a_fault_is_found(tmp_path: Path) -> None:
    fault = ("--fault", "contacts.filter-ignored")
    said = command(*SOME, *fault, "--jobs", "2", "--output", "out", cwd=tmp_path, deadline=180)
    assert said.code == 1
    assert {item["area"] for item in read_results(tmp_path / "out")["checks"] if item["verdict"] == "failed"} == {
        "contacts"
    }


def begin(folder: Path) -> tuple[subprocess.Popen[str], list[int], list[int]]:
    """A run that has played a little, its players and their servers."""
    process = start(*LONG, "--output", "out", cwd=folder)
    timeline = folder / "out" / "timeline.ndjson"

    def playing() -> bool:
        assert process.poll() is None, process.communicate()
        return timeline.exists() and timeline.read_bytes().count(b'"kind":"scenario.end"') >= 4

    until(playing, "a run in mid-scenario")
    # The servers were started as one process, which is theirs as the conductor is the players'.
    started = children(process.pid)
    home = [pid for pid in started if b"conformance.simulator" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    players = [pid for pid in started if pid not in home]
    return process, players, [*children(*home), *home]


def gone(pids: list[int]) -> None:
    until(lambda: not any(lives(pid) for pid in pids), "the end of every process")


def results(folder: Path, code: int, verdict: str) -> dict[str, Any]:
    document = read_results(folder / "out")
    assert (document["exitCode"], document["verdict"]) == (code, verdict)
    return document


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_passed_on_and_all_is_cleaned_up(tmp_path: Path, number: signal.Signals) -> None:
    process, players, servers = begin(tmp_path)
    assert (len(players), len(servers)) == (2, 3), "two servers and the process that started them"
    process.send_signal(number)
    said = finish(process)
    assert said.code == 130
    assert said.err.count("interrupted") == 1
    assert len(results(tmp_path, 130, "interrupted")["scenarios"]) < SELECTED, "they played on to the end"
    assert f"{SELECTED} scenarios" in said.out
    assert open_entries(tmp_path / "out") == []
    gone([*players, *servers])


def test_the_second_one_ends_everything_at_once(tmp_path: Path) -> None:
    process, players, servers = begin(tmp_path)
    for player in players:
        os.kill(player, signal.SIGSTOP)  # whatever they are doing, they do not end by themselves
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "interrupted" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    gone([*players, *servers])


def test_nothing_outlives_a_conductor_that_was_killed(tmp_path: Path) -> None:
    process, players, servers = begin(tmp_path)
    process.kill()
    process.communicate()
    gone([*players, *servers])
    recorded = events(tmp_path / "out")
    assert not any(item.kind == "run.end" for item in recorded)


def test_a_player_that_is_killed_is_a_failure_of_the_suite(tmp_path: Path) -> None:
    process, players, servers = begin(tmp_path)
    os.kill(players[0], signal.SIGKILL)
    said = finish(process)
    assert said.code == 4
    assert "a process of the run ended by signal 9" in said.err
    assert "ended by signal 9" in results(tmp_path, 4, "suite error")["reasons"][0]
    gone([*players, *servers])


def test_a_player_that_is_interrupted_by_itself_is_a_failure_of_the_suite(tmp_path: Path) -> None:
    """It ends in order, and says nothing bad: but what it had to play is not played."""
    process, players, servers = begin(tmp_path)
    os.kill(players[1], signal.SIGINT)
    said = finish(process)
    assert said.code == 4
    assert "a process of the run was interrupted" in said.err
    results(tmp_path, 4, "suite error")
    gone([*players, *servers])


class Quiet:
    """Signals are nobody's affair here."""

    def protect(self) -> contextlib.AbstractContextManager[object]:
        return contextlib.nullcontext()

    def hush(self) -> None:
        pass


def test_a_scenario_that_nobody_played_is_missed(tmp_path: Path) -> None:
    ensemble = Ensemble(Plan(bundled=True, output=tmp_path / "out"), 2, Quiet())
    ensemble.play(lambda part, send: Left(None), 3)
    ensemble.close()
    assert ensemble.problem == "3 of 3 scenarios were not played, and nobody said why"
    document = results(tmp_path, 4, "suite error")
    assert "3 of 3 scenarios" in document["reasons"][0]


def test_a_player_that_is_interrupted_before_it_began_is_told(tmp_path: Path) -> None:
    ensemble = Ensemble(Plan(bundled=True, output=tmp_path / "out"), 2, Quiet())

    def act(part: Part, send: Send) -> Left:
        if part.number == 1:
            raise KeyboardInterrupt
        return Left(None)

    ensemble.play(act, 2)
    ensemble.close()
    assert ensemble.problem == "a process of the run was interrupted"
    results(tmp_path, 4, "suite error")


def test_players_are_asked_to_end_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them have a reason to end; the third would take a second signal for an order to stop at once."""
    ensemble = Ensemble(Plan(bundled=True, output=tmp_path / "out"), 3, Quiet())
    signalled: list[int] = []
    kill = os.kill

    def noted(pid: int, number: int) -> None:
        signalled.append(pid)
        kill(pid, number)

    monkeypatch.setattr(os, "kill", noted)

    def act(part: Part, send: Send) -> Left:
        if part.number < 2:
            return Left(None, f"player {part.number} has had enough", 4)
        threading.Event().wait(60)
        return Left(None)

    ensemble.play(act, 3)
    assert len(signalled) == len(set(signalled)) != 0
    assert ensemble.problem is not None
    assert ensemble.problem.endswith("has had enough")


def test_players_do_not_outlive_a_conductor_that_breaks(tmp_path: Path) -> None:
    ensemble = Ensemble(Plan(bundled=True, output=tmp_path / "out"), 2, Quiet())
    others = children(os.getpid())

    def act(part: Part, send: Send) -> Left:
        if part.number == 1:
            send(("what is this?",))
        threading.Event().wait(60)
        return Left(None)

    with pytest.raises(AssertionError, match="unknown frame"):
        ensemble.play(act, 1)
    for pid in set(children(os.getpid())) - set(others):
        until(lambda pid=pid: not lives(pid), "the end of every player")  # type: ignore[misc]


def test_a_server_that_dies_makes_the_run_unreachable(tmp_path: Path) -> None:
    process, players, servers = begin(tmp_path)
    os.kill(servers[1], signal.SIGKILL)
    said = finish(process)
    assert said.code == 3
    assert "answer" in said.err
    results(tmp_path, 3, "unreachable")
    gone([*players, *servers])


@pytest.mark.parametrize(
    ("plan", "scenarios", "wanted", "players"),
    [
        (PLAN, 1000, 3, 3),
        (PLAN, 2 * WORTH, 3, 2),
        (PLAN, WORTH - 1, 3, 1),
        (Plan(bundled=True), 1000, 3, 1),
        (Plan(base_url="http://127.0.0.1:1", output=Path("out")), 1000, 3, 1),
        (Plan(target_file=Path("target.toml"), output=Path("out")), 1000, None, 1),
    ],
)
def test_how_many_play(plan: Plan, scenarios: int, wanted: int | None, players: int) -> None:
    assert players_for(plan, scenarios, wanted) == players


def test_unasked_there_are_two_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    assert players_for(PLAN, 1000, None) == 4


def test_a_deployment_is_tested_by_one(tmp_path: Path) -> None:
    said = call("run", "--base-url", "http://127.0.0.1:1", "--jobs", "2", "--output", str(tmp_path / "out"))
    assert said.code == 2
    assert "--jobs is for the bundled server" in said.err
    assert not (tmp_path / "out").exists()
