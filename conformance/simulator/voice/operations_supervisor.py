"""ListenIn, Coach, BargeIn, CancelSupervisorMonitoring, SwitchToBargeIn, SwitchToListenIn, Mute/UnmuteMonitoredUser.

Source: Voice API, lines 9396-10200; "Devices API" (lines 37051-37190): only one supervisor may monitor a device.
"""

from __future__ import annotations

from typing import Final

from ..context import Context
from ..models import ROLE_SUPERVISOR, Device
from ..routing import operation
from ..status import INVALID_PARAMETER, NO_PERMISSION, ApiError, missing, not_found
from ..world import World
from . import faults, monitoring
from .notify import (
    INCORRECT_STATE,
    MONITORED_MUTED,
    PARTICIPANTS_UPDATED,
    call_changed,
    device_changed,
    error,
)
from .numbers import normalized
from .parties import BARGE_IN, COACH, ESTABLISHED, LISTEN_IN, Monitoring, Party
from .requests import DEVICE, VOICE, Act, call_operation, own_device
from .state import voice_of
from .switching import release

FEATURES: Final = ("api-voice", "api-supervisor-monitoring")


def _register(state: str) -> None:
    @operation("POST", DEVICE, state, features=FEATURES)
    async def handle(ctx: Context) -> None:
        _only_supervisors(ctx)
        device = own_device(ctx)
        order = Monitoring(
            supervisor=device,
            target=_target(ctx, device),
            state=state,
            mode=ctx.optional("supervisorMonitoringMode", str, ("NextCall", "AllCalls"), default="AllCalls"),
            scope=ctx.optional("supervisorMonitoringScope", str, ("Agent", "Call"), default="Call"),
        )
        ctx.defer(lambda: _begin(ctx.world, order))


for _state in (LISTEN_IN, COACH, BARGE_IN):
    _register(_state)


def _only_supervisors(ctx: Context) -> None:
    if not ctx.user.has_role(ROLE_SUPERVISOR) and not ctx.world.faults.on(faults.AGENT_MONITORS):
        raise ApiError(NO_PERMISSION, "Only a supervisor may monitor a device")


def _target(ctx: Context, own: Device) -> Device:
    """The device to monitor, by its URI or (with none given) by its phone number."""
    uri, number = ctx.optional("targetDeviceUri", str), ctx.optional("phoneNumber", str)
    if not uri and not number:
        raise missing("targetDeviceUri")
    if uri:
        target = ctx.world.devices.get(uri.rstrip("/").rsplit("/", 1)[-1])
    else:
        target = ctx.world.device_by_number(normalized(number or ""))
    if target is None:
        raise not_found("The device to monitor")
    if target is own:
        raise ApiError(INVALID_PARAMETER, "Parameter 'targetDeviceUri' is invalid: it names the supervisor's device")
    return target


def _begin(world: World, order: Monitoring) -> None:
    voice = voice_of(world)
    rivals = [other for other in voice.monitors.values() if other.supervisor is not order.supervisor]
    if any(rival.target is order.target for rival in rivals):
        error(world, order.supervisor, INCORRECT_STATE)
        return
    _drop(world, order.supervisor)
    voice.monitors[order.supervisor.id] = order
    device_changed(world, order.supervisor)
    if order.state == BARGE_IN:
        monitoring.join_current_call(world, order)


def _drop(world: World, supervisor: Device) -> None:
    """Withdraw the supervisor's order; she leaves the call she is monitoring."""
    order = voice_of(world).monitors.pop(supervisor.id, None)
    if order is not None and order.party is not None:
        release(world, order.party)


@operation("POST", DEVICE, "CancelSupervisorMonitoring", features=FEATURES)
async def cancel(ctx: Context) -> None:
    """CancelSupervisorMonitoring (lines 9692-9766): only while monitoring is active."""
    _only_supervisors(ctx)
    device = own_device(ctx)
    ctx.defer(lambda: end_monitoring(ctx.world, device))


def end_monitoring(world: World, device: Device) -> None:
    """Stop monitoring, and tell it; an ErrorMessage when nothing is being monitored."""
    if device.id not in voice_of(world).monitors:
        error(world, device, INCORRECT_STATE)
        return
    if not world.faults.on(faults.CANCEL_KEEPS):
        _drop(world, device)
    device_changed(world, device)


@call_operation("SwitchToBargeIn", features=FEATURES)
def switch_to_barge_in(ctx: Context) -> Act:
    """SwitchToBargeIn (lines 9767-9874): mute is Off afterwards."""
    _only_supervisors(ctx)

    def act(world: World, party: Party) -> None:
        party.monitor_mode = BARGE_IN
        party.mute = world.faults.on(faults.MONITOR_MUTE)
        _tell_switch(world, party)

    return act


@call_operation("SwitchToListenIn", features=FEATURES)
def switch_to_listen_in(ctx: Context) -> Act:
    """SwitchToListenIn (lines 9875-9982): mute is On afterwards; there is no way back to coaching."""
    _only_supervisors(ctx)

    def act(world: World, party: Party) -> None:
        if not world.faults.on(faults.SWITCH_IGNORED):
            party.monitor_mode = LISTEN_IN
            party.mute = True
        _tell_switch(world, party)

    return act


def _tell_switch(world: World, party: Party) -> None:
    """The supervisor's own call changes; to the others a participant has come or gone."""
    call_changed(world, party)
    monitoring.tell_agents(world, party, PARTICIPANTS_UPDATED)


def _monitored(party: Party) -> Party | None:
    """The party of the agent whom this supervisor monitors, if both are on the call."""
    order = party.monitoring
    if order is None or party.state != ESTABLISHED:
        return None
    return next((other for other in party.call.parties if other.device is order.target), None)


def _mutable(muted: bool, party: Party) -> bool:
    target = _monitored(party)
    return target is not None and target.muted_by_supervisor is not muted


@call_operation("MuteMonitoredUser", features=FEATURES, allowed=lambda _, party: _mutable(True, party))
def mute_monitored_user(ctx: Context) -> Act:
    """MuteMonitoredUser (lines 9983-10092)."""
    _only_supervisors(ctx)
    return lambda world, party: _set_muted(world, party, True)


@call_operation("UnmuteMonitoredUser", features=VOICE, allowed=lambda _, party: _mutable(False, party))
def unmute_monitored_user(ctx: Context) -> Act:
    """UnmuteMonitoredUser (lines 10093-10200): its page asks for api-voice alone."""
    _only_supervisors(ctx)
    return lambda world, party: _set_muted(world, party, False)


def _set_muted(world: World, supervisor: Party, muted: bool) -> None:
    target = _monitored(supervisor)
    if target is not None:
        target.muted_by_supervisor = muted
        call_changed(world, supervisor, MONITORED_MUTED)
        call_changed(world, target, MONITORED_MUTED)
