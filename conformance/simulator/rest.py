"""The common layer of the REST side: what is enforced for every operation, in one order, before its handler.

Order: length of the URL, authentication, Csrf token, existence of the path, method, content type, well-formed
JSON object, features, service, roles, handler.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from . import generic_faults
from .auth import authenticate, check_csrf, csrf_headers
from .context import Context
from .faults import fault
from .models import ALL_ROLES, HttpSession, User
from .routing import Entry, Operation, find
from .status import (
    FORBIDDEN,
    INTERNAL_ERROR,
    INVALID_PARAMETER,
    NO_PERMISSION,
    OUT_OF_RANGE,
    ApiError,
    http_status,
    missing,
    not_found,
)
from .world import World

PREFIX: Final = "/api/v2"
MAX_URL: Final = 2000
MAX_BODY: Final = 16 * 1024 * 1024
MODIFYING: Final = frozenset({"POST", "PUT", "DELETE", "PATCH"})

NO_ROLE_CHECK = fault("basics.role-check-missing", "Operations reserved for a role work for everybody.")
FEATURE_WORKS = fault("basics.disabled-feature-works", "A disabled feature's resources and operations work.")
MESSAGE_ON_SUCCESS = fault("basics.message-beside-0", "A successful reply carries a statusMessage.")
VERSION_NEEDS_AUTH = fault("basics.version-needs-auth", "GET /diagnostics/version is refused without credentials.")
LONG_URL = fault("basics.long-url-accepted", "A URL of more than 2000 characters is served.")
SERVICE_IGNORED = fault("basics.down-service-works", "Operations of a service that is down are accepted.")
SERVICE_500 = fault("basics.down-service-500", "Operations of a service that is down answer HTTP 500, not 503.")
UNKNOWN_OK = fault("basics.unknown-path-200", "An unknown path is answered with HTTP 200 and statusCode 0.")
UNKNOWN_OPERATION_OK = fault("basics.unknown-operation-accepted", "An unknown operationName gives statusCode 0.")

_encode = json.JSONEncoder(separators=(",", ":")).encode
_COMMON_HEADERS: Final = (
    (b"content-type", b"application/json"),
    (b"pragma", b"no-cache"),
    (b"cache-control", b"no-cache, no-store"),
)


@dataclass
class Reply:
    """A reply before it is encoded. `payload` is the JSON body; `raw` replaces its encoding when it is set."""

    status: int
    payload: dict[str, Any]
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    raw: bytes | None = None
    after: list[Callable[[], None]] = field(default_factory=list)

    def encoded(self) -> bytes:
        """The body as it goes over the wire."""
        return self.raw if self.raw is not None else _encode(self.payload).encode()


def _no_constants(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def parse_json(text: bytes) -> Any:
    """Decode a JSON text; ApiError 10 when it is none."""
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_no_constants)
    except (ValueError, RecursionError):
        raise ApiError(OUT_OF_RANGE, "The request body is not well-formed JSON") from None


async def read_body(request: Request) -> bytes:
    """The whole body; ApiError (HTTP 413) when it is larger than 16 MiB."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise ApiError(OUT_OF_RANGE, "The request body is too large", http=413)
    return bytes(body)


def _decoded_path(scope: Scope) -> str | list[str]:
    """The path below the prefix; an escaped slash stays inside its segment."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2f" not in raw.lower():
        path: str = scope["path"]
        return path[len(PREFIX) :]
    return [unquote(segment) for segment in raw.decode("ascii", "replace")[len(PREFIX) :].strip("/").split("/")]


async def serve_rest(world: World, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one HTTP request below /api/v2."""
    world.requests_served += 1
    request = Request(scope, receive)
    method: str = scope["method"]
    headers = list(_COMMON_HEADERS)
    operation: Operation | None = None
    try:
        _check_length(world, scope)
        if not scope["path"].startswith(PREFIX + "/"):
            raise not_found("The requested resource")
        found = find(_decoded_path(scope))
        entry, values = found if found else (None, [])
        user, session = _identify(world, request, method, entry)
        if session is not None and method == "GET":
            headers += csrf_headers(world, session)
        operation, ctx = await _select(world, request, method, entry, values, user, session)
        if user is not None:
            _check_rights(world, operation, ctx.body.get("operationName"), user)
        result = await operation.handler(ctx)
        if isinstance(result, Response):
            await _send_response(world, result, ctx, scope, receive, send)
            return
        reply = _success(world, result, headers)
        reply.after = ctx.take_deferred()
    except ApiError as error:
        reply = Reply(error.http, error.body(), headers)
    except Exception:  # noqa: BLE001 - the client gets no internals, the operator gets all of them
        print(traceback.format_exc(), file=sys.stderr, flush=True)
        reply = Reply(500, {"statusCode": INTERNAL_ERROR, "statusMessage": "Internal error"}, headers)
    if world.faults.generic_replies:
        generic_faults.alter_reply(world, reply, method, operation.operation_name if operation else None)
    await _send_reply(world, reply, send)


def _check_length(world: World, scope: Scope) -> None:
    # Scheme, "://" and host count: the page speaks of the entire URL.
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    length = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) + len(host)
    length += len(scope.get("scheme", "http")) + 3 + bool(scope["query_string"])
    if length > MAX_URL and not world.faults.on(LONG_URL):
        raise ApiError(OUT_OF_RANGE, f"The URL is longer than {MAX_URL} characters", http=414)


