"""Transfer, Invite, Consult, CancelConsult, RemoveParticipantFromConference.

Source: Web Services API Reference, lines 13563-14032 and 14231-14662.

Decisions where the pages are silent:
- The target of Transfer, Invite and Consult is invited and may Accept or Reject; when they reject an invitation
  to a conference or consultation, the inviting agent gets the Error of the page's "Failed" sample.
- Transfer completes the chat for the sender at once (the page has no sample; other media of the same document
  show Completed for the sender, Invited for the target with the same id).
- Transfer to, or Invite of, an agent who is being consulted makes them visible to all (Consult, lines 13797-13806).
- CancelConsult revokes the target's invitation; the one who asked gets no notification (lines 14011-14016).
"""

from __future__ import annotations

from collections.abc import Callable

from ..models import Queue, User
from ..status import OUT_OF_RANGE, ApiError, invalid, missing, not_found
from . import distribution, lifecycle
from . import faults as f
from .lifecycle import OPERATION_FAILED
from .model import AGENT, CHATTING, COMPLETED, CONSULT, INVITED, REVOKED, Invitation, Leg
from .operations import (
    Action,
    ChatRequest,
    OperationFailedError,
    chat_operation,
    farewell,
    path_of_uri,
    user_from,
)

REQUEST_FAILED = "Request failed"


def _target_user(request: ChatRequest, uri: str) -> User:
    return user_from(request.ctx, path_of_uri(request.ctx, uri, "targetUri"), "targetUri")


def _free(request: ChatRequest, user: User) -> Leg | None:
    """The target's leg in this chat, if it is in it; OperationFailedError when they cannot be invited."""
    if user is request.leg.user:
        raise OperationFailedError(OPERATION_FAILED)
    leg = request.chat.legs.get(user.id)
    if leg is not None and leg.state in (INVITED, CHATTING):
        return leg
    if not distribution.reachable(request.state, user):
        raise OperationFailedError(OPERATION_FAILED)
    return None


def _invitation(request: ChatRequest, kind: str) -> Invitation:
    return Invitation(kind, request.leg.user, request.reference_id)


@chat_operation("Transfer")
def transfer(request: ChatRequest) -> Action:
    """Gives the chat to another agent or to a queue; one of targetUri and queueName is needed."""
    ctx = request.ctx
    target_uri = ctx.optional("targetUri", str)
    queue_name = ctx.optional("queueName", str)
    if not target_uri and not queue_name:
        raise missing("targetUri")
    say = farewell(request)
    pass_on = _to_user(request, _target_user(request, target_uri)) if target_uri else _to_queue(request, queue_name)

    def act() -> None:
        after = pass_on(say)
        if request.state.world.faults.on(f.TRANSFER_KEEPS_SENDER):
            after()
            return
        lifecycle.step_out(request.state, request.chat, request.leg, COMPLETED)
        lifecycle.close(request.state, request.chat, request.leg, COMPLETED, request.reference_id)
        after()
        lifecycle.settle(request.state, request.chat)

    return act


# Checks the target, says the last words, and returns what happens once the sender is out of the chat.
_PassOn = Callable[[Action], Action]


def _to_user(request: ChatRequest, user: User) -> _PassOn:
    state, chat = request.state, request.chat

    def pass_on(say: Action) -> Action:
        leg = _free(request, user)
        if leg is not None and (leg.supervises or leg.state != CHATTING):
            raise OperationFailedError(OPERATION_FAILED)
        say()
        if leg is None:
            return lambda: _offer(request, user, _invitation(request, "transfer"))
        if leg.mode == CONSULT:
            lifecycle.change_mode(state, chat, leg, AGENT)
        return lambda: None

    return pass_on


