"""Dial, Answer, Reject, Hold, Retrieve, Hangup, SendDtmf, MuteCall, UnmuteCall, ClearCall."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.voice_support import (
    DIALING,
    ESTABLISHED,
    HELD,
    INCORRECT,
    INVALID,
    RINGING,
    Actor,
    Bench,
    numbers,
    talk,
    talk_to_customer,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_dial_rings_at_the_other_agent(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = one.dial(two.number)
    assert one.story() == [("StatusChange", "Dialing")]
    assert two.story() == [("StatusChange", "Ringing")]
    assert one.capabilities(call) == DIALING
    assert two.capabilities(call) == RINGING


def test_a_new_call_has_the_documented_members(bench: Bench) -> None:
    one, two = bench.agents[:2]
    one.dial(two.number, userData={"CustomerSegment": "Gold"})
    (event,) = one.events("/v2/me/calls")
    assert event["messageType"] == "CallStateChangeMessage"
    assert event["phoneNumber"] == one.number
    assert event["extensions"] == {"BusinessCall": 0}
    call = event["call"]
    assert call["id"] == call["callUuid"] != call["connId"]
    assert call["uri"].endswith(f"/api/v2/me/calls/{call['id']}")
    assert call["path"] == f"/calls/{call['id']}"
    assert call["deviceUri"].endswith(f"/devices/{one.device.id}")
    assert call["userData"] == {"CustomerSegment": "Gold"}
    expected = {"dnis": "5002", "callType": "Internal", "duration": "0", "mute": "Off"}
    expected_flags = {"supervisorListeningIn": False, "monitoredUserMuted": False, "monitoring": False}
    assert {name: call[name] for name in expected} == expected
    assert {name: call[name] for name in expected_flags} == expected_flags
    assert call["participants"] == [
        {"e164Number": "", "formattedPhoneNumber": "5002", "phoneNumber": "5002", "digits": "5002"}
    ]
    assert not {"recordingState", "ani", "parentCallUri", "toast", "case"} & set(call)


def test_answer_establishes_both_ends(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = one.dial(two.number)
    one.events(), two.events()
    assert two.do("Answer", call).body == {"statusCode": 0}
    assert one.story() == [("StatusChange", "Established")]
    assert two.story() == [("StatusChange", "Established")]
    assert one.capabilities(call) == two.capabilities(call) == ESTABLISHED


def test_a_public_device_is_answered_by_its_handset_only(bench: Bench) -> None:
    one, public = bench.agents[0], bench.public
    call = one.dial(public.number)
    assert public.capabilities(call) == RINGING - {"Answer"}
    public.events()
    assert public.do("Answer", call).code == 0
    assert public.story() == [INCORRECT]
    assert bench.stimulus("device-answer", number=public.number)["state"] == "Established"
    assert public.story() == [("StatusChange", "Established")]


def test_hold_and_retrieve(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("Hold", call)
    assert one.story() == [("StatusChange", "Held")]
    assert two.story() == []
    assert two.call(call)["state"] == "Established"
    assert one.capabilities(call) == HELD
    one.do("Retrieve", call)
    assert one.story() == [("StatusChange", "Established")]
    assert one.capabilities(call) == ESTABLISHED


@pytest.mark.parametrize("held", [False, True])
def test_hangup_releases_both_ends(bench: Bench, held: bool) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    if held:
        one.do("Hold", call)
        one.events()
    one.do("Hangup", call)
    for actor, other in ((one, two), (two, one)):
        (event,) = actor.events()
        assert event["call"]["state"] == "Released"
        assert event["call"]["capabilities"] == []
        assert numbers(event["call"]) == {other.number}
        assert actor.calls() == []
        gone = actor.request("GET", f"/me/calls/{call}")
        assert (gone.http, gone.code) == (404, 6)


def test_hangup_while_dialing_stops_the_ringing(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = one.dial(two.number)
    two.events()
    one.do("Hangup", call)
    assert two.story() == [("StatusChange", "Released")]
    assert two.calls() == []


def test_a_customer_answers_when_the_stimulus_says_so(bench: Bench) -> None:
    one = bench.agents[0]
    call = one.dial("6005")
    assert one.call(call)["callType"] == "Outbound"
    assert one.call(call)["state"] == "Dialing"
    bench.stimulus("customer-answer", number="6005")
    assert one.story() == [("StatusChange", "Dialing"), ("StatusChange", "Established")]
    bench.stimulus("customer-hangup", number="6005")
    assert one.story() == [("StatusChange", "Released")]


def test_customers_who_answer_at_once_or_are_busy(bench: Bench) -> None:
    one = bench.agents[0]
    call = one.dial("6150")
    assert one.story() == [("StatusChange", "Dialing"), ("StatusChange", "Established")]
    one.do("Hangup", call)
    one.events()
    assert one.dial("6250") == ""
    assert one.story() == [("StatusChange", "Dialing"), ("StatusChange", "Released")]


def test_an_inbound_call_shows_who_calls(bench: Bench) -> None:
    one = bench.agents[0]
    call = bench.stimulus("inbound-call", to="5001", **{"from": "6007"}, userData={"POC": "New"})["callId"]
    shown = one.call(call)
    assert (shown["callType"], shown["ani"], shown["dnis"]) == ("Inbound", "6007", "5001")
    assert shown["userData"] == {"POC": "New"}
    assert numbers(shown) == {"6007"}
    (event,) = one.events()
    assert event["extensions"] == {"BusinessCall": 1, "WrapUpTime": 0}


def test_a_number_with_country_code_brings_its_geography(bench: Bench) -> None:
    call = bench.stimulus("inbound-call", to="5001", **{"from": "+19165550104"})["callId"]
    (shown,) = bench.agents[0].call(call)["participants"]
    assert shown["e164Number"] == "+19165550104"
    assert shown["formattedPhoneNumber"] == "(916) 555-0104"
    assert shown["country"] == {"name": "United States", "code": "US", "callingCode": "1"}
    assert shown["location"] == "California"
    assert shown["phoneNumber"] == shown["digits"] == "9165550104"


@pytest.mark.parametrize("number", ["4711", "5001", "0"])
def test_dial_of_what_cannot_be_called_is_told_by_an_error(bench: Bench, number: str) -> None:
    one = bench.agents[0]
    assert one.dial(number) == ""
    (event,) = one.events("/v2/me/devices")
    assert event["messageType"] == "ErrorMessage"
    assert event["errorMessage"] == INVALID[1]
    assert event["deviceUri"].endswith(one.device.id)
    assert "callUri" not in event


def test_a_second_call_needs_the_first_on_hold(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    assert one.dial(three.number) == ""
    assert one.story() == [INCORRECT]
    one.do("Hold", call)
    assert one.dial(three.number) != ""


def test_an_engaged_agent_is_busy(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    talk(one, two)
    three.dial(one.number)
    assert three.story() == [("StatusChange", "Dialing"), ("StatusChange", "Released")]
    assert one.story() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1),
        ({"destination": {}}, 1),
        ({"destination": {"phoneNumber": ""}}, 1),
        ({"destination": "5002"}, 10),
        ({"destination": {"phoneNumber": 5002}}, 10),
        ({"destination": {"phoneNumber": "5002"}, "userData": "x"}, 10),
        ({"destination": {"phoneNumber": "5002"}, "location": 1}, 10),
        ({"destination": {"phoneNumber": "5002"}, "outboundCallerId": 1}, 10),
    ],
)
def test_dial_checks_its_parameters(bench: Bench, body: dict[str, Any], code: int) -> None:
    one = bench.agents[0]
    reply = one.post(f"/me/devices/{one.device.id}/calls", "Dial", **body)
    assert (reply.http, reply.code) == (400, code)
    assert reply.body["statusMessage"]
    assert one.calls() == []


def test_dial_takes_only_the_own_device(bench: Bench) -> None:
    one, two = bench.agents[:2]
    reply = one.post(f"/me/devices/{two.device.id}/calls", "Dial", destination={"phoneNumber": "5003"})
    assert (reply.http, reply.code) == (404, 6)


def test_dial_adds_the_configured_user_data(bench: Bench) -> None:
    one = bench.agents[0]
    data = {"subscriberId": "1", "region": "EU"}
    assert bench.admin.request("POST", "/settings/voice-operations", {"operationName": "Dial", "userData": data})
    call = one.dial("6001", userData={"region": "US"})
    assert one.call(call)["userData"] == {"subscriberId": "1", "region": "US"}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("Answer", {}),
        ("Hold", {}),
        ("Retrieve", {}),
        ("Hangup", {}),
        ("Reject", {}),
        ("SendDtmf", {"digits": "1"}),
        ("MuteCall", {}),
        ("ClearCall", {}),
        ("AttachUserData", {"userData": {"a": "b"}}),
    ],
)
def test_an_unknown_or_foreign_call_is_not_found(bench: Bench, operation: str, params: dict[str, Any]) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    for call_id in ("00UNKNOWN", call):
        reply = three.do(operation, call_id, **params)
        assert (reply.http, reply.code) == (404, 6)
    assert three.events() == []
    assert one.call(call)["state"] == "Established"


@pytest.mark.parametrize(
    "operation", ["SwitchToBargeIn", "SwitchToListenIn", "MuteMonitoredUser", "UnmuteMonitoredUser"]
)
def test_supervising_operations_are_for_supervisors(bench: Bench, operation: str) -> None:
    actor, call = reach(bench, "Established")
    reply = actor.do(operation, call)
    assert (reply.http, reply.code) == (403, 5)
    assert actor.events("/v2/me/calls") == []


@pytest.mark.parametrize(
    ("state", "operation"),
    [
        ("Ringing", "Hold"),
        ("Ringing", "Retrieve"),
        ("Ringing", "Hangup"),
        ("Ringing", "SendDtmf"),
        ("Ringing", "SwapCalls"),
        ("Dialing", "Answer"),
        ("Dialing", "Hold"),
        ("Dialing", "Retrieve"),
        ("Dialing", "MuteCall"),
        ("Established", "Answer"),
        ("Established", "Retrieve"),
        ("Established", "MuteCall"),
        ("Established", "UnmuteCall"),
        ("Established", "Reject"),
        ("Established", "ClearCall"),
        ("Established", "CompleteTransfer"),
        ("Established", "CompleteConference"),
        ("Established", "RemoveParticipantFromConference"),
        ("Held", "Answer"),
        ("Held", "Hold"),
        ("Held", "SendDtmf"),
    ],
)
def test_what_is_not_offered_is_refused_afterwards(bench: Bench, state: str, operation: str) -> None:
    actor, call = reach(bench, state)
    before = actor.calls()
    params = {"SendDtmf": {"digits": "1"}, "RemoveParticipantFromConference": {"participant": "5002"}}
    other = {"SwapCalls": {"otherCallUri": call}}.get(operation)
    if other is not None:
        assert actor.do(operation, call, **other).code == 2
        return
    assert actor.do(operation, call, **params.get(operation, {})).body == {"statusCode": 0}
    (event,) = actor.events("/v2/me/calls")
    assert event["messageType"] == "ErrorMessage"
    assert event["errorMessage"] == "Incorrect object state"
    assert event["callUri"].endswith(f"/calls/{call}")
    assert event["deviceUri"].endswith(actor.device.id)
    after = actor.calls()
    assert [(c["id"], c["state"]) for c in after] == [(c["id"], c["state"]) for c in before]


def reach(bench: Bench, state: str) -> tuple[Actor, str]:
    """An agent with one call in the state."""
    one, two = bench.agents[:2]
    if state in ("Ringing", "Dialing"):
        call = one.dial(two.number)
        actor = two if state == "Ringing" else one
    else:
        call, actor = talk(one, two), one
        if state == "Held":
            one.do("Hold", call)
    one.events(), two.events()
    return actor, call


def test_dtmf_is_confirmed_to_the_sender(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    assert one.do("SendDtmf", call, digits="0123456789").code == 0
    assert one.story() == [("DtmfSent", "Established")]
    assert two.story() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, 1), ({"digits": ""}, 1), ({"digits": "a"}, 10), ({"digits": 5}, 10), ({"digits": "1\n"}, 10)],
)
def test_dtmf_takes_digits_only(bench: Bench, body: dict[str, Any], code: int) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    reply = one.do("SendDtmf", call, **body)
    assert (reply.http, reply.code) == (400, code)
    assert one.events() == []


def test_dtmf_while_dialing(bench: Bench) -> None:
    one = bench.agents[0]
    call = one.dial("6001")
    one.events()
    one.do("SendDtmf", call, digits="5")
    assert one.story() == [("DtmfSent", "Dialing")]


def test_mute_and_unmute_in_a_conference(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    one.events(), two.events()
    two.do("MuteCall", call)
    (event,) = two.events()
    assert (event["notificationType"], event["call"]["mute"]) == ("StatusChange", "On")
    assert "UnmuteCall" in event["call"]["capabilities"]
    assert "MuteCall" not in event["call"]["capabilities"]
    assert one.call(call)["mute"] == "Off"
    two.do("UnmuteCall", call)
    (event,) = two.events()
    assert event["call"]["mute"] == "Off"
    assert "MuteCall" in event["call"]["capabilities"]


def test_who_is_muted_when_a_conference_shrinks_can_unmute(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    two.do("MuteCall", call)
    bench.stimulus("customer-hangup", number="6100")
    assert two.capabilities(call) == ESTABLISHED | {"UnmuteCall"}
    two.do("UnmuteCall", call)
    assert two.capabilities(call) == ESTABLISHED


def test_clear_call_ends_the_conference_for_all(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": three.number})
    three.do("Answer", call)
    for actor in (one, two, three):
        actor.events()
    two.do("ClearCall", call)
    for actor in (one, two, three):
        (event,) = actor.events()
        assert event["call"]["state"] == "Released"
        assert len(event["call"]["participants"]) == 2
        assert actor.calls() == []


def test_the_duration_follows_the_clock(bench: Bench) -> None:
    one = bench.agents[0]
    call = talk_to_customer(one)
    bench.advance(42)
    one.do("Hold", call)
    (event,) = one.events()
    assert event["call"]["duration"] in ("42", "43")


def test_capabilities_come_in_varying_order(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    orders = {tuple(one.call(call)["capabilities"]) for _ in range(8)}
    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


@pytest.mark.parametrize("order", ["events-first", "mixed"])
def test_the_notification_may_come_before_the_reply(order: str) -> None:
    bench = Bench(order=order)
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("Hold", call)
    one.do("Retrieve", call)
    assert one.story() == [("StatusChange", "Held"), ("StatusChange", "Established")]


def test_voice_that_is_disabled_or_down(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    bench.client.post("/__simulator/services", json={"type": "Voice", "state": "Inactive"})
    reply = one.do("Hold", call)
    assert (reply.http, reply.code) == (503, 4)
    bench.client.post("/__simulator/services", json={"type": "Voice", "state": "Active"})
    bench.client.post("/__simulator/features", json={"off": ["api-voice"]})
    assert one.do("Hold", call).code == 2
    assert one.request("GET", f"/me/calls/{call}").http == 404
