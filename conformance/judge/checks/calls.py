"""Checks of calls over a whole scenario: who is in them, where they ring, where they go back to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, listed, performed, sent, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Exchange, Scenario, Step

LEAVING = frozenset(
    f"voice.{name}"
    for name in ("Hangup", "SingleStepTransfer", "CompleteTransfer", "RemoveParticipantFromConference", "ClearCall")
)
MONITORING = frozenset({"voice.ListenIn", "voice.Coach", "voice.BargeIn"})


def _uuid(call: Mapping[str, Any]) -> str:
    return str(call.get("callUuid") or call.get("id"))


def _numbers(call: Mapping[str, Any]) -> set[str]:
    participants = call.get("participants")
    return {
        str(item.get("digits") or item.get("phoneNumber")) if isinstance(item, Mapping) else str(item)
        for item in (participants if isinstance(participants, list) else ())
    }


@check("call.parties", "scenario", scope="scenario")
def call_parties(scenario: Scenario) -> Iterator[Outcome]:
    """The participants of a call are its other parties: whoever reads the call among its own is a participant of
    everybody else's, a participant who is asked has the call, and nobody is a participant of the own call."""
    rounds: dict[Any, list[tuple[str, str, list[Mapping[str, Any]], Exchange]]] = {}
    for step, exchange in performed(scenario, "voice.ListCalls"):
        look, number, calls = step.info.get("look"), step.info.get("number"), listed(exchange)
        if look is not None and number and accepted(exchange) and calls is not None:
            active = [call for call in calls if call.get("state") != "Released"]
            rounds.setdefault(look, []).append((step.performer, str(number), active, exchange))
    for views in rounds.values():
        yield from _views(views)


def _views(views: list[tuple[str, str, list[Mapping[str, Any]], Exchange]]) -> Iterator[Outcome]:
    holders = {(_uuid(call), number) for _, number, calls, _ in views for call in calls}
    asked = {number for _, number, _, _ in views}
    for actor, own, calls, exchange in views:
        for call in calls:
            seen = _numbers(call)
            wanted = {number for uuid, number in holders if uuid == _uuid(call) and number != own}
            missing, strange = wanted - seen, {number for number in seen & asked if number not in wanted}
            ok = not missing and not strange
            if missing:
                reason = f"the call of {actor} does not name {', '.join(sorted(missing))}, who is in it"
            else:
                reason = f"the call of {actor} names {', '.join(sorted(strange))}, who is not another party of it"
            yield Outcome(
                ok,
                "participants agree" if ok else reason,
                bounded(sorted(wanted), 200),
                bounded(sorted(seen), 200),
                evidence=exchange.seqs,
            )


@check("call.left", "scenario", scope="scenario")
def call_left(scenario: Scenario) -> Iterator[Outcome]:
    """Who hung up, handed a call over, or was removed is in it no more when the calls are read next; of a call of two,
    and of one that was cleared, nobody is."""
    numbers, _ = _owners(scenario)
    owners = {**_numbers_of(scenario), **{actor: number for number, actor in numbers.items()}}
    shown: dict[tuple[str, str], Mapping[str, Any]] = {}
    out: dict[str, tuple[set[str] | None, Exchange]] = {}
    for step in scenario.steps:
        exchange = step.main
        if exchange is not None and accepted(exchange):
            if step.operation == "voice.ListCalls" and step.info.get("look") is not None:
                yield from _still_there(step, exchange, out)
            elif step.operation in LEAVING and step.case not in {"refusal", "withheld"}:
                for uuid, who in _leaves(step, exchange, shown, owners):
                    out[uuid] = (who, exchange)
        for _, actor, _, call in told(step, "call"):
            shown[(actor, str(call.get("id")))] = call


def _numbers_of(scenario: Scenario) -> dict[str, str]:
    """The number of each actor, from the readings of calls that say it."""
    return {
        step.performer: str(step.info["number"])
        for step, _ in performed(scenario, "voice.ListCalls")
        if step.info.get("number")
    }


