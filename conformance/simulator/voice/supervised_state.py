"""A supervisor sets the state of an agent's voice channel.

Source: "Supervisor Agent State Control API" (lines 44908-45228): Ready, NotReady, Offline; do-not-disturb is not
for voice. The samples answer `statusCode` as a string, this server as the number that it is everywhere else.
"""

from __future__ import annotations

from typing import Final

from ..context import Context
from ..models import ROLE_SUPERVISOR, Device
from ..routing import operation
from ..status import INTERNAL_ERROR, ApiError, not_found
from ..world import World
from .agent_state import NOT_READY, OFFLINE, READY, AgentState, set_state
from .resources import channel_resource

PATH: Final = "/users/{userId}/channels/voice"
FEATURES: Final = ("api-voice", "api-supervisor-agent-control")
CHANNELS: Final = "/v2/me/channels"


def _register(state: AgentState) -> None:
    @operation("POST", PATH, state.operation_name, features=FEATURES, roles=(ROLE_SUPERVISOR,))
    async def handle(ctx: Context) -> None:
        agent = ctx.world.users.get(ctx.path["userId"])
        if agent is None:
            raise not_found("The user")
        device = agent.device
        if device is None or device.user_id != agent.id:
            raise ApiError(INTERNAL_ERROR, "The user has no registered device")
        ctx.defer(lambda: _change(ctx.world, device, state))


for _state in (READY, NOT_READY, OFFLINE):
    _register(_state)


def _change(world: World, device: Device, state: AgentState) -> None:
    """The agent is told as by a change of her own, and of the channel as well."""
    agent = world.user_of(device)
    if set_state(world, device, state) and agent is not None:
        channel = channel_resource(world, device)
        world.publish(agent, CHANNELS, {"messageType": "ChannelStateChangeMessageV2", "channels": [channel]})
