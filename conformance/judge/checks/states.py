"""Checks of resource states and of the capabilities that a state offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conformance.contract import Contract, State, Statechart, matches, value_at
from conformance.contract.matching import resources_in
from conformance.judge.checks.story import accepted
from conformance.judge.context import JUDGED, StepContext
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Step

VOLATILE = frozenset({"duration", "capabilities", "metrics", "participants"})


def _expectation(context: StepContext) -> tuple[Statechart, State, str] | None:
    """The chart state that the step should lead to, and the actor that sees the resource."""
    expect = context.step.info.get("expect")
    if not isinstance(expect, Mapping):
        return None
    chart = context.contract.statecharts.get(str(expect.get("chart")))
    if chart is None or expect.get("state") not in chart.states:
        return None
    return chart, chart.states[str(expect["state"])], str(expect.get("actor") or context.step.performer)


def _shown(context: StepContext, chart: Statechart, actor: str) -> list[tuple[int, Mapping[str, Any]]]:
    """What the step's notifications and replies showed of the expected resource, oldest first."""
    expect = context.step.info.get("expect", {})
    identifier = expect.get("id") if isinstance(expect, Mapping) else None
    shown = []
    for item in context.step.delivered:
        if item.actor != actor:
            continue
        for resource in resources_in(item.data, chart.resource):
            if identifier is None or resource.get("id") == identifier:
                shown.append((item.seq, resource))
    return shown


def _owes(context: StepContext, chart: Statechart, actor: str) -> bool:
    """Whether the resource's new state must be told to the actor: it changed, or a notification is documented."""
    moved = context.step.info.get("expect", {}).get("moved", True)
    return bool(moved) or any(
        name == actor and item.resource == chart.resource and item.level != "may" and not item.when
        for name, item in context.expected
    )


def _provoked(step: Step) -> bool:
    """Whether what happened from outside did happen: a stimulus succeeded, a customer's request was accepted."""
    stimuli = [event.payload.get("ok") is True for event in step.events if event.kind == "stimulus.done"]
    customers = [accepted(item) for item in step.exchanges if item.request.actor == "customer"]
    return all((*stimuli, *customers)) and bool(stimuli or customers)


