"""`results.json` against its schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from conformance.report.json_writer import as_json, write_json
from tests.report.report_support import HOSTILE, ROOT, finding, results_of, world

SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas/formats/results.json").read_text("utf-8"))


def violations(document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "run",
    [
        {},
        {"interrupted": True},
        {"problem": "no answer", "problem_kind": "unreachable"},
        {"problem": "KeyError: 'x'"},
        {"problem_kind": "nothing tested"},
        {"areas": ("voice",), "profile": "desktop", "server_version": None, "target": {}},
    ],
)
def test_an_empty_run_is_a_document(run: dict[str, Any]) -> None:
    assert violations(as_json(results_of([], **run))) == []


def test_a_run_is_a_document(tmp_path: Path) -> None:
    results, _ = world(60, text=HOSTILE)
    path = write_json(results, tmp_path / "results.json")
    text = path.read_text("utf-8")
    document = json.loads(text)
    assert violations(document) == []
    assert jsonschema_rs.Draft202012Validator(SCHEMA).is_valid(document)
    assert document["exitCode"] == 1
    assert len(document["checks"]) == len(results.findings)
    check = document["checks"][-1]
    assert check["source"] == {"document": "Web Services API Reference 8.6", "page": "Hold", "lines": [5677, 5772]}
    assert not re.search(r"(?<!\\)(\\\\)*\\ud8", text), "half a character breaks other parsers"


def test_the_order_is_stable(tmp_path: Path) -> None:
    first = write_json(world(20)[0], tmp_path / "a.json").read_bytes()
    assert first == write_json(world(20)[0], tmp_path / "b.json").read_bytes()
    assert list(json.loads(first))[:4] == ["format", "version", "verdict", "exitCode"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "perfect"),
        (("exitCode",), 5),
        (("checks", 0, "level"), "perhaps"),
        (("checks", 0, "evidence"), ["1"]),
        (("checks", 0, "source"), {"page": "Hold"}),
        (("scenarios",), None),
        (("counts", "unknown"), 1),
        (("reasons",), []),
        (("run", "password"), "x"),
    ],
)
def test_the_schema_is_sharp(path: tuple[str | int, ...], value: Any) -> None:
    document: Any = as_json(world(4)[0])
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert violations(document)


def test_numbers_that_are_none_are_refused_instead_of_written(tmp_path: Path) -> None:
    results = results_of([finding()], duration=float("nan"))
    with pytest.raises(ValueError, match="JSON"):
        write_json(results, tmp_path / "results.json")
    assert list(tmp_path.iterdir()) == []