def _identify(
    world: World, request: Request, method: str, entry: Entry | None
) -> tuple[User | None, HttpSession | None]:
    """Authentication and Csrf; a public operation may come without either."""
    public = entry is not None and any(op.public for op in entry.methods.get(method, {}).values())
    if public and "authorization" not in request.headers and not world.faults.on(VERSION_NEEDS_AUTH):
        return None, None
    user, session = authenticate(world, request)
    if method in MODIFYING and not public:
        check_csrf(world, request, session)
    return user, session


async def _select(
    world: World,
    request: Request,
    method: str,
    entry: Entry | None,
    values: list[str],
    user: User | None,
    session: HttpSession | None,
) -> tuple[Operation, Context]:
    if entry is None:
        if world.faults.on(UNKNOWN_OK):
            return _accept_anything, Context(world, request, user, session, {}, {})
        raise not_found("The requested resource")
    body: dict[str, Any] = {}
    operations = entry.methods.get(method)
    if operations is None:
        # Which methods exist is visible only through features that are enabled.
        raise ApiError(FORBIDDEN, f"Method {method} is not allowed here", http=405)
    if method == "GET" or (method == "DELETE" and not _has_body(request)):
        chosen = operations.get(None)
    else:
        chosen, body = await _by_body(world, request, operations)
    if chosen is None:
        raise ApiError(FORBIDDEN, f"Method {method} is not allowed here", http=405)
    _check_features(world, chosen, user)
    path = {} if chosen is _accept_anything else dict(zip(chosen.parameters, values, strict=True))
    return chosen, Context(world, request, user, session, path, body)


def _has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


async def _by_body(
    world: World, request: Request, operations: Mapping[str | None, Operation]
) -> tuple[Operation | None, dict[str, Any]]:
    """The operation that a request with a body asks for, and its JSON object."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    plain = operations.get(None)
    if plain is not None and media_type and not media_type.endswith("json") and media_type in plain.consumes:
        return plain, {}
    text = await read_body(request)
    if text and media_type != "application/json":
        raise ApiError(OUT_OF_RANGE, "The Content-Type must be application/json", http=415)
    body = parse_json(text) if text.strip() else {}
    if not isinstance(body, dict):
        raise ApiError(OUT_OF_RANGE, "The request body must be a JSON object")
    name = body.get("operationName")
    if isinstance(name, str) and name in operations:
        return operations[name], body
    if plain is not None:
        return plain, body
    if name in (None, ""):
        raise missing("operationName")
    if world.faults.on(UNKNOWN_OPERATION_OK):
        return _accept_anything, body
    raise _invalid_operation(name)


def _invalid_operation(name: object) -> ApiError:
    """The pages call it an `invalid operation` error ("Features", line 3543) and give it no code; 2 is ours."""
    shown = name if isinstance(name, str) and len(name) <= 64 else "this operationName"
    return ApiError(INVALID_PARAMETER, f"Invalid operation: {shown}")


def _check_features(world: World, operation: Operation, user: User | None) -> None:
    enabled = all(feature in world.features for feature in operation.features)
    if not enabled and not world.faults.on(FEATURE_WORKS):
        if operation.operation_name is not None:
            raise _invalid_operation(operation.operation_name)
        raise not_found("The requested resource")
    service = operation.service
    if service is None or user is None or world.service_active(service) or world.faults.on(SERVICE_IGNORED):
        return
    http = 500 if world.faults.on(SERVICE_500) else 503
    raise ApiError(INTERNAL_ERROR, f"{service} service is not available at this time", http=http)


def _check_rights(world: World, operation: Operation, name: object, user: User) -> None:
    if not user.has_role(*operation.roles) and not world.faults.on(NO_ROLE_CHECK):
        what = f"perform {name}" if isinstance(name, str) and operation.operation_name else "do this"
        raise ApiError(NO_PERMISSION, f"The user does not have permission to {what}")


def _success(world: World, result: Mapping[str, Any] | None, headers: list[tuple[bytes, bytes]]) -> Reply:
    payload: dict[str, Any] = {"statusCode": 0}
    if result:
        payload.update(result)
    if payload["statusCode"] == 0 and world.faults.on(MESSAGE_ON_SUCCESS):
        payload["statusMessage"] = "OK"
    return Reply(http_status(payload["statusCode"]), payload, headers)


async def _settle(world: World, after: list[Callable[[], None]]) -> list[Callable[[], None]]:
    """Run what was deferred now, when events go first; else return it for after the reply."""
    if not after or not world.next_is_events_first():
        return after
    run_all(after)
    # Two turns of the loop let a held long-poll write its reply before this one.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return []


def run_all(functions: list[Callable[[], None]]) -> None:
    """Run deferred back-end behaviour; one that fails is reported and does not stop the others."""
    for fn in functions:
        try:
            fn()
        except Exception:  # noqa: BLE001 - the reply is decided already; the operator is told
            print(traceback.format_exc(), file=sys.stderr, flush=True)


async def _send_reply(world: World, reply: Reply, send: Send) -> None:
    left = await _settle(world, reply.after)
    body = reply.encoded()
    reply.headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": body})
    run_all(left)


async def _send_response(
    world: World, response: Response, ctx: Context, scope: Scope, receive: Receive, send: Send
) -> None:
    left = await _settle(world, ctx.take_deferred())
    await response(scope, receive, send)
    run_all(left)


async def _nothing(_: Context) -> None:
    """The handler behind the faults that accept what does not exist."""


_accept_anything: Final = Operation(_nothing, None, (), ALL_ROLES, True, (), (), None)
