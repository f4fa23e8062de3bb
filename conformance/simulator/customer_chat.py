"""The Customer Chat API: a website's visitor asks for a chat and polls it, without credentials.

Source: Web Services API Reference, lines 15766-16392. Every request carries the header `ContactCenterId`; there is
no Authorization header, no cookie and no Csrf token. The page prints POST for GetChat and GetMessages in its tables
and GET in its samples: GET is served, and so is a POST with these operationNames.

Decisions where the pages are silent: a missing header is statusCode 1, another contact center's id 6; an operation
on a chat that is over (Idle) is statusCode 2; `endpoint` is the name of a chat queue.
"""

from __future__ import annotations

from typing import Any

from .auth import COOKIE, authenticate, cookie_of
from .chat import faults as f
from .chat import lifecycle, transcript
from .chat.model import Chat
from .chat.operations import chat_state
from .chat.queries import CHATS, number
from .chat.resources import chat_resource, customer_chat_resource, customer_message, customer_messages
from .context import Context
from .listing import one
from .models import CONTACT_CENTER_ID, User
from .routing import operation
from .seed import CHAT_QUEUE
from .status import INTERNAL_ERROR, INVALID_PARAMETER, ApiError, invalid, missing, not_found

HEADER = "ContactCenterId"
CHAT = "/chats/{id}"


def _check_contact_center(ctx: Context) -> None:
    if ctx.world.faults.on(f.CUSTOMER_HEADER_OPTIONAL):
        return
    given = ctx.request.headers.get(HEADER)
    if not given:
        raise missing(HEADER)
    if given != CONTACT_CENTER_ID:
        raise not_found("The contact center")


def _customers_chat(ctx: Context) -> Chat:
    """The chat that the customer's id in the path names."""
    _check_contact_center(ctx)
    chat = next((c for c in chat_state(ctx).chats.values() if c.customer_id == ctx.path["id"]), None)
    if chat is None:
        raise not_found("The chat")
    return chat


def _open_chat(ctx: Context) -> Chat:
    chat = _customers_chat(ctx)
    if not chat.session_open:
        raise ApiError(INVALID_PARAMETER, "The chat is over")
    return chat


@operation("POST", "/chats", "RequestChat", public=True, service=None)
async def request_chat(ctx: Context) -> dict[str, Any]:
    """A new chat: {id, path, uri}; it waits in the queue `endpoint` until an agent is free."""
    _check_contact_center(ctx)
    nickname = ctx.required("nickname", str)
    subject = ctx.required("subject", str)
    endpoint = ctx.optional("endpoint", str, None, CHAT_QUEUE)
    user_data = ctx.optional("userData", dict, None, {})
    if not any(q.name == endpoint and q.channel == "chat" for q in ctx.world.queues.values()):
        raise invalid("endpoint", "must be the name of a chat queue")
    if not ctx.world.service_active("Chat"):
        raise ApiError(INTERNAL_ERROR, "Chat service is not available at this time", http=503)
    chat = lifecycle.new_chat(chat_state(ctx), nickname, subject, endpoint, user_data)
    # The sample's path starts with /api/v2, unlike every other path of the document.
    path = f"/chats/{chat.customer_id}"
    return {"id": chat.customer_id, "path": f"/api/v2{path}", "uri": ctx.uri(path)}


@operation("POST", CHAT, "SendMessage", public=True)
async def send_message(ctx: Context) -> None:
    """A text of the customer."""
    chat, text = _open_chat(ctx), ctx.required("text", str)
    ctx.defer(lambda: transcript.customer_says(chat_state(ctx), chat, transcript.TEXT, text=text))


@operation("POST", CHAT, "SendStartTypingNotification", public=True)
async def start_typing(ctx: Context) -> None:
    """The customer types."""
    chat = _open_chat(ctx)
    ctx.defer(lambda: transcript.customer_says(chat_state(ctx), chat, "TypingStarted"))


@operation("POST", CHAT, "SendStopTypingNotification", public=True)
async def stop_typing(ctx: Context) -> None:
    """The customer types no more."""
    chat = _open_chat(ctx)
    ctx.defer(lambda: transcript.customer_says(chat_state(ctx), chat, "TypingStopped"))


@operation("POST", CHAT, "Complete", public=True)
async def complete(ctx: Context) -> None:
    """The customer ends the chat."""
    chat = _open_chat(ctx)
    ctx.defer(lambda: lifecycle.customer_leaves(chat_state(ctx), chat))


def _agent(ctx: Context) -> User | None:
    """The user behind a request that carries credentials or a session's cookie; None for a customer."""
    if "authorization" not in ctx.request.headers and cookie_of(ctx.request, COOKIE) is None:
        return None
    return authenticate(ctx.world, ctx.request)[0]


@operation("GET", CHAT, public=True)
async def get_chat(ctx: Context) -> dict[str, Any]:
    """The customer's chat. A chat of the agent who asks is found here, too: its `uri` points to this path."""
    state = chat_state(ctx)
    chat = state.chats.get(ctx.path["id"])
    if chat is not None:
        agent = _agent(ctx)
        leg = chat.legs.get(agent.id) if agent is not None else None
        if leg is not None:
            return one(ctx, CHATS, chat_resource(state, chat, leg))
        raise not_found("The chat")
    return {"chat": customer_chat_resource(state, _customers_chat(ctx))}


@operation("POST", CHAT, "GetChat", public=True)
async def get_chat_by_post(ctx: Context) -> dict[str, Any]:
    """The customer's chat, asked for as the page's table says."""
    return {"chat": customer_chat_resource(chat_state(ctx), _customers_chat(ctx))}


@operation("GET", f"{CHAT}/messages", public=True)
async def get_messages(ctx: Context) -> dict[str, Any]:
    """Messages from `index` on; without it, those that the client has not received yet."""
    chat = _customers_chat(ctx)
    return _messages(ctx, chat, number(ctx, "index", 0) if "index" in ctx.query else None)


@operation("POST", CHAT, "GetMessages", public=True)
async def get_messages_by_post(ctx: Context) -> dict[str, Any]:
    """The same, asked for as the page's table says; `index` may stand in the URL or in the body."""
    chat = _customers_chat(ctx)
    index = number(ctx, "index", 0) if "index" in ctx.query else ctx.optional("index", int)
    return _messages(ctx, chat, index)


def _messages(ctx: Context, chat: Chat, index: int | None) -> dict[str, Any]:
    first = chat.customer_has_read + 1 if index is None else index
    if index is None and ctx.world.faults.on(f.CUSTOMER_MESSAGES_REPEAT):
        first = 0
    found = [message for message in customer_messages(chat) if message.index >= first]
    if found:
        chat.customer_has_read = max(chat.customer_has_read, found[-1].index)
    return {"messages": [customer_message(message) for message in found]}
