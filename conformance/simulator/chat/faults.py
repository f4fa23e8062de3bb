"""The named faults of the chat area: what a client of a faulty server would see."""

from __future__ import annotations

from typing import Final

from ..faults import fault

# --- states -------------------------------------------------------------------------------------------------
ACCEPT_TWICE: Final = fault(
    "chat.accept-twice", "Accept of a chat that is already Chatting is performed again instead of refused."
)
TRANSFER_KEEPS_SENDER: Final = fault(
    "chat.transfer-keeps-sender", "After Transfer the sender's chat stays in Chatting; no Completed is sent."
)
LEAVE_COMPLETES: Final = fault("chat.leave-completes", "Leave of the only agent ends in Completed instead of LeftChat.")
CONFERENCE_LEAVE_STAYS: Final = fault(
    "chat.conference-leave-stays", "Leave out of a conference ends in LeftChat instead of Completed."
)
REMOVE_NOBODY: Final = fault(
    "chat.remove-without-target", "RemoveParticipantFromConference without targetUri and targetPath is accepted."
)
REMOVE_COMPLETES: Final = fault(
    "chat.remove-participant-completes",
    "RemoveParticipantFromConference ends in Completed instead of LeftChat for the removed agent.",
)
REJECT_RETURNS: Final = fault(
    "chat.reject-offers-same-agent", "A rejected chat is offered to the agent who rejected it."
)
REJECT_STAYS_INVITED: Final = fault(
    "chat.reject-stays-invited", "Reject changes nothing: the chat stays Invited and goes to nobody else."
)
REFUSED_STILL_ACTS: Final = fault(
    "chat.refused-still-changes", "An operation that is refused with an Error is carried out all the same."
)
COMPLETED_STAYS_LISTED: Final = fault(
    "chat.completed-stays-listed", "A completed chat stays in the list of the agent's chats."
)
INVITING_REFUSES: Final = fault(
    "chat.offered-refused-while-inviting",
    "While another agent's answer to an invitation is awaited, the chat offers Invite and Consult, and refuses them.",
)
CANCEL_CONSULT_IGNORED: Final = fault(
    "chat.cancel-consult-ignored", "CancelConsult succeeds, but the invitation of the consulted agent stays."
)
CANCEL_CONSULT_LATE: Final = fault(
    "chat.cancel-consult-late", "CancelConsult throws out a consulted agent who has accepted already."
)
REVOKED_MISSING: Final = fault("chat.revoked-missing", "A supervisor is not told that the monitored chat is over.")
SESSION_END_KEEPS_CHATS: Final = fault(
    "chat.session-end-keeps-chats", "EndContactCenterSession leaves the agent's chats open."
)

# --- capabilities -------------------------------------------------------------------------------------------
CAPABILITY_EXTRA_INVITED: Final = fault("chat.capability-extra-invited", "An Invited chat offers Leave, too.")
CAPABILITY_MISSING_CHATTING: Final = fault(
    "chat.capability-missing-chatting", "A Chatting chat does not offer SetDisposition."
)
CAPABILITY_EXTRA_LEFT_CHAT: Final = fault("chat.capability-extra-left-chat", "A chat in LeftChat offers SendMessage.")
CAPABILITY_EXTRA_COMPLETED: Final = fault("chat.capability-extra-completed", "A Completed chat offers Complete.")
CONFERENCE_LACKS_TO_AGENTS: Final = fault(
    "chat.conference-lacks-to-agents", "A chat with another agent does not offer the ToAgents operations."
)
COACH_OFFERS_SEND_MESSAGE: Final = fault(
    "chat.coach-offers-send-message", "A coaching supervisor is offered SendMessage."
)

# --- messages -----------------------------------------------------------------------------------------------
LOSES_MESSAGE: Final = fault(
    "chat.transcript-loses-message", "The transcript that GET messages returns lacks the last Text message."
)
INDEX_STUCK: Final = fault("chat.index-not-increasing", "Every message after the first has the index of the first.")
TO_AGENTS_VISIBLE: Final = fault(
    "chat.to-agents-visible-to-customer", "What is sent to agents only has visibility All and reaches the customer."
)
TYPING_LOST: Final = fault("chat.typing-not-delivered", "Typing notifications reach nobody.")
HISTORY_MISSING: Final = fault(
    "chat.history-missing-on-accept", "No MessageLogUpdated with the chat history follows an Accept."
)
HISTORY_OWN_JOIN_ONLY: Final = fault(
    "chat.history-incomplete-on-accept", "The history after an Accept holds the agent's own joining only."
)
MESSAGE_TYPE_ALWAYS: Final = fault(
    "chat.message-type-always", "messageType is included although the option includeMessageType is off."
)
SECONDS_NOT_MILLISECONDS: Final = fault(
    "chat.timestamp-in-seconds", "timestampSeconds holds seconds instead of milliseconds."
)
URL_AS_TEXT: Final = fault("chat.url-as-text", "SendUrl puts the address into text instead of url.")
PAGING_IGNORED: Final = fault("chat.messages-paging-ignored", "GET messages ignores startIndex and count.")
NOT_TO_PEERS: Final = fault(
    "chat.peers-not-notified", "Notifications go to the acting agent only, not to the others in the chat."
)

