"""The call, device and channel resources ("Call resource" lines 4228-4325, "Device resource" lines 4326-4384)."""

from __future__ import annotations

from typing import Any

from ..models import Device
from ..world import World
from . import faults
from .capabilities import call_capabilities, device_capabilities
from .numbers import participant
from .parties import (
    CONSULT,
    DIALING,
    ESTABLISHED,
    INBOUND,
    INTERNAL,
    OUTBOUND,
    RELEASED,
    RINGING,
    STOPPED,
    Party,
)
from .state import voice_of

SWITCH_NAME = "SIP_Switch"


def call_resource(world: World, party: Party) -> dict[str, Any]:
    """The call as one of its parties sees it."""
    call, on = party.call, world.faults.on
    shown_id = call.conn_id if on(faults.URI_WRONG) else call.id
    resource: dict[str, Any] = {
        "id": call.id,
        "state": party.state,
        "callUuid": call.id,
        "connId": call.conn_id,
        "participants": [participant(number) for number in _participants(world, party)],
        "dnis": call.dnis,
        "callType": _call_type(world, party),
        "capabilities": call_capabilities(world, party),
        "duration": _duration(world, party),
        "mute": "On" if _muted(world, party) else "Off",
        "supervisorListeningIn": _is_listened_to(world, party),
        "monitoredUserMuted": _monitored_user_muted(world, party),
        "monitoring": party.monitoring is not None,
        "uri": world.uri(f"/me/calls/{shown_id}"),
        "path": f"/calls/{shown_id}",
    }
    if party.device is not None:
        resource["deviceUri"] = world.uri(f"/devices/{party.device.id}")
    if call.ani is not None:
        resource["ani"] = call.ani
    if "api-voice-recording" in world.features:
        resource["recordingState"] = STOPPED if party.state == RELEASED else call.recording
    if party.monitor_mode is not None:
        resource["supervisorMonitoringState"] = {"state": party.monitor_mode}
    if call.parent is not None and not on(faults.PARENT_MISSING):
        resource["parentCallUri"] = world.uri(f"/me/calls/{call.parent.id}")
        resource["parentCallPath"] = f"/calls/{call.parent.id}"
    resource.update(_data(world, party))
    return resource


def _participants(world: World, party: Party) -> list[str]:
    numbers = list(party.participants())
    if world.faults.on(faults.PARTICIPANTS_SELF):
        numbers.append(party.number)
    return numbers[:1] if world.faults.on(faults.PARTICIPANTS_FIRST) else numbers


def _call_type(world: World, party: Party) -> str:
    call_type = party.call.call_type
    if call_type == CONSULT and world.faults.on(faults.CALL_TYPE_CONSULT):
        return INTERNAL
    if call_type == INBOUND and world.faults.on(faults.CALL_TYPE_INBOUND):
        return OUTBOUND
    return call_type


def _duration(world: World, party: Party) -> str | int:
    seconds = int(world.clock.monotonic() - party.call.created)
    if world.faults.on(faults.DURATION_STUCK):
        seconds = 0
    return seconds if world.faults.on(faults.DURATION_NUMBER) else str(seconds)


def _muted(world: World, party: Party) -> bool:
    return party.mute and not world.faults.on(faults.MUTE_FLAG)


def _is_listened_to(world: World, party: Party) -> bool:
    """A supervisor is not listening to herself: the flag is the agents'."""
    listened = party.monitoring is None and party.state != RELEASED and party.call.supervised
    return listened and not world.faults.on(faults.LISTENING_HIDDEN)


def _monitored_user_muted(world: World, party: Party) -> bool:
    muted = party.muted_by_supervisor or (
        party.monitoring is not None and any(other.muted_by_supervisor for other in party.call.parties)
    )
    return muted and not world.faults.on(faults.MONITORED_MUTE)


def _data(world: World, party: Party) -> dict[str, Any]:
    """userData, toast and case ("Toast and case data", lines 2647-2790)."""
    data, on = party.call.data(), world.faults.on
    settings: dict[str, Any] = world.settings.get("voice", {})
    toast, case = settings.get("toast-filter") or [], settings.get("case-filter") or []
    members: dict[str, Any] = {}
    if toast and party.state in (RINGING, DIALING) and not on(faults.TOAST_MISSING):
        members["toast"] = _filtered(toast, data)
    if case and (party.state == ESTABLISHED or (party.state == RINGING and on(faults.CASE_WHILE_RINGING))):
        members["case"] = _filtered(case, data)
    if (toast or case) and on(faults.USER_DATA_FILTERED):
        keys = {entry.get("attachedDataKey") for entry in [*toast, *case]}
        data = {key: value for key, value in data.items() if key in keys}
    if data or on(faults.EMPTY_USER_DATA):
        members["userData"] = data
    return members


def _filtered(entries: list[dict[str, Any]], data: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "displayName": entry.get("displayName", key), "value": data[key]}
        for entry in entries
        if (key := entry.get("attachedDataKey")) in data
    ]


def device_resource(world: World, device: Device) -> dict[str, Any]:
    """The device with the state of its user."""
    voice, on = voice_of(world), world.faults.on
    flag = "Off" if on(faults.DND_FLAG) else device.do_not_disturb
    resource: dict[str, Any] = {
        "id": device.id,
        "deviceState": device.device_state,
        "phoneNumber": device.phone_number,
        "e164Number": device.e164_number,
        "telephonyNetwork": device.telephony_network,
        "doNotDisturb": flag,
        "voiceEnvironmentUri": world.uri(f"/voice-environments/{device.voice_environment_id}"),
        "capabilities": device_capabilities(world, device),
    }
    if device.user_state is not None:
        resource["userState"] = shown_user_state(world, device.user_state)
    if device.forward_to is not None:
        resource["forwardTo"] = device.forward_to
    session = voice.sessions.get(device.user_id or "")
    if session is not None and session.dynamic_phone_number is not None:
        resource["dynamicPhoneNumber"] = session.dynamic_phone_number
        resource["channels"] = ["voice"]
    order = voice.monitors.get(device.id)
    if order is not None:
        resource["supervisorMonitoringState"] = {
            "state": order.state,
            "mode": order.mode,
            "scope": order.scope,
            "targetDeviceUri": world.uri(f"/devices/{order.target.id}"),
            "phoneNumber": order.target.phone_number,
            "switchName": SWITCH_NAME,
        }
    return resource


def shown_user_state(world: World, user_state: dict[str, Any]) -> dict[str, Any]:
    """The agent's state, as far as no fault bends it."""
    shown = dict(user_state)
    if shown.get("workMode") == "AuxWork" and world.faults.on(faults.AUX_WITHOUT_MODE):
        del shown["workMode"]
    if shown.get("state") == "LoggedOut" and world.faults.on(faults.OFFLINE_NAME):
        shown["state"] = "Logout"
    return shown


def channel_resource(world: World, device: Device) -> dict[str, Any]:
    """The voice channel ("Channel resource", lines 36568-36630)."""
    busy = any(party.active for party in voice_of(world).parties_of(device))
    return {
        "channel": "voice",
        "phoneNumber": device.phone_number,
        "switchName": SWITCH_NAME,
        "userActivity": "HandlingCall" if busy else "Idle",
        "userState": shown_user_state(world, device.user_state or {}),
    }
