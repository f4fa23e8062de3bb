"""The OpenAPI 3.1 description of every documented operation, made from the contract: `schemas/openapi.json`."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.contract import openapi_parts as parts
from conformance.contract.components import ROOT, Components
from conformance.contract.descriptions_text import OPENAPI, TITLE
from conformance.contract.loader import Contract
from conformance.contract.model import DOCUMENT, Operation
from conformance.contract.openapi_links import links_of
from conformance.contract.samples import BASE_URL

MODIFYING = frozenset({"POST", "PUT", "DELETE"})
_BRACES = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True)
class Shared:
    """One path and method of the description, with the documented operations that are asked for there.

    path: with the names of its parameters as in the description. Several operations stand in the contract's order; they
    differ by `operationName`, by the query or by the body.
    """

    method: str
    path: str
    operations: tuple[Operation, ...]

    @property
    def id(self) -> str:
        """The operation's own id, or one made of method and path where several share them."""
        if len(self.operations) == 1:
            return self.operations[0].id
        words = [word for word in re.split(r"[/-]", self.path) if word]
        named = "".join(f"By{_capital(word[1:-1])}" if word.startswith("{") else _capital(word) for word in words)
        return f"shared.{_capital(self.method.lower())}{named}"

    @property
    def discriminated(self) -> bool:
        """Whether `operationName` in the body says which operation is meant."""
        return len(self.operations) > 1 and all(item.operation_name for item in self.operations)

    def names(self, operation: Operation) -> dict[str, str]:
        """The description's names of the operation's path parameters."""
        return dict(zip(_BRACES.findall(operation.path), _BRACES.findall(self.path), strict=True))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def shared_operations(contract: Contract) -> list[Shared]:
    """Path and method of every operation, once each, sorted by path and then by method.

    Paths that differ only in the names of parameters are one path in OpenAPI; it takes the names used most.
    """
    spellings: dict[str, Counter[str]] = {}
    groups: dict[tuple[str, str], list[Operation]] = {}
    for item in contract.operations.values():
        shape = _BRACES.sub("{}", item.path)
        spellings.setdefault(shape, Counter())[item.path] += 1
        groups.setdefault((shape, item.method), []).append(item)
    found = [
        Shared(method, _usual(spellings[shape]), tuple(operations)) for (shape, method), operations in groups.items()
    ]
    order = ("GET", "POST", "PUT", "DELETE")
    return sorted(found, key=lambda one: (one.path, order.index(one.method)))


def _usual(spellings: Counter[str]) -> str:
    return min(spellings, key=lambda text: (-spellings[text], text))


def openapi(contract: Contract) -> dict[str, Any]:
    """The description, ready to be written as JSON. The same contract gives the same description."""
    components = Components(contract.schemas.documents)
    _refusal(contract, components)
    everything = shared_operations(contract)
    paths: dict[str, Any] = {}
    for shared in everything:
        item = paths.setdefault(shared.path, {})
        item[shared.method.lower()] = _operation(shared, everything, components)
    body = {
        "servers": [_server()],
        "tags": [{"name": name, "description": title} for name, title in sorted(contract.areas.items())],
        "paths": paths,
        "components": {
            "schemas": components.schemas,
            "responses": _refusals(),
            "securitySchemes": _SECURITY,
        },
    }
    head = {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": f"{DOCUMENT.rsplit(' ', 1)[-1]}+{_digest(body)}",
            "summary": f"Every operation that the {DOCUMENT} documents, for editions 8.5 and 8.6.",
            "description": OPENAPI,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
    }
    return head | body


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]


def _server() -> dict[str, Any]:
    return {
        "url": "{baseUrl}/api/v2",
        "description": "A Web Services deployment",
        "variables": {"baseUrl": {"default": BASE_URL, "description": "Scheme, host and port of the deployment."}},
    }


def _operation(shared: Shared, everything: Sequence[Shared], components: Components) -> dict[str, Any]:
    operations = shared.operations
    out: dict[str, Any] = {
        "operationId": shared.id,
        "tags": sorted({item.area for item in operations}),
        "summary": operations[0].title if len(operations) == 1 else _together(shared),
        "description": parts.describe(operations[0]) if len(operations) == 1 else _several(shared),
        "x-gws-operations": [item.id for item in operations],
    }
    if all(item.edition == "8.5" for item in operations):
        out["deprecated"] = True
    parameters = _parameters(shared)
    if parameters:
        out["parameters"] = parameters
    body = _request_body(shared, components)
    if body:
        out["requestBody"] = body
    replies = {item.id: parts.replies_of(item, components) for item in operations}
    links = links_of(shared, everything)
    out["responses"] = _responses(replies, links)
    out["security"] = _security(shared)
    if len(operations) == 1:
        return out | parts.facts(operations[0])
    if not shared.discriminated:
        out["x-gws-variants"] = [_variant(item, replies[item.id]) for item in operations]
    else:
        out["x-gws-replies"] = {name: _reply_notes(items) for name, items in replies.items()}
    return out


