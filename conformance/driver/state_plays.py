"""The plays of the statecharts: a state with all that it offers and withholds, an offer, a transition."""

from __future__ import annotations

from collections.abc import Iterable

from conformance.contract import Contract, Operation, Statechart, Transition, matches
from conformance.contract.placeholders import placeholders
from conformance.driver.lookup import FREE
from conformance.driver.offers import Offer, loops_in, plan
from conformance.driver.outcomes import Untestable
from conformance.driver.plays import LIVE, await_error, performer, read_back
from conformance.driver.returning import come_back, held_before
from conformance.driver.scene import Performed, Scene


def play_state(scene: Scene, chart: Statechart, state_name: str) -> None:
    """Brings the resource to a state, does there all that leaves it there, and attempts what it does not offer.

    The last step of the way is judged for the state and its capabilities; then come a GET, every transition from
    the state to itself, every other operation that it offers and that leaves it there, every operation that it does
    not offer, and at last what it offers and can be taken back, or ends the visit.

    Raises:
        Untestable: the state is not reached, or an operation that should leave the resource there moved it, so
            that the rest could not be tried.
    """
    scene.stage.require_features_of(chart, *_operations_in(scene.contract, chart))
    _everybody(scene, chart)
    way = _approach(scene, chart, state_name)
    if way is not None:
        scene.move(way, case="state")
    if chart.resource in LIVE:
        read_back(scene, chart.resource, chart.owner)
    for loop in loops_in(scene.contract, chart, state_name):
        _stay(scene, chart, state_name, str(loop))
        loose = loop.level == "should" or loop.reading is not None
        label = loop.by.split(".", 1)[-1]
        if ":" not in label and loop.actor != chart.owner:
            label = f"{loop.actor}:{label}"
        scene.move(loop, case="transition", label=label, level="should" if loose else "must")
        scene.quiet()
    planned = plan(scene.contract, chart, state_name)
    for offer in _available(scene, planned.staying):
        _stay(scene, chart, state_name, offer.operation.id)
        _offered(scene, chart, offer, offer.operation.name)
        scene.quiet()
    _withheld(scene, chart, state_name)
    leaving = _available(scene, planned.leaving)
    for offer in leaving:
        _stay(scene, chart, state_name, offer.operation.id)
        before = held_before(scene, chart)
        _offered(scene, chart, offer, offer.operation.name)
        scene.quiet()
        if offer is not leaving[-1]:
            come_back(scene, chart, state_name, before)


def _available(scene: Scene, offers: Iterable[Offer]) -> list[Offer]:
    """Those that the deployment has the features for; the others are noted."""
    found = []
    for offer in offers:
        lacking = scene.stage.lacks(offer.operation)
        if not lacking:
            found.append(offer)
        else:
            text = f"offered, but not performed: the contact centre lacks {', '.join(lacking)}"
            scene.stage.recorder.record("note", {"operation": offer.operation.id, "text": text})
    return found


def _stay(scene: Scene, chart: Statechart, state_name: str, following: str) -> None:
    """Raises `Untestable` when the resource is not in the state any more."""
    seen = scene.resource(chart.binds, chart.owner) or {}
    if not matches(chart.states[state_name].where, seen):
        raise Untestable(f"the resource left {state_name} before {following}; the operations after that were not tried")


def play_offered(scene: Scene, chart: Statechart, state_name: str, offer: Offer) -> None:
    """Performs, in one state, an operation that the state offers and that takes the resource elsewhere."""
    scene.stage.require_hazard(offer.operation.hazard)
    scene.stage.require_features_of(offer.operation, chart)
    _everybody(scene, chart)
    scene.reach(chart.name, state_name)
    _offered(scene, chart, offer, "")
    scene.quiet()


def _offered(scene: Scene, chart: Statechart, offer: Offer, label: str) -> None:
    """Performs an offer. Where the documents do not tell what comes of it, whatever comes is waited for."""
    operation, way = offer.operation, offer.transition
    given = way is not None and bool(way.parameters)
    scene.perform(
        operation.id,
        role=chart.owner,
        case="offered",
        example=operation.examples[0] if operation.examples and not given else None,
        parameters=way.parameters if way is not None else None,
        on=chart.binds,
        label=label,
        transition=str(way) if way is not None else "",
        level="should",
        plain=True,
        owes=offer.owes,
        wait=offer.owes,
        after=None if offer.owes else lambda done, start: _await_word(scene, operation, done, start),
    )


def _await_word(scene: Scene, operation: Operation, performed: Performed, start: int) -> None:
    """After a yes: waits until somebody has been told of something (who invites is told nothing, who is invited is),
    and for an error that may come behind it."""
    if not performed.accepted:
        return
    patience, kind = scene.stage.patience, f"offered {operation.id}"
    told = scene.stage.recorder.wait(
        lambda event: event.kind == "cometd.event", after=start, deadline=patience.for_kind(kind)
    )
    if told is None:
        patience.missed(kind)
    else:
        patience.came(kind)
    scene.quiet()


