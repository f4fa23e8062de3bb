"""What checks of whole scenarios share: exchanges in order, lists, what was told of calls and chats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.matching import resources_in
from conformance.judge.timeline import Event, Exchange, Scenario, Step


def accepted(exchange: Exchange | None) -> bool:
    """HTTP 2xx with statusCode 0 or 7, or without one."""
    return exchange is not None and 200 <= exchange.status < 300 and exchange.status_code in (0, 7, "0", "7", None)


def performed(scenario: Scenario, *operations: str) -> Iterator[tuple[Step, Exchange]]:
    """The steps of these operations (all without any) that were answered, in order."""
    for step in scenario.steps:
        exchange = step.main
        if exchange is not None and exchange.response is not None and (not operations or step.operation in operations):
            yield step, exchange


def listed(exchange: Exchange) -> list[Mapping[str, Any]] | None:
    """The resources of a list with fields; None where the reply holds no list of objects."""
    if not isinstance(exchange.body, Mapping):
        return None
    for value in exchange.body.values():
        if isinstance(value, list) and all(isinstance(item, Mapping) and "id" in item for item in value):
            return list(value)
    return None


def sent(exchange: Exchange) -> Mapping[str, Any]:
    """The JSON object that the request carried, empty where it carried none."""
    return exchange.sent if isinstance(exchange.sent, Mapping) else {}


def last_segment(exchange: Exchange) -> str:
    """The id at the end of the request's path."""
    return str(exchange.request.payload.get("path", "")).partition("?")[0].rstrip("/").rsplit("/", 1)[-1]


def told(step: Step, kind: str, actor: str | None = None) -> Iterator[tuple[int, str, str, Mapping[str, Any]]]:
    """(seq, actor, notificationType, resource) for what a step's notifications showed of a kind of resource."""
    for item in step.delivered:
        if actor is not None and item.actor != actor:
            continue
        notification = str(item.data.get("notificationType", "")) if isinstance(item.data, Mapping) else ""
        for resource in resources_in(item.data, kind):
            yield item.seq, item.actor, notification, resource


def stimuli(step: Step, name: str) -> Iterator[tuple[Event, bool]]:
    """The stimuli of a name in a step, each with whether it succeeded: only then anything can be expected of it."""
    begun: Event | None = None
    for event in step.events:
        if event.payload.get("name") != name or event.kind not in {"stimulus", "stimulus.done"}:
            continue
        if event.kind == "stimulus":
            if begun is not None:
                yield begun, False
            begun = event
        elif begun is not None:
            yield begun, event.payload.get("ok") is True
            begun = None
    if begun is not None:
        yield begun, False
