"""Moves resources through their statecharts: a transition, or the shortest way to a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from conformance.contract import State, Statechart, Transition, matches
from conformance.contract.loader import value_at
from conformance.contract.placeholders import resolve
from conformance.driver.lookup import lookup
from conformance.driver.outcomes import Untestable
from conformance.driver.waiting import await_state

if TYPE_CHECKING:
    from conformance.driver.scene import Performed, Scene

UNJUDGED = frozenset({"setup", "cleanup", "stimulus"})


def move(
    scene: Scene, transition: Transition, *, case: str = "setup", label: str = "", level: str = "must"
) -> Performed | None:
    """Carries out one transition of a chart. None for a stimulus or a customer's act.

    Raises:
        Untestable: it cannot be carried out.
    """
    chart = scene.contract.statecharts[transition.chart]
    state = chart.states[transition.target]
    scene.binding = chart.binds  # new resources are bound to this name, also when they are told of late
    if ":" in transition.by:
        _provoke(scene, transition, (chart, state, chart.owner), case, label, level)
        return None
    operation = scene.contract.operations[transition.by]
    example = operation.examples[0] if operation.examples and not transition.parameters else None
    on = transition.on or (chart.binds if operation.resource == chart.resource else None)
    return scene.perform(
        transition.by,
        role=transition.actor,
        case=case,
        example=example,
        parameters=transition.parameters,
        on=on,
        expect=(chart, state, chart.owner),
        label=label,
        transition=str(transition),
        level=level,
        plain=True,
    )


def _provoke(
    scene: Scene, transition: Transition, expect: tuple[Statechart, State, str], case: str, label: str, level: str
) -> None:
    """A stimulus, or a customer's request, and what should come of it."""
    kind, _, name = transition.by.partition(":")
    chart, state, owner = expect
    parameters = _resolved(scene, transition.parameters)
    declared = {
        "operation": "",
        "case": "stimulus" if case == "setup" else case,
        "label": label,
        "transition": str(transition),
        "performer": kind,
        "level": level,
        "expect": {
            "chart": chart.name,
            "state": state.name,
            "actor": scene.cast.get(owner),
            "id": None,
            "moved": not matches(state.where, scene.resource(chart.binds, owner) or {}),
        },
    }
    if kind == "customer" and name == "RequestChat":
        scene.stage.take_chats()
    if case not in UNJUDGED:
        scene.settle()
    scene.stage.recorder.begin_step(declared)
    try:
        if kind == "customer":
            _customer(scene, name, parameters)
        else:
            scene.stage.stimulate(name, parameters)
        await_state(scene, chart, state, owner)
    finally:
        scene.stage.recorder.end_step({})
    scene.unsettled = scene.unsettled or case in UNJUDGED


def _resolved(scene: Scene, parameters: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return dict(resolve(parameters, lookup(scene, "self", absolute=True)))
    except KeyError as error:
        raise Untestable(f"{error.args[0]} is not known in this scenario") from None


def _customer(scene: Scene, name: str, parameters: Mapping[str, Any]) -> None:
    if name == "RequestChat":
        body = {"nickname": "customer", "subject": "conformance", **parameters, "operationName": name}
        if scene.stage.target.chat_queue:
            body.setdefault("endpoint", scene.stage.target.chat_queue)
        reply = scene.stage.customer_request("POST", "/chats", body)
        scene.values["customer.chat.id"] = str(reply.get("id", ""))
        return
    identifier = scene.values.get("customer.chat.id")
    if not identifier:
        raise Untestable(f"the customer has no chat to {name} in")
    scene.stage.customer_request("POST", f"/chats/{identifier}", {**parameters, "operationName": name})


def reach(scene: Scene, chart_name: str, state_name: str) -> None:
    """Brings the resource of a chart to a state by the shortest way, by acting.

    Raises:
        Untestable: a step on the way was refused or did not have its effect; names the step.
    """
    chart = scene.contract.statecharts[chart_name]
    scene.stage.require_hazard("state")
    scene.stage.require_features_of(chart)
    if chart.resource == "device" and state_name in chart.states:
        device = scene.resource(chart.binds, chart.owner)
        if device is not None and matches(chart.states[state_name].where, device):
            return
    if chart.base is not None:
        reach(scene, *chart.base)
    try:
        way = chart.path(state_name)
    except KeyError as error:
        raise Untestable(str(error.args[0])) from None
    for transition in way:
        current = scene.resource(chart.binds, chart.owner)
        target = chart.states[transition.target]
        settled = transition.source == "start" and chart.resource == "device" and current is not None
        if settled and matches(target.where, current):
            continue
        performed = move(scene, transition)
        after = scene.resource(chart.binds, chart.owner) or {}
        if performed is not None and not performed.accepted:
            raise Untestable(
                f"{state_name} of chart {chart_name} was not reached: {transition} was refused: {performed.describe()}"
            )
        if not matches(target.where, after):
            seen = {path: value_at(after, path) for path in target.where}
            raise Untestable(
                f"{state_name} of chart {chart_name} was not reached: after {transition} the resource shows {seen}"[
                    :400
                ]
            )
