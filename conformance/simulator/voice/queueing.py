"""Queues: a waiting call goes to the agent who has been ready and free for longest."""

from __future__ import annotations

from ..models import Device
from ..world import World
from .notify import call_changed
from .parties import RINGING, Call, Party
from .state import voice_of


def distribute(world: World) -> None:
    """Offer every waiting call, oldest first, to an agent who can take it."""
    for call in list(voice_of(world).calls.values()):
        if not call.waiting:
            continue
        device = _next_agent(world, call)
        if device is not None:
            call.waiting = False
            party = Party(call, device.phone_number, device, RINGING, queue=call.queue, called=True)
            call.parties.append(party)
            call_changed(world, party)


def _next_agent(world: World, call: Call) -> Device | None:
    voice = voice_of(world)
    free = [
        device
        for device in world.devices.values()
        if is_available(world, device) and device.phone_number not in call.refused_by
    ]
    return min(free, key=lambda device: voice.idle_since.get(device.id, 0), default=None)


def is_available(world: World, device: Device) -> bool:
    """Whether a queue may send calls here: the agent is Ready, engaged in nothing, and wants calls here."""
    return (
        device.user_state is not None
        and device.user_state.get("state") == "Ready"
        and device.do_not_disturb == "Off"
        and device.forward_to is None
        and not voice_of(world).parties_of(device)
    )


def became_free(world: World, device: Device) -> None:
    """The agent asks for calls anew: goes to the end of the line, and may be offered what she refused before."""
    voice = voice_of(world)
    voice.idle_since[device.id] = voice.turn()
    for call in voice.calls.values():
        call.refused_by.discard(device.phone_number)
    distribute(world)
