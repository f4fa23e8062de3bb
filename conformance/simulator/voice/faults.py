"""The faults of the voice area: each one is a deviation that a client can see."""

from __future__ import annotations

from typing import Final

from ..faults import fault

# --- what a resource says -------------------------------------------------------------------------------------
CAPABILITY_MISSING: Final = fault(
    "voice.capability-missing-established", "An Established call does not list Hold among its capabilities."
)
CAPABILITY_EXTRA: Final = fault("voice.capability-extra-ringing", "A Ringing call lists Hold among its capabilities.")
HELD_OFFERS_HOLD: Final = fault(
    "voice.capability-hold-while-held", "A Held call lists Hold instead of Retrieve among its capabilities."
)
RELEASED_OFFERS_HANGUP: Final = fault(
    "voice.capability-after-release", "The Released notification still lists Hangup among the capabilities."
)
DIALING_WITHOUT_SWAP: Final = fault(
    "voice.capability-missing-consult", "A Dialing call beside a held call does not list CompleteTransfer."
)
CONFERENCE_WITHOUT_REMOVE: Final = fault(
    "voice.capability-missing-conference",
    "A conference's owner is not offered RemoveParticipantFromConference.",
)
PUBLIC_OFFERS_ANSWER: Final = fault(
    "voice.public-device-offers-answer", "A call that rings on a Public device lists Answer."
)
DND_CAPABILITY_STUCK: Final = fault(
    "voice.dnd-capability-stuck", "A device with do-not-disturb on goes on offering DoNotDisturbOn."
)
CALL_TYPE_CONSULT: Final = fault("voice.call-type-wrong", "A consult call has the callType Internal.")
CALL_TYPE_INBOUND: Final = fault(
    "voice.call-type-inbound-as-outbound", "A call from a customer has the callType Outbound."
)
PARTICIPANTS_SELF: Final = fault(
    "voice.participants-include-self", "The participants of a call include the agent's own number."
)
PARTICIPANTS_FIRST: Final = fault(
    "voice.participants-first-only", "The participants of a conference hold the first other party alone."
)
PARENT_MISSING: Final = fault(
    "voice.parent-call-missing", "A consult call has neither parentCallUri nor parentCallPath."
)
DURATION_NUMBER: Final = fault("voice.duration-number", "The duration of a call is a number, not a string.")
DURATION_STUCK: Final = fault("voice.duration-stuck", "The duration of a call stays at 0.")
URI_WRONG: Final = fault("voice.call-uri-wrong", "The uri and path of a call name its connId.")
TOAST_MISSING: Final = fault("voice.toast-missing", "A Ringing call has no toast although a filter is set.")
CASE_WHILE_RINGING: Final = fault("voice.case-while-ringing", "A Ringing call has case data already.")
USER_DATA_FILTERED: Final = fault(
    "voice.user-data-filtered", "userData holds only the keys that the toast or case filter names."
)
EMPTY_USER_DATA: Final = fault(
    "voice.empty-user-data", "A call without user data has an empty userData object instead of none."
)

# --- who may see and do what ----------------------------------------------------------------------------------
FOREIGN_CALL: Final = fault(
    "voice.foreign-call-visible", "GET /me/calls/{id} shows a call of somebody else, who is not in it."
)
FOREIGN_DEVICE: Final = fault("voice.foreign-device-visible", "GET /me/devices/{id} shows the device of somebody else.")
AGENT_MONITORS: Final = fault(
    "voice.agent-may-monitor", "An agent without ROLE_SUPERVISOR may monitor another agent's device."
)
REMOVE_BY_ANYBODY: Final = fault(
    "voice.remove-participant-by-anybody", "A participant who does not own the conference may remove another."
)
UNKNOWN_CALL_ACCEPTED: Final = fault(
    "voice.unknown-call-accepted", "An operation on an unknown call answers statusCode 0."
)

