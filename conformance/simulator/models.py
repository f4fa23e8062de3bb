"""What the contact centre consists of: people, devices, skills, queues, services, HTTP sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ROLE_AGENT = "ROLE_AGENT"
ROLE_SUPERVISOR = "ROLE_SUPERVISOR"
ROLE_ADMIN = "ROLE_ADMIN"
CONTACT_CENTER_ID = "0851b5d7-1280-432c-9bb7-d22c2aeab2d5"
ALL_ROLES = (ROLE_AGENT, ROLE_SUPERVISOR, ROLE_ADMIN)


@dataclass(eq=False)
class Device:
    """A phone. The state members are what the voice area keeps up to date."""

    id: str
    phone_number: str
    e164_number: str
    telephony_network: str  # "Private" | "Public"
    voice_environment_id: str
    user_id: str | None = None
    device_state: str = "Inactive"  # "Active" | "Inactive"
    do_not_disturb: str = "Off"
    forward_to: str | None = None
    user_state: dict[str, Any] | None = None


@dataclass(eq=False)
class User:
    """A person who can log in. `skills` maps a skill id to its level; `settings` is group -> option -> value;
    `business_units` holds names.
    """

    id: str
    user_name: str
    password: str
    first_name: str
    last_name: str
    roles: tuple[str, ...]
    device: Device | None = None
    nickname: str = ""
    employee_id: str = ""
    login_code: str = ""
    enabled: bool = True
    change_password_on_first_login: bool = False
    email_address: str = ""
    business_units: tuple[str, ...] = ()
    skills: dict[str, int] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def has_role(self, *roles: str) -> bool:
        """Whether the user has at least one of the roles."""
        return any(role in self.roles for role in roles)

    @property
    def path(self) -> str:
        """ "/users/{id}"."""
        return f"/users/{self.id}"


@dataclass(frozen=True)
class Skill:
    """A skill that users have at a level."""

    id: str
    name: str


@dataclass(frozen=True)
class Queue:
    """A queue of the contact centre; `channel` is "voice" or "chat"."""

    id: str
    name: str
    channel: str
    phone_number: str
    description: str
    routing_template_id: str


@dataclass
class Service:
    """A back-end server as "Services" (lines 3623-3706) describes it."""

    id: str
    name: str
    type: str  # Voice, Provisioning, Reporting, Media, MultiMediaState, MultiMediaContent, Chat, Unknown
    state: str = "Active"  # Active, Inactive, ReadOnly, Unknown

    def resource(self) -> dict[str, Any]:
        """The service resource."""
        return {"id": self.id, "name": self.name, "type": self.type, "state": self.state}


@dataclass(eq=False)
class HttpSession:
    """An HTTP session: the cookie JSESSIONID names it, the Csrf token shares its life."""

    id: str
    user_id: str
    csrf_token: str
    last_used: float
