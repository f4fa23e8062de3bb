"""Reading one's calls and device again ("Recovering Existing State", lines 2480-2645)."""

from __future__ import annotations

from typing import Any, Final

from ..context import Context
from ..listing import Kind, many, one
from ..models import User
from ..routing import operation
from ..world import World
from . import faults
from .parties import Party
from .requests import CALL, DEVICE, VOICE, own_device, own_party, unknown_call
from .resources import call_resource, device_resource
from .state import voice_of

CALLS: Final = Kind("call", "calls")
DEVICES: Final = Kind("device", "devices")


def listed_calls(world: World, user: User) -> list[dict[str, Any]]:
    """The calls that GET /me/calls lists: none that has been released."""
    voice = voice_of(world)
    parties = voice.parties_of_user(user)
    if world.faults.on(faults.RELEASED_LISTED):
        parties += [party for party in voice.released_parties if party.device is user.device]
    return [call_resource(world, party) for party in parties]


def _readable(ctx: Context) -> Party:
    party = own_party(ctx)
    if party is None and ctx.world.faults.on(faults.FOREIGN_CALL):
        call = voice_of(ctx.world).calls.get(ctx.path["id"])
        party = next(iter(call.agents), None) if call else None
    if party is None:
        raise unknown_call()
    return party


@operation("GET", "/me/calls", features=VOICE)
async def list_calls(ctx: Context) -> dict[str, Any]:
    """The reader's active calls: their uris, or with `fields` the calls."""
    calls = listed_calls(ctx.world, ctx.user)
    reply = many(ctx, CALLS, calls)
    if "uris" in reply:
        # A call's uri is below /me, its path is not.
        reply["uris"] = [ctx.uri("/me" + path) for path in reply.get("paths", [call["path"] for call in calls])]
    return reply


@operation("GET", CALL, features=VOICE)
@operation("GET", "/calls/{id}", features=VOICE)
async def read_call(ctx: Context) -> dict[str, Any]:
    """One call, as its reader sees it, under its uri or its path; ApiError 6 when released or somebody else's."""
    return one(ctx, CALLS, call_resource(ctx.world, _readable(ctx)))


@operation("GET", DEVICE, features=VOICE)
async def read_device(ctx: Context) -> dict[str, Any]:
    """The reader's own device; ApiError 6 for any other."""
    foreign = ctx.world.devices.get(ctx.path["id"])
    shown = foreign if foreign is not None and ctx.world.faults.on(faults.FOREIGN_DEVICE) else own_device(ctx)
    return one(ctx, DEVICES, device_resource(ctx.world, shown))