def _together(shared: Shared) -> str:
    names = dict.fromkeys(item.operation_name or item.title for item in shared.operations)
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(list(names)[:3])} and {len(names) - 3} more"


def _several(shared: Shared) -> str:
    by = "`operationName` says which" if shared.discriminated else "query or body say which"
    lines = [f"{len(shared.operations)} documented operations share this request; {by}.", ""]
    for item in shared.operations:
        removed = " **Removed in 8.6.**" if item.edition == "8.5" else ""
        name = f"`{item.operation_name}`" if item.operation_name else item.title
        lines.append(f"- {name} (`{item.id}`): {item.summary}{removed}")
    return "\n".join(lines)


def _variant(operation: Operation, replies: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": operation.title,
        "description": operation.summary,
        "parameters": [item.name for item in operation.parameters],
        "replies": _reply_notes(replies),
        **parts.facts(operation),
    }


def _reply_notes(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in item.items() if key != "kind" or value != "json"} for item in replies]


def _parameters(shared: Shared) -> list[dict[str, Any]]:
    """The parameters of all its operations: required where each operation requires them, wide enough for each."""
    found: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}
    for operation in shared.operations:
        for item in parts.parameters_of(operation, shared.names(operation)):
            found.setdefault((item["in"], item["name"]), []).append((operation.id, item))
    return [_merged(items, len(shared.operations)) for items in found.values()]


def _merged(items: list[tuple[str, dict[str, Any]]], operations: int) -> dict[str, Any]:
    if operations == 1:
        return items[0][1]
    schemas = _distinct(item["schema"] for _, item in items)
    out = dict(items[0][1])
    out["required"] = len(items) == operations and all(item["required"] for _, item in items)
    out["schema"] = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    if len(items) < operations:
        out["x-gws-operations"] = [name for name, _ in items]
        needed = [name for name, item in items if item["required"]]
        said = f"Only for {', '.join(name for name, _ in items)}" + (
            f"; required by {', '.join(needed)}." if needed else "."
        )
        out["description"] = f"{out['description']} {said}" if "description" in out else said
    return out


def _distinct(schemas: Iterable[Any]) -> list[Any]:
    return list({json.dumps(item, sort_keys=True): item for item in schemas}.values())


