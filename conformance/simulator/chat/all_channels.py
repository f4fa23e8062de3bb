"""POST /me: Ready, NotReady, DoNotDisturbOn and DoNotDisturbOff for all of the user's channels at once.

Source: "Channels API" (lines 36790-36935). Each operation works on the channels that are open: the chat channel,
and voice when the agent is logged in on a device. With none open it is not valid for the current state (2).
"""

from __future__ import annotations

from collections.abc import Callable

from ..context import Context
from ..models import Device
from ..routing import operation
from ..status import INVALID_PARAMETER, ApiError
from ..voice import agent_state as voice_states
from ..voice import queueing
from ..voice.device_operations import set_do_not_disturb as set_device_dnd
from ..voice.notify import device_changed
from .channels import MULTIMEDIA, set_do_not_disturb, set_state
from .operations import ROLES, chat_state
from .state import NOT_READY, READY, ChatState


def _device(ctx: Context) -> Device | None:
    device = ctx.user.device
    if device is None or "api-voice" not in ctx.world.features:
        return None
    return device if voice_states.is_logged_in(device) else None


def _everywhere(ctx: Context, on_chat: Callable[[ChatState], None], on_voice: Callable[[Device], None]) -> None:
    state, device = chat_state(ctx), _device(ctx)
    if ctx.user.id not in state.channels and device is None:
        raise ApiError(INVALID_PARAMETER, "The user has no open channel")

    def act() -> None:
        on_chat(state)
        if device is not None:
            on_voice(device)

    ctx.defer(act)


@operation("POST", "/me", "Ready", features=MULTIMEDIA, roles=ROLES)
async def ready(ctx: Context) -> None:
    """All channels Ready; `workmode` is for the voice channel only."""
    user = ctx.user
    work_mode = voice_states.check_work_mode(ctx)
    _everywhere(
        ctx,
        lambda state: set_state(state, user, READY),
        lambda device: _set_voice(ctx, device, voice_states.READY, work_mode),
    )


def _set_voice(ctx: Context, device: Device, state: voice_states.AgentState, work_mode: str | None = None) -> None:
    voice_states.set_state(ctx.world, device, state, work_mode)


@operation("POST", "/me", "NotReady", features=MULTIMEDIA, roles=ROLES)
async def not_ready(ctx: Context) -> None:
    """All channels NotReady."""
    user = ctx.user
    _everywhere(
        ctx,
        lambda state: set_state(state, user, NOT_READY),
        lambda device: _set_voice(ctx, device, voice_states.NOT_READY),
    )


def _do_not_disturb(ctx: Context, *, on: bool) -> None:
    user, world = ctx.user, ctx.world

    def on_voice(device: Device) -> None:
        set_device_dnd(device, "On" if on else "Off")
        device_changed(world, device)
        queueing.distribute(world)

    _everywhere(ctx, lambda state: set_do_not_disturb(state, user, on=on), on_voice)


@operation("POST", "/me", "DoNotDisturbOn", features=MULTIMEDIA, roles=ROLES)
async def do_not_disturb_on(ctx: Context) -> None:
    """DoNotDisturb for all devices and channels; it overrides Ready."""
    _do_not_disturb(ctx, on=True)


@operation("POST", "/me", "DoNotDisturbOff", features=MULTIMEDIA, roles=ROLES)
async def do_not_disturb_off(ctx: Context) -> None:
    """No DoNotDisturb any more."""
    _do_not_disturb(ctx, on=False)
