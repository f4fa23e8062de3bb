"""The plays that suites put on the stage: an example of an operation, its refusals, a state, a transition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.contract import Contract, Example, Needs, Operation, Statechart, Transition, matches
from conformance.contract.matching import relative_role
from conformance.contract.placeholders import placeholders
from conformance.driver.ledger import Entry
from conformance.driver.negatives import Refusable, refusables
from conformance.driver.outcomes import NotApplicable, Untestable
from conformance.driver.requests import build_request
from conformance.driver.scene import Performed, Scene
from conformance.driver.settings import keep_settings
from conformance.wire.recorder import Event

ROLE_OF_ACTOR = {
    "agent": "self",
    "anyone": "self",
    "supervisor": "supervisor",
    "admin": "admin",
    "customer": "customer",
}
LIVE = ("call", "chat", "device")


def performer(operation: Operation) -> str:
    """The scenario's role that performs the operation."""
    return ROLE_OF_ACTOR[operation.actor]


def cast_for(*operations: Operation) -> tuple[str, ...]:
    """The roles that must be on stage for these operations: performers, receivers and everybody named."""
    roles = {"self"}
    for operation in operations:
        roles.add(performer(operation))
        for notification in operation.notifications:
            if notification.level != "may":
                roles.add(notification.to)
        for example in operation.examples:
            roles |= {name.split(".")[0] for name in placeholders(example.parameters)}
    return tuple(role for role in ("self", "second", "third", "supervisor", "admin") if role in roles)


def prepare(scene: Scene, operation: Operation, example: Example | None = None) -> None:
    """Brings about what the operation needs, with everybody listening.

    Raises:
        NotApplicable: a feature is missing or a hazard is not allowed.
        Untestable: it cannot be brought about.
    """
    stage = scene.stage
    stage.require_hazard(operation.hazard)
    stage.require_features(operation.features + (example.features if example else ()))
    stage.require_any_feature(operation.features_any)
    if operation.edition not in {"both", stage.target.edition}:
        raise NotApplicable(
            f"the operation belongs to edition {operation.edition}, the target is {stage.target.edition}"
        )
    needs = (example.needs if example else None) or operation.needs
    for role in cast_for(operation):
        if role in {"self", performer(operation)} or operation.resource in LIVE:
            scene.actor(role, session=needs.session != "none" or role != performer(operation))
    _bring(scene, operation, needs)


def _bring(scene: Scene, operation: Operation, needs: Needs) -> None:
    if needs.session == "none":
        actor = scene.actor(performer(operation), session=False)
        if actor.in_session:
            scene.stage.end_session(actor)
    if needs.chart and needs.state:
        scene.reach(needs.chart, needs.state)
    if needs.resource:
        pick(scene, needs.resource, performer(operation))
    if needs.stimulus:
        scene.stage.stimulate(needs.stimulus, {})


def pick(scene: Scene, resource: str, role: str = "self") -> Mapping[str, Any]:
    """Finds an existing resource by its collection and binds `<resource>.id` and its other members.

    Raises:
        Untestable: the collection is empty or cannot be read.
    """
    contract = scene.contract
    collection = collection_of(contract, resource)
    if collection is None:
        raise Untestable(f"no documented collection lists a {resource}")
    operation, member = collection
    actor = scene.actor(role, session=operation.needs.session != "none" and role != "admin")
    params: dict[str, Any] = {"fields": "*"} if any(p.name == "fields" for p in operation.parameters) else {}
    reply = actor.http.request("GET", operation.path, params=params or None, purpose="auth")
    items = reply.json.get(member) if isinstance(reply.json, Mapping) else None
    if not isinstance(items, list) or not items or not isinstance(items[0], Mapping):
        raise Untestable(f"GET {operation.path} shows no {resource}")
    found = dict(items[0])
    for key, value in found.items():
        scene.values[f"{resource}.{key}"] = value
    return found


def collection_of(contract: Contract, resource: str) -> tuple[Operation, str] | None:
    """The operation that lists a kind of resource, and the member of its reply that holds the list."""
    found = [
        (operation, member.name)
        for operation in contract.operations.values()
        if operation.method == "GET" and "{" not in operation.path
        for response in operation.responses
        for member in response.members
        if member.resource == resource and member.list
    ]
    # Several areas may describe the same list: the one that describes the resource's states is meant.
    areas = {chart.area for chart in contract.charts_of(resource)}
    found.sort(key=lambda item: item[0].area not in areas)
    own = [item for item in found if item[0].path.startswith("/me/")]
    chosen = own or found
    return chosen[0] if chosen else None


def play_example(scene: Scene, operation: Operation, example: Example) -> None:
    """Performs one documented way of the operation, then reads the resource back."""
    prepare(scene, operation, example)
    keep_settings(scene, operation, example)
    binding = operation.resource if operation.resource in {"call", "chat"} else None
    chart_name = ((example.needs or operation.needs).chart) or ""
    chart = scene.contract.statecharts.get(chart_name)
    role = performer(operation)
    on = chart.binds if chart is not None and chart.resource == binding and scene.bound(chart.binds, role) else None
    performed = scene.perform(operation.id, role=role, case="positive", example=example, on=on)
    if performed.accepted and operation.resource in LIVE and operation.method != "GET":
        read_back(scene, operation.resource or "", role)
    if operation.hazard == "creates" and performed.accepted:
        note_created(scene, operation, role, performed)


