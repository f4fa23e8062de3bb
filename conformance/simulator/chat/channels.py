"""The Channels API as far as the chat channel needs it, and the supervisor's control of an agent's chat channel.

Sources: "Channels API" (lines 36543-36935); "Supervisor Agent State Control API" (44908-45228), whose
ChannelStateChangeMessageV2 on /v2/me/channels is sent for every change of the channel, whoever made it.

Reading: the pages print the channels as a "CometD Notification" below an HTTP response without them; they are
taken as members of the reply. GET /me/channels/{id} names its single object `channels`, as the sample does.
"""

from __future__ import annotations

from typing import Any, Final

from ..context import Context
from ..models import ROLE_SUPERVISOR, User
from ..routing import operation
from ..status import INVALID_PARAMETER, ApiError, not_found
from . import distribution
from . import faults as f
from .operations import FEATURES, ROLES, chat_state
from .state import NOT_READY, READY, ChatState

TOPIC: Final = "/v2/me/channels"
MULTIMEDIA: Final = ("api-multimedia",)
_CONTROL: Final = (*FEATURES, "api-supervisor-agent-control")
_CONTROLLED: Final = "/users/{userId}/channels/chat"

USER_STATES: Final = {
    READY: {"id": "9430250E-0A1B-421F-B372-F29E69366DED", "displayName": "Ready", "state": "Ready"},
    NOT_READY: {
        "id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6",
        "displayName": "Not Ready",
        "state": "NotReady",
    },
    "LoggedOut": {
        "id": "0F7F5003-EF26-4D13-A6EF-D0C7EC819BEB",
        "displayName": "Offline",
        "state": "LoggedOut",
    },
}


def chat_channel(state: ChatState, user: User) -> dict[str, Any]:
    """The chat channel of a user; LoggedOut while it is not open."""
    channel = state.channels.get(user.id)
    if channel is None:
        return {"channel": "chat", "userState": dict(USER_STATES["LoggedOut"])}
    dnd = "On" if channel.do_not_disturb else "Off"
    return {"channel": "chat", "dndState": dnd, "userState": dict(USER_STATES[channel.state])}


def announce(state: ChatState, user: User) -> None:
    """Tell the user what state the chat channel is in."""
    data = {"messageType": "ChannelStateChangeMessageV2", "channels": [chat_channel(state, user)]}
    state.world.publish(user, TOPIC, data)


def _channels(ctx: Context) -> list[dict[str, Any]]:
    shown = [chat_channel(chat_state(ctx), ctx.user)] if "api-multimedia-chat" in ctx.world.features else []
    voice = ctx.world.voice.channel_resource(ctx.user) if ctx.world.voice is not None else None
    return [*shown, voice] if voice is not None else shown


@operation("GET", "/me/channels", features=MULTIMEDIA, roles=ROLES)
async def get_channels(ctx: Context) -> dict[str, Any]:
    """All channels of the user with their states."""
    return {"channels": _channels(ctx)}


async def _get_channel(ctx: Context, name: str) -> dict[str, Any]:
    found = next((channel for channel in _channels(ctx) if channel["channel"] == name), None)
    if found is None:
        raise not_found("The channel")
    return {"channels": found}


@operation("GET", "/me/channels/{id}", features=MULTIMEDIA, roles=ROLES)
async def get_channel(ctx: Context) -> dict[str, Any]:
    """One channel of the user."""
    return await _get_channel(ctx, ctx.path["id"])


@operation("GET", "/me/channels/chat", features=MULTIMEDIA, roles=ROLES)
async def get_chat_channel(ctx: Context) -> dict[str, Any]:
    """The chat channel (a path of its own, as it has operations of its own)."""
    return await _get_channel(ctx, "chat")


@operation("GET", "/me/channels/voice", features=MULTIMEDIA, roles=ROLES)
async def get_voice_channel(ctx: Context) -> dict[str, Any]:
    """The voice channel."""
    return await _get_channel(ctx, "voice")


# --- changing it --------------------------------------------------------------------------------------------


