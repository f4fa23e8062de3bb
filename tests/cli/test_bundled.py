"""The bundled server as a process: standing by, several at once, and what it says when it cannot start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from conformance.bundled import BundledServer, BundledServerError
from tests.cli.cli_support import lives, until

STANDBY = [sys.executable, "-P", "-m", "conformance.simulator", "--standby"]


def version(base_url: str) -> int:
    return httpx.get(f"{base_url}/api/v2/diagnostics/version", trust_env=False).status_code


def test_one_that_stands_by_takes_what_it_is_told_later(tmp_path: Path) -> None:
    server = BundledServer()
    server.warm()
    pid = server.pid
    server.options, server.log = ["--features-off", "api-voice"], tmp_path / "server.log"
    with server:
        assert server.pid == pid, "it was started once"
        assert version(server.base_url) == 200
        assert server.log.read_text() == ""
        until(lambda: server.alive, "life")
    assert not lives(pid)


def test_one_that_is_not_needed_ends() -> None:
    server = BundledServer()
    server.warm()
    pid = server.pid
    server.stop()
    assert not lives(pid)


def test_several_are_servers_of_their_own(tmp_path: Path) -> None:
    with BundledServer(servers=3, log=tmp_path / "server.log") as server:
        addresses = {one.base_url for one in server.served}
        pids = [one.pid for one in server.served]
        assert len(addresses) == len(set(pids)) == 3
        assert [version(address) for address in sorted(addresses)] == [200, 200, 200]
        server.served[0].kill()
        until(lambda: not server.served[0].alive, "the end of one")
        assert version(server.served[1].base_url) == 200, "the others go on"
        server.served[1].stop()
        until(lambda: not server.served[1].alive, "the end of another")
        assert server.alive
    assert not [pid for pid in pids if lives(pid)]


def test_one_of_several_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.bundled.STOP_DEADLINE", 0.5)
    server = BundledServer(servers=2)
    server.start()
    pids = [one.pid for one in server.served]
    os.kill(pids[0], signal.SIGSTOP)
    server.stop()
    until(lambda: not [pid for pid in pids if lives(pid)], "the end of both")


def test_several_end_with_their_parent(tmp_path: Path) -> None:
    server = BundledServer(servers=2)
    server.start()
    pids = [one.pid for one in server.served]
    server.kill()
    until(lambda: not [pid for pid in pids if lives(pid)], "the end of all")
    server.stop()


@pytest.mark.parametrize("servers", [1, 2])
def test_a_wrong_option_is_told(tmp_path: Path, servers: int) -> None:
    server = BundledServer(["--fault", "no-such-fault"], log=tmp_path / "server.log", servers=servers)
    with pytest.raises(BundledServerError, match=r"--fault: .*no-such-fault.*server\.log"):
        server.start()
    assert not server.alive


def test_one_that_died_while_it_stood_by_is_replaced(tmp_path: Path) -> None:
    server = BundledServer(log=tmp_path / "server.log")
    server.warm()
    first = server.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: not lives(first), "the end of the first")
    with server:
        assert server.pid != first
        assert version(server.base_url) == 200


def test_a_log_that_cannot_be_written_is_an_error_of_its_own(tmp_path: Path) -> None:
    server = BundledServer(log=tmp_path / "no" / "server.log")
    with pytest.raises(FileNotFoundError):
        server.start()
    assert server.pid == 0


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (b"", 0, ""),
        (b"[", 0, ""),
        (b"{}\n", 2, "not a JSON array of strings"),
        (b"nonsense\n", 2, "--standby"),
        (b'["--no-such-option"]\n', 2, "--no-such-option"),
        (b'["--log", "/no/such/folder/log"]\n', 2, "cannot be written"),
    ],
)
def test_what_is_said_to_one_that_stands_by(line: bytes, code: int, words: str) -> None:
    ended = subprocess.run(STANDBY, input=line, capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (code, b"")
    assert words in ended.stderr.decode()
    assert "Traceback" not in ended.stderr.decode()
