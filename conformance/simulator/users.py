"""Users, the user who asks, their devices and skills.

Source: "Users API" (lines 37553-37820), "Request Parameters" (1343-1930), "Filtering and sorting users by fields
and subresources" (2015-2088), "Devices API" (37051-37295), "Return Values" (2282-2455).
"""

from __future__ import annotations

from typing import Any, Final

from . import resources
from .context import Context
from .faults import fault
from .listing import Kind, asked_subresources, many, one
from .models import ROLE_ADMIN, ROLE_SUPERVISOR, Device, Skill, User
from .routing import operation
from .status import (
    ALREADY_EXISTS,
    MISSING_PARAMETER,
    NO_PERMISSION,
    NOT_FOUND,
    PARTIAL_SUCCESS,
    ApiError,
    invalid,
    missing,
    not_found,
)
from .world import World

PARTIAL_AS_OK = fault("basics.partial-success-as-0", "A partial success is reported with statusCode 0.")
PARTIAL_UNNAMED = fault("basics.partial-success-without-failed", "A partial success does not say what failed.")
OTHERS_DEVICES = fault("basics.devices-of-others", "An agent can read the devices of other users.")
SUBRESOURCES_ALWAYS = fault("basics.subresources-unasked", "Users carry their subresources though nobody asked.")
SUBRESOURCES_NEVER = fault("basics.subresources-ignored", "subresources has no effect.")
ME_IS_ANOTHER = fault("basics.me-is-another-user", "GET /me answers with another user.")
ROLE_NAMES = fault("basics.role-without-prefix", 'Roles are written "AGENT", not "ROLE_AGENT".')
UNASSIGN_KEEPS = fault("basics.unassign-keeps-skill", "A skill that was taken from a user stays with the user.")

_SORTABLE: Final = frozenset(
    {
        "userName",
        "firstName",
        "lastName",
        "enabled",
        "roles",
        "devices.phoneNumber",
        "skills.name",
        "skills.level",
        "statistics.channels.voice.state",
        "statistics.channels.voice.activity",
        "statistics.channels.voice.displayName",
        "statistics.channels.voice.workMode",
    }
)


def _sortable(name: str) -> bool:
    return name in _SORTABLE or (name.startswith("statistics.") and name.endswith(".value"))


USERS: Final = Kind("user", "users", True, _sortable, tuple(resources.SUBRESOURCES))
DEVICES: Final = Kind("device", "devices")
SKILLS: Final = Kind("skill", "skills")
READ: Final = ("api-provisioning-read",)
WRITE: Final = ("api-provisioning-write",)


def _shown(world: World, user: User) -> dict[str, Any]:
    resource = resources.user_resource(world, user)
    if world.faults.on(ROLE_NAMES):
        resource["roles"] = [role.removeprefix("ROLE_") for role in resource["roles"]]
    return resource


def _wanted(ctx: Context) -> list[str]:
    if ctx.world.faults.on(SUBRESOURCES_ALWAYS):
        return list(USERS.subresources)
    if ctx.world.faults.on(SUBRESOURCES_NEVER):
        return []
    return asked_subresources(ctx, USERS.subresources)


def _with_subresources(ctx: Context, user: User) -> dict[str, Any]:
    wanted = _wanted(ctx)
    reply = one(ctx, USERS, _shown(ctx.world, user))
    inner: dict[str, Any] = next(iter(reply.values()))
    inner.update({name: resources.SUBRESOURCES[name](ctx.world, user) for name in wanted})
    return reply


@operation("GET", "/me")
async def get_me(ctx: Context) -> dict[str, Any]:
    """The user who asks ("Making a Request", lines 645-690)."""
    user = ctx.user
    if ctx.world.faults.on(ME_IS_ANOTHER):
        user = next(other for other in ctx.world.users.values() if other is not user)
    return _with_subresources(ctx, user)


