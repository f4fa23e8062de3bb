"""Readings of the ambiguities in schemas/ambiguities/voice.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.readings.registry import (
    body_of,
    capabilities,
    either,
    failed,
    in_message,
    in_reply,
    in_scenario,
    said_yes,
    sent_by,
    told,
)
from conformance.judge.timeline import Exchange, Scenario, Step

PRINTED_STATES = frozenset({"Dialing", "Ringing", "Established", "Held", "Released"})
AGENT_STATES = ("voice.Ready", "voice.NotReady", "voice.AuxWork", "voice.AfterCallWork")
RECORDING = frozenset({"StartCallRecording", "PauseCallRecording", "ResumeCallRecording", "StopCallRecording"})
STARTS_MONITORING = ("voice.ListenIn", "voice.Coach", "voice.BargeIn")


def _user_states(step: Step, actor: str) -> list[str]:
    """The agent states that the step's device messages showed an actor, in order."""
    out = []
    for item in step.delivered:
        data = item.data if isinstance(item.data, Mapping) else {}
        listed = data.get("devices")
        for device in (
            listed
            if isinstance(listed, list) and item.actor == actor and item.message_type == "DeviceStateChangeMessage"
            else ()
        ):
            state = device.get("userState") if isinstance(device, Mapping) else None
            if isinstance(state, Mapping) and state.get("state"):
                out.append(str(state["state"]))
    return out


def _listening(step: Step, *actors: str) -> bool:
    listed = step.info.get("listening")
    return isinstance(listed, list) and set(actors) <= set(listed)


# -- any call ---------------------------------------------------------------------------------------------------------


@in_message("CallStateChangeMessage")
def any_call(data: Mapping[str, Any]) -> Iterator[str]:
    """State, id, case data, parent and path of a call, and what it offers."""
    call = data.get("call")
    if not isinstance(call, Mapping):
        return
    state, identifier = call.get("state"), call.get("id")
    if isinstance(state, str) and state:
        yield either("voice.call-states", "five", "more", when=state in PRINTED_STATES)
    if identifier and call.get("callUuid"):
        form = "uuid" if identifier == call["callUuid"] else "connection-id" if identifier == call.get("connId") else ""
        yield f"voice.call-id/{form or 'opaque'}"
    if "case" in call or "case" in data:
        yield either("voice.case-member", "call", "beside", when="case" in call)
    if isinstance(call.get("path"), str):
        yield either("voice.path-slash", "slash", "bare", when=call["path"].startswith("/"))
    uri, path = call.get("parentCallUri"), call.get("parentCallPath")
    if isinstance(uri, str) and isinstance(path, str):
        same = uri.rpartition("/")[2] == path.rpartition("/")[2]
        yield either("voice.parent-call-path", "same", "different", when=same)


@in_message("CallStateChangeMessage")
def offers(data: Mapping[str, Any]) -> Iterator[str]:
    """Capabilities that one sample has and another has not."""
    call = data.get("call")
    offered = capabilities(call) if isinstance(call, Mapping) else frozenset()
    if not isinstance(call, Mapping) or not offered:
        return
    state, others = call.get("state"), call.get("participants")
    several = isinstance(others, list) and len(others) > 1
    if state == "Established" and "RemoveParticipantFromConference" not in offered and not call.get("monitoring"):
        muting = bool(offered & {"MuteCall", "UnmuteCall"})
        if several:
            yield either("voice.mute-capability", "conference", "owner", when=muting)
    if state == "Established" and call.get("mute") == "Off" and offered & {"MuteCall", "UnmuteCall"}:
        kept = "UnmuteCall" in offered and "MuteCall" not in offered
        if kept or data.get("notificationType") == "ParticipantsUpdated":
            yield either("voice.unmute-capability", "as-printed", "mute-again", when=kept)
    if call.get("recordingState") and state in ("Dialing", "Held"):
        there = bool(offered & RECORDING)
        yield either("voice.recording-states", "every-state", "established-alone", when=there)


