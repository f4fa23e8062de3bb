"""Queues, Reject, and the stimuli."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.voice_support import INCORRECT, Bench, numbers, talk


@pytest.fixture
def bench() -> Bench:
    return Bench()


def ready(bench: Bench, count: int) -> None:
    """The first agents become Ready, in order."""
    for agent in bench.agents[:count]:
        agent.state("Ready")
        agent.events()


def test_a_queue_rings_at_the_agent_who_is_free_for_longest(bench: Bench) -> None:
    ready(bench, 3)
    took = []
    for _ in range(4):
        call = bench.stimulus("inbound-call", to="9000")["callId"]
        agent = next(a for a in bench.agents if a.calls())
        took.append(agent.number)
        shown = agent.call(call)
        assert (shown["dnis"], shown["callType"], shown["state"]) == ("9000", "Inbound", "Ringing")
        agent.do("Answer", call)
        agent.do("Hangup", call)
    assert took == ["5001", "5002", "5003", "5001"]


def test_a_call_waits_until_an_agent_is_ready(bench: Bench) -> None:
    call = bench.stimulus("inbound-call", to="9000")
    assert call["state"] == "Queued"
    one = bench.agents[0]
    one.state("NotReady")
    assert one.calls() == []
    one.state("Ready")
    assert one.call(call["callId"])["state"] == "Ringing"


@pytest.mark.parametrize("unfit", ["DoNotDisturbOn", "ForwardCallsOn", "busy", "NotReady"])
def test_a_queue_passes_over_an_agent_who_cannot_take_calls(bench: Bench, unfit: str) -> None:
    ready(bench, 2)
    one, two = bench.agents[:2]
    if unfit == "busy":
        talk(one, bench.agents[2])
    elif unfit == "NotReady":
        one.state("NotReady")
    else:
        one.on_device(unfit, destination="5003")
    call = bench.stimulus("inbound-call", to="9000")["callId"]
    assert two.call(call)["state"] == "Ringing"


def test_an_agent_calls_a_queue(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = one.dial("9000")
    assert numbers(one.call(call)) == {"9000"}
    two.state("Ready")
    assert two.call(call)["state"] == "Ringing"
    two.do("Answer", call)
    assert one.call(call)["state"] == "Established"
    assert numbers(one.call(call)) == {two.number}


def test_reject_returns_the_call_to_its_queue(bench: Bench) -> None:
    ready(bench, 2)
    one, two = bench.agents[:2]
    caller = bench.agents[2]
    call = caller.dial("9000")
    one.events()
    assert one.do("Reject", call).body == {"statusCode": 0}
    (event,) = one.events()
    assert event["call"]["state"] == "Released"
    assert event["call"]["capabilities"] == []
    assert event["call"]["dnis"] == "9000"
    assert numbers(event["call"]) == {caller.number}
    assert one.calls() == []
    assert caller.call(call)["state"] == "Dialing"
    assert two.call(call)["state"] == "Ringing"
    two.do("Reject", call)
    assert two.calls() == one.calls() == []
    assert caller.call(call)["state"] == "Dialing"
    one.state("NotReady")
    one.state("Ready")
    assert one.call(call)["state"] == "Ringing"


def test_a_direct_call_cannot_be_rejected(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = one.dial(two.number)
    two.events()
    assert two.do("Reject", call).code == 0
    assert two.story() == [INCORRECT]
    assert two.call(call)["state"] == "Ringing"


def test_a_customer_who_gives_up_in_the_queue_is_gone(bench: Bench) -> None:
    call = bench.stimulus("inbound-call", to="9000", **{"from": "6009"})["callId"]
    assert bench.stimulus("customer-hangup", number="6009")["state"] == "Released"
    bench.agents[0].state("Ready")
    assert bench.agents[0].calls() == []
    assert call not in bench.world.voice.calls


def test_an_agent_who_stops_calling_a_queue_leaves_nothing(bench: Bench) -> None:
    one = bench.agents[0]
    call = one.dial("9000")
    one.do("Hangup", call)
    assert bench.world.voice.calls == {}


def test_a_busy_agent_gets_no_inbound_call(bench: Bench) -> None:
    talk(*bench.agents[:2])
    assert bench.stimulus("inbound-call", to="5001") == {"statusCode": 0, "callId": None, "state": "Busy"}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, 1),
        ({"to": 5001}, 10),
        ({"to": "4711"}, 10),
        ({"to": "5001", "from": "5002"}, 10),
        ({"to": "5001", "userData": "x"}, 10),
    ],
)
def test_an_impossible_inbound_call_is_refused(bench: Bench, params: dict[str, Any], code: int) -> None:
    assert bench.stimulus("inbound-call", **params)["statusCode"] == code


def test_a_customers_hold_is_not_told(bench: Bench) -> None:
    one = bench.agents[0]
    call = one.dial("6100")
    one.events()
    assert bench.stimulus("customer-hold", number="6100")["state"] == "Held"
    assert bench.stimulus("customer-retrieve", callId=call)["state"] == "Established"
    assert one.events() == []
    assert bench.stimulus("customer-retrieve", callId=call)["statusCode"] == 6


def test_the_handset_hangs_up(bench: Bench) -> None:
    one, two = bench.agents[:2]
    talk(one, two)
    assert bench.stimulus("device-hangup", number=two.number)["state"] == "Released"
    assert one.story() == two.story() == [("StatusChange", "Released")]


def test_the_switch_reports_an_error(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    bench.stimulus("device-error", number=one.number, message="Out of order", callId=call)
    (event,) = one.events("/v2/me/calls")
    assert event["errorMessage"] == "Out of order"
    assert bench.stimulus("device-error", number="4711")["statusCode"] == 6


def test_release_all(bench: Bench) -> None:
    one, two = bench.agents[:2]
    talk(one, two)
    bench.stimulus("inbound-call", to="9000")
    assert bench.stimulus("release-all")["released"] == 2
    assert one.story() == [("StatusChange", "Released")]
    assert bench.world.voice.calls == {}
    assert bench.stimulus("release-all")["released"] == 0
