"""What a user can do with a chat, by the state of their leg.

Sources (Web Services API Reference): Intrude (Invited, lines 15155-15250); AddAttachment, AttachUserData and
MessageLogUpdated samples (Chatting); Invite (with another agent, 13618-13791); RemoveParticipantFromConference
(LeftChat and Completed, 14231-14662); the table on Supervisor Monitoring (14755-14790).

Decisions where the pages differ:
- Chatting is the newer set, with SendUrl and SendCustomNotice; `InFocus` and `LeaveAndComplete` (older samples)
  are not offered.
- A supervisor's set is the page's table; the samples of the SwitchTo operations print the set that held before
  the switch. The names are those of the operations (`SwitchToBargeIn`, where samples print `SwitchBargeIn`).
- No page shows the set of a consulting agent: it can do what the customer does not see, and leave.
"""

from __future__ import annotations

from ..faults import Faults
from . import faults as f
from .model import ALL, BARGE_IN, CHATTING, COACH, CONSULT, INVITED, LEFT_CHAT, MONITOR, Chat, Leg

USER_DATA = ("AttachUserData", "UpdateUserData", "DeleteUserData")
TO_AGENTS = ("SendToAgents", "SendStartTypingToAgentsNotification", "SendStopTypingToAgentsNotification")
TO_ALL = ("SendMessage", "SendStartTypingNotification", "SendStopTypingNotification")

_INVITED = ("Accept", "Reject")
_CHATTING = (
    "Transfer",
    "Leave",
    "Invite",
    "Consult",
    "SetInFocus",
    "SetDisposition",
    *USER_DATA,
    "Complete",
    *TO_ALL,
    "SendUrl",
    "SendCustomNotice",
)
_CONSULTING = ("Leave", "SetInFocus", "SetDisposition", *USER_DATA, *TO_AGENTS)
_LEFT_CHAT = ("SetInFocus", "Complete", "SetDisposition", *USER_DATA)
_COACHING = (
    "Leave",
    "SetInFocus",
    "SetDisposition",
    *USER_DATA,
    "AddComment",
    "Transfer",
    "Invite",
    "Consult",
    *TO_AGENTS,
)
_SUPERVISING = {
    MONITOR: ("Leave", "SwitchToCoach", "SwitchToBargeIn"),
    COACH: (*_COACHING, "SwitchToMonitor", "SwitchToBargeIn"),
    BARGE_IN: (*_COACHING, *TO_ALL, "SwitchToMonitor", "SwitchToCoach"),
}

CUSTOMER = ("SendMessage", "SendStartTypingNotification", "SendStopTypingNotification", "Complete")


def documented(chat: Chat, leg: Leg) -> tuple[str, ...]:
    """The capabilities of the leg, before any fault."""
    if leg.state == INVITED:
        return _INVITED
    if leg.state == LEFT_CHAT:
        return _LEFT_CHAT
    if leg.state != CHATTING:
        return ()
    if leg.supervises:
        return _SUPERVISING[leg.mode]
    if leg.mode == CONSULT:
        return _CONSULTING
    with_others = any(
        other is not leg and other.participant is not None and leg.sees(other.participant.visibility)
        for other in chat.joined()
    )
    return (*_CHATTING, *TO_AGENTS) if with_others else _CHATTING


def shown(chat: Chat, leg: Leg, faults: Faults) -> list[str]:
    """The capabilities as the resource shows them, with the faults that are on."""
    names = list(documented(chat, leg))
    if leg.state == INVITED and faults.on(f.CAPABILITY_EXTRA_INVITED):
        names.append("Leave")
    if leg.state == CHATTING and faults.on(f.CAPABILITY_MISSING_CHATTING) and "SetDisposition" in names:
        names.remove("SetDisposition")
    if leg.state == LEFT_CHAT and faults.on(f.CAPABILITY_EXTRA_LEFT_CHAT):
        names.append("SendMessage")
    if not names and faults.on(f.CAPABILITY_EXTRA_COMPLETED):
        names.append("Complete")
    if leg.mode == COACH and leg.state == CHATTING and faults.on(f.COACH_OFFERS_SEND_MESSAGE):
        names.append("SendMessage")
    if faults.on(f.CONFERENCE_LACKS_TO_AGENTS):
        names = [name for name in names if name not in TO_AGENTS]
    return names


def may(chat: Chat, leg: Leg, operation_name: str) -> bool:
    """Whether the leg's state allows the operation.

    Some operations never appear in a capability list; what each of them goes with is stated here.
    """
    offered = documented(chat, leg)
    in_chat = leg.state == CHATTING
    match operation_name:
        case "AddComment":
            return "AttachUserData" in offered
        case "AddAttachment" | "RemoveAttachment":
            return in_chat and leg.mode != MONITOR
        case "UploadFile" | "DeleteFile":
            return "SendMessage" in offered
        case "SendCustomNoticeToAgents":
            return "SendToAgents" in offered
        case "SendNicknameUpdatedNotice":
            return in_chat and leg.mode != MONITOR
        case "CancelConsult":
            return "Consult" in offered
        case "RemoveParticipantFromConference":
            # "Only agents who are visible to all" may do it (lines 14235-14238).
            return in_chat and leg.participant is not None and leg.participant.visibility == ALL
        case _:
            return operation_name in offered
