"""One small run that several tests look at: a run costs seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.simulator.server import Running, running
from tests.cli.cli_support import Said, command, write_files

SELECTION = "contacts.List and positive or voice.Dial and positive"


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A current folder in which a careless pytest would run, configure or import the wrong things."""
    folder = tmp_path_factory.mktemp("hostile")
    write_files(
        folder,
        {
            "pyproject.toml": ["[tool.pytest.ini_options]", 'addopts = "--no-such-option"', 'testpaths = ["."]'],
            "pytest.ini": ["[pytest]", "addopts = --no-such-option"],
            "conftest.py": "raise RuntimeError('a conftest of the current folder was loaded')\n",
            "test_foreign.py": "def test_foreign():\n    raise RuntimeError('a foreign test ran')\n",
            "conformance.py": "raise RuntimeError('a module of the current folder was imported')\n",
        },
    )
    return folder


@pytest.fixture(scope="session")
def small_run(hostile_folder: Path) -> tuple[Said, Path]:
    """A run of two scenarios against the bundled server, with its folder."""
    said = command(
        "run", "-k", SELECTION, "--output", "out", cwd=hostile_folder, PYTEST_ADDOPTS="-n 2 --no-such-option"
    )
    return said, hostile_folder / "out"


@pytest.fixture(scope="session")
def simulator() -> Iterator[Running]:
    """A bundled server that was started elsewhere."""
    with running() as server:
        yield server
