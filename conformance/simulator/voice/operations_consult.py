"""Two-step transfers and conferences, and what an agent with two calls can do with them.

InitiateConference, CompleteConference, InitiateTransfer, CompleteTransfer, SwapCalls, MergeWithOtherCall.
Source: Voice API, lines 6576-6877 and 7231-8933.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..context import Context
from ..status import INVALID_PARAMETER, ApiError, missing
from ..world import World
from . import faults, monitoring, queueing
from .capabilities import offered
from .notify import INCORRECT_STATE, PARTICIPANTS_UPDATED, all_changed, call_changed, error
from .parties import DIALING, ESTABLISHED, HELD, Call, Party
from .requests import Act, call_operation, destination_number, party_by_uri, reachable, user_data
from .state import voice_of
from .switching import dial, hold, leave, move, put_others_aside, retrieve, take_out


@dataclass(frozen=True)
class Pair:
    """One agent's two calls: `main` is the one that stays when they are brought together."""

    main: Party
    consult: Party

    def states(self) -> tuple[str, str]:
        """The states of the two calls."""
        return self.main.state, self.consult.state


@call_operation("InitiateConference")
def initiate_conference(ctx: Context) -> Act:
    """InitiateConference (lines 6576-6725)."""
    return _initiate(ctx)


@call_operation("InitiateTransfer")
def initiate_transfer(ctx: Context) -> Act:
    """InitiateTransfer (lines 7231-7764)."""
    return _initiate(ctx)


def _initiate(ctx: Context) -> Act:
    number, data = destination_number(ctx), user_data(ctx)

    def act(world: World, party: Party) -> None:
        device = party.device
        destination = reachable(world, device, number, party) if device else None
        if device is None or destination is None:
            return
        put_others_aside(world, party)
        if party.state == ESTABLISHED and not world.faults.on(faults.INITIATE_NO_HOLD):
            hold(world, party)
        dial(world, device, number, destination, data, parent=party.call)

    return act


def pair_of(world: World, party: Party, consult: Party | None = None) -> Pair | None:
    """Which of the agent's calls belong together, starting from one of them; None when there is no second one.

    A consult call belongs to the call it was started from. Two calls that know nothing of each other belong
    together too; then the held one stays.
    """
    if consult is not None and consult is not party:
        return Pair(party, consult)
    others = [other for other in voice_of(world).parties_of(party.device) if other is not party]
    for other in others:
        if other.call.parent is party.call and consult is None:
            return Pair(party, other)
    for other in others:
        if party.call.parent is other.call:
            return Pair(other, party)
    held = next((other for other in others if other.state == HELD), None)
    return Pair(held, party) if held is not None else None


def _completing(name: str, ctx: Context, speaking: tuple[str, ...], bring: Callable[[World, Pair], None]) -> Act:
    consult = party_by_uri(ctx, "consultCallUri")

    def act(world: World, party: Party) -> None:
        # The call that waits does not offer the operation; it takes it when the request names the consult call.
        pair = pair_of(world, party, consult)
        fine = name in offered(world, party) or (consult is not None and party.state == HELD)
        complete = pair is not None and HELD in pair.states() and any(s in speaking for s in pair.states())
        if pair is not None and fine and complete and not _share_a_phone(pair):
            bring(world, pair)
        elif party.device is not None:
            error(world, party.device, INCORRECT_STATE, party.call)

    return act


@call_operation("CompleteTransfer", allowed=lambda _world, _party: True)
def complete_transfer(ctx: Context) -> Act:
    """CompleteTransfer (lines 7765-8274): possible while the consult call still dials."""
    return _completing("CompleteTransfer", ctx, (DIALING, ESTABLISHED), _transfer)


@call_operation("CompleteConference", allowed=lambda _world, _party: True)
def complete_conference(ctx: Context) -> Act:
    """CompleteConference (lines 6726-6877): once the other party has answered."""
    return _completing("CompleteConference", ctx, (ESTABLISHED,), _conference)


