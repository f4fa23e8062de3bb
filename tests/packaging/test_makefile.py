"""The Makefile finds a Python that will do, says so when it does not, and installs once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.project import ROOT

MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Runs make and waits for it; what a make around the tests was told does not reach it."""
    command = [str(MAKE), "--no-print-directory", *arguments]
    outer = {"MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS", "VENV", "ARGS", "PYTHON"}
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_help_names_every_target() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony
    listed = re.findall(r"^make (\w+)", make("help").stdout, re.MULTILINE)
    assert sorted(listed) == sorted(phony[1].split())


@pytest.mark.parametrize("python", ["/no/such/python", "", "false"])
def test_an_unusable_python_gets_a_remedy(python: str, tmp_path: Path) -> None:
    done = make("run", f"PYTHON={python}", f"VENV={tmp_path / 'environment'}")
    assert done.returncode != 0
    assert "Python 3.11 or newer" in done.stderr
    assert "PYTHON=" in done.stderr
    assert not (tmp_path / "environment").exists()


def test_a_second_run_installs_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    environment = tmp_path / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").touch()
    for stamp in (".installed-run", ".installed-dev"):
        (environment / stamp).touch()
    for target in ("run", "test"):
        assert "pip" not in make("-n", target, folder=tmp_path).stdout
    (environment / ".installed-run").unlink()
    assert "--require-hashes --requirement requirements/run.lock" in make("-n", "run", folder=tmp_path).stdout
