"""Nothing can be expected of a deployment that nothing was done to: where a stimulus failed, no check complains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.judge.build import Timeline, call_message
from tests.judge.pairs_stories import did, down, line_of

LISTED = {"services": [{"id": "S1", "type": "Chat", "state": "Active"}]}
DOWN = {"type": "Chat", "state": "Inactive"}


def said(line: Timeline, check: str) -> list[str]:
    """The verdicts of one check."""
    return [str(item.verdict) for item in line.findings() if item.check == check]


def test_a_service_that_was_not_stopped() -> None:
    """Neither told of nor listed as Inactive: that is as it should be."""
    failed = did(down(ok=False), "basics.ListServices", "GET", "/services?fields=*", None, LISTED)
    assert said(failed, "service.told") == []
    stopped = did(down(), "basics.ListServices", "GET", "/services?fields=*", None, LISTED)
    assert said(stopped, "service.told") == ["failed"]


def test_a_stimulus_without_an_end() -> None:
    """The run was interrupted while it went on: nobody knows what it did."""
    line = line_of("basics.ListServices").step(case="stimulus", performer="stimulus", label="service-state")
    line.add("stimulus", {"name": "service-state", "parameters": DOWN})
    assert said(line, "service.told") == []


def test_a_service_whose_state_is_unknown() -> None:
    """It was stopped, and the stimulus that starts it failed half-way: either state may be listed."""
    line = down()
    line.tell({"messageType": "ServiceStateChangeMessage", "service": {"id": "S1", **DOWN}}, "/notifications/services")
    line.step(case="stimulus", performer="stimulus", label="take back")
    line.add("stimulus", {"name": "service-state", "parameters": {"type": "Chat", "state": "Active"}})
    line.add("stimulus.done", {"name": "service-state", "ok": False, "reason": "exit code 1"})
    did(line, "basics.ListServices", "GET", "/services?fields=*", None, LISTED)
    assert said(line, "service.told") == ["passed"]


def test_a_partial_success_is_expected_only_while_chat_is_down() -> None:
    """A session that starts in full is no deviation where the stimulus failed."""
    body = {"operationName": "StartContactCenterSession", "channels": ["voice", "chat"]}
    verdicts = [
        said(did(down(ok=ok), "voice.StartContactCenterSession", "POST", "/me", body), "partial.told")
        for ok in (True, False)
    ]
    assert verdicts == [["failed"], []]


@pytest.mark.parametrize("ok", [True, False])
def test_a_call_that_nobody_made(ok: bool) -> None:
    """Whatever rings while the stimulus fails is another call."""
    line = line_of("voice.Answer").step("", "stimulus", performer="stimulus")
    line.add("stimulus", {"name": "inbound-call", "parameters": {"to": "5001"}})
    line.add("stimulus.done", {"name": "inbound-call", "ok": ok})
    line.tell(call_message("Ringing", callType="Internal"))
    assert said(line, "call.type") == (["warning"] if ok else [])


@pytest.mark.parametrize(
    ("answer", "verdicts"), [({"statusCode": 0}, ["failed"]), ({"statusCode": 5, "statusMessage": "no"}, [])]
)
def test_a_customer_who_was_refused(answer: Mapping[str, Any], verdicts: list[str]) -> None:
    """A chat cannot move by a customer's request that was not granted; where it was granted it has to."""
    line = line_of("chat.Accept", area="chat")
    expect = {"chart": "chat", "state": "Chatting", "actor": "agent", "id": None, "moved": True}
    line.step("", "transition", performer="customer", expect=expect, label="customer:SendMessage")
    line.ask("POST", "/chats/CHAT1", {"operationName": "SendMessage"}, actor="customer", purpose="auth")
    line.say(dict(answer), actor="customer")
    assert said(line, "state.after") == verdicts
