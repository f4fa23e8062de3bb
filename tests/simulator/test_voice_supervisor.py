"""ListenIn, Coach, BargeIn and what a supervisor does on a monitored call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.voice_support import ESTABLISHED, INCORRECT, Bench, Json, numbers, talk, talk_to_customer

PLAIN = {"DoNotDisturbOn", "ForwardCallsOn", "ListenIn", "Coach", "BargeIn"}
ON_CALL = ESTABLISHED | {"RemoveParticipantFromConference"}
SWITCHES = {
    "ListenIn": {"SwitchToBargeIn"},
    "Coach": {"SwitchToBargeIn", "SwitchToListenIn"},
    "BargeIn": {"SwitchToListenIn"},
}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def monitor(bench: Bench, state: str = "ListenIn", **params: Any) -> None:
    """The supervisor monitors the first agent."""
    uri = f"http://x/api/v2/devices/{bench.agents[0].device.id}"
    reply = bench.supervisor.on_device(state, targetDeviceUri=uri, **params)
    assert reply.body == {"statusCode": 0}


def supervised(bench: Bench, state: str = "ListenIn", **params: Any) -> str:
    """A monitored call between a customer and the first agent; what was published so far is forgotten."""
    monitor(bench, state, **params)
    call = talk_to_customer(bench.agents[0])
    bench.supervisor.events()
    assert bench.supervisor.call(call)["state"] == "Established"
    return call


@pytest.mark.parametrize("state", ["ListenIn", "Coach", "BargeIn"])
@pytest.mark.parametrize(
    ("params", "mode", "scope"),
    [
        ({}, "AllCalls", "Call"),
        ({"supervisorMonitoringMode": "NextCall", "supervisorMonitoringScope": "Agent"}, "NextCall", "Agent"),
    ],
)
def test_monitoring_begins_and_is_cancelled(bench: Bench, state: str, params: Json, mode: str, scope: str) -> None:
    supervisor, target = bench.supervisor, bench.agents[0].device
    assert set(supervisor.seen_device()["capabilities"]) == PLAIN
    monitor(bench, state, **params)
    (event,) = supervisor.events("/v2/me/devices")
    (device,) = event["devices"]
    assert event["messageType"] == "DeviceStateChangeMessage"
    assert set(device["capabilities"]) == PLAIN | {"CancelSupervisorMonitoring"}
    shown = device["supervisorMonitoringState"]
    assert (shown["state"], shown["mode"], shown["scope"]) == (state, mode, scope)
    assert shown["targetDeviceUri"].endswith(f"/devices/{target.id}")
    assert (shown["phoneNumber"], shown["switchName"]) == (target.phone_number, "SIP_Switch")
    assert bench.agents[0].events() == []
    assert supervisor.on_device("CancelSupervisorMonitoring").code == 0
    (event,) = supervisor.events()
    assert "supervisorMonitoringState" not in event["devices"][0]
    assert set(event["devices"][0]["capabilities"]) == PLAIN


@pytest.mark.parametrize("state", ["ListenIn", "Coach", "BargeIn"])
def test_the_supervisor_is_brought_into_the_next_call(bench: Bench, state: str) -> None:
    supervisor, agent = bench.supervisor, bench.agents[0]
    call = supervised(bench, state)
    shown = supervisor.call(call)
    assert shown["monitoring"] is True
    assert shown["supervisorListeningIn"] is False
    assert shown["supervisorMonitoringState"] == {"state": state}
    assert shown["mute"] == ("On" if state == "ListenIn" else "Off")
    assert numbers(shown) == {agent.number, "6001"}
    assert supervisor.capabilities(call) == ON_CALL | SWITCHES[state]
    seen = agent.call(call)
    assert seen["supervisorListeningIn"] is True
    assert seen["monitoring"] is False
    assert "supervisorMonitoringState" not in seen
    assert numbers(seen) == ({"6001", "5005"} if state == "BargeIn" else {"6001"})
    assert agent.capabilities(call) == (ESTABLISHED | {"MuteCall"} if state == "BargeIn" else ESTABLISHED)
    # Who only listens is released with the call; who has barged in goes on talking to the agent.
    bench.stimulus("customer-hangup")
    assert len(supervisor.calls()) == len(agent.calls()) == (state == "BargeIn")


def test_barge_in_joins_the_call_that_is_going_on(bench: Bench) -> None:
    agent, other = bench.agents[:2]
    call = talk(agent, other)
    monitor(bench, "BargeIn")
    assert bench.supervisor.call(call)["state"] == "Established"
    assert agent.story() == [("ParticipantsUpdated", "Established")]
    assert numbers(other.call(call)) == {agent.number, "5005"}


@pytest.mark.parametrize("state", ["ListenIn", "Coach"])
def test_listening_and_coaching_wait_for_the_next_call(bench: Bench, state: str) -> None:
    agent, other = bench.agents[:2]
    call = talk(agent, other)
    monitor(bench, state)
    assert bench.supervisor.calls() == []
    agent.do("Hangup", call)
    second = talk(agent, other)
    assert bench.supervisor.call(second)["monitoring"] is True


@pytest.mark.parametrize(
    ("state", "operation", "then"),
    [
        ("ListenIn", "SwitchToBargeIn", "BargeIn"),
        ("Coach", "SwitchToBargeIn", "BargeIn"),
        ("Coach", "SwitchToListenIn", "ListenIn"),
        ("BargeIn", "SwitchToListenIn", "ListenIn"),
    ],
)
def test_switching(bench: Bench, state: str, operation: str, then: str) -> None:
    supervisor, agent = bench.supervisor, bench.agents[0]
    call = supervised(bench, state)
    agent.events()
    assert supervisor.do(operation, call).code == 0
    (event,) = supervisor.events()
    assert event["notificationType"] == "StatusChange"
    assert event["call"]["mute"] == ("On" if then == "ListenIn" else "Off")
    assert event["call"]["supervisorMonitoringState"] == {"state": then}
    assert set(event["call"]["capabilities"]) == ON_CALL | SWITCHES[then]
    assert agent.story() == [("ParticipantsUpdated", "Established")]
    assert ("5005" in numbers(agent.call(call))) is (then == "BargeIn")
    supervisor.do(operation, call)
    assert supervisor.story() == [INCORRECT]


def test_the_monitored_user_is_muted_and_unmuted(bench: Bench) -> None:
    supervisor, agent = bench.supervisor, bench.agents[0]
    call = supervised(bench, "BargeIn")
    agent.events()
    assert "MuteMonitoredUser" in supervisor.seen_device()["capabilities"]
    for operation, muted in (("MuteMonitoredUser", True), ("UnmuteMonitoredUser", False)):
        assert supervisor.do(operation, call).code == 0
        for actor in (supervisor, agent):
            (event,) = actor.events()
            assert event["notificationType"] == "MonitoredUserMutedStateChange"
            assert event["call"]["monitoredUserMuted"] is muted
        assert ("UnmuteMonitoredUser" in supervisor.seen_device()["capabilities"]) is muted
    supervisor.do("UnmuteMonitoredUser", call)
    assert supervisor.story() == [INCORRECT]


def test_the_supervisor_may_remove_a_participant(bench: Bench) -> None:
    supervisor, agent = bench.supervisor, bench.agents[0]
    call = supervised(bench, "BargeIn")
    agent.events()
    supervisor.do("RemoveParticipantFromConference", call, participant=agent.number)
    assert agent.story() == [("StatusChange", "Released")]
    assert numbers(supervisor.call(call)) == {"6001"}


@pytest.mark.parametrize("scope", ["Agent", "Call"])
def test_the_scope_decides_whether_the_supervisor_follows_a_transfer(bench: Bench, scope: str) -> None:
    supervisor, agent, other = bench.supervisor, bench.agents[0], bench.agents[1]
    call = supervised(bench, supervisorMonitoringScope=scope)
    agent.do("SingleStepTransfer", call, destination={"phoneNumber": other.number})
    other.do("Answer", call)
    assert other.call(call)["state"] == "Established"
    assert other.call(call)["supervisorListeningIn"] is (scope == "Call")
    assert [c["id"] for c in supervisor.calls()] == ([call] if scope == "Call" else [])


def test_next_call_monitors_one_call(bench: Bench) -> None:
    supervisor, agent, other = bench.supervisor, bench.agents[0], bench.agents[1]
    call = supervised(bench, supervisorMonitoringMode="NextCall")
    agent.do("Hangup", call)
    released, stopped = supervisor.events()
    assert released["call"]["state"] == "Released"
    assert "supervisorMonitoringState" not in stopped["devices"][0]
    talk(agent, other)
    assert supervisor.calls() == []


def test_all_calls_goes_on(bench: Bench) -> None:
    supervisor, agent, other = bench.supervisor, bench.agents[0], bench.agents[1]
    call = supervised(bench)
    supervisor.do("Hangup", call)
    assert supervisor.calls() == []
    assert agent.call(call)["supervisorListeningIn"] is False
    agent.do("Hangup", call)
    second = talk(agent, other)
    assert supervisor.call(second)["monitoring"] is True


def test_cancelling_takes_the_supervisor_off_the_call(bench: Bench) -> None:
    supervisor, agent = bench.supervisor, bench.agents[0]
    call = supervised(bench)
    agent.events()
    supervisor.on_device("CancelSupervisorMonitoring")
    assert supervisor.calls() == []
    assert agent.story() == [("StatusChange", "Established")]
    assert agent.call(call)["supervisorListeningIn"] is False


def test_cancelling_nothing_is_an_error(bench: Bench) -> None:
    assert bench.supervisor.on_device("CancelSupervisorMonitoring").code == 0
    (event,) = bench.supervisor.events("/v2/me/devices")
    assert (event["messageType"], event["errorMessage"]) == INCORRECT


def test_a_consult_call_is_not_monitored(bench: Bench) -> None:
    agent, other = bench.agents[:2]
    call = supervised(bench)
    agent.do("InitiateTransfer", call, destination={"phoneNumber": other.number})
    second = next(c["id"] for c in agent.calls() if c["callType"] == "Consult")
    other.do("Answer", second)
    assert [c["id"] for c in bench.supervisor.calls()] == [call]


def test_the_target_may_be_named_by_its_number(bench: Bench) -> None:
    assert bench.supervisor.on_device("ListenIn", phoneNumber="5001").code == 0
    shown = bench.supervisor.seen_device()["supervisorMonitoringState"]
    assert shown["targetDeviceUri"].endswith(bench.agents[0].device.id)


@pytest.mark.parametrize("operation", ["ListenIn", "Coach", "BargeIn"])
def test_the_parameters_are_checked(bench: Bench, operation: str) -> None:
    supervisor, uri = bench.supervisor, f"/devices/{bench.agents[0].device.id}"
    assert supervisor.on_device(operation).code == 1
    assert supervisor.on_device(operation, targetDeviceUri=5).code == 10
    assert supervisor.on_device(operation, targetDeviceUri="/devices/none").code == 6
    assert supervisor.on_device(operation, targetDeviceUri=f"/devices/{supervisor.device.id}").code == 2
    assert supervisor.on_device(operation, targetDeviceUri=uri, supervisorMonitoringMode="Never").code == 10
    assert supervisor.on_device(operation, targetDeviceUri=uri, supervisorMonitoringScope="All").code == 10
    assert "supervisorMonitoringState" not in supervisor.seen_device()


@pytest.mark.parametrize("operation", ["ListenIn", "Coach", "BargeIn", "CancelSupervisorMonitoring"])
def test_only_supervisors_monitor(bench: Bench, operation: str) -> None:
    one, two = bench.agents[:2]
    reply = one.on_device(operation, targetDeviceUri=f"/devices/{two.device.id}")
    assert (reply.http, reply.code) == (403, 5)
    assert set(one.seen_device()["capabilities"]) == {"DoNotDisturbOn", "ForwardCallsOn"}


def test_one_supervisor_at_a_time(bench: Bench) -> None:
    monitor(bench)
    two = bench.agents[1]
    two.user.roles = ("ROLE_SUPERVISOR",)
    assert two.on_device("ListenIn", targetDeviceUri=f"/devices/{bench.agents[0].device.id}").code == 0
    assert two.story() == [INCORRECT]


def test_without_the_feature_nobody_monitors(bench: Bench) -> None:
    bench.client.post("/__simulator/features", json={"off": ["api-supervisor-monitoring"]})
    supervisor = bench.supervisor
    assert supervisor.on_device("ListenIn", phoneNumber="5001").code == 2
    assert set(supervisor.seen_device()["capabilities"]) == {"DoNotDisturbOn", "ForwardCallsOn"}


@pytest.mark.parametrize(
    ("operation", "state"), [("Ready", "Ready"), ("NotReady", "NotReady"), ("Offline", "LoggedOut")]
)
def test_the_supervisor_sets_an_agents_state(bench: Bench, operation: str, state: str) -> None:
    supervisor, agent = bench.supervisor, bench.agents[0]
    agent.state("AuxWork")
    agent.events()
    path = f"/users/{agent.user.id}/channels/voice"
    assert supervisor.post(path, operation).code == 0
    device, channel = agent.events()
    assert device["devices"][0]["userState"]["state"] == state
    assert channel["messageType"] == "ChannelStateChangeMessageV2"
    assert channel["channels"][0]["channel"] == "voice"
    assert channel["channels"][0]["userState"]["state"] == state
    assert bench.agents[1].post(path, operation).code == 5
    assert supervisor.post("/users/none/channels/voice", operation).code == 6
    assert supervisor.post(f"/users/{bench.admin.user.id}/channels/voice", operation).code == 4
    assert supervisor.post(path, "DoNotDisturbOn").code == 2
