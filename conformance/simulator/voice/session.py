"""StartContactCenterSession and EndContactCenterSession (lines 4385-4655)."""

from __future__ import annotations

from typing import Any, Final

from ..context import Context
from ..models import Device, User
from ..routing import operation
from ..status import FORBIDDEN, IN_USE, INTERNAL_ERROR, NOT_FOUND, PARTIAL_SUCCESS, ApiError, invalid
from ..world import World
from . import faults
from .agent_state import OFFLINE, check_work_mode, log_in, set_state
from .notify import error
from .operations_supervisor import end_monitoring
from .requests import VOICE
from .resources import device_resource
from .state import VoiceSession, VoiceState, voice_of
from .switching import release

MULTIMEDIA: Final = "multimedia"
INVALID_LOGIN: Final = "Invalid DN for agent login"


@operation("POST", "/me", "StartContactCenterSession", features=VOICE)
async def start(ctx: Context) -> dict[str, Any] | None:
    """Open the channels. Some may fail while others work: then 7, and the failed one is called `multimedia`."""
    channels = _channels(ctx)
    for name in ("place", "loginCode", "agentLoginPassword", "queue", "devicePath", "dynamicPhoneNumber"):
        ctx.optional(name, str)
    check_work_mode(ctx)
    succeeded: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    errors: list[ApiError] = []
    for channel in channels:
        shown = "voice" if channel == "voice" else MULTIMEDIA
        try:
            _open(ctx, channel)
        except ApiError as refusal:
            errors.append(refusal)
            failed.append({"channel": shown, "statusCode": refusal.status_code, "statusMessage": refusal.message})
        else:
            succeeded.append({"channel": shown, "statusCode": 0})
    if errors and ctx.world.faults.on(faults.PARTIAL_AS_SUCCESS):
        return None
    if errors and not succeeded and not ctx.world.faults.on(faults.ALL_FAILED_PARTIAL):
        raise errors[0]
    if errors:
        return {"statusCode": PARTIAL_SUCCESS, "succeeded": succeeded, "failed": failed}
    if "voice" in channels and ctx.body.get("dynamicPhoneNumber") and ctx.user.device is not None:
        return {"devices": [device_resource(ctx.world, ctx.user.device)]}
    return None


def _channels(ctx: Context) -> list[str]:
    channels = ctx.required("channels", list)
    if not channels or not all(isinstance(channel, str) and channel for channel in channels):
        raise invalid("channels", "must be an array of at least one channel's name")
    return list(dict.fromkeys(channels))


def _open(ctx: Context, channel: str) -> None:
    if channel == "voice":
        open_voice(ctx)
        return
    hook = ctx.world.session_start_hooks.get(channel)
    if hook is None or f"api-multimedia-{channel}" not in ctx.world.features:
        raise ApiError(FORBIDDEN, "Unsupported feature")
    hook(ctx.user, ctx, ctx.body)


def open_voice(ctx: Context) -> None:
    """Log the agent in on the device that the request (or the default) names; ApiError when that is impossible."""
    world, user = ctx.world, ctx.user
    if not world.service_active("Voice"):
        raise ApiError(INTERNAL_ERROR, "Voice service is not available at this time", http=503)
    device = _device(ctx)
    dynamic = ctx.optional("dynamicPhoneNumber", str)
    if dynamic and world.device_by_number(dynamic) is not None:
        # The switch refuses the login, after the reply.
        ctx.defer(lambda: error(world, device, INVALID_LOGIN))
        return
    voice = voice_of(world)
    before = voice.sessions.get(user.id)
    if before is None or before.device is not device:
        if before is not None:
            _give_back(user, before)
        before = VoiceSession(device, user.device, device.user_id)
        voice.sessions[user.id] = before
        user.device = device
        device.user_id = user.id
    before.dynamic_phone_number = dynamic or before.dynamic_phone_number
    ctx.defer(lambda: log_in(world, device))


def _device(ctx: Context) -> Device:
    """devicePath wins over place, place over the default device."""
    world, user = ctx.world, ctx.user
    path, place = ctx.optional("devicePath", str), ctx.optional("place", str)
    device = user.device
    if path:
        named = world.devices.get(path.rstrip("/").rsplit("/", 1)[-1])
        if named is None or named is not user.device:
            raise ApiError(NOT_FOUND, "The device that 'devicePath' names is not assigned to the agent")
    elif place:
        device = _device_at(world, place)
    if device is None:
        raise ApiError(INTERNAL_ERROR, "The user has no registered device")
    if device.user_id != user.id and device.user_id in voice_of(world).sessions:
        raise ApiError(IN_USE, "Another agent is logged in at this place")
    return device


def _device_at(world: World, place: str) -> Device:
    """Every device stands at a place of its own: "SIP_5001", also called by the name of the user it belongs to."""
    for device in world.devices.values():
        user = world.user_of(device)
        if place in (f"SIP_{device.phone_number}", user.user_name if user else None):
            return device
    raise ApiError(NOT_FOUND, "The place could not be found")


@operation("POST", "/me", "EndContactCenterSession", features=VOICE)
async def end(ctx: Context) -> None:
    """End everything the agent has here, the HTTP session last. An agent without a session ends nothing."""
    end_session(ctx.world, ctx.user)
    if not ctx.world.faults.on(faults.END_KEEPS_HTTP):
        ctx.world.end_http_sessions(ctx.user)


def end_session(world: World, user: User) -> None:
    """Release the agent's calls, stop monitoring, log out, close the other channels, restore the device."""
    voice, device = voice_of(world), user.device
    if device is not None:
        if device.id in voice.monitors:
            end_monitoring(world, device)
        if not world.faults.on(faults.END_LEAVES_CALLS):
            _release_all(world, voice, device)
        if device.user_state is not None and not world.faults.on(faults.END_KEEPS_LOGIN):
            set_state(world, device, OFFLINE)
    for hook in list(world.session_end_hooks):
        hook(user)
    session = voice.sessions.pop(user.id, None)
    if session is not None:
        _give_back(user, session)


def _release_all(world: World, voice: VoiceState, device: Device) -> None:
    # One release may end several calls' parties, so the list is looked up anew each time.
    while parties := voice.parties_of(device):
        release(world, parties[0])


def _give_back(user: User, session: VoiceSession) -> None:
    """Restore who has which device."""
    session.device.user_id = session.default_owner
    user.device = session.default_device
    if user.device is not None and session.device is not user.device:
        user.device.user_id = user.id
