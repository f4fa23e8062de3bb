"""Attachments: documents linked with a chat, downloaded, offered to the customer, and taken back.

Source: Web Services API Reference, AddAttachment (lines 12120-12439), GetAttachment (12441-12459),
RemoveAttachment (12461-12606), UploadFile (12608-12691), DeleteFile (12693-12769).

A document that is uploaded to a chat is stored until no chat links it any more; a document of a standard response
(one is seeded) stays. The sample of UploadFile addresses the attachment as /attachments/{id}, the others as
/chats/{id}/attachments/{id}: both can be read.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.responses import Response

from ..context import Context
from ..routing import operation
from ..seed import SEEDED_DOCUMENT_ID
from ..status import OUT_OF_RANGE, ApiError, invalid, missing, not_found
from . import faults as f
from . import notify, transcript
from .model import Attachment, Chat, Document
from .operations import (
    FEATURES,
    ROLES,
    Action,
    ChatRequest,
    OperationFailedError,
    chat_operation,
    chat_state,
    own_chat,
    request_for,
    run,
)
from .state import ChatState

MAX_DOCUMENT: Final = 10 * 1024 * 1024
UPLOAD_TYPES: Final = ("standard-response", "file-system")
SYSTEM_COMMAND: Final = "SystemCommand"


def _link(request: ChatRequest, attachment: Attachment) -> None:
    request.chat.attachments[attachment.id] = attachment
    notify.everybody(request.state, request.chat, notify.ATTACHMENT_ADDED, request.leg, request.reference_id)


@chat_operation("AddAttachment")
def add_attachment(request: ChatRequest) -> Action:
    """Links a stored document with the chat; name, size and mime type may be given with it."""
    ctx = request.ctx
    document = request.state.documents.get(ctx.required("documentId", str))
    if document is None:
        raise not_found("The document")
    attachment = Attachment(
        id=document.id,
        name=ctx.optional("name", str) or document.name,
        mime=ctx.optional("mime", str) or document.mime,
        size=ctx.optional("size", int, default=document.size),
    )
    return lambda: _link(request, attachment)


@operation(
    "POST",
    "/me/chats/{id}/attachments",
    features=FEATURES,
    roles=ROLES,
    consumes=("multipart/form-data",),
)
async def upload_attachment(ctx: Context) -> dict[str, Any]:
    """Stores the file in the form's field `attachment` and links it with the chat."""
    request = request_for(ctx)
    content_type = ctx.request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise ApiError(OUT_OF_RANGE, "The Content-Type must be multipart/form-data", http=415)
    document = await _read_document(ctx, request.state)
    attachment = Attachment(document.id, document.name, document.mime, document.size)

    def act() -> None:
        request.state.documents[document.id] = document
        _link(request, attachment)

    ctx.defer(lambda: run(request, "AddAttachment", act))
    return {"referenceId": request.reference_id}


async def _read_document(ctx: Context, state: ChatState) -> Document:
    try:
        async with ctx.request.form(max_files=1, max_fields=10) as form:
            upload = form.get("attachment")
            if not isinstance(upload, UploadFile):
                raise missing("attachment")
            content = await upload.read(MAX_DOCUMENT + 1)
            name, mime = upload.filename or "", upload.content_type or "application/octet-stream"
    except MultiPartException:
        raise ApiError(OUT_OF_RANGE, "The request body is not a well-formed multipart form") from None
    if len(content) > MAX_DOCUMENT:
        raise invalid("attachment", f"must have at most {MAX_DOCUMENT} bytes")
    # Only the last part of what a client calls the file: some send whole paths.
    base_name = PurePosixPath(name.replace("\\", "/")).name[:255] or "attachment"
    return Document(state.world.ids.interaction(), base_name, mime[:127], content)


