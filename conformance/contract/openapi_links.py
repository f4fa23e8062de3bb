"""Links of the OpenAPI description: which requests the reply to one makes possible.

Only what the documents make plain: a reply that carries the id (of what was created, found or listed) of the resource
that another path names, and a group or a setting whose name is in the request that creates it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from conformance.contract.model import Operation, Parameter

if TYPE_CHECKING:
    from conformance.contract.openapi import Shared

# Paths name these by name; all others by id.
_BY_NAME = frozenset({"settings-group", "campaign"})
_BRACES = re.compile(r"\{([^}]+)\}")


def links_of(shared: Shared, everything: Sequence[Shared]) -> dict[str, Any]:
    """The links of the reply with HTTP status 200, by the id of the operation they lead to.

    A link leads to a request of the same areas whose path parameters are all known: by the reply, or by the request.
    """
    found: dict[str, Any] = {}
    for operation in shared.operations:
        identified = _identified(operation)
        for target in everything:
            if target.id in found or target is shared or not _belongs(shared, operation, target):
                continue
            link = _link(shared, operation, target, identified)
            if link:
                found[target.id] = link
    return dict(sorted(found.items()))


def _belongs(shared: Shared, operation: Operation, target: Shared) -> bool:
    """Whether the target is about the same things as the source.

    Both are of one area, and of one edition: what 8.6 removed is not led to from 8.6. What is another user's is not
    one's own, and a path that names a kind (`{type}`, `{mediaType}`) leads only to paths that name it too.
    """
    if not any(one.area == operation.area and one.edition in {"both", operation.edition} for one in target.operations):
        return False
    if target.path.startswith("/me/") and not shared.path.startswith("/me"):
        return False
    kinds = {item.name for item in operation.parameters_in("path") if item.of is None}
    return all(f"{{{shared.names(operation)[name]}}}" in target.path for name in kinds)


def _identified(operation: Operation) -> dict[str, str]:
    """The resources that a reply identifies, each with the runtime expression of its identifier."""
    found: dict[str, str] = {}
    for response in operation.responses:
        if response.http != 200 or response.raw or response.empty:
            continue
        for member in response.members:
            if member.resource and member.required:
                key = "name" if member.resource in _BY_NAME else "id"
                place = f"{member.name}/0" if member.list else member.name
                found.setdefault(member.resource, f"$response.body#/{place}/{key}")
            elif member.name == "id" and operation.hazard in {"creates", "state"} and operation.resource:
                found[operation.resource] = "$response.body#/id"
    return found


def _link(shared: Shared, operation: Operation, target: Shared, identified: dict[str, str]) -> dict[str, Any] | None:
    needed = _BRACES.findall(target.path)
    if not needed:
        return None
    own = _BRACES.findall(shared.path)
    inherited = {name: f"$request.path.{name}" for name in needed if name in own and _same_head(shared, target, name)}
    parameters = dict(inherited)
    led = False
    for name in (item for item in needed if item not in inherited):
        expression = _expression(shared, operation, target, name, identified)
        if expression is None:
            return None
        parameters[name] = expression
        led = True
    if led:
        return _written(target, parameters, "What the reply identifies")
    return _of_one_setting(shared, operation, target, parameters)


def _same_head(shared: Shared, target: Shared, name: str) -> bool:
    """Whether a path parameter stands behind the same segments in both paths, so that it means the same thing."""
    marked = f"{{{name}}}"
    return shared.path.split(marked)[0] == target.path.split(marked)[0]


def _expression(
    shared: Shared, operation: Operation, target: Shared, name: str, identified: dict[str, str]
) -> str | None:
    for kind in sorted({str(parameter.of) for parameter in _named(target, name)}):
        if kind in _BY_NAME:
            # A name means the same thing only below the path where it was given.
            if not target.path.startswith(f"{shared.path}/{{{name}}}"):
                continue
            if _creates(operation):
                return "$request.body#/name"
        if kind in identified:
            return identified[kind]
    return None


def _named(target: Shared, name: str) -> list[Parameter]:
    return [
        parameter
        for item in target.operations
        for parameter in item.parameters_in("path")
        if target.names(item)[parameter.name] == name
    ]


def _creates(operation: Operation) -> bool:
    return operation.method == "POST" and any(p.name == "name" and p.required for p in operation.parameters_in("body"))


def _of_one_setting(
    shared: Shared, operation: Operation, target: Shared, parameters: dict[str, str]
) -> dict[str, Any] | None:
    """A setting is read, changed and deleted at the path at which it was created."""
    if not (_creates(operation) and target.path == shared.path):
        return None
    link = _written(target, parameters, "What this request creates")
    if any(p.name == "name" for item in target.operations for p in item.parameters_in("body")):
        link["requestBody"] = "$request.body"
    return link


def _written(target: Shared, parameters: dict[str, str], what: str) -> dict[str, Any]:
    names = _BRACES.findall(target.path)
    return {
        "operationId": target.id,
        "parameters": {f"path.{name}": parameters[name] for name in names},
        "description": f"{what}.",
    }
