"""A stage without a server: real scenes and actors, whose requests are answered by a function of the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from conformance.contract import Contract, load_contract
from conformance.driver.actor import Actor
from conformance.driver.ledger import Ledger
from conformance.driver.outcomes import Untestable
from conformance.driver.scene import Scene
from conformance.driver.stage import Stage
from conformance.driver.target import Target, parse_target
from conformance.wire.cometd import CometdSession
from conformance.wire.http import HttpReply, HttpSession
from conformance.wire.recorder import Recorder

CONTRACT = load_contract()
TARGET = """
base_url = "http://127.0.0.1:9"
contact_center_id = "cc-1"
[deadlines]
notification = 0.2
grace = 0.01
[users.agent]
user_name = "agent1"
password = "secret-one"
[users.second_agent]
user_name = "agent2"
password = "secret-two"
[numbers]
queue = "9000"
[queues]
chat = "chat-queue"
"""
CAST = {"self": "agent", "second": "second_agent", "customer": "customer"}
OK: dict[str, Any] = {"statusCode": 0}
Answer = Callable[[str, str, Any], Any]


def target(text: str = TARGET) -> Target:
    """A target, its file read from a text."""
    return parse_target(text, Path("target.toml"))


@dataclass
class FakeHttp:
    """An HTTP session without a network; `answer(method, path, body)` gives the reply's JSON, a status or both."""

    answer: Answer
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    options: list[dict[str, Any]] = field(default_factory=list)
    broken: bool = False
    actor: str = ""

    def request(self, method: str, path: str, *, json: Any = None, **options: Any) -> HttpReply:
        """Answers a request."""
        self.asked.append((method, path, json))
        self.options.append(options)
        if self.broken:
            return HttpReply(0, {}, "", None, False, 0.0, 0, 0, "ConnectError: gone", "http://127.0.0.1:9")
        reply = self.answer(method, path, json)
        status, body = reply if isinstance(reply, tuple) else (200, reply)
        return HttpReply(status, {}, "", body, True, 0.0, 0, 0, None, f"http://127.0.0.1:9/api/v2{path}")

    def reset(self) -> None:
        """Nothing to forget."""

    def close(self) -> None:
        """Nothing to close."""


class FakeCometd:
    """A CometD session that says whether it is silent: what `silences` holds, then True."""

    def __init__(self) -> None:
        self.silences: list[bool] = []

    @property
    def silent(self) -> bool:
        """The next answer."""
        return self.silences.pop(0) if self.silences else True


class QuietStage(Stage):
    """A stage whose actors are there from the start and whose server is a function."""

    def __init__(self, answer: Answer = lambda *_: OK, text: str = TARGET, ledger: Ledger | None = None) -> None:
        super().__init__(CONTRACT, target(text), Recorder(None), ledger or Ledger(None))
        self.features = tuple(sorted({name for item in CONTRACT.operations.values() for name in item.features}))
        self.http: dict[str, FakeHttp] = {}
        for number, user in enumerate(self.target.users.values(), start=1):
            actor = Actor(user.name, user, self.target, self.recorder)
            self.http[user.name] = FakeHttp(answer, actor=user.name)
            actor.http.close()
            actor.http = cast(HttpSession, self.http[user.name])
            actor.me = {"id": f"U{number}", "userName": user.credentials.user_name, "firstName": f"First{number}"}
            actor.note_device({"id": f"D{number}", "phoneNumber": f"500{number}", "userState": {"state": "Ready"}})
            actor.in_session = True
            self._actors[user.name] = actor

    def actor(self, name: str, *, session: bool | None = None) -> Actor:
        """The actor of a name; a session is there already."""
        if name == "customer":
            return self.customer()
        if name not in self._actors:
            raise Untestable(f"no user {name}")
        return self._actors[name]

    def listening(self, *names: str) -> None:
        """Lets actors look as if they had a CometD session."""
        for name in names:
            self._actors[name].cometd = cast(CometdSession, FakeCometd())

    def tell(self, actor: str, data: Mapping[str, Any], channel: str = "/v2/me/calls") -> None:
        """An event reaches an actor."""
        self.recorder.record("cometd.event", {"session": "s", "channel": channel, "data": dict(data)}, actor=actor)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """What the driver declared of its steps."""
        return [event.payload["info"] for event in self.recorder.events() if event.kind == "step.start"]


def scene(stage: QuietStage, cast_: Mapping[str, str] = CAST) -> Scene:
    """A scene that has begun."""
    stage.recorder.begin_scenario("test", {})
    return Scene(stage, "test", cast_)


def contract() -> Contract:
    """The real contract."""
    return CONTRACT


def call(state: str = "Established", identifier: str = "C1", **members: Any) -> dict[str, Any]:
    """A CallStateChangeMessage with a call."""
    resource = {"id": identifier, "state": state, "mute": "Off", "capabilities": ["Hold", "Hangup"], **members}
    return {"messageType": "CallStateChangeMessage", "notificationType": "StatusChange", "call": resource}