def set_state(state: ChatState, user: User, new_state: str) -> None:
    """Ready or NotReady; a ready agent is offered what waits."""
    channel = state.channels.get(user.id)
    if channel is None:
        return
    if channel.state != new_state and not state.world.faults.on(f.CHANNEL_STATE_LOST):
        channel.state = new_state
        channel.idle_since = state.world.clock.monotonic()
    announce(state, user)
    distribution.distribute(state)


def set_do_not_disturb(state: ChatState, user: User, on: bool) -> None:
    """DoNotDisturb overrides Ready: nothing is offered, neither from a queue nor by a colleague."""
    channel = state.channels.get(user.id)
    if channel is None:
        return
    channel.do_not_disturb = on
    announce(state, user)
    distribution.distribute(state)


def _opened(ctx: Context, user: User) -> ChatState:
    state = chat_state(ctx)
    if user.id not in state.channels:
        raise ApiError(INVALID_PARAMETER, "The chat channel is not open")
    return state


@operation("POST", "/me/channels/chat", "Ready", features=FEATURES, roles=ROLES)
async def ready(ctx: Context) -> None:
    """The user may be offered chats."""
    state, user = _opened(ctx, ctx.user), ctx.user
    ctx.defer(lambda: set_state(state, user, READY))


@operation("POST", "/me/channels/chat", "NotReady", features=FEATURES, roles=ROLES)
async def not_ready(ctx: Context) -> None:
    """The user is offered no chats from a queue."""
    state, user = _opened(ctx, ctx.user), ctx.user
    ctx.defer(lambda: set_state(state, user, NOT_READY))


@operation("POST", "/me/channels/{id}", "Ready", features=MULTIMEDIA, roles=ROLES)
@operation("POST", "/me/channels/{id}", "NotReady", features=MULTIMEDIA, roles=ROLES)
async def unknown_channel(_: Context) -> None:
    """A channel that this deployment does not have."""
    raise not_found("The channel")


# --- by a supervisor ----------------------------------------------------------------------------------------


def _agent(ctx: Context) -> tuple[ChatState, User]:
    agent = ctx.world.users.get(ctx.path["userId"])
    if agent is None:
        raise not_found("The user")
    return _opened(ctx, agent), agent


@operation("POST", _CONTROLLED, "Ready", features=_CONTROL, roles=(ROLE_SUPERVISOR,))
async def agent_ready(ctx: Context) -> None:
    """The supervisor makes an agent ready for chats."""
    state, agent = _agent(ctx)
    ctx.defer(lambda: set_state(state, agent, READY))


@operation("POST", _CONTROLLED, "NotReady", features=_CONTROL, roles=(ROLE_SUPERVISOR,))
async def agent_not_ready(ctx: Context) -> None:
    """The supervisor makes an agent not ready for chats."""
    state, agent = _agent(ctx)
    ctx.defer(lambda: set_state(state, agent, NOT_READY))


@operation("POST", _CONTROLLED, "DoNotDisturbOn", features=_CONTROL, roles=(ROLE_SUPERVISOR,))
async def agent_dnd_on(ctx: Context) -> None:
    """The supervisor keeps an agent from being offered chats."""
    state, agent = _agent(ctx)
    ctx.defer(lambda: set_do_not_disturb(state, agent, on=True))


@operation("POST", _CONTROLLED, "DoNotDisturbOff", features=_CONTROL, roles=(ROLE_SUPERVISOR,))
async def agent_dnd_off(ctx: Context) -> None:
    """The supervisor lets an agent be offered chats again."""
    state, agent = _agent(ctx)
    ctx.defer(lambda: set_do_not_disturb(state, agent, on=False))


@operation("POST", _CONTROLLED, "Offline", features=_CONTROL, roles=(ROLE_SUPERVISOR,))
async def agent_offline(ctx: Context) -> None:
    """The supervisor closes an agent's chat channel."""
    state, agent = _agent(ctx)

    def act() -> None:
        state.close_channel(agent)
        announce(state, agent)

    ctx.defer(act)
