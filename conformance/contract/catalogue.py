"""The catalogue of operations, as `gws-conformance operations --json` prints it (`schemas/formats/catalogue.json`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from conformance.contract.loader import Contract
from conformance.contract.model import Notification, Operation, Parameter, State, Statechart


def select(contract: Contract, areas: Sequence[str], feature: str | None, role: str | None) -> list[Operation]:
    """The operations of the areas (all where none is named) that need the feature and that the role may perform."""
    return [
        item
        for item in contract.of_area(*areas)
        if (feature is None or feature in item.feature_names) and (role is None or role in item.roles)
    ]


def entry(operation: Operation, contract: Contract) -> dict[str, Any]:
    """The catalogue's entry of an operation.

    A member of a body's object stands under its path (`destination.phoneNumber`). `capabilities` of a notification is
    the list that the resource offers then, None where the documents do not tie it down. `features` has all that are
    needed, and where one of several is enough, these; `explain` tells them apart.
    """
    return {
        "id": operation.id,
        "area": operation.area,
        "title": operation.title,
        "source": operation.source.as_json(),
        "method": operation.method,
        "path": operation.path,
        "operationName": operation.operation_name,
        "features": list(operation.feature_names),
        "roles": list(operation.roles),
        "edition": operation.edition,
        "hazard": operation.hazard,
        "parameters": [item for parameter in operation.parameters for item in _parameter(parameter)],
        "responses": [
            {"http": item.http, "statusCode": item.status_code, "members": [member.name for member in item.members]}
            for item in operation.responses
        ],
        "notifications": _notifications(operation, contract),
    }


def _notifications(operation: Operation, contract: Contract) -> list[dict[str, Any]]:
    """Alike ones to several receivers are one entry: the performer's, where it gets one."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for item in sorted(operation.notifications, key=lambda one: one.to != "self"):
        key = (item.channel, item.message_type, item.notification_type, item.resource, item.state)
        if key not in found:
            names = ("channel", "messageType", "notificationType", "resource", "state")
            found[key] = {
                **dict(zip(names, key, strict=True)),
                "capabilities": capabilities(operation, item, contract),
            }
    return list(found.values())


def _parameter(parameter: Parameter, location: str = "", prefix: str = "") -> Iterator[dict[str, Any]]:
    name, where = prefix + parameter.name, location or parameter.location
    yield {
        "name": name,
        "in": where,
        "type": parameter.type,
        "required": parameter.required,
        "values": list(parameter.values) if parameter.values is not None else None,
        "default": parameter.default,
    }
    for member in parameter.members:
        yield from _parameter(member, where, f"{name}[]." if parameter.type == "array" else f"{name}.")


def capabilities(operation: Operation, notification: Notification, contract: Contract) -> list[str] | None:
    """What the notified resource offers: by the operation's transitions in the chart that it is performed in, by those
    in every chart, or because every chart says the same of the state."""
    if notification.resource is None or notification.state is None:
        return None
    charts = [item for item in contract.charts_of(notification.resource) if item.capabilities]
    there = [(chart, state) for chart in charts for state in chart.states.values() if _shows(state, notification.state)]
    led = [(chart, state) for chart, state in there if _leads(chart, operation, state, notification.to)]
    home = operation.needs.chart
    plain = [(chart, state) for chart, state in led if (chart.name == home if home else chart.base is None)]
    for candidates in (plain, led, there):
        offers = {frozenset(state.offers): state.offers for _, state in candidates}
        if len(offers) == 1:
            return list(next(iter(offers.values())))
    return None


def _shows(state: State, value: str) -> bool:
    return value in (state.where.get("state"), state.where.get("userState.state"))


def _leads(chart: Statechart, operation: Operation, state: State, to: str) -> bool:
    return any(
        item.by == operation.id and item.target == state.name and (item.actor == chart.owner) == (to == "self")
        for item in chart.transitions
    )
