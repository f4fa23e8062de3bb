"""Everything the chat area knows: chats, who is logged in to the channel, who monitors whom, stored documents."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..models import User
from ..seed import SEEDED_DOCUMENT_ID
from ..status import FORBIDDEN, INTERNAL_ERROR, ApiError
from ..world import World
from . import distribution, lifecycle
from . import faults as f
from .model import Chat, Document, Leg
from .resources import agent_interaction

if TYPE_CHECKING:
    from ..context import Context

READY = "Ready"
NOT_READY = "NotReady"


@dataclass(eq=False)
class ChatChannel:
    """A user's open chat channel. `idle_since` is a reading of the clock's monotonic time."""

    user: User
    state: str = READY
    do_not_disturb: bool = False
    idle_since: float = 0.0


@dataclass(eq=False)
class Monitoring:
    """A supervisor's subscription to an agent's chats. `next_only` ends it after the next chat."""

    supervisor: User
    agent: User
    mode: str
    next_only: bool
    nickname: str


@dataclass
class ChatOptions:
    """How the chat back end is configured.

    `include_message_type`: the option includeMessageType (SendMessage, line 11848). `disposition_key`: "the
    disposition key configured for the server" (SetDisposition). `transcript_save_done`: whether the service message
    TranscriptSaveDone (index -1) is sent when a session has ended. `capacity`: chats one agent is offered at once.
    """

    include_message_type: bool = False
    disposition_key: str = "DispositionCode"
    transcript_save_done: bool = False
    capacity: int = 5


@dataclass
class ChatState:
    """The state of the chat area in one world."""

    world: World
    options: ChatOptions = field(default_factory=ChatOptions)
    chats: dict[str, Chat] = field(default_factory=dict)
    channels: dict[str, ChatChannel] = field(default_factory=dict)
    monitorings: dict[tuple[str, str], Monitoring] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    references: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    shuffler: random.Random = field(default_factory=random.Random)

    def chats_of(self, user: User) -> list[tuple[Chat, Leg]]:
        """The chats that a user has, oldest first."""
        return [(chat, chat.legs[user.id]) for chat in self.chats.values() if user.id in chat.legs]

    def interactions_of(self, user: User) -> list[dict[str, Any]]:
        """The active chats of an agent as GetAgentInteractions shows them (lines 15635-15692)."""
        return [agent_interaction(self.world, chat) for chat, leg in self.chats_of(user) if not leg.supervises]

    def by_any_id(self, chat_id: str) -> Chat | None:
        """A chat by its interaction id or by the customer's id."""
        found = self.chats.get(chat_id)
        if found is None:
            found = next((chat for chat in self.chats.values() if chat.customer_id == chat_id), None)
        return found

    # --- the channel ----------------------------------------------------------------------------------------

    def open_channel(self, user: User, ctx: Context | None, _: Mapping[str, Any]) -> None:
        """StartContactCenterSession with the channel "chat"; opening it twice changes nothing.

        The page on StartContactCenterSession (lines 4385-4610) shows statusCode 3 for a channel whose feature is
        off; a back end that is down answers 4. The agent is ready at once: nothing says otherwise.
        """
        if not self.world.features.issuperset({"api-multimedia", "api-multimedia-chat"}):
            raise ApiError(FORBIDDEN, "Unsupported feature")
        if not self.world.service_active("Chat"):
            raise ApiError(INTERNAL_ERROR, "Chat service is not available at this time", http=503)
        if user.id in self.channels:
            return
        self.channels[user.id] = ChatChannel(user, idle_since=self.world.clock.monotonic())
        if ctx is None:
            distribution.distribute(self)
        else:
            ctx.defer(lambda: distribution.distribute(self))

    def close_channel(self, user: User) -> None:
        """The end of the session: the user's chats are given up, monitoring ends, the channel is closed."""
        self.channels.pop(user.id, None)
        for key in [key for key in self.monitorings if key[0] == user.id]:
            del self.monitorings[key]
        if self.world.faults.on(f.SESSION_END_KEEPS_CHATS):
            return
        for chat, leg in self.chats_of(user):
            lifecycle.give_up(self, chat, leg)


def create(world: World) -> ChatState:
    """Make the area's state and have the session operations tell it about the channel "chat"."""
    state = ChatState(world, shuffler=random.Random(world.options.seed))  # noqa: S311 - an order, no secret
    document = Document(SEEDED_DOCUMENT_ID, "price-list.txt", "text/plain", b"A standard response's attachment.\n")
    state.documents[document.id] = document
    world.on_session_start("chat", state.open_channel)
    world.on_session_end(state.close_channel)
    return state
