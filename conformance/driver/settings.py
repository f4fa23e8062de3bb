"""Settings of the contact center that a scenario changes, and that the clean-up puts back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.contract import Example, Operation
from conformance.driver.actor import Actor
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.scene import Scene
from conformance.driver.stage import Stage

WRITES: Mapping[str, str] = {"voice": "POST", "access-control": "PUT"}
"""By group: the request that puts a setting back. POST creates one, and sets a filter; PUT changes one that is there:
where the one is refused, the other is tried."""


def keep_setting(scene: Scene, group: str, name: str) -> None:
    """Reads a setting and notes in the ledger how to put it back; the clean-up after the scenario does it.

    Raises:
        Untestable: the settings cannot be read.
    """
    actor = scene.actor("admin", session=False)
    settings = _settings(actor, f"/settings/{group}")
    if settings is None:
        raise Untestable(f"GET /settings/{group} shows no settings that could be put back")
    before = settings.get(name)
    if before is None:
        undo = f"DELETE /settings/{group} {json.dumps({'name': name})}"
    else:
        value = {"name": name, "value": before.get("value")}
        body = {"settings": value} if group == "access-control" else value
        undo = f"{WRITES[group]} /settings/{group} {json.dumps(body)}"
    scene.stage.ledger.add(Entry("setting", actor.name, f"{group}/{name}", undo))


def put_back(stage: Stage, entry: Entry) -> bool:
    """Undoes the ledger entry of a setting; True when the setting is as it was. One that is so is not touched."""
    actor = stage.actor(entry.actor, session=False)
    method, _, rest = entry.undo.partition(" ")
    path, _, text = rest.partition(" ")
    body = json.loads(text)
    before = body.get("settings", body)
    settings = _settings(actor, path)
    now = settings.get(before["name"]) if settings is not None else None
    gone = settings is not None and (now or {}).get("value") == before.get("value")
    for way in [method] if method == "DELETE" else [method, *({"POST", "PUT"} - {method})]:
        if gone:
            break
        reply = actor.http.request(way, path, json=body, purpose="auth")
        code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
        gone = code == 0 or (method == "DELETE" and (code == 6 or reply.status == 404))
    if gone:
        stage.ledger.done(entry.kind, entry.actor, entry.id)
    return gone


def _settings(actor: Actor, path: str) -> dict[str, Mapping[str, Any]] | None:
    """The settings of a group by their names; None where they cannot be read."""
    reply = actor.http.request("GET", path, purpose="auth")
    shown = reply.json.get("settings") if isinstance(reply.json, Mapping) else None
    if not isinstance(shown, list):
        return None
    return {str(item.get("name")): item for item in shown if isinstance(item, Mapping)}


def keep_settings(scene: Scene, operation: Operation, example: Example | None) -> None:
    """Sees to it that a setting which an operation is going to change is put back; nothing for other operations."""
    group = operation.path.removeprefix("/settings/")
    name = (example.parameters if example else {}).get("name")
    if operation.hazard == "configures" and group in WRITES and isinstance(name, str):
        keep_setting(scene, group, name)
