"""DoNotDisturbOn, DoNotDisturbOff, ForwardCallsOn, ForwardCallsOff (lines 5010-5312).

The table of the forwarding pages names /me/calls/{id}, their samples /me/devices/{id}: this server follows the
samples. The sample of ForwardCallsOff shows a device that still forwards; here forwardTo is gone and ForwardCallsOn
is offered again.
"""

from __future__ import annotations

from collections.abc import Callable

from ..context import Context
from ..models import Device
from ..routing import operation
from ..status import invalid
from ..world import World
from . import faults, queueing
from .notify import INVALID_DN, device_changed, error
from .numbers import normalized, resolve
from .requests import DEVICE, VOICE, own_device


def _deferred(ctx: Context, change: Callable[[World, Device], None]) -> None:
    device = own_device(ctx)

    def act() -> None:
        change(ctx.world, device)
        device_changed(ctx.world, device)
        queueing.distribute(ctx.world)

    ctx.defer(act)


def set_do_not_disturb(device: Device, state: str) -> None:
    """Set the flag: "On" or "Off"."""
    device.do_not_disturb = state


@operation("POST", DEVICE, "DoNotDisturbOn", features=VOICE)
async def do_not_disturb_on(ctx: Context) -> None:
    """DoNotDisturbOn (lines 5010-5083): no call rings here any more. Repeating it is tolerated."""
    _deferred(ctx, lambda _, device: set_do_not_disturb(device, "On"))


@operation("POST", DEVICE, "DoNotDisturbOff", features=VOICE)
async def do_not_disturb_off(ctx: Context) -> None:
    """DoNotDisturbOff (lines 5084-5157)."""
    _deferred(ctx, lambda _, device: set_do_not_disturb(device, "Off"))


@operation("POST", DEVICE, "ForwardCallsOn", features=VOICE)
async def forward_calls_on(ctx: Context) -> None:
    """ForwardCallsOn (lines 5158-5235): calls to the device go to `destination`."""
    device = own_device(ctx)
    destination = normalized(ctx.required("destination", str))
    if not destination:
        raise invalid("destination", "must be a phone number")

    def act() -> None:
        target = resolve(ctx.world, destination)
        if target is None or destination == device.phone_number or target.device is device:
            error(ctx.world, device, INVALID_DN)
            return
        device.forward_to = destination
        device_changed(ctx.world, device)

    ctx.defer(act)


@operation("POST", DEVICE, "ForwardCallsOff", features=VOICE)
async def forward_calls_off(ctx: Context) -> None:
    """ForwardCallsOff (lines 5236-5312): needs no destination, although the sample sends one."""

    def change(world: World, device: Device) -> None:
        if not world.faults.on(faults.FORWARD_STUCK):
            device.forward_to = None

    _deferred(ctx, change)
