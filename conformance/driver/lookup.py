"""Resolves the placeholders of examples, charts and expected values in a scenario."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from conformance.contract.loader import value_at
from conformance.contract.matching import relative_role
from conformance.driver.actor import OVER
from conformance.driver.intents import UNIQUE
from conformance.driver.outcomes import Untestable

if TYPE_CHECKING:
    from conformance.driver.scene import Scene

ROLES = frozenset({"self", "second", "third", "supervisor", "admin", "customer"})
FREE = ("third", "supervisor")
"""Who may be meant by `${free.…}`: the first of them that is on no call, or in no chat."""


def lookup(scene: Scene, performer: str, *, absolute: bool = False) -> Callable[[str], Any]:
    """The function that resolves placeholders as the performer's operation means them.

    `absolute`: roles are the scenario's own, as in a chart's transitions and in a supervisor's operations.
    """

    def find(name: str) -> Any:
        head, _, rest = name.partition(".")
        if name == "unique":
            return f"{UNIQUE}{uuid.uuid4().hex[:12]}"
        if head == "target":
            return _target_value(scene, name)
        if name in scene.values:
            return scene.values[name]
        if head == "message":
            scene.absorb()
            return value_at(scene.actor(performer).last_message, rest)
        if head == "free":
            return actor_value(scene, _free(scene, "chat" if rest.startswith("user.") else "call"), rest, name)
        if head in ROLES:
            return actor_value(scene, head if absolute else relative_role(performer, head), rest, name)
        return _resource_value(scene, head, rest, performer, name)

    return find


def _free(scene: Scene, kind: str) -> str:
    """The role of somebody who is on stage and has no call (no chat). Raises `Untestable` when there is none."""
    scene.absorb()
    over = OVER[kind]
    for role in FREE:
        if role not in scene.cast:
            continue
        actor = scene.actor(role)
        if all(item.get("state") in over for item in actor.resources[kind].values()):
            return role
    raise Untestable(
        f"nobody is free for another {kind}: of {', '.join(FREE)}, each is in one or not named in the target file"
    )


def _target_value(scene: Scene, name: str) -> Any:
    target = scene.stage.target
    known = {
        "target.queueName": target.chat_queue,
        "target.queueNumber": target.queue_number,
        "target.externalNumber": target.external_number,
        "target.unassignedNumber": target.unassigned_number,
        "target.documentId": target.document_id,
    }
    value = known.get(name)
    if value is None:
        raise Untestable(f"the target file does not give {name} (see [numbers], [queues] and document_id)")
    return value


def actor_value(scene: Scene, role: str, rest: str, name: str) -> Any:
    """What `${self.rest}` and the like stand for. Raises `Untestable` when the actor has no such thing."""
    actor = scene.actor(role)
    device = actor.device or {}
    if rest == "phoneNumber":
        value: Any = device.get("phoneNumber")
    elif rest == "nickname":
        value = actor.nickname
    elif rest.startswith("device."):
        value = _addressed(scene, "devices", device).get(rest.removeprefix("device."))
    elif rest.startswith("user."):
        value = value_at(_addressed(scene, "users", actor.me), rest.removeprefix("user."))
    else:
        value = value_at({**actor.me, "userName": actor.me.get("userName")}, rest)
    if value is None:
        raise Untestable(f"{name} is not known: {actor.name} has none")
    return value


def _resource_value(scene: Scene, binding: str, rest: str, performer: str, name: str) -> Any:
    if binding == "device":
        return actor_value(scene, performer, f"device.{rest}", name)
    found = scene.resource(binding, performer)
    if rest.startswith("participants.") and found is not None:
        return _participant(scene, found, rest, performer)
    if found is None:
        others = (scene.resource(binding, role) for role in scene.cast if scene.bound(binding, role))
        found = next((item for item in others if item is not None), None)
    if rest == "id" and scene.bound(binding, performer):
        return scene.bound(binding, performer)
    value = value_at(_addressed(scene, f"{scene.kind_of(binding)}s", found or {}), rest)
    if value is None:
        raise KeyError(name)
    return value


def _addressed(scene: Scene, collection: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource with `path` and `uri`, made of its id where the server did not send them."""
    out = dict(resource)
    if out.get("id"):
        out.setdefault("path", f"/{collection}/{out['id']}")
        out.setdefault("uri", f"{scene.stage.target.transport.api_url}{out['path']}")
    return out


def _participant(scene: Scene, resource: Mapping[str, Any], rest: str, performer: str) -> Any:
    _, role, member = (*rest.split("."), "participantId")[:3]
    for item in resource.get("participants") or ():
        if not isinstance(item, Mapping):
            continue
        if role == "customer" and item.get("type") in {"Customer", "Client", "External"}:
            return item.get(member)
        if role != "customer":
            actor = scene.actor(relative_role(performer, role))
            names = {actor.nickname, str(actor.me.get("userName")), str(actor.me.get("firstName"))}
            number = (actor.device or {}).get("phoneNumber")
            if item.get("nickname") in names or (number and item.get("phoneNumber") == number):
                return item.get(member)
    raise Untestable(
        f"no participant {role!r} in the {', '.join(map(str, resource.get('participants') or ['list']))}"[:200]
    )
