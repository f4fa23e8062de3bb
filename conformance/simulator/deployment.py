"""What an operator does to the deployment, as stimuli of the control API: a back end goes down, a feature is taken."""

from __future__ import annotations

from typing import Any, Final

from .seed import FEATURES
from .status import invalid, not_found
from .stimuli import stimulus
from .world import World

SERVICE_STATES: Final = ("Active", "Inactive", "ReadOnly", "Unknown")


@stimulus("service-state")
async def service_state(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """A back end changes its state: {type, state}; returns the services ("Services", lines 3644-3662)."""
    state = params.get("state")
    if state not in SERVICE_STATES:
        raise invalid("state", "must be one of " + ", ".join(SERVICE_STATES))
    wanted = [service for service in world.services.values() if service.type == params.get("type")]
    if not wanted:
        raise not_found("A service of this type")
    for service in wanted:
        world.set_service_state(service, state)
    return {"services": [service.resource() for service in wanted]}


@stimulus("features")
async def features(world: World, params: dict[str, Any]) -> dict[str, Any]:
    """Features are given to the contact centre or taken: {on, off}; returns those it has now (line 3543)."""
    changes: dict[str, list[str]] = {}
    for name in ("on", "off"):
        value = params.get(name, [])
        if not isinstance(value, list) or any(feature not in FEATURES for feature in value):
            raise invalid(name, "must be an array of known features")
        changes[name] = value
    world.features.difference_update(changes["off"])
    world.features.update(changes["on"])
    return {"features": sorted(world.features)}
