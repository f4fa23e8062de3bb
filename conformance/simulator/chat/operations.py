"""What all operations on /me/chats/{id} have in common.

An operation is registered with a function that reads the parameters (a bad one is refused in the HTTP reply) and
returns what the back end shall do. The back end works asynchronously: an operation that the chat's state does not
allow, or that fails there, is answered with statusCode 0 like any other and followed by a ChatStateChangeMessage
with notificationType Error to the one who asked ("This is sent when an operation on the chat resource fails",
line 11308). A chat that the user does not have is statusCode 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from ..context import Context
from ..models import ROLE_AGENT, ROLE_SUPERVISOR, User
from ..routing import Handler, operation
from ..status import invalid, missing, not_found
from . import capabilities, notify, transcript
from . import faults as f
from .lifecycle import OPERATION_FAILED
from .model import ALL, INVITED, Chat, Leg
from .state import ChatState

CHAT_PATH: Final = "/me/chats/{id}"
FEATURES: Final = ("api-multimedia", "api-multimedia-chat")
ROLES: Final = (ROLE_AGENT, ROLE_SUPERVISOR)
TREAT_AS: Final = ("Normal", "System")

Action = Callable[[], None]


class OperationFailedError(Exception):
    """The back end could not do it; the text becomes the errorMessage of the Error notification."""


@dataclass(frozen=True)
class ChatRequest:
    """An operation on a chat that somebody asked for. `reference_id` links its notifications to it."""

    ctx: Context
    state: ChatState
    chat: Chat
    leg: Leg
    reference_id: int

    def failed(self, message: str) -> None:
        """Tell the one who asked that it did not work."""
        notify.chat_changed(self.state, self.chat, self.leg, notify.ERROR, self.reference_id, error_message=message)


Prepare = Callable[[ChatRequest], Action]


def chat_state(ctx: Context) -> ChatState:
    """The chat area's state."""
    state = ctx.world.chat
    if not isinstance(state, ChatState):
        raise TypeError("the chat area is not set up")
    return state


def own_chat(ctx: Context, chat_id: str) -> tuple[ChatState, Chat, Leg]:
    """A chat that the user has; ApiError 6 when there is none."""
    state = chat_state(ctx)
    chat = state.chats.get(chat_id)
    leg = chat.legs.get(ctx.user.id) if chat is not None else None
    if chat is None or leg is None:
        raise not_found("The chat")
    return state, chat, leg


def request_for(ctx: Context) -> ChatRequest:
    """The request for an operation on the chat in the path."""
    state, chat, leg = own_chat(ctx, ctx.path["id"])
    return ChatRequest(ctx, state, chat, leg, next(state.references))


def chat_operation(
    name: str, *, gives_reference: bool = False, spelled: tuple[str, ...] = ()
) -> Callable[[Prepare], Prepare]:
    """Register an operation on /me/chats/{id}.

    `gives_reference`: the reply carries the referenceId, as the pages show it for Invite, Consult and
    CancelConsult only. `spelled`: other operationNames that a page uses for it.
    """

    def register(prepare: Prepare) -> Prepare:
        async def handler(ctx: Context) -> Mapping[str, Any] | Response | None:
            request = request_for(ctx)
            action = prepare(request)
            ctx.defer(lambda: run(request, name, action))
            return {"referenceId": request.reference_id} if gives_reference else None

        for spelling in (name, *spelled):
            _register(spelling, handler)
        return prepare

    return register


def _register(name: str, handler: Handler) -> None:
    operation("POST", CHAT_PATH, name, features=FEATURES, roles=ROLES)(handler)


def run(request: ChatRequest, name: str, action: Action) -> None:
    """The back end's part: do it, or report why not."""
    faults = request.state.world.faults
    try:
        if not _allowed(request, name):
            request.failed(OPERATION_FAILED)
            joined = request.leg.participant is not None
            if not (faults.on(f.REFUSED_STILL_ACTS) and (joined or name == "Complete")):
                return
        action()
    except OperationFailedError as failure:
        request.failed(str(failure))


def _allowed(request: ChatRequest, name: str) -> bool:
    if capabilities.may(request.chat, request.leg, name):
        return not _refuses_all_the_same(request, name)
    return name == "Accept" and request.leg.participant is not None and (request.state.world.faults.on(f.ACCEPT_TWICE))


def _refuses_all_the_same(request: ChatRequest, name: str) -> bool:
    waiting = any(leg.state == INVITED for leg in request.chat.legs.values())
    return name in ("Invite", "Consult") and waiting and request.state.world.faults.on(f.INVITING_REFUSES)


# --- parameters ---------------------------------------------------------------------------------------------


def flag(ctx: Context, name: str) -> bool | None:
    """An optional parameter "true or false"; the words are accepted as strings, too."""
    value = ctx.body.get(name)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return ctx.optional(name, bool)


def farewell(request: ChatRequest) -> Action:
    """The optional text that goes to the customer before the operation.

    `messageType` and `treatAs` "must be provided together with the text parameter": without it the request lacks
    a parameter (statusCode 1).
    """
    ctx = request.ctx
    text = ctx.optional("text", str)
    message_type = ctx.optional("messageType", str)
    treat_as = ctx.optional("treatAs", str, TREAT_AS)
    if not text and (message_type is not None or treat_as is not None):
        raise missing("text")

    def send() -> None:
        if text and request.leg.participant is not None:
            visibility = request.leg.participant.visibility
            content = {"text": text, "messageType": message_type or "Text"}
            transcript.say(request.state, request.chat, request.leg, transcript.TEXT, visibility, **content)

    return send


def user_from(ctx: Context, path: str, parameter: str) -> User:
    """The user whom a path like "/users/{id}" names; ApiError 10 for another path, 6 for an unknown user."""
    prefix, _, user_id = path.rpartition("/")
    if prefix != "/users" or not user_id:
        raise invalid(parameter, "must be the address of a user")
    user = ctx.world.users.get(user_id)
    if user is None:
        raise not_found("The target user")
    return user


def path_of_uri(ctx: Context, uri: str, parameter: str) -> str:
    """The path below /api/v2 of a URI, whatever host name it was written with; ApiError 10 for something else."""
    _, found, rest = uri.partition("/api/v2/")
    if not found or "://" not in uri:
        raise invalid(parameter, "must be the URI of a resource")
    if len(uri) > 2000 or not ctx.world.api_uri.endswith("/api/v2"):
        raise invalid(parameter, "must be the URI of a resource")
    return "/" + rest.rstrip("/")


def visible_to_customer(leg: Leg) -> bool:
    """Whether what the leg says reaches the customer."""
    return leg.participant is not None and leg.participant.visibility == ALL
