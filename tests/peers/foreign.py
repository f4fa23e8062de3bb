"""A Bayeux server that others have written, and sessions of ours with it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from conformance.wire.bayeux_link import TransportName
from conformance.wire.cometd import Backoff, CometdSession
from conformance.wire.http import Credentials, HttpSession, TransportConfig
from conformance.wire.recorder import Recorder
from tests.peers.node_peer import NodePeer

CALLS, DEVICES = "/v2/me/calls", "/v2/me/devices"
DEADLINE = 10.0


@dataclass(frozen=True)
class Kind:
    """A server and a transport that it has."""

    server: str
    transport: TransportName

    def __str__(self) -> str:
        return f"{self.server}-{self.transport}"


class Foreign:
    """A foreign server that listens, and sessions of ours with it."""

    def __init__(self, kind: Kind, node: NodePeer, recorder: Recorder, **settings: Any) -> None:
        self.kind, self.node, self.recorder = kind, node, recorder
        self.patience = DEADLINE
        self.port: int = node.ask("start", **settings)
        self._open: list[CometdSession | HttpSession] = []

    def http(self, host: str = "127.0.0.1", url: str | None = None) -> HttpSession:
        """A browser of ours."""
        config = TransportConfig(url or f"http://{host}:{self.port}", timeout=DEADLINE)
        made = HttpSession(config, Credentials("agent1", "secret-1"), self.recorder, actor="agent")
        self._open.append(made)
        return made

    def session(self, *channels: str, http: HttpSession | None = None, **settings: Any) -> CometdSession:
        """An open session of ours, whose connect the server holds."""
        settings.setdefault("backoff", Backoff(initial=0.02))
        client = CometdSession(http or self.http(), transport=self.kind.transport, **settings)
        self._open.append(client)
        client.open(list(channels), self.patience)
        return client

    def publish(self, *numbers: int, channel: str = CALLS, **members: Any) -> None:
        """Have events published, each by itself."""
        for number in numbers:
            self.node.ask("publish", channel=channel, data={"n": number}, **members)

    def until_held(self, count: int = 1) -> list[str]:
        """Wait until the server holds so many connects; gives the client ids."""
        end = time.monotonic() + self.patience
        while len(held := self.node.ask("held")) != count:
            assert time.monotonic() < end, f"held: {held}"
            threading.Event().wait(0.003)
        return list(held)

    def received(self, count: int, session: CometdSession | None = None) -> list[Any]:
        """Wait for so many events; gives the numbers of all that have been recorded (of one session)."""

        def numbers() -> list[Any]:
            return [
                event.payload["data"]["n"]
                for event in self.recorder.events()
                if event.kind == "cometd.event" and session in (None, self._by_name(event.payload["session"]))
            ]

        self.recorder.wait(lambda _: len(numbers()) >= count, deadline=self.patience)
        return numbers()

    def frames(self) -> list[list[dict[str, Any]]]:
        """The frames that brought events."""
        frames = [event.payload["messages"] for event in self.recorder.events() if event.kind == "cometd.receive"]
        return [frame for frame in frames if any(message["channel"] == CALLS for message in frame)]

    def close(self) -> None:
        """End our sessions, then the server."""
        self.leave()
        self.node.ask("stop")

    def leave(self) -> None:
        """End our sessions."""
        for each in reversed(self._open):
            each.close()

    def _by_name(self, name: str) -> CometdSession | None:
        return next((each for each in self._open if isinstance(each, CometdSession) and each.session == name), None)
