"""Settings groups: voice, voice operations, agent states, dispositions, general settings, access control.

Source: "Toast and case data" (lines 2647-2903), "Disposition codes" (2905-2946), "Cross-Origin Resource Sharing"
(2948-3010), "Settings API" (38975-39815). Release 8.6 takes the writing of agent-states away ("Settings API" in the
list of changes), which is why that group can only be read.
"""

from __future__ import annotations

from typing import Any, Final

from . import cors
from .context import Context
from .faults import fault
from .models import ROLE_ADMIN
from .routing import operation
from .status import (
    ALREADY_EXISTS,
    FORBIDDEN,
    OUT_OF_RANGE,
    ApiError,
    invalid,
    missing,
    not_found,
)
from .world import World

FILTERS: Final = ("toast-filter", "case-filter")
DEFAULTS: Final = ("defaultTelephonyNetworkType",)
NETWORKS: Final = ("Public", "Private")

FILTER_LOST = fault("basics.filter-setting-lost", "A toast-filter or case-filter is accepted and not stored.")
UPDATE_LOST = fault("basics.setting-update-lost", "PUT of a setting is accepted and changes nothing.")
DELETE_KEEPS = fault("basics.setting-delete-keeps", "A deleted setting stays.")
DEFAULT_DELETED = fault("basics.default-setting-deleted", "A default setting can be deleted.")
KEY_MISSING = fault("basics.settings-key-missing", "A settings group does not name its key.")
CODES_CUT = fault("basics.disposition-name-missing", "The disposition codes come without their names.")

# "Agent states settings" (lines 39209-39295): id, operationName, displayName, state, workMode.
_AGENT_STATES: Final = (
    ("900D55CC-2BB0-431F-8BF9-D3525B383BE6", "NotReady", "Not Ready", "NotReady", None),
    ("0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB", "Offline", "Offline", "Logout", None),
    ("2B36138D-C564-4562-A8CB-3C32D564F296", "AuxWork", "AuxWork", "NotReady", "AuxWork"),
    ("D3663509-3D82-4DD3-A82E-2EA8EFA02AEF", "AfterCallWork", "AfterCallWork", "NotReady", "AfterCallWork"),
    ("9430250E-0A1B-421F-B372-F29E69366DED", "Ready", "Ready", "Ready", None),
)

# (group, display name, key, the feature without which the group is not visible, for administrators only)
_GROUPS: Final[tuple[tuple[str, str, str, str | None, bool], ...]] = (
    ("voice", "Voice", "name", "api-voice", False),
    ("voice-operations", "Voice Operations", "operationName", "api-voice", False),
    ("dispositions", "dispositions", "name", None, False),
    ("general-settings", "General Settings", "name", None, False),
    ("agent-states", "Agent States", "operationName", "api-voice", False),
    ("access-control", "Access Control", "name", None, True),
)


def _group(ctx: Context, key: str, settings: list[dict[str, Any]]) -> dict[str, Any]:
    return {"settings": settings} if ctx.world.faults.on(KEY_MISSING) else {"key": key, "settings": settings}


@operation("GET", "/settings")
async def get_groups(ctx: Context) -> dict[str, Any]:
    """The settings groups; those of disabled features are not visible ("Features", line 3543)."""
    shown = []
    for name, display, key, feature, admins in _GROUPS:
        if (feature is None or feature in ctx.world.features) and (not admins or ctx.user.has_role(ROLE_ADMIN)):
            path = f"/settings/{name}"
            shown.append({"name": name, "displayName": display, "key": key, "uri": ctx.uri(path), "path": path})
    return {"settings": shown}


@operation("GET", "/settings/general-settings")
async def get_general(ctx: Context) -> dict[str, Any]:  # noqa: ARG001 - the group never changes
    """The country of the contact centre: an object, not an array (line 39122)."""
    return {"settings": {"countryCode": "US", "countryDigits": "1", "countryName": "United States"}}


@operation("GET", "/settings/agent-states", features=("api-voice",))
@operation("GET", "/me/settings/agent-states", features=("api-voice",))
async def get_agent_states(ctx: Context) -> dict[str, Any]:
    """The agent states that the system defines."""
    listed = []
    for state_id, name, display, state, work_mode in _AGENT_STATES:
        setting = {"id": state_id, "operationName": name, "displayName": display, "state": state}
        listed.append(setting if work_mode is None else {**setting, "workMode": work_mode})
    return _group(ctx, "operationName", listed)


