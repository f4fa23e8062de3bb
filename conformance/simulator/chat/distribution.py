"""Offering chats: the queue hands each one to the agent who has been idle longest.

Sources: Accept and Reject (lines 11560-11829: a rejected chat is presented to another agent), Channels API
(36543-36935: Ready, NotReady, DoNotDisturb). The documents leave the order to the routing strategy; here agents
with fewer chats come first, then those who have been idle longer, and supervisors last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models import ROLE_SUPERVISOR, User
from . import faults as f
from . import notify
from .model import AGENT, COMPLETED, REVOKED, Chat, Invitation, Leg

if TYPE_CHECKING:
    from .state import ChatState


def reachable(state: ChatState, user: User) -> bool:
    """Whether a chat can be offered to this very user: logged in to the channel, and no DoNotDisturb."""
    channel = state.channels.get(user.id)
    if channel is None:
        return False
    return not channel.do_not_disturb or state.world.faults.on(f.DND_IGNORED)


def load(state: ChatState, user: User) -> int:
    """How many chats the user has, invitations included."""
    return sum(1 for _, leg in state.chats_of(user) if leg.state not in (COMPLETED, REVOKED))


def pick(state: ChatState, chat: Chat) -> User | None:
    """The agent whom the queue offers this chat to, if there is one."""
    candidates = [
        (channel.user.has_role(ROLE_SUPERVISOR), load(state, channel.user), channel.idle_since, user_id)
        for user_id, channel in state.channels.items()
        if channel.state == "Ready"
        and reachable(state, channel.user)
        and user_id not in chat.passed_over
        and user_id not in chat.legs
        and load(state, channel.user) < state.options.capacity
    ]
    return state.world.users[min(candidates)[3]] if candidates else None


def offer(state: ChatState, chat: Chat, user: User, invitation: Invitation, mode: str = AGENT) -> Leg:
    """Invite a user: the chat appears with state Invited, and they may Accept or Reject it."""
    leg = Leg(user, invitation, mode)
    chat.legs[user.id] = leg
    notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE)
    return leg


def enqueue(state: ChatState, chat: Chat, queue_name: str) -> None:
    """Place the chat in a queue and hand it out if an agent is free."""
    chat.queue_name = queue_name
    chat.waiting = True
    distribute(state)


def distribute(state: ChatState) -> None:
    """Offer waiting chats, oldest first, to whoever is free."""
    for chat in list(state.chats.values()):
        if chat.waiting and chat.session_open:
            user = pick(state, chat)
            if user is not None:
                chat.waiting = False
                offer(state, chat, user, Invitation("queue"))


def freed(state: ChatState, user: User) -> None:
    """A user got rid of a chat: the idle time starts again, and waiting chats may go to them."""
    channel = state.channels.get(user.id)
    if channel is not None:
        channel.idle_since = state.world.clock.monotonic()
    distribute(state)
