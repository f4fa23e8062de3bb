"""The ASGI application: REST, notifications and the control API around one world."""

from __future__ import annotations

from typing import Final

from starlette.requests import HTTPConnection
from starlette.routing import Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import (
    auth,
    basics,
    chat,
    contacts,
    control,
    cors,
    customer_chat,
    deployment,
    generic_faults,
    rest,
    settings,
    voice,
)
from .bayeux import BayeuxServer
from .seed import seed
from .world import Options, World

NOTIFICATIONS: Final = "/api/v2/notifications"
AREAS: Final = (basics, settings, contacts, voice, chat, customer_chat, deployment)


def build_world(options: Options | None = None) -> World:
    """A seeded world with the state of every area."""
    world = World(options)
    world.seeder = seed
    world.publish_filter = generic_faults.alter_notification
    for area in AREAS:
        create = getattr(area, "create", None)
        if create is not None:
            world.area_factories[area.__name__.rpartition(".")[2]] = create
    world.reset()
    return world


class Application:
    """Hands each request to its part of the server; adds cookies and CORS headers to whatever answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bayeux = BayeuxServer(
            clock=world.clock,
            authenticate=self._authenticate,
            check_csrf=self._check_csrf,
            timeout_ms=world.options.bayeux_timeout_ms,
            max_interval_ms=world.options.bayeux_max_interval_ms,
            may_subscribe=self._may_subscribe,
            faults_on=world.faults.on,
        )
        world.publisher = self.bayeux
        self._notifications: ASGIApp = Router(routes=self.bayeux.routes(NOTIFICATIONS))

    def _authenticate(self, connection: HTTPConnection) -> tuple[str, str]:
        user, session = auth.authenticate(self.world, connection)
        return user.id, session.id

    def _check_csrf(self, connection: HTTPConnection, session_id: str) -> None:
        auth.check_csrf(self.world, connection, self.world.sessions[session_id])

    def _may_subscribe(self, _: str, channel: str) -> bool:
        return channel in ("/*", "/**") or channel.startswith(("/v2/", "/notifications/"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path: str = scope["path"]
        if scope["type"] == "websocket":
            await self._notifications(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = cors.cors_headers(self.world, scope)
                cookie = scope.get(auth.SET_COOKIE_KEY)
                if cookie is not None:
                    extra.append((b"set-cookie", cookie.encode()))
                if extra:
                    message["headers"] = [*message["headers"], *extra]
            await send(message)

        if path.startswith(control.PREFIX + "/"):
            await control.serve_control(self.world, scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await cors.serve_preflight(send_with_headers)
        elif path == NOTIFICATIONS or path.startswith(NOTIFICATIONS + "/"):
            await self._notifications(scope, receive, send_with_headers)
        else:
            await rest.serve_rest(self.world, scope, receive, send_with_headers)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.world.clock.arm()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.world.clock.clear()
                await self.bayeux.shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return


def create_app(options: Options | None = None, *, world: World | None = None) -> Application:
    """The application, on a world of its own unless one is given."""
    return Application(world or build_world(options))


__all__ = ["Application", "build_world", "create_app"]
