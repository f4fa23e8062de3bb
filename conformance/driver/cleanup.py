"""Leaves the deployment as it was: ends calls and chats, takes back device settings, deletes what was created."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from conformance.driver.actor import OVER, Actor
from conformance.driver.devices import BEFORE, CHANGED
from conformance.driver.devices import put_back as put_back_device
from conformance.driver.intents import CALLS, CONTACTS
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.scene import Scene
from conformance.driver.settings import put_back
from conformance.driver.stage import Stage, over
from conformance.wire.recorder import Event

CHAT_WAYS: Mapping[str, tuple[str, ...]] = {
    "Invited": ("Reject",),
    "Chatting": ("Complete", "Leave"),
    "LeftChat": ("Complete",),
}
PASSES = 3
CREATED = ("contact", "contact-name", "customer-chat", "setting", "monitoring")
SETTLED = ("stimulus", *CREATED, CHANGED, BEFORE, *OVER, "calls")
"""What the end of a run undoes; sessions end last, each with its actor."""


def clean_up(scene: Scene) -> list[str]:
    """Undoes what a scenario started, the newest first; what could not be undone, in words."""
    stage = scene.stage
    stage.require_present()
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
        for attempt in range(PASSES if stage.may("state") else 0):
            for actor in actors:
                _end_calls(scene, actor, attempt)
                _end_chats(scene, actor)
            scene.absorb()
            if not any(_live(actor, kind) for actor in actors for kind in OVER):
                break
        left = _undo_all(stage, CHANGED)
        scene.absorb()
        for actor in actors:
            if _logged_out(actor) or actor.session_played:
                stage.end_session(actor)  # the next scenario begins one with all the run's channels
        left += _undo_all(stage, *CREATED)
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
        if not _live(actor, "call"):
            stage.ledger.done("calls", actor.name, actor.name)
        actor.forget()
    return left


def _anything(scene: Scene, actors: list[Actor]) -> bool:
    return (
        any(actor.resources[kind] for actor in actors for kind in OVER)
        or any(actor.session_played or _logged_out(actor) for actor in actors)
        or "customer.chat.id" in scene.values
        or bool(_open(scene.stage, *CREATED, CHANGED) or scene.stage.ledger.open_entries("stimulus"))
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
    scene.values.pop("customer.chat.id", None)
    _undo_all(scene.stage, "customer-chat")


def _logged_out(actor: Actor) -> bool:
    """Whether a scenario has left the actor's device logged out while the session goes on."""
    state = (actor.device or {}).get("userState")
    return actor.in_session and isinstance(state, Mapping) and state.get("state") == "LoggedOut"


def _open(stage: Stage, *kinds: str) -> list[Entry]:
    """What the ledger holds of some kinds, the newest first, except what could not be undone already."""
    return [entry for entry in stage.ledger.open_entries(*kinds) if entry not in stage.stuck]


def _undo_all(stage: Stage, *kinds: str) -> list[str]:
    """Undoes what the ledger holds of some kinds; what could not be undone, in words. That is tried again at the end of
    the run, not after each scenario."""
    stuck = [entry for entry in _open(stage, *kinds) if not undo(stage, entry)]
    stage.stuck.update(stuck)
    return [str(entry) for entry in stuck]


def settle(stage: Stage) -> list[Entry]:
    """At the end of a run: undoes whatever the ledger still holds, sessions apart, the newest first; what is left."""
    if stage.gone is not None:
        return stage.ledger.open_entries(*SETTLED)
    return [entry for entry in stage.ledger.open_entries(*SETTLED) if not undo(stage, entry)]


def undo(stage: Stage, entry: Entry) -> bool:
    """Undoes one ledger entry; True when it is gone.

    An entry's `undo` is a method, a path and, where the request has a body, an operationName or (`setting`, `device`,
    `device-before`) a JSON object; that of a `stimulus` is its name and a JSON object. A `contact-name` is the name of
    a contact whose creation was not answered: whoever bears it is deleted. `calls` are those of a user who dialled,
    whether or not the run was told of them.
    """
    own = _OWN_WAYS.get(entry.kind)
    if own is not None:
        return own(stage, entry)
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
    gone = over(reply)
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


def _undo_customer_chat(stage: Stage, entry: Entry) -> bool:
    """Ends a chat as its customer; True when it is over."""
    reply = stage.customer_reply("POST", f"/chats/{entry.id}", {"operationName": "Complete"})
    gone = over(reply)
    if gone:
        stage.ledger.done(entry.kind, entry.actor, entry.id)
    return gone


def _undo_contact_name(stage: Stage, entry: Entry) -> bool:
    """Deletes the custom contacts of a name that this suite has made up ("Contacts API", the parameter `name`)."""
    actor = stage.actor(entry.actor, session=False)
    params = {"name": entry.id, "type": "Custom", "limit": 100}
    reply = actor.http.request("GET", CONTACTS, params=params, purpose="auth")
    found = reply.json.get("contacts") if isinstance(reply.json, Mapping) else None
    if reply.error or not isinstance(found, list):
        return False
    ours = [item for item in found if isinstance(item, Mapping) and item.get("name") == entry.id]
    gone = all(over(actor.http.request("DELETE", f"{CONTACTS}/{item.get('id')}", purpose="auth")) for item in ours)
    if gone:
        stage.ledger.done(entry.kind, entry.actor, entry.id)
    return gone


def _undo_calls(stage: Stage, entry: Entry) -> bool:
    """Hangs up whatever calls a user has that dialled; True when there are none."""
    actor = stage.actor(entry.actor, session=False)
    reply = actor.http.request("GET", CALLS, params={"fields": "*"}, purpose="auth")
    found = reply.json.get("calls") if isinstance(reply.json, Mapping) else None
    if reply.error or not isinstance(found, list):
        return False
    live = [item for item in found if isinstance(item, Mapping) and item.get("state") != "Released"]
    body = {"operationName": "Hangup"}
    replies = [actor.http.request("POST", f"{CALLS}/{item.get('id')}", json=body, purpose="auth") for item in live]
    gone = all(over(item) for item in replies)
    if gone:
        stage.ledger.done(entry.kind, entry.actor, entry.id)
    return gone


_OWN_WAYS: Mapping[str, Callable[[Stage, Entry], bool]] = {
    "stimulus": _undo_stimulus,
    "setting": put_back,
    CHANGED: put_back_device,
    BEFORE: put_back_device,
    "customer-chat": _undo_customer_chat,
    "contact-name": _undo_contact_name,
    "calls": _undo_calls,
}
