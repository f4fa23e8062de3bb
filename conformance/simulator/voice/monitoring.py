"""Supervisors on calls: how a standing order to monitor a device turns into a party of a call.

Source: "ListenIn", "Coach", "BargeIn" (lines 9396-9691). How the supervisor's phone joins is not described; here it
joins without ringing, as soon as the monitored agent's call is Established.
"""

from __future__ import annotations

from ..world import World
from . import faults
from .notify import PARTICIPANTS_UPDATED, STATUS_CHANGE, all_changed, call_changed, device_changed
from .parties import BARGE_IN, CONSULT, ESTABLISHED, HELD, LISTEN_IN, Monitoring, Party
from .state import voice_of


def call_established(world: World, party: Party) -> None:
    """A call of the party has been connected: whoever monitors this device joins. Consult calls are private."""
    if party.device is None or party.monitoring is not None or party.call.call_type == CONSULT:
        return
    for order in list(voice_of(world).monitors.values()):
        if order.target is party.device and order.party is None:
            join(world, order, party)


def join_current_call(world: World, order: Monitoring) -> None:
    """Barge into what the target is engaged in now, if anything."""
    for party in voice_of(world).parties_of(order.target):
        if party.state in (ESTABLISHED, HELD) and party.monitoring is None:
            join(world, order, party)
            return


def join(world: World, order: Monitoring, target: Party) -> None:
    """Bring the supervisor into the target's call, unless her phone is engaged."""
    if any(party.active for party in voice_of(world).parties_of(order.supervisor)):
        return
    supervisor = Party(
        target.call,
        order.supervisor.phone_number,
        order.supervisor,
        ESTABLISHED,
        answered=True,
        mute=order.state == LISTEN_IN,
        monitoring=order,
        monitor_mode=order.state,
    )
    target.call.parties.append(supervisor)
    order.party = supervisor
    call_changed(world, supervisor)
    tell_agents(world, supervisor, PARTICIPANTS_UPDATED if order.state == BARGE_IN else STATUS_CHANGE)


def tell_agents(world: World, supervisor: Party, kind: str) -> None:
    """Tell everybody else on the call that the supervisor's part in it has changed."""
    all_changed(world, [party for party in supervisor.call.agents if party is not supervisor], kind)


def leaving_with(world: World, party: Party) -> list[Party]:
    """The supervisors who follow a party out of its call: those with the scope Agent, once their agent is gone."""
    if world.faults.on(faults.SCOPE_IGNORED):
        return []
    return [
        other
        for other in party.call.parties
        if other.monitoring is not None
        and (other.monitoring.scope == "Agent" or world.faults.on(faults.CALL_SCOPE_IGNORED))
        and other.monitoring.target is party.device
    ]


def supervisor_left(world: World, order: Monitoring, party: Party) -> None:
    """The monitored call is over for the supervisor. An order for the next call alone has been carried out."""
    for other in party.call.parties:
        other.muted_by_supervisor = False
    order.party = None
    voice = voice_of(world)
    still_stands = voice.monitors.get(order.supervisor.id) is order
    once = (
        not world.faults.on(faults.NEXT_CALL_ALL)
        if order.mode == "NextCall"
        else world.faults.on(faults.ALL_CALLS_ONCE)
    )
    if once and still_stands:
        del voice.monitors[order.supervisor.id]
        device_changed(world, order.supervisor)
