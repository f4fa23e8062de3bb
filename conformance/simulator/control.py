"""The control API below /__simulator: not part of GWS, only for peers on this machine.

POST reset | clock {advance} | faults {on, off} | stimulus {name, ...} | services {type or id, state}
| features {on, off}; GET state and faults. Every reply carries the header `X-GWS-Simulator: 1`.
"""

from __future__ import annotations

import ipaddress
import json
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from .faults import UnknownFaultError, declared_faults
from .rest import parse_json, read_body
from .seed import FEATURES
from .status import FORBIDDEN, INTERNAL_ERROR, ApiError, invalid, missing, not_found
from .stimuli import find_stimulus, stimulus_names
from .world import World

PREFIX: Final = "/__simulator"
SERVICE_STATES: Final = ("Active", "Inactive", "ReadOnly", "Unknown")
MAX_ADVANCE: Final = 10 * 365 * 86400.0

Action = Callable[[World, dict[str, Any]], Awaitable[dict[str, Any]]]


def _strings(params: dict[str, Any], name: str) -> list[str]:
    value = params.get(name, [])
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid(name, "must be a string or an array of strings")
    return value


async def _reset(world: World, _: dict[str, Any]) -> dict[str, Any]:
    """Everything back to the seeded state; the faults that the server was started with are on again."""
    world.faults.switch(on=world.options.faults, off=["*"])
    world.reset()
    return {}


async def _clock(world: World, params: dict[str, Any]) -> dict[str, Any]:
    advance = params.get("advance", 0)
    if isinstance(advance, bool) or not isinstance(advance, (int, float)) or not 0 <= advance <= MAX_ADVANCE:
        raise invalid("advance", "must be a number of seconds, not negative")
    world.clock.advance(advance)
    return {"now": world.clock.now().isoformat()}


async def _faults(world: World, params: dict[str, Any]) -> dict[str, Any]:
    try:
        world.faults.switch(on=_strings(params, "on"), off=_strings(params, "off"))
    except UnknownFaultError as error:
        raise invalid("on/off", str(error)) from None
    return {"on": world.faults.active()}


async def _declared(world: World, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "on": world.faults.active(),
        "declared": {fault.usage: fault.sentence for fault in declared_faults()},
    }


async def _features(world: World, params: dict[str, Any]) -> dict[str, Any]:
    on, off = _strings(params, "on"), _strings(params, "off")
    unknown = sorted({*on, *off} - set(FEATURES))
    if unknown:
        raise invalid("on/off", f"names an unknown feature: {unknown[0]}")
    world.features.difference_update(off)
    world.features.update(on)
    return {"features": sorted(world.features)}


async def _stimulus(world: World, params: dict[str, Any]) -> dict[str, Any]:
    name = params.get("name")
    if not isinstance(name, str):
        raise missing("name")
    found = find_stimulus(name)
    if found is None:
        raise invalid("name", "must be one of " + ", ".join(stimulus_names()))
    return await found(world, {key: value for key, value in params.items() if key != "name"})


async def _services(world: World, params: dict[str, Any]) -> dict[str, Any]:
    state = params.get("state")
    if state not in SERVICE_STATES:
        raise invalid("state", "must be one of " + ", ".join(SERVICE_STATES))
    wanted = [s for s in world.services.values() if params.get("type") == s.type or params.get("id") == s.id]
    if not wanted:
        raise not_found("A service with this type or id")
    for service in wanted:
        world.set_service_state(service, state)
    return {"services": [service.resource() for service in wanted]}


def _cometd(world: World) -> list[dict[str, Any]]:
    """The CometD sessions, without their client ids: who knows one can speak for it."""
    sessions = world.publisher.snapshot() if world.publisher is not None else []
    return [{name: value for name, value in session.items() if name != "clientId"} for session in sessions]


async def _state(world: World, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "now": world.clock.now().isoformat(),
        "requests": world.requests_served,
        "sessions": len(world.sessions),
        "cometd": _cometd(world),
        "features": sorted(world.features),
        "faults": world.faults.active(),
        "stimuli": stimulus_names(),
        "services": [service.resource() for service in world.services.values()],
        "users": [
            {
                "id": user.id,
                "userName": user.user_name,
                "device": user.device.phone_number if user.device else None,
                "deviceId": user.device.id if user.device else None,
            }
            for user in world.users.values()
        ],
        "published": [
            {"userId": p.user_id, "channel": p.channel, "messageType": p.data.get("messageType")}
            for p in list(world.published)[-50:]
        ],
    }


_ACTIONS: dict[tuple[str, str], Action] = {
    ("POST", "reset"): _reset,
    ("POST", "clock"): _clock,
    ("POST", "faults"): _faults,
    ("POST", "features"): _features,
    ("POST", "stimulus"): _stimulus,
    ("POST", "services"): _services,
    ("GET", "state"): _state,
    ("GET", "faults"): _declared,
}


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    if not client:
        return False
    try:
        return ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return bool(client[0] == "testclient")  # the in-process client of Starlette has no address


async def serve_control(world: World, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request of the control API."""
    name = scope["path"][len(PREFIX) :].strip("/")
    action = _ACTIONS.get((scope["method"], name))
    try:
        if not _is_local(scope):
            raise ApiError(FORBIDDEN, "The control API answers only on this machine")
        if action is None:
            raise not_found("This action")
        body = await read_body(Request(scope, receive))
        params = parse_json(body) if body.strip() else {}
        if not isinstance(params, dict):
            raise invalid("body", "must be a JSON object")
        status, payload = 200, {"statusCode": 0, **await action(world, params)}
    except ApiError as error:
        status, payload = error.http, error.body()
    except Exception:  # noqa: BLE001 - reported to the operator, without internals to the client
        print(traceback.format_exc(), file=sys.stderr, flush=True)
        status, payload = 500, {"statusCode": INTERNAL_ERROR, "statusMessage": "Internal error"}
    text = json.dumps(payload).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"x-gws-simulator", b"1"),
        (b"content-length", str(len(text)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