def _share_a_phone(pair: Pair) -> bool:
    """Whether a third phone is on both calls: one call cannot have it twice."""
    phones = {party.number for party in pair.main.call.parties if party is not pair.main}
    return any(party.number in phones for party in pair.consult.call.parties)


def _transfer(world: World, pair: Pair) -> None:
    if world.faults.on(faults.TRANSFER_KEEPS):
        _conference(world, pair)
        return
    main = pair.main.call
    targets = _targets(pair)
    stayed = [party for party in main.agents if party is not pair.main]
    leave(world, pair.main)
    take_out(world, pair.consult)
    moved = _bring_over(world, targets, pair.consult.call, main)
    _tell(world, stayed, moved)


def _conference(world: World, pair: Pair) -> None:
    main = pair.main.call
    targets = _targets(pair)
    stayed = [party for party in main.agents if party is not pair.main]
    take_out(world, pair.consult, tell=not world.faults.on(faults.CONFERENCE_KEEPS_CONSULT))
    moved = _bring_over(world, targets, pair.consult.call, main)
    pair.main.state = ESTABLISHED
    pair.main.owner = True
    _tell(world, [pair.main, *stayed], moved)


def _targets(pair: Pair) -> list[Party]:
    """Who is on the consult call beside the agent, each with the participants it sees now."""
    targets = [party for party in pair.consult.call.parties if party is not pair.consult]
    for party in targets:
        party.seen = list(party.participants())
    return targets


def _bring_over(world: World, targets: list[Party], consult: Call, main: Call) -> list[Party]:
    """Move the consulted parties, the place in a queue and the user data into the main call."""
    if consult.waiting:
        main.queue, main.waiting = consult.queue, True
        consult.waiting = False
    main.merge_data({**consult.data(), **main.data()})
    return [move(world, party, main) for party in targets]


def _tell(world: World, stayed: list[Party], moved: list[Party]) -> None:
    all_changed(world, [party for party in stayed if party in party.call.parties], PARTICIPANTS_UPDATED)
    for party in moved:
        call_changed(world, party)
    for party in moved:
        if party.state == ESTABLISHED:
            monitoring.call_established(world, party)
    queueing.distribute(world)


@call_operation("SwapCalls")
def swap_calls(ctx: Context) -> Act:
    """SwapCalls (lines 8275-8895): told in two notifications, the call that is put aside first."""
    other = _other_call(ctx)

    def act(world: World, party: Party) -> None:
        if other.state != HELD:
            if party.device is not None:
                error(world, party.device, INCORRECT_STATE, party.call)
            return
        if world.faults.on(faults.SWAP_NOTHING):
            call_changed(world, party)
            call_changed(world, other)
            return
        hold(world, party)
        retrieve(world, other)

    return act


def _can_merge(_: World, party: Party) -> bool:
    return party.state in (ESTABLISHED, HELD)


@call_operation("MergeWithOtherCall", allowed=_can_merge)
def merge_with_other_call(ctx: Context) -> Act:
    """MergeWithOtherCall (lines 8896-8933): the page shows no notification; here the other call is brought into
    the one in the URL just as CompleteConference does it."""
    other = _other_call(ctx)

    def act(world: World, party: Party) -> None:
        pair = Pair(party, other)
        if HELD in pair.states() and ESTABLISHED in pair.states() and not _share_a_phone(pair):
            _conference(world, pair)
        elif party.device is not None:
            error(world, party.device, INCORRECT_STATE, party.call)

    return act


def _other_call(ctx: Context) -> Party:
    """`otherCallUri`: required, and another call than the one in the URL."""
    other = party_by_uri(ctx, "otherCallUri")
    if other is None:
        raise missing("otherCallUri")
    if other.call.id == ctx.path["id"]:
        raise ApiError(INVALID_PARAMETER, "Parameter 'otherCallUri' is invalid: it names the call in the URL")
    return other
