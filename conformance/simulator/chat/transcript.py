"""Writing into a chat's transcript and telling who may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import faults as f
from . import notify
from .model import AGENTS, ALL, Chat, Leg, Message, Participant
from .resources import participant_resource

if TYPE_CHECKING:
    from .state import ChatState

TEXT = "Text"
TYPING = ("TypingStarted", "TypingStopped")


def add(
    state: ChatState,
    chat: Chat,
    type_: str,
    sender: Participant,
    visibility: str | None = None,
    **content: Any,
) -> Message:
    """Append an entry; it is visible to those who see its sender, or as `visibility` says."""
    index = chat.next_index
    chat.next_index += 1
    if state.world.faults.on(f.INDEX_STUCK):
        index = 1
    shown_to = sender.visibility if visibility is None else visibility
    if shown_to == AGENTS and content and state.world.faults.on(f.TO_AGENTS_VISIBLE):
        shown_to = ALL
    message = Message(
        index=index,
        type=type_,
        sender=participant_resource(state.world, sender),
        visibility=shown_to,
        at=state.world.clock.now(),
        content=content,
    )
    chat.messages.append(message)
    return message


def say(
    state: ChatState,
    chat: Chat,
    by: Leg,
    type_: str,
    visibility: str | None = None,
    **content: Any,
) -> None:
    """Append an entry by the leg's participant and send it to everybody in the chat who may see it."""
    if by.participant is None:
        raise ValueError("the leg has not joined the chat")
    if type_ in TYPING and state.world.faults.on(f.TYPING_LOST):
        return
    message = add(state, chat, type_, by.participant, visibility, **content)
    for leg in notify.audience(state, chat, by):
        notify.messages(state, chat, leg, [message])


def customer_says(state: ChatState, chat: Chat, type_: str, **content: Any) -> None:
    """Append an entry by the customer and send it to everybody in the chat."""
    faults = state.world.faults
    if type_ in TYPING and faults.on(f.TYPING_LOST):
        return
    if type_ == TEXT and faults.on(f.CUSTOMER_MESSAGE_LOST):
        return
    message = add(state, chat, type_, chat.customer, **content)
    for leg in chat.joined():
        notify.messages(state, chat, leg, [message])
