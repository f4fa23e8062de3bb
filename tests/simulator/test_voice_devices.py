"""Do-not-disturb, forwarding, and reading one's devices and calls again."""

from __future__ import annotations

import pytest

from tests.simulator.voice_support import INVALID, Bench, numbers, talk


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_do_not_disturb_on_and_off(bench: Bench) -> None:
    one, two = bench.agents[:2]
    for operation, flag, offered in (
        ("DoNotDisturbOn", "On", "DoNotDisturbOff"),
        ("DoNotDisturbOn", "On", "DoNotDisturbOff"),
        ("DoNotDisturbOff", "Off", "DoNotDisturbOn"),
    ):
        assert one.on_device(operation).body == {"statusCode": 0}
        (event,) = one.events("/v2/me/devices")
        (device,) = event["devices"]
        assert device["doNotDisturb"] == flag
        assert set(device["capabilities"]) == {offered, "ForwardCallsOn"}
        two.dial(one.number)
        rang = one.story() == [("StatusChange", "Ringing")]
        assert rang is (flag == "Off")


def test_forwarding_acts_on_calls(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    assert one.on_device("ForwardCallsOn", destination=two.number).body == {"statusCode": 0}
    (event,) = one.events("/v2/me/devices")
    (device,) = event["devices"]
    assert device["forwardTo"] == two.number
    assert set(device["capabilities"]) == {"DoNotDisturbOn", "ForwardCallsOff"}
    call = three.dial(one.number)
    assert one.events() == []
    assert two.call(call)["state"] == "Ringing"
    assert two.call(call)["dnis"] == one.number
    assert numbers(three.call(call)) == {two.number}
    three.do("Hangup", call)
    assert one.on_device("ForwardCallsOff").code == 0
    (event,) = one.events("/v2/me/devices")
    assert "forwardTo" not in event["devices"][0]
    assert set(event["devices"][0]["capabilities"]) == {"DoNotDisturbOn", "ForwardCallsOn"}
    call = three.dial(one.number)
    assert one.call(call)["state"] == "Ringing"


def test_forwarding_needs_a_destination_that_exists(bench: Bench) -> None:
    one, two = bench.agents[:2]
    assert one.on_device("ForwardCallsOn").code == 1
    assert one.on_device("ForwardCallsOn", destination=5002).code == 10
    assert one.on_device("ForwardCallsOn", destination=" ").code == 10
    for destination in ("4711", one.number):
        assert one.on_device("ForwardCallsOn", destination=destination).code == 0
        assert one.story() == [INVALID]
    two.on_device("ForwardCallsOn", destination=one.number)
    assert one.on_device("ForwardCallsOn", destination=two.number).code == 0
    assert one.story() == [INVALID]
    assert "forwardTo" not in one.seen_device()


@pytest.mark.parametrize("operation", ["DoNotDisturbOn", "DoNotDisturbOff", "ForwardCallsOn", "ForwardCallsOff"])
def test_only_the_own_device(bench: Bench, operation: str) -> None:
    one, two = bench.agents[:2]
    for device in (two.device.id, "unknown"):
        reply = one.post(f"/me/devices/{device}", operation, destination="5003")
        assert (reply.http, reply.code) == (404, 6)
    assert two.device.do_not_disturb == "Off"
    assert two.device.forward_to is None


def test_the_device_can_be_read(bench: Bench) -> None:
    one, two = bench.agents[:2]
    reply = one.request("GET", f"/me/devices/{one.device.id}")
    assert set(reply.body) == {"statusCode", "device"}
    device = reply.body["device"]
    assert device["id"] == one.device.id
    assert device["telephonyNetwork"] == "Private"
    assert device["voiceEnvironmentUri"].startswith("http")
    assert one.request("GET", f"/me/devices/{two.device.id}").code == 6
    assert bench.public.seen_device()["telephonyNetwork"] == "Public"


def test_calls_are_listed_as_uris_or_in_full(bench: Bench) -> None:
    one, two = bench.agents[:2]
    assert one.request("GET", "/me/calls").body == {"statusCode": 0, "uris": [], "paths": []}
    call = talk(one, two)
    listed = one.request("GET", "/me/calls").body
    assert listed["uris"] == [one.call(call)["uri"]]
    assert listed["paths"] == [f"/calls/{call}"]
    (full,) = one.calls()
    assert full["id"] == call
    assert full["state"] == "Established"
    assert one.request("GET", f"/calls/{call}").body["call"]["id"] == call
    assert one.request("GET", f"/me/calls/{call}?fields=id,state").body["call"] == {
        "id": call,
        "state": "Established",
    }
    assert bench.agents[2].request("GET", f"/me/calls/{call}").code == 6


def test_calls_and_devices_come_with_the_user(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    user = one.request("GET", "/me?subresources=*").body["user"]
    assert [c["id"] for c in user["calls"]] == [call]
    assert user["devices"][0]["id"] == one.device.id
