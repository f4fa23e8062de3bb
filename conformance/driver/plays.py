"""The plays of one operation: an example of it, and the requests that must be refused. States and transitions are in
`state_plays`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.contract import Contract, Example, Needs, Operation, matches
from conformance.contract.placeholders import placeholders
from conformance.driver.ledger import Entry
from conformance.driver.negatives import Refusable, refusables
from conformance.driver.outcomes import NotApplicable, Untestable
from conformance.driver.requests import build_request
from conformance.driver.scene import Performed, Scene, session_for
from conformance.driver.settings import keep_settings
from conformance.driver.stage import SAFE
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
    stage.require_features_of(operation)
    stage.require_features(example.features if example else ())
    stage.require_any_feature(operation.features_any)
    if operation.edition not in {"both", stage.target.edition}:
        raise NotApplicable(
            f"the operation belongs to edition {operation.edition}, the target is {stage.target.edition}"
        )
    needs = (example.needs if example else None) or operation.needs
    for role in cast_for(operation):
        if role in {"self", performer(operation)} or operation.resource in LIVE:
            scene.actor(role, session=session_for(needs) if role == performer(operation) or needs.session else None)
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
        scene.stage.require_hazard("state", "a stimulus")
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
    actor = scene.actor(role, session=False if role == "admin" else session_for(operation.needs))
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
    told = kind != "device" or actor.device_told
    final = any(state.final and matches(state.where, latest) for _, state in scene.contract.states_of(kind, latest))
    operation = collection[0]
    scene.stage.recorder.begin_step(
        {
            "operation": operation.id,
            "case": "probe",
            "performer": actor.name,
            "role": role,
            "label": label,
            # What a GET has shown before is no notification that another GET could agree with.
            **({"latest": {"resource": kind, "value": latest, "final": final}} if told else {}),
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
        if case.request.method in SAFE or case.request.method == operation.method or scene.stage.may("state"):
            _refuse(scene, operation, role, case)  # nobody knows what a method does that no page gives
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
            scene.actor(role, session=False if role == "admin" else None)
        except Untestable:
            continue
        _refuse(scene, operation, role, Refusable("wrong-role", f"wrong-role:{user.role}", sound))
        return


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
