"""Faults that bend any reply or notification: each is seen from outside and spares what it is not meant for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.simulator.faults import declared_faults
from conformance.simulator.generic_faults import LATE_SECONDS, REORDER_SECONDS, other_type
from conformance.simulator.world import Published
from tests.simulator.core_support import Bench, Json

CALLS, DEVICES = "/v2/me/calls", "/v2/me/devices"


def _call(state: str = "Ringing", call_id: str = "c1") -> Json:
    call = {"id": call_id, "state": state, "capabilities": ["Answer", "Hold"]}
    return {"messageType": "CallStateChangeMessage", "referenceId": "r1", "call": call}


def _publish(bench: Bench, *messages: Json, channel: str = CALLS) -> list[Published]:
    """What is sent when these are published one after the other."""
    bench.world.published.clear()
    for message in messages:
        bench.world.publish(bench.user("agent1"), channel, message)
    return list(bench.world.published)


def _data(bench: Bench, *messages: Json) -> list[Json]:
    return [{k: v for k, v in sent.data.items() if k != "metrics"} for sent in _publish(bench, *messages)]


def test_every_generic_fault_is_named_in_this_file() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    missing = [f.name for f in declared_faults() if f.name.startswith("generic.") and f'"{f.name}' not in text]
    assert missing == []


# --- replies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault, member, expected",
    [
        ("generic.drop-member:user.userName", "userName", None),
        ("generic.null-member:user.userName", "userName", "null"),
        ("generic.rename-member:user.userName", "userNameRenamed", "agent1"),
        ("generic.wrong-type-member:user.userName", "userName", {"value": "agent1"}),
        ("generic.unknown-enum:user.userName", "userName", "NoSuchValue"),
    ],
)
def test_a_member_of_a_reply_is_bent(fault: str, member: str, expected: Any) -> None:
    user = Bench(fault).client().get("/me").body["user"]
    if expected is None:
        assert member not in user
    else:
        assert user[member] == (None if expected == "null" else expected)
    assert "id" in user


def test_members_in_arrays_are_bent_everywhere() -> None:
    bench = Bench("generic.drop-member:queues.name", "generic.drop-member:no.such.member")
    queues = bench.client().get("/queues", fields="*").body["queues"]
    assert len(queues) == 3
    assert all("name" not in queue and "id" in queue for queue in queues)


def test_a_scope_limits_a_fault_to_a_method_or_an_operation() -> None:
    bench = Bench("generic.drop-member:statusCode@StartContactCenterSession", "generic.http-status:202@DELETE")
    agent = bench.client()
    assert agent.get("/me").body["statusCode"] == 0
    session = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
    assert "statusCode" not in agent.post("/me", session).body
    contact = agent.post("/contacts", {"name": "n", "phoneNumber": "1"})
    assert contact.http == 200
    assert agent.delete(contact.body["path"]).http == 202


@pytest.mark.parametrize(
    "value, bent",
    [(True, "true"), (5, "5"), (1.5, "1.5"), ("a", {"value": "a"}), (["a"], {"0": "a"}), ({"a": 1}, [1]), (None, [])],
)
def test_another_type_is_another_type(value: Any, bent: Any) -> None:
    assert other_type(value) == bent


def test_statuses_are_bent() -> None:
    reply = Bench("generic.status-code:4").client().get("/me")
    assert (reply.http, reply.code, "user" in reply.body) == (200, 4, True)
    assert Bench("generic.status-code:zero").client().get("/me").code == "zero"
    reply = Bench("generic.http-status:500").client().get("/me")
    assert (reply.http, reply.code) == (500, 0)


def test_errors_are_bent_and_successes_are_not() -> None:
    agent = Bench("generic.no-status-message", "generic.extra-beside-error").client()
    assert set(agent.get("/no/such").body) == {"statusCode", "details"}
    assert set(agent.get("/me").body) == {"statusCode", "user"}


def test_an_error_shows_the_inside() -> None:
    agent = Bench("generic.stack-trace:GET").client()
    reply = agent.get("/no/such")
    assert set(reply.body) == {"statusCode", "statusMessage"}
    assert "\tat com." in reply.body["statusMessage"]
    assert set(agent.get("/me").body) == {"statusCode", "user"}


def test_the_encoding_of_replies_is_bent() -> None:
    whole = Bench().client().get("/me")
    cut = Bench("generic.reply-truncated").client().get("/me")
    assert cut.text == whole.text[: len(cut.text)]
    assert 0 < len(cut.text) < len(whole.text)
    assert cut.headers["content-length"] == str(len(cut.text))
    html = Bench("generic.reply-html:GET").client().get("/me")
    assert html.text.startswith("<html>")
    assert html.headers["content-type"] == "text/html"
    plain = Bench("generic.reply-content-type").client().get("/me")
    assert (plain.headers["content-type"], plain.code) == ("text/plain", 0)


def test_the_server_dies_after_so_many_requests() -> None:
    bench = Bench("generic.die-after:2")
    died: list[str] = []
    bench.world.die = lambda: died.append("now")
    agent = bench.client()
    agent.get("/me")
    agent.get("/me")
    assert died == []
    agent.get("/me")
    assert died == ["now"]


# --- capabilities ------------------------------------------------------------------------------------------


def test_capabilities_are_bent_in_replies_and_notifications() -> None:
    bench = Bench("generic.capability-missing:Hold", "generic.capability-extra:Answer", "generic.capability-extra:X")
    assert _data(bench, _call())[0]["call"]["capabilities"] == ["Answer", "X"]
    device = bench.client().get("/me/devices", fields="*").body["devices"][0]
    assert {"Answer", "X"} <= set(device["capabilities"])


# --- notifications -----------------------------------------------------------------------------------------


def test_without_a_fault_a_notification_is_sent_as_it_is() -> None:
    assert _data(Bench(), _call()) == [_call()]
    assert _data(Bench("generic.notification-missing:OtherMessage"), _call()) == [_call()]


@pytest.mark.parametrize(
    "fault, count",
    [
        ("generic.mute-notifications", 0),
        ("generic.notification-missing", 0),
        ("generic.notification-missing:CallStateChangeMessage", 0),
        ("generic.notification-duplicated", 2),
    ],
)
def test_a_notification_is_missing_or_comes_twice(fault: str, count: int) -> None:
    assert _data(Bench(fault), _call()) == [_call()] * count


def test_a_member_of_a_notification_is_bent_for_its_message_type_alone() -> None:
    bench = Bench("generic.null-member:call.state@CallStateChangeMessage")
    other = {**_call(), "messageType": "ErrorMessage"}
    first, second = _data(bench, _call(), other)
    assert first["call"]["state"] is None
    assert second == other


def test_a_notification_comes_late() -> None:
    bench = Bench("generic.notification-late")
    assert _data(bench, _call()) == []
    bench.world.clock.advance(LATE_SECONDS + 0.1)
    assert [sent.data["call"]["state"] for sent in bench.world.published] == ["Ringing"]


def test_notifications_change_places() -> None:
    bench = Bench("generic.notification-reordered")
    states = [data["call"]["state"] for data in _data(bench, _call("A"), _call("B"), _call("C"))]
    assert states == ["B", "A"]
    bench.world.clock.advance(REORDER_SECONDS + 0.1)
    assert bench.world.published[-1].data["call"]["state"] == "C"
    bench.world.clock.advance(10)
    assert len(bench.world.published) == 3


def test_a_notification_comes_on_another_channel() -> None:
    bench = Bench("generic.notification-wrong-channel")
    assert _publish(bench, _call())[0].channel == DEVICES
    assert _publish(bench, _call(), channel=DEVICES)[0].channel == CALLS


def test_a_notification_names_another_id_and_another_reference() -> None:
    bench = Bench("generic.notification-other-id", "generic.reference-id-wrong")
    data = _data(bench, _call())[0]
    assert data["call"]["id"] != "c1"
    assert data["referenceId"] == "r1-other"


def test_a_notification_shows_the_state_before() -> None:
    bench = Bench("generic.notification-stale-state")
    states = [d["call"]["state"] for d in _data(bench, _call("A"), _call("B"), _call("X", "c2"), _call("C"))]
    assert states == ["A", "A", "X", "B"]
    device = {"messageType": "DeviceStateChangeMessage", "devices": [{"id": "d", "userState": {"state": "Ready"}}]}
    later = {"messageType": "DeviceStateChangeMessage", "devices": [{"id": "d", "userState": {"state": "NotReady"}}]}
    assert [d["devices"][0]["userState"]["state"] for d in _data(bench, device, later)] == ["Ready", "Ready"]