def _describe(where: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {value if value is not None else 'absent'}" for key, value in where.items())


@check("state.after", "positive", "transition", "offered", "state")
def state_after(context: StepContext) -> Iterator[Outcome]:
    """After the operation the resource is in the state that the statechart leads to."""
    expectation = _expectation(context)
    if expectation is None:
        return
    chart, state, actor = expectation
    if not context.step.operation and not _provoked(context.step):
        return  # nothing was done to the deployment: the scenario is untestable
    if all(value is None for value in state.where.values()):
        return  # the actor has no such resource in this state: there is nothing to show
    shown = _shown(context, chart, actor)
    if not shown and not _owes(context, chart, actor):
        return  # the documents promise the actor no notification with the resource: the GET afterwards has to do
    if not shown:
        yield Outcome(
            False,
            f"no notification showed {actor} the {chart.resource}'s new state",
            f"{state.name} ({_describe(state.where)})",
            "nothing",
            source=chart.source,
            evidence=context.exchange.seqs if context.exchange else (),
        )
        return
    seq, resource = shown[-1]
    ok = matches(state.where, resource)
    seen = {path: value_at(resource, path) for path in state.where}
    yield Outcome(
        ok,
        f"{chart.resource} is {state.name}"
        if ok
        else f"{chart.resource} is not {state.name}: {bounded(_describe(seen))}",
        f"{state.name} ({_describe(state.where)})",
        bounded(_describe(seen), 200),
        source=chart.source,
        evidence=(seq,),
    )


def offers(
    contract: Contract, resource_name: str, resource: Mapping[str, Any], steered: State | None, features: Sequence[str]
) -> list[tuple[str, set[str], set[str]]]:
    """The acceptable capability lists of a resource: (state name, what it must offer, what it may offer besides)."""
    regions: list[tuple[set[str], set[str]]] = []
    mains: list[tuple[str, set[str], set[str]]] = []
    for chart, state in contract.states_of(resource_name, resource):
        if not chart.capabilities:
            continue
        enabled = not chart.features or set(chart.features) <= set(features)
        if chart.region:
            offered = set(state.offers) if enabled else set()
            regions.append((offered, set(state.offers) | set(state.may)))
        elif steered is None or steered.name == state.name or steered.where != state.where:
            mains.append((state.name, set(state.offers), set(state.may)))
    must = set().union(*(item[0] for item in regions)) if regions else set()
    may = set().union(*(item[1] for item in regions)) if regions else set()
    if not mains and regions:
        mains = [("", set(), set())]
    return [(name, offered | must, optional | may) for name, offered, optional in mains]


@check("capabilities.after", "positive", "transition", "offered", "state")
def capabilities_after(context: StepContext) -> Iterator[Outcome]:
    """The capabilities of the resource are, as a set, those that its state offers."""
    if context.step.info.get("owes") is False:
        return  # the documents do not tell to which state it leads
    features = context.step.info.get("features", ())
    expectation = _expectation(context)
    for item in context.step.delivered:
        for name in context.contract.charted:
            for resource in resources_in(item.data, name):
                yield from _compare(context, name, resource, item.actor, item.seq, expectation, features)


def _compare(
    context: StepContext,
    name: str,
    resource: Mapping[str, Any],
    actor: str,
    seq: int,
    expectation: tuple[Statechart, State, str] | None,
    features: Sequence[str],
) -> Iterator[Outcome]:
    steered = None
    if expectation is not None:
        chart, state, sees = expectation
        wanted = context.step.info.get("expect", {}).get("id")
        same = actor == sees and chart.resource == name and (wanted is None or wanted == resource.get("id"))
        if same and matches(state.where, resource) and not chart.region:
            steered = state
    choices = offers(context.contract, name, resource, steered, features)
    if not choices:
        return
    listed = resource.get("capabilities")
    if listed is None:
        if all(not must for _, must, _ in choices):
            return
        listed = []
    if not isinstance(listed, list):
        return
    seen = {str(entry) for entry in listed}
    verdicts = [(must - seen, seen - must - may, label) for label, must, may in choices]
    missing, extra, label = min(verdicts, key=lambda item: len(item[0]) + len(item[1]))
    ok = not missing and not extra
    parts = []
    if missing:
        parts.append(f"lacks {', '.join(sorted(missing))}")
    if extra:
        parts.append(f"has {bounded(', '.join(sorted(extra)), 200)} too many")
    best = next(item for item in choices if item[0] == label)
    yield Outcome(
        ok,
        f"capabilities of {label or name} as documented" if ok else f"{name} {label} of {actor} {' and '.join(parts)}",
        ", ".join(sorted(best[1])),
        bounded(", ".join(sorted(seen)), 400),
        evidence=(seq,),
    )


@check("capability.honoured", "offered", "transition")
def capability_honoured(context: StepContext) -> Iterator[Outcome]:
    """An operation that the resource's capabilities offer is accepted, without an error over CometD."""
    exchange, operation = context.exchange, context.operation
    offered = context.step.info.get("offered")
    if exchange is None or operation is None or not isinstance(offered, list):
        return
    if operation.capability not in offered:
        return
    errors = [item for item in context.step.delivered if item.actor == context.step.performer and _is_error(item.data)]
    ok = context.accepted and not errors
    reading = None if ok else context.may_be_refused
    seen = f"HTTP {exchange.status}, statusCode {bounded(exchange.status_code, 40)}"
    if errors:
        seen += f", {errors[0].message_type}: {bounded(errors[0].data.get('errorMessage', ''), 120)}"
    yield Outcome(
        ok or reading is not None,
        "offered and accepted" if ok else f"{operation.capability} is offered but was refused",
        "accepted",
        seen,
        evidence=exchange.seqs + tuple(item.seq for item in errors),
        reading=reading,
    )


def _is_error(data: Any) -> bool:
    return isinstance(data, Mapping) and (
        data.get("messageType") == "ErrorMessage" or data.get("notificationType") == "Error"
    )


@check("capability.withheld", "withheld")
def capability_withheld(context: StepContext) -> Iterator[Outcome]:
    """An operation that the resource's capabilities do not offer is refused: by the reply or by a CometD error."""
    exchange, operation = context.exchange, context.operation
    if exchange is None or operation is None:
        return
    if exchange.response is None:
        yield Outcome(False, "no HTTP reply came", "a refusal", "nothing", evidence=exchange.seqs)
        return
    errors = [item for item in context.step.delivered if _is_error(item.data)]
    ok = not context.accepted or bool(errors)
    yield Outcome(
        ok,
        "refused" if ok else f"{operation.capability or operation.operation_name} is not offered but was accepted",
        "refused by status or by an asynchronous error",
        f"HTTP {exchange.status}, statusCode {bounded(exchange.status_code, 40)}, {len(errors)} error messages",
        evidence=exchange.seqs + tuple(item.seq for item in errors),
    )


@check("get.agrees", *JUDGED, "probe")
def get_agrees(context: StepContext) -> Iterator[Outcome]:
    """What a GET returns of a resource agrees with the last notification about it."""
    latest = context.step.info.get("latest")
    exchange = context.exchange
    if not isinstance(latest, Mapping) or exchange is None or not isinstance(exchange.body, Mapping):
        return
    name, value = str(latest.get("resource")), latest.get("value")
    if not isinstance(value, Mapping):
        return
    identifier = value.get("id")
    found = [item for item in resources_in(exchange.body, name) if item.get("id") == identifier]
    final = bool(latest.get("final"))
    if not found:
        yield Outcome(
            final,
            f"the {name} is gone" if final else f"the {name} is missing from the GET",
            "absent" if final else bounded(identifier, 80),
            "absent",
            evidence=exchange.seqs,
        )
        return
    # The GET may have been answered just before or after a notification that was on its way.
    told: list[Mapping[str, Any]] = [value]
    for item in context.step.delivered:
        if item.actor == context.step.performer:
            told += [one for one in resources_in(item.data, name) if one.get("id") == identifier]
    notified = min(told, key=lambda one: len(differences(one, found[0])))
    different = differences(notified, found[0])
    yield Outcome(
        not different,
        "GET and notification agree" if not different else f"GET and notification differ in {', '.join(different)}",
        bounded({key: notified.get(key) for key in different}, 300),
        bounded({key: found[0].get(key) for key in different}, 300),
        evidence=exchange.seqs,
    )


def differences(notified: Mapping[str, Any], read: Mapping[str, Any]) -> list[str]:
    """The members in which two readings of a resource differ, where both have them; volatile ones do not count."""
    different = sorted(
        str(key) for key in notified.keys() & read.keys() if key not in VOLATILE and notified[key] != read[key]
    )
    if not _same_capabilities(notified, read):
        different.append("capabilities")
    return different


def _same_capabilities(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    first, second = left.get("capabilities"), right.get("capabilities")
    if not isinstance(first, list) or not isinstance(second, list):
        return True
    return {str(item) for item in first} == {str(item) for item in second}
