"""Agent states on the voice channel."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.voice_support import Bench

STATES = {
    "Ready": {"id": "9430250E-0A1B-421F-B372-F29E69366DED", "displayName": "Ready", "state": "Ready"},
    "NotReady": {"id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady"},
    "AuxWork": {
        "id": "2B36138D-C564-4562-A8CB-3C32D564F296",
        "displayName": "AuxWork",
        "state": "NotReady",
        "workMode": "AuxWork",
    },
    "AfterCallWork": {
        "id": "D3663509-3D82-4DD3-A82E-2EA8EFA02AEF",
        "displayName": "AfterCallWork",
        "state": "NotReady",
        "workMode": "AfterCallWork",
    },
    "Offline": {"id": "0F7F5003-EF26-4D13-A6Ef-D0C7EC819BEB", "displayName": "Offline", "state": "LoggedOut"},
}


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.agents[0].start()
    bench.agents[0].events()
    return bench


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("operation", STATES)
def test_every_state_follows_every_other(bench: Bench, before: str, operation: str) -> None:
    one = bench.agents[0]
    one.state(before)
    one.events()
    assert one.state(operation).body == {"statusCode": 0}
    events = one.events("/v2/me/devices")
    # A repeated request is ignored.
    assert len(events) == (before != operation)
    for event in events:
        assert event["messageType"] == "DeviceStateChangeMessage"
        (device,) = event["devices"]
        assert device["userState"] == STATES[operation]
        assert device["deviceState"] == "Active"
    assert one.seen_device()["userState"] == STATES[operation]


@pytest.mark.parametrize("mode", ["ManualIn", "AutoIn"])
def test_ready_with_a_work_mode(bench: Bench, mode: str) -> None:
    one = bench.agents[0]
    assert one.state("Ready", workmode=mode).code == 0
    assert one.seen_device()["userState"] == {**STATES["Ready"], "workMode": mode}


@pytest.mark.parametrize("mode", ["aManualIn", "", 5])
def test_an_invalid_work_mode_is_refused_with_2(bench: Bench, mode: Any) -> None:
    one = bench.agents[0]
    reply = one.state("Ready", workmode=mode)
    assert (reply.http, reply.code) == (400, 2)
    assert "workmode" in reply.body["statusMessage"]
    assert one.events() == []


def test_after_call_work_ends_after_its_wrap_up_time(bench: Bench) -> None:
    one = bench.agents[0]
    assert one.state("AfterCallWork", wrapUpTime="30").code == 0
    one.events()
    bench.advance(29)
    assert one.events() == []
    bench.advance(2)
    (event,) = one.events()
    assert event["devices"][0]["userState"] == STATES["Ready"]


@pytest.mark.parametrize("cancel", [("AfterCallWork", {"wrapUpTime": "0"}), ("NotReady", {})])
def test_the_wrap_up_time_can_be_cancelled(bench: Bench, cancel: tuple[str, dict[str, Any]]) -> None:
    one = bench.agents[0]
    one.state("AfterCallWork", wrapUpTime=30)
    one.state(cancel[0], **cancel[1])
    one.events()
    bench.advance(60)
    assert one.events() == []


@pytest.mark.parametrize("value", ["-1", "soon", 1.5, True, "9" * 20, {}])
def test_a_bad_wrap_up_time_is_refused(bench: Bench, value: Any) -> None:
    assert bench.agents[0].state("AfterCallWork", wrapUpTime=value).code == 10


def test_a_user_without_a_device_has_no_state(bench: Bench) -> None:
    reply = bench.admin.state("Ready")
    assert (reply.http, reply.code) == (500, 4)


@pytest.mark.parametrize(("operation", "code"), [("Lunch", 2), ("", 1)])
def test_unknown_states_are_refused(bench: Bench, operation: str, code: int) -> None:
    assert bench.agents[0].state(operation).code == code


def test_the_channel_shows_the_state(bench: Bench) -> None:
    one = bench.agents[0]
    one.state("Ready")
    channel = bench.world.voice.channel_resource(one.user)
    assert channel["userState"] == STATES["Ready"]
    assert channel["userActivity"] == "Idle"
    one.dial("6001")
    assert bench.world.voice.channel_resource(one.user)["userActivity"] != "Idle"
    assert bench.world.voice.channel_resource(bench.admin.user) is None
