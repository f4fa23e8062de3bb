"""Every fault of the voice area can be seen from outside, and nothing looks like it without the fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.simulator.faults import declared_faults
from tests.simulator.voice_support import (
    DIALING,
    ESTABLISHED,
    INCORRECT,
    RINGING,
    Actor,
    Bench,
    Json,
    consult,
    numbers,
    talk,
    talk_to_customer,
)

Probe = Callable[[Bench], bool]
PROBES: dict[str, Probe] = {}
RECORDED = {"voice.recording-state-wrong", "voice.recording-as-status-change"}


def sound(*names: str) -> Callable[[Probe], Probe]:
    """Register a probe: it answers whether the server behaves as documented where the faults deviate."""

    def register(probe: Probe) -> Probe:
        for name in names:
            PROBES[f"voice.{name}"] = probe
        return probe

    return register


def monitored(bench: Bench, state: str = "ListenIn", **params: str) -> str:
    """The supervisor is on a call of the first agent with a customer."""
    assert bench.supervisor.on_device(state, phoneNumber="5001", **params).code == 0
    call = talk_to_customer(bench.agents[0])
    bench.supervisor.events()
    return call


def filters(bench: Bench) -> None:
    """A toast-filter and a case-filter for the key CustomerName."""
    value = [{"attachedDataKey": "CustomerName", "displayName": "Customer"}]
    for name in ("toast-filter", "case-filter"):
        assert bench.admin.request("POST", "/settings/voice", {"name": name, "value": value}).code == 0


def conference(bench: Bench) -> str:
    """The first two agents and a customer; the first owns the conference."""
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    return call


def states(actor: Actor) -> list[str]:
    """The states of the actor's calls."""
    return sorted(call["state"] for call in actor.calls())


# --- capabilities ---------------------------------------------------------------------------------------------
@sound("capability-missing-established")
def established(bench: Bench) -> bool:
    return bench.agents[0].capabilities(talk(*bench.agents[:2])) == ESTABLISHED


@sound("capability-extra-ringing")
def ringing(bench: Bench) -> bool:
    return bench.agents[1].capabilities(bench.agents[0].dial("5002")) == RINGING


@sound("capability-hold-while-held")
def held(bench: Bench) -> bool:
    call = talk(*bench.agents[:2])
    bench.agents[0].do("Hold", call)
    return "Retrieve" in bench.agents[0].capabilities(call)


@sound("capability-after-release")
def after_release(bench: Bench) -> bool:
    bench.agents[0].do("Hangup", talk(*bench.agents[:2]))
    return bool(bench.agents[0].events()[-1]["call"]["capabilities"] == [])


@sound("capability-missing-consult")
def dialing_beside(bench: Bench) -> bool:
    one = bench.agents[0]
    second = consult(one, talk(one, bench.agents[1]), "6001")
    return one.capabilities(second) == DIALING | {"SwapCalls", "CompleteTransfer"}


@sound("capability-missing-conference")
def owner(bench: Bench) -> bool:
    return "RemoveParticipantFromConference" in bench.agents[0].capabilities(conference(bench))


@sound("public-device-offers-answer")
def public(bench: Bench) -> bool:
    return "Answer" not in bench.public.capabilities(bench.agents[0].dial("5007"))


@sound("dnd-capability-stuck")
def dnd_capability(bench: Bench) -> bool:
    bench.agents[0].on_device("DoNotDisturbOn")
    return "DoNotDisturbOff" in bench.agents[0].seen_device()["capabilities"]


# --- members of the call --------------------------------------------------------------------------------------
@sound("call-type-wrong", "parent-call-missing")
def consult_call(bench: Bench) -> bool:
    one = bench.agents[0]
    call = talk(one, bench.agents[1])
    one.do("InitiateTransfer", call, destination={"phoneNumber": "6100"})
    second = next(c for c in one.calls() if c["id"] != call)
    return second["callType"] == "Consult" and "parentCallUri" in second


