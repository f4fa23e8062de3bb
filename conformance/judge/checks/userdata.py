"""User data of calls and chats: what was attached, changed and taken away, as every party sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, sent, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Exchange, Scenario, Step

Data = Mapping[str, Any]
REFUSED = frozenset({"refusal", "withheld"})
"""Steps whose acceptance an error over CometD may take back."""


@check("userData.merged", "scenario", scope="scenario")
def user_data_merged(scenario: Scenario) -> Iterator[Outcome]:
    """Attaching and updating user data adds to what was there, the new value winning; deleting takes away the named
    keys, or everything; and every party that is told sees the same data."""
    known: dict[tuple[str, str, str], Data] = {}
    for step in scenario.steps:
        area, _, name = step.operation.partition(".")
        kind = {"voice": "call", "chat": "chat"}.get(area)
        if kind is not None and step.case not in REFUSED and accepted(step.main) and step.main is not None:
            yield from _after(known, step, kind, name, step.main)
        for each in ("call", "chat"):
            for _, actor, _, resource in told(step, each):
                if each == "call" or "userData" in resource:
                    known[(each, actor, str(resource.get("id")))] = _data(resource)


def _data(resource: Mapping[str, Any]) -> Data:
    data = resource.get("userData")
    return data if isinstance(data, Mapping) else {}


def _after(
    known: Mapping[tuple[str, str, str], Data], step: Step, kind: str, name: str, exchange: Exchange
) -> Iterator[Outcome]:
    newest: dict[tuple[str, str, str], tuple[int, Mapping[str, Any]]] = {}
    for seq, actor, _, resource in told(step, kind):
        if kind == "call" or "userData" in resource:
            newest[(kind, actor, str(resource.get("id")))] = (seq, resource)
    for key, (seq, resource) in newest.items():
        before = known.get(key)
        expected = _changed(name, before, sent(exchange)) if before is not None else None
        if expected is None:
            continue
        data = _data(resource)
        # A key that nobody asked for may be the server's own; what was there and what was asked for counts.
        missing = [item for item in expected if data.get(item) != expected[item]]
        kept = [item for item in before or () if item not in expected and item in data]
        ok = not missing and not kept
        yield Outcome(
            ok,
            f"user data after {name} is what it should be"
            if ok
            else f"after {name} {key[1]} sees other user data than was there and was asked for",
            bounded(expected, 300),
            bounded(dict(data), 300),
            evidence=(*exchange.seqs, seq),
        )


def _changed(name: str, before: Data, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The user data after an operation; None where the operation does not say."""
    given = body.get("userData")
    if name in {"AttachUserData", "UpdateUserData"} and isinstance(given, Mapping):
        if name == "AttachUserData" and given.keys() & before.keys():
            return None  # a key twice: which value shows is not written (voice.attach-duplicates)
        return {**before, **given}
    if name == "DeleteUserDataPair":
        return {key: value for key, value in before.items() if key != body.get("key")}
    if name == "DeleteUserData":
        keys = body.get("keys")
        if isinstance(keys, list):
            return {key: value for key, value in before.items() if key not in keys}
        return {}
    return None
