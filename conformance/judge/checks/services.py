"""Checks of back ends that change their state while a scenario runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, listed, performed, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Scenario, Step

TOPIC = "/notifications/services"


def _provoked(step: Step) -> Iterator[tuple[Event, Mapping[str, Any]]]:
    for event in step.events:
        if event.kind == "stimulus" and event.payload.get("name") == "service-state":
            parameters = event.payload.get("parameters")
            if isinstance(parameters, Mapping):
                yield event, parameters


@check("service.told", "scenario", scope="scenario")
def service_told(scenario: Scenario) -> Iterator[Outcome]:
    """A service that changes its state is told of on `/notifications/services`, with the service as it is now, and is
    listed with that state."""
    for step in scenario.steps:
        for event, parameters in _provoked(step):
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
    """The states that were provoked before a step."""
    return {
        str(parameters.get("type")): str(parameters.get("state"))
        for step in scenario.steps
        if step.number < until.number
        for _, parameters in _provoked(step)
    }
