"""A server that hangs in mid-run and closes nothing: what is judged, and when the run ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from conformance.simulator.seed import target_toml
from tests.cli.cli_support import call, finish, open_entries, read_results, start, until

LONG = ("--area", "voice", "-k", "transition or negative")


class Watch:
    """Follows a timeline: whether an actor waits for the reply to a request of a judged step."""

    def __init__(self, timeline: Path) -> None:
        self._timeline, self._read = timeline, 0
        self._asked: int | None = None
        self._judged = False

    def in_flight(self) -> bool:
        """Whether the newest request has no reply yet."""
        with self._timeline.open("rb") as file:
            file.seek(self._read)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._read += len(whole + newline)
        for line in whole.splitlines():
            event = json.loads(line)
            if event["kind"] == "step.start":
                self._judged = event["payload"]["info"]["case"] in {"refusal", "transition"}
            elif event["kind"] == "http.request" and event["payload"]["purpose"] == "api":
                self._asked = event["payload"]["exchange"]
            elif event["kind"] in {"http.response", "http.error"} and event["payload"]["exchange"] == self._asked:
                self._asked = None
        return self._asked is not None and self._judged


@contextlib.contextmanager
def halted(folder: Path, request: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run whose server stopped while an actor waited for a reply, and the server's id. request: the deadline."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = start("simulator", "--port", str(port), cwd=folder)
    try:
        text = target_toml(f"http://127.0.0.1:{port}")
        (folder / "target.toml").write_text(text.replace("request = 10", f"request = {request}"), "utf-8")
        until(lambda: answers(port), "the bundled server")
        process = start("run", "--target", "target.toml", *LONG, "--output", "out", cwd=folder)
        timeline = folder / "out" / "timeline.ndjson"
        until(lambda: timeline.exists() and timeline.read_bytes().count(b'"kind":"scenario.end"') >= 2, "a run")
        watch = Watch(timeline)
        while True:
            os.kill(server.pid, signal.SIGSTOP)
            with contextlib.suppress(AssertionError):
                until(watch.in_flight, "a request in flight", 0.3)
                break
            os.kill(server.pid, signal.SIGCONT)
            size = timeline.stat().st_size
            until(lambda size=size: timeline.stat().st_size > size + 50_000 or process.poll() is not None, "progress")  # type: ignore[misc]
            assert process.poll() is None, "the run ended before a request of a judged step could be caught"
        yield process, server.pid
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.terminate()
        server.communicate()


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_an_interruption_blames_nobody_for_the_request_in_flight(tmp_path: Path) -> None:
    """The scenario is untestable, not failed, and judging its timeline again comes to the same."""
    with halted(tmp_path, request=20) as (process, server):
        os.killpg(process.pid, signal.SIGINT)
        os.kill(server, signal.SIGCONT)
        said = finish(process)
    assert said.code == 130, said
    results = read_results(tmp_path / "out")
    assert results["verdict"] == "interrupted"
    assert (results["counts"]["failed"], results["counts"]["warning"]) == (0, 0), results["reasons"]
    last = results["scenarios"][-1]
    assert (last["verdict"], last["reason"]) == ("untestable", "the run was interrupted")
    again = call("judge", str(tmp_path / "out"), "--json")
    assert again.json["checks"] == results["checks"]


def test_a_server_that_hangs_ends_the_run(tmp_path: Path) -> None:
    """One deadline and one knock later the run is over: unreachable, the request told once, the rest in the ledger."""
    with halted(tmp_path, request=3) as (process, _):
        began = time.monotonic()
        said = finish(process)
        took = time.monotonic() - began
    assert said.code == 3, said
    assert took < 25
    results = read_results(tmp_path / "out")
    assert results["verdict"] == "unreachable"
    assert any("stopped answering in the scenario" in reason for reason in results["reasons"])
    bad = [item for item in results["checks"] if item["verdict"] in {"failed", "warning"}]
    assert [item["check"] for item in bad if item["check"] not in {"http.status", "refusal.status"}] == []
    assert len(bad) == 1
    assert results["scenarios"][-1]["id"] == bad[0]["scenario"]
    assert "session" in [kind for kind, _ in open_entries(tmp_path / "out")]
    again = call("judge", str(tmp_path / "out"), "--json")
    assert again.json["checks"] == results["checks"]