@operation("GET", "/settings/dispositions")
async def get_dispositions(ctx: Context) -> dict[str, Any]:
    """The disposition codes that an agent can choose from."""
    codes: dict[str, str] = ctx.world.settings["dispositions"]
    settings = [{"displayName": display, "name": name} for name, display in codes.items()]
    if ctx.world.faults.on(CODES_CUT):
        settings = [{"displayName": setting["displayName"]} for setting in settings]
    return _group(ctx, "name", settings)


# --- voice -------------------------------------------------------------------------------------------------


def _voice(world: World) -> dict[str, Any]:
    settings: dict[str, Any] = world.settings["voice"]
    return settings


@operation("GET", "/settings/voice", features=("api-voice",))
async def get_voice(ctx: Context) -> dict[str, Any]:
    """The voice settings; a filter that is not configured is not listed."""
    listed = [
        {"name": name, "value": value}
        for name, value in sorted(_voice(ctx.world).items())
        if name not in FILTERS or value
    ]
    return _group(ctx, "name", listed)


def _checked_value(name: str, value: Any) -> Any:
    """The value of a voice setting; ApiError 10 when it is not of the setting's kind."""
    if name in FILTERS:
        for member in ("attachedDataKey", "displayName"):
            if isinstance(value, list) and any(isinstance(item, dict) and item.get(member) is None for item in value):
                raise missing(f"value.{member}")
        if not isinstance(value, list) or not all(_is_filter_entry(entry) for entry in value):
            raise invalid("value", "must be an array of {attachedDataKey, displayName}")
    elif name in DEFAULTS and value not in NETWORKS:
        raise invalid("value", "must be one of " + ", ".join(NETWORKS))
    return value


def _is_filter_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("attachedDataKey"), str)
        and bool(entry["attachedDataKey"])
        and isinstance(entry["displayName"], str)
    )


def _value(ctx: Context) -> Any:
    if ctx.body.get("value") is None:
        raise missing("value")
    return _checked_value(ctx.required("name", str), ctx.body["value"])


@operation("POST", "/settings/voice", features=("api-voice",), roles=(ROLE_ADMIN,), service=None)
async def create_voice(ctx: Context) -> None:
    """Create a voice setting; POST also sets a filter that is there ("Setting a toast-filter", line 2702)."""
    name, settings = ctx.required("name", str), _voice(ctx.world)
    value = _value(ctx)
    if name in DEFAULTS:
        raise ApiError(FORBIDDEN, f"{name} is a default setting: it can only be updated")
    if name in settings and name not in FILTERS:
        raise ApiError(ALREADY_EXISTS, f"The setting {name[:64]} already exists")
    if not (name in FILTERS and ctx.world.faults.on(FILTER_LOST)):
        settings[name] = value


@operation("PUT", "/settings/voice", features=("api-voice",), roles=(ROLE_ADMIN,), service=None)
async def update_voice(ctx: Context) -> None:
    """Update a voice setting."""
    name, settings = ctx.required("name", str), _voice(ctx.world)
    if name not in settings:
        raise not_found("This setting")
    value = _value(ctx)
    if not ctx.world.faults.on(UPDATE_LOST):
        settings[name] = value


@operation("DELETE", "/settings/voice", features=("api-voice",), roles=(ROLE_ADMIN,), service=None)
async def delete_voice(ctx: Context) -> None:
    """Delete a voice setting that is no default one."""
    name, settings = ctx.required("name", str), _voice(ctx.world)
    if name in DEFAULTS and not ctx.world.faults.on(DEFAULT_DELETED):
        raise ApiError(FORBIDDEN, f"{name} is a default setting: it can only be updated")
    if not settings.get(name):
        raise not_found("This setting")
    if ctx.world.faults.on(DELETE_KEEPS):
        return
    if name in FILTERS:
        settings[name] = []
    else:
        del settings[name]


# --- voice operations --------------------------------------------------------------------------------------


def _operations(world: World) -> dict[str, dict[str, Any]]:
    """Default userData by operationName, added to what a Dial request brings ("Voice operations settings")."""
    settings: dict[str, dict[str, Any]] = world.settings.setdefault("voice-operations", {})
    return settings


