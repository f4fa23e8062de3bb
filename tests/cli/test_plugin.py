"""The suites under pytest itself, as somebody runs them who does not use the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.bundled import BundledServer
from conformance.simulator.seed import target_toml
from tests.cli.cli_support import environment

SUITES = ["--pyargs", "conformance.suites", "-c", "/dev/null", "-p", "no:cacheprovider"]


def suites(cwd: Path, *arguments: str) -> tuple[int, str]:
    """pytest on the suites, in a process of its own: its exit code and all that it says."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", *SUITES, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("workers", [["-n", "2"], ["--dist", "load", "--tx", "2*popen"]])
def test_a_deployment_is_played_by_one_process(tmp_path: Path, workers: list[str]) -> None:
    """Workers would take each other's users: they are refused before anything is sent."""
    (tmp_path / "t.toml").write_text(target_toml("http://127.0.0.1:9"), "utf-8")
    for target in (["--gws-target", "t.toml"], ["--gws-base-url", "http://127.0.0.1:9"]):
        code, said = suites(tmp_path, *target, *workers)
        assert code == pytest.ExitCode.USAGE_ERROR, said
        assert "leave out -n" in said
        assert "Traceback" not in said


def test_workers_with_a_bundled_server_each(tmp_path: Path) -> None:
    """Nothing is shared: each worker has a server. One folder holds one run."""
    area = ["--gws-simulator", "--gws-area", "contacts", "-k", "contacts.Create or contacts.lifecycle"]
    code, said = suites(tmp_path, *area, "-n", "2")
    assert code == 0, said
    assert " passed" in said
    code, said = suites(tmp_path, *area, "-n", "2", "--gws-output", "out")
    assert code == pytest.ExitCode.USAGE_ERROR, said
    assert "leave out --gws-output" in said


def test_a_failure_tells_rule_source_and_repeat(tmp_path: Path) -> None:
    """What the console of a run tells, in pytest's own report."""
    with BundledServer(["--fault", "generic.drop-member:statusMessage"]) as server:
        (tmp_path / "t.toml").write_text(target_toml(server.base_url), "utf-8")
        code, said = suites(tmp_path, "--gws-target", "t.toml", "--gws-area", "contacts", "-k", "Create and negative")
    assert code == pytest.ExitCode.TESTS_FAILED, said
    assert "rule: basics.status.message" in said
    assert "source: Web Services API Reference 8.6, Return Values" in said
    assert "repeat: curl -sS -i -X " in said
