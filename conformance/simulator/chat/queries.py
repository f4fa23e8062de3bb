"""Reading chats: the user's list, one chat, its messages.

Source: "Chat Resource" (lines 11414-11557), "Recovering Existing State" (2457-2560), "Return Values" (2325-2400).
"""

from __future__ import annotations

from typing import Any, Final

from ..context import Context
from ..listing import Kind, many, one
from ..routing import operation
from ..status import invalid
from . import faults as f
from .model import INVITED
from .operations import CHAT_PATH, ROLES, chat_state, own_chat
from .resources import chat_resource, message_resource, messages_for
from .transcript import TEXT

CHATS: Final = Kind("chat", "chats")
READ: Final = ("api-multimedia-chat",)


@operation("GET", "/me/chats", features=READ, roles=ROLES)
async def get_chats(ctx: Context) -> dict[str, Any]:
    """The user's chats: `uris` and `paths`, or the resources with `fields`."""
    state = chat_state(ctx)
    return many(ctx, CHATS, [chat_resource(state, chat, leg) for chat, leg in state.chats_of(ctx.user)])


@operation("GET", CHAT_PATH, features=READ, roles=ROLES)
async def get_chat(ctx: Context) -> dict[str, Any]:
    """One of the user's chats."""
    state, chat, leg = own_chat(ctx, ctx.path["id"])
    return one(ctx, CHATS, chat_resource(state, chat, leg))


def number(ctx: Context, name: str, default: int) -> int:
    """A query parameter that is a whole number; ApiError 10 for anything else."""
    text = ctx.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise invalid(name, "must be a whole number, not negative")
    return int(text)


@operation("GET", f"{CHAT_PATH}/messages", features=READ, roles=ROLES)
async def get_messages(ctx: Context) -> dict[str, Any]:
    """The transcript as far as the user may see it, from `startIndex`, at most `count` messages.

    Nothing while the chat is only an invitation: its history comes with Accept.
    """
    state, chat, leg = own_chat(ctx, ctx.path["id"])
    start = number(ctx, "startIndex", 0)
    count = number(ctx, "count", len(chat.messages))
    faults = ctx.world.faults
    found = [] if leg.state == INVITED else messages_for(chat, leg)
    if faults.on(f.LOSES_MESSAGE):
        last = next((message for message in reversed(found) if message.type == TEXT), None)
        found = [message for message in found if message is not last]
    if not faults.on(f.PAGING_IGNORED):
        found = [message for message in found if message.index >= start][:count]
    return {"messages": [message_resource(state, message) for message in found]}