# --- what an operation does -----------------------------------------------------------------------------------
HOLD_STAYS: Final = fault("voice.hold-leaves-established", "Hold leaves the call Established and says so.")
ANSWER_HELD: Final = fault("voice.answer-accepted-while-held", "Answer retrieves a Held call.")
REFUSED_ACTS: Final = fault(
    "voice.refused-operation-acts", "A Hold that is refused with an ErrorMessage holds the call all the same."
)
RETRIEVE_SAYS_HELD: Final = fault(
    "voice.retrieve-sends-held", "Retrieve establishes the call but the notification says Held."
)
HANGUP_KEEPS_PEER: Final = fault(
    "voice.hangup-keeps-peer", "Hangup in a call of two leaves the other party's call Established."
)
HELD_BESIDE_REFUSES: Final = fault(
    "voice.offered-refused-on-held",
    "A held call beside another one offers InitiateConference and SingleStepConference, and refuses them.",
)
REJECT_DROPS: Final = fault(
    "voice.reject-drops-call", "Reject releases the caller instead of returning the call to its queue."
)
REJECT_DIRECT: Final = fault("voice.reject-direct-call", "Reject works on a call that no queue delivered.")
DTMF_SILENT: Final = fault("voice.dtmf-not-confirmed", "SendDtmf is not confirmed by a DtmfSent.")
DTMF_LETTERS: Final = fault("voice.dtmf-letters-accepted", "SendDtmf accepts digits that are no digits.")
MUTE_FLAG: Final = fault("voice.mute-flag-wrong", "After MuteCall the call says mute Off.")
DISPOSITION_LOST: Final = fault(
    "voice.disposition-lost", "SetCallDisposition answers statusCode 0 and leaves the user data alone."
)
DISPOSITION_KEY: Final = fault(
    "voice.disposition-key-ignored",
    "SetCallDisposition uses the configured key although the request has one.",
)
SWAP_NOTHING: Final = fault(
    "voice.swap-swaps-nothing", "SwapCalls sends both notifications with the states as they were."
)
TRANSFER_KEEPS: Final = fault(
    "voice.complete-transfer-keeps-sender", "CompleteTransfer leaves the sender in the original call."
)
CONFERENCE_KEEPS_CONSULT: Final = fault(
    "voice.complete-conference-keeps-consult",
    "CompleteConference does not say that the consult call is released.",
)
SINGLE_STEP_KEEPS: Final = fault(
    "voice.single-step-transfer-keeps-sender", "SingleStepTransfer leaves the sender in the call."
)
INITIATE_NO_HOLD: Final = fault(
    "voice.initiate-without-hold", "InitiateTransfer and InitiateConference leave the first call Established."
)
REMOVE_IGNORED: Final = fault("voice.remove-participant-ignored", "RemoveParticipantFromConference removes nobody.")
CLEAR_LEAVES: Final = fault("voice.clear-call-leaves-others", "ClearCall releases only the agent who asked.")
UPDATE_REPLACES: Final = fault(
    "voice.update-replaces-user-data", "UpdateUserData replaces the user data instead of merging into it."
)
PAIR_DELETES_ALL: Final = fault("voice.delete-pair-deletes-all", "DeleteUserDataPair deletes every pair.")
DELETE_KEEPS: Final = fault("voice.delete-user-data-ignored", "DeleteUserData leaves the user data in place.")
DIAL_DROPS_DATA: Final = fault("voice.dial-drops-user-data", "Dial ignores the userData of the request.")
RECORDING_STATE: Final = fault("voice.recording-state-wrong", "After PauseCallRecording the call says Recording.")
RECORDING_TYPE: Final = fault(
    "voice.recording-as-status-change", "A change of the recording is told as a StatusChange."
)

# --- who hears of it ------------------------------------------------------------------------------------------
PEER_SILENT: Final = fault(
    "voice.peer-not-notified", "When a call is answered, the caller is not told that it is Established."
)
RELEASED_SILENT: Final = fault("voice.released-not-notified", "No notification says that a call is Released.")
RELEASED_LISTED: Final = fault("voice.released-call-listed", "GET /me/calls goes on listing Released calls.")
PARTICIPANTS_TYPE: Final = fault(
    "voice.participants-as-status-change", "A change of the participants is told as a StatusChange."
)
DATA_NOT_SHARED: Final = fault(
    "voice.user-data-not-shared", "Only the agent who changed user data is told of the change."
)
ERROR_SILENT: Final = fault(
    "voice.error-message-missing", "A refusal after statusCode 0 is not told by an ErrorMessage."
)
WRONG_TOPIC: Final = fault("voice.calls-on-devices-topic", "Call notifications come on /v2/me/devices.")