@operation("GET", "/users", features=READ)
async def get_users(ctx: Context) -> dict[str, Any]:
    """All users ("Get all Users", line 37623)."""
    world = ctx.world
    asked = set(_wanted(ctx))
    # What a filter or a sort names has to be there, too; `many` takes it away again unless it was asked for.
    named = {name.split(".")[0] for name in ctx.query} | {
        n.split(".")[0] for n in ctx.query.get("sortBy", "").split(",")
    }
    needed = [name for name in USERS.subresources if name in asked or name in named]
    listed = [
        {**_shown(world, user), **{name: resources.SUBRESOURCES[name](world, user) for name in needed}}
        for user in world.users.values()
    ]
    return many(ctx, USERS, listed)


def user_at(ctx: Context) -> User:
    """The user whose id stands in the path; ApiError 6 when there is none."""
    user = ctx.world.users.get(ctx.path["id"])
    if user is None:
        raise not_found("This user")
    return user


@operation("GET", "/users/{id}", features=READ)
async def get_user(ctx: Context) -> dict[str, Any]:
    """One user ("Get a Specific User", line 37664)."""
    return _with_subresources(ctx, user_at(ctx))


# --- devices -----------------------------------------------------------------------------------------------


def _device_list(ctx: Context, devices: list[Device]) -> dict[str, Any]:
    listed = [resources.device_resource(ctx.world, device) for device in devices]
    return many(ctx, DEVICES, listed, paths=[f"/devices/{device.id}" for device in devices])


def _own(ctx: Context, owner_id: str | None) -> None:
    """An agent may read only what is his ("Devices API", lines 37057-37075); supervisors monitor others' devices."""
    if owner_id == ctx.user.id or ctx.world.faults.on(OTHERS_DEVICES):
        return
    if not ctx.user.has_role(ROLE_ADMIN, ROLE_SUPERVISOR):
        raise ApiError(NO_PERMISSION, "The user does not have permission to read this device")


@operation("GET", "/me/devices")
async def get_my_devices(ctx: Context) -> dict[str, Any]:
    """The devices of the user who asks ("Requesting Devices", lines 1355-1410)."""
    return _device_list(ctx, [ctx.user.device] if ctx.user.device is not None else [])


@operation("GET", "/devices", roles=(ROLE_ADMIN,))
async def get_devices(ctx: Context) -> dict[str, Any]:
    """All devices of the contact centre ("List Devices", lines 37103-37130)."""
    return _device_list(ctx, list(ctx.world.devices.values()))


@operation("GET", "/devices/{id}")
async def get_device(ctx: Context) -> dict[str, Any]:
    """One device ("Devices API", lines 37057-37075)."""
    device = ctx.world.devices.get(ctx.path["id"])
    if device is None:
        raise not_found("This device")
    _own(ctx, device.user_id)
    return one(ctx, DEVICES, resources.device_resource(ctx.world, device))


@operation("GET", "/users/{id}/devices")
async def get_devices_of_user(ctx: Context) -> dict[str, Any]:
    """The devices of a user ("List Devices", lines 37103-37130)."""
    user = user_at(ctx)
    _own(ctx, user.id)
    return _device_list(ctx, [user.device] if user.device is not None else [])


# --- skills ------------------------------------------------------------------------------------------------


@operation("GET", "/skills")
async def get_skills(ctx: Context) -> dict[str, Any]:
    """All skills ("Return Values", lines 2336-2360)."""
    return many(ctx, SKILLS, [resources.skill_resource(ctx.world, s) for s in ctx.world.skills.values()])


@operation("GET", "/skills/{id}")
async def get_skill(ctx: Context) -> dict[str, Any]:
    """One skill: what the `uris` of /skills point to."""
    skill = ctx.world.skills.get(ctx.path["id"])
    if skill is None:
        raise not_found("This skill")
    return one(ctx, SKILLS, resources.skill_resource(ctx.world, skill))


