"""The plays, on a stage without a server: which requests they send, and what they declare of them."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.outcomes import NotApplicable, Untestable
from conformance.driver.plays import (
    cast_for,
    collection_of,
    note_created,
    pick,
    play_example,
    play_refusals,
    read_back,
    refuse_all,
)
from conformance.driver.scene import Performed
from conformance.driver.state_plays import withheld_except
from tests.driver.driver_support import CONTRACT, OK, TARGET, QuietStage, call, scene

MAKES = TARGET + '\n[hazards]\nallow = ["read", "state", "creates"]\n'


def contacts(method: str, path: str, body: Any) -> Any:
    """A server with one contact."""
    if method == "GET" and path == "/contacts":
        return {**OK, "contacts": [{"id": "K1", "type": "Custom", "name": "Ann"}], "totalCount": 1}
    return {**OK, "id": "K2", "uri": "u", "path": "/contacts/K2"} if method == "POST" else OK


def test_an_example_is_played() -> None:
    """A positive case: one judged step with the example's name."""
    stage = QuietStage(contacts)
    operation = CONTRACT.operations["contacts.List"]
    play_example(scene(stage), operation, operation.example("positive"))
    judged = [step for step in stage.steps if step["case"] == "positive"]
    assert [(step["operation"], step["example"]) for step in judged] == [("contacts.List", "positive")]
    assert [(method, path) for method, path, _ in stage.http["agent"].asked][-1] == ("GET", "/contacts")


def test_what_is_created_is_noted() -> None:
    """A created contact goes into the ledger with the request that deletes it."""
    stage = QuietStage(contacts, MAKES)
    operation = CONTRACT.operations["contacts.Create"]
    play_example(scene(stage), operation, operation.example("positive"))
    entries = stage.ledger.open_entries("contact")
    assert [(entry.id, entry.undo) for entry in entries] == [("K2", "DELETE /contacts/K2")]


def test_nothing_is_noted_without_an_id() -> None:
    """A reply without an id gives nothing to note."""
    stage = QuietStage()
    told = scene(stage)
    reply = stage.http["agent"].request("POST", "/contacts")
    note_created(told, CONTRACT.operations["contacts.Create"], "self", Performed(reply, 1))
    assert stage.ledger.open_entries() == []


def test_hazards_are_asked_for() -> None:
    """An operation whose hazard the target does not allow is not played."""
    stage = QuietStage(contacts)
    operation = CONTRACT.operations["contacts.Create"]
    with pytest.raises(NotApplicable, match="creates"):
        play_example(scene(stage), operation, operation.example("positive"))
    assert stage.http["agent"].asked == []


def test_refusals_are_declared() -> None:
    """Every refusable request is a step of its own, with the negative that it stands for."""
    stage = QuietStage(contacts, MAKES)
    stage.csrf = True
    play_refusals(scene(stage), CONTRACT.operations["contacts.Create"])
    steps = {step["label"]: step for step in stage.steps if step["case"] == "refusal"}
    assert {"no-credentials", "missing-csrf-token", "missing-parameter:name", "malformed-json"} <= set(steps)
    assert steps["missing-parameter:name"]["negative"] == "missing-parameter"
    assert {step["performer"] for step in steps.values()} == {"agent"}


def test_refusals_of_a_call_need_the_call() -> None:
    """Where the operation needs a call that cannot be had, that is said, and nothing is sent to it."""
    stage = QuietStage(lambda *_: (409, {"statusCode": 18, "statusMessage": "no"}))
    operation = CONTRACT.operations["voice.Hold"]
    with pytest.raises(Untestable, match="Established of chart call was not reached"):
        play_refusals(scene(stage), operation)
    assert not any(step["case"] == "refusal" for step in stage.steps)


def test_an_unknown_id_keeps_the_operation() -> None:
    """The id of the bound call is replaced in the path, everything else stays."""
    stage = QuietStage()
    told = scene(stage)
    stage.tell("agent", call("Established", "C1"))
    told.absorb()
    refuse_all(told, CONTRACT.operations["voice.Hold"], CONTRACT.operations["voice.Hold"].examples[0])
    asked = [path for _, path, body in stage.http["agent"].asked if body == {"operationName": "Hold"}]
    assert any(path.startswith("/me/calls/") and path != "/me/calls/C1" for path in asked)


def test_picking_a_resource() -> None:
    """An existing resource is found by its list; without one the scenario is untestable."""
    stage = QuietStage(contacts)
    told = scene(stage)
    assert pick(told, "contact")["id"] == "K1"
    assert told.values["contact.name"] == "Ann"
    empty = scene(QuietStage(lambda *_: {**OK, "contacts": []}))
    with pytest.raises(Untestable, match="GET /contacts shows no contact"):
        pick(empty, "contact")
    with pytest.raises(Untestable, match="no documented collection lists a unicorn"):
        pick(empty, "unicorn")


def test_reading_back_declares_the_latest() -> None:
    """The read is a probe that carries what the last notification showed, and whether the call is over."""
    for state, final in (("Held", False), ("Released", True)):
        stage = QuietStage(lambda *_: {**OK, "calls": []})
        told = scene(stage)
        stage.tell("agent", call(state, "C1"))
        told.absorb()
        read_back(told, "call", "self")
        probe = stage.steps[-1]
        assert probe["case"] == "probe"
        assert probe["latest"]["value"]["state"] == state
        assert probe["latest"]["final"] is final


def test_reading_back_a_device_of_which_nothing_was_told_compares_nothing() -> None:
    """The device is known from a GET alone: with that no GET need agree. Once a notification shows it, it counts."""
    stage = QuietStage(lambda *_: {**OK, "devices": []})
    told = scene(stage)
    read_back(told, "device", "self")
    assert stage.steps[-1]["case"] == "probe"
    assert "latest" not in stage.steps[-1]
    device = {"id": "D1", "userState": {"state": "NotReady"}}
    stage.tell("agent", {"messageType": "DeviceStateChangeMessage", "devices": [device]}, "/v2/me/devices")
    read_back(told, "device", "self")
    assert stage.steps[-1]["latest"]["value"]["userState"] == {"state": "NotReady"}


def test_casts() -> None:
    """Whoever performs, receives or is named in an example is on stage."""
    assert cast_for(CONTRACT.operations["contacts.List"])[0] == "self"
    assert "second" in cast_for(CONTRACT.operations["voice.Dial"])
    assert "supervisor" in cast_for(CONTRACT.operations["voice.ListenIn"])


def test_collections() -> None:
    """A live resource is listed below /me; an unknown one nowhere."""
    found = collection_of(CONTRACT, "call")
    assert found is not None
    assert (found[0].path, found[1]) == ("/me/calls", "calls")
    assert collection_of(CONTRACT, "unicorn") is None


def test_what_may_be_offered_is_not_withheld() -> None:
    """What regions of a resource may offer is never attempted as withheld."""
    chart = CONTRACT.statecharts["call"]
    allowed = withheld_except(CONTRACT, chart, "Held")
    assert {"Retrieve", "StartCallRecording"} <= allowed
    assert "Answer" not in allowed
