"""What a timeline holds of exchanges: the plan of a replay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from conformance.wire.timeline import Event

CONNECT = "/meta/connect"


@dataclass(frozen=True)
class Recorded:
    """One exchange as it was recorded; `response` is empty for a stimulus, whose reply a timeline does not hold.

    kind: `api`; `stimulus`; `cometd` (a handshake, a subscription ...); `connect`, which the server may hold. body:
    for CometD the messages. events: notifications that came with the reply.
    """

    kind: Literal["api", "stimulus", "cometd", "connect"]
    exchange: int
    actor: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    text: str | None
    response: Mapping[str, Any]
    replies: Any = None


@dataclass(frozen=True)
class Arrived:
    """The reply to a held connect was there before what follows in the plan."""

    exchange: int


Plan = list[Recorded | Arrived]


@dataclass(frozen=True)
class Plans:
    """The plans by server, in the order of the recording; `left_out` counts requests that are in none (a WebSocket,
    requests without a reply)."""

    by_server: Mapping[str, Plan]
    left_out: int


def plans(events: Iterable[Event]) -> Plans:
    """Reads what was exchanged with each server. A run that several processes played had as many servers."""
    events = list(events)
    requests = [event for event in events if event.kind == "http.request"]
    responses = {event.payload["exchange"]: event.payload for event in events if event.kind == "http.response"}
    sent, received = _frames(events)
    servers = {event.payload["exchange"]: urlsplit(event.payload["url"]).netloc for event in requests}
    of_scenario = {event.scenario: servers[event.payload["exchange"]] for event in requests if event.scenario}
    made: dict[str, Plan] = {}
    held: set[int] = set()
    left_out = 0
    for event in events:
        payload = event.payload
        if event.kind == "stimulus":
            body = {"name": payload["name"], **payload["parameters"]}
            headers = {"content-type": "application/json"}
            server = of_scenario.get(event.scenario or "", "")
            made.setdefault(server, []).append(Recorded("stimulus", 0, "stimulus", "POST", "", headers, body, None, {}))
        elif event.kind == "http.request":
            exchange = payload["exchange"]
            cometd = payload["purpose"] == "cometd"
            if exchange not in responses or (cometd and exchange not in sent):
                left_out += 1
                continue
            messages = sent.get(exchange)
            held_one = bool(messages) and [item.get("channel") for item in messages or ()] == [CONNECT]
            if held_one:
                held.add(exchange)
            made.setdefault(servers[exchange], []).append(
                Recorded(
                    "connect" if held_one else "cometd" if cometd else "api",
                    exchange,
                    event.actor or "",
                    payload["method"],
                    payload["path"],
                    {name.lower(): values[-1] for name, values in payload["headers"].items()},
                    messages if cometd else payload["body"],
                    payload["text"],
                    responses[exchange],
                    received.get(exchange),
                )
            )
        elif event.kind == "http.response" and payload["exchange"] in held:
            made[servers[payload["exchange"]]].append(Arrived(payload["exchange"]))
    return Plans(made, left_out)


def _frames(events: Iterable[Event]) -> tuple[dict[int, list[Any]], dict[int, list[Any]]]:
    """The messages of each CometD exchange, there and back: a frame stands beside its request, of the same actor and
    the same player (of two, one numbers its exchanges and sessions 1, 3, 5 ...)."""
    sent: dict[int, list[Any]] = {}
    received: dict[int, list[Any]] = {}
    waiting: dict[tuple[str, int], list[list[Any]]] = {}
    answered: dict[tuple[str, int], list[int]] = {}
    cometd: set[int] = set()
    players = 1
    for event in events:
        payload = event.payload
        if event.kind == "run.start":
            players = int(payload["info"].get("players", 1))
        number = int(str(payload.get("session", "/0")).rpartition("/")[2]) or int(payload.get("exchange", 0))
        actor = event.actor or "", number % players
        if event.kind == "cometd.send" and payload["transport"] == "long-polling" and "text" not in payload:
            waiting.setdefault(actor, []).append(list(payload["messages"]))
        elif event.kind == "http.request" and payload["purpose"] == "cometd":
            cometd.add(payload["exchange"])
            if waiting.get(actor):
                # Two threads of an actor may be about to send: a held connect goes with a connect.
                sent[payload["exchange"]] = waiting[actor].pop(0)
        elif event.kind == "http.response" and payload["exchange"] in cometd:
            answered.setdefault(actor, []).append(payload["exchange"])
        elif event.kind == "cometd.receive" and payload["transport"] == "long-polling" and answered.get(actor):
            received[answered[actor].pop(0)] = list(payload["messages"])
    return sent, received