def _to_queue(request: ChatRequest, queue_name: str | None) -> _PassOn:
    if not any(q.name == queue_name and q.channel == "chat" for q in request.state.world.queues.values()):
        raise not_found("The queue")

    def enqueue() -> None:
        # The queue offers the chat to another agent than the one who has just given it away.
        request.chat.passed_over.add(request.leg.user.id)
        distribution.enqueue(request.state, request.chat, queue_name or "")

    def pass_on(say: Action) -> Action:
        say()
        return enqueue

    return pass_on


def _offer(request: ChatRequest, user: User, invitation: Invitation, mode: str = AGENT) -> None:
    distribution.offer(request.state, request.chat, user, invitation, mode)


@chat_operation("Invite", gives_reference=True)
def invite(request: ChatRequest) -> Action:
    """Invites an agent to a conference, where the customer sees them."""
    user = _target_user(request, request.ctx.required("targetUri", str))

    def act() -> None:
        leg = _free(request, user)
        if leg is None:
            _offer(request, user, _invitation(request, "conference"))
        elif leg.state == CHATTING and leg.mode == CONSULT:
            lifecycle.change_mode(request.state, request.chat, leg, AGENT)
        else:
            raise OperationFailedError(OPERATION_FAILED)

    return act


@chat_operation("Consult", gives_reference=True)
def consult(request: ChatRequest) -> Action:
    """Invites an agent, or an agent of a queue, whom the customer does not see."""
    ctx = request.ctx
    path = path_of_uri(ctx, ctx.required("targetUri", str), "targetUri")
    target: User | Queue
    if path.startswith("/queues/"):
        queue = ctx.world.queues.get(path.removeprefix("/queues/"))
        if queue is None:
            raise not_found("The target queue")
        if queue.channel != "chat":
            raise invalid("targetUri", "must be the URI of a user or of a multimedia queue")
        target = queue
    else:
        target = user_from(ctx, path, "targetUri")

    def act() -> None:
        user = target if isinstance(target, User) else distribution.pick(request.state, request.chat)
        if user is None or _free(request, user) is not None:
            raise OperationFailedError(OPERATION_FAILED)
        _offer(request, user, _invitation(request, "consult"), CONSULT)

    return act


@chat_operation("CancelConsult", gives_reference=True)
def cancel_consult(request: ChatRequest) -> Action:
    """Withdraws an invitation to a consultation that has not been accepted."""

    def act() -> None:
        pending = [
            leg
            for leg in request.chat.legs.values()
            if leg.state == INVITED and leg.invitation.kind == "consult" and leg.invitation.inviter is request.leg.user
        ]
        if not pending and request.state.world.faults.on(f.CANCEL_CONSULT_LATE):
            pending = [leg for leg in request.chat.legs.values() if leg.user is not request.leg.user]
        if not pending:
            raise OperationFailedError(REQUEST_FAILED)
        if request.state.world.faults.on(f.CANCEL_CONSULT_IGNORED):
            return
        for leg in pending:
            lifecycle.close(request.state, request.chat, leg, REVOKED, with_participants=False)

    return act


@chat_operation("RemoveParticipantFromConference")
def remove_participant(request: ChatRequest) -> Action:
    """Removes another agent from a conference or consultation; one of targetUri and targetPath is needed."""
    ctx = request.ctx
    uri = ctx.optional("targetUri", str)
    path = ctx.optional("targetPath", str)
    if not uri and not path:
        if ctx.world.faults.on(f.REMOVE_NOBODY):
            return lambda: None
        raise missing("targetUri")
    user = _target_user(request, uri) if uri else user_from(ctx, path or "", "targetPath")
    if uri and path and user_from(ctx, path, "targetPath") is not user:
        raise ApiError(OUT_OF_RANGE, "Parameters 'targetUri' and 'targetPath' name different users")
    say = farewell(request)

    def act() -> None:
        leg = request.chat.legs.get(user.id)
        if leg is None or leg is request.leg or leg.supervises or leg.state != CHATTING:
            raise OperationFailedError(OPERATION_FAILED)
        say()
        lifecycle.remove(request.state, request.chat, leg)

    return act
