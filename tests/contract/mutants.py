"""Damages samples that follow the contract, so that its schemas can show that they see it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.contract.classify import Reading, accepted_by, classify, schema_of
from tests.contract.contract_data import Data, areas, engines, json_schemas
from tests.contract.reference import Reference

Path = tuple[str | int, ...]

_TYPES: dict[type, set[str]] = {
    dict: {"object"},
    list: {"array"},
    str: {"string"},
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    type(None): {"null"},
}
_STRANGERS: list[Any] = [{"unexpected": True}, ["unexpected"], "unexpected", True, 7.5]


@dataclass(frozen=True)
class Mutant:
    """A damaged copy of a sample; `owner` is the schema that describes the damaged member."""

    owner: str
    kind: str
    where: str
    schema: str
    value: Any
    line: int


@cache
def valid_readings(reference: Reference) -> list[tuple[Reading, str]]:
    """The complete samples of all areas with the name of the schema that accepts them."""
    found = []
    for ranges in areas().values():
        for lines in ranges:
            for sample in reference.samples(lines):
                for reading in classify(sample):
                    name = None if sample.elided else accepted_by(reading)
                    if name is not None:
                        found.append((reading, dict(reading.schemas)[name]))
    return found


def parts(schema: Data, owner: str) -> Iterator[tuple[str, Data]]:
    """The schema and what it refers to or is put together of, each with the file that it stands in."""
    yield owner, schema
    if "$ref" in schema:
        uri, _, pointer = str(schema["$ref"]).partition("#")
        target = json_schemas().get(uri, {})
        for step in pointer.strip("/").split("/"):
            target = target.get(step, {}) if step else target
        yield from parts(target, uri or owner)
    for part in schema.get("allOf", []):
        if isinstance(part, dict):
            yield from parts(part, owner)


def allowed_types(schema: Data, owner: str) -> set[str] | None:
    """The JSON types that a member may have; None when its schema says nothing of them."""
    allowed: set[str] | None = None
    for _, part in parts(schema, owner):
        named: set[str] | None = None
        if "type" in part:
            named = set([part["type"]] if isinstance(part["type"], str) else part["type"])
        elif "enum" in part or "const" in part:
            values: list[Any] = part["enum"] if "enum" in part else [part["const"]]
            named = set().union(*(_TYPES[type(value)] for value in values))
        elif "oneOf" in part or "anyOf" in part:
            choices: list[Data] = part.get("oneOf") or part.get("anyOf") or []
            known = [types for one in choices if (types := allowed_types(one, owner)) is not None]
            named = set().union(*known) if len(known) == len(choices) else None
        if named is not None:
            allowed = named if allowed is None else allowed & named
    return allowed


def damages(value: Any, schema: Data, owner: str, path: Path = ()) -> Iterator[tuple[str, str, Path, Any]]:
    """(owner, kind, path, new value) of everything that can be damaged; kind `required` means leaving it out."""
    for part_owner, part in list(parts(schema, owner)):
        if isinstance(value, dict):
            for name in part.get("required", []):
                if name in value:
                    yield part_owner, "required", (*path, name), None
            for name, member in part.get("properties", {}).items():
                if name in value and isinstance(member, dict):
                    yield from _member_damages(value[name], member, part_owner, (*path, name))
        elif isinstance(value, list) and isinstance(part.get("items"), dict):
            for index, item in enumerate(value):
                yield from _member_damages(item, part["items"], part_owner, (*path, index))


def _member_damages(value: Any, schema: Data, owner: str, path: Path) -> Iterator[tuple[str, str, Path, Any]]:
    allowed = allowed_types(schema, owner)
    if allowed is not None:
        stranger = next((one for one in _STRANGERS if not _TYPES[type(one)] & allowed), None)
        if stranger is not None:
            yield owner, "type", path, stranger
    if any("enum" in part or "const" in part for _, part in parts(schema, owner)) and isinstance(value, str):
        yield owner, "enum", path, "NoSuchValue"
    yield from damages(value, schema, owner, path)


def damaged(value: Any, path: Path, kind: str, new: Any) -> Any:
    """A copy of the sample with one member changed or left out."""
    result = copy.deepcopy(value)
    inner = result
    for step in path[:-1]:
        inner = inner[step]
    if kind == "required":
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return result


@cache
def mutants(reference: Reference) -> list[Mutant]:
    """One mutant for every member of every schema and kind of damage, taken from the first sample that has it."""
    found: dict[tuple[str, str, str, str], Mutant] = {}
    for reading, schema in valid_readings(reference):
        for owner, kind, path, new in damages(reading.value, schema_of(schema), schema):
            where = ".".join("[]" if isinstance(step, int) else step for step in path)
            key = (owner, kind, where, schema)
            if key not in found:
                value = damaged(reading.value, path, kind, new)
                found[key] = Mutant(owner, kind, where, schema, value, reading.sample.lines[0])
    return list(found.values())


def rejected(mutant: Mutant) -> bool:
    return not engines().rust(schema_of(mutant.schema)).is_valid(mutant.value)
