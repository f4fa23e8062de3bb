"""Recognises documented notifications among delivered events, for those who wait and for those who judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.loader import value_at
from conformance.contract.model import Notification

ROLES = ("self", "second", "third", "supervisor", "customer")


def resources_in(data: Any, resource: str) -> Iterator[Mapping[str, Any]]:
    """The resources of one kind that an event's `data` carries: under the singular or, as a list, the plural name."""
    if not isinstance(data, dict):
        return
    single = data.get(resource)
    if isinstance(single, dict):
        yield single
    several = data.get(resource + "s")
    if isinstance(several, list):
        yield from (item for item in several if isinstance(item, dict))


def state_of(resource: Mapping[str, Any]) -> Any:
    """The state that a resource shows: its `state`, or a device's `userState.state`."""
    if "state" in resource:
        return resource["state"]
    return value_at(resource, "userState.state")


def same_kind(expected: Notification, data: Any) -> bool:
    """Whether `data` has the expected message type, notification type and resource state (values not compared)."""
    if not isinstance(data, Mapping) or data.get("messageType") != expected.message_type:
        return False
    if expected.notification_type is not None and data.get("notificationType") != expected.notification_type:
        return False
    if expected.state is None or expected.resource is None:
        return True
    return any(state_of(item) == expected.state for item in resources_in(data, expected.resource))


def same_value(expected: Any, seen: Any) -> bool:
    """Whether a documented value and the one seen are the same; a mapping asks for its members only."""
    if isinstance(expected, Mapping):
        return isinstance(seen, Mapping) and all(
            key in seen and same_value(item, seen[key]) for key, item in expected.items()
        )
    return bool(expected == seen)


def values_differ(values: Mapping[str, Any], data: Any) -> list[tuple[str, Any, Any]]:
    """The (path, expected, seen) of each documented value that `data` does not have.

    `devices.` at the head of a path stands for the first device of the list.
    """
    out = []
    for path, expected in values.items():
        seen = value_at(data, path)
        if seen is None and path.split(".")[0] + "s" in (data if isinstance(data, Mapping) else {}):
            head, _, rest = path.partition(".")
            seen = value_at(data, f"{head}s.0.{rest}")
        if not same_value(expected, seen):
            out.append((path, expected, seen))
    return out


def relative_role(performer: str, to: str) -> str:
    """The scenario's role that an operation's `to` means when `performer` performs it.

    An operation says `self` for whoever performs it and `second` for the other party; when the scenario's second
    agent performs it, the other party is the scenario's `self`.
    """
    if to == "self":
        return performer
    if to == performer:
        return "self"
    return to
