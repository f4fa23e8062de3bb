"""What a chat consists of: participants, messages, attachments, and one leg for every agent or supervisor in it.

Source: Web Services API Reference, "Chat Resource" (lines 11414-11557) and the samples of the Chat API
(lines 11212-15765). A *leg* is one user's side of a chat: `/me/chats/{id}` shows it, and two users of one chat
are usually in different states.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..models import User

INVITED: Final = "Invited"
CHATTING: Final = "Chatting"
LEFT_CHAT: Final = "LeftChat"
COMPLETED: Final = "Completed"
REVOKED: Final = "Revoked"

ALL: Final = "All"
AGENTS: Final = "Agents"
SUPERVISORS: Final = "Supervisors"

AGENT: Final = "Agent"
CONSULT: Final = "Consult"
MONITOR: Final = "Monitor"
COACH: Final = "Coach"
BARGE_IN: Final = "BargeIn"
SUPERVISOR_MODES: Final = (MONITOR, COACH, BARGE_IN)

# Who can see a participant of each mode, and so what that participant says.
VISIBILITY_OF_MODE: Final = {
    AGENT: ALL,
    CONSULT: AGENTS,
    MONITOR: SUPERVISORS,
    COACH: AGENTS,
    BARGE_IN: ALL,
}

WAITING_FOR_AGENT: Final = "WaitingForAgent"
IDLE: Final = "Idle"


@dataclass(eq=False)
class Participant:
    """Somebody in the chat. `type` is "Agent" or "Customer": the samples show supervisors as agents, too."""

    id: str
    nickname: str
    type: str
    visibility: str
    user: User | None = None


@dataclass(frozen=True)
class Message:
    """One entry of the transcript. `sender` is the participant's resource as it was at that moment.

    `content` holds the members that only some types have: text, url, noticeText, attachment, messageType.
    """

    index: int
    type: str
    sender: dict[str, Any]
    visibility: str
    at: datetime
    content: dict[str, Any]


@dataclass(frozen=True)
class Document:
    """A stored document: `content` are its bytes, `size` their number."""

    id: str
    name: str
    mime: str
    content: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


@dataclass(frozen=True)
class Attachment:
    """A document that is linked with a chat; name, mime and size may be given by the one who linked it."""

    id: str
    name: str
    mime: str
    size: int


@dataclass(frozen=True)
class Invitation:
    """Why a user is invited. `kind` is "queue", "transfer", "conference", "consult" or "intrude".

    `reference_id` is the one of the request that asked for it, so that its failure can name it.
    """

    kind: str
    inviter: User | None = None
    reference_id: int | None = None


@dataclass(eq=False)
class Leg:
    """One user's side of a chat."""

    user: User
    invitation: Invitation
    mode: str = AGENT
    state: str = INVITED
    participant: Participant | None = None
    in_focus: bool = False

    @property
    def supervises(self) -> bool:
        """Whether the user is in the chat to supervise somebody else."""
        return self.mode in SUPERVISOR_MODES

    def sees(self, visibility: str) -> bool:
        """Whether this user may know of something with that visibility."""
        return visibility != SUPERVISORS or self.supervises


@dataclass(eq=False)
class Chat:
    """A chat interaction. `customer_id` is the id that the Customer Chat API knows it by.

    `session_open` is true until the chat session ends for the customer; `waiting` while the chat is in a queue;
    `passed_over` are the users that have refused or given away the chat and are not offered it from a queue.
    """

    id: str
    customer_id: str
    thread_id: str
    subject: str
    queue_name: str
    received: datetime
    customer: Participant
    user_data: dict[str, Any] = field(default_factory=dict)
    comment: str | None = None
    attachments: dict[str, Attachment] = field(default_factory=dict)
    uploads: dict[str, str] = field(default_factory=dict)  # fileId -> documentId
    participants: list[Participant] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    legs: dict[str, Leg] = field(default_factory=dict)
    passed_over: set[str] = field(default_factory=set)
    session_open: bool = True
    waiting: bool = False
    customer_has_read: int = 0
    next_index: int = 1

    def joined(self) -> list[Leg]:
        """The legs of everybody who is in the chat now."""
        return [leg for leg in self.legs.values() if leg.state == CHATTING]

    def other_agents(self, leg: Leg | None) -> list[Leg]:
        """The agents in the chat (consulting ones, too; supervisors not) beside `leg`."""
        return [other for other in self.joined() if other is not leg and not other.supervises]