# --- participants and visibility ----------------------------------------------------------------------------
PARTICIPANTS_SILENT: Final = fault(
    "chat.participants-not-updated", "ParticipantsUpdated is never sent when somebody joins or leaves."
)
NICKNAME_LOST: Final = fault("chat.nickname-lost", "The nickname given with Accept is ignored; the user name is shown.")
MONITOR_VISIBLE: Final = fault(
    "chat.monitor-visible-to-agents", "A silently monitoring supervisor has visibility Agents."
)
CONSULT_VISIBLE: Final = fault(
    "chat.consult-visible-to-customer", "A consulting agent has visibility All: the customer sees them."
)
INVITE_INVISIBLE: Final = fault(
    "chat.invited-agent-invisible", "An agent invited to a conference has visibility Agents instead of All."
)
SWITCH_KEEPS_VISIBILITY: Final = fault(
    "chat.switch-keeps-visibility", "SwitchTo operations answer and notify but leave mode and visibility as they were."
)
NEXT_CHAT_MONITORS_ALL: Final = fault(
    "chat.next-chat-monitors-all", "supervisorMonitoringMode NextChat goes on after the next chat."
)
CANCEL_MONITORING_IGNORED: Final = fault(
    "chat.cancel-monitoring-ignored", "CancelSupervisorMonitoring succeeds, but the monitoring goes on."
)
INTRUDE_WITHOUT_MODE: Final = fault(
    "chat.intrude-without-mode", "Intrude without a mode is accepted for an agent who is not monitored."
)
ROLE_UNCHECKED: Final = fault("chat.monitoring-without-role", "A user without the role supervisor may monitor others.")

# --- data, errors, attachments ------------------------------------------------------------------------------
DELETE_USER_DATA_IGNORED: Final = fault("chat.delete-user-data-ignored", "DeleteUserData succeeds and deletes nothing.")
UPDATE_REPLACES: Final = fault("chat.update-user-data-replaces", "UpdateUserData drops the keys that it does not name.")
DISPOSITION_LOST: Final = fault("chat.disposition-lost", "SetDisposition does not put the disposition into userData.")
COMMENT_LOST: Final = fault("chat.comment-lost", "AddComment does not show in the chat resource.")
ERROR_SILENT: Final = fault(
    "chat.error-notification-missing", "An operation that fails is not followed by an Error notification."
)
REFERENCE_WRONG: Final = fault(
    "chat.reference-id-wrong", "The referenceId of a notification is not the one of its request."
)
ATTACHMENT_UNKNOWN: Final = fault(
    "chat.attachment-unknown", "An attachment that was just added cannot be downloaded (404)."
)
ATTACHMENT_CORRUPT: Final = fault("chat.attachment-truncated", "A downloaded attachment lacks its last byte.")
REMOVE_ATTACHMENT_IGNORED: Final = fault(
    "chat.remove-attachment-ignored", "RemoveAttachment announces the removal but keeps the attachment."
)
UPLOAD_UNLINKED: Final = fault(
    "chat.upload-unlinked-accepted", "UploadFile accepts a document that is not linked with the chat."
)

# --- channel ------------------------------------------------------------------------------------------------
CHANNEL_STATE_LOST: Final = fault(
    "chat.channel-state-not-kept", "Ready and NotReady of the chat channel succeed without an effect."
)
DND_IGNORED: Final = fault("chat.dnd-ignored", "A chat agent with DoNotDisturb on is offered chats all the same.")

# --- customer side ------------------------------------------------------------------------------------------
CUSTOMER_STATE_STUCK: Final = fault(
    "chat.customer-state-stuck", "The customer's chat stays WaitingForAgent when an agent has joined."
)
CUSTOMER_HEADER_OPTIONAL: Final = fault(
    "chat.customer-header-optional", "The Customer Chat API works without the header ContactCenterId."
)
CUSTOMER_MESSAGES_REPEAT: Final = fault(
    "chat.customer-messages-repeat", "GetMessages without index returns messages that were returned before."
)
CUSTOMER_MESSAGE_LOST: Final = fault(
    "chat.customer-message-lost", "A message that the customer sends is acknowledged but reaches no agent."
)
