"""The descriptions in the tree, and where in them an operation of the contract stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs

from conformance.contract import Operation, load_contract
from tests.contract.contract_data import SCHEMAS, Data

CONTRACT = load_contract(SCHEMAS)
_URI = "gws:openapi"
METHODS = ("get", "post", "put", "delete")


@cache
def description(name: str) -> Data:
    """`openapi` or `asyncapi`, as it lies in the tree."""
    document: Data = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    return document


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


def at(document: Any, reference: str) -> Any:
    """What a reference inside a document names. Raises KeyError, IndexError."""
    for step in reference.removeprefix("#/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


@dataclass(frozen=True)
class Place:
    """A request of the OpenAPI description."""

    path: str
    method: str
    data: Data

    @property
    def pointer(self) -> str:
        """Where in the description it stands."""
        return f"#/paths/{self.path.replace('~', '~0').replace('/', '~1')}/{self.method}"

    @property
    def body(self) -> Data | None:
        """The JSON Schema of its JSON body."""
        found: Data | None = (
            self.data.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        )
        return found


@cache
def places() -> tuple[Place, ...]:
    return tuple(
        Place(path, method, item[method])
        for path, item in description("openapi")["paths"].items()
        for method in METHODS
        if method in item
    )


@cache
def place_of() -> Mapping[str, Place]:
    """The request that stands for each documented operation, by the operation's id."""
    return {name: place for place in places() for name in place.data["x-gws-operations"]}


def shape(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "{}", path)


def path_names(operation: Operation) -> dict[str, str]:
    """What the operation's path parameters are called in the description."""
    place = place_of()[operation.id]
    pattern = r"\{([^}]+)\}"
    return dict(zip(re.findall(pattern, operation.path), re.findall(pattern, place.path), strict=True))


@cache
def _registry() -> Any:
    return jsonschema_rs.Registry([(_URI, description("openapi"))])


@cache
def validator(pointer: str) -> Any:
    """A validator of the schema at a place of the OpenAPI description (`#/components/schemas/...`)."""
    return jsonschema_rs.Draft202012Validator({"$ref": _URI + quote(pointer, safe="#/~:.")}, registry=_registry())


def component(name: str) -> str:
    """The place of a component's schema."""
    return f"#/components/schemas/{name}"
