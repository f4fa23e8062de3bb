"""Accept, Reject, Leave, Complete.

Source: Web Services API Reference, lines 11560-11829 and 11904-12051.
"""

from __future__ import annotations

from ..status import not_found
from . import faults as f
from . import lifecycle
from .operations import Action, ChatRequest, chat_operation, farewell, flag


@chat_operation("Accept")
def accept(request: ChatRequest) -> Action:
    """The user joins the chat under the nickname, which the page does not call optional as it does saveLAR."""
    ctx = request.ctx
    nickname = ctx.required("nickname", str)
    flag(ctx, "saveLAR")
    return lambda: lifecycle.accept(request.state, request.chat, request.leg, nickname, request.reference_id)


@chat_operation("Reject")
def reject(request: ChatRequest) -> Action:
    """The user refuses the chat, and another agent is offered it."""
    if request.state.world.faults.on(f.REJECT_STAYS_INVITED):
        return lambda: None
    return lambda: lifecycle.reject(request.state, request.chat, request.leg, request.reference_id)


@chat_operation("Leave")
def leave(request: ChatRequest) -> Action:
    """The user leaves the chat, after a last message if there is one."""
    say = farewell(request)

    def act() -> None:
        say()
        lifecycle.leave(request.state, request.chat, request.leg, request.reference_id)

    return act


@chat_operation("Complete")
def complete(request: ChatRequest) -> Action:
    """The chat is marked as complete; with queueName it is placed in that queue, without its session."""
    ctx = request.ctx
    queue_name = ctx.optional("queueName", str)
    if queue_name is not None and not any(q.name == queue_name for q in ctx.world.queues.values()):
        raise not_found("The queue")
    flag(ctx, "saveLAR")
    say = farewell(request)

    def act() -> None:
        say()
        if queue_name is not None:
            request.chat.queue_name = queue_name
        lifecycle.complete(request.state, request.chat, request.leg, request.reference_id)

    return act
