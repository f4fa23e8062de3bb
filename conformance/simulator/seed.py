"""The contact centre that the server starts with, and a target file that tells the suite how to use it."""

from __future__ import annotations

from .models import CONTACT_CENTER_ID, ROLE_ADMIN, ROLE_AGENT, ROLE_SUPERVISOR, Device, Queue, Service, Skill, User
from .world import World

SEEDED_DOCUMENT_ID = "0000YaB6ARKB0019"
VOICE_QUEUE = "9000"
CHAT_QUEUE = "chat-queue"
_TARGET_USERS = {
    "agent": "agent1",
    "second_agent": "agent2",
    "third_agent": "agent3",
    "public_agent": "publicagent",
    "supervisor": "supervisor1",
    "admin": "admin1",
}

_STIMULI = ("inbound-call", "service-state", "features")

BUSINESS_UNITS = ("Agent Group 1", "Agent Group 2", "Internal")
_MEMBERS = {
    "agent1": ("Agent Group 1",),
    "agent2": ("Agent Group 1",),
    "agent3": ("Agent Group 2",),
    "agent4": ("Agent Group 2", "Internal"),
    "supervisor1": ("Internal",),
}

# (userName, firstName, lastName, roles, device number, telephonyNetwork, skills by name)
_PEOPLE: tuple[tuple[str, str, str, tuple[str, ...], str | None, str, dict[str, int]], ...] = (
    ("agent1", "Ada", "Brook", (ROLE_AGENT,), "5001", "Private", {"Sales": 4, "Support": 2}),
    ("agent2", "Ben", "Cole", (ROLE_AGENT,), "5002", "Private", {"Sales": 2}),
    ("agent3", "Cleo", "Dunn", (ROLE_AGENT,), "5003", "Private", {"Billing": 3}),
    ("agent4", "Dan", "Brook", (ROLE_AGENT,), "5004", "Private", {}),
    ("supervisor1", "Eve", "Frost", (ROLE_SUPERVISOR, ROLE_AGENT), "5005", "Private", {"Support": 5}),
    ("admin1", "Finn", "Gray", (ROLE_ADMIN,), None, "", {}),
    ("publicagent", "Gus", "Hale", (ROLE_AGENT,), "5007", "Public", {"French": 1}),
)
_PASSWORD_NUMBERS = {"supervisor1": 5, "admin1": 6, "publicagent": 7}

# Every feature that the table "Supported Features" (lines 3580-3621) or a page's "Required features" row names.
FEATURES: dict[str, str] = {
    "api-provisioning-read": "General provisioning read",
    "api-provisioning-write": "General provisioning write",
    "api-voice": "API for the voice channel",
    "api-voice-recording": "API for voice recording",
    "ui-supervisor-provisioning-routing": "Supervisor UI to provision routing",
    "ui-supervisor-provisioning-skill": "UI to provision skills",
    "ui-supervisor-reporting": "Supervisor UI to display contact center statistics",
    "ui-supervisor-provisioning-user": "Supervisor UI to display agents",
    "ui-supervisor-details-tab": "Supervisor UI to display details",
    "ui-supervisor-recording": "UI to view call recordings",
    "api-multimedia-chat": "API for chat channel",
    "api-multimedia-email": "API for email channel",
    "api-multimedia-workitem": "API for workitem channel",
    "api-multimedia-facebook": "API for facebook channel",
    "api-multimedia-twitter": "API for twitter channel",
    "api-ucs-voice": "API for voice integration with ucs",
    "api-supervisor-recording": "API For Call Recording Supervisor",
    "api-supervisor-monitoring": "API For Supervisors to Monitor Agent Calls",
    "api-supervisor-agent-control": "API For Supervisors to Control Agent State",
    "ui-supervisor-add-user": "Supervisor UI to allow creation/deletion of users",
    "ui-supervisor-edit-user": "Supervisor UI to allow editing of users",
    "ui-supervisor-case-data": "Supervisor UI to configure case data",
    "ui-supervisor-toast-data": "Supervisor UI to configure toast data",
    "ui-supervisor-service-level-settings": "Supervisor UI to configure service levels",
    "ui-supervisor-untimed-wrapup": "Supervisor UI to configure untimed wrap up",
    "api-screen-recording": "API for Agent Screen Recording",
    "api-vcc-outbound-call-recording": "Attached data with unique id for call recording",
    "api-user-account-management-email": "API for account management via email",
    "api-devices-webrtc": "API support for WebRTC devices",
    "api-multimedia": "API for multimedia",
    "api-voice-outbound": "API for outbound campaigns",
    "api-voice-instant-messaging": "API for instant messaging",
    "api-platform-configuration-read": "Platform configuration read",
    "api-platform-configuration-write": "Platform configuration write",
}

