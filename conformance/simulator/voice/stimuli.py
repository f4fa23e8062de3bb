"""What customers and agents' own phones do, asked for by the control API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..status import invalid, missing, not_found
from ..stimuli import stimulus
from ..world import World
from . import queueing
from .notify import error
from .numbers import is_customer, normalized, resolve, same_number
from .parties import ESTABLISHED, HELD, RINGING, Call, Party
from .state import voice_of
from .switching import answer, dial_in, end_for_all, hold, is_busy, release, retrieve

DEFAULT_CUSTOMER = "6001"


def _text(params: dict[str, Any], name: str, default: str | None = None) -> str:
    value = params.get(name, default)
    if value is None:
        raise missing(name)
    if not isinstance(value, str) or not value:
        raise invalid(name, "must be a string")
    return value


@stimulus("inbound-call")
async def inbound_call(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """A customer calls: {to, from?, userData?} -> {callId, state}; callId is null when the number is busy."""
    to = _text(params, "to")
    number = normalized(_text(params, "from", DEFAULT_CUSTOMER))
    data = params.get("userData") or {}
    if not isinstance(data, dict):
        raise invalid("userData", "must be an object")
    if not is_customer(number):
        raise invalid("from", "must be a customer's number (6000-6999, or with + and country code)")
    destination = resolve(world, to)
    if destination is None:
        raise invalid("to", "reaches nothing")
    if is_busy(world, destination):
        return {"callId": None, "state": "Busy"}
    call = dial_in(world, number, to, destination, data)
    return {"callId": call.id, "connId": call.conn_id, "state": "Queued" if call.waiting else "Delivered"}


def _pick(world: World, params: dict[str, Any], fits: Callable[[Party], bool]) -> Party:
    """The party that `number` and `callId` (both optional) name among those that fit; the oldest of several."""
    number, call_id = params.get("number"), params.get("callId")
    for call in voice_of(world).calls.values():
        if call_id is not None and call.id != call_id:
            continue
        for party in call.parties:
            if fits(party) and (number is None or same_number(party.number, str(number))):
                return party
    raise not_found("A party for this stimulus")


def _report(party: Party, call: Call) -> dict[str, Any]:
    return {"callId": call.id, "number": party.number, "state": party.state}


@stimulus("customer-answer")
async def customer_answer(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """A ringing customer answers: {number?, callId?}."""
    party = _pick(world, params, lambda one: one.device is None and one.state == RINGING)
    answer(world, party)
    return _report(party, party.call)


@stimulus("customer-hangup")
async def customer_hangup(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """A customer leaves: {number?, callId?}."""
    party = _pick(world, params, lambda one: one.device is None)
    release(world, party)
    return _report(party, party.call)


@stimulus("customer-hold")
async def customer_hold(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """A customer puts the call on hold; nobody is told of it: {number?, callId?}."""
    party = _pick(world, params, lambda one: one.device is None and one.state == ESTABLISHED)
    hold(world, party)
    return _report(party, party.call)


@stimulus("customer-retrieve")
async def customer_retrieve(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """A customer comes back: {number?, callId?}."""
    party = _pick(world, params, lambda one: one.device is None and one.state == HELD)
    retrieve(world, party)
    return _report(party, party.call)


@stimulus("device-answer")
async def device_answer(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """An agent lifts the handset: {number?, callId?}. The only way to answer on a Public device."""
    party = _pick(world, params, lambda one: one.device is not None and one.state == RINGING)
    answer(world, party)
    return _report(party, party.call)


@stimulus("device-hangup")
async def device_hangup(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """An agent puts the handset down (or declines a direct call): {number?, callId?}."""
    party = _pick(world, params, lambda one: one.device is not None)
    release(world, party)
    return _report(party, party.call)


@stimulus("device-error")
async def device_error(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """The switch reports an error about a device: {number, message?, callId?}."""
    device = world.device_by_number(_text(params, "number"))
    if device is None:
        raise not_found("The device")
    call = voice_of(world).calls.get(params["callId"]) if params.get("callId") else None
    error(world, device, _text(params, "message", "Unspecified error"), call)
    return {}


@stimulus("release-all")
async def release_all(world: World, _: dict[str, Any]) -> dict[str, Any]:
    """Every call ends, the ones waiting in queues included."""
    voice, released = voice_of(world), 0
    for call in list(voice.calls.values()):
        call.waiting = False
    while voice.calls:
        end_for_all(world, next(iter(voice.calls.values())))
        released += 1
    queueing.distribute(world)
    return {"released": released}
