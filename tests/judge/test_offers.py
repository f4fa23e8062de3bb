"""An operation that is offered, where the documents do not tell what comes of it: only its acceptance counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.judge.build import Timeline, call_message

DONE = {"statusCode": 0}
NO = {"statusCode": 2, "statusMessage": "no"}
ERROR = {"messageType": "ErrorMessage", "errorCode": 1, "errorMessage": "no"}
BESIDE = "held-original:HeldBesideConsult-InitiateConference-HeldBesideConsult"
ALONE = "call:Held-InitiateConference-Held"


def initiate(transition: str, reply: Any, told: Any = None) -> Timeline:
    """InitiateConference of a call that offers it."""
    line = Timeline(transition.rpartition("-")[0], operation="")
    line.step(
        "voice.InitiateConference",
        "offered",
        level="should",
        plain=True,
        owes=False,
        transition=transition,
        offered=["InitiateConference"],
        resource={"binding": "call", "id": "CALL1"},
        known={"agent": ["CALL1"]},
    )
    body = {"operationName": "InitiateConference", "destination": {"phoneNumber": "5003"}}
    line.ask("POST", "/me/calls/CALL1", body).say(reply, status=200 if reply == DONE else 400)
    return line.tell(told) if told else line


def verdicts(line: Timeline, check: str) -> list[tuple[str, tuple[str, ...]]]:
    """The verdicts of one check, with the readings that were followed."""
    return [(str(item.verdict), item.readings) for item in line.findings() if item.check == check]


@pytest.mark.parametrize(("reply", "told"), [(NO, None), (DONE, ERROR)])
def test_a_refusal_is_told(reply: Any, told: Any) -> None:
    """Whether by the reply or by an ErrorMessage."""
    assert verdicts(initiate(BESIDE, reply, told), "capability.honoured") == [("warning", ())]


@pytest.mark.parametrize(("reply", "told"), [(NO, None), (DONE, ERROR)])
def test_a_refusal_that_a_reading_allows(reply: Any, told: Any) -> None:
    """The ambiguity of the transition has an allowed reading `refused`: that one was followed."""
    line = initiate(ALONE, reply, told)
    assert verdicts(line, "capability.honoured") == [("passed", ("voice.initiate-from-held/refused",))]
    assert not any(verdict == "warning" for verdict, _ in verdicts(line, "notification.unexpected"))


def test_nothing_more_is_owed() -> None:
    """Neither the notifications of the page nor the capabilities of any state."""
    line = initiate(BESIDE, DONE, call_message("Held", capabilities=["Hangup"]))
    assert verdicts(line, "capability.honoured") == [("passed", ())]
    assert verdicts(line, "notification.sent") == []
    assert verdicts(line, "capabilities.after") == []
