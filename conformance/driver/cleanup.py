"""Leaves the deployment as it was: ends calls and chats, takes back device settings, deletes what was created."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.driver.actor import Actor
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.scene import Scene
from conformance.driver.settings import put_back
from conformance.driver.stage import Stage
from conformance.wire.recorder import Event

OVER: Mapping[str, frozenset[str]] = {
    "call": frozenset({"Released"}),
    "chat": frozenset({"Completed", "Revoked"}),
}
CHAT_WAYS: Mapping[str, tuple[str, ...]] = {
    "Invited": ("Reject",),
    "Chatting": ("Complete", "Leave"),
    "LeftChat": ("Complete",),
}
PASSES = 3
CREATED = ("contact", "setting", "monitoring")


def clean_up(scene: Scene) -> list[str]:
    """Undoes what a scenario started, the newest first; what could not be undone, in words."""
    stage = scene.stage
    scene.quiet()  # somebody may be about to be told of a call or a chat that has to be ended
    actors = [actor for actor in stage.opened() if actor.me]
    if not _anything(scene, actors):
        return []
    stage.recorder.begin_step({"operation": "", "case": "cleanup", "performer": "", "label": "clean-up"})
    try:
        for entry in stage.ledger.open_entries("stimulus"):
            undo(stage, entry)  # first: a back end that is down could end nothing
        if "customer.chat.id" in scene.values:
            # Before the agents leave: a chat that is left with its customer in it is offered to somebody again.
            _end_customer(scene)
            scene.quiet()
        for attempt in range(PASSES):
            for actor in actors:
                _end_calls(scene, actor, attempt)
                _end_chats(scene, actor)
            scene.absorb()
            if not any(_live(actor, kind) for actor in actors for kind in OVER):
                break
        for actor in actors:
            _restore_device(scene, actor)
            if actor.session_played:
                stage.end_session(actor)  # the next scenario begins one with all the run's channels
        left = _delete_created(stage)
        scene.absorb()
    finally:
        stage.recorder.end_step({})
    left += [
        f"{kind} {identifier} of {actor.name}" for actor in actors for kind in OVER for identifier in _live(actor, kind)
    ]
    for actor in actors:
        for kind in OVER:
            for identifier in actor.resources[kind]:
                if identifier not in _live(actor, kind):
                    stage.ledger.done(kind, actor.name, identifier)
            stage.past.update(actor.resources[kind])
        actor.forget()
    return left


def _anything(scene: Scene, actors: list[Actor]) -> bool:
    return (
        any(actor.resources[kind] for actor in actors for kind in OVER)
        or any(_unsettled(actor) or actor.session_played for actor in actors)
        or "customer.chat.id" in scene.values
        or bool(_created(scene.stage) or scene.stage.ledger.open_entries("stimulus"))
    )


def _live(actor: Actor, kind: str) -> list[str]:
    return [
        identifier
        for identifier, resource in reversed(actor.resources[kind].items())
        if resource.get("state") not in OVER[kind]
    ]


def _send(actor: Actor, path: str, body: Mapping[str, Any]) -> bool:
    """Sends an operation; False when it was refused."""
    reply = actor.http.request("POST", path, json=dict(body), purpose="auth")
    code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
    return not reply.error and code in (0, None)


def _act(scene: Scene, actor: Actor, path: str, body: Mapping[str, Any], kind: str, identifier: str) -> None:
    """Sends a clean-up operation and waits until the resource is over."""
    start = scene.seen
    reply = actor.http.request("POST", path, json=dict(body), purpose="auth")
    code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
    if reply.error:
        return

    def over(event: Event) -> bool:
        if event.kind != "cometd.event" or event.actor != actor.name:
            return False
        data = event.payload.get("data")
        resource = data.get(kind) if isinstance(data, Mapping) else None
        return (
            isinstance(resource, Mapping) and resource.get("id") == identifier and resource.get("state") in OVER[kind]
        )

    # A refusal may mean that it is over already and that the news of it is still on its way.
    name = f"cleanup {kind}" if code in (0, None) else f"cleanup refused {kind}"
    patience = scene.stage.patience
    if scene.stage.recorder.wait(over, after=start, deadline=patience.for_kind(name)) is None:
        patience.missed(name)
    else:
        patience.came(name)
    scene.absorb()


def _end_calls(scene: Scene, actor: Actor, attempt: int) -> None:
    """Hangs up; a call that still rings is left to its caller, or answered first when nobody else ends it."""
    for identifier in _live(actor, "call"):
        call = actor.resources["call"].get(identifier, {})
        if call.get("state") == "Released":
            continue
        if call.get("state") == "Ringing":
            if attempt == 0:
                continue
            _send(actor, f"/me/calls/{identifier}", {"operationName": "Answer"})
        _act(scene, actor, f"/me/calls/{identifier}", {"operationName": "Hangup"}, "call", identifier)


def _end_chats(scene: Scene, actor: Actor) -> None:
    for identifier in _live(actor, "chat"):
        state = str(actor.resources["chat"][identifier].get("state"))
        for name in CHAT_WAYS.get(state, ("Complete",)):
            if identifier in _live(actor, "chat"):
                _act(scene, actor, f"/me/chats/{identifier}", {"operationName": name}, "chat", identifier)


def _end_customer(scene: Scene) -> None:
    identifier = scene.values.pop("customer.chat.id", None)
    if not identifier:
        return
    try:
        scene.stage.customer_request("POST", f"/chats/{identifier}", {"operationName": "Complete"})
    except Untestable:
        return  # the chat is over already: that is what was wanted


def _unsettled(actor: Actor) -> list[tuple[str, str]]:
    """The (path, operationName) that take back what a scenario set on the actor's device."""
    device = actor.device or {}
    path = f"/me/devices/{device.get('id')}"
    ways = []
    if device.get("supervisorMonitoringState"):
        ways.append((path, "CancelSupervisorMonitoring"))
    if device.get("doNotDisturb") == "On":
        ways.append((path, "DoNotDisturbOff"))
    if device.get("forwardTo"):
        ways.append((path, "ForwardCallsOff"))
    return ways