@sound("call-type-inbound-as-outbound")
def inbound(bench: Bench) -> bool:
    return bool(bench.agents[0].call(talk_to_customer(bench.agents[0]))["callType"] == "Inbound")


@sound("participants-include-self", "participants-first-only")
def participants(bench: Bench) -> bool:
    return numbers(bench.agents[0].call(conference(bench))) == {"5002", "6100"}


@sound("duration-number", "duration-stuck")
def duration(bench: Bench) -> bool:
    call = talk(*bench.agents[:2])
    bench.advance(9)
    return bench.agents[0].call(call)["duration"] in ("9", "10")


@sound("call-uri-wrong")
def uri(bench: Bench) -> bool:
    call = talk(*bench.agents[:2])
    return str(bench.agents[0].call(call)["uri"]).endswith(call)


@sound("toast-missing", "case-while-ringing", "user-data-filtered")
def toast(bench: Bench) -> bool:
    filters(bench)
    data = {"CustomerName": "Chris", "Other": "x"}
    call = bench.agents[1].call(bench.agents[0].dial("5002", userData=data))
    return "toast" in call and "case" not in call and call["userData"] == data


@sound("empty-user-data")
def no_user_data(bench: Bench) -> bool:
    return "userData" not in bench.agents[0].call(talk(*bench.agents[:2]))


# --- rights ---------------------------------------------------------------------------------------------------
@sound("foreign-call-visible")
def foreign_call(bench: Bench) -> bool:
    return bench.agents[2].request("GET", f"/me/calls/{talk(*bench.agents[:2])}").code == 6


@sound("foreign-device-visible")
def foreign_device(bench: Bench) -> bool:
    return bench.agents[2].request("GET", f"/me/devices/{bench.agents[0].device.id}").code == 6


@sound("agent-may-monitor")
def agent_monitors(bench: Bench) -> bool:
    return bench.agents[0].on_device("ListenIn", phoneNumber="5002").code == 5


@sound("remove-participant-by-anybody")
def removes(bench: Bench) -> bool:
    call = conference(bench)
    bench.agents[1].do("RemoveParticipantFromConference", call, participant="6100")
    return len(bench.agents[0].call(call)["participants"]) == 2


@sound("unknown-call-accepted")
def unknown_call(bench: Bench) -> bool:
    return bench.agents[0].do("Hold", "00UNKNOWN").code == 6


# --- operations -----------------------------------------------------------------------------------------------
@sound("hold-leaves-established")
def hold(bench: Bench) -> bool:
    one = bench.agents[0]
    one.do("Hold", talk(one, bench.agents[1]))
    return one.story() == [("StatusChange", "Held")] and states(one) == ["Held"]


@sound("offered-refused-on-held")
def branch_beside_consult(bench: Bench) -> bool:
    one = bench.agents[0]
    call = talk(one, bench.agents[1])
    consult(one, call, "5003")
    one.do("InitiateConference", call, destination={"phoneNumber": "6100"})
    return "InitiateConference" in one.call(call)["capabilities"] and len(one.calls()) == 3


@sound("answer-accepted-while-held")
def answer_held(bench: Bench) -> bool:
    one = bench.agents[0]
    call = talk(one, bench.agents[1])
    one.do("Hold", call)
    one.do("Answer", call)
    return states(one) == ["Held"]


@sound("refused-operation-acts", "error-message-missing")
def refused(bench: Bench) -> bool:
    one = bench.agents[0]
    call = one.dial("6001")
    one.events()
    one.do("Hold", call)
    return INCORRECT in one.story() and states(one) == ["Dialing"]


@sound("retrieve-sends-held")
def retrieve(bench: Bench) -> bool:
    one = bench.agents[0]
    call = talk(one, bench.agents[1])
    one.do("Hold", call)
    one.do("Retrieve", call)
    return one.story()[-1] == ("StatusChange", "Established")


@sound("hangup-keeps-peer")
def hangup(bench: Bench) -> bool:
    bench.agents[0].do("Hangup", talk(*bench.agents[:2]))
    return bench.agents[1].calls() == []


