"""Two-step transfers and conferences, SwapCalls, MergeWithOtherCall."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.voice_support import (
    BESIDE_HELD,
    DIALING,
    ESTABLISHED,
    HELD,
    INCORRECT,
    INVALID,
    Bench,
    consult,
    numbers,
    talk,
    talk_to_customer,
)

CONFERENCE = ESTABLISHED | {"MuteCall"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("operation", ["InitiateTransfer", "InitiateConference"])
@pytest.mark.parametrize("held", [False, True])
def test_initiate_holds_the_call_and_dials_a_consult_call(bench: Bench, operation: str, held: bool) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    if held:
        one.do("Hold", call)
        one.events()
    second = consult(one, call, three.number, operation, userData={"Reason": "Escalation"})
    assert one.story() == [("StatusChange", "Held")] * (not held) + [("StatusChange", "Dialing")]
    assert three.story() == [("StatusChange", "Ringing")]
    assert two.story() == []
    shown = one.call(second)
    assert (shown["callType"], shown["dnis"]) == ("Consult", "5003")
    assert shown["parentCallUri"].endswith(f"/me/calls/{call}")
    assert shown["parentCallPath"] == f"/calls/{call}"
    assert shown["userData"] == {"Reason": "Escalation"}
    assert one.capabilities(call) == HELD
    assert one.capabilities(second) == DIALING | BESIDE_HELD
    three.do("Answer", second)
    assert one.capabilities(second) == ESTABLISHED | BESIDE_HELD | {"CompleteConference"}
    assert three.call(second)["callType"] == "Consult"
    assert three.capabilities(second) == ESTABLISHED


def test_initiate_to_nowhere_changes_nothing(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("InitiateTransfer", call, destination={"phoneNumber": "4711"})
    assert one.story() == [INVALID]
    assert one.call(call)["state"] == "Established"


def test_complete_transfer(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    second = consult(one, call, three.number)
    three.do("Answer", second)
    for actor in (one, two, three):
        actor.events()
    one.do("CompleteTransfer", second)
    released = one.events()
    assert [(e["call"]["id"], e["call"]["state"]) for e in released] == [(call, "Released"), (second, "Released")]
    assert numbers(released[0]["call"]) == {two.number}
    assert numbers(released[1]["call"]) == {three.number}
    assert one.calls() == []
    assert two.story() == [("ParticipantsUpdated", "Established")]
    assert three.story() == [("StatusChange", "Released"), ("StatusChange", "Established")]
    assert numbers(two.call(call)) == {three.number}
    assert numbers(three.call(call)) == {two.number}
    assert [c["id"] for c in three.calls()] == [call]
    assert three.capabilities(call) == two.capabilities(call) == ESTABLISHED


def test_complete_transfer_while_the_consult_call_dials(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk_to_customer(one)
    second = consult(one, call, two.number)
    one.events(), two.events()
    one.do("CompleteTransfer", second)
    assert one.calls() == []
    assert two.story() == [("StatusChange", "Released"), ("StatusChange", "Ringing")]
    two.do("Answer", call)
    assert numbers(two.call(call)) == {"6001"}
    assert two.call(call)["state"] == "Established"


@pytest.mark.parametrize("on_consult", [True, False])
def test_complete_conference(bench: Bench, on_consult: bool) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    second = consult(one, call, three.number, "InitiateConference")
    three.do("Answer", second)
    for actor in (one, two, three):
        actor.events()
    if on_consult:
        one.do("CompleteConference", second)
    else:
        one.do("CompleteConference", call, consultCallUri=one.call(second)["uri"])
    told = one.events()
    assert [(e["notificationType"], e["call"]["id"], e["call"]["state"]) for e in told] == [
        ("StatusChange", second, "Released"),
        ("ParticipantsUpdated", call, "Established"),
    ]
    assert numbers(told[1]["call"]) == {two.number, three.number}
    assert set(told[1]["call"]["capabilities"]) == CONFERENCE | {"RemoveParticipantFromConference"}
    assert two.story() == [("ParticipantsUpdated", "Established")]
    assert three.story() == [("StatusChange", "Released"), ("StatusChange", "Established")]
    assert two.capabilities(call) == three.capabilities(call) == CONFERENCE
    one.do("Hangup", call)
    assert two.story() == [("ParticipantsUpdated", "Established")]
    assert two.capabilities(call) == ESTABLISHED


def test_a_conference_cannot_be_completed_before_the_answer(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    second = consult(one, call, three.number, "InitiateConference")
    one.events()
    one.do("CompleteConference", second)
    assert one.story() == [INCORRECT]
    assert {c["state"] for c in one.calls()} == {"Held", "Dialing"}


def test_a_held_call_does_not_complete_without_naming_the_consult_call(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    second = consult(one, call, "6100")
    one.events()
    one.do("CompleteTransfer", call)
    assert one.story() == [INCORRECT]
    one.do("CompleteTransfer", call, consultCallUri=one.call(second)["uri"])
    assert one.story() == [("StatusChange", "Released")] * 2


def test_an_unknown_consult_call_is_not_found(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    reply = one.do("CompleteTransfer", call, consultCallUri="http://x/api/v2/me/calls/00UNKNOWN")
    assert (reply.http, reply.code) == (404, 6)


def test_two_calls_that_know_nothing_of_each_other_can_be_conferenced(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("Hold", call)
    other = one.dial("6100")
    assert one.call(other)["callType"] == "Outbound"
    assert one.capabilities(other) == ESTABLISHED | BESIDE_HELD | {"CompleteConference"}
    one.do("CompleteConference", other)
    assert [c["id"] for c in one.calls()] == [call]
    assert numbers(one.call(call)) == {two.number, "6100"}


def test_a_consult_call_that_ends_leaves_the_held_one(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    second = consult(one, call, three.number)
    three.do("Answer", second)
    one.events()
    one.do("Hangup", second)
    assert one.story() == [("StatusChange", "Released")]
    assert one.call(call)["state"] == "Held"
    assert three.calls() == []


def test_swap_calls(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    second = consult(one, call, "6100")
    one.events()
    assert one.do("SwapCalls", second, otherCallUri=one.call(call)["uri"]).code == 0
    told = [(e["call"]["id"], e["call"]["state"]) for e in one.events()]
    assert told == [(second, "Held"), (call, "Established")]
    assert one.capabilities(second) == HELD
    assert one.capabilities(call) == ESTABLISHED | BESIDE_HELD | {"CompleteConference"}
    one.do("CompleteTransfer", call)
    assert one.calls() == []
    assert numbers(two.call(call)) == {"6100"}


def test_swap_calls_while_the_other_dials(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    second = consult(one, call, three.number)
    one.do("SwapCalls", second, otherCallUri=one.call(call)["path"])
    assert (one.call(call)["state"], one.call(second)["state"]) == ("Established", "Held")
    one.do("SwapCalls", call, otherCallUri=second)
    assert (one.call(call)["state"], one.call(second)["state"]) == ("Held", "Dialing")
    three.do("Answer", second)
    assert one.call(second)["state"] == "Established"


@pytest.mark.parametrize("operation", ["SwapCalls", "MergeWithOtherCall"])
@pytest.mark.parametrize(("params", "code"), [({}, 1), ({"otherCallUri": 5}, 10), ({"otherCallUri": "/calls/x"}, 6)])
def test_the_other_call_is_checked(bench: Bench, operation: str, params: dict[str, Any], code: int) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    consult(one, call, "6100")
    before = one.calls()
    assert one.do(operation, call, **params).code == code
    assert one.do(operation, call, otherCallUri=call).code == 2
    assert [c["state"] for c in one.calls()] == [c["state"] for c in before]


def test_retrieving_the_held_call_puts_the_other_aside(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    second = consult(one, call, "6100")
    one.events()
    one.do("Retrieve", call)
    assert [(e["call"]["id"], e["call"]["state"]) for e in one.events()] == [
        (second, "Held"),
        (call, "Established"),
    ]


def test_merge_with_other_call(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("Hold", call)
    other = one.dial("6100")
    one.events()
    assert one.do("MergeWithOtherCall", call, otherCallUri=one.call(other)["uri"]).code == 0
    told = [(e["notificationType"], e["call"]["id"], e["call"]["state"]) for e in one.events()]
    assert told == [("StatusChange", other, "Released"), ("ParticipantsUpdated", call, "Established")]
    assert numbers(one.call(call)) == {two.number, "6100"}


def test_the_consult_calls_data_comes_along(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    one.do("UpdateUserData", call, userData={"a": "1"})
    second = consult(one, call, three.number, userData={"a": "2", "b": "2"})
    three.do("Answer", second)
    one.do("CompleteTransfer", second)
    assert three.call(call)["userData"] == {"a": "1", "b": "2"}


def test_transfer_to_a_queue(bench: Bench) -> None:
    one, two = bench.agents[:2]
    two.state("Ready")
    call = talk_to_customer(one)
    second = consult(one, call, "9000")
    two.do("Answer", second)
    one.do("CompleteTransfer", second)
    assert one.calls() == []
    assert numbers(two.call(call)) == {"6001"}


def test_transfer_while_waiting_in_a_queue(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk_to_customer(one)
    second = consult(one, call, "9000")
    assert numbers(one.call(second)) == {"9000"}
    one.do("CompleteTransfer", second)
    assert one.calls() == []
    two.state("Ready")
    assert two.call(call)["state"] == "Ringing"
    two.do("Answer", call)
    assert numbers(two.call(call)) == {"6001"}


@pytest.mark.parametrize("operation", ["CompleteTransfer", "CompleteConference"])
def test_two_calls_to_one_phone_cannot_be_brought_together(bench: Bench, operation: str) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    two.do("Hold", call)
    second = consult(one, call, two.number)
    two.do("Answer", second)
    one.events()
    one.do(operation, second)
    assert one.story() == [INCORRECT]
    assert len(one.calls()) == len(two.calls()) == 2


def test_a_consult_call_to_a_busy_number_is_released(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("InitiateTransfer", call, destination={"phoneNumber": "6200"})
    assert [state for _, state in one.story()] == ["Held", "Dialing", "Released"]
    assert one.call(call)["state"] == "Held"
