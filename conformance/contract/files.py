"""Reads the YAML and JSON files of the contract and says exactly where one is wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from conformance.contract.errors import ContractError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """The document in `path`.

    Raises:
        ContractError: it is not YAML; names file, line and column.
    """
    try:
        return yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader, C or Python
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise ContractError(f"{where}: not YAML: {getattr(error, 'problem', error)}") from error


def read_json(path: Path) -> Any:
    """The document in `path`.

    Raises:
        ContractError: it is not JSON; names file, line and column.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise ContractError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error


def line_of(path: Path, keys: Sequence[str | int]) -> int:
    """The line (from 1) on which the value at `keys` stands in the YAML file."""
    node = yaml.compose(path.read_text("utf-8"), Loader=_Loader)
    line = 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if k.value == str(key)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            break
    return line


@cache
def _formats(root: Path) -> dict[str, Any]:
    return {path.name: read_json(path) for path in sorted((root / "formats").glob("*.json"))}


@cache
def format_validator(root: Path, name: str) -> Any:
    """The compiled format schema `schemas/formats/<name>`."""
    formats = _formats(root)
    registry = jsonschema_rs.Registry([(schema["$id"], schema) for schema in formats.values()])
    return jsonschema_rs.Draft202012Validator(formats[name], registry=registry)


def load_checked(root: Path, path: Path, format_name: str) -> Any:
    """The YAML document in `path`, checked against its format.

    Raises:
        ContractError: names file, line, key and what was expected, one line a finding.
    """
    document = read_yaml(path)
    problems = []
    for error in format_validator(root, format_name).iter_errors(document):
        keys = list(error.instance_path)
        text = str(error.message)[:300]
        problems.append(f"{path}:{line_of(path, keys)}: {'.'.join(map(str, keys)) or '(document)'}: {text}")
    if problems:
        raise ContractError("\n".join(problems))
    return document