@sound("reject-drops-call")
def reject(bench: Bench) -> bool:
    one, two = bench.agents[:2]
    two.state("Ready")
    two.do("Reject", one.dial("9000"))
    return states(one) == ["Dialing"]


@sound("reject-direct-call")
def reject_direct(bench: Bench) -> bool:
    one, two = bench.agents[:2]
    two.do("Reject", one.dial("5002"))
    return states(two) == ["Ringing"]


@sound("dtmf-not-confirmed")
def dtmf(bench: Bench) -> bool:
    one = bench.agents[0]
    one.do("SendDtmf", talk(one, bench.agents[1]), digits="5")
    return one.story() == [("DtmfSent", "Established")]


@sound("dtmf-letters-accepted")
def dtmf_letters(bench: Bench) -> bool:
    one = bench.agents[0]
    return one.do("SendDtmf", talk(one, bench.agents[1]), digits="x").code == 10


@sound("mute-flag-wrong")
def mute(bench: Bench) -> bool:
    call = conference(bench)
    bench.agents[0].do("MuteCall", call)
    return bool(bench.agents[0].call(call)["mute"] == "On")


@sound("disposition-lost", "disposition-key-ignored")
def disposition(bench: Bench) -> bool:
    one = bench.agents[0]
    call = talk(one, bench.agents[1])
    params = {"callUri": "x", "callUuid": call, "disposition": "Done", "dispositionKey": "Outcome"}
    one.do("SetCallDisposition", call, **params)
    return one.call(call).get("userData") == {"Outcome": "Done"}


@sound("swap-swaps-nothing")
def swap(bench: Bench) -> bool:
    one = bench.agents[0]
    call = talk(one, bench.agents[1])
    second = consult(one, call, "6100")
    one.do("SwapCalls", second, otherCallUri=call)
    return bool(one.call(call)["state"] == "Established")


@sound("complete-transfer-keeps-sender")
def transfer(bench: Bench) -> bool:
    one = bench.agents[0]
    one.do("CompleteTransfer", consult(one, talk(one, bench.agents[1]), "6100"))
    return one.calls() == []


@sound("complete-conference-keeps-consult")
def complete_conference(bench: Bench) -> bool:
    one = bench.agents[0]
    one.do("CompleteConference", consult(one, talk(one, bench.agents[1]), "6100"))
    return ("StatusChange", "Released") in one.story()


@sound("single-step-transfer-keeps-sender")
def single_step(bench: Bench) -> bool:
    one = bench.agents[0]
    one.do("SingleStepTransfer", talk(one, bench.agents[1]), destination={"phoneNumber": "6001"})
    return one.calls() == []


@sound("initiate-without-hold")
def initiate(bench: Bench) -> bool:
    one = bench.agents[0]
    consult(one, talk(one, bench.agents[1]), "6001")
    return states(one) == ["Dialing", "Held"]


@sound("remove-participant-ignored")
def remove(bench: Bench) -> bool:
    call = conference(bench)
    bench.agents[0].do("RemoveParticipantFromConference", call, participant="6100")
    return numbers(bench.agents[0].call(call)) == {"5002"}


@sound("clear-call-leaves-others")
def clear(bench: Bench) -> bool:
    bench.agents[0].do("ClearCall", conference(bench))
    return bench.agents[1].calls() == []


@sound("update-replaces-user-data", "delete-pair-deletes-all", "delete-user-data-ignored", "user-data-not-shared")
def user_data(bench: Bench) -> bool:
    one, two = bench.agents[:2]
    call = talk(one, two)
    told: list[Json | None] = []
    for operation, params in (
        ("UpdateUserData", {"userData": {"a": "1"}}),
        ("UpdateUserData", {"userData": {"b": "2"}}),
        ("DeleteUserDataPair", {"key": "a"}),
        ("DeleteUserData", {}),
    ):
        one.do(operation, call, **params)
        told += [event["call"].get("userData") for event in two.events()]
    return told == [{"a": "1"}, {"a": "1", "b": "2"}, {"b": "2"}, None]


