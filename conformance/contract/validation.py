"""Validates values against the contract's JSON Schemas with jsonschema-rs (jsonschema is the cross-check in tests)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance.contract.expected import expected
from conformance.contract.files import read_json
from conformance.contract.model import Operation, Parameter, Response

_MESSAGE_LIMIT = 300
_JSON_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "array": {"type": "array"},
    "id": {"type": "string", "minLength": 1},
    "uri": {"type": "string", "minLength": 1},
    "path": {"type": "string", "minLength": 1},
    "phoneNumber": {"type": "string", "minLength": 1},
    "digits": {"type": "string", "pattern": "^[0-9*#]+$"},
    "userData": {"type": "object"},
    "keys": {"type": "array", "items": {"type": "string"}},
    "fields": {"type": "string"},
    "file": {},
    "any": {},
}


@dataclass(frozen=True)
class Violation:
    """One finding of a validation: JSON pointer, what is wrong, which keyword of a schema said so, what it asks for."""

    pointer: str
    message: str
    keyword: str
    expected: str = ""


class Schemas:
    """The JSON Schemas of resources and messages, and those derived from operations.

    Compiled on first use. Raises `KeyError` for a name that the contract does not have.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._compiled: dict[tuple[str, str], Any] = {}

    @cached_property
    def documents(self) -> Mapping[str, Mapping[str, Any]]:
        """Every schema by its `$id`."""
        found = {}
        for folder in ("resources", "messages"):
            for path in sorted((self._root / folder).glob("*.json")):
                schema = read_json(path)
                found[schema["$id"]] = schema
        return found

    @cached_property
    def _registry(self) -> Any:
        return jsonschema_rs.Registry([(key, dict(schema)) for key, schema in self.documents.items()])

    def names(self, folder: str) -> list[str]:
        """The names of the `resources` or `messages`."""
        prefix = f"gws:{folder}/"
        return [key.removeprefix(prefix).removesuffix(".json") for key in self.documents if key.startswith(prefix)]

    def validate(self, kind: str, name: str, value: Any) -> list[Violation]:
        """Violations of `resource:name` or `message:name` (the event's `data`) in `value`."""
        return self._run(self._named(kind, name), value)

    def validate_request(self, operation: Operation, body: Any) -> list[Violation]:
        """Violations of the operation's request body."""
        key = ("request", operation.id)
        if key not in self._compiled:
            self._compiled[key] = self._compile(request_schema(operation))
        return self._run(self._compiled[key], body)

    def validate_response(self, operation: Operation, response: Response, body: Any) -> list[Violation]:
        """Violations of one documented response in the body of a reply."""
        key = ("response", f"{operation.id}#{operation.responses.index(response)}")
        if key not in self._compiled:
            self._compiled[key] = self._compile(response_schema(response))
        return self._run(self._compiled[key], body)

    def _named(self, kind: str, name: str) -> Any:
        key = (kind, name)
        if key not in self._compiled:
            identifier = f"gws:{kind}s/{name}.json"
            if identifier not in self.documents:
                raise KeyError(f"no {kind} {name!r} in the contract; it has {', '.join(self.names(kind + 's'))}")
            self._compiled[key] = self._compile(self.documents[identifier])
        return self._compiled[key]

    def _compile(self, schema: Mapping[str, Any]) -> Any:
        return jsonschema_rs.Draft202012Validator(dict(schema), registry=self._registry)

    @staticmethod
    def _run(validator: Any, value: Any) -> list[Violation]:
        if validator.is_valid(value):
            return []
        return [_violation(error) for error in _leaves(validator.iter_errors(value))]


def _leaves(errors: Iterable[Any]) -> list[Any]:
    return sorted(errors, key=lambda error: [str(part) for part in error.instance_path])


def _violation(error: Any) -> Violation:
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in error.instance_path)
    path = list(error.schema_path)
    message = str(error.message)
    if len(message) > _MESSAGE_LIMIT:
        message = message[:_MESSAGE_LIMIT] + "..."
    return Violation(pointer, message, str(path[-1]) if path else "", expected(error))


def parameter_schema(parameter: Parameter) -> dict[str, Any]:
    """JSON Schema of one parameter's value."""
    if parameter.values is not None and parameter.type != "array":
        return {"enum": list(parameter.values)}
    schema = dict(_JSON_TYPES[parameter.type])
    if parameter.type == "array":
        if parameter.members:
            schema["items"] = _object(parameter.members)
        elif parameter.items:
            schema["items"] = dict(_JSON_TYPES.get(parameter.items, {}))
    elif parameter.members:
        schema |= _object(parameter.members)
    return schema


def _object(members: Iterable[Parameter]) -> dict[str, Any]:
    items = tuple(members)
    return {
        "type": "object",
        "properties": {item.name: parameter_schema(item) for item in items},
        "required": [item.name for item in items if item.required],
    }


def request_schema(operation: Operation) -> dict[str, Any]:
    """JSON Schema of the operation's JSON body (an empty object where it has none)."""
    schema = _object(operation.parameters_in("body"))
    if operation.operation_name:
        schema["properties"]["operationName"] = {"const": operation.operation_name}
        schema["required"] = ["operationName", *schema["required"]]
    return schema


def response_schema(response: Response) -> dict[str, Any]:
    """JSON Schema of the JSON body of one documented response; unknown members are accepted."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    if response.status_code is not None:
        properties["statusCode"] = {"const": response.status_code}
        required.append("statusCode")
    for member in response.members:
        item: dict[str, Any] = {}
        if member.resource:
            item = {"$ref": f"gws:resources/{member.resource}.json"}
            if member.list:
                item = {"type": "array", "items": item}
        elif member.type == "uris":
            item = {"type": "array", "items": {"$ref": "gws:resources/common.json#/$defs/uri"}}
        elif member.type == "paths":
            item = {"type": "array", "items": {"$ref": "gws:resources/common.json#/$defs/path"}}
        elif member.type and member.type != "any":
            item = {"type": member.type}
        properties[member.name] = item
        if member.required:
            required.append(member.name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
    }
