"""Version, queues, routing templates, features and services.

Source: "Making a Request" (lines 523-600), "Request Parameters" (1343-1930), "Features" (3535-3621), "Services"
(3623-3706). A sample of GET /services/{id} shows an array; the rule of "Return Values" (line 2333) is followed
instead: the one resource under its singular name.
"""

from __future__ import annotations

from typing import Any, Final

from . import resources, users
from .context import Context
from .faults import fault
from .listing import Kind, many, one
from .models import ROLE_ADMIN, ROLE_AGENT
from .routing import operation
from .seed import FEATURES
from .status import FORBIDDEN, ApiError, not_found
from .world import World

VERSION: Final = "8.5.202.96"
QUEUES: Final = Kind("queue", "queues")
TEMPLATES: Final = Kind("routingTemplate", "routingTemplates")
FEATURE_KIND: Final = Kind("feature", "features")
SERVICES: Final = Kind("service", "services")

DISABLED_LISTED = fault("basics.disabled-feature-listed", "/features lists a feature that is disabled.")
SYSTEM_INCOMPLETE = fault("basics.system-features-incomplete", "/system/features lists the enabled ones alone.")
SYSTEM_LACKS_ONE = fault("basics.system-features-lack-one", "/system/features leaves out a feature that is enabled.")
SERVICE_STATE = fault("basics.service-always-active", "/services shows a service that is down as Active.")
VERSION_NUMBER = fault("basics.version-is-number", "The version is a number.")
FEATURE_UNASSIGNED = fault("basics.default-feature-unassigned", "DELETE on a default feature succeeds.")

# Which feature makes a service visible: "The list is populated based on the features currently enabled".
_SERVICE_FEATURE: Final = {"Voice": "api-voice", "Chat": "api-multimedia-chat"}


def create(world: World) -> None:
    """Prepare what the links of resources point to."""
    resources.link_resources(world)


@operation("GET", "/diagnostics/version", public=True)
async def get_version(ctx: Context) -> dict[str, Any]:
    """The version; the one request that needs no credentials."""
    return {"version": 8.5 if ctx.world.faults.on(VERSION_NUMBER) else VERSION}


@operation("GET", "/queues")
async def get_queues(ctx: Context) -> dict[str, Any]:
    """All queues."""
    return many(ctx, QUEUES, [resources.queue_resource(ctx.world, q) for q in ctx.world.queues.values()])


@operation("GET", "/queues/{id}")
async def get_queue(ctx: Context) -> dict[str, Any]:
    """One queue."""
    queue = ctx.world.queues.get(ctx.path["id"])
    if queue is None:
        raise not_found("This queue")
    return one(ctx, QUEUES, resources.queue_resource(ctx.world, queue))


@operation("GET", "/system/routing-templates")
async def get_routing_templates(ctx: Context) -> dict[str, Any]:
    """The routing templates; `channel` and `version` filter."""
    templates = ctx.world.routing_templates.values()
    return many(ctx, TEMPLATES, [resources.template_resource(ctx.world, t) for t in templates])


@operation("GET", "/system/routing-templates/{id}")
async def get_routing_template(ctx: Context) -> dict[str, Any]:
    """One routing template."""
    template = ctx.world.routing_templates.get(ctx.path["id"])
    if template is None:
        raise not_found("This routing template")
    return one(ctx, TEMPLATES, resources.template_resource(ctx.world, template))


def _linked(ctx: Context, kind: Kind, path: str) -> dict[str, Any]:
    make = ctx.world.linked.get(path)
    if make is None:
        raise not_found(f"This {kind.singular}")
    return one(ctx, kind, make())


@operation("GET", "/phone-numbers/{id}")
async def get_phone_number(ctx: Context) -> dict[str, Any]:
    """One phone number: what `phoneNumberUri` points to."""
    return _linked(ctx, Kind("phoneNumber", "phoneNumbers"), f"/phone-numbers/{ctx.path['id']}")


@operation("GET", "/voice-environments/{id}")
async def get_voice_environment(ctx: Context) -> dict[str, Any]:
    """One voice environment: what `voiceEnvironmentUri` points to."""
    kind = Kind("voiceEnvironment", "voiceEnvironments")
    return _linked(ctx, kind, f"/voice-environments/{ctx.path['id']}")


# --- features ----------------------------------------------------------------------------------------------


def _enabled(world: World) -> list[str]:
    everything = world.faults.on(DISABLED_LISTED)
    return [feature for feature in FEATURES if everything or feature in world.features]


@operation("GET", "/features", roles=(ROLE_ADMIN, ROLE_AGENT))
async def get_features(ctx: Context) -> dict[str, Any]:
    """The features of this contact centre."""
    return many(ctx, FEATURE_KIND, [resources.feature_resource(ctx.world, f) for f in _enabled(ctx.world)])


@operation("GET", "/features/{id}", roles=(ROLE_ADMIN, ROLE_AGENT))
async def get_feature(ctx: Context) -> dict[str, Any]:
    """One feature of this contact centre."""
    if ctx.path["id"] not in _enabled(ctx.world):
        raise not_found("This feature")
    return one(ctx, FEATURE_KIND, resources.feature_resource(ctx.world, ctx.path["id"]))


@operation("DELETE", "/features/{id}", roles=(ROLE_ADMIN,))
async def delete_feature(ctx: Context) -> None:
    """Refused: "default features cannot be unassigned" (line 3586)."""
    if ctx.world.faults.on(FEATURE_UNASSIGNED):
        return
    raise ApiError(FORBIDDEN, "Features cannot be unassigned", http=405)


@operation("GET", "/system/features", roles=(ROLE_ADMIN,))
async def get_system_features(ctx: Context) -> dict[str, Any]:
    """All features of the system."""
    names = _enabled(ctx.world) if ctx.world.faults.on(SYSTEM_INCOMPLETE) else list(FEATURES)
    if ctx.world.faults.on(SYSTEM_LACKS_ONE):
        names = [name for name in names if name != "api-voice"]
    return many(ctx, FEATURE_KIND, [resources.feature_resource(ctx.world, f) for f in names])


# --- services ----------------------------------------------------------------------------------------------


def _service_resources(world: World) -> list[dict[str, Any]]:
    shown = []
    for service in world.services.values():
        feature = _SERVICE_FEATURE.get(service.type)
        if feature is not None and feature not in world.features:
            continue
        resource = {**service.resource(), **resources.linked(world, f"/services/{service.id}")}
        if world.faults.on(SERVICE_STATE):
            resource["state"] = "Active"
        shown.append(resource)
    return shown


@operation("GET", "/services")
async def get_services(ctx: Context) -> dict[str, Any]:
    """The services that the enabled features use."""
    return many(ctx, SERVICES, _service_resources(ctx.world))


@operation("GET", "/services/{id}")
async def get_service(ctx: Context) -> dict[str, Any]:
    """One service."""
    for resource in _service_resources(ctx.world):
        if resource["id"] == ctx.path["id"]:
            return one(ctx, SERVICES, resource)
    raise not_found("This service")


__all__ = ["VERSION", "create", "users"]
