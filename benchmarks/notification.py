"""What our CometD session adds to a notification's way, compared with a bare long-polling loop of httpx.

Both listen to the server of `benchmarks.wire`, which says in each notification when it was sent. A delay goes from
there to the moment in which the receiver has it: parsed, for the bare loop; recorded and waited for, for ours.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import httpx

from benchmarks.wire import is_notification, serve
from conformance.wire.cometd import CometdSession
from conformance.wire.http import Credentials, HttpSession, TransportConfig
from conformance.wire.recorder import Recorder

ROUNDS = 3


@dataclass(frozen=True)
class Delays:
    """Milliseconds from sent to received."""

    median: float
    p95: float
    worst: float


@dataclass(frozen=True)
class Latency:
    """The delays of both listeners, each over `notifications` notifications."""

    notifications: int
    plain: Delays
    ours: Delays

    @property
    def added(self) -> float:
        """What our session adds to the median, in milliseconds."""
        return self.ours.median - self.plain.median


def latency(count: int = 300) -> Latency:
    """Measures both listeners with `count` notifications in each of several rounds, which alternate."""
    plain, ours = list[float](), list[float]()
    for _ in range(ROUNDS):
        # A server for each: the connect that a listener leaves behind would swallow the other's notification.
        plain += _with_server(_plain, count)
        ours += _with_server(_ours, count)
    return Latency(len(ours), _delays(plain), _delays(ours))


def _with_server(listen: Callable[[str, Connection, int], list[float]], count: int) -> list[float]:
    near, far = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(far,), daemon=True)
    server.start()
    try:
        return listen(f"http://127.0.0.1:{near.recv()}", near, count)
    finally:
        server.terminate()
        server.join()


def _plain(url: str, pipe: Connection, count: int) -> list[float]:
    delays = []
    with httpx.Client(trust_env=False) as client:
        for number in range(count):
            pipe.send("go")
            connect = {"channel": "/meta/connect", "id": str(number), "connectionType": "long-polling"}
            event = client.post(f"{url}/api/v2/notifications", json=[connect]).json()[0]
            delays.append(time.monotonic() - event["data"]["sent"])
    return delays


def _ours(url: str, pipe: Connection, count: int) -> list[float]:
    delays = []
    with tempfile.TemporaryDirectory() as folder, Recorder(Path(folder) / "timeline.ndjson") as recorder:
        http = HttpSession(TransportConfig(url), Credentials("ksippo", "secret-password"), recorder, actor="agent")
        session = CometdSession(http)
        session.open(["/v2/me/*"], deadline=5)
        seen = recorder.last_seq
        for _ in range(count):
            pipe.send("go")
            event = recorder.wait(is_notification, after=seen, deadline=5)
            arrived = time.monotonic()
            if event is None:
                raise RuntimeError("a notification did not arrive")
            seen = event.seq
            delays.append(arrived - event.payload["data"]["sent"])
        session.abandon()
        http.close()
    return delays


def _delays(seconds: list[float]) -> Delays:
    ordered = sorted(item * 1000 for item in seconds)
    return Delays(statistics.median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1])
