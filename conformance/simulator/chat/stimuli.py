"""What customers do, for the control API: customer-chat, customer-message, customer-typing, customer-leaves.

`chat` in the parameters is the interaction's id or the customer's id of the chat. chat-options changes how the chat
back end is configured. A stimulus refuses like an operation: ApiError with a message.
"""

from __future__ import annotations

from typing import Any, TypeVar

from ..models import CONTACT_CENTER_ID
from ..seed import CHAT_QUEUE, SEEDED_DOCUMENT_ID
from ..status import INVALID_PARAMETER, ApiError, invalid, missing, not_found
from ..stimuli import stimulus
from ..world import World
from . import lifecycle, transcript
from .model import Chat
from .resources import customer_chat_resource
from .state import ChatState

T = TypeVar("T")


def _parameter(params: dict[str, Any], name: str, type_: type[T], default: T) -> T:
    value = params.get(name, default)
    if not isinstance(value, type_):
        raise invalid(name, f"must be a {type_.__name__}")
    return value


def _state(world: World) -> ChatState:
    state = world.chat
    if not isinstance(state, ChatState):
        raise TypeError("the chat area is not set up")
    return state


def _open_chat(state: ChatState, params: dict[str, Any]) -> Chat:
    chat_id = _parameter(params, "chat", str, "")
    if not chat_id:
        raise missing("chat")
    chat = state.by_any_id(chat_id)
    if chat is None:
        raise not_found("The chat")
    if not chat.session_open:
        raise ApiError(INVALID_PARAMETER, "The chat is over for its customer")
    return chat


@stimulus("customer-chat")
async def customer_chat(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """A customer asks for a chat: {nickname, subject, queue, userData}; returns {chatId, customerChatId}."""
    nickname = _parameter(params, "nickname", str, "Customer")
    subject = _parameter(params, "subject", str, "")
    queue_name = _parameter(params, "queue", str, CHAT_QUEUE)
    user_data = _parameter(params, "userData", dict, {})
    if not any(q.name == queue_name and q.channel == "chat" for q in world.queues.values()):
        raise not_found("The queue")
    chat = lifecycle.new_chat(_state(world), nickname, subject, queue_name, user_data)
    return {"chatId": chat.id, "customerChatId": chat.customer_id}


@stimulus("customer-message")
async def customer_message(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """The customer writes: {chat, text}; returns the index of the message."""
    state = _state(world)
    chat = _open_chat(state, params)
    text = _parameter(params, "text", str, "")
    if not text:
        raise missing("text")
    transcript.customer_says(state, chat, transcript.TEXT, text=text)
    return {"index": chat.next_index - 1}


@stimulus("customer-typing")
async def customer_typing(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """The customer starts or stops typing: {chat, typing (default true), text (the preview, optional)}."""
    state = _state(world)
    chat = _open_chat(state, params)
    preview = _parameter(params, "text", str, "")
    content = {"text": preview} if preview else {}
    type_ = "TypingStarted" if _parameter(params, "typing", bool, True) else "TypingStopped"
    transcript.customer_says(state, chat, type_, **content)
    return {"index": chat.next_index - 1}


@stimulus("customer-leaves")
async def customer_leaves(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """The customer ends the chat: {chat}; one that is over already stays so."""
    state = _state(world)
    chat_id = _parameter(params, "chat", str, "")
    chat = state.by_any_id(chat_id)
    if chat is None:
        raise not_found("The chat")
    lifecycle.customer_leaves(state, chat)
    return {}


@stimulus("customer-view")
async def customer_view(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """What the customer sees of the chat: {chat}; returns {chat}."""
    state = _state(world)
    chat = state.by_any_id(_parameter(params, "chat", str, ""))
    if chat is None:
        raise not_found("The chat")
    return {"chat": customer_chat_resource(state, chat)}


@stimulus("chat-options")
async def chat_options(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """Configure the back end: {includeMessageType, dispositionKey, transcriptSaveDone, capacity}; returns them."""
    options = _state(world).options
    options.include_message_type = _parameter(params, "includeMessageType", bool, options.include_message_type)
    options.transcript_save_done = _parameter(params, "transcriptSaveDone", bool, options.transcript_save_done)
    options.disposition_key = _parameter(params, "dispositionKey", str, options.disposition_key)
    options.capacity = _parameter(params, "capacity", int, options.capacity)
    return {
        "includeMessageType": options.include_message_type,
        "transcriptSaveDone": options.transcript_save_done,
        "dispositionKey": options.disposition_key,
        "capacity": options.capacity,
        "contactCenterId": CONTACT_CENTER_ID,
        "documentId": SEEDED_DOCUMENT_ID,
    }
