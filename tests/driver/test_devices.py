"""Settings of devices: what a run sets is taken back, what was set before it is put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from conformance.driver.cleanup import clean_up, settle, undo
from conformance.driver.devices import before_setting
from conformance.driver.ledger import Entry
from conformance.opening import Plan
from conformance.selftest.bench import perform
from conformance.selftest.playables import playables
from conformance.session import Session
from conformance.simulator.models import Device
from conformance.simulator.server import Running, running
from tests.driver.driver_support import OK, TARGET, QuietStage, call, scene


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    """A deployment that outlives runs."""
    with running() as server:
        yield server


@pytest.mark.parametrize(
    ("name", "shown", "noted"),
    [
        ("ForwardCallsOn", {}, ("D1/forwardTo", {"operationName": "ForwardCallsOff"})),
        (
            "ForwardCallsOn",
            {"forwardTo": "6100"},
            ("D1/forwardTo", {"operationName": "ForwardCallsOn", "destination": "6100"}),
        ),
        ("DoNotDisturbOn", {"doNotDisturb": "Off"}, ("D1/doNotDisturb", {"operationName": "DoNotDisturbOff"})),
        ("DoNotDisturbOff", {"doNotDisturb": "On"}, ("D1/doNotDisturb", {"operationName": "DoNotDisturbOn"})),
        ("DoNotDisturbOff", {"doNotDisturb": "Off"}, None),
        ("Coach", {}, ("D1/supervisorMonitoringState", {"operationName": "CancelSupervisorMonitoring"})),
        ("Hold", {}, None),
    ],
)
def test_what_a_request_sets_is_noted(
    name: str, shown: dict[str, str], noted: tuple[str, dict[str, str]] | None
) -> None:
    """With the value that the device shows before."""
    stage = QuietStage()
    stage.actor("agent").note_device({"id": "D1", **shown})
    entry = before_setting(stage, "agent", "/me/devices/D1", name)
    if noted is None:
        assert entry is None
        return
    assert entry is not None
    assert (entry.id, json.loads(entry.undo.partition("D1 ")[2])) == noted
    assert before_setting(stage, "agent", "/users/U2/devices", name) is None


def test_the_note_is_there_before_the_request() -> None:
    """And gone once the server has refused it; not when the connection broke."""
    seen: list[int] = []

    def answer(*_: Any) -> Any:
        seen.append(len(stage.ledger.open_entries("device")))
        return OK

    stage = QuietStage(answer)
    scene(stage).perform("voice.DoNotDisturbOn", wait=False)
    assert seen[-1] == 1
    assert [entry.id for entry in stage.ledger.open_entries("device")] == ["D1/doNotDisturb"]
    for reply, kept in (((400, {"statusCode": 2}), 0), ((500, None), 1)):
        other = QuietStage(lambda *_, reply=reply: reply)
        scene(other).perform("voice.DoNotDisturbOn", wait=False)
        assert len(other.ledger.open_entries("device")) == kept


def entry(member: str, body: dict[str, str]) -> Entry:
    """What a run has noted of the agent's device."""
    return Entry("device", "agent", f"D1/{member}", f"POST /me/devices/D1 {json.dumps(body)}")


@pytest.mark.parametrize(
    ("now", "wanted", "sent"),
    [
        ({"forwardTo": "7000"}, {"operationName": "ForwardCallsOff"}, ["ForwardCallsOff"]),
        ({}, {"operationName": "ForwardCallsOff"}, []),
        ({"forwardTo": "6100"}, {"operationName": "ForwardCallsOn", "destination": "6100"}, []),
        (
            {"forwardTo": "7000"},
            {"operationName": "ForwardCallsOn", "destination": "6100"},
            ["ForwardCallsOff", "ForwardCallsOn"],
        ),
        ({}, {"operationName": "ForwardCallsOn", "destination": "6100"}, ["ForwardCallsOn"]),
    ],
)
def test_only_what_differs_is_put_back(now: dict[str, str], wanted: dict[str, str], sent: list[str]) -> None:
    def answer(method: str, path: str, body: Any) -> Any:
        return {"statusCode": 0, "devices": [{"id": "D1", **now}]} if method == "GET" else OK

    stage = QuietStage(answer)
    noted = entry("forwardTo", wanted)
    stage.ledger.add(noted)
    assert undo(stage, noted)
    posted = [body for method, _, body in stage.http["agent"].asked if method == "POST"]
    assert [body["operationName"] for body in posted] == sent
    if sent:
        assert posted[-1] == wanted
    assert stage.ledger.open_entries() == []


def test_a_device_that_stays_diverted_is_told() -> None:
    def answer(method: str, path: str, body: Any) -> Any:
        shown = {"statusCode": 0, "devices": [{"id": "D1", "forwardTo": "7000"}]}
        return shown if method == "GET" else (403, {"statusCode": 3, "statusMessage": "no"})

    stage = QuietStage(answer)
    told = scene(stage)
    stage.ledger.add(entry("forwardTo", {"operationName": "ForwardCallsOff"}))
    assert clean_up(told) == ["device D1/forwardTo of agent"]
    assert [str(item) for item in settle(stage)] == ["device D1/forwardTo of agent"]


def shown(device: Device) -> tuple[str | None, str]:
    """What the bundled server has of it."""
    return device.forward_to, device.do_not_disturb


@pytest.mark.parametrize("name", ["voice.ForwardCallsOn[positive]", "voice.DoNotDisturbOn[positive]", "call:Ringing"])
def test_a_device_is_after_the_run_as_it_was_before(simulator: Running, name: str) -> None:
    """It is forwarded elsewhere and in Do Not Disturb: cleared for the scenarios, which pass, and put back."""
    device = next(item for item in simulator.world.devices.values() if item.phone_number == "5001")
    before = ("5003", "On")
    device.forward_to, device.do_not_disturb = before
    session = Session.open(Plan(base_url=simulator.base_url))
    try:
        played = perform(session, playables()[name])
        assert played.verdict == "passed", played.text
        agent = session.stage.actor("agent")
        assert agent.device is not None
        assert agent.device["id"] == device.id
        assert shown(device) == (None, "Off")
    finally:
        session.close()
    assert shown(device) == before
    assert session.stage.ledger.open_entries() == []


def test_where_only_reading_is_allowed_nothing_is_ended() -> None:
    """The calls that its users have are their own."""
    stage = QuietStage(text=f'{TARGET}\n[hazards]\nallow = ["read"]\n')
    told = scene(stage)
    stage.tell("agent", call("Established", "C1"))
    told.absorb()
    assert stage.ledger.open_entries() == []
    clean_up(told)
    assert stage.http["agent"].asked == []
