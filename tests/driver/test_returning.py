"""The way back after an offer: what began beside is ended, the resource is where it was, under its own name."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.outcomes import Untestable
from conformance.driver.returning import come_back, held_before
from conformance.driver.scene import Scene
from tests.driver.driver_support import CONTRACT, OK, TARGET, QuietStage, call, scene

CALL = CONTRACT.statecharts["call"]
CHAT = CONTRACT.statecharts["chat-consult"]
MORE = TARGET + '[users.third_agent]\nuser_name = "agent3"\npassword = "secret-three"\n'
CAST = {"self": "agent", "second": "second_agent", "third": "third_agent"}


class Switch(QuietStage):
    """A stage on whose calls Hangup, Hold, Retrieve and Answer do what they should, and on whose chats Reject does."""

    def __init__(self) -> None:
        super().__init__(self.answer_as(""), MORE)
        for name, http in self.http.items():
            http.answer = self.answer_as(name)
        self.listening(*self.http)

    def answer_as(self, name: str) -> Any:
        """The server, for one user."""
        states = {"Hangup": "Released", "Hold": "Held", "Retrieve": "Established", "Answer": "Established"}

        def answer(method: str, path: str, body: Any) -> dict[str, Any]:
            done = body.get("operationName") if isinstance(body, dict) else None
            if done in states:
                self.tell(name, call(states[done], path.rsplit("/", 1)[-1]))
            elif done == "Reject":
                self.tell(name, chat("Completed"), "/v2/me/chats")
            return OK

        return answer

    def asked(self, name: str) -> list[tuple[str, str]]:
        """What a user asked for: the operation and the resource."""
        return [(body["operationName"], path.rsplit("/", 1)[-1]) for _, path, body in self.http[name].asked]


def chat(state: str) -> dict[str, Any]:
    """A ChatStateChangeMessage."""
    resource = {"id": "H1", "state": state, "capabilities": []}
    return {"messageType": "ChatStateChangeMessage", "notificationType": "StatusChange", "chat": resource}


def on_call(stage: Switch, state: str = "Established") -> Scene:
    """The agent's call C1."""
    told = scene(stage, CAST)
    stage.tell("agent", call(state, "C1"))
    told.absorb()
    return told


def test_a_consultation_is_hung_up_and_the_call_retrieved() -> None:
    """Hangup of the new call alone, then Retrieve; the first call is `call` again."""
    stage = Switch()
    told = on_call(stage)
    before = held_before(told, CALL)
    stage.tell("agent", call("Held", "C1"))
    stage.tell("agent", call("Dialing", "C2"))
    told.absorb()
    told.bindings[("self", "call")] = "C2"
    come_back(told, CALL, "Established", before)
    assert stage.asked("agent") == [("Hangup", "C2"), ("Retrieve", "C1")]
    assert told.bound("call") == "C1"
    assert (told.resource("call") or {})["state"] == "Established"


def test_a_held_call_stays_held() -> None:
    """What was held before is not retrieved; what came back by itself is held again."""
    stage = Switch()
    told = on_call(stage, "Held")
    before = held_before(told, CALL)
    come_back(told, CALL, "Held", before)
    assert stage.asked("agent") == []
    stage.tell("agent", call("Established", "C1"))
    come_back(told, CALL, "Held", before)
    assert stage.asked("agent") == [("Hold", "C1")]


def test_who_was_called_goes_again() -> None:
    """The party that a single step brought in answers and hangs up, and nobody touches what rang before."""
    stage = Switch()
    told = on_call(stage)
    stage.tell("second_agent", call("Ringing", "C1"))
    before = held_before(told, CALL)
    stage.tell("third_agent", call("Ringing", "C1"))
    come_back(told, CALL, "Established", before)
    assert stage.asked("third_agent") == [("Answer", "C1"), ("Hangup", "C1")]
    assert stage.asked("second_agent") == []
    assert stage.asked("agent") == []


def test_who_was_invited_rejects() -> None:
    """An invitation to a chat, also a second one to somebody who had left it, is rejected."""
    stage = Switch()
    told = scene(stage, CAST)
    stage.tell("agent", chat("Chatting"), "/v2/me/chats")
    stage.tell("third_agent", chat("Completed"), "/v2/me/chats")
    before = held_before(told, CHAT)
    stage.tell("third_agent", chat("Invited"), "/v2/me/chats")
    come_back(told, CHAT, "ConsultInviting", before)
    assert stage.asked("third_agent") == [("Reject", "H1")]
    assert stage.asked("agent") == []


def test_somebody_free() -> None:
    """`free` is the third agent, unless that one is on a call; without anybody else it is untestable."""
    stage = Switch()
    told = on_call(stage)
    assert told.lookup("self")("free.phoneNumber") == "5003"
    stage.tell("third_agent", call("Ringing", "C1"))
    with pytest.raises(Untestable, match="nobody is free for another call"):
        told.lookup("self")("free.phoneNumber")
    stage.tell("third_agent", call("Released", "C1"))
    assert told.lookup("self")("free.phoneNumber") == "5003"