# Supported by this server's pages; the others are listed by /system/features alone.
_NOT_ASSIGNED = frozenset(
    {
        "api-multimedia-email",
        "api-multimedia-workitem",
        "api-multimedia-facebook",
        "api-multimedia-twitter",
        "api-voice-outbound",
        "api-voice-instant-messaging",
        "api-devices-webrtc",
        "api-vcc-outbound-call-recording",
        "api-user-account-management-email",
        "api-platform-configuration-read",
        "api-platform-configuration-write",
        "ui-supervisor-details-tab",
        "ui-supervisor-add-user",
        "ui-supervisor-service-level-settings",
        "ui-supervisor-untimed-wrapup",
    }
)


def password_of(user_name: str) -> str:
    """The Basic password of a seeded user."""
    number = _PASSWORD_NUMBERS.get(user_name) or int(user_name[-1])
    return f"password{number}"


def seed(world: World) -> None:
    """Fill an empty world."""
    world.features.update(set(FEATURES) - _NOT_ASSIGNED)
    environment = world.ids.uuid()
    for name, type_ in (("Provisioning", "Provisioning"), ("SIPS", "Voice"), ("ChatServer", "Chat")):
        service = Service(world.ids.uuid(), name, type_)
        world.services[service.id] = service
    for name in ("Sales", "Support", "Billing", "French"):
        skill = Skill(world.ids.uuid(), name)
        world.skills[skill.id] = skill
    for name in BUSINESS_UNITS:
        world.business_units[f"2-{world.ids.uuid()}"] = name
    _seed_routing(world)
    _seed_settings(world)
    by_name = {skill.name: skill.id for skill in world.skills.values()}
    for user_name, first, last, roles, number, network, skills in _PEOPLE:
        user = User(
            id=world.ids.hex(),
            user_name=user_name,
            password=password_of(user_name),
            first_name=first,
            last_name=last,
            roles=roles,
            nickname=first,
            employee_id=user_name,
            login_code=number or "",
            email_address=f"{user_name}@example.com",
            business_units=_MEMBERS.get(user_name, ()),
            skills={by_name[name]: level for name, level in skills.items()},
            settings={"GWS": {"roles": ",".join(role.removeprefix("ROLE_").lower() for role in roles)}},
        )
        world.users[user.id] = user
        if number is not None:
            device = Device(world.ids.uuid(), number, number, network, environment, user.id)
            world.devices[device.id] = device
            user.device = device


def _seed_routing(world: World) -> None:
    for template_id, name, version, enabled in (
        ("00_RouteToSpecDestination", "Route Call to Specified Destination", "1.0.0", True),
        ("07_SegmentCallerRouteToSpecDestination", "Segment Caller and Route", "1.0.0", False),
        ("10_RouteChat", "Route Chat", "1.1.0", True),
    ):
        channel = "chat" if "Chat" in name else "voice"
        world.routing_templates[template_id] = {
            "id": template_id,
            "name": name,
            "description": f"{name} by a skill or a queue",
            "version": version,
            "channel": channel,
            "dependencies": ["media", "destination"],
            "enabled": enabled,
            "schema": [],
        }
    for number, name, channel, template in (
        (VOICE_QUEUE, "voice-queue", "voice", "00_RouteToSpecDestination"),
        ("9001", "overflow-queue", "voice", "00_RouteToSpecDestination"),
        ("9100", CHAT_QUEUE, "chat", "10_RouteChat"),
    ):
        queue = Queue(world.ids.uuid(), name, channel, number, f"The {name}", template)
        world.queues[queue.id] = queue


def _seed_settings(world: World) -> None:
    world.settings["voice"] = {
        "toast-filter": [],
        "case-filter": [],
        "defaultTelephonyNetworkType": "Private",
    }
    world.settings["dispositions"] = {
        "EscalationCreated": "Issue Escalated",
        "IssueResolved": "Issue Resolved",
        "UpdateProvided": "Update Provided",
        "InfoRequested": "Information Requested",
    }
    world.settings["access-control"] = {}


def target_toml(base_url: str) -> str:
    """A target file for the suite: where this server listens, whom to log in as, what it can be provoked to."""
    lines = [
        f'base_url = "{base_url}"',
        f'contact_center_id = "{CONTACT_CENTER_ID}"',
        f'document_id = "{SEEDED_DOCUMENT_ID}"',
        "",
        "[deadlines]",
        "request = 10",
        "notification = 1.5",
        "grace = 0.005",
        "",
    ]
    for key, user_name in _TARGET_USERS.items():
        password = password_of(user_name)
        lines += [f"[users.{key}]", f'user_name = "{user_name}"', f'password = "{password}"', ""]
    lines += ["[numbers]", f'queue = "{VOICE_QUEUE}"', 'external = "6100"', 'unassigned = "5999"', ""]
    lines += ["[queues]", f'chat = "{CHAT_QUEUE}"', ""]
    lines += ["[hazards]", 'allow = ["read", "state", "creates", "deletes", "configures"]', ""]
    for name in _STIMULI:
        lines += [f"[stimuli.{name}]", f'url = "{base_url}/__simulator/stimulus"', ""]
    return "\n".join(lines)
