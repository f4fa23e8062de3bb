"""The Bayeux server as the rest of the bundled server sees it."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute, Route, WebSocketRoute

from .channels import MaySubscribe, documented
from .long_polling import Authenticate, CheckCsrf, LongPolling
from .messages import LONG_POLLING, WEBSOCKET
from .protocol import Conversation
from .registry import Clock, FaultsOn, Registry, Settings
from .sessions import Release
from .websocket import Sockets


def _no_faults(_name: str) -> bool:
    return False


class BayeuxServer:
    """A Bayeux 1.0 server that behaves like CometD for Java 3.1, which Web Services embeds.

    `authenticate(connection)` gives the ids of the user and of the HTTP session, `check_csrf(request, session_id)`
    passes or not: both refuse with ApiError. `may_subscribe(user_id, pattern)` decides on subscriptions outside
    /meta. `faults_on(name)` tells whether a fault is on. Everything runs in one event loop; times are
    milliseconds. See `registry.Settings` for the three times.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        authenticate: Authenticate,
        check_csrf: CheckCsrf,
        timeout_ms: int = 30000,
        interval_ms: int = 0,
        max_interval_ms: int = 10000,
        may_subscribe: MaySubscribe = documented,
        faults_on: FaultsOn = _no_faults,
        max_queue: int = 10000,
        transports: tuple[str, ...] = (WEBSOCKET, LONG_POLLING),
    ) -> None:
        settings = Settings(
            timeout_ms=timeout_ms,
            interval_ms=interval_ms,
            max_interval_ms=max_interval_ms,
            max_queue=max_queue,
            transports=transports,
        )
        self._registry = Registry(clock, settings, faults_on)
        conversation = Conversation(self._registry, may_subscribe)
        self._long_polling = LongPolling(conversation, authenticate, check_csrf)
        self._sockets = Sockets(conversation, authenticate)

    def routes(self, prefix: str) -> list[BaseRoute]:
        """The routes below `prefix` ("/api/v2/notifications"): POST there and with one more segment, which
        CometD clients append (`/handshake`, `/connect` ...), and the WebSocket."""
        prefix = prefix.rstrip("/")
        post = self._long_polling.post
        routes: list[BaseRoute] = [
            Route(prefix, post, methods=["POST"]),
            Route(prefix + "/", post, methods=["POST"]),
            Route(prefix + "/{suffix}", post, methods=["POST"]),
        ]
        if WEBSOCKET in self._registry.settings.transports:
            routes.append(WebSocketRoute(prefix, self._sockets.endpoint))
            routes.append(WebSocketRoute(prefix + "/", self._sockets.endpoint))
        return routes

    def publish(self, user_id: str, channel: str, data: dict[str, Any]) -> int:
        """Deliver an event to the user's subscribed sessions; how many sessions that were."""
        return self._registry.publish(user_id, channel, data)

    def publish_all(self, channel: str, data: dict[str, Any]) -> int:
        """Deliver an event to everybody's subscribed sessions; how many sessions that were."""
        return self._registry.publish(None, channel, data)

    def client_ids(self, user_id: str | None = None) -> list[str]:
        """The client ids of a user's sessions, or of all sessions, oldest first."""
        return [session.client_id for session in self._registry.sessions(user_id)]

    def snapshot(self) -> list[dict[str, Any]]:
        """What each session looks like, for a debugging view: plain JSON values."""
        return [
            {
                "clientId": session.client_id,
                "userId": session.user_id,
                "subscriptions": list(session.subscriptions),
                "queued": len(session.mailbox),
                "connectHeld": session.hold is not None,
                "transport": WEBSOCKET if session.push is not None else LONG_POLLING,
                "acknowledges": session.mailbox.acknowledged,
            }
            for session in self._registry.sessions()
        ]

    def drop_user(self, user_id: str) -> None:
        """Forget all sessions of a user; connects that are held are answered `402`, handshake again."""
        for session in self._registry.sessions(user_id):
            self._registry.remove(session, Release.FORGOTTEN)

    def expire(self, client_id: str) -> bool:
        """Forget one session as if its client had stopped connecting; False if there is none."""
        session = self._registry.by_id(client_id)
        if session is None:
            return False
        self._registry.remove(session, Release.FORGOTTEN)
        return True

    def sweep(self) -> None:
        """Forget what has expired by the clock. Requests do it anyway, and so does a timer."""
        self._registry.sweep()

    async def shutdown(self) -> None:
        """Answer every held connect, close the WebSockets and hold nothing any more. Takes a second at most."""
        await self._registry.release_all()
        await self._sockets.close_all()