def _leaves(
    step: Step, exchange: Exchange, shown: Mapping[tuple[str, str], Mapping[str, Any]], owners: Mapping[str, str]
) -> Iterator[tuple[str, set[str] | None]]:
    """(call, the numbers that must have left it; None: everybody) for what an operation ends."""
    resource = step.info.get("resource")
    identifier = str(resource.get("id")) if isinstance(resource, Mapping) else ""
    call, own = shown.get((step.performer, identifier)), owners.get(step.performer)
    name = step.operation.partition(".")[2]
    if call is None or own is None:
        return
    if name == "RemoveParticipantFromConference":
        yield _uuid(call), {str(sent(exchange).get("participant"))}
    elif name == "ClearCall" or (name == "Hangup" and _of_two(call, shown)):
        yield _uuid(call), None
    elif name == "CompleteTransfer":
        for (actor, _), one in shown.items():
            if actor == step.performer and one.get("state") != "Released":
                yield _uuid(one), {own}
    else:
        yield _uuid(call), {own}


def _of_two(call: Mapping[str, Any], shown: Mapping[tuple[str, str], Mapping[str, Any]]) -> bool:
    """Whether a call has two parties, by its participants and by whom of the actors has it."""
    inside = {
        actor for (actor, _), one in shown.items() if _uuid(one) == _uuid(call) and one.get("state") != "Released"
    }
    return len(_numbers(call)) == 1 and len(inside) <= 2


def _still_there(
    step: Step, exchange: Exchange, out: Mapping[str, tuple[set[str] | None, Exchange]]
) -> Iterator[Outcome]:
    number = str(step.info.get("number"))
    for call in listed(exchange) or ():
        if call.get("state") == "Released" or _uuid(call) not in out:
            continue
        who, cause = out[_uuid(call)]
        ok = who is not None and number not in who
        operation = str(sent(cause).get("operationName"))
        yield Outcome(
            ok,
            "whoever left is out of the call" if ok else f"after {operation} {step.performer} is in the call still",
            "everybody out" if who is None else f"without {', '.join(sorted(who))}",
            f"{number} {bounded(call.get('state'), 40)}",
            evidence=(*cause.seqs, *exchange.seqs),
        )


def _owners(scenario: Scenario) -> tuple[dict[str, str], dict[str, str]]:
    """(actor by phone number, actor by device id), from the lists of devices that actors read."""
    numbers: dict[str, str] = {}
    devices: dict[str, str] = {}
    for step, exchange in performed(scenario, "voice.ListDevices"):
        for device in listed(exchange) or ():
            numbers[str(device.get("phoneNumber"))] = step.performer
            devices[str(device.get("id"))] = step.performer
    return numbers, devices


def _rings(steps: tuple[Step, ...], actor: str) -> list[int]:
    return [seq for step in steps for seq, _, _, call in told(step, "call", actor) if call.get("state") == "Ringing"]


@check("device.respected", "scenario", scope="scenario")
def device_respected(scenario: Scenario) -> Iterator[Outcome]:
    """A call to a device that forwards its calls rings at the destination and not at the device; a call to a device
    with Do Not Disturb on does not ring there."""
    numbers, _ = _owners(scenario)
    devices: dict[str, Mapping[str, Any]] = {}
    for index, step in enumerate(scenario.steps):
        exchange = step.main
        if step.operation == "voice.Dial" and exchange is not None and accepted(exchange):
            destination = sent(exchange).get("destination")
            number = str(destination.get("phoneNumber")) if isinstance(destination, Mapping) else ""
            device = devices.get(number, {})
            onward = _until_next_dial(scenario, index)
            yield from _where(device, numbers, number, onward, exchange)
        for _, _, _, shown in told(step, "device"):
            devices[str(shown.get("phoneNumber"))] = shown


def _until_next_dial(scenario: Scenario, index: int) -> tuple[Step, ...]:
    steps = [scenario.steps[index]]
    for step in scenario.steps[index + 1 :]:
        if step.operation == "voice.Dial":
            break
        steps.append(step)
    return tuple(steps)


def _where(
    device: Mapping[str, Any], numbers: Mapping[str, str], number: str, steps: tuple[Step, ...], exchange: Exchange
) -> Iterator[Outcome]:
    owner = numbers.get(number)
    if owner is None:
        return
    own = _rings(steps, owner)
    if device.get("doNotDisturb") == "On":
        yield Outcome(
            not own,
            "the call did not ring" if not own else f"a call rang at {owner}, whose device has Do Not Disturb on",
            "no ringing call",
            "a ringing call" if own else "none",
            level="should",  # the pages turn it on and off; that it keeps calls away is its name
            evidence=(*exchange.seqs, *own[:1]),
        )
    target = str(device.get("forwardTo") or "")
    if not target:
        return
    there = _rings(steps, numbers[target]) if target in numbers else []
    ok = not own and (bool(there) or target not in numbers)
    yield Outcome(
        ok,
        "the call rang where it was forwarded to"
        if ok
        else (f"a call rang at {owner} in spite of the forwarding" if own else f"the call did not ring at {target}"),
        f"a ringing call at {bounded(target, 40)} alone",
        f"at the device: {len(own)}, at the destination: {len(there)}",
        evidence=(*exchange.seqs, *own[:1], *there[:1]),
    )


