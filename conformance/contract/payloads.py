"""Validates recorded or hand-written JSON against the contract: resources, messages, requests, responses."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from conformance.contract.loader import Contract
from conformance.contract.model import DOCUMENT, Operation, Source
from conformance.contract.validation import Violation

Kind = Literal["resource", "message", "request", "response"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class UnknownNameError(ValueError):
    """The contract has nothing of that kind and name; the text lists what it has, or what was meant."""


@dataclass(frozen=True)
class Payload:
    """A value to be validated: what it is taken for, and where in the document it stands (a JSON pointer)."""

    kind: Kind
    name: str
    value: Any
    pointer: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True)
class Problem:
    """One finding: what the payload is, where in the document, what was expected, where the documents say so."""

    payload: str
    pointer: str
    expected: str
    message: str
    source: Source | None

    def as_json(self) -> dict[str, Any]:
        """`{as, pointer, expected, message, source}`."""
        return {
            "as": self.payload,
            "pointer": self.pointer,
            "expected": self.expected,
            "message": self.message,
            "source": self.source.as_json() if self.source else None,
        }


def require(contract: Contract, kind: Kind, name: str) -> None:
    """Raises `UnknownNameError` where the contract has no such thing."""
    known = list(contract.operations) if kind in {"request", "response"} else contract.schemas.names(f"{kind}s")
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=3)
    command = "'gws-conformance operations' lists them"
    listed = command if kind in {"request", "response"} else f"it has {', '.join(known)}"
    hint = f"did you mean {', '.join(near)}?" if near else listed
    raise UnknownNameError(f"the contract has no {kind} {name!r}; {hint}")


def recognise(value: Any, pointer: str = "") -> Iterator[Payload]:
    """The messages in a document without a name: objects with a `messageType`, as such, as `data` of a CometD message
    or of a line of a timeline, or in an array of these."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from recognise(item, f"{pointer}/{index}")
    elif isinstance(value, Mapping):
        if isinstance(value.get("messageType"), str):
            yield Payload("message", value["messageType"], value, pointer)
        else:
            for name in ("data", "payload"):
                if isinstance(value.get(name), Mapping):
                    yield from recognise(value[name], f"{pointer}/{name}")


def named(kind: Kind, name: str, value: Any) -> Iterator[Payload]:
    """The payloads of a document of a known kind: the value itself, or each item of an array. A message may be given
    as it comes over CometD, inside of `data`, as the tables have it, or alone, as most samples print it."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield _named(kind, name, item, f"/{index}")
    else:
        yield _named(kind, name, value, "")


def _named(kind: Kind, name: str, value: Any, pointer: str) -> Payload:
    if kind == "message" and isinstance(value, Mapping) and "messageType" not in value:
        inner = value.get("data")
        if isinstance(inner, Mapping):
            return Payload(kind, name, inner, f"{pointer}/data")
    return Payload(kind, name, value, pointer)


def problems(payload: Payload, contract: Contract) -> Iterator[Problem]:
    """What is wrong with a payload; nothing where it is as documented.

    Raises:
        UnknownNameError: a resource, request or response that the contract does not have.
    """
    if payload.kind == "message" and payload.name not in contract.schemas.names("messages"):
        known = ", ".join(contract.schemas.names("messages"))
        yield Problem(str(payload), f"{payload.pointer}/messageType", f"one of {known}", "unknown messageType", None)
        return
    require(contract, payload.kind, payload.name)
    found, source = _violations(payload, contract)
    for item in found:
        where = source or _source_at(f"gws:{payload.kind}s/{payload.name}.json", item.pointer, contract)
        yield Problem(str(payload), payload.pointer + item.pointer, item.expected, item.message, where)


def _violations(payload: Payload, contract: Contract) -> tuple[list[Violation], Source | None]:
    if payload.kind in {"resource", "message"}:
        return contract.schemas.validate(payload.kind, payload.name, payload.value), None
    operation = contract.operations[payload.name]
    if payload.kind == "request":
        return contract.schemas.validate_request(operation, payload.value), operation.source
    return _response(operation, payload.value, contract)


def _response(operation: Operation, body: Any, contract: Contract) -> tuple[list[Violation], Source | None]:
    """The violations of the documented response that the body comes closest to, or of the general error."""
    documented = [item for item in operation.responses if not item.empty]
    tried = [(contract.schemas.validate_response(operation, item, body), item) for item in documented]
    clean = [item for found, item in tried if not found]
    if clean:
        return [], operation.source
    code = body.get("statusCode") if isinstance(body, Mapping) else None
    if isinstance(body, Mapping) and not any(item.status_code == code for item in documented) and code != 0:
        row = contract.status_codes.get(code) if isinstance(code, int) else None
        if row is not None:
            return list(_error_body(body)), row.source
        if "statusCode" in body:
            known = ", ".join(map(str, contract.status_codes))
            return [Violation("/statusCode", f"{code!r:.60} is no statusCode", "enum", f"one of {known}")], None
    same = [(found, item) for found, item in tried if item.status_code == code] or tried
    if not same:
        return [Violation("", "a body where none is documented", "empty", "no body")], operation.source
    return min(same, key=lambda pair: len(pair[0]))[0], operation.source


def _error_body(body: Mapping[str, Any]) -> Iterator[Violation]:
    if not isinstance(body.get("statusMessage"), str):
        yield Violation("/statusMessage", "an error without statusMessage", "required", "a string")
    for name in body:
        if name not in {"statusCode", "statusMessage"}:
            text = "an error with more than statusCode and statusMessage"
            yield Violation(f"/{name}", text, "additionalProperties", "nothing beside statusCode and statusMessage")


def _source_at(identifier: str, pointer: str, contract: Contract) -> Source | None:
    """The page of the innermost schema with a citation on the way to the pointer: of the call, not of its message."""
    document: Any = contract.schemas.documents.get(identifier, {})
    schema, source = document, None
    for part in ["", *pointer.split("/")[1:]]:
        if part:
            schema = schema.get("properties", {}).get(part) or schema.get("items") or {}
        while isinstance(schema, Mapping) and "$ref" in schema:
            name, _, path = str(schema["$ref"]).partition("#")
            document = contract.schemas.documents.get(name, {}) if name else document
            source = _cited(document) or source
            schema = document
            for step in path.split("/")[1:]:
                schema = schema.get(step, {})
        if not isinstance(schema, Mapping):
            break
        source = _cited(schema) or source
    return source


def _cited(schema: Mapping[str, Any]) -> Source | None:
    raw = schema.get("x-source")
    if not isinstance(raw, Mapping):
        return None
    first, last = raw["lines"]
    return Source(str(raw["page"]), (int(first), int(last)), str(raw.get("document", DOCUMENT)))
