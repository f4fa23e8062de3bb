"""The one object that holds everything the server knows; areas hang their own state on it."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from .clock import Clock
from .faults import Faults
from .ids import Ids
from .models import ALL_ROLES, Device, HttpSession, Queue, Service, Skill, User
from .status import ApiError

if TYPE_CHECKING:
    from .context import Context

__all__ = [
    "ALL_ROLES",
    "ApiError",
    "Device",
    "HttpSession",
    "Published",
    "Queue",
    "Service",
    "Skill",
    "User",
    "World",
]

ORDERS = ("mixed", "reply-first", "events-first")
SERVICES_CHANNEL = "/notifications/services"

SessionStartHook = Callable[[User, "Context | None", Mapping[str, Any]], None]
SessionEndHook = Callable[[User], None]
AreaFactory = Callable[["World"], Any]


@dataclass(frozen=True)
class Published:
    """A notification that the server has published; `user_id` is None when it went to everybody."""

    user_id: str | None
    channel: str
    data: dict[str, Any]


class Publisher(Protocol):
    """What the world needs of the Bayeux server."""

    def publish(self, user_id: str, channel: str, data: dict[str, Any]) -> int: ...

    def publish_all(self, channel: str, data: dict[str, Any]) -> int: ...

    def drop_user(self, user_id: str) -> None: ...

    def snapshot(self) -> list[dict[str, Any]]: ...


PublishFilter = Callable[["World", str | None, str, dict[str, Any]], list[tuple[str, dict[str, Any], float]]]


@dataclass
class Options:
    """How this server was started. `order` decides which of a reply and the notification it causes goes first:
    "mixed" (they alternate), "reply-first" or "events-first"."""

    seed: int = 0
    csrf: bool = True
    order: str = "mixed"
    features_off: tuple[str, ...] = ()
    session_timeout: float = 1800.0
    global_origins: tuple[str, ...] = ()
    bayeux_timeout_ms: int = 30000
    bayeux_max_interval_ms: int = 10000
    faults: tuple[str, ...] = field(default_factory=tuple)


def _die() -> None:
    """End the process at once, without a word to anybody: what a crash looks like from outside."""
    os._exit(70)


class World:
    """The contact centre and its clock, identifiers, faults and published notifications.

    `voice`, `chat` and `contacts` are made by the areas' `create(world)`; they are Any here because the world
    may not know the areas that know it.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.api_uri = "http://127.0.0.1/api/v2"
        self.clock = Clock()
        self.faults = Faults(self.options.faults)
        self.publisher: Publisher | None = None
        self.publish_filter: PublishFilter | None = None
        self.published: deque[Published] = deque(maxlen=2000)
        self.seeder: Callable[[World], None] | None = None
        self.die: Callable[[], None] = _die
        self.area_factories: dict[str, AreaFactory] = {}
        self.voice: Any = None
        self.chat: Any = None
        self.contacts: Any = None
        self._clear()

    def _clear(self) -> None:
        self.ids = Ids(self.options.seed)
        self.users: dict[str, User] = {}
        self.devices: dict[str, Device] = {}
        self.skills: dict[str, Skill] = {}
        self.queues: dict[str, Queue] = {}
        self.routing_templates: dict[str, dict[str, Any]] = {}
        self.features: set[str] = set()
        self.services: dict[str, Service] = {}
        self.settings: dict[str, Any] = {}
        self.business_units: dict[str, str] = {}
        self.sessions: dict[str, HttpSession] = {}
        self.session_start_hooks: dict[str, SessionStartHook] = {}
        self.session_end_hooks: list[SessionEndHook] = []
        # What `resolveUri` can follow: the path of a resource -> a function that makes it.
        self.linked: dict[str, Callable[[], dict[str, Any]]] = {}
        self.generic_state: dict[str, Any] = {}
        self.requests_served = 0
        self._events_first = False

    def reset(self) -> None:
        """Back to the seeded state: sessions, notifications, timers and every area's state are gone."""
        if self.publisher is not None:
            for user_id in list(self.users):
                self.publisher.drop_user(user_id)
        self.clock.clear()
        self._clear()
        self.published.clear()
        if self.seeder is not None:
            self.seeder(self)
        self.features.difference_update(self.options.features_off)
        for name, factory in self.area_factories.items():
            setattr(self, name, factory(self))

    # --- who and what -------------------------------------------------------------------------------------

    def user_by_name(self, user_name: str) -> User | None:
        """The user with this userName."""
        return next((user for user in self.users.values() if user.user_name == user_name), None)

    def device_by_number(self, phone_number: str) -> Device | None:
        """The device with this phone number."""
        return next((d for d in self.devices.values() if d.phone_number == phone_number), None)

    def user_of(self, device: Device) -> User | None:
        """The user a device is assigned to."""
        return self.users.get(device.user_id) if device.user_id else None

    def base_uri(self, ctx: Context | None = None) -> str:  # noqa: ARG002 - one address whoever asks
        """ "http://host:port/api/v2", the prefix of every `uri`."""
        return self.api_uri

    def uri(self, path: str) -> str:
        """The absolute URI of a path such as "/calls/123"."""
        return self.api_uri + path

    def service_active(self, service_type: str) -> bool:
        """Whether a service of this type is up (also when the deployment has none of this type)."""
        states = [s.state for s in self.services.values() if s.type == service_type]
        return not states or any(state == "Active" for state in states)

    # --- notifications ------------------------------------------------------------------------------------

    def publish(self, user: User, channel: str, data: Mapping[str, Any]) -> None:
        """Send a notification to every CometD session of the user that subscribed to the channel.

        `data` is copied, so that a resource may go on changing after it has been published.
        """
        self._publish(user.id, channel, data)

    def publish_all(self, channel: str, data: Mapping[str, Any]) -> None:
        """Send a notification to everybody who subscribed to the channel."""
        self._publish(None, channel, data)

    def _publish(self, user_id: str | None, channel: str, data: Mapping[str, Any]) -> None:
        message: dict[str, Any] = json.loads(json.dumps(data))
        # Real deployments add this undocumented member to every notification.
        message["metrics"] = {"eventProcessing": {"total": -1}}
        if self.publish_filter is None or not self.faults.generic_notifications:
            self.deliver(user_id, channel, message)
            return
        for to_channel, changed, delay in self.publish_filter(self, user_id, channel, message):
            if delay:
                self._deliver_later(delay, user_id, to_channel, changed)
            else:
                self.deliver(user_id, to_channel, changed)

    def _deliver_later(self, delay: float, user_id: str | None, channel: str, data: dict[str, Any]) -> None:
        self.clock.call_later(delay, lambda: self.deliver(user_id, channel, data))

    def deliver(self, user_id: str | None, channel: str, data: dict[str, Any]) -> None:
        """Hand a finished notification to the Bayeux server and remember it in `published`."""
        self.published.append(Published(user_id, channel, data))
        if self.publisher is None:
            return
        if user_id is None:
            self.publisher.publish_all(channel, data)
        else:
            self.publisher.publish(user_id, channel, data)

    # --- sessions -----------------------------------------------------------------------------------------

    def on_session_start(self, channel_name: str, fn: SessionStartHook) -> None:
        """Have `fn(user, ctx, params)` called when StartContactCenterSession opens this channel.

        `fn` raises ApiError to make its channel fail; `params` is the request's body.
        """
        self.session_start_hooks[channel_name] = fn

    def on_session_end(self, fn: SessionEndHook) -> None:
        """Have `fn(user)` called when the user's contact centre session ends."""
        self.session_end_hooks.append(fn)

    def end_http_sessions(self, user: User) -> None:
        """Forget every HTTP session of the user, its Csrf token and its CometD sessions."""
        for session in [s for s in self.sessions.values() if s.user_id == user.id]:
            del self.sessions[session.id]
        if self.publisher is not None:
            self.publisher.drop_user(user.id)

    def set_service_state(self, service: Service, state: str) -> None:
        """Change a service's state and tell everybody with a ServiceStateChangeMessage.

        Source: "CometD notifications" (lines 1236-1300).
        """
        service.state = state
        self.publish_all(SERVICES_CHANNEL, {"messageType": "ServiceStateChangeMessage", "service": service.resource()})

    def next_is_events_first(self) -> bool:
        """Whether the next reply goes after the notifications it causes."""
        if self.options.order == "mixed":
            self._events_first = not self._events_first
            return self._events_first
        return self.options.order == "events-first"
