"""What is published, and to whom ("CometD notifications" of the Voice API, lines 4059-4227)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..models import Device
from ..world import World
from . import faults
from .parties import INBOUND, OUTBOUND, Call, Party
from .resources import call_resource, device_resource

CALLS: Final = "/v2/me/calls"
DEVICES: Final = "/v2/me/devices"

STATUS_CHANGE: Final = "StatusChange"
PARTICIPANTS_UPDATED: Final = "ParticipantsUpdated"
DATA_CHANGED: Final = "AttachedDataChanged"
DTMF_SENT: Final = "DtmfSent"
RECORDING_CHANGED: Final = "CallRecordingStateChange"
MONITORED_MUTED: Final = "MonitoredUserMutedStateChange"

INCORRECT_STATE: Final = "Incorrect object state"
INVALID_DN: Final = "Invalid Called Dn"
BUSY: Final = "Destination is busy"

# The samples of these kinds carry `extensions`; those of changed data and recordings do not.
_WITH_EXTENSIONS: Final = frozenset({STATUS_CHANGE, PARTICIPANTS_UPDATED, DTMF_SENT, MONITORED_MUTED})


def call_changed(
    world: World, party: Party, kind: str = STATUS_CHANGE, override: Mapping[str, Any] | None = None
) -> None:
    """Tell the party's user how the call looks now. `override` replaces members of the call (for faults)."""
    if party.device is None:
        return
    user = world.user_of(party.device)
    if user is None:
        return
    if kind == PARTICIPANTS_UPDATED and world.faults.on(faults.PARTICIPANTS_TYPE):
        kind = STATUS_CHANGE
    if kind == RECORDING_CHANGED and world.faults.on(faults.RECORDING_TYPE):
        kind = STATUS_CHANGE
    data: dict[str, Any] = {
        "messageType": "CallStateChangeMessage",
        "notificationType": kind,
        "call": {**call_resource(world, party), **(override or {})},
        "phoneNumber": party.device.phone_number,
    }
    if kind in _WITH_EXTENSIONS:
        data["extensions"] = _extensions(party)
    world.publish(user, DEVICES if world.faults.on(faults.WRONG_TOPIC) else CALLS, data)


def _extensions(party: Party) -> dict[str, int]:
    extensions = {"BusinessCall": int(party.call.call_type in (INBOUND, OUTBOUND))}
    if party.called:
        extensions["WrapUpTime"] = 0
    return extensions


def all_changed(world: World, parties: Iterable[Party], kind: str) -> None:
    """Tell several parties."""
    for party in list(parties):
        call_changed(world, party, kind)


def device_changed(world: World, device: Device, override: Mapping[str, Any] | None = None) -> None:
    """Tell the device's user how the device looks now."""
    user = world.user_of(device)
    if user is not None:
        resource = {**device_resource(world, device), **(override or {})}
        world.publish(user, DEVICES, {"messageType": "DeviceStateChangeMessage", "devices": [resource]})


def error(world: World, device: Device, message: str, call: Call | None = None) -> None:
    """Tell the device's user that a request failed behind this server (lines 4178-4227).

    An error about a call comes with the calls, any other with the devices.
    """
    user = world.user_of(device)
    if user is None or world.faults.on(faults.ERROR_SILENT):
        return
    data: dict[str, Any] = {
        "messageType": "ErrorMessage",
        "deviceUri": world.uri(f"/devices/{device.id}"),
        "devicePath": f"/devices/{device.id}",
        "errorMessage": message,
    }
    if call is None:
        world.publish(user, DEVICES, data)
    else:
        world.publish(user, CALLS, {**data, "callUri": world.uri(f"/calls/{call.id}")})