@in_message("CallStateChangeMessage")
def supervised(data: Mapping[str, Any]) -> Iterator[str]:
    """What a call says of a supervisor in it."""
    call = data.get("call")
    if not isinstance(call, Mapping):
        return
    mode = call.get("supervisorMonitoringState")
    listens = isinstance(mode, Mapping) and mode.get("state") == "ListenIn" and call.get("state") == "Established"
    if listens and call.get("mute") in ("On", "0n"):
        yield either("voice.mute-zero-n", "on", "zero-n", when=call["mute"] == "On")
    muting = capabilities(call) & {"MuteMonitoredUser", "UnmuteMonitoredUser"}
    if isinstance(mode, Mapping) and mode.get("state") == "BargeIn" and call.get("state") == "Established":
        yield either("voice.mute-monitored-capability", "call", "unlisted", when=bool(muting))


@in_scenario
def of_several(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What a held call beside another one offers, and whether any call says that a supervisor listens."""
    live: dict[str, set[str]] = {}
    silent: tuple[int, ...] = ()
    for step in scenario.steps:
        for item in step.delivered:
            call = item.data.get("call") if isinstance(item.data, Mapping) else None
            if not isinstance(call, Mapping):
                continue
            mine, state = live.setdefault(item.actor, set()), call.get("state")
            (mine.discard if state == "Released" else mine.add)(str(call.get("id")))
            if call.get("supervisorListeningIn") is True:
                yield "voice.supervisor-listening/listening", (item.seq,)
                return
            mode = call.get("supervisorMonitoringState")
            if isinstance(mode, Mapping) and mode.get("state") == "ListenIn" and state == "Established":
                silent = (item.seq,)
            offered = capabilities(call)
            if state == "Held" and len(mine) == 2 and offered:
                swap = bool(offered & {"SwapCalls", "CompleteTransfer"})
                form = "both" if swap and "Retrieve" in offered else "swap" if swap else "retrieve"
                yield f"voice.held-beside-consult/{form}", (item.seq,)
    if silent:
        yield "voice.supervisor-listening/as-printed", silent


# -- sessions and agent states ----------------------------------------------------------------------------------------


@in_reply("voice.StartContactCenterSession")
def session(step: Step, exchange: Exchange) -> Iterator[str]:
    """What a login leads to, and what its reply holds."""
    body, sent = body_of(exchange), sent_by(exchange)
    failures = body.get("failed")
    if exchange.status_code == 7 and isinstance(failures, list):
        names = {str(item.get("channel")) for item in failures if isinstance(item, Mapping)}
        if "multimedia" in names or "chat" in names:
            yield either("voice.session-channels", "multimedia", "own-name", when="multimedia" in names)
    if step.case == "refusal" or not said_yes(exchange):
        return
    if "dynamicPhoneNumber" not in sent and exchange.body is not None:
        yield either("voice.session-devices", "always", "alternate-number", when="devices" in body)
    states = _user_states(step, step.performer)
    known = {"LoggedIn": "logged-in", "Ready": "ready", "NotReady": "not-ready"}
    if "voice" in str(sent.get("channels")) and states and states[0] in known:
        yield f"voice.state-after-login/{known[states[0]]}"


@in_reply("voice.EndContactCenterSession")
def end(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the end of the session is told."""
    # That nothing came proves nothing: with the session ends the connection that it would have come over.
    if said_yes(exchange) and step.case != "refusal" and "LoggedOut" in _user_states(step, step.performer):
        yield "voice.end-session-notification/logged-out"


@in_reply(*AGENT_STATES, "voice.Offline")
def repeated(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the state that the agent is in already is told again."""
    expect = step.info.get("expect")
    if isinstance(expect, Mapping) and expect.get("moved") is False and said_yes(exchange):
        there = bool(_user_states(step, step.performer))
        yield either("voice.repeat-state", "notified", "silent", when=there)


@in_scenario
def from_offline(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What an agent state brings after Offline."""
    offline: set[str] = set()
    for step in scenario.steps:
        exchange = step.main
        if exchange is None or exchange.response is None or step.case == "refusal":
            continue
        if step.operation == "voice.Offline" and said_yes(exchange):
            offline.add(step.performer)
        elif step.operation == "voice.StartContactCenterSession":
            offline.discard(step.performer)
        elif step.operation in AGENT_STATES and step.performer in offline:
            refused = not said_yes(exchange) or failed(step, step.performer)
            yield either("voice.state-from-offline", "refused", "logged-in-again", when=refused), exchange.seqs
            offline.discard(step.performer)


@in_reply("voice.AfterCallWork", "voice.ForwardCallsOn", "voice.ForwardCallsOff")
def device_requests(step: Step, exchange: Exchange) -> Iterator[str]:
    """What may be left out of a request to a device, and where it goes."""
    sent, positive = sent_by(exchange), step.case not in ("refusal", "withheld")
    if not positive or not (said_yes(exchange) or exchange.status_code == 1):
        return
    if step.operation == "voice.AfterCallWork":
        if "wrapUpTime" not in sent:
            yield either("voice.wrap-up-time", "optional", "required", when=said_yes(exchange))
        return
    if said_yes(exchange) and "/devices/" in str(exchange.request.payload.get("path", "")):
        yield "voice.forward-path/device"
    if step.operation == "voice.ForwardCallsOff":
        if "destination" not in sent:
            yield either("voice.forward-off-destination", "ignored", "required", when=said_yes(exchange))
        devices = [item for one in step.delivered if isinstance(one.data, Mapping) for item in _devices(one.data)]
        if devices:
            cleared = not devices[-1].get("forwardTo")
            yield either("voice.forward-off-sample", "cleared", "as-printed", when=cleared)


def _devices(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = data.get("devices")
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []


# -- operations on calls ----------------------------------------------------------------------------------------------


@in_reply("voice.Dial")
def unreachable(step: Step, exchange: Exchange) -> Iterator[str]:
    """How a call to nobody fails: over CometD or in the reply."""
    if step.case not in ("refusal", "withheld"):
        if said_yes(exchange) and failed(step, step.performer):
            yield "voice.dial-unreachable/error-message"
        elif exchange.status_code in (2, 4, 6, 10):
            yield "voice.dial-unreachable/refused"


@in_reply("voice.Reject")
def reject_direct(step: Step, exchange: Exchange) -> Iterator[str]:
    """How the rejection of a direct call fails."""
    if step.case == "refusal":
        return
    if not said_yes(exchange):
        yield "voice.reject-direct/refused"
    elif failed(step, step.performer):
        yield "voice.reject-direct/asynchronous"


@in_reply("voice.Hold", "voice.Retrieve")
def held_peer(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the other party is told of a hold."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    others = {actor for actor, _, _ in told(step, "call") if actor != step.performer}
    mine = [kind for actor, kind, _ in told(step, "call", actor=step.performer)]
    if mine and _listening(step, "agent", "second_agent"):
        yield either("voice.held-peer", "participants", "nothing", when=bool(others))


@in_reply("voice.SendDtmf")
def tones(_: Step, exchange: Exchange) -> Iterator[str]:
    """Whether star and hash are tones."""
    digits = str(sent_by(exchange).get("digits", ""))
    if set(digits) & set("*#") and (said_yes(exchange) or exchange.status_code in (2, 10)):
        yield either("voice.dtmf-digits", "keypad", "digits", when=said_yes(exchange))


@in_reply("voice.SetCallDisposition")
def disposition(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the disposition is enough."""
    answered = said_yes(exchange) or exchange.status_code == 1
    if answered and step.case != "refusal" and not {"callUri", "callUuid"} & set(sent_by(exchange)):
        yield either("voice.disposition-parameters", "optional", "required", when=said_yes(exchange))


@in_reply("voice.SingleStepConference", "voice.SingleStepTransfer")
def single_step(step: Step, exchange: Exchange) -> Iterator[str]:
    """When the third party is shown among the participants: before it answered or not."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    conference = step.operation == "voice.SingleStepConference"
    calls = list(told(step, "call"))
    rings = [actor for actor, _, call in calls if call.get("state") == "Ringing"]
    answered = [actor for actor, _, call in calls if actor in rings and call.get("state") == "Established"]
    if not rings or answered:
        return
    updated = any(
        kind == "ParticipantsUpdated" and (actor == step.performer) is conference and actor not in rings
        for actor, kind, _ in calls
    )
    name = "voice.single-step-conference" if conference else "voice.transfer-join"
    yield either(name, "at-once", "at-answer", when=updated)


@in_reply("voice.SingleStepConference", "voice.InitiateConference", "voice.InitiateTransfer")
def from_held(step: Step, exchange: Exchange) -> Iterator[str]:
    """What becomes of a held call that brings somebody in."""
    offered = step.info.get("offered")
    if step.case in ("refusal", "withheld") or not isinstance(offered, list) or "Retrieve" not in offered:
        return
    refused = not said_yes(exchange) or failed(step, step.performer)
    if step.operation != "voice.SingleStepConference":
        yield either("voice.initiate-from-held", "refused", "second-call-alone", when=refused)
        return
    bound = step.info.get("resource")
    own = bound.get("id") if isinstance(bound, Mapping) else None
    states = [call.get("state") for _, _, call in told(step, "call", actor=step.performer) if call.get("id") == own]
    if refused:
        yield "voice.conference-from-held/refused"
    elif states and states[-1] in ("Established", "Held"):
        yield either("voice.conference-from-held", "established", "held", when=states[-1] == "Established")


@in_reply("voice.SwapCalls")
def swap(step: Step, exchange: Exchange) -> Iterator[str]:
    """The order of hold and retrieval, and the list of the call that is held."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    mine = [call for _, kind, call in told(step, "call", actor=step.performer) if kind == "StatusChange"]
    states = [str(call.get("state")) for call in mine if call.get("state") in ("Held", "Established")]
    if {"Held", "Established"} <= set(states):
        first = states.index("Held") < states.index("Established")
        yield either("voice.swap-order", "hold-first", "any", when=first)
    for call in mine:
        if call.get("state") == "Held" and capabilities(call):
            yield either("voice.swap-held-capabilities", "established", "held", when="Hold" in capabilities(call))


@in_reply("voice.CompleteTransfer", "voice.CompleteConference")
def complete(step: Step, exchange: Exchange) -> Iterator[str]:
    """The order in which the two calls change."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    ids = [str(call.get("id")) for _, _, call in told(step, "call", actor=step.performer)]
    bound = step.info.get("resource")
    consult = str(bound.get("id")) if isinstance(bound, Mapping) and bound.get("binding") == "consult" else None
    if consult in ids and len(set(ids)) == 2:
        first = ids[0] == consult
        printed = first is (step.operation == "voice.CompleteConference")
        yield either("voice.complete-order", "as-printed", "any", when=printed)


@in_reply("voice.ClearCall")
def clear(step: Step, exchange: Exchange) -> Iterator[str]:
    """What ClearCall does where nobody could be removed: to a call of two parties."""
    offered = step.info.get("offered")
    if step.case == "refusal" or not isinstance(offered, list) or "RemoveParticipantFromConference" in offered:
        return
    if "Hold" in offered and "MuteCall" not in offered:
        refused = not said_yes(exchange) or failed(step, step.performer)
        yield either("voice.clear-two-parties", "refused", "released", when=refused)


@in_reply("voice.MergeWithOtherCall")
def merge(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the agent stays when two calls become one."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    last: dict[str, str] = {}
    for _, _, call in told(step, "call", actor=step.performer):
        last[str(call.get("id"))] = str(call.get("state"))
    if last:
        left = set(last.values()) == {"Released"} and len(last) > 1
        if left or "Established" in last.values():
            yield either("voice.merge", "transfer", "conference", when=left)


# -- user data --------------------------------------------------------------------------------------------------------


@in_reply("voice.AttachUserData", "voice.UpdateUserData", "voice.DeleteUserData", "voice.DeleteUserDataPair")
def user_data(step: Step, exchange: Exchange) -> Iterator[str]:
    """What a deletion of all leaves, and how a key that is not there is deleted."""
    if step.case in ("refusal", "withheld"):
        return
    calls = [call for _, _, call in told(step, "call", actor=step.performer)]
    if step.operation == "voice.DeleteUserData" and said_yes(exchange) and calls:
        yield either("voice.delete-all", "everything", "system-keys-stay", when=not calls[-1].get("userData"))


@in_scenario
def data_over_time(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Which value of a key attached twice is shown, what an update leaves, what deleting a missing key brings."""
    data: Mapping[str, Any] | None = None
    for step in scenario.steps:
        exchange = step.main
        calls = [call for _, _, call in told(step, "call", actor=step.performer)]
        after = calls[-1].get("userData") if calls else None
        if exchange is not None and exchange.response is not None and step.case not in ("refusal", "withheld"):
            sent = sent_by(exchange).get("userData")
            if isinstance(sent, Mapping) and data is not None and isinstance(after, Mapping) and said_yes(exchange):
                for reading in _changed(step.operation, data, sent, after):
                    yield reading, exchange.seqs
            key = sent_by(exchange).get("key")
            if step.operation == "voice.DeleteUserDataPair" and data is not None and key and str(key) not in data:
                yield either("voice.delete-missing-key", "accepted", "refused", when=said_yes(exchange)), exchange.seqs
        if calls and "userData" in calls[-1]:
            data = after if isinstance(after, Mapping) else {}


def _changed(
    operation: str, before: Mapping[str, Any], sent: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[str]:
    again = [key for key in sent if key in before and before[key] != sent[key] and key in after]
    if operation == "voice.AttachUserData":
        for key in again:
            if after[key] in (sent[key], before[key]):
                yield either("voice.attach-duplicates", "newest", "oldest", when=after[key] == sent[key])
            elif isinstance(after[key], list) or str(sent[key]) in str(after[key]):
                yield "voice.attach-duplicates/list"
    elif operation == "voice.UpdateUserData" and set(before) - set(sent):
        yield either("voice.update-replaces", "replaces", "all", when=set(before) <= set(after))


# -- supervisors ------------------------------------------------------------------------------------------------------


@in_scenario
def delivery(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Whether a monitored call rings at the supervisor first."""
    shown: set[str] = set()
    for step in scenario.steps:
        for item in step.delivered:
            call = item.data.get("call") if isinstance(item.data, Mapping) else None
            if item.actor != "supervisor" or not isinstance(call, Mapping) or str(call.get("id")) in shown:
                continue
            shown.add(str(call.get("id")))
            if call.get("supervisorMonitoringState") and call.get("state") in ("Ringing", "Established"):
                rings = call["state"] == "Ringing"
                yield either("voice.supervisor-delivery", "ringing", "established", when=rings), (item.seq,)


@in_reply("voice.ListenIn", "voice.Coach")
def under_way(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether monitoring that begins while the agent is on a call brings that call."""
    calls = step.info.get("calls")
    if isinstance(calls, list) and calls and said_yes(exchange) and step.case not in ("refusal", "withheld"):
        there = any(actor == step.performer for actor, _, _ in told(step, "call"))
        yield either("voice.monitor-active-call", "at-once", "next-call-only", when=there)


@in_scenario
def monitoring(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What a second request to monitor does, and whether cancelling takes the supervisor out of a call."""
    on = False
    live: set[str] = set()
    for step in scenario.steps:
        exchange = step.main
        for _, _, call in told(step, "call", actor="supervisor"):
            (live.discard if call.get("state") == "Released" else live.add)(str(call.get("id")))
        if exchange is None or exchange.response is None or step.case in ("refusal", "withheld"):
            continue
        if step.operation in STARTS_MONITORING:
            if on:
                yield either("voice.monitor-switch", "replaces", "refused", when=said_yes(exchange)), exchange.seqs
            on = on or said_yes(exchange)
        elif step.operation == "voice.CancelSupervisorMonitoring" and said_yes(exchange):
            on = False
            states = [str(call.get("state")) for _, _, call in told(step, "call", actor="supervisor")]
            if "Released" in states or live:
                yield either("voice.cancel-on-call", "leaves", "stays", when="Released" in states), exchange.seqs


@in_reply("voice.StartCallRecording")
def recording_headers(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether a request without Origin is accepted."""
    headers = exchange.request.payload.get("headers", {})
    answered = said_yes(exchange) or exchange.status_code in (1, 3)
    if (
        answered
        and step.case in ("positive", "transition", "offered")
        and not any(str(key).lower() == "origin" for key in headers)
    ):
        yield either("voice.recording-headers", "not-enforced", "enforced", when=said_yes(exchange))