def note_created(scene: Scene, operation: Operation, role: str, performed: Performed) -> None:
    """Puts a created resource into the ledger."""
    body = performed.reply.json if isinstance(performed.reply.json, Mapping) else {}
    identifier = body.get("id")
    if isinstance(identifier, str) and operation.resource:
        name = scene.actor(role, session=False).name
        scene.stage.ledger.add(Entry(operation.resource, name, identifier, f"DELETE {operation.path}/{identifier}"))
        scene.values[f"{operation.resource}.id"] = identifier


def read_back(scene: Scene, kind: str, role: str, label: str = "get") -> None:
    """Reads the collection of a live resource, for the judge to compare with the last notification about it."""
    collection = collection_of(scene.contract, kind)
    if collection is None:
        return
    actor = scene.actor(role, session=False)
    if not actor.in_session:
        return
    scene.quiet()
    latest = None
    if kind == "device":
        latest = actor.device
    elif actor.resources[kind]:
        latest = next(reversed(actor.resources[kind].values()))
    if latest is None:
        return
    final = any(state.final and matches(state.where, latest) for _, state in scene.contract.states_of(kind, latest))
    operation = collection[0]
    scene.stage.recorder.begin_step(
        {
            "operation": operation.id,
            "case": "probe",
            "performer": actor.name,
            "role": role,
            "label": label,
            "latest": {"resource": kind, "value": latest, "final": final},
        }
    )
    actor.http.request("GET", operation.path, params={"fields": "*"})
    scene.absorb()
    scene.stage.recorder.end_step({})


def play_refusals(scene: Scene, operation: Operation) -> None:
    """Brings the resource where the operation would be accepted, and sends every request that must be refused."""
    example = operation.examples[0] if operation.examples else None
    prepare(scene, operation, example)
    keep_settings(scene, operation, example)
    refuse_all(scene, operation, example)


def refuse_all(scene: Scene, operation: Operation, example: Example | None) -> None:
    """Sends every request of the negative matrix, the resource being where the example would be accepted."""
    role = performer(operation)
    chart = scene.contract.statecharts.get(
        (example.needs if example and example.needs else operation.needs).chart or ""
    )
    on = chart.binds if chart is not None and chart.resource == operation.resource else None
    if on is not None and scene.bound(on, role) is None:
        on = None
    find = scene.lookup(role, absolute=operation.actor == role)
    identifiers: dict[str, str] = {}

    def identify(name: str) -> str:
        identifiers[name] = scene.path_id(operation, name, role, on)
        return identifiers[name]

    given = example.parameters if example else {}
    sound = build_request(operation, given, find, identify)
    for parameter in operation.parameters_in("path"):
        if parameter.name in given and parameter.name not in identifiers and parameter.type == "id":
            identifiers[parameter.name] = str(find(str(given[parameter.name]).strip("${}")))
    scene.settle()
    for case in refusables(scene.contract, operation, sound, csrf=scene.stage.csrf, identifiers=identifiers):
        _refuse(scene, operation, role, case)
    _wrong_role(scene, operation, sound)
    if operation.resource in LIVE:
        read_back(scene, operation.resource or "", role, "unchanged")


def _refuse(scene: Scene, operation: Operation, role: str, case: Refusable) -> None:
    actor = scene.actor(role, session=False)
    scene.stage.recorder.begin_step(
        {
            "operation": operation.id,
            "case": "refusal",
            "negative": case.negative,
            "label": case.label,
            "performer": actor.name,
            "role": role,
            "inferred": case.inferred,
            "level": "should" if case.inferred else "must",
        }
    )
    reply = scene.send(actor, case.request, **case.options)
    if isinstance(reply.json, Mapping) and reply.json.get("statusCode") in (0, 7):
        # It was accepted, which some negatives tolerate: what it causes belongs to this step, not to the next refusal.
        scene.quiet()
    scene.absorb()
    scene.stage.recorder.end_step({})


def _wrong_role(scene: Scene, operation: Operation, sound: Any) -> None:
    if not operation.roles_stated or "anyone" in operation.roles or "wrong-role" not in scene.contract.negatives:
        return
    for role in ("self", "admin"):
        name = scene.cast.get(role)
        user = scene.stage.target.users.get(name or "")
        if user is None or user.role in operation.roles:
            continue
        try:
            scene.actor(role, session=role != "admin")
        except Untestable:
            continue
        _refuse(scene, operation, role, Refusable("wrong-role", f"wrong-role:{user.role}", sound))
        return


