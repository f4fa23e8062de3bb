"""What counts as bad input: what a page says, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.fuzz.flaws import flaws_of, other_operation
from conformance.fuzz.sending import Sent
from tests.fuzz.fuzz_support import CONTRACT, sent, unit_of


def labels(unit: str, request: Sent, *known: str) -> list[str]:
    return [flaw.label for flaw in flaws_of(CONTRACT, unit_of(unit), request, frozenset(known))]


@pytest.mark.parametrize(
    "body, found",
    [
        ({"name": "A", "phoneNumber": "1"}, []),
        ({"name": "A", "phoneNumber": "1", "noPageNamesThis": [1]}, []),
        ({"name": "", "phoneNumber": "1"}, []),
        ({"phoneNumber": "1"}, ["missing-parameter:name"]),
        ({"name": None, "phoneNumber": "1"}, ["missing-parameter:name"]),
        ({"name": {}, "phoneNumber": 1}, ["wrong-type:name", "wrong-type:phoneNumber"]),
        ([], ["wrong-type:(body)"]),
        ("text", ["wrong-type:(body)"]),
        ({}, ["missing-parameter:name", "missing-parameter:phoneNumber"]),
    ],
)
def test_bodies(body: Any, found: list[str]) -> None:
    assert labels("contacts.Create", sent("contacts.Create", body)) == found


def test_a_body_that_is_no_json() -> None:
    assert labels("contacts.Create", sent("contacts.Create", content=b"\xff{")) == ["malformed-json"]


@pytest.mark.parametrize(
    "query, found",
    [
        ("", []),
        ("limit=10&order=Ascending", []),
        ("limit=ten", ["wrong-type:limit"]),
        ("limit=1.5e2", []),
        ("limit=", []),
        ("order=Sideways", ["invalid-value:order"]),
        ("noPageNamesThis=1", []),
    ],
)
def test_queries(query: str, found: list[str]) -> None:
    assert labels("contacts.List", sent("contacts.List", query=query)) == found


def test_identifiers() -> None:
    body = {"name": "A"}
    assert labels("contacts.Update", sent("contacts.Update", body, id="C1"), "C1") == []
    assert labels("contacts.Update", sent("contacts.Update", body, id="C1")) == ["unknown-id:id"]
    # What a server may read as something else than an identifier proves nothing.
    assert labels("contacts.Update", sent("contacts.Update", body, id="../users")) == []


def test_operation_names() -> None:
    hold = sent("voice.Hold", {"operationName": "Hold"}, id="1")
    assert labels("voice.Hold", hold, "1") == []
    for body, found in (
        ({}, ["missing-parameter:operationName"]),
        ({"operationName": "NoSuch"}, ["unknown-operation-name:operationName"]),
        ({"operationName": 7}, ["unknown-operation-name:operationName"]),
    ):
        assert labels("voice.Hold", sent("voice.Hold", body, id="1"), "1") == found
    assert other_operation(unit_of("voice.Hold"), sent("voice.Hold", {"operationName": "Retrieve"}, id="1"))
    assert not other_operation(unit_of("voice.Hold"), hold)


def test_a_request_that_several_operations_share_is_bad_only_for_all_of_them() -> None:
    unit = unit_of("basics.SetVoiceSetting")
    assert {item.id for item in unit.operations} >= {"basics.SetVoiceSetting", "settings.CreateVoice"}
    # One page has a list of keys as the value, the other one takes any.
    body = {"name": "defaultTelephonyNetworkType", "value": "Private"}
    assert labels("basics.SetVoiceSetting", sent("basics.SetVoiceSetting", body)) == []


def test_members_of_members() -> None:
    dial = {"operationName": "Dial", "destination": {"phoneNumber": {"not": "a number"}}}
    assert labels("voice.Dial", sent("voice.Dial", dial, id="D"), "D") == ["wrong-type:destination.phoneNumber"]
    assert labels("voice.Dial", sent("voice.Dial", {**dial, "destination": {}}, id="D"), "D") == [
        "missing-parameter:destination.phoneNumber"
    ]
