"""The files under schemas/ as plain data, and JSON Schemas for the requests and responses that they describe.

It does not use the project's own loader: the data is to be proved without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from conformance.judge import CHECKS as REGISTERED
from tests.contract.reference import FILE_NAME, ROOT, Lines

SCHEMAS = ROOT / "schemas"

Data = dict[str, Any]

# Which checks a rule may name.
CHECKS = frozenset(REGISTERED)


@dataclass(frozen=True)
class Entry:
    """One entry of a YAML file: its area, its file and its data as written."""

    area: str
    file: str
    data: Data

    @property
    def id(self) -> str:
        return str(self.data["id"])

    @property
    def lines(self) -> Lines:
        return lines_of(self.data["source"])


def lines_of(source: Data) -> Lines:
    first, last = source["lines"]
    return int(first), int(last)


def is_reference(source: Data) -> bool:
    """Whether a source stands in the reference document and not in another one."""
    return FILE_NAME.startswith(str(source.get("document", FILE_NAME))[:3])


def yaml_files(folder: str) -> list[Path]:
    return sorted((SCHEMAS / folder).glob("*.yaml"))


@cache
def read_yaml(path: Path) -> Data:
    with path.open(encoding="utf-8") as stream:
        data: Data = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return data


def _entries(folder: str, key: str) -> tuple[Entry, ...]:
    return tuple(
        Entry(read_yaml(path)["area"], f"{folder}/{path.name}", data)
        for path in yaml_files(folder)
        for data in read_yaml(path)[key]
    )


@cache
def operations() -> tuple[Entry, ...]:
    return _entries("operations", "operations")


@cache
def rules() -> tuple[Entry, ...]:
    return _entries("rules", "rules")


@cache
def ambiguities() -> tuple[Entry, ...]:
    return _entries("ambiguities", "ambiguities")


@cache
def errata() -> tuple[Entry, ...]:
    return _entries("errata", "errata")


@cache
def charts() -> tuple[Entry, ...]:
    return tuple(
        Entry(read_yaml(path)["area"], f"statecharts/{path.name}", read_yaml(path))
        for path in yaml_files("statecharts")
    )


@cache
def areas() -> dict[str, tuple[Lines, ...]]:
    """The line ranges of every area, as its operation files give them, without overlaps."""
    found: dict[str, list[Lines]] = {}
    for path in yaml_files("operations"):
        data = read_yaml(path)
        found.setdefault(data["area"], []).append(lines_of(data["source"]))
    return {area: _union(ranges) for area, ranges in found.items()}


def _union(ranges: list[Lines]) -> tuple[Lines, ...]:
    joined: list[Lines] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def inside(line: int, ranges: tuple[Lines, ...] | list[Lines]) -> bool:
    return any(first <= line <= last for first, last in ranges)


def erratum(kind: str, lines: Lines) -> Entry | None:
    """The print error that lies over these lines, if it is written down."""
    for entry in errata():
        first, last = lines_of(entry.data)
        if entry.data["kind"] == kind and first <= lines[1] and lines[0] <= last:
            return entry
    return None


@cache
def json_schemas() -> dict[str, Data]:
    """All JSON Schemas of resources and messages by $id."""
    found: dict[str, Data] = {}
    for folder in ("resources", "messages"):
        for path in sorted((SCHEMAS / folder).glob("*.json")):
            schema = json.loads(path.read_text(encoding="utf-8"))
            found[schema["$id"]] = schema
    return found


def message_ids() -> list[str]:
    return [uri.removeprefix("gws:messages/").removesuffix(".json") for uri in json_schemas() if "messages" in uri]


def without_required(schema: Any) -> Any:
    """The schema without its required members, for samples that leave members out; conditions keep theirs."""
    if isinstance(schema, list):
        return [without_required(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: value if key == "if" else without_required(value)
        for key, value in schema.items()
        if not (key == "required" and isinstance(value, list))
    }


class Engines:
    """The two validators over the same schemas; `relaxed` ones ask for no member."""

    def __init__(self, relaxed: bool = False) -> None:
        change = without_required if relaxed else lambda schema: schema
        schemas = {uri: change(schema) for uri, schema in json_schemas().items()}
        self._change = change
        self._registry: Registry[Any] = Registry().with_resources(
            (uri, Resource.from_contents(schema)) for uri, schema in schemas.items()
        )
        self._rust_registry = jsonschema_rs.Registry(list(schemas.items()))
        self._python: dict[str, Draft202012Validator] = {}
        self._rust: dict[str, jsonschema_rs.Validator] = {}

    def python(self, schema: Data) -> Draft202012Validator:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._python:
            self._python[key] = Draft202012Validator(self._change(schema), registry=self._registry)
        return self._python[key]

    def rust(self, schema: Data) -> jsonschema_rs.Validator:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._rust:
            self._rust[key] = jsonschema_rs.validator_for(self._change(schema), registry=self._rust_registry)
        return self._rust[key]


@cache
def engines(relaxed: bool = False) -> Engines:
    return Engines(relaxed)


_TYPES: dict[str, Data] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "array": {"type": "array"},
    "id": {"$ref": "gws:resources/common.json#/$defs/id"},
    "uri": {"$ref": "gws:resources/common.json#/$defs/uri"},
    "path": {"$ref": "gws:resources/common.json#/$defs/path"},
    "uris": {"type": "array", "items": {"$ref": "gws:resources/common.json#/$defs/uri"}},
    "paths": {"type": "array", "items": {"$ref": "gws:resources/common.json#/$defs/path"}},
    "phoneNumber": {"type": "string"},
    "digits": {"type": "string", "pattern": "^[0-9*#]*$"},
    "userData": {"type": "object"},
    "keys": {"type": "array", "items": {"type": "string"}},
    "fields": {"type": "string"},
    "file": {},
    "any": {},
}


def _parameter_schema(parameter: Data) -> Data:
    schema = dict(_TYPES[parameter["type"]])
    members = parameter.get("members")
    if members and parameter["type"] == "array":
        schema["items"] = _object_schema(members)
    elif members:
        schema |= _object_schema(members)
    elif parameter["type"] == "array" and parameter.get("items") in _TYPES:
        schema["items"] = _TYPES[parameter["items"]]
    elif "values" in parameter:
        schema = {"enum": parameter["values"]}
    return schema


def _object_schema(parameters: list[Data]) -> Data:
    """An object with these members and no others: an undocumented one in a sample is a gap of the contract."""
    return {
        "type": "object",
        "properties": {parameter["name"]: _parameter_schema(parameter) for parameter in parameters},
        "required": sorted(parameter["name"] for parameter in parameters if parameter["required"]),
        "additionalProperties": False,
    }


def request_schema(operation: Data) -> Data:
    """The body of a request, operationName included."""
    body = [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "body"]
    schema = _object_schema(body)
    if "operationName" in operation:
        schema["properties"]["operationName"] = {"const": operation["operationName"]}
        schema["required"] = sorted([*schema["required"], "operationName"])
    return schema


def response_schema(response: Data) -> Data:
    """The body of one documented response; further members are allowed."""
    properties: Data = {}
    required: list[str] = []
    if response.get("statusCode") is not None:
        properties["statusCode"] = {"const": response["statusCode"]}
        required.append("statusCode")
    for member in response.get("members", []):
        schema = {"$ref": f"gws:resources/{member['resource']}.json"} if "resource" in member else None
        schema = schema or _TYPES[member.get("type", "any")]
        properties[member["name"]] = {"type": "array", "items": schema} if member.get("list") else schema
        if member["required"]:
            required.append(member["name"])
    return {"type": "object", "properties": properties, "required": required}


ERROR_SCHEMA: Data = {
    "type": "object",
    "properties": {"statusCode": {"type": "integer", "minimum": 1, "maximum": 20}, "statusMessage": {"type": "string"}},
    "required": ["statusCode", "statusMessage"],
    "additionalProperties": False,
}


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside a structure with the path to it."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, f"{path}[]")
