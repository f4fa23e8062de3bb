"""What the package imports is what it declares."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.packaging.project import ROOT, asked_for

# Starlette reads the multipart bodies of the bundled server's attachments with the one, uvicorn HTTP with the other.
USED_BY_OTHERS = {"python-multipart", "httptools"}


def imported(folder: Path) -> set[str]:
    """Top-level names of the modules that the files below a folder import, the standard library's left out."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return {name for name in found if name not in sys.stdlib_module_names and name != "conformance"}


def test_imports_are_declared() -> None:
    declared = {canonicalize_name(item.name) for item in asked_for("run")}
    known = packages_distributions()
    undeclared = {
        name
        for name in imported(ROOT / "conformance")
        if not declared & {canonicalize_name(item) for item in known.get(name, [])}
    }
    assert undeclared == set()


def test_declarations_are_imported() -> None:
    known = packages_distributions()
    used = {
        canonicalize_name(distribution)
        for name in imported(ROOT / "conformance")
        for distribution in known.get(name, [])
    }
    declared = {canonicalize_name(item.name) for item in asked_for("run")}
    assert declared - used == USED_BY_OTHERS
