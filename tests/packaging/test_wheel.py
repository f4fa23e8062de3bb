"""The wheel holds the package, the contract and the templates, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.packaging.project import ROOT, pyproject


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def files_below(folder: Path) -> set[str]:
    """Relative paths of the files below a folder that belong to a checkout."""
    return {
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def shipped(wheel: zipfile.ZipFile, prefix: str) -> set[str]:
    """What the wheel has below a folder, relative to it."""
    return {name.removeprefix(prefix) for name in wheel.namelist() if name.startswith(prefix)}


def test_the_whole_contract_is_inside(wheel: zipfile.ZipFile) -> None:
    expected = files_below(ROOT / "schemas")
    assert {"operations/voice.yaml", "openapi.json", "asyncapi.json"} <= expected
    assert shipped(wheel, "conformance/_data/schemas/") == expected


def test_the_templates_are_inside(wheel: zipfile.ZipFile) -> None:
    expected = files_below(ROOT / "reports" / "templates")
    assert expected
    assert shipped(wheel, "conformance/_data/templates/") == expected


def test_every_module_is_inside(wheel: zipfile.ZipFile) -> None:
    modules = {name for name in shipped(wheel, "conformance/") if not name.startswith("_data/")}
    assert modules == files_below(ROOT / "conformance")
    assert "py.typed" in modules


def test_nothing_else_is_inside(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    version = pyproject()["project"]["version"]
    assert tops == {"conformance", f"gws_conformance-{version}.dist-info"}


def test_command_plugin_and_licence_are_declared(wheel: zipfile.ZipFile) -> None:
    info = f"gws_conformance-{pyproject()['project']['version']}.dist-info"
    entry_points = wheel.read(f"{info}/entry_points.txt").decode()
    assert "gws-conformance = conformance.cli:main" in entry_points
    assert "gws_conformance = conformance.plugin" in entry_points
    metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
