"""The generated descriptions in the tree are those that the contract gives, and a difference is found and named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.contract.asyncapi import asyncapi
from conformance.contract.components import Components, component_name
from conformance.contract.descriptions import compare, generate, render
from conformance.contract.openapi import openapi
from tests.contract.contract_data import SCHEMAS
from tests.contract.described import CONTRACT


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return generate(CONTRACT)


def test_the_files_in_the_tree_are_fresh(made: dict[str, str]) -> None:
    found = compare(SCHEMAS, made)
    stale = [f"{item.path.name}: {line}" for item in found for line in item.differences or (item.verdict,)]
    assert all(item.verdict == "fresh" for item in found), "\n".join(["run gws-conformance generate", *stale])


def test_the_same_contract_gives_the_same_text(made: dict[str, str]) -> None:
    assert {"openapi.json": render(openapi(CONTRACT)), "asyncapi.json": render(asyncapi(CONTRACT))} == made
    assert all(text.endswith("}\n") for text in made.values())


def test_the_version_follows_the_content(made: dict[str, str]) -> None:
    """Two descriptions that differ have different versions."""
    for make, name in ((openapi, "openapi.json"), (asyncapi, "asyncapi.json")):
        edited = replace(CONTRACT, areas={**CONTRACT.areas, "voice": "Calls"})
        before, after = json.loads(made[name])["info"]["version"], make(edited)["info"]["version"]
        assert before.startswith("8.6+")
        assert (before == after) == (name == "asyncapi.json")  # areas are no part of its body


def test_a_difference_is_named_by_its_place(made: dict[str, str], tmp_path: Path) -> None:
    for name, text in made.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert {item.verdict for item in compare(tmp_path, made)} == {"fresh"}
    document = json.loads(made["openapi.json"])
    del document["paths"]["/me/calls/{id}"]
    document["info"]["title"] = "Another"
    document["x-new"] = 1
    (tmp_path / "openapi.json").write_text(render(document), "utf-8")
    (tmp_path / "asyncapi.json").unlink()
    found = {item.path.name: item for item in compare(tmp_path, made)}
    assert found["asyncapi.json"].verdict == "missing"
    assert found["openapi.json"].verdict == "stale"
    assert set(found["openapi.json"].differences) == {
        "/paths/~1me~1calls~1{id}: is missing",
        "/info/title: differs",
        "/x-new: is no longer generated",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not JSON"), (None, "order or the spacing"), ("[1, 2]", "differs")],
)
def test_what_cannot_be_compared_is_told(made: dict[str, str], tmp_path: Path, text: str | None, said: str) -> None:
    content = text if text is not None else json.dumps(json.loads(made["asyncapi.json"]))
    (tmp_path / "asyncapi.json").write_text(content, "utf-8")
    (found,) = compare(tmp_path, {"asyncapi.json": made["asyncapi.json"]})
    assert found.verdict == "stale"
    assert said in " ".join(found.differences)


DOCUMENTS = {
    "gws:resources/a.json": {
        "$id": "gws:resources/a.json",
        "x-source": {"page": "A"},
        "type": "object",
        "properties": {"x-ray": {"$ref": "#/$defs/b", "description": "b"}, "self": {"$ref": "gws:resources/a.json"}},
        "$defs": {"b": {"enum": [{"$ref": "a value, not a reference"}]}},
    }
}


def test_references_become_components() -> None:
    components = Components(DOCUMENTS)
    assert components.reference("gws:resources/a.json") == {"$ref": "#/components/schemas/resource.a"}
    assert components.schemas == {
        "resource.a": {
            "x-gws-source": {"page": "A"},
            "type": "object",
            "properties": {
                "x-ray": {"$ref": "#/components/schemas/resource.a.b", "description": "b"},
                "self": {"$ref": "#/components/schemas/resource.a"},
            },
        },
        "resource.a.b": {"enum": [{"$ref": "a value, not a reference"}]},
    }


def test_in_draft_7_nothing_stands_beside_a_reference() -> None:
    components = Components(DOCUMENTS, siblings=False)
    components.reference("gws:resources/a.json")
    described = components.schemas["resource.a"]["properties"]["x-ray"]
    assert described == {"description": "b", "allOf": [{"$ref": "#/components/schemas/resource.a.b"}]}


def test_a_name_stands_for_one_schema() -> None:
    components = Components({})
    assert components.add("one", {"type": "string"}) == components.add("one", {"type": "string"})
    with pytest.raises(ValueError, match="two schemas are called one"):
        components.add("one", {"type": "integer"})
    assert component_name("gws:messages/M.json", "/$defs/x") == "message.M.x"
