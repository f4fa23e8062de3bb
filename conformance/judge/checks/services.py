"""Checks of back ends that change their state while a scenario runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, listed, performed, sent, stimuli, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Scenario, Step

TOPIC = "/notifications/services"


def _provoked(step: Step) -> Iterator[tuple[Event, Mapping[str, Any], bool]]:
    """The changes of services that a step provoked: the stimulus, its parameters, whether it succeeded."""
    for event, succeeded in stimuli(step, "service-state"):
        parameters = event.payload.get("parameters")
        if isinstance(parameters, Mapping):
            yield event, parameters, succeeded


@check("service.told", "scenario", scope="scenario")
def service_told(scenario: Scenario) -> Iterator[Outcome]:
    """A service that changes its state is told of on `/notifications/services`, with the service as it is now, and is
    listed with that state. Nothing is said of a change whose stimulus failed."""
    for step in scenario.steps:
        for event, parameters, succeeded in _provoked(step) if step.case == "stimulus" else ():
            if not succeeded:
                continue
            wanted = (parameters.get("type"), parameters.get("state"))
            seen = [
                (seq, service.get("state"))
                for seq, _, _, service in told(step, "service")
                if service.get("type") == wanted[0]
            ]
            channels = {item.channel for item in step.delivered if item.message_type == "ServiceStateChangeMessage"}
            ok = any(state == wanted[1] for _, state in seen) and channels <= {TOPIC}
            yield Outcome(
                ok,
                "the change was told" if ok else f"no ServiceStateChangeMessage told that {wanted[0]} is {wanted[1]}",
                f"{wanted[0]} {wanted[1]} on {TOPIC}",
                bounded([state for _, state in seen] or sorted(channels), 200),
                evidence=(event.seq, *(seq for seq, _ in seen[:3])),
            )
    for step, exchange in performed(scenario, "basics.ListServices"):
        items = listed(exchange)
        if not accepted(exchange) or items is None:
            continue
        expected = _expected(scenario, step)
        wrong = [item for item in items if item.get("type") in expected and item.get("state") != expected[item["type"]]]
        if expected:
            yield Outcome(
                not wrong,
                "listed as it is" if not wrong else f"{bounded(wrong[0].get('type'), 40)} is listed in another state",
                bounded(expected, 200),
                bounded([(item.get("type"), item.get("state")) for item in wrong], 200),
                evidence=exchange.seqs,
            )


def _expected(scenario: Scenario, until: Step) -> dict[str, str]:
    """The states that were provoked before a step; after a stimulus that failed the state is unknown."""
    states: dict[str, str] = {}
    for step in scenario.steps:
        for _, parameters, succeeded in _provoked(step) if step.number < until.number else ():
            kind = str(parameters.get("type"))
            states.pop(kind, None)
            if succeeded:
                states[kind] = str(parameters.get("state"))
    return states


@check("partial.told", "scenario", scope="scenario")
def partial_told(scenario: Scenario) -> Iterator[Outcome]:
    """A session that starts on voice and chat while the chat back end is down succeeds in part: statusCode 7, with
    voice and 0 in `succeeded`, and in `failed` the other channel with a statusCode and a statusMessage."""
    for step, exchange in performed(scenario, "voice.StartContactCenterSession"):
        channels = sent(exchange).get("channels")
        if channels != ["voice", "chat"] or _expected(scenario, step).get("Chat") != "Inactive":
            continue
        body = exchange.body if isinstance(exchange.body, Mapping) else {}
        succeeded, failed = _entries(body.get("succeeded")), _entries(body.get("failed"))
        voice = any(item.get("channel") == "voice" and item.get("statusCode") == 0 for item in succeeded)
        other = [item for item in failed if item.get("channel") in {"chat", "multimedia"}]
        why = bool(other) and bool(other[0].get("statusCode")) and bool(other[0].get("statusMessage"))
        ok = exchange.status_code == 7 and voice and why
        yield Outcome(
            ok,
            "partial success told in full" if ok else "the partial success is not told in full",
            "statusCode 7; succeeded: voice with 0; failed: chat or multimedia with statusCode and statusMessage",
            bounded(dict(body), 300),
            evidence=exchange.seqs,
        )


def _entries(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
