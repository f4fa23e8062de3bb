"""The way back: ends what an operation began beside a resource, and brings the resource to the state it was in. Nothing
here judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.contract import Statechart
from conformance.driver.actor import OVER
from conformance.driver.probes import resource_with, wait_for
from conformance.driver.scene import Scene

BESIDE = "beside"
"""What a call or a chat that has to be ended is bound to meanwhile."""
ENDS: Mapping[str, tuple[str, str]] = {"call": ("voice.Hangup", "Released"), "chat": ("chat.Reject", "Completed")}
"""How it is ended, by the kind of resource, and its state then."""
ASKED: Mapping[str, str] = {"call": "Ringing", "chat": "Invited"}
"""The state of what somebody is called or invited to."""
BACK: Mapping[tuple[str, str], str] = {("Held", "Established"): "voice.Retrieve", ("Established", "Held"): "voice.Hold"}
"""What leads a call from the state that it shows to the one that is wanted."""


@dataclass(frozen=True)
class Before:
    """What there was before an operation: the owner's bindings, and the state of each (actor, id) resource."""

    bindings: Mapping[tuple[str, str], str]
    states: Mapping[tuple[str, str], str]


def held_before(scene: Scene, chart: Statechart) -> Before:
    """What there is now."""
    scene.absorb()
    states = {
        (actor.name, identifier): str(resource.get("state"))
        for actor in scene.stage.opened()
        for identifier, resource in actor.resources.get(chart.resource, {}).items()
    }
    owner = scene.cast.get(chart.owner)
    return Before({key: value for key, value in scene.bindings.items() if scene.cast.get(key[0]) == owner}, states)


def come_back(scene: Scene, chart: Statechart, state_name: str, before: Before) -> None:
    """Brings the resource of a chart back, after an operation that it offered in a state. Where that does not succeed
    nothing is said: whoever wants to go on looks where the resource is."""
    if chart.resource == "device":
        scene.reach(chart.name, state_name)
        scene.quiet()
        return
    scene.bindings.update(before.bindings)  # what began beside the resource has not taken its name
    owner = scene.cast.get(chart.owner, "")
    for identifier in _new(scene, owner, chart, before, None):
        _end(scene, chart.resource, chart.owner, identifier)
    scene.quiet()
    for role, name in scene.cast.items():
        waiting = _new(scene, name, chart, before, ASKED[chart.resource]) if name != owner else []
        for identifier in waiting:
            _decline(scene, chart.resource, role, identifier)
    wanted = chart.states[state_name].where
    seen = scene.resource(chart.binds, chart.owner) or {}
    operation = BACK.get((str(seen.get("state")), str(wanted.get("state"))))
    if operation is not None:
        there = {"id": seen.get("id"), "state": wanted["state"]}
        _act(scene, operation, chart.owner, chart.binds, chart.resource, there)
    scene.quiet()


def _new(scene: Scene, name: str, chart: Statechart, before: Before, state: str | None) -> list[str]:
    """What an actor has since then of the chart's kind of resource: what is in a state in which it was not before, or
    (None) what was not there at all and is not over."""
    actor = next((item for item in scene.stage.opened() if item.name == name), None)
    found = dict(actor.resources.get(chart.resource, {})) if actor is not None else {}
    if state is None:
        over = OVER[chart.resource]
        return [
            key for key, item in found.items() if (name, key) not in before.states and item.get("state") not in over
        ]
    return [key for key, item in found.items() if item.get("state") == state != before.states.get((name, key))]


def _end(scene: Scene, kind: str, role: str, identifier: str) -> None:
    operation, over = ENDS[kind]
    scene.bindings[(role, BESIDE)] = identifier
    _act(scene, operation, role, BESIDE, kind, {"id": identifier, "state": over})
    del scene.bindings[(role, BESIDE)]


def _decline(scene: Scene, kind: str, role: str, identifier: str) -> None:
    """Somebody who is called or invited goes again; a call has to be answered before one can hang up."""
    if kind == "call":
        scene.bindings[(role, BESIDE)] = identifier
        _act(scene, "voice.Answer", role, BESIDE, kind, {"id": identifier, "state": "Established"})
    _end(scene, kind, role, identifier)


def _act(scene: Scene, operation: str, role: str, on: str, kind: str, there: Mapping[str, Any]) -> None:
    start = scene.stage.recorder.last_seq
    if scene.perform(operation, role=role, on=on, plain=True, wait=False).accepted:
        wait_for(scene, role, f"back by {operation}", resource_with(kind, there), start)