@sound("dial-drops-user-data")
def dial_data(bench: Bench) -> bool:
    one = bench.agents[0]
    return one.call(one.dial("6001", userData={"a": "1"})).get("userData") == {"a": "1"}


@sound("recording-state-wrong", "recording-as-status-change")
def recording(bench: Bench) -> bool:
    one = bench.agents[0]
    call = talk(one, bench.agents[1])
    one.do("StartCallRecording", call)
    one.do("PauseCallRecording", call)
    last = one.events()[-1]
    return (last["notificationType"], last["call"]["recordingState"]) == ("CallRecordingStateChange", "Paused")


# --- notifications --------------------------------------------------------------------------------------------
@sound("peer-not-notified")
def peer(bench: Bench) -> bool:
    one, two = bench.agents[:2]
    two.do("Answer", one.dial("5002"))
    return ("StatusChange", "Established") in one.story()


@sound("released-not-notified")
def released(bench: Bench) -> bool:
    one = bench.agents[0]
    one.do("Hangup", talk(one, bench.agents[1]))
    return one.story() == [("StatusChange", "Released")]


@sound("released-call-listed")
def listed(bench: Bench) -> bool:
    one = bench.agents[0]
    one.do("Hangup", talk(one, bench.agents[1]))
    return one.calls() == []


@sound("participants-as-status-change")
def participants_type(bench: Bench) -> bool:
    conference(bench)
    return bench.agents[0].story() == [("ParticipantsUpdated", "Established")]


@sound("calls-on-devices-topic")
def topic(bench: Bench) -> bool:
    bench.agents[0].dial("6001")
    return len(bench.agents[0].events("/v2/me/calls")) == 1


# --- devices and agent states ---------------------------------------------------------------------------------
@sound("dnd-flag-wrong", "dnd-lets-calls-through")
def dnd(bench: Bench) -> bool:
    one, two = bench.agents[:2]
    one.on_device("DoNotDisturbOn")
    flag = one.seen_device()["doNotDisturb"]
    two.dial("5001")
    return flag == "On" and one.calls() == []


@sound("forward-not-applied", "forward-off-ignored")
def forward(bench: Bench) -> bool:
    one, two, three = bench.agents[:3]
    one.on_device("ForwardCallsOn", destination="5002")
    call = three.dial("5001")
    applied = one.calls() == [] and states(two) == ["Ringing"]
    three.do("Hangup", call)
    one.on_device("ForwardCallsOff")
    return applied and "forwardTo" not in one.seen_device()


@sound("aux-work-without-work-mode", "offline-state-name", "repeated-state-refused", "not-ready-ignored")
def agent_states(bench: Bench) -> bool:
    one = bench.agents[0]
    seen = []
    for operation in ("Ready", "NotReady", "NotReady", "AuxWork", "Offline"):
        accepted = one.state(operation).code == 0
        state = one.seen_device()["userState"]
        seen.append((accepted, state["state"], state.get("workMode")))
    not_ready = (True, "NotReady", None)
    return seen == [
        (True, "Ready", None),
        not_ready,
        not_ready,
        (True, "NotReady", "AuxWork"),
        (True, "LoggedOut", None),
    ]


@sound("workmode-not-checked")
def work_mode(bench: Bench) -> bool:
    return bench.agents[0].state("Ready", workmode="aManualIn").code == 2


# --- the session ----------------------------------------------------------------------------------------------
@sound("end-session-leaves-calls", "end-session-keeps-login", "end-session-keeps-http-session")
def end(bench: Bench) -> bool:
    one, client = bench.agents[0], bench.client
    one.start()
    talk(one, bench.agents[1])
    cookie = client.get("/api/v2/me", auth=(one.name, one.password)).cookies["JSESSIONID"]
    one.post("/me", "EndContactCenterSession")
    client.cookies.clear()
    denied = client.get("/api/v2/me", headers={"Cookie": f"JSESSIONID={cookie}"}).status_code == 403
    logged_out = one.seen_device()["userState"]["state"] == "LoggedOut"
    return one.calls() == [] and logged_out and denied


