"""An agent's desktop: REST, and the official CometD client in a process of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.peers.deployment import Agent, Json
from tests.peers.node_peer import Happening, NodePeer


@dataclass(frozen=True)
class Variant:
    """A generation of the client and a transport."""

    generation: str
    transport: str

    def __str__(self) -> str:
        return f"cometd-{self.generation}-{self.transport}"


class Desktop:
    """An agent's desktop: REST by the agent, CometD by the official client in a process of its own.

    `name` tells clients of one desktop apart, the tabs of its browser.
    """

    _numbers = itertools.count(1)

    def __init__(self, variant: Variant, agent: Agent, node: NodePeer, url: str) -> None:
        self.variant, self.agent, self.node, self.url = variant, agent, node, url
        # A client of an earlier test may still say a last word.
        self._number = next(self._numbers)

    def create(self, name: str = "main", **settings: Any) -> None:
        """A client with the agent's credentials, cookie and CSRF token, unless `headers` says otherwise."""
        settings = {"headers": self.agent.headers, "transport": self.variant.transport, **settings}
        self.ask("create", name, url=self.url, **settings)

    def start(self, *channels: str, name: str = "main", **settings: Any) -> Json:
        """Make a client, handshake, and wait until the subscriptions are confirmed and the first connect is answered;
        gives the handshake's reply."""
        self.create(name, **settings)
        reply: Json = self.ask("handshake", name, channels=list(channels))
        assert reply["successful"], reply
        self.wait("got", replies_to("/meta/subscribe"), name, count=len(channels))
        self.wait("connect", lambda fact: bool(fact["successful"]), name)
        return reply

    def ask(self, command: str, name: str = "main", **parameters: Any) -> Any:
        """A command to a client."""
        return self.node.ask(command, name=f"{self._number} {name}", **parameters)

    def wait(
        self, happened: str, accept: Callable[[Happening], bool], name: str = "main", *, count: int = 1
    ) -> list[Happening]:
        """Wait until that many such things have happened to a client; gives all of them."""
        mine = f"{self._number} {name}"
        return self.node.wait(happened, lambda fact: fact["name"] == mine and accept(fact), count=count)

    def all(self, happened: str, name: str = "main") -> list[Happening]:
        """What has happened to a client so far."""
        return self.node.all(happened, lambda fact: bool(fact["name"] == f"{self._number} {name}"))

    def events(self, count: int, channel: str | None = None, name: str = "main") -> list[Json]:
        """Wait for so many events; gives the data of all that have come."""
        found = self.wait("event", lambda fact: channel in (None, fact["channel"]), name, count=count)
        return [fact["data"] for fact in found]

    def sent(self, channel: str, name: str = "main") -> list[Json]:
        """What a client has sent on a channel."""
        return [fact["message"] for fact in self.all("sent", name) if fact["message"]["channel"] == channel]

    def got(self, channel: str, name: str = "main") -> list[Json]:
        """What a client has received on a channel."""
        return [fact["message"] for fact in self.all("got", name) if fact["message"]["channel"] == channel]

    def status(self) -> Json:
        """The client's own view: status, transport, clientId."""
        status: Json = self.ask("status")
        return status


def replies_to(channel: str) -> Callable[[Happening], bool]:
    return lambda fact: bool(fact["message"]["channel"] == channel and fact["message"]["successful"])
