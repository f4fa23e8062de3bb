"""How a chat moves from state to state: who joins, who leaves, when it is over.

Sources (Web Services API Reference): Accept (lines 11560-11760), Reject (11765-11829), Leave (11904-11983),
Complete (11985-12051), RemoveParticipantFromConference (14231-14662), Supervisor Monitoring (14737-14968).

Decisions where the pages are silent:
- When the customer leaves, the session is over: every agent goes to LeftChat, every invitation is Revoked.
- Complete by one of several agents completes the chat for all of them, as it ends the session for the customer.
- When the agent leaves a consultation, the consulted agent takes the chat over and becomes visible to all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..models import User
from . import distribution, notify, transcript
from . import faults as f
from .model import (
    AGENT,
    AGENTS,
    ALL,
    CHATTING,
    COMPLETED,
    CONSULT,
    INVITED,
    LEFT_CHAT,
    MONITOR,
    REVOKED,
    VISIBILITY_OF_MODE,
    Chat,
    Invitation,
    Leg,
    Message,
    Participant,
)

if TYPE_CHECKING:
    from .state import ChatState

OPERATION_FAILED = "Operation failed"
_KEPT_CHATS = 1000


def new_chat(state: ChatState, nickname: str, subject: str, queue_name: str, user_data: Mapping[str, Any]) -> Chat:
    """A customer opens a chat; it waits in the queue until an agent is free."""
    ids = state.world.ids
    customer = Participant(_participant_id(state), nickname, "Customer", ALL)
    chat = Chat(
        id=ids.interaction(),
        customer_id=ids.uuid(),
        thread_id=ids.interaction(),
        subject=subject,
        queue_name=queue_name,
        received=state.world.clock.now(),
        customer=customer,
        user_data={"Subject": subject, **user_data} if subject else dict(user_data),
        participants=[customer],
    )
    state.chats[chat.id] = chat
    _forget_oldest(state)
    transcript.add(state, chat, "ParticipantJoined", customer)
    distribution.enqueue(state, chat, queue_name)
    return chat


def _forget_oldest(state: ChatState) -> None:
    """A server that runs for long keeps only the latest of the chats that are over."""
    if len(state.chats) > _KEPT_CHATS:
        over = next((c for c in state.chats.values() if not c.session_open and not c.legs), None)
        if over is not None:
            del state.chats[over.id]


def _participant_id(state: ChatState) -> str:
    return state.world.ids.conn().upper()


def visibility_of(state: ChatState, mode: str, invitation: Invitation) -> str:
    """Who sees a participant in this mode, with the faults that are on."""
    faults = state.world.faults
    if mode == MONITOR and faults.on(f.MONITOR_VISIBLE):
        return AGENTS
    if mode == CONSULT and faults.on(f.CONSULT_VISIBLE):
        return ALL
    if mode == AGENT and invitation.kind == "conference" and faults.on(f.INVITE_INVISIBLE):
        return AGENTS
    return VISIBILITY_OF_MODE[mode]


# --- joining ------------------------------------------------------------------------------------------------


def _enter(state: ChatState, chat: Chat, leg: Leg, nickname: str) -> Message:
    visibility = visibility_of(state, leg.mode, leg.invitation)
    leg.participant = Participant(_participant_id(state), nickname, "Agent", visibility, leg.user)
    chat.participants.append(leg.participant)
    leg.state = CHATTING
    return transcript.add(state, chat, "ParticipantJoined", leg.participant)


def _history(state: ChatState, chat: Chat, leg: Leg, own: Message) -> None:
    faults = state.world.faults
    if faults.on(f.HISTORY_MISSING):
        return
    notify.messages(state, chat, leg, [own] if faults.on(f.HISTORY_OWN_JOIN_ONLY) else chat.messages)


def _tell_peers(state: ChatState, chat: Chat, leg: Leg, visibility: str, message: Message) -> None:
    """The others learn of a participant that came, changed or went, as far as they may."""
    for other in notify.peers(state, chat, leg):
        if other.sees(visibility):
            notify.chat_changed(state, chat, other, notify.PARTICIPANTS_UPDATED)
            notify.messages(state, chat, other, [message])


def accept(state: ChatState, chat: Chat, leg: Leg, nickname: str, reference_id: int | None) -> None:
    """The invited user joins: StatusChange, ParticipantsUpdated, then the history."""
    shown = leg.user.user_name if state.world.faults.on(f.NICKNAME_LOST) else nickname
    joined = _enter(state, chat, leg, shown)
    chat.passed_over.clear()
    notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE, reference_id, participants=())
    notify.chat_changed(state, chat, leg, notify.PARTICIPANTS_UPDATED, reference_id)
    _history(state, chat, leg, joined)
    _tell_peers(state, chat, leg, joined.visibility, joined)
    if not leg.supervises:
        _supervise(state, chat, leg.user)


def _supervise(state: ChatState, chat: Chat, agent: User) -> None:
    """Supervisors who monitor the agent join the chat; NextChat monitoring ends with that."""
    for key, monitoring in list(state.monitorings.items()):
        supervisor = monitoring.supervisor
        if monitoring.agent is not agent or supervisor.id in chat.legs or supervisor.id not in state.channels:
            continue
        if monitoring.next_only and not state.world.faults.on(f.NEXT_CHAT_MONITORS_ALL):
            del state.monitorings[key]
        leg = Leg(supervisor, Invitation("monitoring"), monitoring.mode)
        chat.legs[supervisor.id] = leg
        joined = _enter(state, chat, leg, monitoring.nickname)
        notify.chat_changed(state, chat, leg, notify.PARTICIPANTS_UPDATED)
        notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE)
        _history(state, chat, leg, joined)
        _tell_peers(state, chat, leg, joined.visibility, joined)


def change_mode(state: ChatState, chat: Chat, leg: Leg, mode: str, reference_id: int | None = None) -> None:
    """A participant becomes visible to others than before: ParticipantsUpdated and ParticipantRejoined."""
    if leg.participant is None:
        raise ValueError("the leg has not joined the chat")
    if not (leg.supervises and state.world.faults.on(f.SWITCH_KEEPS_VISIBILITY)):
        leg.mode = mode
        leg.participant.visibility = visibility_of(state, mode, leg.invitation)
    again = transcript.add(state, chat, "ParticipantRejoined", leg.participant)
    notify.chat_changed(state, chat, leg, notify.PARTICIPANTS_UPDATED, reference_id)
    notify.messages(state, chat, leg, [again])
    # Those who lose sight of the participant must learn of it, too; the message they may not read stays away.
    _tell_peers(state, chat, leg, ALL, again)


# --- going --------------------------------------------------------------------------------------------------


def step_out(state: ChatState, chat: Chat, leg: Leg, new_state: str) -> Message | None:
    """The leg's participant leaves the chat and the others are told; the leg's own user is not told yet."""
    leg.state = new_state
    participant = leg.participant
    if participant is None or participant not in chat.participants:
        return None
    chat.participants.remove(participant)
    left = transcript.add(state, chat, "ParticipantLeft", participant)
    _tell_peers(state, chat, leg, participant.visibility, left)
    return left


def close(
    state: ChatState,
    chat: Chat,
    leg: Leg,
    new_state: str,
    reference_id: int | None = None,
    *,
    with_participants: bool = True,
) -> None:
    """The last StatusChange of a leg: the chat disappears from the user's list."""
    leg.state = new_state
    if not (new_state == REVOKED and leg.supervises and state.world.faults.on(f.REVOKED_MISSING)):
        shown = None if with_participants else ()
        notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE, reference_id, participants=shown)
    if chat.legs.get(leg.user.id) is leg and not state.world.faults.on(f.COMPLETED_STAYS_LISTED):
        del chat.legs[leg.user.id]
    distribution.freed(state, leg.user)