# --- devices and agent states ---------------------------------------------------------------------------------
DND_FLAG: Final = fault("voice.dnd-flag-wrong", "After DoNotDisturbOn the device says doNotDisturb Off.")
DND_RINGS: Final = fault("voice.dnd-lets-calls-through", "Calls ring on a device with do-not-disturb on.")
FORWARD_IGNORED: Final = fault("voice.forward-not-applied", "Calls ring on a device that forwards its calls.")
FORWARD_STUCK: Final = fault("voice.forward-off-ignored", "ForwardCallsOff leaves the forwarding in place.")
AUX_WITHOUT_MODE: Final = fault("voice.aux-work-without-work-mode", "AuxWork is shown as plain NotReady.")
OFFLINE_NAME: Final = fault("voice.offline-state-name", "An agent who is Offline has the state Logout.")
REPEAT_REFUSED: Final = fault("voice.repeated-state-refused", "A repeated agent state is refused.")
WORKMODE_UNCHECKED: Final = fault("voice.workmode-not-checked", "An invalid workmode is accepted.")
STATE_IGNORED: Final = fault("voice.not-ready-ignored", "NotReady leaves the agent Ready.")

# --- the session ----------------------------------------------------------------------------------------------
END_LEAVES_CALLS: Final = fault("voice.end-session-leaves-calls", "EndContactCenterSession leaves the calls.")
END_KEEPS_HTTP: Final = fault(
    "voice.end-session-keeps-http-session", "EndContactCenterSession leaves the HTTP session valid."
)
END_KEEPS_LOGIN: Final = fault(
    "voice.end-session-keeps-login", "EndContactCenterSession leaves the agent logged in on the device."
)
PARTIAL_AS_SUCCESS: Final = fault(
    "voice.session-partial-as-success", "A session with a failed channel answers a bare statusCode 0."
)
ALL_FAILED_PARTIAL: Final = fault(
    "voice.session-all-failed-partial", "A session whose channels all fail answers statusCode 7."
)

# --- supervisors ----------------------------------------------------------------------------------------------
MONITOR_MUTE: Final = fault("voice.barge-in-stays-muted", "After SwitchToBargeIn the supervisor's mute is On.")
SWITCH_IGNORED: Final = fault(
    "voice.switch-to-listen-in-ignored", "SwitchToListenIn sends its notification and changes nothing."
)
MONITORED_MUTE: Final = fault("voice.monitored-user-not-muted", "After MuteMonitoredUser monitoredUserMuted is false.")
CANCEL_KEEPS: Final = fault(
    "voice.cancel-keeps-monitoring", "CancelSupervisorMonitoring leaves supervisorMonitoringState in place."
)
ALL_CALLS_ONCE: Final = fault(
    "voice.all-calls-ends-early", "Monitoring with the mode AllCalls ends after the first call."
)
LOGIN_AGAIN: Final = fault(
    "voice.repeated-session-logs-in-again", "StartContactCenterSession logs in an agent again who is logged in."
)
NEXT_CALL_ALL: Final = fault(
    "voice.next-call-goes-on", "Monitoring with the mode NextCall goes on after the next call."
)
SCOPE_IGNORED: Final = fault(
    "voice.agent-scope-ignored", "With the scope Agent the supervisor stays when the agent has left the call."
)
LISTENING_HIDDEN: Final = fault(
    "voice.listening-in-hidden", "supervisorListeningIn is false while a supervisor listens."
)
CALL_SCOPE_IGNORED: Final = fault(
    "voice.call-scope-ignored", "With the scope Call the supervisor leaves with the agent who transfers the call."
)
