"""StartCallRecording, PauseCallRecording, ResumeCallRecording, StopCallRecording (lines 10201-10599)."""

from __future__ import annotations

from typing import Final

from ..context import Context
from ..world import World
from . import faults
from .notify import RECORDING_CHANGED, all_changed
from .parties import PAUSED, RECORDING, STOPPED, Party
from .requests import Act, call_operation

FEATURES: Final = ("api-voice", "api-voice-recording")

# What the samples' userData hold in each state.
_SIGN: Final = {RECORDING: "ON", PAUSED: "PAUSED", STOPPED: "OFF"}


def _set(state: str) -> Act:
    def act(world: World, party: Party) -> None:
        call = party.call
        stuck = state == PAUSED and world.faults.on(faults.RECORDING_STATE)
        call.recording = RECORDING if stuck else state
        stamp = world.clock.now().strftime("%Y-%m-%d_%H-%M-%S")
        pairs = {"GSIP_RECORD": _SIGN[call.recording]}
        if "GSIP_REC_FN" not in call.data():
            pairs["GSIP_REC_FN"] = f"{call.id}_{party.number}_{stamp}"
        call.merge_data(pairs)
        all_changed(world, call.agents, RECORDING_CHANGED)

    return act


@call_operation("StartCallRecording", features=FEATURES)
def start_call_recording(_: Context) -> Act:
    """StartCallRecording (lines 10201-10300): it also stops by itself when the call ends."""
    return _set(RECORDING)


@call_operation("PauseCallRecording", features=FEATURES)
def pause_call_recording(_: Context) -> Act:
    """PauseCallRecording (lines 10301-10400)."""
    return _set(PAUSED)


@call_operation("ResumeCallRecording", features=FEATURES)
def resume_call_recording(_: Context) -> Act:
    """ResumeCallRecording (lines 10401-10500)."""
    return _set(RECORDING)


@call_operation("StopCallRecording", features=FEATURES)
def stop_call_recording(_: Context) -> Act:
    """StopCallRecording (lines 10501-10599)."""
    return _set(STOPPED)