def end_session(state: ChatState, chat: Chat) -> None:
    """The chat session ends for the customer; whoever was still invited is no longer."""
    if not chat.session_open:
        return
    chat.session_open = False
    chat.waiting = False
    for leg in list(chat.legs.values()):
        if leg.state == INVITED:
            close(state, chat, leg, REVOKED, with_participants=False)
    if state.options.transcript_save_done:
        saved = Message(
            -1,
            "TranscriptSaveDone",
            {"id": "0", "participantId": "0", "nickname": "system", "type": "External", "visibility": ALL},
            ALL,
            state.world.clock.now(),
            {},
        )
        for leg in list(chat.legs.values()):
            if leg.state in (CHATTING, LEFT_CHAT):
                notify.messages(state, chat, leg, [saved])


def settle(state: ChatState, chat: Chat) -> None:
    """Once no agent is left in a chat that is over or back in a queue, its supervisors get Revoked."""
    for leg in chat.legs.values():
        if not leg.supervises and leg.state in (INVITED, CHATTING, LEFT_CHAT):
            return
    if chat.session_open and not chat.waiting:
        return
    for leg in list(chat.legs.values()):
        if leg.supervises and leg.state in (INVITED, CHATTING):
            if leg.participant in chat.participants:
                chat.participants.remove(leg.participant)
            # The queue does not offer a chat to the one who has just supervised it.
            chat.passed_over.add(leg.user.id)
            close(state, chat, leg, REVOKED, with_participants=False)


