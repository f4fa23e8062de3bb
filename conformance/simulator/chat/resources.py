"""The shapes that chats, participants and messages have on the wire.

Sources: "Chat Resource" (lines 11414-11557), AddAttachment and SendCustomNotice samples (the fullest ones),
GetAgentInteractions (15635-15692), "Customer Chat Resource" and "Customer Chat Messages" (15875-16037).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..world import World
from . import capabilities
from . import faults as f
from .model import ALL, IDLE, INVITED, WAITING_FOR_AGENT, Attachment, Chat, Leg, Message, Participant

if TYPE_CHECKING:
    from .state import ChatState

# The message types that a customer knows (lines 16380-16392), for what they are called on the agents' side.
_CUSTOMER_NOTICES = {"CustomNotice", "NicknameUpdated", "SystemCommand", "PushUrl"}


def timestamp(at: datetime) -> str:
    """Like "2014-01-09 11:58:12.035+0200", the format of most samples."""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}{at:%z}"


def participant_resource(world: World, participant: Participant) -> dict[str, Any]:
    """A participant; agents have `uri` and `path` of their user."""
    resource: dict[str, Any] = {
        "id": participant.id,
        "participantId": participant.id,
        "nickname": participant.nickname,
        "type": participant.type,
        "visibility": participant.visibility,
    }
    if participant.user is not None:
        resource["path"] = participant.user.path
        resource["uri"] = world.uri(participant.user.path)
    return resource


def attachment_resource(world: World, chat: Chat, attachment: Attachment) -> dict[str, Any]:
    """An attachment of a chat."""
    return {
        "id": attachment.id,
        "name": attachment.name,
        "mime": attachment.mime,
        "size": attachment.size,
        "path": f"/attachments/{attachment.id}",
        "uri": world.uri(f"/chats/{chat.id}/attachments/{attachment.id}"),
    }


def visible_participants(chat: Chat, leg: Leg) -> list[Participant]:
    """Who is in the chat as far as the leg may know; nobody while it is only an invitation."""
    if leg.state == INVITED:
        return []
    return [participant for participant in chat.participants if leg.sees(participant.visibility)]


def chat_resource(
    state: ChatState, chat: Chat, leg: Leg, participants: Iterable[Participant] | None = None
) -> dict[str, Any]:
    """The chat as the leg's user sees it. `participants` replaces the visible ones where a sample shows none."""
    world = state.world
    shown = visible_participants(chat, leg) if participants is None else list(participants)
    names = capabilities.shown(chat, leg, world.faults)
    state.shuffler.shuffle(names)  # real deployments give no stable order
    resource: dict[str, Any] = {
        "id": chat.id,
        "state": leg.state,
        "capabilities": names,
        "participants": [participant_resource(world, participant) for participant in shown],
        "userData": dict(chat.user_data),
        "chatType": "Inbound",
        "receivedDate": timestamp(chat.received),
        "threadId": chat.thread_id,
        "interactionQueue": chat.queue_name,
        "uri": world.uri(f"/chats/{chat.id}"),
        "path": f"/chats/{chat.id}",
    }
    if chat.comment is not None:
        resource["comment"] = chat.comment
    if chat.attachments:
        resource["attachments"] = [attachment_resource(world, chat, a) for a in chat.attachments.values()]
    if leg.supervises:
        resource["supervisorMode"] = leg.mode
    return resource


def agent_interaction(world: World, chat: Chat) -> dict[str, Any]:
    """A chat below `user.chats`: what a supervisor gets of an agent's chat without being in it."""
    return {
        "id": chat.id,
        "userData": dict(chat.user_data),
        "receivedDate": timestamp(chat.received),
        "capabilities": [],
        "uri": world.uri(f"/chats/{chat.id}"),
    }


def message_resource(state: ChatState, message: Message) -> dict[str, Any]:
    """A message as agents and supervisors see it."""
    milliseconds = int(message.at.timestamp() * 1000)
    faults = state.world.faults
    content = dict(message.content)
    if not (state.options.include_message_type or faults.on(f.MESSAGE_TYPE_ALWAYS)):
        content.pop("messageType", None)
    return {
        "index": message.index,
        "type": message.type,
        "from": message.sender,
        **content,
        "visibility": message.visibility,
        "timestamp": timestamp(message.at),
        "timestampSeconds": milliseconds // 1000 if faults.on(f.SECONDS_NOT_MILLISECONDS) else milliseconds,
    }


def messages_for(chat: Chat, leg: Leg) -> list[Message]:
    """The part of the transcript that the leg's user may see."""
    return [message for message in chat.messages if leg.sees(message.visibility)]


# --- the customer's side ------------------------------------------------------------------------------------


def customer_state(chat: Chat) -> str:
    """WaitingForAgent, Chatting or Idle."""
    if not chat.session_open:
        return IDLE
    served = any(p.type == "Agent" and p.visibility == ALL for p in chat.participants)
    return "Chatting" if served else WAITING_FOR_AGENT


def _customer_view(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: resource[name] for name in ("nickname", "participantId", "type")}


def customer_chat_resource(state: ChatState, chat: Chat) -> dict[str, Any]:
    """The chat as its customer sees it."""
    shown = customer_state(chat)
    if shown == "Chatting" and state.world.faults.on(f.CUSTOMER_STATE_STUCK):
        shown = WAITING_FOR_AGENT
    return {
        "id": chat.customer_id,
        "state": shown,
        "capabilities": list(capabilities.CUSTOMER) if chat.session_open else [],
        "participants": [
            _customer_view(participant_resource(state.world, p)) for p in chat.participants if p.visibility == ALL
        ],
    }


def customer_message(message: Message) -> dict[str, Any]:
    """A message as the customer sees it.

    The customer's page knows neither PushUrl nor the agents' notices; they arrive as Notice with their text.
    """
    resource: dict[str, Any] = {
        "from": _customer_view(message.sender),
        "index": message.index,
        "type": message.type,
    }
    if message.type in _CUSTOMER_NOTICES:
        resource["type"] = "Notice"
        resource["text"] = message.content.get("noticeText", message.content.get("url", ""))
    elif "text" in message.content:
        resource["text"] = message.content["text"]
    return resource


def customer_messages(chat: Chat) -> list[Message]:
    """The part of the transcript that the customer may see."""
    return [message for message in chat.messages if message.visibility == ALL]
