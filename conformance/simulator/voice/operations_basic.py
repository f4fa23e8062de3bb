"""Dial, Answer, Reject, Hold, Retrieve, Hangup, SendDtmf, MuteCall, UnmuteCall, ClearCall.

Source: Voice API, lines 5313-6257 and 6975-7060.
"""

from __future__ import annotations

import re
from typing import Any

from ..context import Context
from ..routing import operation
from ..status import invalid
from ..world import World
from . import faults, queueing
from .capabilities import offered
from .notify import DTMF_SENT, INCORRECT_STATE, call_changed, error
from .parties import DIALING, ESTABLISHED, HELD, RINGING, Party
from .requests import (
    DEVICE,
    VOICE,
    Act,
    call_operation,
    destination_number,
    own_device,
    reachable,
    user_data,
)
from .state import voice_of
from .switching import answer, dial, end_for_all, hold, release, retrieve, take_out


@operation("POST", f"{DEVICE}/calls", "Dial", features=VOICE)
async def dial_out(ctx: Context) -> None:
    """Dial (lines 5313-5492): a phone that is on a call must hold it first."""
    device = own_device(ctx)
    number = destination_number(ctx)
    ctx.optional("outboundCallerId", str)
    data = {**_default_user_data(ctx.world), **user_data(ctx)}
    if ctx.world.faults.on(faults.DIAL_DROPS_DATA):
        data = {}

    def act() -> None:
        if any(party.state in (DIALING, ESTABLISHED) for party in voice_of(ctx.world).parties_of(device)):
            error(ctx.world, device, INCORRECT_STATE)
            return
        destination = reachable(ctx.world, device, number)
        if destination is not None:
            dial(ctx.world, device, number, destination, data)

    ctx.defer(act)


def _default_user_data(world: World) -> dict[str, Any]:
    """What the settings group voice-operations attaches to every Dial ("Voice operations settings", line 39403)."""
    configured = world.settings.get("voice-operations", {})
    data = configured.get("Dial") if isinstance(configured, dict) else None
    return dict(data) if isinstance(data, dict) else {}


def _may_answer(world: World, party: Party) -> bool:
    if party.state == HELD and world.faults.on(faults.ANSWER_HELD):
        return True
    return "Answer" in offered(world, party)


@call_operation("Answer", allowed=_may_answer)
def answer_call(_: Context) -> Act:
    """Answer (lines 5493-5591)."""
    return lambda world, party: retrieve(world, party) if party.state == HELD else answer(world, party)


def _may_reject(world: World, party: Party) -> bool:
    delivered = party.queue is not None or world.faults.on(faults.REJECT_DIRECT)
    return party.state == RINGING and delivered


@call_operation("Reject", allowed=_may_reject)
def reject(_: Context) -> Act:
    """Reject (lines 5592-5676): the call goes back to its queue; one that no queue delivered cannot be rejected."""
    return _give_back


def _give_back(world: World, party: Party) -> None:
    call = party.call
    if party.queue is None or world.faults.on(faults.REJECT_DROPS):
        end_for_all(world, call)
        return
    call.refused_by.add(party.number)
    take_out(world, party)
    call.queue, call.waiting = party.queue, True
    queueing.distribute(world)


def _hold(world: World, party: Party) -> None:
    if world.faults.on(faults.HOLD_STAYS):
        call_changed(world, party)
    else:
        hold(world, party)


@call_operation("Hold")
def hold_call(_: Context) -> Act:
    """Hold (lines 5677-5773)."""
    return _hold


@call_operation("Retrieve")
def retrieve_call(_: Context) -> Act:
    """Retrieve (lines 5774-5866)."""
    return retrieve


@call_operation("Hangup")
def hang_up(_: Context) -> Act:
    """Hangup (lines 5867-5953)."""
    return release


@call_operation("SendDtmf")
def send_dtmf(ctx: Context) -> Act:
    """SendDTMF (lines 5954-6049): one or more digits 0-9; confirmed by DtmfSent to the sender alone."""
    digits = ctx.required("digits", str)
    if not re.fullmatch(r"[0-9]+", digits) and not ctx.world.faults.on(faults.DTMF_LETTERS):
        raise invalid("digits", "must consist of digits 0-9")
    return _confirm_dtmf


def _confirm_dtmf(world: World, party: Party) -> None:
    if not world.faults.on(faults.DTMF_SILENT):
        call_changed(world, party, DTMF_SENT)


@call_operation("MuteCall")
def mute_call(_: Context) -> Act:
    """MuteCall (lines 6050-6154)."""
    return lambda world, party: _set_mute(world, party, True)


@call_operation("UnmuteCall")
def unmute_call(_: Context) -> Act:
    """UnmuteCall (lines 6155-6257)."""
    return lambda world, party: _set_mute(world, party, False)


def _set_mute(world: World, party: Party, mute: bool) -> None:
    party.mute = mute
    call_changed(world, party)


def _in_conference(_: World, party: Party) -> bool:
    return party.state in (ESTABLISHED, HELD) and party.call.is_conference


@call_operation("ClearCall", allowed=_in_conference)
def clear_call(_: Context) -> Act:
    """ClearCall (lines 6975-7060): any agent in a conference may end it for everybody."""
    return _clear


def _clear(world: World, party: Party) -> None:
    if world.faults.on(faults.CLEAR_LEAVES):
        release(world, party)
    else:
        end_for_all(world, party.call)
