"""User data, disposition, comment and focus of a chat.

Source: Web Services API Reference, lines 12923-13121 (SetInFocus, SetDisposition, AddComment) and 13195-13561
(AttachUserData, UpdateUserData, DeleteUserData).
"""

from __future__ import annotations

from typing import Any

from ..status import invalid, missing
from . import faults as f
from . import notify
from .operations import Action, ChatRequest, chat_operation, flag


def _properties_updated(request: ChatRequest) -> None:
    notify.everybody(request.state, request.chat, notify.PROPERTIES_UPDATED, request.leg, request.reference_id)


def _user_data(request: ChatRequest) -> dict[str, Any]:
    data = request.ctx.required("userData", dict)
    if not data:
        raise missing("userData")
    return data


@chat_operation("AttachUserData")
def attach_user_data(request: ChatRequest) -> Action:
    """Adds keys to the user data; a key that is there already gets the new value."""
    data = _user_data(request)

    def act() -> None:
        request.chat.user_data.update(data)
        _properties_updated(request)

    return act


@chat_operation("UpdateUserData")
def update_user_data(request: ChatRequest) -> Action:
    """Overwrites the values of the given keys; the others stay."""
    data = _user_data(request)

    def act() -> None:
        if request.state.world.faults.on(f.UPDATE_REPLACES):
            request.chat.user_data.clear()
        request.chat.user_data.update(data)
        _properties_updated(request)

    return act


@chat_operation("DeleteUserData")
def delete_user_data(request: ChatRequest) -> Action:
    """Removes keys; one that is not there is no error."""
    keys = request.ctx.required("keys", list)
    if not all(isinstance(key, str) for key in keys):
        raise invalid("keys", "must be an array of strings")

    def act() -> None:
        if not request.state.world.faults.on(f.DELETE_USER_DATA_IGNORED):
            for key in keys:
                request.chat.user_data.pop(key, None)
        _properties_updated(request)

    return act


@chat_operation("SetDisposition")
def set_disposition(request: ChatRequest) -> Action:
    """Puts the disposition into the user data, under `dispositionKey` or the server's own key."""
    disposition = request.ctx.required("disposition", str)
    key = request.ctx.optional("dispositionKey", str) or request.state.options.disposition_key

    def act() -> None:
        if not request.state.world.faults.on(f.DISPOSITION_LOST):
            request.chat.user_data[key] = disposition
        _properties_updated(request)

    return act


@chat_operation("AddComment")
def add_comment(request: ChatRequest) -> Action:
    """Sets the chat's comment."""
    comment = request.ctx.required("comment", str)

    def act() -> None:
        if not request.state.world.faults.on(f.COMMENT_LOST):
            request.chat.comment = comment
        _properties_updated(request)

    return act


@chat_operation("SetInFocus")
def set_in_focus(request: ChatRequest) -> Action:
    """Says whether the agent works on this chat now; it serves reporting and causes no notification."""
    in_focus = flag(request.ctx, "inFocus")
    if in_focus is None:
        raise missing("inFocus")

    def act() -> None:
        request.leg.in_focus = in_focus

    return act
