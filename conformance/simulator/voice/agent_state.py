"""Agent states on the voice channel: Ready, NotReady, AuxWork, AfterCallWork, Offline.

Source: Voice API, lines 4656-5009; "Agent states settings" (lines 39209-39315). States are not governed by
capabilities; a repeated one is ignored. The 8.6 API can no longer define further states, so there are no others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ..context import Context
from ..models import Device
from ..routing import operation
from ..status import INTERNAL_ERROR, INVALID_PARAMETER, ApiError, invalid
from ..world import World
from . import faults, queueing
from .notify import device_changed
from .requests import VOICE
from .state import voice_of

PATH: Final = "/me/channels/voice"
LOGGED_OUT: Final = "LoggedOut"
MAX_WRAP_UP: Final = 24 * 3600


@dataclass(frozen=True)
class AgentState:
    """An agent state operation. `state` is what a device shows; the settings call LoggedOut "Logout"."""

    id: str
    operation_name: str
    display_name: str
    state: str
    work_mode: str | None = None

    def user_state(self, work_mode: str | None = None) -> dict[str, Any]:
        """The userState of a device."""
        return _without_none(
            id=self.id,
            displayName=self.display_name,
            state=self.state,
            workMode=work_mode or self.work_mode,
        )


def _without_none(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


READY: Final = AgentState("9430250E-0A1B-421F-B372-F29E69366DED", "Ready", "Ready", "Ready")
NOT_READY: Final = AgentState("900D55CC-2BB0-431F-8BF9-D3525B383BE6", "NotReady", "Not Ready", "NotReady")
AUX_WORK: Final = AgentState("2B36138D-C564-4562-A8CB-3C32D564F296", "AuxWork", "AuxWork", "NotReady", "AuxWork")
AFTER_CALL_WORK: Final = AgentState(
    "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF", "AfterCallWork", "AfterCallWork", "NotReady", "AfterCallWork"
)
OFFLINE: Final = AgentState("0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB", "Offline", "Offline", LOGGED_OUT)
STATES: Final = (NOT_READY, OFFLINE, AUX_WORK, AFTER_CALL_WORK, READY)


def is_logged_in(device: Device) -> bool:
    """Whether an agent is logged in on the device."""
    return device.user_state is not None and device.user_state.get("state") != LOGGED_OUT


def set_state(world: World, device: Device, state: AgentState, work_mode: str | None = None) -> bool:
    """Put the device's agent into a state and tell it; False, and nothing told, when it is the state already."""
    user_state = state.user_state(work_mode)
    if device.user_state == user_state:
        return False
    timer = voice_of(world).wrap_up.pop(device.id, None)
    if timer is not None:
        timer.cancel()
    device.user_state = user_state
    device_changed(world, device)
    if state is READY:
        queueing.became_free(world, device)
    return True


def log_in(world: World, device: Device) -> None:
    """Log the agent in; the first message says no more than LoggedIn, as real switches' first event does."""
    if is_logged_in(device) and not world.faults.on(faults.LOGIN_AGAIN):
        return
    device.device_state = "Active"
    device.user_state = {"state": "LoggedIn"}
    device_changed(world, device)
    set_state(world, device, NOT_READY)


def check_work_mode(ctx: Context) -> str | None:
    """The optional parameter `workmode`. Its page answers 2 to a bad value ("StartContactCenterSession", sample 5)."""
    mode = ctx.body.get("workmode")
    if mode is None or mode in ("ManualIn", "AutoIn"):
        return mode
    if ctx.world.faults.on(faults.WORKMODE_UNCHECKED):
        return None
    raise ApiError(
        INVALID_PARAMETER,
        "Parameter 'workmode' is invalid: \"The specified value is not within valid range\"",
    )


def _wrap_up_time(ctx: Context) -> int:
    """`wrapUpTime` in seconds; 0 (also when missing) means without an end. Samples write it as a string."""
    value = ctx.body.get("wrapUpTime")
    if value is None:
        return 0
    text = str(value)
    if isinstance(value, (bool, float)) or not text.isascii() or not text.isdigit() or int(text[:9]) > MAX_WRAP_UP:
        raise invalid("wrapUpTime", f"must be a number of seconds from 0 to {MAX_WRAP_UP}")
    return int(text)


def registered_device(ctx: Context) -> Device:
    """The caller's device; without a registered one the back end fails, as on real deployments (HTTP 500, 4)."""
    device = ctx.user.device
    if device is None or device.device_state != "Active" or device.user_id != ctx.user.id:
        raise ApiError(INTERNAL_ERROR, "The user has no registered device")
    return device


def _register(state: AgentState) -> None:
    @operation("POST", PATH, state.operation_name, features=VOICE)
    async def handle(ctx: Context) -> None:
        work_mode = check_work_mode(ctx) if state is READY else None
        seconds = _wrap_up_time(ctx) if state is AFTER_CALL_WORK else 0
        device = registered_device(ctx)
        if ctx.world.faults.on(faults.REPEAT_REFUSED) and device.user_state == state.user_state(work_mode):
            raise ApiError(INVALID_PARAMETER, "The agent is in this state already")
        if state is NOT_READY and ctx.world.faults.on(faults.STATE_IGNORED):
            return
        ctx.defer(_change(ctx.world, device, state, work_mode, seconds))


def _change(world: World, device: Device, state: AgentState, work_mode: str | None, seconds: int) -> Callable[[], None]:
    def act() -> None:
        set_state(world, device, state, work_mode)
        wrap_up = voice_of(world).wrap_up
        if state is AFTER_CALL_WORK:
            timer = wrap_up.pop(device.id, None)
            if timer is not None:
                timer.cancel()
        if seconds:
            wrap_up[device.id] = world.clock.call_later(seconds, lambda: _wrapped_up(world, device))

    return act


def _wrapped_up(world: World, device: Device) -> None:
    voice_of(world).wrap_up.pop(device.id, None)
    if is_logged_in(device):
        set_state(world, device, READY)


for _state in STATES:
    _register(_state)