def _restore_device(scene: Scene, actor: Actor) -> None:
    for path, name in _unsettled(actor):
        start = scene.stage.recorder.last_seq
        body: dict[str, Any] = {"operationName": name}
        reply = actor.http.request("POST", path, json=body, purpose="auth")
        if reply.error or not isinstance(reply.json, Mapping) or reply.json.get("statusCode") != 0:
            continue
        patience = scene.stage.patience
        told = scene.stage.recorder.wait(
            lambda event: event.kind == "cometd.event" and event.actor == actor.name,
            after=start,
            deadline=patience.for_kind("cleanup device"),
        )
        if told is None:
            patience.missed("cleanup device")
        scene.absorb()
    state = (actor.device or {}).get("userState")
    if isinstance(state, Mapping) and state.get("state") == "LoggedOut" and actor.in_session:
        scene.stage.end_session(actor)


def _created(stage: Stage) -> list[Entry]:
    """What scenarios created and changed, the newest first, except what could not be undone already."""
    return [entry for entry in stage.ledger.open_entries(*CREATED) if entry not in stage.stuck]


def _delete_created(stage: Stage) -> list[str]:
    """Undoes it; what could not be undone, in words. That is tried again at the end of the run, not after each
    scenario."""
    stuck = [entry for entry in _created(stage) if not undo(stage, entry)]
    stage.stuck.update(stuck)
    return [str(entry) for entry in stuck]


def settle(stage: Stage) -> list[Entry]:
    """At the end of a run: undoes whatever the ledger still holds, sessions apart, the newest first; what is left."""
    kinds = ("stimulus", *CREATED, *OVER)
    return [entry for entry in stage.ledger.open_entries(*kinds) if not undo(stage, entry)]


def undo(stage: Stage, entry: Entry) -> bool:
    """Undoes one ledger entry; True when it is gone.

    An entry's `undo` is a method, a path and, where the request has a body, an operationName or (`setting`) a JSON
    object; that of a `stimulus` is its name and a JSON object.
    """
    if entry.kind == "stimulus":
        return _undo_stimulus(stage, entry)
    if entry.kind == "setting":
        return put_back(stage, entry)
    actor = stage.actor(entry.actor, session=False)
    method, _, rest = entry.undo.partition(" ")
    if entry.kind == "contact":
        reply = actor.http.request("DELETE", f"/contacts/{entry.id}", purpose="auth")
    elif entry.kind == "call":
        reply = actor.http.request("POST", f"/me/calls/{entry.id}", json={"operationName": "Hangup"}, purpose="auth")
    elif entry.kind == "chat":
        reply = actor.http.request("POST", f"/me/chats/{entry.id}", json={"operationName": "Complete"}, purpose="auth")
    elif entry.kind == "session":
        reply = actor.http.request("POST", "/me", json={"operationName": "EndContactCenterSession"}, purpose="auth")
    else:
        path, _, name = rest.partition(" ")
        body: dict[str, Any] = {"json": {"operationName": name}} if name else {}
        reply = actor.http.request(method or "DELETE", path, purpose="auth", **body)
    code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
    gone = code in (0, 2, 6) or reply.status == 404  # 2: nothing was being monitored any more
    if gone:
        stage.ledger.done(entry.kind, entry.actor, entry.id)
    return gone


def _undo_stimulus(stage: Stage, entry: Entry) -> bool:
    """Provokes the opposite of what was provoked; True when the stimulus did it."""
    name, _, parameters = entry.undo.partition(" ")
    try:
        stage.stimulate(name, json.loads(parameters))
    except Untestable as error:
        stage.recorder.record("note", {"text": f"not undone: {name} {parameters}: {error}"[:400]})
        return False
    stage.ledger.done(entry.kind, entry.actor, entry.id)
    return True
