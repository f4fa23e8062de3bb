"""Node for the tests that need it: found, with the pinned packages of a folder, or the test is skipped with the reason.

A folder of such tests has a `package.json` and a `package-lock.json`; `npm ci` in it installs what they pin. Where
GWS_REQUIRE_NODE is 1, as in CI, what is missing fails a test instead of skipping it.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

REQUIRED = "GWS_REQUIRE_NODE"


def node_or_skip(folder: Path) -> str:
    """The path of node, for scripts in `folder` whose pinned packages are installed; skips the test otherwise."""
    node = shutil.which("node")
    problem = "node is not installed" if node is None else missing_packages(folder)
    if node is not None and problem is None:
        return node
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{problem} ({REQUIRED} is 1)", pytrace=False)
    pytest.skip(str(problem))


def missing_packages(folder: Path) -> str | None:
    """What is wrong with the packages of a folder: a sentence with the remedy, or None when all are as pinned."""
    remedy = f"run npm ci in tests/{folder.name}"
    installed = folder / "node_modules" / ".package-lock.json"
    if not installed.is_file():
        return f"the Node packages of tests/{folder.name} are not installed: {remedy}"
    wanted, found = _versions(folder / "package-lock.json"), _versions(installed)
    wrong = sorted(name for name, version in wanted.items() if found.get(name) != version)
    if wrong:
        return f"{len(wrong)} Node packages of tests/{folder.name} are not the pinned ones ({wrong[0]}): {remedy}"
    return None


def _versions(lock: Path) -> dict[str, str]:
    """The versions in a lock file by place, those left out that npm may leave out too."""
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {
        place.removeprefix("node_modules/"): str(entry.get("version"))
        for place, entry in packages.items()
        if place and not entry.get("optional") and not entry.get("devOptional")
    }