def play_state(scene: Scene, chart: Statechart, state_name: str) -> None:
    """Brings the resource to a state, does there all that leaves it there, and attempts what it does not offer.

    The last step of the way is judged for the state and its capabilities; then come a GET, every transition from
    the state to itself, every other operation that it offers, and every operation that it does not offer.

    Raises:
        Untestable: the state is not reached, or an operation that should leave the resource there moved it, so
            that the rest could not be tried.
    """
    for operation in _operations_in(scene.contract, chart):
        scene.stage.require_features(operation.features)
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
    for operation in offered_in(scene.contract, chart, state_name):
        if set(operation.features) <= set(scene.stage.features) and stays(scene.contract, operation):
            _stay(scene, chart, state_name, operation.id)
            _offered(scene, chart, operation, operation.name)
            scene.quiet()
    _withheld(scene, chart, state_name)


def _stay(scene: Scene, chart: Statechart, state_name: str, following: str) -> None:
    """Raises `Untestable` when the resource is not in the state any more."""
    seen = scene.resource(chart.binds, chart.owner) or {}
    if not matches(chart.states[state_name].where, seen):
        raise Untestable(f"the resource left {state_name} before {following}; the operations after that were not tried")


def loops_in(contract: Contract, chart: Statechart, state_name: str) -> list[Transition]:
    """The transitions from a state to itself that bring nobody else into play: they can follow one another."""
    return [
        item
        for item in chart.transitions
        if item.source == item.target == state_name and item.level != "may" and not _involves(contract, item, chart)
    ]


def _involves(contract: Contract, item: Transition, chart: Statechart) -> bool:
    operation = contract.operations.get(item.by)
    named = {name.split(".")[0] for name in placeholders(item.parameters)}
    if not item.parameters and operation is not None and operation.examples:
        heads = {name.split(".")[0] for name in placeholders(operation.examples[0].parameters)}
        named = {relative_role(item.actor, head) for head in heads}  # an example speaks as its performer
    return bool((named - {chart.owner, item.actor}) & {"self", "second", "third", "supervisor"})


def offered_in(contract: Contract, chart: Statechart, state_name: str) -> list[Operation]:
    """The operations that a state offers and that no transition of the chart from there performs."""
    if not chart.capabilities:
        return []
    done = {item.by for item in chart.transitions if item.source == state_name and item.actor == chart.owner}
    found = [contract.by_capability(name, chart.resource) for name in chart.states[state_name].offers]
    return [item for item in found if item is not None and item.id not in done and item.examples]


def stays(contract: Contract, operation: Operation) -> bool:
    """Whether an operation leaves its resource in the state it was in, in every chart that has it."""
    moves = [item for chart in contract.statecharts.values() for item in chart.transitions if item.by == operation.id]
    return bool(moves) and all(item.source == item.target and item.level != "may" for item in moves)


def play_offered(scene: Scene, chart: Statechart, state_name: str, operation: Operation) -> None:
    """Performs, in one state, an operation that the state offers and that takes the resource elsewhere."""
    scene.stage.require_hazard(operation.hazard)
    scene.stage.require_features(operation.features)
    scene.stage.require_features(chart.features)
    _everybody(scene, chart)
    scene.reach(chart.name, state_name)
    _offered(scene, chart, operation, "")
    scene.quiet()


def _offered(scene: Scene, chart: Statechart, operation: Operation, label: str) -> None:
    example, role = operation.examples[0], chart.owner
    scene.perform(
        operation.id,
        role=role,
        case="offered",
        example=example,
        on=chart.binds,
        label=label,
        level="should",
        plain=True,
    )


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
        if role in roles and role in scene.cast:
            scene.actor(role)


def _operations_in(contract: Contract, chart: Statechart) -> list[Operation]:
    return [contract.operations[item.by] for item in chart.transitions if item.by in contract.operations][:1]


def play_transition(scene: Scene, transition: Transition) -> None:
    """Performs one transition from its source state; the judge compares what it leads to with the chart."""
    chart = scene.contract.statecharts[transition.chart]
    operation = scene.contract.operations.get(transition.by)
    if operation is not None:
        scene.stage.require_hazard(operation.hazard)
        scene.stage.require_features(operation.features)
    scene.stage.require_features(chart.features)
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
        if set(operation.features) - set(scene.stage.features) or performer(operation) not in {"self", chart.owner}:
            continue
        _stay(scene, chart, state_name, operation.id)
        _attempt(scene, chart, operation)
    if chart.resource in LIVE:
        read_back(scene, chart.resource, chart.owner, "unchanged")


def withheld_in(contract: Contract, chart: Statechart, state_name: str) -> list[Operation]:
    """The operations of the resource that stand for capabilities which the state does not have."""
    if not chart.capabilities or chart.region:
        return []
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


def await_error(scene: Scene, performed: Performed, start: int) -> None:
    """After a reply that did not refuse, gives the asynchronous error the time to come."""
    if not performed.accepted:
        return
    patience = scene.stage.patience

    def is_error(event: Event) -> bool:
        data = event.payload.get("data") if event.kind == "cometd.event" else None
        return isinstance(data, Mapping) and (
            data.get("messageType") == "ErrorMessage" or data.get("notificationType") == "Error"
        )

    if scene.stage.recorder.wait(is_error, after=start, deadline=patience.for_kind("ErrorMessage")) is None:
        patience.missed("ErrorMessage")
    else:
        patience.came("ErrorMessage")