@check("queue.returned", "scenario", scope="scenario")
def queue_returned(scenario: Scenario) -> Iterator[Outcome]:
    """A call that an agent rejects goes back to its queue: the caller's call is not released by it, and where another
    agent is ready it rings again."""
    for index, step in enumerate(scenario.steps):
        exchange = step.main
        if step.operation != "voice.Reject" or step.case == "withheld" or exchange is None or not accepted(exchange):
            continue
        rejected = [_uuid(call) for _, _, _, call in told(step, "call", step.performer)]
        if not rejected:
            continue
        onward = _until_hangup(scenario, index)
        shown = [item for one in onward for item in told(one, "call") if _uuid(item[3]) in rejected]
        lost = [seq for seq, who, _, call in shown if who != step.performer and call.get("state") == "Released"]
        again = [seq for seq, _, _, call in shown if call.get("state") == "Ringing"]
        ok = not lost and (bool(again) or not scenario.info.get("next_agent"))
        yield Outcome(
            ok,
            "the call went back to its queue" if ok else "the rejected call was lost: " + _lost(bool(lost)),
            "the caller waits on, and the call rings again",
            f"released for others: {len(lost)}, ringing again: {len(again)}",
            evidence=(*exchange.seqs, *lost[:2], *again[:2]),
        )


def _lost(released: bool) -> str:
    return "its caller was released" if released else "it rang at nobody though an agent is ready"


def _until_hangup(scenario: Scenario, index: int) -> list[Step]:
    out = [scenario.steps[index]]
    for step in scenario.steps[index + 1 :]:
        if step.operation == "voice.Hangup" or step.case == "cleanup":
            break
        out.append(step)
    return out


@check("monitoring.span", "scenario", scope="scenario")
def monitoring_span(scenario: Scenario) -> Iterator[Outcome]:
    """With the mode NextCall a supervisor gets the next call of the monitored agent and no later one; with AllCalls,
    which is the default, every one until the monitoring is cancelled."""
    _, devices = _owners(scenario)
    supervisor, agent, mode = "", "", ""
    evidence: tuple[int, ...] = ()
    calls: dict[str, None] = {}
    joined: set[str] = set()
    for step in scenario.steps:
        exchange = step.main
        if step.operation in MONITORING and exchange is not None and accepted(exchange):
            yield from _span(mode, calls, joined, evidence, supervisor)
            target = str(sent(exchange).get("targetDeviceUri", "")).rstrip("/").rsplit("/", 1)[-1]
            supervisor, agent = step.performer, devices.get(target, "")
            mode, evidence = str(sent(exchange).get("supervisorMonitoringMode", "AllCalls")), exchange.seqs
            calls, joined = {}, set()
        elif step.operation == "voice.CancelSupervisorMonitoring" or step.case == "cleanup":
            yield from _span(mode, calls, joined, evidence, supervisor)
            mode = ""
        for _, actor, _, call in told(step, "call") if mode and agent else ():
            if actor == agent and call.get("state") == "Established":
                calls.setdefault(_uuid(call))
            elif actor == supervisor:
                joined.add(_uuid(call))
    yield from _span(mode, calls, joined, evidence, supervisor)


def _span(
    mode: str, calls: Mapping[str, None], joined: set[str], evidence: tuple[int, ...], supervisor: str
) -> Iterator[Outcome]:
    order = list(calls)
    if not mode or len(order) < 2:
        return
    expected = order[:1] if mode == "NextCall" else order
    ok = joined & set(order) == set(expected)
    yield Outcome(
        ok,
        f"monitoring with {mode} has its span"
        if ok
        else f"with {bounded(mode, 40)} {supervisor} was in {len(joined & set(order))} of {len(order)} calls",
        f"{len(expected)} of {len(order)} calls",
        f"{len(joined & set(order))} of {len(order)} calls",
        evidence=evidence,
    )