def _approach(scene: Scene, chart: Statechart, state_name: str) -> Transition | None:
    """Reaches the state before `state_name`; the transition that is left, None when it is there already."""
    try:
        way = chart.path(state_name)
    except KeyError as error:
        raise Untestable(str(error.args[0])) from None
    last = way[-1]
    if last.source == "start":
        if chart.base is not None:
            scene.reach(*chart.base)
        _depart(scene, chart, last)
    else:
        scene.reach(chart.name, last.source)
    return last


def _everybody(scene: Scene, chart: Statechart) -> None:
    """Opens the actors that a chart's transitions need. Raises `NotApplicable` where states may not be changed."""
    scene.stage.require_hazard("state")
    roles = {"self", chart.owner} | {item.actor for item in chart.transitions if item.actor in scene.cast}
    for transition in chart.transitions:
        roles |= {name.split(".")[0] for name in placeholders(transition.parameters)}
    for role in ("self", "second", "third", "supervisor"):
        if (role in roles or ("free" in roles and role in FREE)) and role in scene.cast:
            scene.actor(role)


def _operations_in(contract: Contract, chart: Statechart) -> list[Operation]:
    return [contract.operations[item.by] for item in chart.transitions if item.by in contract.operations][:1]


def play_transition(scene: Scene, transition: Transition) -> None:
    """Performs one transition from its source state; the judge compares what it leads to with the chart."""
    chart = scene.contract.statecharts[transition.chart]
    operation = scene.contract.operations.get(transition.by)
    if operation is not None:
        scene.stage.require_hazard(operation.hazard)
        scene.stage.require_features_of(operation)
    scene.stage.require_features_of(chart)
    _everybody(scene, chart)
    if transition.source == "start":
        if chart.base is not None:
            scene.reach(*chart.base)
        _depart(scene, chart, transition)
    else:
        scene.reach(chart.name, transition.source)
    loose = transition.level == "should" or transition.reading is not None
    scene.move(transition, case="transition", level="should" if loose else "must")
    scene.quiet()


def _depart(scene: Scene, chart: Statechart, transition: Transition) -> None:
    """Leaves the states, in every chart that the operation moves, to which it leads and in which an earlier scenario
    has left a device: who is there already is told of no change. A chart of one state has nowhere to go."""
    for other in scene.contract.charts_of("device"):
        if (other.resource, other.binds, other.owner) != (chart.resource, chart.binds, chart.owner):
            continue
        seen = scene.resource(chart.binds, chart.owner)
        reached = [item for item in other.transitions if item.by == transition.by]
        if seen is None or not any(matches(other.states[item.target].where, seen) for item in reached):
            continue
        ways = [
            item.target
            for item in other.transitions
            if item.by != transition.by and item.level != "may" and item.target not in {way.target for way in reached}
        ]
        if ways:
            scene.reach(other.name, ways[0])


def _withheld(scene: Scene, chart: Statechart, state_name: str) -> None:
    """Attempts, in one state, every operation of the resource that the state does not offer."""
    candidates = withheld_in(scene.contract, chart, state_name)
    if not candidates:
        return
    for operation in candidates:
        if scene.stage.lacks(operation) or performer(operation) not in {"self", chart.owner}:
            continue
        _stay(scene, chart, state_name, operation.id)
        _attempt(scene, chart, operation)
    if chart.resource in LIVE:
        read_back(scene, chart.resource, chart.owner, "unchanged")


def withheld_in(contract: Contract, chart: Statechart, state_name: str) -> list[Operation]:
    """The operations of the resource that stand for capabilities which the state does not have. Of a region, those
    alone that another of its states has: what the resource offers besides depends on the state it is in. What a
    device is already (Do Not Disturb, forwarding) may be asked for again: no page says that it is refused."""
    if not chart.capabilities or (chart.region and chart.resource == "device"):
        return []
    if chart.region:
        state = chart.states[state_name]
        own = {name for other in chart.states.values() for name in (*other.offers, *other.may)}
        names = own - set(state.offers) - set(state.may)
        return [item for item in contract.operations_on(chart) if item.capability in names]
    allowed = withheld_except(contract, chart, state_name)
    return [item for item in contract.operations_on(chart) if item.capability and item.capability not in allowed]


def withheld_except(contract: Contract, chart: Statechart, state_name: str) -> set[str]:
    """The capabilities that the resource may offer in this state, whatever its regions are in."""
    state = chart.states[state_name]
    allowed = set(state.offers) | set(state.may)
    for other in contract.charts_of(chart.resource):
        if other.region:
            for candidate in other.states.values():
                allowed |= set(candidate.offers) | set(candidate.may)
    return allowed


def _attempt(scene: Scene, chart: Statechart, operation: Operation) -> None:
    example = operation.examples[0] if operation.examples else None
    try:
        scene.perform(
            operation.id,
            role=chart.owner,
            case="withheld",
            example=example,
            on=chart.binds,
            label=operation.name,
            wait=False,
            after=lambda done, start: await_error(scene, done, start),
        )
    except Untestable as error:
        scene.stage.recorder.record("note", {"operation": operation.id, "text": f"not attempted: {error}"})
