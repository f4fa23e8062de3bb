"""Which operations a call or a device offers in its state.

Sources: "What are capabilities?" (lines 1047-1235), the samples of every page of the Voice API (lines 3932-10599)
and "Device resource" (lines 4326-4384).
"""

from __future__ import annotations

from typing import Final

from ..models import ROLE_SUPERVISOR, Device
from ..world import World
from . import faults
from .parties import (
    BARGE_IN,
    COACH,
    DIALING,
    ESTABLISHED,
    HELD,
    LISTEN_IN,
    PAUSED,
    RECORDING,
    RELEASED,
    RINGING,
    STOPPED,
    Party,
)
from .state import voice_of

_USER_DATA: Final = ("AttachUserData", "UpdateUserData", "DeleteUserData", "DeleteUserDataPair")
_BRANCHING: Final = ("InitiateConference", "InitiateTransfer", "SingleStepConference", "SingleStepTransfer")

_IN_STATE: Final[dict[str, tuple[str, ...]]] = {
    RINGING: ("Answer", *_USER_DATA),
    DIALING: ("SendDtmf", "Hangup", *_USER_DATA),
    ESTABLISHED: ("Hold", "Hangup", "SendDtmf", *_BRANCHING, *_USER_DATA),
    HELD: ("Retrieve", "Hangup", *_BRANCHING, *_USER_DATA),
    RELEASED: (),
}
_RECORDING: Final[dict[str, tuple[str, ...]]] = {
    STOPPED: ("StartCallRecording",),
    RECORDING: ("PauseCallRecording", "StopCallRecording"),
    PAUSED: ("ResumeCallRecording", "StopCallRecording"),
}
_SWITCHES: Final[dict[str, tuple[str, ...]]] = {
    LISTEN_IN: ("SwitchToBargeIn",),
    COACH: ("SwitchToBargeIn", "SwitchToListenIn"),
    BARGE_IN: ("SwitchToListenIn",),
}


def has_held_call_beside(world: World, party: Party) -> bool:
    """Whether the party's phone has another call on hold."""
    others = voice_of(world).parties_of(party.device)
    return any(other.state == HELD for other in others if other is not party)


def offered(world: World, party: Party) -> set[str]:
    """What the call offers this party. The server itself goes by this; faults change only what is shown."""
    state = party.state
    names = set(_IN_STATE[state])
    if state == RINGING and party.device is not None and party.device.telephony_network == "Public":
        # "Answer" (lines 5493-5591): such a phone cannot be answered by a request.
        names.discard("Answer")
    if state in (RINGING, ESTABLISHED, HELD) and "api-voice-recording" in world.features:
        names.update(_RECORDING[party.call.recording])
    if state in (DIALING, ESTABLISHED) and has_held_call_beside(world, party):
        names.update(("SwapCalls", "CompleteTransfer"))
        if state == ESTABLISHED:
            names.add("CompleteConference")
    if state == ESTABLISHED:
        names.update(_in_company(party))
    return names


def _in_company(party: Party) -> set[str]:
    """What more an Established call offers because of who is on it."""
    if party.monitor_mode is not None:
        return {*_SWITCHES[party.monitor_mode], "RemoveParticipantFromConference"}
    # Who muted herself in a conference must be able to speak again when only two are left.
    if not party.call.is_conference:
        return {"UnmuteCall"} if party.mute else set()
    names = {"UnmuteCall" if party.mute else "MuteCall"}
    if party.owner:
        names.add("RemoveParticipantFromConference")
    return names


def call_capabilities(world: World, party: Party) -> list[str]:
    """The capabilities as the call resource shows them, in varying order."""
    names = offered(world, party)
    on = world.faults.on
    if party.state == ESTABLISHED and on(faults.CAPABILITY_MISSING):
        names.discard("Hold")
    if party.state == ESTABLISHED and on(faults.CONFERENCE_WITHOUT_REMOVE):
        names.discard("RemoveParticipantFromConference")
    if party.state == RINGING and on(faults.CAPABILITY_EXTRA):
        names.add("Hold")
    if party.state == RINGING and on(faults.PUBLIC_OFFERS_ANSWER):
        names.add("Answer")
    if party.state == HELD and on(faults.HELD_OFFERS_HOLD):
        names = names - {"Retrieve"} | {"Hold"}
    if party.state == DIALING and on(faults.DIALING_WITHOUT_SWAP):
        names.discard("CompleteTransfer")
    if party.state == RELEASED and on(faults.RELEASED_OFFERS_HANGUP):
        names.add("Hangup")
    return shuffled(world, names)


def may_monitor(world: World, device: Device) -> bool:
    """Whether the user of the device may monitor others."""
    user = world.user_of(device)
    return user is not None and user.has_role(ROLE_SUPERVISOR) and "api-supervisor-monitoring" in world.features


def device_capabilities(world: World, device: Device) -> list[str]:
    """The capabilities as the device resource shows them, in varying order."""
    dnd_on = device.do_not_disturb == "On" and not world.faults.on(faults.DND_CAPABILITY_STUCK)
    names = {
        "DoNotDisturbOff" if dnd_on else "DoNotDisturbOn",
        "ForwardCallsOn" if device.forward_to is None else "ForwardCallsOff",
    }
    if may_monitor(world, device):
        names.update(("ListenIn", "Coach", "BargeIn"))
    order = voice_of(world).monitors.get(device.id)
    if order is not None:
        names.add("CancelSupervisorMonitoring")
        if order.party is not None:
            names.add("UnmuteMonitoredUser" if _target_is_muted(order.party) else "MuteMonitoredUser")
    return shuffled(world, names)


def _target_is_muted(supervisor: Party) -> bool:
    return any(party.muted_by_supervisor for party in supervisor.call.parties)


def shuffled(world: World, names: set[str]) -> list[str]:
    """The names in an order that means nothing, the same again under the same seed."""
    ordered = sorted(names)
    voice_of(world).shuffle.shuffle(ordered)
    return ordered
