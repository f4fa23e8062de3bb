"""The WebSocket transport: the same messages as text frames, and events pushed as they come.

Source: Bayeux 1.0, "Non HTTP Transports". As in CometD for Java, a held connect is answered when its time is over
(or when the client disconnects), not when events arrive, unless the session acknowledges: then events travel with
connect replies alone. Unlike there, the older of two connects is answered too, because the specification has every
connect answered and a socket has no HTTP status to do it with.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ..status import ApiError
from . import faults
from .long_polling import MAX_BODY, Authenticate, browser_of
from .messages import CONNECT, HANDSHAKE, WEBSOCKET, MalformedError, Message, frame, parse
from .protocol import Answer, Conversation
from .sessions import Hold, Peer, Release, Session

GOING_AWAY: Final = 1001
NOT_BAYEUX: Final = 1007
POLICY: Final = 1008
TOO_BIG: Final = 1009


class Sockets:
    """Accepts WebSockets and knows the open ones."""

    def __init__(self, conversation: Conversation, authenticate: Authenticate) -> None:
        self._conversation = conversation
        self._authenticate = authenticate
        self._open: set[WebSocket] = set()

    async def endpoint(self, socket: WebSocket) -> None:
        """One WebSocket, from its upgrade request to its end. The upgrade is a GET: it needs no Csrf token."""
        try:
            user_id, _ = self._authenticate(socket)
        except ApiError as refusal:
            await _refuse(socket, refusal)
            return
        await socket.accept()
        self._open.add(socket)
        try:
            await Connection(socket, Peer(user_id, browser_of(socket), WEBSOCKET), self._conversation).run()
        finally:
            self._open.discard(socket)

    async def close_all(self) -> None:
        """Tell every client that the server goes away."""
        for socket in list(self._open):
            await _close(socket, GOING_AWAY)


class Connection:
    """One open WebSocket: reads messages, and writes replies and events in the order they arose."""

    def __init__(self, socket: WebSocket, peer: Peer, conversation: Conversation) -> None:
        self._socket = socket
        self._peer = peer
        self._conversation = conversation
        self._registry = conversation.registry
        self._pushes: dict[Session, Callable[[], None]] = {}
        self._holding: set[asyncio.Task[None]] = set()
        # What is to be sent; events name the session they go back to if the socket closes first.
        self._outbox: deque[tuple[Session | None, str]] = deque()
        self._something_to_send = asyncio.Event()

    async def run(self) -> None:
        """Serve the socket until it closes."""
        writer = asyncio.ensure_future(self._write())
        try:
            await self._read()
        finally:
            for task in (writer, *self._holding):
                task.cancel()
            await asyncio.gather(writer, *self._holding, return_exceptions=True)
            self._detach()

    async def _read(self) -> None:
        while True:
            received = await self._socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            body: str | bytes = received.get("text") or received.get("bytes") or ""
            if len(body) > MAX_BODY:
                await _close(self._socket, TOO_BIG)
                return
            try:
                messages = self._conversation.relevant(parse(body))
            except MalformedError:
                await _close(self._socket, NOT_BAYEUX)
                return
            for message in messages:
                self._handle(message)

    def _handle(self, message: Message) -> None:
        answer = self._conversation.answer(message, self._peer, may_wait=True)
        session = answer.session
        if message["channel"] == HANDSHAKE and answer.reply["successful"]:
            session = self._registry.by_id(answer.reply["clientId"])
        if answer.hold is None or answer.session is None:
            self._send(answer)
        else:
            task = asyncio.ensure_future(self._held(answer, answer.session, answer.hold))
            self._holding.add(task)
            task.add_done_callback(self._holding.discard)
        if session is not None and message["channel"] in (HANDSHAKE, CONNECT):
            self._attach(session)

    async def _held(self, answer: Answer, session: Session, hold: Hold) -> None:
        why = Release.TIMEOUT
        try:
            await asyncio.wait({hold.released}, timeout=hold.seconds)
            if hold.released.done():
                why = hold.released.result()
        finally:
            self._registry.let_go(session, hold)
        self._send(answer, why)

    def _send(self, answer: Answer, why: Release = Release.TIMEOUT) -> None:
        delivery = self._conversation.conclude(answer, why)
        # Acknowledged events are still in their mailbox: they do not go back to it.
        owner = answer.session if answer.session and not answer.session.mailbox.acknowledged else None
        self._outbox.extend((owner, event) for event in delivery.events)
        if delivery.reply is not None:
            self._outbox.append((None, delivery.reply))
        self._something_to_send.set()

    def _attach(self, session: Session) -> None:
        """Carry the session's events from now on, beginning with those that wait."""
        if session not in self._pushes or session.push is not self._pushes[session]:

            def push() -> None:
                self._outbox.extend((session, event) for event in session.mailbox.take())
                self._something_to_send.set()

            self._pushes[session] = session.push = push
        if len(session.mailbox) and not session.mailbox.acknowledged:
            self._pushes[session]()

    def _detach(self) -> None:
        for session, push in self._pushes.items():
            unsent = [text for owner, text in self._outbox if owner is session]
            session.mailbox.put_back(unsent)
            if session.push is push:
                session.push = None
            elif unsent:
                session.notify()

    async def _write(self) -> None:
        while True:
            await self._something_to_send.wait()
            self._something_to_send.clear()
            items = list(self._outbox)
            if self._registry.faulty(faults.WRONG_ORDER):
                events = [item for item in items if item[0] is not None]
                items = events[::-1] + [item for item in items if item[0] is None]
            if not items:
                continue
            self._outbox.clear()
            try:
                await self._socket.send_text(frame([text for _, text in items]))
            except (WebSocketDisconnect, RuntimeError):
                # The socket has closed under the write; the reader ends the connection, which puts these back.
                self._outbox.extendleft(reversed(items))
                return


async def _refuse(socket: WebSocket, refusal: ApiError) -> None:
    if "websocket.http.response" in socket.scope.get("extensions", {}):
        await socket.send_denial_response(JSONResponse(refusal.body(), refusal.http))
    else:
        await socket.close(POLICY)


async def _close(socket: WebSocket, code: int) -> None:
    try:
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        # It is closed already, which is all that is wanted.
        return