@operation("GET", "/settings/voice-operations", features=("api-voice",))
async def get_voice_operations(ctx: Context) -> dict[str, Any]:
    """The default user data of operations."""
    listed = [{"operationName": n, "userData": dict(data)} for n, data in _operations(ctx.world).items()]
    return _group(ctx, "operationName", listed)


def _dial(ctx: Context) -> str:
    # "Currently, default user data is only supported for the Dial operation".
    return ctx.required("operationName", str, ("Dial",))


@operation("POST", "/settings/voice-operations", features=("api-voice",), roles=(ROLE_ADMIN,), service=None)
async def create_voice_operation(ctx: Context) -> None:
    """Create the default user data of an operation."""
    name = _dial(ctx)
    if name in _operations(ctx.world):
        raise ApiError(ALREADY_EXISTS, f"The setting {name} already exists")
    _operations(ctx.world)[name] = ctx.required("userData", dict)


@operation("PUT", "/settings/voice-operations", features=("api-voice",), roles=(ROLE_ADMIN,), service=None)
async def update_voice_operation(ctx: Context) -> None:
    """Replace the default user data of an operation."""
    name = _dial(ctx)
    if name not in _operations(ctx.world):
        raise not_found("This setting")
    _operations(ctx.world)[name] = ctx.required("userData", dict)


@operation("DELETE", "/settings/voice-operations", features=("api-voice",), roles=(ROLE_ADMIN,), service=None)
async def delete_voice_operation(ctx: Context) -> None:
    """Delete the default user data of an operation."""
    if _operations(ctx.world).pop(_dial(ctx), None) is None:
        raise not_found("This setting")


# --- access control ----------------------------------------------------------------------------------------


def _origins(ctx: Context) -> list[str]:
    """The allowed origins of a request: its body holds the setting, or the setting under `settings` (line 2996)."""
    inner = ctx.body.get("settings", ctx.body)
    if isinstance(inner, list) and len(inner) == 1:
        inner = inner[0]
    if not isinstance(inner, dict):
        raise invalid("settings", "must be an object")
    if inner.get("name") is None:
        raise missing("name")
    if inner["name"] != cors.SETTING:
        raise ApiError(OUT_OF_RANGE, f"{cors.SETTING} is the only valid setting")
    if inner.get("value") is None:
        raise missing("value")
    return cors.check_origins(ctx.world, inner["value"])


def _access(world: World) -> dict[str, list[str]]:
    settings: dict[str, list[str]] = world.settings.setdefault(cors.GROUP, {})
    return settings


@operation("GET", "/settings/access-control", roles=(ROLE_ADMIN,))
async def get_access_control(ctx: Context) -> dict[str, Any]:
    """The origins that this contact centre allows."""
    return _group(ctx, "name", [{"name": n, "value": list(v)} for n, v in _access(ctx.world).items()])


@operation("POST", "/settings/access-control", roles=(ROLE_ADMIN,))
async def create_access_control(ctx: Context) -> None:
    """Create the list of allowed origins."""
    origins = _origins(ctx)
    if cors.SETTING in _access(ctx.world):
        raise ApiError(ALREADY_EXISTS, f"The setting {cors.SETTING} already exists")
    _access(ctx.world)[cors.SETTING] = origins


@operation("PUT", "/settings/access-control", roles=(ROLE_ADMIN,))
async def update_access_control(ctx: Context) -> None:
    """Replace the list: "the entire array must be sent" (line 3010)."""
    origins = _origins(ctx)
    if cors.SETTING not in _access(ctx.world):
        raise not_found("This setting")
    if not ctx.world.faults.on(UPDATE_LOST):
        _access(ctx.world)[cors.SETTING] = origins


@operation("DELETE", "/settings/access-control", roles=(ROLE_ADMIN,))
async def delete_access_control(ctx: Context) -> None:
    """Remove the list."""
    inner = ctx.body.get("settings", ctx.body)
    name = inner.get("name") if isinstance(inner, dict) else None
    if name is None:
        raise missing("name")
    if name != cors.SETTING:
        raise ApiError(OUT_OF_RANGE, f"{cors.SETTING} is the only valid setting")
    if name not in _access(ctx.world):
        raise not_found("This setting")
    if not ctx.world.faults.on(DELETE_KEEPS):
        del _access(ctx.world)[name]
