"""The worked examples of CONTRIBUTING.md, applied as written to a copy of the checkout, do what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packaging.project import ROOT

_FENCE = re.compile(r"```(\w+)\n(.*?)\n```\n", re.DOTALL)
_HEADS = {
    "append": re.compile(r"Append to `([^`]+)`:\s*\Z"),
    "new": re.compile(r"New file `([^`]+)`:\s*\Z"),
    "replace": re.compile(r"In `([^`]+)` replace:\s*\Z"),
    "with": re.compile(r"\bwith():\s*\Z"),
}
COPIED = ("conformance", "schemas", "tests", "reports/templates")


@dataclass(frozen=True)
class Block:
    """A fenced block of the page, and what the line above it says to do with it."""

    language: str
    text: str
    action: str
    path: str


def blocks() -> Iterator[Block]:
    """The blocks of the worked examples, in order."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## An operation")[2]
    end = 0
    for found in _FENCE.finditer(page):
        before, end = page[end : found.start()], found.end()
        action, path = "", ""
        for name, head in _HEADS.items():
            if match := head.search(before):
                action, path = name, match[1]
        yield Block(found[1], found[2] + "\n", action, path)


def apply(root: Path) -> None:
    """Does to the tree what the page says."""
    replaced = (Path(), "")
    for block in blocks():
        path = root / block.path
        if block.action == "append":
            gap = "\n\n" if path.suffix == ".py" else ""
            path.write_text(path.read_text("utf-8") + gap + block.text, "utf-8")
        elif block.action == "new":
            assert not path.exists(), f"{block.path} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        elif block.action == "replace":
            text = path.read_text("utf-8")
            assert text.count(block.text.rstrip("\n")) == 1, f"{block.path} does not hold, once:\n{block.text}"
            replaced = (path, block.text.rstrip("\n"))
        elif block.action == "with":
            file, old = replaced
            file.write_text(file.read_text("utf-8").replace(old, block.text.rstrip("\n")), "utf-8")


def commands() -> list[tuple[str, int]]:
    """The commands of the worked examples with the exit codes that the page gives them."""
    out = []
    for block in blocks():
        if block.language == "sh":
            for line in block.text.splitlines():
                command, _, comment = line.partition("#")
                code = re.search(r"exit code (\d+)", comment)
                out.append((command.strip(), int(code[1]) if code else 0))
    return out


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", root)
    apply(root)
    return root


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of this environment in the extended copy."""
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "120", "NO_COLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the copy is read several times
    return subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_page_has_all_four_examples() -> None:
    kinds = [Path(block.path).parts[0] + "/" + Path(block.path).parts[1] for block in blocks() if block.path]
    assert {
        "schemas/operations",
        "schemas/rules",
        "conformance/suites",
        "conformance/judge",
        "conformance/simulator",
    } <= {*kinds}
    assert [code for _, code in commands()].count(1) == 1


@pytest.mark.parametrize(("command", "code"), commands())
def test_the_commands_end_as_the_page_says(extended: Path, command: str, code: int) -> None:
    program, *arguments = command.split()
    start = {
        "gws-conformance": ["-c", "import conformance.cli as cli; cli.main()"],
        "pytest": ["-m", "pytest", "-p", "no:cacheprovider"],
        "python": [],
    }[program]
    done = run(extended, *start, *arguments)
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-2000:]
    if program == "pytest":
        assert re.search(r"^[1-9]\d* passed", done.stdout, re.MULTILINE)
    elif "run" in arguments:
        assert ("skill.shared" in done.stdout) == (code == 1)
    elif program == "python":
        assert re.search(r"^killed +basics\.skill-differs .*skill\.shared", done.stdout, re.MULTILINE)
    elif "selftest" in arguments:
        assert "1 faults: 1 killed, 0 survived" in done.stdout


def test_what_was_added_keeps_the_style(extended: Path) -> None:
    added = [block.path for block in blocks() if block.path.endswith(".py")]
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    assert ruff is not None
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *arguments, *dict.fromkeys(added)], cwd=extended, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
