"""The notifications of the chat area, all on /v2/me/chats: ChatStateChangeMessage and MessageLogUpdated.

Source: "CometD notifications" (lines 11296-11407). `referenceId` goes to the user whose request caused the
notification and to nobody else; MessageLogUpdated has none in any sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from . import faults as f
from .model import Chat, Leg, Message, Participant
from .resources import chat_resource, message_resource

if TYPE_CHECKING:
    from .state import ChatState

CHANNEL = "/v2/me/chats"
STATUS_CHANGE = "StatusChange"
PARTICIPANTS_UPDATED = "ParticipantsUpdated"
PROPERTIES_UPDATED = "PropertiesUpdated"
ATTACHMENT_ADDED = "AttachmentAdded"
ATTACHMENT_REMOVED = "AttachmentRemoved"
ERROR = "Error"


def chat_changed(
    state: ChatState,
    chat: Chat,
    leg: Leg,
    notification_type: str,
    reference_id: int | None = None,
    *,
    participants: Iterable[Participant] | None = None,
    error_message: str | None = None,
) -> None:
    """Send one ChatStateChangeMessage to the leg's user."""
    faults = state.world.faults
    if notification_type == PARTICIPANTS_UPDATED and faults.on(f.PARTICIPANTS_SILENT):
        return
    if notification_type == ERROR and faults.on(f.ERROR_SILENT):
        return
    data: dict[str, Any] = {
        "messageType": "ChatStateChangeMessage",
        "notificationType": notification_type,
        "chat": chat_resource(state, chat, leg, participants),
    }
    if reference_id is not None:
        data["referenceId"] = reference_id + 1000 if faults.on(f.REFERENCE_WRONG) else reference_id
    if error_message is not None:
        data["errorMessage"] = error_message
    state.world.publish(leg.user, CHANNEL, data)


def messages(state: ChatState, chat: Chat, leg: Leg, entries: Iterable[Message]) -> None:
    """Send the entries that the leg's user may see in one MessageLogUpdated; nothing when there is none."""
    visible = [entry for entry in entries if leg.sees(entry.visibility)]
    if not visible:
        return
    state.world.publish(
        leg.user,
        CHANNEL,
        {
            "messageType": "MessageLogUpdated",
            "notificationType": "NewMessages",
            "messages": [message_resource(state, entry) for entry in visible],
            "chatUri": state.world.uri(f"/chats/{chat.id}"),
            "chatPath": f"/chats/{chat.id}",
        },
    )


def everybody(
    state: ChatState,
    chat: Chat,
    notification_type: str,
    by: Leg | None = None,
    reference_id: int | None = None,
) -> None:
    """Tell everybody in the chat, and `by` wherever it stands; the referenceId goes to `by` alone."""
    for leg in audience(state, chat, by):
        chat_changed(state, chat, leg, notification_type, reference_id if leg is by else None)


def audience(state: ChatState, chat: Chat, by: Leg | None = None) -> list[Leg]:
    """Who hears of a change that `by` caused: everybody in the chat, and `by` first."""
    others = [leg for leg in chat.joined() if leg is not by]
    if by is None:
        return others
    return [by] if state.world.faults.on(f.NOT_TO_PEERS) else [by, *others]


def peers(state: ChatState, chat: Chat, leg: Leg) -> list[Leg]:
    """Everybody in the chat but `leg`."""
    return [other for other in audience(state, chat, leg) if other is not leg]
