"""User data, dispositions, toast and case."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.voice_support import Bench, talk


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_attach_update_and_delete_are_told_to_both_agents(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    steps: list[tuple[str, dict[str, Any], dict[str, Any] | None]] = [
        ("AttachUserData", {"userData": {"AccountNumber": "1"}}, {"AccountNumber": "1"}),
        ("UpdateUserData", {"userData": {"AccountNumber": "2"}}, {"AccountNumber": "2"}),
        ("UpdateUserData", {"userData": {"Name": "James", "n": {"x": 1}}},
         {"AccountNumber": "2", "Name": "James", "n": {"x": 1}}),
        ("DeleteUserDataPair", {"key": "Name"}, {"AccountNumber": "2", "n": {"x": 1}}),
        ("DeleteUserDataPair", {"key": "nothing"}, {"AccountNumber": "2", "n": {"x": 1}}),
        ("DeleteUserData", {}, None),
    ]  # fmt: skip
    for operation, params, expected in steps:
        assert one.do(operation, call, **params).body == {"statusCode": 0}
        for actor in (one, two):
            (event,) = actor.events()
            assert event["notificationType"] == "AttachedDataChanged"
            assert event["call"].get("userData") == expected
            assert actor.call(call).get("userData") == expected


def test_attaching_a_key_twice_keeps_both_until_it_is_updated_or_deleted(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("AttachUserData", call, userData={"k": "1"})
    one.do("AttachUserData", call, userData={"k": "2"})
    assert bench.world.voice.calls[call].user_data == [("k", "1"), ("k", "2")]
    assert one.call(call)["userData"] == {"k": "2"}
    one.do("UpdateUserData", call, userData={"k": "3"})
    assert bench.world.voice.calls[call].user_data == [("k", "3")]


@pytest.mark.parametrize("state", ["Ringing", "Dialing", "Held"])
def test_user_data_may_change_in_every_state(bench: Bench, state: str) -> None:
    one, two = bench.agents[:2]
    if state == "Held":
        call = talk(one, two)
        one.do("Hold", call)
    else:
        call = one.dial(two.number)
    actor = two if state == "Ringing" else one
    actor.events()
    actor.do("UpdateUserData", call, userData={"a": "b"})
    assert actor.story() == [("AttachedDataChanged", state)]


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("AttachUserData", {}, 1),
        ("AttachUserData", {"userData": "x"}, 10),
        ("UpdateUserData", {}, 1),
        ("UpdateUserData", {"userData": []}, 10),
        ("DeleteUserDataPair", {}, 1),
        ("DeleteUserDataPair", {"key": 1}, 10),
    ],
)
def test_the_parameters_are_checked(bench: Bench, operation: str, params: dict[str, Any], code: int) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    assert one.do(operation, call, **params).code == code
    assert one.events() == []


def disposition(call: str, **more: Any) -> dict[str, Any]:
    """The parameters of SetCallDisposition."""
    return {"callUri": f"http://x/api/v2/calls/{call}", "callUuid": call, "disposition": "Referred", **more}


@pytest.mark.parametrize(("more", "key"), [({}, "DispositionCode"), ({"dispositionKey": "Outcome"}, "Outcome")])
def test_a_disposition_on_a_live_call_changes_its_data(bench: Bench, more: dict[str, Any], key: str) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    assert one.do("SetCallDisposition", call, **disposition(call, **more)).code == 0
    (event,) = one.events()
    assert event["notificationType"] == "AttachedDataChanged"
    assert event["call"]["userData"] == {key: "Referred"}
    assert two.call(call)["userData"] == {key: "Referred"}


def test_a_disposition_after_the_call_is_accepted_in_silence(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    one.do("Hangup", call)
    one.events()
    assert one.do("SetCallDisposition", call, **disposition(call)).body == {"statusCode": 0}
    assert one.events() == []
    assert three.do("SetCallDisposition", call, **disposition(call)).code == 6
    assert one.do("SetCallDisposition", "00UNKNOWN", **disposition("00UNKNOWN")).code == 6


def test_the_parameters_of_a_disposition_are_checked(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    good = disposition(call)
    for name in good:
        assert one.do("SetCallDisposition", call, **{k: v for k, v in good.items() if k != name}).code == 1
    assert one.do("SetCallDisposition", call, **{**good, "disposition": 7}).code == 10
    assert one.do("SetCallDisposition", call, **{**good, "callUuid": "other"}).code == 2
    assert one.events() == []


def test_toast_and_case_follow_the_filters(bench: Bench) -> None:
    one, two = bench.agents[:2]
    name = {"attachedDataKey": "CustomerName", "displayName": "Customer"}
    purpose = {"attachedDataKey": "POC", "displayName": "Purpose of Call"}
    for setting, value in (("toast-filter", [name]), ("case-filter", [name, purpose])):
        assert bench.admin.request("POST", "/settings/voice", {"name": setting, "value": value}).code == 0
    data = {"CustomerName": "Chris", "POC": "New Service", "Other": "x"}
    call = one.dial(two.number, userData=data)
    toast = [{"key": "CustomerName", "displayName": "Customer", "value": "Chris"}]
    for actor in (one, two):
        shown = actor.call(call)
        assert shown["toast"] == toast
        assert "case" not in shown
        assert shown["userData"] == data
    two.do("Answer", call)
    shown = two.call(call)
    assert "toast" not in shown
    assert shown["case"] == [*toast, {"key": "POC", "displayName": "Purpose of Call", "value": "New Service"}]
    assert shown["userData"] == data
    two.do("Hold", call)
    assert not {"toast", "case"} & set(two.call(call))
