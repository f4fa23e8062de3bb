"""Single requests, provoked deployments and settings that are put back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conformance.driver.calls import live, until
from conformance.driver.cleanup import clean_up, settle, undo
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.probes import ask, provoke, refuse, resource_with, wait_for
from conformance.driver.requests import build_request
from conformance.driver.settings import keep_setting
from tests.driver.driver_support import TARGET, QuietStage, call, contract, scene

ADMIN = TARGET + '[users.admin]\nuser_name = "admin1"\npassword = "secret-admin"\n'
CAST = {"self": "agent", "second": "second_agent", "admin": "admin"}


def _settings(*settings: dict[str, Any]) -> QuietStage:
    return QuietStage(lambda *_: {"statusCode": 0, "settings": list(settings)}, text=ADMIN)


def test_a_request_is_declared_as_it_is_meant() -> None:
    stage = QuietStage()
    told = scene(stage)
    stage.http["agent"].actor = "agent"
    ask(told, "basics.ListUsers", {"fields": "*", "limit": 3}, label="page", info={"look": 1}, auth="cookie")
    refuse(told, "invalid-value", "basics.ListUsers", {"limit": 0}, label="nothing")
    first, second = stage.steps
    assert (first["operation"], first["case"], first["label"], first["look"]) == (
        "basics.ListUsers",
        "positive",
        "page",
        1,
    )
    assert (second["case"], second["negative"], second["label"]) == ("refusal", "invalid-value", "nothing")
    assert [method for method, _, _ in stage.http["agent"].asked] == ["GET", "GET"]
    assert stage.http["agent"].options[0]["auth"] == "cookie"


@pytest.mark.parametrize(
    ("group", "before", "expected"),
    [
        (
            "voice",
            {"name": "toast-filter", "value": [1]},
            'POST /settings/voice {"name": "toast-filter", "value": [1]}',
        ),
        (
            "access-control",
            {"name": "toast-filter", "value": ["a"]},
            'PUT /settings/access-control {"settings": {"name": "toast-filter", "value": ["a"]}}',
        ),
        ("voice", None, 'DELETE /settings/voice {"name": "toast-filter"}'),
    ],
)
def test_a_setting_is_put_back_as_it_was(group: str, before: dict[str, Any] | None, expected: str) -> None:
    stage = _settings(*([before] if before else []))
    keep_setting(scene(stage, CAST), group, "toast-filter")
    (entry,) = stage.ledger.open_entries("setting")
    assert entry.undo == expected
    changed = {"statusCode": 0, "settings": [{"name": "toast-filter", "value": ["changed"]}]}
    stage.http["admin"].answer = lambda *_: changed
    assert undo(stage, entry)
    method, path, body = stage.http["admin"].asked[-1]
    assert f"{method} {path} {json.dumps(body)}" == expected
    assert stage.ledger.open_entries() == []


@pytest.mark.parametrize("before", [{"name": "toast-filter", "value": [1]}, None])
def test_a_setting_that_is_as_it_was_is_not_touched(before: dict[str, Any] | None) -> None:
    stage = _settings(*([before] if before else []))
    keep_setting(scene(stage, CAST), "voice", "toast-filter")
    assert undo(stage, *stage.ledger.open_entries("setting"))
    assert {method for method, _, _ in stage.http["admin"].asked} == {"GET"}
    assert stage.ledger.open_entries() == []


def test_where_a_setting_cannot_be_created_again_it_is_changed() -> None:
    """A default setting is refused to POST, and PUT changes it."""
    stage = _settings({"name": "default", "value": "Private"})
    keep_setting(scene(stage, CAST), "voice", "default")

    def answer(method: str, *_: Any) -> Any:
        changed = {"statusCode": 0, "settings": [{"name": "default", "value": "Public"}]}
        return (403, {"statusCode": 3}) if method == "POST" else changed

    stage.http["admin"].answer = answer
    assert undo(stage, *stage.ledger.open_entries("setting"))
    assert [method for method, _, _ in stage.http["admin"].asked[1:]] == ["GET", "POST", "PUT"]
    assert stage.http["admin"].asked[-1][2] == {"name": "default", "value": "Private"}


def test_what_cannot_be_put_back_is_told_and_tried_again_at_the_end() -> None:
    stage = _settings({"name": "toast-filter", "value": [1]})
    told = scene(stage, CAST)
    keep_setting(told, "voice", "toast-filter")
    stage.http["admin"].answer = lambda *_: (403, {"statusCode": 5})
    assert clean_up(told) == ["setting voice/toast-filter of admin"]
    asked = len(stage.http["admin"].asked)
    assert clean_up(told) == []
    assert len(stage.http["admin"].asked) == asked, "it was tried again after a scenario"
    (left,) = settle(stage)
    assert str(left) == "setting voice/toast-filter of admin"
    stage.http["admin"].answer = lambda *_: {"statusCode": 0, "settings": []}
    assert settle(stage) == []


def test_settings_that_cannot_be_read_are_left_alone() -> None:
    stage = QuietStage(lambda *_: (403, {"statusCode": 5}), text=ADMIN)
    with pytest.raises(Untestable, match="no settings that could be put back"):
        keep_setting(scene(stage, CAST), "voice", "toast-filter")
    assert stage.ledger.open_entries() == []


def test_nothing_is_provoked_that_the_target_does_not_bind() -> None:
    stage = QuietStage()
    with pytest.raises(Untestable, match=r"add the lines '\[stimuli.service-state\]' and 'command = "):
        provoke(scene(stage), "service-state", {"type": "Voice"}, {"type": "Voice"})
    assert stage.ledger.open_entries() == []


def test_a_provoked_change_is_undone_from_the_ledger() -> None:
    class Provoked(QuietStage):
        def stimulate(self, name: str, parameters: Any) -> None:
            self.provoked = (name, dict(parameters))

    stage = Provoked()
    entry = Entry("stimulus", "stimulus", "x", 'features {"on": ["api-voice"]}')
    stage.ledger.add(entry)
    assert undo(stage, entry)
    assert stage.provoked == ("features", {"on": ["api-voice"]})
    assert stage.ledger.open_entries() == []


def test_waiting_looks_at_the_role_that_is_meant() -> None:
    stage = QuietStage()
    told = scene(stage)
    stage.tell("second_agent", call("Ringing"))
    ringing = resource_with("call", {"state": "Ringing", "userData": None})
    assert wait_for(told, "second", "a call", ringing)
    assert not wait_for(told, "self", "another call", ringing)
    assert not wait_for(told, "second", "a held call", resource_with("call", {"state": "Held"}))


def test_the_newest_live_call_is_bound() -> None:
    stage = QuietStage()
    told = scene(stage)
    stage.tell("agent", call("Released", "C1"))
    stage.tell("agent", call("Dialing", "C2"))
    assert live(told, "self", state="Dialing") == "C2"
    assert told.bound("call") == "C2"
    until(told, "self", state="Dialing")
    stage.tell("agent", call("Released", "C2"))
    with pytest.raises(Untestable, match="told of no call"):
        live(told, "self")


def test_a_delete_can_carry_a_body() -> None:
    operation = contract().operations["basics.DeleteAccessControl"]
    request = build_request(operation, {"name": "allowedOrigins"}, lambda name: name, lambda name: name)
    assert request.body == {"name": "allowedOrigins"}
    assert build_request(contract().operations["contacts.Delete"], {"id": "K1"}, str, str).body is None
