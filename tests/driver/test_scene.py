"""A scene: what placeholders mean, what is bound, what is declared, how long it waits."""

from __future__ import annotations

import time
from typing import Any

import pytest

from conformance.contract.placeholders import resolve
from conformance.driver.outcomes import Untestable
from conformance.driver.scene import Scene
from tests.driver.driver_support import CONTRACT, OK, QuietStage, call, scene


def find(told: Scene, name: str, performer: str = "self", *, absolute: bool = False) -> Any:
    """The value of a placeholder."""
    return resolve("${" + name + "}", told.lookup(performer, absolute=absolute))


def test_actors_and_target() -> None:
    """Roles, their devices and users, and what the target file names."""
    told = scene(QuietStage())
    assert find(told, "second.phoneNumber") == "5002"
    assert find(told, "self.nickname") == "agent-nick"
    assert find(told, "self.user.id") == "U1"
    assert find(told, "self.user.uri") == "http://127.0.0.1:9/api/v2/users/U1"
    assert find(told, "second.device.path") == "/devices/D2"
    assert find(told, "target.queueNumber") == "9000"
    assert find(told, "target.queueName") == "chat-queue"
    assert find(told, "unique") != find(told, "unique")


def test_roles_turn_with_the_performer() -> None:
    """What a page calls the second party is, for the second agent, the first; a supervisor's pages mean the cast."""
    told = scene(QuietStage())
    assert find(told, "second.phoneNumber", "second") == "5001"
    assert find(told, "self.phoneNumber", "second") == "5002"
    assert find(told, "second.phoneNumber", "second", absolute=True) == "5002"


@pytest.mark.parametrize("name", ["third.phoneNumber", "target.externalNumber", "self.device.forwardTo"])
def test_what_is_not_known_is_untestable(name: str) -> None:
    """A role that nobody plays, a number that the target file does not give, a member that is not there."""
    with pytest.raises(Untestable):
        find(scene(QuietStage()), name)


@pytest.mark.parametrize(("role", "user"), [("admin", "admin"), ("second", "second_agent")])
def test_who_is_missing_is_told_with_the_remedy(role: str, user: str) -> None:
    """The key of the target file, not the scenario's word for the part."""
    quiet = scene(QuietStage())
    quiet.cast.pop(role, None)
    with pytest.raises(Untestable, match=rf"nobody plays '{role}': add \[users\.{user}\]"):
        quiet.actor(role)


def test_resources_are_bound_as_they_are_told_of() -> None:
    """The first call is `call`, a second beside it is `consult`; each party has its own view."""
    stage = QuietStage()
    told = scene(stage)
    with pytest.raises(KeyError):
        find(told, "call.id")
    stage.tell("agent", call("Established", "C1"))
    stage.tell("second_agent", call("Ringing", "C9"))
    stage.tell("agent", call("Dialing", "C2"))
    told.absorb()
    assert told.bound("call") == "C1"
    assert told.bound("consult") == "C2"
    assert told.bound("call", "second") == "C9"
    assert find(told, "call.uri") == "http://127.0.0.1:9/api/v2/calls/C1"
    assert find(told, "call.state", "second") == "Ringing"
    assert [entry.id for entry in stage.ledger.open_entries("call")] == ["C2", "C9", "C1"]


def test_the_latest_state_counts() -> None:
    """A later notification replaces what was known; a released call makes room for another."""
    stage = QuietStage()
    told = scene(stage)
    stage.tell("agent", call("Established", "C1"))
    stage.tell("agent", call("Released", "C1"))
    assert (told.resource("call") or {})["state"] == "Released"
    stage.tell("agent", call("Ringing", "C2"))
    told.absorb()
    assert told.bound("call") == "C2"
    assert told.bound("consult") is None


def test_last_message() -> None:
    """`message` is the newest entry of a transcript that the performer was told."""
    stage = QuietStage()
    told = scene(stage)
    data = {"messageType": "MessageLogUpdated", "messages": [{"index": 1}, {"index": 2, "text": "hello"}]}
    stage.tell("agent", data, "/v2/me/chats")
    assert find(told, "message.text") == "hello"


def test_perform_declares_what_the_judge_needs() -> None:
    """The step says who does what to which resource, what was offered, who listens, and what should come of it."""
    stage = QuietStage()
    told = scene(stage)
    stage.listening("agent")
    stage.tell("agent", call("Established", "C1"))
    chart = CONTRACT.statecharts["call"]
    done = told.perform("voice.Hold", case="transition", expect=(chart, chart.states["Held"], "self"), wait=False)
    assert done.accepted
    assert stage.http["agent"].asked == [("POST", "/me/calls/C1", {"operationName": "Hold"})]
    declared = stage.steps[-1]
    assert declared["operation"] == "voice.Hold"
    assert declared["performer"] == "agent"
    assert declared["resource"] == {"binding": "call", "id": "C1"}
    assert declared["offered"] == ["Hold", "Hangup"]
    assert declared["listening"] == ["agent"]
    assert declared["expect"] == {"moved": True, "chart": "call", "state": "Held", "actor": "agent", "id": "C1"}


def test_perform_waits_for_what_is_owed() -> None:
    """A documented notification is waited for until its deadline, and no longer once it came."""
    stage = QuietStage()
    told = scene(stage)
    stage.listening("agent")
    stage.tell("agent", call("Established", "C1"))
    start = time.monotonic()
    told.perform("voice.Hold", case="setup")
    missed = time.monotonic() - start
    assert missed >= stage.target.notification_deadline

    def answer(*_: Any) -> dict[str, Any]:
        stage.tell("agent", call("Held", "C1"))
        return OK

    stage.http["agent"].answer = answer
    start = time.monotonic()
    told.perform("voice.Hold", case="setup")
    assert time.monotonic() - start < missed


def test_perform_does_not_wait_after_a_refusal() -> None:
    """A refused operation causes nothing: nothing is waited for."""
    stage = QuietStage(lambda *_: (409, {"statusCode": 18, "statusMessage": "Invalid state"}))
    told = scene(stage)
    stage.listening("agent")
    stage.tell("agent", call("Held", "C1"))
    start = time.monotonic()
    done = told.perform("voice.Answer", case="setup")
    assert time.monotonic() - start < stage.target.notification_deadline
    assert not done.accepted
    assert done.describe() == "HTTP 409, statusCode 18: Invalid state"


def test_an_unknown_resource_is_untestable() -> None:
    """An operation on a call that nobody has says so, after giving it the time to come."""
    with pytest.raises(Untestable, match=r"voice\.Hold needs the id of a call, and there is none"):
        scene(QuietStage()).perform("voice.Hold")


def test_reach_names_the_step_that_failed() -> None:
    """A state that is not reached says which step was refused."""
    stage = QuietStage(lambda *_: (409, {"statusCode": 18, "statusMessage": "Not now"}))
    with pytest.raises(
        Untestable, match=r"Established of chart call was not reached: call:start-Dial-Dialing was refu"
    ):
        scene(stage).reach("call", "Established")


def test_sessions_come_into_the_ledger() -> None:
    """Who starts a session will have it ended, and who ended it has none."""
    stage = QuietStage()
    told = scene(stage)
    stage.actor("agent").in_session = False
    told.perform("voice.StartContactCenterSession", parameters={"channels": ["voice"]}, wait=False)
    assert [entry.kind for entry in stage.ledger.open_entries()] == ["session"]
    assert stage.actor("agent").in_session
    told.perform("voice.EndContactCenterSession", wait=False)
    assert stage.ledger.open_entries() == []
    assert not stage.actor("agent").in_session