def leave(state: ChatState, chat: Chat, leg: Leg, reference_id: int | None) -> None:
    """Leave: LeftChat for the only agent, Completed out of a conference or consultation."""
    faults = state.world.faults
    others = chat.other_agents(leg)
    if not leg.supervises and not others:
        step_out(state, chat, leg, LEFT_CHAT)
        if faults.on(f.LEAVE_COMPLETES):
            close(state, chat, leg, COMPLETED, reference_id)
        else:
            notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE, reference_id)
        end_session(state, chat)
    elif faults.on(f.CONFERENCE_LEAVE_STAYS):
        step_out(state, chat, leg, LEFT_CHAT)
        notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE, reference_id)
    else:
        hand_over(state, chat, leg, others)
        close(state, chat, leg, COMPLETED, reference_id)
    settle(state, chat)


def hand_over(state: ChatState, chat: Chat, leg: Leg, others: list[Leg]) -> None:
    """The leg goes; if only consulting agents remain, the first of them takes the chat over."""
    step_out(state, chat, leg, COMPLETED)
    if not leg.supervises and others and all(other.mode == CONSULT for other in others):
        change_mode(state, chat, others[0], AGENT)


def complete(state: ChatState, chat: Chat, leg: Leg, reference_id: int | None) -> None:
    """Complete: for all who are in the chat, or for the leg alone when it had left before."""
    was_in_chat = leg.state == CHATTING
    if was_in_chat:
        step_out(state, chat, leg, COMPLETED)
    close(state, chat, leg, COMPLETED, reference_id)
    if was_in_chat:
        end_session(state, chat)
        for other in chat.other_agents(leg):
            if other.participant in chat.participants:
                chat.participants.remove(other.participant)
            close(state, chat, other, COMPLETED)
    settle(state, chat)


def reject(state: ChatState, chat: Chat, leg: Leg, reference_id: int | None) -> None:
    """Reject: Completed for the user; the chat goes to another agent, or the inviting agent learns of it."""
    invitation = leg.invitation
    chat.passed_over.add(leg.user.id)
    if state.world.faults.on(f.REJECT_RETURNS):
        chat.passed_over.discard(leg.user.id)
    close(state, chat, leg, COMPLETED, reference_id, with_participants=False)
    if invitation.kind in ("queue", "transfer"):
        if state.world.faults.on(f.REJECT_RETURNS):
            distribution.offer(state, chat, leg.user, Invitation("queue"))
        else:
            distribution.enqueue(state, chat, chat.queue_name)
    elif invitation.inviter is not None:
        inviting = chat.legs.get(invitation.inviter.id)
        if inviting is not None and inviting.state == CHATTING:
            notify.chat_changed(
                state,
                chat,
                inviting,
                notify.ERROR,
                invitation.reference_id,
                error_message=OPERATION_FAILED,
            )
    settle(state, chat)


def remove(state: ChatState, chat: Chat, leg: Leg) -> None:
    """RemoveParticipantFromConference: the removed agent gets LeftChat, in the order of the page's samples."""
    if state.world.faults.on(f.REMOVE_COMPLETES):
        step_out(state, chat, leg, COMPLETED)
        close(state, chat, leg, COMPLETED)
        return
    left = step_out(state, chat, leg, LEFT_CHAT)
    notify.chat_changed(state, chat, leg, notify.PARTICIPANTS_UPDATED)
    notify.messages(state, chat, leg, [left] if left is not None else [])
    notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE)
    settle(state, chat)


def customer_leaves(state: ChatState, chat: Chat) -> None:
    """The customer goes: the session is over, agents may still work on the data and complete the chat."""
    if not chat.session_open:
        return
    chat.participants.remove(chat.customer)
    left = transcript.add(state, chat, "ParticipantLeft", chat.customer)
    for leg in chat.joined():
        notify.chat_changed(state, chat, leg, notify.PARTICIPANTS_UPDATED)
        notify.messages(state, chat, leg, [left])
    for leg in chat.joined():
        if not leg.supervises:
            leg.state = LEFT_CHAT
            if leg.participant in chat.participants:
                chat.participants.remove(leg.participant)
            notify.chat_changed(state, chat, leg, notify.STATUS_CHANGE)
    end_session(state, chat)
    settle(state, chat)


def give_up(state: ChatState, chat: Chat, leg: Leg) -> None:
    """The user's session ends: an invitation goes on to another agent, a chat ends unless others are in it."""
    if leg.state == INVITED:
        reject(state, chat, leg, None)
    elif leg.state == CHATTING and (leg.supervises or chat.other_agents(leg)):
        leave(state, chat, leg, None)
    elif leg.state in (CHATTING, LEFT_CHAT):
        complete(state, chat, leg, None)
