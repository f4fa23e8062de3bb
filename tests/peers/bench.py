"""Where a Bayeux obligation is put to the test: raw clients of a server, and what can be brought about there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.peers.deployment import Agent, Deployment
from tests.peers.raw import Message, RawHttp, RawSocket, Sent, Wire, is_event

SERVICES, CALLS = "/notifications/services", "/v2/me/calls"
HANDSHAKE: Message = {"version": "1.0", "supportedConnectionTypes": ["websocket", "long-polling"]}


class BrokenError(Exception):
    """An obligation is not kept; the text says how."""


def owe(kept: object, otherwise: str) -> None:
    """Say so where an obligation is not kept."""
    if not kept:
        raise BrokenError(otherwise)


class Talk:
    """One raw client: message ids, its client id, and nothing else."""

    def __init__(self, bench: Bench, wire: Wire) -> None:
        self.bench, self.wire = bench, wire
        self.client_id: str | None = None
        self._ids = itertools.count(1)

    def message(self, channel: str, **members: Any) -> Message:
        """A message with an id and, but for handshakes, the client id, unless `members` say otherwise."""
        message: Message = {"id": f"m{next(self._ids)}", "channel": channel}
        if channel != "/meta/handshake" and self.client_id is not None:
            message["clientId"] = self.client_id
        return message | members

    def ask(self, *messages: Message) -> list[Message]:
        """What comes back for messages, events included; owed within the bench's patience."""
        answer = self.wire.begin(*messages).wait(self.bench.patience)
        owe(answer is not None, f"{messages[-1]['channel']} is not answered")
        return answer or []

    def reply(self, message: Message) -> Message:
        """The reply to one message; it is owed, and just one."""
        replies = [reply for reply in self.ask(message) if not is_event(reply)]
        owe(replies, f"{message['channel']} is not answered")
        owe(len(replies) == 1, f"{message['channel']} is answered {len(replies)} times")
        return replies[0]

    def meta(self, name: str, **members: Any) -> Message:
        """The reply to a meta message."""
        return self.reply(self.message(f"/meta/{name}", **members))

    def handshake(self, **members: Any) -> Message:
        """The reply to a handshake, whose client id is used from now on."""
        reply = self.meta("handshake", **{**HANDSHAKE, **members})
        self.client_id = reply.get("clientId")
        return reply

    def connect(self, **members: Any) -> Message:
        """The reply to a connect that the server is asked not to hold."""
        return self.meta("connect", **{"connectionType": self.wire.transport, "advice": {"timeout": 0}, **members})

    def start(self, *channels: str) -> Talk:
        """Handshake, subscribe, and connect once."""
        owe(self.handshake().get("successful") is True, "a plain handshake fails")
        for channel in channels:
            owe(self.meta("subscribe", subscription=channel).get("successful"), f"{channel} cannot be subscribed to")
        owe(self.connect().get("successful") is True, "a plain connect fails")
        return self

    def hold(self) -> Sent:
        """A connect that the server holds."""
        held = self.bench.held()
        sent = self.wire.begin(self.message("/meta/connect", connectionType=self.wire.transport))
        self.bench.gws.until_held(held + 1)
        return sent

    def events(self, count: int = 1) -> list[Message]:
        """Events as they come, until there are so many or patience ends; by connects where they do not come alone."""
        found: list[Message] = []
        while len(found) < count:
            more = self.wire.events(self.bench.patience)
            if self.wire.transport == "long-polling":
                advice = {"timeout": self.bench.patience * 1000}
                message = self.message("/meta/connect", connectionType="long-polling", advice=advice)
                more = [
                    event for event in self.wire.begin(message).wait(2 * self.bench.patience) or [] if is_event(event)
                ]
            if not more:
                break
            found += more
        return found


@dataclass
class Bench:
    """A server below `url` and those who talk to it. `patience` is how many seconds an answer may take."""

    gws: Deployment
    url: str
    transport: str = "long-polling"
    patience: float = 5.0
    agents: dict[str, Agent] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    _states: Iterator[str] = field(default_factory=lambda: itertools.cycle(("Inactive", "Active")))

    def talk(self, user_name: str = "agent1") -> Talk:
        """A new browser of a user."""
        if user_name not in self.agents:
            self.agents[user_name] = self.gws.agent(user_name)
        make: Callable[..., Wire] = RawSocket if self.transport == "websocket" else RawHttp
        self.wires.append(make(self.url, self.agents[user_name].headers))
        return Talk(self, self.wires[-1])

    def beside(self, talk: Talk) -> Talk:
        """Another client in the same browser: the same cookies."""
        return Talk(self, talk.wire)

    def event(self) -> None:
        """Something that everybody hears of who has subscribed to the services."""
        self.gws.control("services", type="Chat", state=next(self._states))

    def ring(self) -> None:
        """A customer calls agent1."""
        self.gws.control("stimulus", name="inbound-call", to="5001", **{"from": "6001"})

    def held(self) -> int:
        """How many connects the server holds."""
        return sum(session["connectHeld"] for session in self.gws.sessions())


@contextmanager
def bench_at(gws: Deployment, url: str, transport: str, patience: float) -> Iterator[Bench]:
    """A bench whose connections are closed at the end."""
    bench = Bench(gws, url, transport, patience)
    try:
        yield bench
    finally:
        for wire in bench.wires:
            wire.close()
