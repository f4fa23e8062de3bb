"""Settings of the contact center that a scenario changes, and that the clean-up puts back."""

from __future__ import annotations

import json
from collections.abc import Mapping

from conformance.contract import Example, Operation
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.scene import Scene

WRITES: Mapping[str, str] = {"voice": "POST", "access-control": "PUT"}


def keep_setting(scene: Scene, group: str, name: str) -> None:
    """Reads a setting and notes in the ledger how to put it back; the clean-up after the scenario does it.

    Raises:
        Untestable: the settings cannot be read.
    """
    actor = scene.actor("admin", session=False)
    reply = actor.http.request("GET", f"/settings/{group}", purpose="auth")
    settings = reply.json.get("settings") if isinstance(reply.json, Mapping) else None
    if not isinstance(settings, list):
        raise Untestable(f"GET /settings/{group} shows no settings that could be put back")
    before = next((item for item in settings if isinstance(item, Mapping) and item.get("name") == name), None)
    if before is None:
        undo = f"DELETE /settings/{group} {json.dumps({'name': name})}"
    else:
        value = {"name": name, "value": before.get("value")}
        body = {"settings": value} if group == "access-control" else value
        undo = f"{WRITES[group]} /settings/{group} {json.dumps(body)}"
    scene.stage.ledger.add(Entry("setting", actor.name, f"{group}/{name}", undo))


def keep_settings(scene: Scene, operation: Operation, example: Example | None) -> None:
    """Sees to it that a setting which an operation is going to change is put back; nothing for other operations."""
    group = operation.path.removeprefix("/settings/")
    name = (example.parameters if example else {}).get("name")
    if operation.hazard == "configures" and group in WRITES and isinstance(name, str):
        keep_setting(scene, group, name)
