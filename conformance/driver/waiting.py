"""Waits for what the documents promise: on conditions, with deadlines, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from conformance.contract import Example, Notification, Operation, State, Statechart, matches
from conformance.contract.loader import value_at
from conformance.contract.matching import relative_role, same_kind, values_differ
from conformance.contract.placeholders import resolve
from conformance.driver.lookup import lookup
from conformance.driver.outcomes import Untestable
from conformance.driver.requests import Request
from conformance.wire.recorder import Event

if TYPE_CHECKING:
    from conformance.driver.scene import Performed, Scene

ERRORS = ("ErrorMessage",)
MAXIMUM_GRACES = 10
UNTOLD = 0.25
"""Seconds for which a listener may be busy with what has come."""
GLANCE = 0.0005
"""Seconds between two looks at whether it still is."""


def await_binding(scene: Scene, binding: str, role: str) -> str | None:
    """Waits until the actor has been told of a resource: what another actor caused may still be on its way."""
    patience = scene.stage.patience
    until = time.monotonic() + patience.for_kind(f"binding {binding}")
    while (identifier := scene.bound(binding, role)) is None:
        left = until - time.monotonic()
        arrived = left > 0 and scene.stage.recorder.wait(
            lambda event: event.kind == "cometd.event", after=scene.seen, deadline=left
        )
        if not arrived:
            patience.missed(f"binding {binding}")
            return None
        scene.absorb()
    return identifier


def await_documented(
    scene: Scene,
    operation: Operation,
    example: Example | None,
    role: str,
    start: int,
    performed: Performed,
    expect: tuple[Statechart, State, str] | None,
    request: Request,
    shared: str | None,
) -> None:
    """Waits until what the operation must or should cause has come, and the resource is in the expected state.

    `shared`: the binding of the resource when it is performed elsewhere than on its page, see `Scene.perform`.
    """
    if not performed.accepted:
        return
    parties = {name: scene.known.get(name, set()) for name in scene.cast.values()}
    identifier = scene.bound(shared, role) if shared else None
    listed = operation.notifications
    if example is not None and example.notifications is not None:
        listed = example.notifications
    for item in listed:
        name = scene.cast.get(relative_role(role, item.to))
        if item.level == "may" or item.reading or item.when or name is None or not _listens(scene, name):
            continue
        if identifier and name != scene.cast.get(role) and identifier not in parties.get(name, set()):
            continue  # performed elsewhere than on its page: this actor was never told of the resource
        values = _expected_values(scene, item, role, operation, request)
        if not _await_event(scene, name, item, start, values):
            break
    if expect is not None:
        await_state(scene, *expect, after=start)


def _listens(scene: Scene, name: str) -> bool:
    return any(actor.name == name and actor.cometd is not None for actor in scene.stage.opened())


def _expected_values(
    scene: Scene, item: Notification, role: str, operation: Operation, request: Request
) -> dict[str, Any]:
    """The documented values of a notification, as far as they can be known."""
    find = lookup(scene, role, absolute=operation.actor == role)

    def known(name: str) -> Any:
        if not name.startswith("request."):
            return find(name)
        value = value_at(request.body, name.removeprefix("request."))
        if value is None:
            raise KeyError(name)
        return value

    out = {}
    for path, value in item.values.items():
        try:
            out[path] = resolve(value, known)
        except (KeyError, Untestable):
            continue  # not part of this request: nothing is expected of it
    return out


def _await_event(scene: Scene, name: str, expected: Notification, start: int, values: Mapping[str, Any]) -> bool:
    """Waits for one notification; False when an asynchronous error makes further waiting pointless."""
    failed = False

    def wanted(event: Event) -> bool:
        nonlocal failed
        if event.kind != "cometd.event":
            return False
        data = event.payload.get("data")
        if isinstance(data, Mapping) and expected.message_type not in ERRORS:
            failed = data.get("messageType") in ERRORS or data.get("notificationType") == "Error"
        same = event.actor == name and same_kind(expected, data) and not values_differ(values, data)
        return failed or same

    patience = scene.stage.patience
    began = time.monotonic()
    found = scene.stage.recorder.wait(wanted, after=start, deadline=patience.for_kind(expected.label()))
    if found is None:
        patience.missed(expected.label())
    else:
        patience.came(expected.label())
        scene.stage.tempo.took(time.monotonic() - began)
    return not failed


def await_state(scene: Scene, chart: Statechart, state: State, role: str, *, after: int = 0) -> bool:
    """Waits until the resource that a role sees under the chart's binding is in the state."""
    key = f"{chart.name}:{state.name}"
    until = time.monotonic() + scene.stage.patience.for_kind(key)
    seq = max(after, 0)
    while True:
        resource = scene.resource(chart.binds, role)
        if matches(state.where, resource or {}):
            scene.stage.patience.came(key)
            return True
        seq = scene.stage.recorder.last_seq if seq == 0 else seq
        left = until - time.monotonic()
        if left <= 0:
            scene.stage.patience.missed(key)
            return False
        event = scene.stage.recorder.wait(lambda item: item.kind == "cometd.event", after=scene.seen, deadline=left)
        if event is None and time.monotonic() >= until:
            scene.stage.patience.missed(key)
            return False


def quiet(scene: Scene) -> None:
    """Listens until the server has been silent for the configured grace, so that what must not come has the time to,
    and until all that has come is told: on a busy machine a listener may wait for its turn longer than the grace."""
    grace, recorder = scene.stage.tempo.grace, scene.stage.recorder
    until = time.monotonic() + max(MAXIMUM_GRACES * grace, UNTOLD)
    sessions = [actor.cometd for actor in scene.stage.opened() if actor.cometd is not None]
    while grace > 0 and time.monotonic() < until:
        left = grace - recorder.idle
        if left <= 0 and all(session.silent for session in sessions):
            break
        recorder.wait(lambda event: event.kind == "cometd.event", after=recorder.last_seq, deadline=max(left, GLANCE))
    scene.absorb()
