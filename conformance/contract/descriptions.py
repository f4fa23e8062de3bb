"""The generated descriptions as files: what they are called, how they are written, and whether they are fresh."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from conformance.contract.asyncapi import asyncapi
from conformance.contract.loader import Contract
from conformance.contract.openapi import openapi

DESCRIPTIONS: Mapping[str, Callable[[Contract], dict[str, Any]]] = {"asyncapi.json": asyncapi, "openapi.json": openapi}
_SHOWN = 20

Verdict = Literal["fresh", "missing", "stale"]


@dataclass(frozen=True)
class Freshness:
    """How a file compares with what the contract gives; `differences` are JSON pointers with what changed there."""

    path: Path
    verdict: Verdict
    differences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """`{path, verdict, differences}`."""
        return {"path": str(self.path), "verdict": self.verdict, "differences": list(self.differences)}


def render(document: Any) -> str:
    """The text of a description: JSON with two spaces, in the order made, a newline at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def generate(contract: Contract) -> dict[str, str]:
    """The text of each description by file name."""
    return {name: render(make(contract)) for name, make in DESCRIPTIONS.items()}


def compare(folder: Path, generated: Mapping[str, str]) -> list[Freshness]:
    """How the files in a folder compare with what was generated.

    Raises:
        OSError: a file is there and cannot be read.
    """
    return [_compare(folder / name, text) for name, text in generated.items()]


def _compare(path: Path, text: str) -> Freshness:
    if not path.is_file():
        return Freshness(path, "missing")
    there = path.read_bytes()
    if there == text.encode():
        return Freshness(path, "fresh")
    try:
        found = _differences(json.loads(there), json.loads(text), "")
    except ValueError:
        return Freshness(path, "stale", ("the file is not JSON",))
    listed = found[:_SHOWN] + ([f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else [])
    return Freshness(path, "stale", tuple(listed or ["only the order or the spacing differs"]))


def _differences(there: Any, wanted: Any, pointer: str) -> list[str]:
    """Where two values differ, as deep as they are comparable."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        out = []
        for key in dict.fromkeys([*there, *wanted]):
            below = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in wanted:
                out.append(f"{below}: is no longer generated")
            elif key not in there:
                out.append(f"{below}: is missing")
            else:
                out += _differences(there[key], wanted[key], below)
        return out
    if isinstance(there, list) and isinstance(wanted, list) and len(there) == len(wanted):
        return [
            line for index, item in enumerate(wanted) for line in _differences(there[index], item, f"{pointer}/{index}")
        ]
    return [] if there == wanted and type(there) is type(wanted) else [f"{pointer or '/'}: differs"]
