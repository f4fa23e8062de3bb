"""The checkout as these tests see it: its root, `pyproject.toml`, and the lock files."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("run", "dev", "build")


def pyproject() -> dict[str, Any]:
    """`pyproject.toml`."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Pin:
    """One line of a lock file."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def version(self) -> str:
        """The pinned version, empty where it is not pinned to one."""
        found = [item for item in self.requirement.specifier if item.operator == "=="]
        return found[0].version if len(found) == len(self.requirement.specifier) == 1 else ""


def lock_text(name: str) -> str:
    """The text of `requirements/NAME.lock`."""
    return (ROOT / "requirements" / f"{name}.lock").read_text("utf-8")


def lock(name: str) -> dict[str, Pin]:
    """The pins of a lock file by canonical name."""
    pins: dict[str, Pin] = {}
    joined = re.sub(r"\\\n\s*", " ", lock_text(name))
    for line in joined.splitlines():
        text = line.partition("#")[0].strip()
        if text:
            requirement = Requirement(text.partition(" --hash")[0])
            hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", text))
            pins[canonicalize_name(requirement.name)] = Pin(requirement, hashes)
    return pins


def asked_for(name: str) -> list[Requirement]:
    """The requirements of `pyproject.toml` that a lock file is made from."""
    project = pyproject()
    wanted: list[str] = {
        "run": project["project"]["dependencies"],
        "dev": project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"],
        "build": project["build-system"]["requires"],
    }[name]
    return [Requirement(item) for item in wanted]
