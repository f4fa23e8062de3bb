"""Settings of devices: what a run changes is noted before the request, and put back as it was.

Do Not Disturb and forwarding are the device's own ("DoNotDisturbOn", lines 5010-5083; "ForwardCallsOn", lines
5158-5233; nothing says that the end of a session takes them back): a device that was diverted before the run is
diverted again after it. Monitoring is its supervisor's, whose session a run takes over and ends: it is only cancelled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from conformance.driver.actor import Actor
from conformance.driver.ledger import Entry
from conformance.wire.recorder import Event

if TYPE_CHECKING:
    from conformance.driver.stage import Stage

DND, FORWARD, MONITORING = "doNotDisturb", "forwardTo", "supervisorMonitoringState"
SETS: Mapping[str, str] = {
    "DoNotDisturbOn": DND,
    "DoNotDisturbOff": DND,
    "ForwardCallsOn": FORWARD,
    "ForwardCallsOff": FORWARD,
    "ListenIn": MONITORING,
    "Coach": MONITORING,
    "BargeIn": MONITORING,
    "CancelSupervisorMonitoring": MONITORING,
}
"""By operationName: the member of the device that it sets."""
OFF: Mapping[str, str] = {DND: "DoNotDisturbOff", FORWARD: "ForwardCallsOff", MONITORING: "CancelSupervisorMonitoring"}
CHANGED, BEFORE = "device", "device-before"
"""Kinds of entries: what scenarios set, taken back after each; what was set before the run and had to be cleared for
it, put back at its end."""


def set_to(device: Mapping[str, Any], member: str) -> str | None:
    """What a device has set; None where it is off."""
    value = device.get(member)
    if member == DND:
        return "On" if value == "On" else None
    if member == MONITORING:
        return "On" if value else None
    return str(value) if value else None


def before_setting(stage: Stage, actor: str, path: str, name: str) -> Entry | None:
    """The ledger entry that puts back what a request is about to set on a device; None where it sets nothing."""
    member, identifier = SETS.get(name), path.rpartition("/")[2]
    if member is None or path not in (f"/me/devices/{identifier}", f"/me/calls/{identifier}"):
        return None
    known = next((item.device for item in stage.opened() if item.name == actor), None) or {}
    if path.startswith("/me/calls/"):  # one reading of the forwarding pages
        identifier = str(known.get("id", ""))
    value = set_to(known, member) if known.get("id") == identifier else None
    if name == OFF[member] and value is None:
        return None
    return _entry(CHANGED, actor, identifier, member, value)


def _entry(kind: str, actor: str, identifier: str, member: str, value: str | None) -> Entry:
    body = {"operationName": OFF[member]}
    if value is not None and member == DND:
        body = {"operationName": "DoNotDisturbOn"}
    elif value is not None and member == FORWARD:
        body = {"operationName": "ForwardCallsOn", "destination": value}
    return Entry(kind, actor, f"{identifier}/{member}", f"POST /me/devices/{identifier} {json.dumps(body)}")


def clear(stage: Stage, actor: Actor) -> None:
    """When the run begins a session: scenarios start with a device that rings where it stands. What was set before is
    noted first, and put back at the end of the run. What a scenario has set and could not take back is not that."""
    identifier = str((actor.device or {}).get("id", ""))
    shown = actor.resources["device"].get(identifier, {})
    for member, name in OFF.items():
        value = set_to(shown, member)
        if value is None or stage.ledger.holds(CHANGED, actor.name, f"{identifier}/{member}"):
            continue
        if member != MONITORING:
            stage.ledger.add(_entry(BEFORE, actor.name, identifier, member, value))
        _set(stage, actor, f"/me/devices/{identifier}", {"operationName": name})


def put_back(stage: Stage, entry: Entry) -> bool:
    """Undoes the entry of a device; True when it is as it was. One that is so is not touched."""
    actor = stage.actor(entry.actor, session=False)
    identifier, _, member = entry.id.rpartition("/")
    _, path, text = entry.undo.split(" ", 2)
    body = json.loads(text)
    wanted = body.get("destination") or ("On" if body["operationName"] == "DoNotDisturbOn" else None)
    reply = actor.http.request("GET", "/me/devices", params={"fields": "*"}, purpose="auth")
    listed = reply.json.get("devices") if isinstance(reply.json, Mapping) else None
    devices = listed if isinstance(listed, list) else []
    now = next((item for item in devices if isinstance(item, Mapping) and item.get("id") == identifier), None)
    gone = now is not None and set_to(now, member) == wanted
    if not gone:
        if now is not None and wanted is not None and set_to(now, member) is not None:
            _set(stage, actor, path, {"operationName": OFF[member]})  # a forwarding that is on is not offered again
        gone = _set(stage, actor, path, body)
    if gone:
        stage.ledger.done(entry.kind, entry.actor, entry.id)
    return gone


def _set(stage: Stage, actor: Actor, path: str, body: Mapping[str, Any]) -> bool:
    """Sets something on a device, and waits for the news of it; False where that is refused."""
    start = stage.recorder.last_seq
    reply = actor.http.request("POST", path, json=dict(body), purpose="auth")
    if reply.error or not isinstance(reply.json, Mapping) or reply.json.get("statusCode") != 0:
        return False
    if actor.device is not None:
        member = SETS[body["operationName"]]
        actor.device = {key: value for key, value in actor.device.items() if key != member}
        if body["operationName"] != OFF[member]:
            actor.device[member] = body.get("destination", "On")
    if actor.cometd is None:
        return True

    def told(event: Event) -> bool:
        return event.kind == "cometd.event" and event.actor == actor.name

    if stage.recorder.wait(told, after=start, deadline=stage.patience.for_kind("cleanup device")) is None:
        stage.patience.missed("cleanup device")
    return True
