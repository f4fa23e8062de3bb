"""Faults that bend any reply or any notification, whatever the area.

A fault's argument may end in `@scope`, which limits it to an operationName, an HTTP method or a messageType:
`generic.drop-member:statusCode@Answer`, `generic.null-member:call.state@CallStateChangeMessage`. Member paths are
dotted, relative to the reply or to a notification's `data`; arrays on the way are spread out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from .faults import fault
from .world import World

if TYPE_CHECKING:
    from .rest import Reply

LATE_SECONDS: Final = 3.0
REORDER_SECONDS: Final = 1.0
MEMBER: Final = "MEMBER[@SCOPE]"
SCOPE: Final = "SCOPE"
TRACE: Final = "java.lang.NullPointerException\n\tat com.example.gws.RequestHandler.handle(RequestHandler.java:71)"

DROP = fault("generic.drop-member", "A member is left out.", argument=MEMBER)
RENAME = fault("generic.rename-member", "A member has another name.", argument=MEMBER)
NULL = fault("generic.null-member", "A member is null.", argument=MEMBER)
WRONG_TYPE = fault("generic.wrong-type-member", "A member has a value of another JSON type.", argument=MEMBER)
UNKNOWN_ENUM = fault("generic.unknown-enum", "A member has a value that no page lists.", argument=MEMBER)
HTTP_STATUS = fault("generic.http-status", "The HTTP status is this one.", argument="NNN[@SCOPE]")
STATUS_CODE = fault("generic.status-code", "statusCode is this one beside HTTP 200.", argument="N[@SCOPE]")


def _scoped(name: str, sentence: str) -> str:
    return fault(name, sentence, argument=SCOPE, argument_optional=True)


NO_MESSAGE = _scoped("generic.no-status-message", "An error carries no statusMessage.")
EXTRA_IN_ERROR = _scoped("generic.extra-beside-error", "An error carries a member beside its two.")
STACK_TRACE = _scoped("generic.stack-trace", "An error's statusMessage is a stack trace.")
TRUNCATED = _scoped("generic.reply-truncated", "A reply's JSON text ends in the middle.")
HTML = _scoped("generic.reply-html", "A reply is an HTML page.")
CONTENT_TYPE = _scoped("generic.reply-content-type", "A JSON reply says Content-Type: text/plain.")
CAPABILITY_MISSING = fault("generic.capability-missing", "A capability is never offered.", argument="CAPABILITY")
CAPABILITY_EXTRA = fault("generic.capability-extra", "A capability is always offered.", argument="CAPABILITY")
DIE_AFTER = fault("generic.die-after", "The server process dies after N more requests.", argument="N")
MUTE = fault("generic.mute-notifications", "No notification is ever sent.")
MISSING = _scoped("generic.notification-missing", "A notification is not sent.")
DUPLICATED = _scoped("generic.notification-duplicated", "A notification is sent twice.")
LATE = _scoped("generic.notification-late", f"A notification comes {LATE_SECONDS:g} seconds late.")
REORDERED = _scoped("generic.notification-reordered", "A notification comes after the next one.")
WRONG_CHANNEL = _scoped("generic.notification-wrong-channel", "A notification comes on another channel.")
OTHER_ID = _scoped("generic.notification-other-id", "A notification names another resource's id.")
STALE_STATE = _scoped("generic.notification-stale-state", "A notification shows the state before the change.")
REFERENCE_ID = _scoped("generic.reference-id-wrong", "A notification carries another referenceId.")

_MEMBER_FAULTS: Final = (DROP, RENAME, NULL, WRONG_TYPE, UNKNOWN_ENUM)
Outgoing = list[tuple[str, dict[str, Any], float]]


# --- members -----------------------------------------------------------------------------------------------


def _parents(value: Any, names: list[str]) -> Iterator[dict[str, Any]]:
    """Every object that holds the last of `names`."""
    if isinstance(value, list):
        for item in value:
            yield from _parents(item, names)
    elif isinstance(value, dict) and names[0] in value:
        if len(names) == 1:
            yield value
        else:
            yield from _parents(value[names[0]], names[1:])


def other_type(value: Any) -> Any:
    """A value of another JSON type that keeps no trace of the old one's type."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return {"value": value}
        case list():
            return {str(index): item for index, item in enumerate(value)}
        case dict():
            return list(value.values())
        case _:
            return []


def _bend_member(fault_name: str, parent: dict[str, Any], name: str) -> None:
    if fault_name == DROP:
        del parent[name]
    elif fault_name == RENAME:
        parent[name + "Renamed"] = parent.pop(name)
    elif fault_name == NULL:
        parent[name] = None
    elif fault_name == WRONG_TYPE:
        parent[name] = other_type(parent[name])
    else:
        parent[name] = "NoSuchValue"


def _arguments(world: World, name: str, scopes: set[str]) -> Iterator[str]:
    """The arguments of a fault that apply here, without their scope."""
    for argument in world.faults.arguments(name):
        what, at, scope = (argument or "").partition("@")
        if not at or scope in scopes:
            yield what


def _applies(world: World, name: str, scopes: set[str]) -> bool:
    """Whether a fault whose whole argument is a scope applies here."""
    return any(argument is None or argument in scopes for argument in world.faults.arguments(name))


