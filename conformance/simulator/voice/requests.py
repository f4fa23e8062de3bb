"""What the handlers share: finding the caller's call or device, reading parameters, and acting behind the reply.

A `statusCode` 0 only says that the request was sent on to the switch ("Making a Request", lines 548-556). So the
parameters and the existence of the call are checked here and now, and what the switch does comes after: it acts and
the notifications tell, or it refuses and an ErrorMessage tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..context import Context
from ..models import Device
from ..routing import operation
from ..status import NOT_FOUND, ApiError, invalid, missing, not_found
from ..world import World
from . import faults
from .capabilities import offered
from .notify import BUSY, INCORRECT_STATE, INVALID_DN, error
from .numbers import Destination, normalized, resolve
from .parties import HELD, Party
from .state import voice_of
from .switching import is_busy

VOICE: Final = ("api-voice",)
CALL: Final = "/me/calls/{id}"
DEVICE: Final = "/me/devices/{id}"

Act = Callable[[World, Party], None]
Allowed = Callable[[World, Party], bool]
Prepare = Callable[[Context], Act]


def call_operation(
    name: str,
    *,
    features: tuple[str, ...] = VOICE,
    allowed: Allowed | None = None,
) -> Callable[[Prepare], Prepare]:
    """Register an operation on /me/calls/{id}.

    The decorated function reads the request's parameters (raising ApiError) and returns what the switch does with
    the caller's party. Without `allowed` the operation needs its own name among the call's capabilities.
    """

    def register(prepare: Prepare) -> Prepare:
        @operation("POST", CALL, name, features=features)
        async def handle(ctx: Context) -> dict[str, Any] | None:
            if own_party(ctx) is None:
                if ctx.world.faults.on(faults.UNKNOWN_CALL_ACCEPTED):
                    return None
                raise unknown_call()
            act = prepare(ctx)
            ctx.defer(lambda: _perform(ctx, name, act, allowed))
            return None

        return prepare

    return register


def _perform(ctx: Context, name: str, act: Act, allowed: Allowed | None) -> None:
    party = own_party(ctx)
    if party is None or party.device is None:
        # The call ended between the reply and now; the device still hears why nothing happened.
        if ctx.user.device is not None:
            error(ctx.world, ctx.user.device, INCORRECT_STATE)
        return
    fine = allowed(ctx.world, party) if allowed is not None else name in offered(ctx.world, party)
    if fine and not _refuses_all_the_same(ctx.world, name, party):
        act(ctx.world, party)
    else:
        error(ctx.world, party.device, INCORRECT_STATE, party.call)
        if name == "Hold" and ctx.world.faults.on(faults.REFUSED_ACTS):
            act(ctx.world, party)


def _refuses_all_the_same(world: World, name: str, party: Party) -> bool:
    beside = any(other is not party for other in voice_of(world).parties_of(party.device))
    refused = name in {"InitiateConference", "SingleStepConference"} and party.state == HELD and beside
    return refused and world.faults.on(faults.HELD_BESIDE_REFUSES)


def own_party(ctx: Context) -> Party | None:
    """The caller's end of the call that the path names."""
    return voice_of(ctx.world).party(ctx.user, ctx.path["id"])


def unknown_call() -> ApiError:
    """The refusal of a call that does not exist, has been released, or is somebody else's."""
    return not_found("The call")


def own_device(ctx: Context) -> Device:
    """The caller's device that the path names; ApiError 6 for any other."""
    device = ctx.user.device
    if device is None or device.id != ctx.path["id"] or device.user_id != ctx.user.id:
        raise not_found("The device")
    return device


def destination_number(ctx: Context) -> str:
    """`destination.phoneNumber`, as written."""
    destination = ctx.required("destination", dict)
    number = destination.get("phoneNumber")
    if number in (None, ""):
        raise missing("destination.phoneNumber")
    if not isinstance(number, str):
        raise invalid("destination.phoneNumber", "must be a string")
    ctx.optional("location", str)
    return number


def user_data(ctx: Context) -> dict[str, Any]:
    """The optional userData of a request."""
    return ctx.optional("userData", dict, default={})


def reachable(world: World, device: Device, number: str, party: Party | None = None) -> Destination | None:
    """What the number reaches for this device; None, after an ErrorMessage, when it is nothing or the phone itself."""
    destination = resolve(world, number)
    if destination is None or destination.device is device:
        error(world, device, INVALID_DN, party.call if party else None)
        return None
    return destination


def reachable_and_free(world: World, party: Party, number: str) -> Destination | None:
    """The same for a call that is to be extended: a busy destination is an error and changes nothing."""
    if party.device is None:
        return None
    destination = reachable(world, party.device, number, party)
    if destination is None:
        return None
    already_there = any(other.number == normalized(number) for other in party.call.parties)
    if already_there or is_busy(world, destination):
        error(world, party.device, BUSY, party.call)
        return None
    return destination


def party_by_uri(ctx: Context, name: str) -> Party | None:
    """The caller's other call that the URI (or path, or id) in a parameter names.

    None when the parameter is missing. ApiError 6 when it names no call of the caller's.
    """
    uri = ctx.optional(name, str)
    if not uri:
        return None
    party = voice_of(ctx.world).party(ctx.user, uri.rstrip("/").rsplit("/", 1)[-1])
    if party is None:
        raise ApiError(NOT_FOUND, f"The call that '{name}' names could not be found")
    return party