@sound("session-partial-as-success")
def partial(bench: Bench) -> bool:
    return bench.agents[0].start("voice", "email").code == 7


@sound("session-all-failed-partial")
def all_failed(bench: Bench) -> bool:
    return bench.agents[0].start("email").code == 3


# --- supervisors ----------------------------------------------------------------------------------------------
@sound("barge-in-stays-muted")
def barge_in(bench: Bench) -> bool:
    call = monitored(bench)
    bench.supervisor.do("SwitchToBargeIn", call)
    return bool(bench.supervisor.call(call)["mute"] == "Off")


@sound("switch-to-listen-in-ignored")
def listen_in(bench: Bench) -> bool:
    call = monitored(bench, "BargeIn")
    bench.supervisor.do("SwitchToListenIn", call)
    return bool(bench.supervisor.call(call)["supervisorMonitoringState"] == {"state": "ListenIn"})


@sound("monitored-user-not-muted")
def monitored_mute(bench: Bench) -> bool:
    bench.supervisor.do("MuteMonitoredUser", monitored(bench, "BargeIn"))
    return bench.supervisor.events()[-1]["call"]["monitoredUserMuted"] is True


@sound("cancel-keeps-monitoring")
def cancel(bench: Bench) -> bool:
    bench.supervisor.on_device("ListenIn", phoneNumber="5001")
    bench.supervisor.on_device("CancelSupervisorMonitoring")
    return "supervisorMonitoringState" not in bench.supervisor.seen_device()


@sound("all-calls-ends-early")
def all_calls(bench: Bench) -> bool:
    call = monitored(bench, supervisorMonitoringMode="AllCalls")
    bench.agents[0].do("Hangup", call)
    return "supervisorMonitoringState" in bench.supervisor.seen_device()


@sound("repeated-session-logs-in-again")
def repeated_session(bench: Bench) -> bool:
    agent = bench.agents[0]
    assert agent.state("Ready").code == 0
    assert agent.post("/me", "StartContactCenterSession", channels=["voice"]).code == 0
    return bool(agent.seen_device()["userState"]["state"] == "Ready")


@sound("next-call-goes-on")
def next_call(bench: Bench) -> bool:
    call = monitored(bench, supervisorMonitoringMode="NextCall")
    bench.agents[0].do("Hangup", call)
    return "supervisorMonitoringState" not in bench.supervisor.seen_device()


@sound("agent-scope-ignored")
def scope(bench: Bench) -> bool:
    call = monitored(bench, supervisorMonitoringScope="Agent")
    bench.agents[0].do("SingleStepTransfer", call, destination={"phoneNumber": "5002"})
    return bench.supervisor.calls() == []


@sound("call-scope-ignored")
def call_scope(bench: Bench) -> bool:
    call = monitored(bench, supervisorMonitoringScope="Call")
    bench.agents[0].do("SingleStepTransfer", call, destination={"phoneNumber": "5002"})
    return [seen["id"] for seen in bench.supervisor.calls()] == [call] and bench.agents[0].calls() == []


@sound("listening-in-hidden")
def listening(bench: Bench) -> bool:
    return bench.agents[0].call(monitored(bench))["supervisorListeningIn"] is True


@pytest.mark.parametrize("name", sorted(PROBES))
def test_a_fault_is_seen_and_only_with_it(name: str) -> None:
    probe, recording_on = PROBES[name], name in RECORDED
    assert probe(Bench(recording=recording_on))
    assert not probe(Bench(name, recording=recording_on))


def test_every_fault_has_its_probe() -> None:
    declared = {fault.name for fault in declared_faults() if fault.name.startswith("voice.")}
    assert declared == set(PROBES)
    assert len(declared) >= 30
