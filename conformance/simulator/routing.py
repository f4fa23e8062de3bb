"""The table of operations: areas register handlers by decorator, the server looks them up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from .context import Context
from .models import ALL_ROLES

Handler = Callable[[Context], Awaitable[Mapping[str, Any] | Response | None]]
JSON = "application/json"


@dataclass(frozen=True)
class Operation:
    """A registered handler and what the common layer enforces before it is called."""

    handler: Handler
    operation_name: str | None
    features: tuple[str, ...]
    roles: tuple[str, ...]
    public: bool
    consumes: tuple[str, ...]
    parameters: tuple[str, ...]
    service: str | None


@dataclass
class Entry:
    """All operations on one path: method -> operationName (None for plain requests) -> operation."""

    methods: dict[str, dict[str | None, Operation]] = field(default_factory=dict)


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    entry: Entry | None = None


_root = _Node()


def _service_behind(method: str, path: str, features: tuple[str, ...]) -> str | None:
    """The service that an operation needs; the reads answer from what the server knows already.

    POST /me opens several channels at once and reports the one that is down itself (partial success).
    """
    if method == "GET" or path == "/me":
        return None
    for feature in features:
        if feature.startswith(("api-voice", "api-supervisor")):
            return "Voice"
        if feature.startswith("api-multimedia"):
            return "Chat"
    return None


def operation(
    method: str,
    path: str,
    operation_name: str | None = None,
    *,
    features: tuple[str, ...] = (),
    roles: tuple[str, ...] = ALL_ROLES,
    public: bool = False,
    consumes: tuple[str, ...] = (JSON,),
    service: str | None = "auto",
) -> Callable[[Handler], Handler]:
    """Register `async def handler(ctx)` for a path below /api/v2, e.g. "/me/calls/{id}".

    POSTs on one path are told apart by the body's `operationName`. The handler returns a mapping (sent with
    `"statusCode": 0` unless it holds its own), None for a bare `{"statusCode": 0}`, or a Response; it refuses by
    raising ApiError. `features` must all be enabled; one of `roles` is enough. `consumes` lists the media types of
    the body ("multipart/form-data" leaves the body to the handler, in `ctx.request`). `service` names the service
    that must be up, by default the one its features imply; None for an operation that needs none.
    """

    def register(handler: Handler) -> Handler:
        segments = path.strip("/").split("/")
        node = _root
        parameters = []
        for segment in segments:
            if segment.startswith("{"):
                parameters.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.children.setdefault(segment, _Node())
        node.entry = node.entry or Entry()
        operations = node.entry.methods.setdefault(method, {})
        if operation_name in operations:
            raise ValueError(f"{method} {path} {operation_name or ''} is registered twice")
        needs = _service_behind(method, path, features) if service == "auto" else service
        operations[operation_name] = Operation(
            handler, operation_name, features, roles, public, consumes, tuple(parameters), needs
        )
        return handler

    return register


def find(path: str | list[str]) -> tuple[Entry, list[str]] | None:
    """The entry of a path below /api/v2 ("/me/calls/123", or its segments) and its parameters' values, or None."""
    values: list[str] = []
    segments = path.strip("/").split("/") if isinstance(path, str) else path
    node = _walk(_root, segments, 0, values)
    return (node.entry, values) if node is not None and node.entry is not None else None


def _walk(node: _Node, segments: list[str], index: int, values: list[str]) -> _Node | None:
    """Literal segments win over parameters; a dead end goes back to the parameter."""
    if index == len(segments):
        return node if node.entry is not None else None
    segment = segments[index]
    child = node.children.get(segment)
    if child is not None:
        found = _walk(child, segments, index + 1, values)
        if found is not None:
            return found
    if node.parameter is not None and segment:
        values.append(segment)
        found = _walk(node.parameter, segments, index + 1, values)
        if found is not None:
            return found
        values.pop()
    return None
