"""AttachUserData, UpdateUserData, DeleteUserData, DeleteUserDataPair, SetCallDisposition.

Source: Voice API, lines 6258-6358 and 8934-9395.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..context import Context
from ..routing import operation
from ..status import INVALID_PARAMETER, ApiError
from ..world import World
from . import faults
from .notify import DATA_CHANGED, all_changed, call_changed
from .parties import Call, Party
from .requests import CALL, VOICE, Act, call_operation, own_party, unknown_call
from .state import voice_of

DEFAULT_DISPOSITION_KEY: Final = "DispositionCode"


def _changing(change: Callable[[World, Call], None]) -> Act:
    """Change the call's data and tell everybody on it."""

    def act(world: World, party: Party) -> None:
        change(world, party.call)
        if world.faults.on(faults.DATA_NOT_SHARED):
            call_changed(world, party, DATA_CHANGED)
        else:
            all_changed(world, party.call.agents, DATA_CHANGED)

    return act


@call_operation("AttachUserData")
def attach_user_data(ctx: Context) -> Act:
    """AttachUserData (lines 8934-9025): a key that exists is there twice afterwards; the newest value shows."""
    data: dict[str, Any] = ctx.required("userData", dict)
    return _changing(lambda _, call: call.user_data.extend(data.items()))


@call_operation("UpdateUserData")
def update_user_data(ctx: Context) -> Act:
    """UpdateUserData (lines 9026-9206)."""
    data: dict[str, Any] = ctx.required("userData", dict)

    def change(world: World, call: Call) -> None:
        if world.faults.on(faults.UPDATE_REPLACES):
            call.user_data.clear()
        call.merge_data(data)

    return _changing(change)


@call_operation("DeleteUserData")
def delete_user_data(_: Context) -> Act:
    """DeleteUserData (lines 9207-9292): the notification has no userData at all."""

    def change(world: World, call: Call) -> None:
        if not world.faults.on(faults.DELETE_KEEPS):
            call.user_data.clear()

    return _changing(change)


@call_operation("DeleteUserDataPair")
def delete_user_data_pair(ctx: Context) -> Act:
    """DeleteUserDataPair (lines 9293-9395). A key that is not there changes nothing, and that is told."""
    key = ctx.required("key", str)

    def change(world: World, call: Call) -> None:
        everything = world.faults.on(faults.PAIR_DELETES_ALL)
        call.user_data = [] if everything else [pair for pair in call.user_data if pair[0] != key]

    return _changing(change)


@operation("POST", CALL, "SetCallDisposition", features=VOICE)
async def set_call_disposition(ctx: Context) -> None:
    """SetCallDisposition (lines 6258-6358): on a live call it changes the user data; after its end nothing shows."""
    call_id = ctx.path["id"]
    known = own_party(ctx) is not None or ctx.user.id in voice_of(ctx.world).released.get(call_id, ())
    ctx.required("callUri", str)
    if ctx.required("callUuid", str) != call_id and known:
        raise ApiError(INVALID_PARAMETER, "Parameter 'callUuid' is invalid: it names another call than the URL")
    disposition = ctx.required("disposition", str)
    key = ctx.optional("dispositionKey", str) or DEFAULT_DISPOSITION_KEY
    if ctx.world.faults.on(faults.DISPOSITION_KEY):
        key = DEFAULT_DISPOSITION_KEY
    if not known:
        raise unknown_call()

    def act() -> None:
        party = own_party(ctx)
        if party is None:
            return
        lost = ctx.world.faults.on(faults.DISPOSITION_LOST)
        pairs = {} if lost else {key: disposition}
        _changing(lambda _, call: call.merge_data(pairs))(ctx.world, party)

    ctx.defer(act)
