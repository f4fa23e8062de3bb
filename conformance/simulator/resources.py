"""The resources of the basics: users, skills, queues, services, features and what they link to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .models import CONTACT_CENTER_ID, Device, Queue, Skill, User
from .seed import FEATURES
from .world import World

SWITCH_NAME: Final = "SIP_Switch"


def linked(world: World, path: str) -> dict[str, Any]:
    """The two members by which every resource says where it is."""
    return {"uri": world.uri(path), "path": path}


def user_resource(world: World, user: User) -> dict[str, Any]:
    """A user without subresources ("Users API", lines 37573-37622; the password is never shown)."""
    return {
        "id": user.id,
        "userName": user.user_name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "emailAddress": user.email_address,
        "roles": list(user.roles),
        "enabled": user.enabled,
        "changePasswordOnFirstLogin": user.change_password_on_first_login,
        "contactCenterId": CONTACT_CENTER_ID,
        **linked(world, user.path),
    }


def skill_resource(world: World, skill: Skill, level: int | None = None) -> dict[str, Any]:
    """A skill; with the level at which a user has it."""
    resource: dict[str, Any] = {"id": skill.id, "name": skill.name}
    if level is not None:
        resource["level"] = level
    return {**resource, **linked(world, f"/skills/{skill.id}")}


def skills_of(world: World, user: User) -> list[dict[str, Any]]:
    """The skills of a user with their levels."""
    return [skill_resource(world, world.skills[skill_id], level) for skill_id, level in user.skills.items()]


def device_resource(world: World, device: Device) -> dict[str, Any]:
    """A device as the voice area knows it."""
    resource: dict[str, Any] = world.voice.device_resource(device)
    return resource


def devices_of(world: World, user: User) -> list[dict[str, Any]]:
    """The devices of a user: one or none here."""
    return [device_resource(world, user.device)] if user.device is not None else []


def queue_resource(world: World, queue: Queue) -> dict[str, Any]:
    """A queue with the links that "Resolving URIs" shows (lines 1765-1885)."""
    return {
        "id": queue.id,
        "name": queue.name,
        "description": queue.description,
        "channel": queue.channel,
        "routingTemplateUri": world.uri(f"/system/routing-templates/{queue.routing_template_id}"),
        "phoneNumberUri": world.uri(f"/phone-numbers/{queue.phone_number}"),
        **linked(world, f"/queues/{queue.id}"),
    }


def template_resource(world: World, template: dict[str, Any]) -> dict[str, Any]:
    """A routing template."""
    return {**template, **linked(world, f"/system/routing-templates/{template['id']}")}


def phone_number_resource(world: World, number: str) -> dict[str, Any]:
    """A phone number."""
    return {"id": number, "phoneNumber": number, **linked(world, f"/phone-numbers/{number}")}


def voice_environment_resource(world: World, environment_id: str) -> dict[str, Any]:
    """A voice environment: the documents show nothing of it but its URI."""
    return {"id": environment_id, **linked(world, f"/voice-environments/{environment_id}")}


def feature_resource(world: World, feature: str) -> dict[str, Any]:
    """A feature ("Features", lines 3561-3578)."""
    words = [{"api": "API", "ui": "UI"}.get(word, word.capitalize()) for word in feature.split("-")]
    return {
        "id": feature,
        "displayName": " ".join(words),
        "description": FEATURES[feature],
        **linked(world, f"/features/{feature}"),
    }


def _statistics_of(world: World, user: User) -> dict[str, Any]:
    """The state of the voice channel, by which users may be filtered and sorted (lines 2055-2088)."""
    channel: dict[str, Any] | None = world.voice.channel_resource(user)
    if channel is None:
        return {"channels": {}}
    state: dict[str, Any] = channel.get("userState") or {}
    voice = {name: state[name] for name in ("state", "displayName", "workMode") if name in state}
    return {"channels": {"voice": {**voice, "activity": channel["userActivity"]}}}


def _calls_of(world: World, user: User) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = world.voice.calls_of(user)
    return calls


def _chats_of(world: World, user: User) -> list[dict[str, Any]]:
    # "GetAgentInteractions" (lines 15632-15690) requires this feature.
    chats: list[dict[str, Any]] = world.chat.interactions_of(user) if "api-multimedia" in world.features else []
    return chats


SUBRESOURCES: Final[dict[str, Callable[[World, User], Any]]] = {
    "devices": devices_of,
    "skills": skills_of,
    "settings": lambda _, user: user.settings,
    "calls": _calls_of,
    "chats": _chats_of,
    "statistics": _statistics_of,
    "groups": lambda _, user: [
        {"name": name, "type": "BusinessUnit", "contains": ["users"]} for name in user.business_units
    ],
    "features": lambda world, _: [feature_resource(world, f) for f in FEATURES if f in world.features],
}


def link_resources(world: World) -> None:
    """Tell the world which resources `resolveUri` can follow."""
    for template in world.routing_templates.values():
        path = f"/system/routing-templates/{template['id']}"
        world.linked[path] = lambda template=template: template_resource(world, template)  # type: ignore[misc]
    for queue in world.queues.values():
        number = queue.phone_number
        world.linked[f"/phone-numbers/{number}"] = lambda n=number: phone_number_resource(world, n)  # type: ignore[misc]
    for device in world.devices.values():
        environment = device.voice_environment_id
        world.linked[f"/voice-environments/{environment}"] = lambda e=environment: (  # type: ignore[misc]
            voice_environment_resource(world, e)
        )