def _request_body(shared: Shared, components: Components) -> dict[str, Any] | None:
    if shared.method == "GET":
        return None
    forms = [item for item in shared.operations if item.parameters_in("form")]
    if forms:
        form = components.add(f"request.{forms[0].id}", parts.form_schema(forms[0]))
        return {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    bodied = [item for item in shared.operations if item.operation_name or item.parameters_in("body")]
    if not bodied:
        return None if shared.method == "DELETE" else _undescribed()
    schemas = {item.id: _request_schema(item, shared, components) for item in bodied}
    schema: dict[str, Any]
    if shared.discriminated:
        schema = _by_name(shared, schemas, components)
    else:
        schema = next(iter(schemas.values())) if len(schemas) == 1 else {"anyOf": list(schemas.values())}
    needed = [bool(item.operation_name) or any(p.required for p in item.parameters_in("body")) for item in bodied]
    content: dict[str, Any] = {"schema": schema}
    examples = {item.id: {"value": value} for item in bodied if (value := parts.request_example(item)) is not None}
    if examples:
        content["examples"] = examples
    return {"required": all(needed) and len(bodied) == len(shared.operations), "content": {parts.JSON: content}}


def _undescribed() -> dict[str, Any]:
    return {
        "required": False,
        "description": "The documents name no member of this body.",
        "content": {parts.JSON: {"schema": {"type": "object"}}},
    }


def _request_schema(operation: Operation, shared: Shared, components: Components) -> dict[str, str]:
    """The component of the operation's body; it carries the operation's facts where `operationName` chooses it."""
    schema = parts.request_body_schema(operation)
    if operation.edition == "8.5":
        schema["deprecated"] = True
    if shared.discriminated:
        schema = schema | {"description": parts.describe(operation)} | parts.facts(operation)
    return components.add(f"request.{operation.id}", schema)


def _by_name(shared: Shared, schemas: dict[str, dict[str, str]], components: Components) -> dict[str, Any]:
    """One schema for each `operationName`; two operations of one name are alternatives inside it."""
    mapping: dict[str, str] = {}
    named: dict[str, list[str]] = {}
    for item in shared.operations:
        named.setdefault(str(item.operation_name), []).append(item.id)
    for name, ids in sorted(named.items()):
        reference = schemas[ids[0]]
        if len(ids) > 1:
            both: dict[str, Any] = {
                "title": f"{name} ({' or '.join(ids)})",
                "type": "object",
                "properties": {"operationName": {"const": name, "type": "string"}},
                "required": ["operationName"],
                "anyOf": [schemas[one] for one in ids],
            }
            reference = components.add("request." + "_or_".join(ids), both)
        mapping[name] = reference["$ref"]
    return {
        "oneOf": [{"$ref": target} for target in mapping.values()],
        "discriminator": {"propertyName": "operationName", "mapping": mapping},
    }


def _responses(replies: dict[str, list[dict[str, Any]]], links: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[str, list[dict[str, Any]]] = {}
    for item in (one for listed in replies.values() for one in listed):
        by_status.setdefault(str(item["http"]), []).append(item)
    out: dict[str, Any] = {}
    for status, items in sorted(by_status.items()):
        schemas = _distinct(item["schema"] for item in items if item["kind"] == "json")
        if status != "200":
            schemas = _distinct([*schemas, {"$ref": ROOT + "reply.refused"}])
        entry: dict[str, Any] = {"description": _when(items, status)}
        content: dict[str, Any] = {}
        if schemas:
            content[parts.JSON] = {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
        if any(item["kind"] == "raw" for item in items):
            content["*/*"] = {"schema": {}}
        if content:
            entry["content"] = content
        if status == "200" and links:
            entry["links"] = links
        out[status] = entry
    return out | {"4XX": {"$ref": "#/components/responses/refused"}, "5XX": {"$ref": "#/components/responses/failed"}}


def _when(items: list[dict[str, Any]], status: str) -> str:
    head = "As documented" if status == "200" else "Refused, as documented"
    notes = dict.fromkeys(item["when"] for item in items if "when" in item)
    empty = ["the body may be empty"] if any(item["kind"] == "empty" for item in items) else []
    return "; ".join([head, *notes, *empty]) + "."


def _security(shared: Shared) -> list[dict[str, list[str]]]:
    if all(set(item.roles) <= {"customer", "anyone"} for item in shared.operations):
        return []
    plain: list[dict[str, list[str]]] = [{"basic": []}, {"session": []}]
    return [*plain, {"session": [], "csrf": []}] if shared.method in MODIFYING else plain


def _refusal(contract: Contract, components: Components) -> None:
    meanings = [f"- {code}: {row.meaning}" for code, row in sorted(contract.status_codes.items()) if code]
    components.add(
        "reply.refused",
        {
            "title": "A refusal",
            "type": "object",
            "required": ["statusCode", "statusMessage"],
            "properties": {
                "statusCode": {
                    "type": "integer",
                    "enum": [code for code in sorted(contract.status_codes) if code],
                    "description": "\n".join(["What is wrong.", "", *meanings]),
                },
                "statusMessage": {"type": "string", "description": "Text for people; it differs between deployments."},
            },
        },
    )


def _refusals() -> dict[str, Any]:
    content = {
        parts.JSON: {"schema": {"$ref": ROOT + "reply.refused"}},
        "text/plain": {"schema": {"type": "string"}},
    }
    return {
        "refused": {
            "description": "Refused: `statusCode` says why; without a CSRF token, and from some servers, plain text.",
            "content": content,
        },
        "failed": {"description": "Web Services or a server behind it failed, or is down.", "content": content},
    }


_SECURITY: dict[str, Any] = {
    "basic": {"type": "http", "scheme": "basic", "description": "Name and password of a user, on any request."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "JSESSIONID",
        "description": "The HTTP session that a request with credentials began.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-TOKEN",
        "description": "Where the protection is on, POST, PUT and DELETE need the token of the session. A reply names "
        "the header in X-CSRF-HEADER and gives the token in X-CSRF-TOKEN.",
    },
}
