"""The documents name commands, options, files and faults that exist, and no path of a machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from conformance.cli.app import app
from conformance.simulator import server
from conformance.simulator.faults import Faults
from tests.packaging.project import ROOT

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
_COMMAND = re.compile(r"gws-conformance((?: [^\s`#|]+)*)")
_LINK = re.compile(r"\]\(([^)#:]+)\)")
_PLACE = re.compile(r"`((?:schemas|conformance|tests|reports|benchmarks|requirements|\.ci)/[\w./-]*)`")
# What the worked examples of CONTRIBUTING.md add.
ADDED = {"test_basics_skills", "skill-differs"}
# A run or a wheel makes these.
MADE = ("reports/pytest", "reports/again", "conformance/_data")


def text_of(name: str) -> str:
    """The document's text."""
    return (ROOT / name).read_text("utf-8")


def subcommands() -> dict[str, Any]:
    """The commands of `gws-conformance` by name."""
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def commands() -> list[tuple[str, list[str]]]:
    """Every use of the command in the documents, split into words."""
    out = []
    for name in DOCUMENTS:
        for line in text_of(name).splitlines():
            out += [(name, found[1].split()) for found in _COMMAND.finditer(line) if found[1].strip()]
    return [(name, words) for name, words in out if words[0].isalpha() and words[0] != "ci"]


def test_commands_and_options_exist() -> None:
    known = subcommands()
    assert len(commands()) > 20
    for name, words in commands():
        assert words[0] in known, f"{name}: gws-conformance {' '.join(words)}"
        options = {option for item in known[words[0]].params for option in item.opts}
        used = {word for word in words[1:] if re.fullmatch(r"-k|--[a-z-]+", word)}
        assert used <= options, f"{name}: gws-conformance {' '.join(words)}"


def test_every_command_is_in_the_readme_or_the_changelog() -> None:
    for name in subcommands():
        assert f"`{name}`" in text_of("CHANGELOG.md"), name


def test_faults_exist() -> None:
    assert server  # imported: it declares all faults
    named = [found for name in DOCUMENTS for found in re.findall(r"--fault ([\w.:-]+)", text_of(name))]
    assert named
    for fault in named:
        if fault.partition(".")[2] not in ADDED:
            assert Faults([fault]).active() == [fault]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_and_places_exist(name: str) -> None:
    text = text_of(name)
    places = [
        place for place in [*_LINK.findall(text), *_PLACE.findall(text)] if not any(one in place for one in ADDED)
    ]
    missing = [place for place in places if not (ROOT / place).exists() and place.rstrip("/") not in MADE]
    assert missing == []


@pytest.mark.parametrize("name", [*DOCUMENTS, "Makefile", ".ci/run", "pyproject.toml", ".pre-commit-config.yaml"])
def test_no_path_of_a_machine(name: str) -> None:
    assert re.findall(r"/(?:home|Users|root|work|opt|var)/\S*", text_of(name)) == []


def test_the_readme_shows_what_the_makefile_has() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", text_of("Makefile"), re.MULTILINE))
    named = {found for name in DOCUMENTS for found in re.findall(r"(?:^|`)make ([a-z]+)", text_of(name), re.MULTILINE)}
    assert named <= targets
    assert {"run", "test", "lint", "bench"} <= named


def test_paths_in_the_architecture_are_rooms() -> None:
    rooms = set(re.findall(r"`conformance/([a-z]\w*)/`", text_of("ARCHITECTURE.md")))
    packages = {path.parent.name for path in Path(ROOT / "conformance").glob("*/__init__.py")}
    assert rooms == packages
