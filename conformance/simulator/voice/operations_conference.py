"""SingleStepConference, SingleStepTransfer, RemoveParticipantFromConference.

Source: Voice API, lines 6359-6575, 6878-6974 and 7061-7230.
"""

from __future__ import annotations

from ..context import Context
from ..status import INVALID_PARAMETER, ApiError
from ..world import World
from . import faults, queueing
from .capabilities import offered
from .notify import INCORRECT_STATE, PARTICIPANTS_UPDATED, all_changed, error
from .numbers import same_number
from .parties import ESTABLISHED, HELD, Party
from .requests import Act, call_operation, destination_number, own_party, reachable_and_free, user_data
from .switching import announce, attach, leave, release

_FIRST_PARTY = "FirstConferencePartyDN"


@call_operation("SingleStepConference")
def single_step_conference(ctx: Context) -> Act:
    """SingleStepConference (lines 6359-6575): the new party shows at once, while its phone still rings.

    The samples' userData gain FirstConferencePartyDN, the number of the agent who asked.
    """
    number, data = destination_number(ctx), user_data(ctx)

    def act(world: World, party: Party) -> None:
        destination = reachable_and_free(world, party, number)
        if destination is None:
            return
        call = party.call
        call.merge_data({**data, _FIRST_PARTY: party.number})
        party.owner = True
        there = list(call.agents)
        added = attach(call, destination)
        all_changed(world, there, PARTICIPANTS_UPDATED)
        announce(world, added)

    return act


@call_operation("SingleStepTransfer")
def single_step_transfer(ctx: Context) -> Act:
    """SingleStepTransfer (lines 7061-7230)."""
    number, data = destination_number(ctx), user_data(ctx)

    def act(world: World, party: Party) -> None:
        destination = reachable_and_free(world, party, number)
        if destination is None:
            return
        call = party.call
        call.merge_data(data)
        if not world.faults.on(faults.SINGLE_STEP_KEEPS):
            leave(world, party)
        stayed = list(call.agents)
        added = attach(call, destination)
        all_changed(world, stayed, PARTICIPANTS_UPDATED)
        announce(world, added)
        queueing.distribute(world)

    return act


def _may_remove(world: World, party: Party) -> bool:
    if party.state == ESTABLISHED and party.call.is_conference and world.faults.on(faults.REMOVE_BY_ANYBODY):
        return True
    return "RemoveParticipantFromConference" in offered(world, party)


@call_operation("RemoveParticipantFromConference", allowed=_may_remove)
def remove_participant(ctx: Context) -> Act:
    """RemoveParticipantFromConference (lines 6878-6974): by the conference's owner or a monitoring supervisor."""
    number = ctx.required("participant", str)
    own = own_party(ctx)
    if own is not None and _may_remove(ctx.world, own) and _named(own, number) is None:
        raise ApiError(INVALID_PARAMETER, "Parameter 'participant' is invalid: it names no participant of the call")

    def act(world: World, party: Party) -> None:
        removed = _named(party, number)
        if removed is None or party.state not in (ESTABLISHED, HELD):
            if party.device is not None:
                error(world, party.device, INCORRECT_STATE, party.call)
        elif world.faults.on(faults.REMOVE_IGNORED):
            all_changed(world, party.call.agents, PARTICIPANTS_UPDATED)
        else:
            release(world, removed)

    return act


def _named(party: Party, number: str) -> Party | None:
    others = [other for other in party.call.talkers if other is not party]
    return next((other for other in others if same_number(other.number, number)), None)
