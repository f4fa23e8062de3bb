"""Checks of what a call says of itself: its type, its duration, its disposition, and who may answer it by a request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract import value_at
from conformance.contract.matching import resources_in
from conformance.judge.checks.story import accepted, listed, performed, sent, stimuli, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Scenario, Step

PLAIN_STATES = frozenset({"Ready", "NotReady"})
APART = 1.5
"""Seconds between two readings of a duration after which it must have grown."""


@check("call.type", "scenario", scope="scenario")
def call_type(scenario: Scenario) -> Iterator[Outcome]:
    """A call that comes in from outside has the callType Inbound."""
    for step in scenario.steps:
        causes = [event for event, succeeded in stimuli(step, "inbound-call") if succeeded]
        if not causes:
            continue
        for seq, actor, _, call in told(step, "call"):
            if call.get("state") != "Ringing" or "callType" not in call:
                continue
            ok = call["callType"] == "Inbound"
            yield Outcome(
                ok,
                "callType Inbound" if ok else f"a call from outside rang at {actor} with another callType",
                "callType Inbound",
                bounded(call["callType"], 60),
                level="should",
                evidence=(causes[0].seq, seq),
            )


@check("call.duration", "scenario", scope="scenario")
def call_duration(scenario: Scenario) -> Iterator[Outcome]:
    """The duration of a call that goes on counts its seconds."""
    first: dict[tuple[str, str], tuple[float, int, int]] = {}
    for step, exchange in performed(scenario, "voice.ListCalls"):
        for call in listed(exchange) or () if accepted(exchange) else ():
            seconds = _whole(call.get("duration"))
            if call.get("state") != "Established" or seconds is None or exchange.response is None:
                continue
            key = (step.performer, str(call["id"]))
            moment = exchange.response.t
            began = first.setdefault(key, (moment, seconds, exchange.request.seq))
            ok = seconds > began[1]
            if not ok and moment - began[0] < APART:
                continue
            yield Outcome(
                ok,
                "the duration counts" if ok else "the duration of an Established call does not grow",
                f"a duration above {began[1]} after {moment - began[0]:.1f} s",
                f"duration {seconds}",
                evidence=(began[2], *exchange.seqs),
            )


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, str | int) and str(value).isdigit() else None


@check("disposition.key", "scenario", scope="scenario")
def disposition_key(scenario: Scenario) -> Iterator[Outcome]:
    """The disposition of an active call goes into its user data under the key that the request names."""
    for step, exchange in performed(scenario, "voice.SetCallDisposition"):
        key, value = sent(exchange).get("dispositionKey"), sent(exchange).get("disposition")
        if not accepted(exchange) or not isinstance(key, str) or not key:
            continue
        shown = [
            (seq, call["userData"])
            for seq, _, _, call in told(step, "call", step.performer)
            if isinstance(call.get("userData"), Mapping)
        ]
        if not shown:
            continue
        seq, data = shown[-1]
        ok = data.get(key) == value
        yield Outcome(
            ok,
            "under the key that was named" if ok else f"the disposition is not under the dispositionKey {key[:60]}",
            bounded({key: value}, 120),
            bounded(dict(data), 200),
            evidence=(*exchange.seqs, seq),
        )


@check("capability.public", "scenario", scope="scenario")
def capability_public(scenario: Scenario) -> Iterator[Outcome]:
    """A call that rings at a device of the telephony network Public does not offer Answer: it is answered by hand."""
    public: set[str] = set()
    for step in scenario.steps:
        public |= {str(device.get("id")) for device in _devices(step) if device.get("telephonyNetwork") == "Public"}
        for seq, actor, _, call in told(step, "call"):
            device = str(call.get("deviceUri") or "").rstrip("/").rsplit("/", 1)[-1]
            offered = call.get("capabilities")
            if device not in public or call.get("state") != "Ringing" or not isinstance(offered, list):
                continue
            ok = "Answer" not in offered
            yield Outcome(
                ok,
                "Answer is not offered" if ok else f"a call that rings at {actor}'s Public device offers Answer",
                "capabilities without Answer",
                bounded(offered, 160),
                evidence=(seq,),
            )


def _devices(step: Step) -> Iterator[Mapping[str, Any]]:
    """The devices that a step shows, by replies and by notifications."""
    for exchange in step.exchanges:
        yield from resources_in(exchange.body, "device")
    for item in step.delivered:
        yield from resources_in(item.data, "device")


@check("states.repeated", "scenario", scope="scenario")
def states_repeated(scenario: Scenario) -> Iterator[Outcome]:
    """The operations of agent states are always available: an agent may ask for the state that it is in."""
    states: dict[str, Any] = {}
    for step in scenario.steps:
        exchange = step.main
        name = step.operation.removeprefix("voice.")
        if exchange is not None and name in PLAIN_STATES and states.get(step.performer) == (name, None):
            ok = accepted(exchange)
            yield Outcome(
                ok,
                "accepted once more" if ok else f"{name} was refused to {step.performer}, who is {name}",
                "accepted",
                bounded(f"HTTP {exchange.status}, statusCode {exchange.status_code}", 80),
                evidence=exchange.seqs,
            )
        for _, actor, _, device in told(step, "device"):
            states[actor] = (value_at(device, "userState.state"), value_at(device, "userState.workMode"))


@check("monitoring.scope", "scenario", scope="scenario")
def monitoring_scope(scenario: Scenario) -> Iterator[Outcome]:
    """With the scope Agent a supervisor is released from a call when the monitored agent has handed it over; with the
    scope Call the supervisor stays in it."""
    supervisor = agent = scope = ""
    cause: tuple[int, ...] = ()
    states: dict[str, dict[str, str]] = {}
    handed_over: dict[str, int] = {}
    for step in scenario.steps:
        if step.case == "cleanup":
            break
        exchange = step.main
        asked = sent(exchange).get("supervisorMonitoringScope") if exchange is not None else None
        if exchange is not None and accepted(exchange) and asked in ("Agent", "Call"):
            scope = str(asked)
            supervisor, agent, cause = step.performer, str(scenario.info.get("monitored") or ""), exchange.seqs
        for seq, actor, _, call in told(step, "call") if supervisor else ():
            uuid = str(call.get("callUuid"))
            states.setdefault(actor, {})[uuid] = str(call.get("state"))
            if actor == agent and call.get("state") == "Released":
                handed_over[uuid] = seq
    for uuid, seq in handed_over.items():
        left = states.get(supervisor, {}).get(uuid)
        goes_on = any(calls.get(uuid) == "Established" for who, calls in states.items() if who != supervisor)
        if left is None or not goes_on:
            continue
        ok = (left == "Released") is (scope == "Agent")
        where = "is still in" if scope == "Agent" else "is no more in"
        yield Outcome(
            ok,
            "the supervisor is where the scope says"
            if ok
            else f"with the scope {scope} {supervisor} {where} the call that {scenario.cast.get(agent, agent)} left",
            "Released for the supervisor" if scope == "Agent" else "in the call",
            bounded(left, 40),
            evidence=(*cause, seq),
        )
