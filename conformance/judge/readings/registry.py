"""The recognisers by what they look at, and the one pass over a scenario that asks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance.judge.timeline import Exchange, Scenario, Step

JUDGED = frozenset({"positive", "transition", "offered", "state", "refusal", "withheld", "probe"})
Seen = Mapping[str, tuple[int, ...]]
"""By reading (`ambiguity/reading`), where it was seen first."""

Message = Callable[[Mapping[str, Any]], Iterator[str]]
Reply = Callable[[Step, Exchange], Iterator[str]]
Whole = Callable[[Scenario], Iterator[tuple[str, tuple[int, ...]]]]

MESSAGES: dict[str, list[Message]] = {}
REPLIES: dict[str, list[Reply]] = {}
SCENARIOS: list[Whole] = []


def in_message(*types: str) -> Callable[[Message], Message]:
    """Registers a recogniser that looks at the `data` of notifications of these messageTypes (`*`: of any)."""

    def register(function: Message) -> Message:
        for name in types:
            MESSAGES.setdefault(name, []).append(function)
        return function

    return register


def in_reply(*operations: str) -> Callable[[Reply], Reply]:
    """Registers a recogniser that looks at the answered steps of these operations (`*`: of any)."""

    def register(function: Reply) -> Reply:
        for name in operations:
            REPLIES.setdefault(name, []).append(function)
        return function

    return register


def in_scenario(function: Whole) -> Whole:
    """Registers a recogniser that looks at a whole scenario."""
    SCENARIOS.append(function)
    return function


def followed(scenario: Scenario) -> Seen:
    """The readings that the judged steps of a scenario show."""
    seen: dict[str, tuple[int, ...]] = {}
    for step in scenario.steps:
        if step.case not in JUDGED:
            continue
        for item in step.delivered:
            if isinstance(item.data, Mapping):
                for look in (*MESSAGES.get("*", ()), *MESSAGES.get(item.message_type, ())):
                    for reading in look(item.data):
                        seen.setdefault(reading, (item.seq,))
        exchange = step.main
        if exchange is not None and exchange.response is not None:
            for ask in (*REPLIES.get("*", ()), *REPLIES.get(step.operation, ())):
                for reading in ask(step, exchange):
                    seen.setdefault(reading, exchange.seqs)
    for whole in SCENARIOS:
        for reading, seqs in whole(scenario):
            seen.setdefault(reading, seqs)
    return seen


# -- what recognisers share -------------------------------------------------------------------------------------------


def said_yes(exchange: Exchange) -> bool:
    """HTTP 2xx with statusCode 0, or without one."""
    return 200 <= exchange.status < 300 and exchange.status_code in (0, None)


def body_of(exchange: Exchange) -> Mapping[str, Any]:
    """The reply's JSON object, empty where there is none."""
    return exchange.body if isinstance(exchange.body, Mapping) else {}


def sent_by(exchange: Exchange) -> Mapping[str, Any]:
    """The request's JSON object, empty where there is none."""
    return exchange.sent if isinstance(exchange.sent, Mapping) else {}


def told(step: Step, member: str, *, actor: str | None = None) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(actor, notificationType, resource) of the step's notifications with a resource under `member`."""
    for item in step.delivered:
        if isinstance(item.data, Mapping) and actor in (None, item.actor):
            value = item.data.get(member)
            if isinstance(value, Mapping):
                yield item.actor, str(item.data.get("notificationType")), value


def failed(step: Step, actor: str) -> bool:
    """Whether the actor was told over CometD that an operation failed."""
    return any(
        item.actor == actor
        and isinstance(item.data, Mapping)
        and (item.message_type == "ErrorMessage" or item.data.get("notificationType") == "Error")
        for item in step.delivered
    )


def capabilities(resource: Mapping[str, Any]) -> frozenset[str]:
    """The capability list as a set, empty where there is none."""
    listed = resource.get("capabilities")
    return frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()


def either(ambiguity: str, yes: str, no: str, *, when: bool) -> str:
    """One of two readings."""
    return f"{ambiguity}/{yes if when else no}"
