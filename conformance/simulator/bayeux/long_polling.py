"""The long-polling transport: messages as POST, the answer to a connect held until there is something to say.

Source: Bayeux 1.0, "The long-polling Transport" and "Multiple clients operation".
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from ..status import ApiError
from . import faults
from .messages import HANDSHAKE, LONG_POLLING, MalformedError, Message, content_charset, frame, parse
from .protocol import Answer, Conversation, Delivery
from .sessions import Hold, Peer, Release, Session

Authenticate = Callable[[HTTPConnection], tuple[str, str]]
CheckCsrf = Callable[[Request, str], None]

BROWSER_COOKIE: Final = "BAYEUX_BROWSER"
MAX_BODY: Final = 1 << 20
_MEDIA_TYPE: Final = "application/json;charset=UTF-8"


class TooLargeError(Exception):
    """The request's body exceeds the bound; HTTP answers 413."""


class LongPolling:
    """Handles the POSTs."""

    def __init__(self, conversation: Conversation, authenticate: Authenticate, check_csrf: CheckCsrf) -> None:
        self._conversation = conversation
        self._registry = conversation.registry
        self._authenticate = authenticate
        self._check_csrf = check_csrf

    async def post(self, request: Request) -> Response:
        """One request, with whatever messages it carries."""
        try:
            user_id, session_id = self._authenticate(request)
            self._check_csrf(request, session_id)
        except ApiError as refusal:
            return JSONResponse(refusal.body(), refusal.http)
        try:
            messages = await self._messages(request)
        except MalformedError:
            if self._registry.faulty(faults.BAD_JSON):
                return Response("[]", media_type=_MEDIA_TYPE)
            return Response(status_code=400)
        except TooLargeError:
            return Response(status_code=413)
        except ClientDisconnect:
            return Response(status_code=400)
        peer = Peer(user_id, browser_of(request), LONG_POLLING)
        if messages[0]["channel"] == HANDSHAKE:
            return self._handshake(messages[0], peer)
        return await self._answer(messages, peer, request)

    async def _messages(self, request: Request) -> list[Message]:
        charset = content_charset(request.headers.get("content-type"))
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise TooLargeError
        if self._registry.faulty(faults.NO_ARRAYS) and body.lstrip()[:1] == b"[":
            raise MalformedError("arrays are refused")
        return self._conversation.relevant(parse(bytes(body), charset))

    def _handshake(self, message: Message, peer: Peer) -> Response:
        browser_id = peer.browser_id or secrets.token_hex(16)
        answer = self._conversation.answer(message, Peer(peer.user_id, browser_id, LONG_POLLING), may_wait=False)
        response = _response([self._conversation.conclude(answer)])
        if peer.browser_id is None and answer.reply["successful"]:
            response.set_cookie(BROWSER_COOKIE, browser_id, path="/", httponly=True, samesite=None)
        return response

    async def _answer(self, messages: list[Message], peer: Peer, request: Request) -> Response:
        alone = len(messages) == 1
        answers = [self._conversation.answer(message, peer, may_wait=alone) for message in messages]
        first = answers[0]
        if first.hold is None or first.session is None:
            return _response([self._conversation.conclude(answer) for answer in answers])
        return await self._held(first, first.session, first.hold, request)

    async def _held(self, answer: Answer, session: Session, hold: Hold, request: Request) -> Response:
        try:
            why = await _wait(hold, request)
        finally:
            self._registry.let_go(session, hold)
        # Nobody reads the answer of a closed connection; its events stay in the mailbox for the next connect.
        if why in (Release.SUPERSEDED, Release.CLOSED):
            return Response(status_code=500)
        return _response([self._conversation.conclude(answer, why)])


def browser_of(connection: HTTPConnection) -> str | None:
    """The value of the cookie that tells browsers apart; None without a usable one."""
    value = connection.cookies.get(BROWSER_COOKIE)
    return value if value and len(value) <= 128 else None


async def _wait(hold: Hold, request: Request) -> Release:
    """Wait until the connect is released, its time is over, or its client hangs up."""
    hanging_up = asyncio.ensure_future(request.receive())
    either: set[asyncio.Future[Any]] = {hold.released, hanging_up}
    try:
        await asyncio.wait(either, timeout=hold.seconds, return_when=asyncio.FIRST_COMPLETED)
        if hanging_up.done():
            return Release.CLOSED
        return hold.released.result() if hold.released.done() else Release.TIMEOUT
    finally:
        hanging_up.cancel()


def _response(deliveries: list[Delivery]) -> Response:
    events = [event for delivery in deliveries for event in delivery.events]
    replies = [delivery.reply for delivery in deliveries if delivery.reply is not None]
    return Response(frame(events + replies), media_type=_MEDIA_TYPE)
