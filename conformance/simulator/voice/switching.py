"""The switch: how calls are set up, joined, put aside, moved and taken down.

These functions change the calls and tell everybody concerned. Whether a request is allowed has been decided before.
"""

from __future__ import annotations

from typing import Any

from ..models import Device
from ..world import World
from . import faults, monitoring, queueing
from .notify import PARTICIPANTS_UPDATED, STATUS_CHANGE, all_changed, call_changed
from .numbers import Destination, answers_at_once, is_busy_customer, normalized
from .parties import CONSULT, DIALING, ESTABLISHED, HELD, INBOUND, INTERNAL, OUTBOUND, RINGING, Call, Party
from .state import voice_of


def is_busy(world: World, destination: Destination) -> bool:
    """Whether the destination cannot take a call now. A phone with nothing but held calls can."""
    if destination.kind == "customer":
        return is_busy_customer(destination.number)
    device = destination.device
    if device is None:
        return False
    if device.do_not_disturb == "On" and not world.faults.on(faults.DND_RINGS):
        return True
    return any(party.active for party in voice_of(world).parties_of(device))


def new_call(world: World, dnis: str, call_type: str, user_data: dict[str, Any], parent: Call | None = None) -> Call:
    """A call with nobody in it yet."""
    call = Call(
        id=world.ids.call(),
        conn_id=world.ids.conn(),
        created=world.clock.monotonic(),
        dnis=dnis,
        call_type=call_type,
        parent=parent,
        user_data=list(user_data.items()),
    )
    voice_of(world).calls[call.id] = call
    return call


def dial(
    world: World,
    device: Device,
    dialled: str,
    destination: Destination,
    user_data: dict[str, Any],
    parent: Call | None = None,
) -> None:
    """Call from a device. With `parent` it is a consult call. A busy destination releases the caller again."""
    kind = OUTBOUND if destination.kind == "customer" else INTERNAL
    call = new_call(world, normalized(dialled), CONSULT if parent is not None else kind, user_data, parent)
    caller = Party(call, device.phone_number, device, DIALING)
    call.parties.append(caller)
    if is_busy(world, destination):
        # The number shows among the participants although nobody will ever be there.
        caller.seen = [destination.number]
        call_changed(world, caller)
        release(world, caller)
        return
    callee = attach(call, destination)
    call_changed(world, caller)
    announce(world, callee)


def dial_in(world: World, number: str, dialled: str, destination: Destination, user_data: dict[str, Any]) -> Call:
    """A customer calls. The caller counts as connected: nobody but the destination has yet to answer."""
    call = new_call(world, normalized(dialled), INBOUND, user_data)
    call.ani = number
    call.parties.append(Party(call, number, None, ESTABLISHED, answered=True))
    announce(world, attach(call, destination))
    return call


def attach(call: Call, destination: Destination) -> Party | None:
    """Bring a destination into the call without telling anybody; None when it is a queue, where the call waits."""
    if destination.kind == "queue":
        call.queue, call.waiting = destination.number, True
        return None
    party = Party(call, destination.number, destination.device, RINGING, called=True)
    call.parties.append(party)
    return party


def announce(world: World, callee: Party | None) -> None:
    """Let the new party ring, a self-answering customer answer, or the queue look for an agent."""
    if callee is None:
        queueing.distribute(world)
    elif callee.device is not None:
        call_changed(world, callee)
    elif answers_at_once(callee.number):
        answer(world, callee)


def answer(world: World, party: Party) -> None:
    """The ringing party answers: whoever was dialling is connected too."""
    put_others_aside(world, party)
    call = party.call
    connected = [other for other in call.parties if not other.answered]
    connected = [other for other in connected if other is party or other.state != RINGING]
    for other in connected:
        other.answered = True
        if other.state in (RINGING, DIALING):
            other.state = ESTABLISHED
    for other in sorted(connected, key=lambda one: one is not party):
        if other.state != ESTABLISHED or (other is not party and world.faults.on(faults.PEER_SILENT)):
            continue
        call_changed(world, other)
    for other in connected:
        monitoring.call_established(world, other)


def put_others_aside(world: World, party: Party) -> None:
    """A phone speaks on one call at a time: what else it is engaged in goes on hold."""
    for other in voice_of(world).parties_of(party.device):
        if other is not party and other.state in (ESTABLISHED, DIALING):
            hold(world, other)


def hold(world: World, party: Party) -> None:
    """Put the party's end of the call on hold; the others notice nothing."""
    party.state = HELD
    call_changed(world, party)


def retrieve(world: World, party: Party) -> None:
    """Take the party's end back; a call that nobody has answered yet goes on dialling."""
    put_others_aside(world, party)
    party.state = ESTABLISHED if party.answered else DIALING
    call_changed(world, party, override={"state": HELD} if world.faults.on(faults.RETRIEVE_SAYS_HELD) else None)


def release(world: World, party: Party) -> None:
    """The party leaves. A call that cannot go on ends for everybody; in one that can, the others are told."""
    call = party.call
    views = [(other, list(other.participants())) for other in call.parties]
    peers = [other for other in call.talkers if other is not party]
    leave(world, party)
    if _can_go_on(call) or (peers and world.faults.on(faults.HANGUP_KEEPS_PEER)):
        silent = party.silent
        all_changed(world, call.agents, STATUS_CHANGE if silent else PARTICIPANTS_UPDATED)
    else:
        _freeze(views)
        _end(world, call)
    queueing.distribute(world)


def leave(world: World, party: Party) -> None:
    """Take a party out, and with it the supervisor who is on the call only because of this agent."""
    take_out(world, party)
    for supervisor in monitoring.leaving_with(world, party):
        take_out(world, supervisor)


def _can_go_on(call: Call) -> bool:
    return len(call.talkers) + int(call.waiting) > 1


def take_out(world: World, party: Party, *, tell: bool = True) -> None:
    """Remove one party and tell its user, nobody else; what it saw of the call is kept."""
    party.seen = list(party.participants())
    order = party.monitoring
    voice_of(world).forget(party)
    if tell and not world.faults.on(faults.RELEASED_SILENT):
        call_changed(world, party)
    if order is not None:
        monitoring.supervisor_left(world, order, party)


def _freeze(views: list[tuple[Party, list[str]]]) -> None:
    for party, view in views:
        if party.seen is None:
            party.seen = view


def _end(world: World, call: Call) -> None:
    call.waiting = False
    for party in list(call.parties):
        take_out(world, party)
    voice_of(world).calls.pop(call.id, None)


def end_for_all(world: World, call: Call) -> None:
    """Release everybody at once, each with the participants as they were before."""
    _freeze([(party, list(party.participants())) for party in call.parties])
    _end(world, call)
    queueing.distribute(world)


def move(world: World, party: Party, call: Call) -> Party:
    """Join a party of a consult call into another call, in the state it is in."""
    state = party.state
    take_out(world, party)
    moved = Party(call, party.number, party.device, state, party.answered, party.queue, called=True)
    call.parties.append(moved)
    return moved