def _bend_members(world: World, root: dict[str, Any], scopes: set[str]) -> None:
    for fault_name in _MEMBER_FAULTS:
        for path in _arguments(world, fault_name, scopes):
            names = path.split(".")
            for parent in list(_parents(root, names)):
                _bend_member(fault_name, parent, names[-1])
    missing = set(_arguments(world, CAPABILITY_MISSING, scopes))
    extra = set(_arguments(world, CAPABILITY_EXTRA, scopes))
    if missing or extra:
        for capabilities in list(_capability_lists(root)):
            kept = [name for name in capabilities if name not in missing]
            capabilities[:] = kept + sorted(extra - set(kept))


def _capability_lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _capability_lists(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "capabilities" and isinstance(inner, list):
                yield inner
            else:
                yield from _capability_lists(inner)


# --- replies -----------------------------------------------------------------------------------------------


def alter_reply(world: World, reply: Reply, method: str, operation_name: str | None) -> None:
    """Bend a REST reply in place, before it is encoded."""
    _count_down(world)
    scopes = {method, operation_name} if operation_name else {method}
    failed = reply.payload.get("statusCode") not in (0, 7, 9)
    for text in _arguments(world, STATUS_CODE, scopes):
        reply.payload["statusCode"] = int(text) if text.lstrip("-").isdigit() else text
        reply.status = 200
    for text in _arguments(world, HTTP_STATUS, scopes):
        reply.status = int(text) if text.isdigit() and 200 <= int(text) <= 599 else 500
    if failed and _applies(world, NO_MESSAGE, scopes):
        reply.payload.pop("statusMessage", None)
    if failed and _applies(world, STACK_TRACE, scopes):
        reply.payload["statusMessage"] = TRACE
    if failed and _applies(world, EXTRA_IN_ERROR, scopes):
        reply.payload["details"] = {"reason": "unexpected"}
    _bend_members(world, reply.payload, scopes)
    _bend_encoding(world, reply, scopes)


def _bend_encoding(world: World, reply: Reply, scopes: set[str]) -> None:
    content_type: bytes | None = None
    if _applies(world, HTML, scopes):
        reply.raw, content_type = b"<html><body><h1>Service</h1></body></html>", b"text/html"
    elif _applies(world, TRUNCATED, scopes):
        text = reply.encoded()
        reply.raw = text[: len(text) // 2]
    if _applies(world, CONTENT_TYPE, scopes):
        content_type = b"text/plain"
    if content_type is not None:
        reply.headers[:] = [(n, content_type if n == b"content-type" else v) for n, v in reply.headers]


def _count_down(world: World) -> None:
    for text in world.faults.arguments(DIE_AFTER):
        left = world.generic_state.setdefault(f"die-after:{text}", int(text) if text and text.isdigit() else 0)
        if left <= 0:
            world.die()
        world.generic_state[f"die-after:{text}"] = left - 1


# --- notifications -----------------------------------------------------------------------------------------


def alter_notification(world: World, user_id: str | None, channel: str, data: dict[str, Any]) -> Outgoing:
    """What is sent instead of a notification: (channel, data, seconds of delay) for each."""
    if world.faults.on(MUTE):
        return []
    scopes = {str(data.get("messageType"))}
    before = _remember_states(world, user_id, data)
    if _applies(world, STALE_STATE, scopes):
        for resource, state in before:
            resource["state"] = state
    if _applies(world, OTHER_ID, scopes):
        for resource in _resources(data):
            if "id" in resource:
                resource["id"] = "00000000-0000-4000-8000-000000000000"
    if _applies(world, REFERENCE_ID, scopes):
        _bend_reference(data)
    _bend_members(world, data, scopes)
    if _applies(world, MISSING, scopes):
        return []
    if _applies(world, WRONG_CHANNEL, scopes):
        channel = "/v2/me/devices" if channel == "/v2/me/calls" else "/v2/me/calls"
    delay = LATE_SECONDS if _applies(world, LATE, scopes) else 0.0
    copies = 2 if _applies(world, DUPLICATED, scopes) else 1
    outgoing: Outgoing = [(channel, data, delay)] * copies
    return _reordered(world, user_id, outgoing, hold=_applies(world, REORDERED, scopes))


def _resources(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The resources of a notification: the objects directly below `data`, also those in its arrays."""
    for name, value in data.items():
        if name != "metrics":
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    yield item


def _remember_states(world: World, user_id: str | None, data: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The objects whose state this notification changes, each with the state before."""
    changed = []
    for resource in _resources(data):
        holder = resource.get("userState", resource)
        if not isinstance(holder, dict) or not isinstance(holder.get("state"), str):
            continue
        key = f"state:{user_id}:{data.get('messageType')}:{resource.get('id')}"
        before = world.generic_state.get(key)
        world.generic_state[key] = holder["state"]
        if isinstance(before, str):
            changed.append((holder, before))
    return changed


def _bend_reference(value: Any) -> None:
    for parent in [value, *_resources(value)]:
        if "referenceId" in parent:
            parent["referenceId"] = f"{parent['referenceId']}-other"


def _reordered(world: World, user_id: str | None, outgoing: Outgoing, *, hold: bool) -> Outgoing:
    """Keep notifications back until the next of the same user, or for a second if there is none."""
    key = f"held:{user_id}"
    held: Outgoing = world.generic_state.pop(key, [])
    if held:
        return outgoing + held
    if not hold:
        return outgoing
    world.generic_state[key] = outgoing
    world.clock.call_later(REORDER_SECONDS, _flush(world, user_id, key, outgoing))
    return []


def _flush(world: World, user_id: str | None, key: str, outgoing: Outgoing) -> Callable[[], None]:
    def flush() -> None:
        if world.generic_state.get(key) is outgoing:
            del world.generic_state[key]
            for channel, data, _ in outgoing:
                world.deliver(user_id, channel, data)

    return flush
