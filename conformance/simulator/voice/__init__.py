"""The voice area: telephony as the Voice API shows it (Web Services API Reference, lines 3932-10599).

Importing the package registers its operations, stimuli and faults; `create(world)` makes its state.
"""

from __future__ import annotations

from ..world import World
from . import (
    agent_state,
    device_operations,
    operations_basic,
    operations_conference,
    operations_consult,
    operations_data,
    operations_recording,
    operations_supervisor,
    reads,
    session,
    stimuli,
    supervised_state,
)
from .agent_state import OFFLINE
from .state import VoiceState

__all__ = [
    "VoiceState",
    "agent_state",
    "create",
    "device_operations",
    "operations_basic",
    "operations_conference",
    "operations_consult",
    "operations_data",
    "operations_recording",
    "operations_supervisor",
    "reads",
    "session",
    "stimuli",
    "supervised_state",
]


def create(world: World) -> VoiceState:
    """The voice state of a freshly seeded world: every assigned phone is registered, nobody is logged in."""
    for device in world.devices.values():
        if device.user_id is not None:
            device.device_state = "Active"
            device.user_state = OFFLINE.user_state()
    return VoiceState(world)
