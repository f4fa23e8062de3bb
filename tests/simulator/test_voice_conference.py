"""SingleStepConference, SingleStepTransfer, RemoveParticipantFromConference."""

from __future__ import annotations

import pytest

from tests.simulator.voice_support import (
    BUSY,
    ESTABLISHED,
    HELD,
    INCORRECT,
    INVALID,
    Bench,
    numbers,
    talk,
    talk_to_customer,
)

CONFERENCE = ESTABLISHED | {"MuteCall"}
OWNER = CONFERENCE | {"RemoveParticipantFromConference"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_single_step_conference(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    destination = {"phoneNumber": three.number}
    assert one.do("SingleStepConference", call, destination=destination, userData={"No": "1"}).code == 0
    (event,) = one.events()
    assert event["notificationType"] == "ParticipantsUpdated"
    assert [p["phoneNumber"] for p in event["call"]["participants"]] == [three.number, two.number]
    assert event["call"]["userData"] == {"No": "1", "FirstConferencePartyDN": one.number}
    assert set(event["call"]["capabilities"]) == OWNER
    assert two.story() == [("ParticipantsUpdated", "Established")]
    assert two.capabilities(call) == CONFERENCE
    assert three.story() == [("StatusChange", "Ringing")]
    three.do("Answer", call)
    assert three.story() == [("StatusChange", "Established")]
    assert three.call(call)["state"] == "Established"
    assert numbers(three.call(call)) == {one.number, two.number}


def test_a_held_conference_is_held_like_any_call(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    one.do("Hold", call)
    assert one.capabilities(call) == HELD
    one.do("Retrieve", call)
    assert one.capabilities(call) == OWNER


@pytest.mark.parametrize("operation", ["SingleStepConference", "SingleStepTransfer"])
@pytest.mark.parametrize(("number", "told"), [("4711", INVALID), ("6200", BUSY), ("5002", BUSY)])
def test_a_destination_that_cannot_join_changes_nothing(
    bench: Bench, operation: str, number: str, told: tuple[str, str]
) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    assert one.do(operation, call, destination={"phoneNumber": number}).code == 0
    assert one.story() == [told]
    assert numbers(one.call(call)) == {two.number}
    assert "userData" not in one.call(call)


@pytest.mark.parametrize("operation", ["SingleStepConference", "SingleStepTransfer", "InitiateTransfer"])
def test_the_destination_is_required(bench: Bench, operation: str) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    assert one.do(operation, call).code == 1
    assert one.do(operation, call, destination={"phoneNumber": ""}).code == 1
    assert one.do(operation, call, destination=[]).code == 10


@pytest.mark.parametrize("held", [False, True])
def test_single_step_transfer(bench: Bench, held: bool) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    if held:
        one.do("Hold", call)
    one.events()
    data = {"TransferReason": "Escalation"}
    one.do("SingleStepTransfer", call, destination={"phoneNumber": three.number}, userData=data)
    (event,) = one.events()
    assert event["call"]["state"] == "Released"
    assert event["call"]["userData"] == data
    assert numbers(event["call"]) == {two.number}
    assert one.calls() == []
    assert two.story() == [("ParticipantsUpdated", "Established")]
    assert three.story() == [("StatusChange", "Ringing")]
    three.do("Answer", call)
    assert numbers(three.call(call)) == {two.number}
    assert three.call(call)["userData"] == data


def test_single_step_transfer_to_a_queue_and_back_after_reject(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    two.state("Ready")
    call = talk_to_customer(one)
    one.do("SingleStepTransfer", call, destination={"phoneNumber": "9000"})
    assert one.calls() == []
    assert two.call(call)["state"] == "Ringing"
    two.do("Reject", call)
    assert two.calls() == []
    three.state("Ready")
    assert three.call(call)["state"] == "Ringing"


def test_the_owner_removes_a_participant(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": three.number})
    three.do("Answer", call)
    for actor in (one, two, three):
        actor.events()
    assert one.do("RemoveParticipantFromConference", call, participant=two.number).code == 0
    (event,) = one.events()
    assert event["notificationType"] == "ParticipantsUpdated"
    assert numbers(event["call"]) == {three.number}
    assert set(event["call"]["capabilities"]) == ESTABLISHED
    assert two.story() == [("StatusChange", "Released")]
    assert two.calls() == []
    assert three.story() == [("ParticipantsUpdated", "Established")]


def test_nobody_but_the_owner_removes(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    two.events()
    two.do("RemoveParticipantFromConference", call, participant="6100")
    assert two.story() == [INCORRECT]
    assert numbers(one.call(call)) == {two.number, "6100"}


def test_a_participant_who_is_not_there_cannot_be_removed(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    assert one.do("RemoveParticipantFromConference", call).code == 1
    assert one.do("RemoveParticipantFromConference", call, participant=5002).code == 10
    assert one.do("RemoveParticipantFromConference", call, participant="5004").code == 2
    assert len(one.call(call)["participants"]) == 2


def test_a_conference_goes_on_when_one_leaves_and_ends_with_the_last_but_one(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    one.events(), two.events()
    bench.stimulus("customer-hangup", number="6100")
    assert one.story() == [("ParticipantsUpdated", "Established")]
    assert two.story() == [("ParticipantsUpdated", "Established")]
    assert one.capabilities(call) == ESTABLISHED
    two.do("Hangup", call)
    assert one.story() == [("StatusChange", "Released")]
