"""Sessions of the contact centre: noted before they begin, over when the server says so, not begun to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.driver.ledger import Entry
from conformance.driver.outcomes import NotApplicable, Untestable
from conformance.driver.stage import Stage
from tests.driver.driver_support import OK, TARGET, QuietStage

SESSION = Entry("session", "agent", "agent", "POST /me EndContactCenterSession")
ENDS: tuple[Callable[[Stage], None], ...] = (
    lambda stage: stage.end_session(stage.actor("agent")),
    lambda stage: stage.close(),
)


@pytest.mark.parametrize(
    ("answer", "over"),
    [
        ({"statusCode": 0}, True),
        ((400, {"statusCode": 2, "statusMessage": "there is none"}), True),
        ((503, {"statusCode": 4, "statusMessage": "no"}), False),
        ((502, None), False),
        (OSError, False),
    ],
)
def test_a_session_is_over_when_the_server_says_so(answer: Any, over: bool) -> None:
    """Not before: otherwise the ledger keeps it, for `cleanup`."""

    def reply(method: str, path: str, body: Any) -> Any:
        return OK if answer is OSError else answer

    for end in ENDS:
        stage = QuietStage(reply)
        if answer is OSError:
            stage.http["agent"].broken = True
        stage.ledger.add(SESSION)
        end(stage)
        assert stage.http["agent"].asked == [("POST", "/me", {"operationName": "EndContactCenterSession"})]
        assert stage.ledger.holds("session", "agent", "agent") is not over


def test_a_session_that_was_not_ended_is_ended_with_the_run() -> None:
    stage = QuietStage(lambda *_: (503, {"statusCode": 4}))
    stage.ledger.add(SESSION)
    stage.end_session(stage.actor("agent"))
    assert not stage.actor("agent").in_session
    stage.http["agent"].answer = lambda *_: OK
    stage.close()
    assert not stage.ledger.holds("session", "agent", "agent")


def test_a_session_is_noted_before_it_is_begun() -> None:
    stage = QuietStage()
    seen: list[bool] = []

    def answer(*_: Any) -> Any:
        seen.append(stage.ledger.holds("session", "agent", "agent"))
        return OK

    stage.http["agent"].answer = answer
    stage.begin_session(stage.actor("agent"))
    assert seen[0] is True
    for code, kept in ((400, False), (502, True)):
        refusing = QuietStage(lambda *_, code=code: (code, {"statusCode": 2}))
        with pytest.raises(Untestable, match="no contact-centre session"):
            refusing.begin_session(refusing.actor("agent"))
        assert refusing.ledger.holds("session", "agent", "agent") is kept  # a server that broke may have begun one


def test_where_only_reading_is_allowed_nobody_is_logged_in() -> None:
    stage = QuietStage(text=f'{TARGET}\n[hazards]\nallow = ["read"]\n')
    with pytest.raises(NotApplicable, match="a contact-centre session needs the hazard 'state'"):
        stage.begin_session(stage.actor("agent"))
    assert stage.http["agent"].asked == []
    stage.require_safe("GET", False)
    stage.require_safe("POST", True)
    with pytest.raises(NotApplicable, match="only the hazard 'read' is allowed"):
        stage.require_safe("PATCH", False)


def test_chats_are_taken_only_when_a_scenario_needs_them() -> None:
    """The first agent is Ready for chats from `take_chats` to `leave_chats`, and for nobody's in between."""
    stage = QuietStage()
    agent = stage.http["agent"]
    stage.begin_session(stage.actor("agent"))
    said = [(path, body["operationName"]) for _, path, body in agent.asked]
    assert said == [("/me", "StartContactCenterSession"), ("/me/channels/chat", "NotReady")]
    agent.asked.clear()
    for act in (stage.take_chats, stage.take_chats, stage.leave_chats, stage.leave_chats):
        act()
    assert [body["operationName"] for _, _, body in agent.asked] == ["Ready", "NotReady"]