@chat_operation("RemoveAttachment")
def remove_attachment(request: ChatRequest) -> Action:
    """Takes a document off the chat; its record goes when no other chat links it."""
    document_id = request.ctx.required("documentId", str)
    if document_id not in request.chat.attachments:
        raise not_found("The attachment")

    def act() -> None:
        if document_id not in request.chat.attachments:
            raise OperationFailedError("Operation failed")
        if not request.state.world.faults.on(f.REMOVE_ATTACHMENT_IGNORED):
            del request.chat.attachments[document_id]
            linked = any(document_id in chat.attachments for chat in request.state.chats.values())
            if not linked and document_id != SEEDED_DOCUMENT_ID:
                request.state.documents.pop(document_id, None)
        # The page's sample has no referenceId, although the request is answered like the others.
        notify.everybody(request.state, request.chat, notify.ATTACHMENT_REMOVED, request.leg, request.reference_id)

    return act


@chat_operation("UploadFile")
def upload_file(request: ChatRequest) -> Action:
    """Sends a document that is linked with the chat to everybody in it; its message carries the fileId."""
    ctx = request.ctx
    document_id = ctx.required("documentId", str)
    ctx.optional("uploadType", str, UPLOAD_TYPES)
    ctx.optional("uploadPath", str)
    ctx.optional("description", str)
    if document_id not in request.state.documents:
        raise not_found("The document")

    def act() -> None:
        attachment = request.chat.attachments.get(document_id)
        if attachment is None:
            if not request.state.world.faults.on(f.UPLOAD_UNLINKED):
                raise OperationFailedError("The document is not linked with the chat")
            document = request.state.documents[document_id]
            attachment = Attachment(document.id, document.name, document.mime, document.size)
        file_id = request.state.world.ids.conn().upper()
        request.chat.uploads[file_id] = document_id
        path = f"/attachments/{attachment.id}"
        shown = {
            "fileId": file_id,
            "id": attachment.id,
            "name": attachment.name,
            "path": path,
            "size": attachment.size,
            "uri": request.state.world.uri(path),
        }
        _system_command(request, "file-uploaded", shown)

    return act


@chat_operation("DeleteFile")
def delete_file(request: ChatRequest) -> Action:
    """Takes a sent document back."""
    file_id = request.ctx.required("fileId", str)
    if file_id not in request.chat.uploads:
        raise not_found("The file")

    def act() -> None:
        if request.chat.uploads.pop(file_id, None) is None:
            raise OperationFailedError("Operation failed")
        _system_command(request, "file-deleted", {"fileId": file_id})

    return act


def _system_command(request: ChatRequest, notice: str, attachment: dict[str, Any]) -> None:
    transcript.say(
        request.state,
        request.chat,
        request.leg,
        SYSTEM_COMMAND,
        noticeText=notice,
        attachment=attachment,
    )


@operation("GET", "/chats/{chatId}/attachments/{attachmentId}", features=("api-multimedia",), roles=ROLES)
async def get_attachment(ctx: Context) -> Response:
    """The raw bytes of an attachment of a chat that the user has."""
    state, chat, _ = own_chat(ctx, ctx.path["chatId"])
    return _download(state, chat, ctx.path["attachmentId"])


@operation("GET", "/attachments/{attachmentId}", features=("api-multimedia",), roles=ROLES)
async def get_attachment_by_id(ctx: Context) -> Response:
    """The same, by the address that UploadFile's message gives."""
    state = chat_state(ctx)
    attachment_id = ctx.path["attachmentId"]
    for chat, _ in state.chats_of(ctx.user):
        if attachment_id in chat.attachments:
            return _download(state, chat, attachment_id)
    raise not_found("The attachment")


def _download(state: ChatState, chat: Chat, attachment_id: str) -> Response:
    attachment = chat.attachments.get(attachment_id)
    document = state.documents.get(attachment_id)
    if attachment is None or document is None or state.world.faults.on(f.ATTACHMENT_UNKNOWN):
        raise not_found("The attachment")
    content = document.content[:-1] if state.world.faults.on(f.ATTACHMENT_CORRUPT) else document.content
    # A stranger's file is never shown inside the server's own origin.
    headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    mime = attachment.mime if attachment.mime.isascii() and attachment.mime.isprintable() else ""
    return Response(content, media_type=mime or "application/octet-stream", headers=headers)