@operation("GET", "/me/skills")
async def get_my_skills(ctx: Context) -> dict[str, Any]:
    """The skills of the user who asks ("Supported Requests", line 1896)."""
    return many(ctx, SKILLS, resources.skills_of(ctx.world, ctx.user))


@operation("GET", "/users/{id}/skills")
async def get_skills_of_user(ctx: Context) -> dict[str, Any]:
    """The skills of a user."""
    return many(ctx, SKILLS, resources.skills_of(ctx.world, user_at(ctx)))


def _skill_by_uri(world: World, uri: object) -> Skill | None:
    if not isinstance(uri, str):
        return None
    path = uri.removeprefix(world.api_uri)
    return world.skills.get(path.removeprefix("/skills/")) if path.startswith("/skills/") else None


def _assign(ctx: Context, user: User, entry: object) -> dict[str, Any]:
    """Assign the skill of one entry (a URI, or an object with `uri` and maybe `level`); its resource descriptor."""
    if isinstance(entry, dict):
        uri, level = entry.get("uri", entry.get("path")), entry.get("level", 1)
    else:
        uri, level = entry, 1
    if uri is None:
        raise ApiError(MISSING_PARAMETER, "Required parameter 'uri' is missing")
    if isinstance(level, bool) or not isinstance(level, int) or level < 0:
        raise invalid("level", "must be a whole number, not negative")
    skill = _skill_by_uri(ctx.world, uri)
    if skill is None:
        raise ApiError(NOT_FOUND, "This skill could not be found")
    if skill.id in user.skills and user.skills[skill.id] == level:
        raise ApiError(ALREADY_EXISTS, "The user has this skill already")
    user.skills[skill.id] = level
    path = f"/skills/{skill.id}"
    return {"uri": ctx.uri(path), "path": path, "id": skill.id}


@operation("POST", "/users/{id}/skills", features=WRITE, roles=(ROLE_ADMIN, ROLE_SUPERVISOR), service="Provisioning")
async def assign_skills(ctx: Context) -> dict[str, Any] | None:
    """Assign one skill (`uri`, `level`) or several (`uris` or `skills`) to a user.

    The pages describe the effect ("POST to Assign Resource", line 2414; "Partial Success", line 2438) and give no
    request body; the members follow "Assign Device" (line 37202), which sends `uri`.
    """
    user = user_at(ctx)
    several = ctx.body.get("uris", ctx.body.get("skills"))
    if several is None:
        if ctx.body.get("uri") is None:
            raise missing("uri")
        _assign(ctx, user, ctx.body)
        return None
    if not isinstance(several, list) or not several:
        raise invalid("uris", "must be an array that is not empty")
    succeeded: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in several:
        try:
            succeeded.append(_assign(ctx, user, entry))
        except ApiError as error:
            uri = entry.get("uri") if isinstance(entry, dict) else entry
            failed.append({"uri": uri, "statusCode": error.status_code, "statusMessage": error.message})
            last = error
    if not failed:
        return None
    if not succeeded:
        raise last
    if ctx.world.faults.on(PARTIAL_AS_OK):
        return None
    reply: dict[str, Any] = {"statusCode": PARTIAL_SUCCESS, "succeeded": succeeded}
    return reply if ctx.world.faults.on(PARTIAL_UNNAMED) else {**reply, "failed": failed}


@operation(
    "DELETE",
    "/users/{id}/skills/{skillId}",
    features=WRITE,
    roles=(ROLE_ADMIN, ROLE_SUPERVISOR),
    service="Provisioning",
)
async def unassign_skill(ctx: Context) -> None:
    """Take a skill from a user ("DELETE to Unassign Resource", line 2422)."""
    user = user_at(ctx)
    if ctx.path["skillId"] not in user.skills:
        raise not_found("This skill of the user")
    if not ctx.world.faults.on(UNASSIGN_KEEPS):
        del user.skills[ctx.path["skillId"]]
