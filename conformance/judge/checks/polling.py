"""Checks of CometD as a client sees it that holds no connect, and of when connects are answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.delivery import covers
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Scenario

CONNECT, SUBSCRIBE, DISCONNECT = "/meta/connect", "/meta/subscribe", "/meta/disconnect"
DEADLINE = 2.0
"""Seconds within which what is not to be held is answered, where the run has no longer deadline for notifications."""


def _messages(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _polls(scenario: Scenario) -> Iterator[tuple[Event, Event]]:
    """The scenario's own posts of message arrays to CometD, beside its sessions, and their replies."""
    if not scenario.info.get("polling"):
        return
    asked: dict[Any, Event] = {}
    for event in scenario.events:
        own = event.kind == "http.request" and str(event.actor).endswith("+2")
        if own and isinstance(event.payload.get("body"), list):
            asked[event.payload.get("exchange")] = event
        elif event.kind == "http.response" and event.payload.get("exchange") in asked:
            yield asked[event.payload.get("exchange")], event


@check("bayeux.batch", "scenario", scope="scenario")
def bayeux_batch(scenario: Scenario) -> Iterator[Outcome]:
    """A server takes a JSON array of messages and answers each of them."""
    for request, reply in _polls(scenario):
        wanted = [(item.get("channel"), item.get("id")) for item in _messages(request.payload.get("body"))]
        seen = [(item.get("channel"), item.get("id")) for item in _messages(reply.payload.get("body"))]
        status = reply.payload.get("status")
        missing = [item for item in wanted if item not in seen]
        ok = status == 200 and not missing
        problem = f"an array of {len(wanted)} messages was answered with HTTP {bounded(status, 20)}"
        if status == 200 and missing:
            problem = f"{missing[0][0]} in an array of {len(wanted)} messages was not answered"
        yield Outcome(
            ok,
            "the array was answered" if ok else problem,
            "HTTP 200 and a reply to each message",
            bounded(f"HTTP {status}, {seen}", 200),
            evidence=(request.seq, reply.seq),
        )


@check("bayeux.queued", "scenario", scope="scenario")
def bayeux_queued(scenario: Scenario) -> Iterator[Outcome]:
    """What happens while no connect of a session is waiting is kept for it and delivered with its next connect."""
    subscribed: dict[str, int] = {}
    delivered: list[tuple[str, Any]] = []
    last = 0
    for request, reply in _polls(scenario):
        asked, answers = _messages(request.payload.get("body")), _messages(reply.payload.get("body"))
        delivered += [(str(item.get("channel")), _content(item.get("data"))) for item in answers if "data" in item]
        for item in answers:
            channel = item.get("subscription")
            if item.get("channel") == SUBSCRIBE and item.get("successful") is True and isinstance(channel, str):
                subscribed.setdefault(channel, reply.seq)
        if any(item.get("channel") == CONNECT for item in asked):
            last = request.seq
    for event in scenario.events:
        if event.kind != "cometd.event" or event.seq > last or str(event.actor).endswith("+2"):
            continue
        channel = str(event.payload.get("channel"))
        if not any(covers(pattern, channel) and since < event.seq for pattern, since in subscribed.items()):
            continue
        if event.actor != scenario.cast.get("self"):
            continue
        ok = (channel, _content(event.payload.get("data"))) in delivered
        yield Outcome(
            ok,
            "kept and delivered" if ok else f"an event on {bounded(channel, 60)} was lost while no connect was waiting",
            "the event with a later connect",
            "delivered" if ok else f"{len(delivered)} other events",
            evidence=(event.seq,),
        )


def _content(data: Any) -> Any:
    return {key: value for key, value in data.items() if key != "metrics"} if isinstance(data, Mapping) else data


@check("bayeux.timely", "scenario", scope="scenario")
def bayeux_timely(scenario: Scenario) -> Iterator[Outcome]:
    """A connect that asks by its advice not to be held is answered at once, and a disconnect releases the connect that
    is held."""
    if scenario.info.get("polling"):
        yield from _polled(scenario)
    if not scenario.info.get("bayeux"):
        return
    limit = max(DEADLINE, float(scenario.info.get("deadline") or 0.0))
    sent: dict[tuple[str, str], tuple[Event, Mapping[str, Any]]] = {}
    left: dict[str, Event] = {}
    for event in scenario.events:
        if event.kind not in {"cometd.send", "cometd.receive"}:
            continue
        session = str(event.payload.get("session"))
        for message in _messages(event.payload.get("messages")):
            key = (session, str(message.get("id")))
            if event.kind == "cometd.receive":
                if message.get("channel") == DISCONNECT and message.get("successful") is True:
                    left[session] = event
                elif message.get("channel") == CONNECT and key in sent:
                    yield from _in_time(*sent.pop(key), event, limit)
            elif message.get("channel") == CONNECT:
                sent[key] = (event, message)
    for (session, _), (asked, message) in sent.items():
        if session in left:
            yield Outcome(
                False,
                "the connect that was held is not answered after the disconnect",
                "a reply on /meta/connect",
                "none",
                evidence=(asked.seq, left[session].seq),
            )
        elif _at_once(message) and scenario.events[-1].t - asked.t > limit:
            yield from _in_time(asked, message, scenario.events[-1], limit)
    for session, event in left.items():
        if not any(key[0] == session for key in sent):
            yield Outcome(True, "the disconnect released the connect", evidence=(event.seq,))


def _polled(scenario: Scenario) -> Iterator[Outcome]:
    """Of the scenario's own posts those with a connect that is not to be held, also such that nobody answered."""
    asked: dict[Any, tuple[Event, Mapping[str, Any]]] = {}
    for event in scenario.events:
        exchange = event.payload.get("exchange")
        if event.kind == "http.request" and str(event.actor).endswith("+2"):
            for message in _messages(event.payload.get("body")):
                if message.get("channel") == CONNECT:
                    asked[exchange] = (event, message)
        elif event.kind in {"http.response", "http.error"} and exchange in asked:
            yield from _in_time(*asked.pop(exchange), event, DEADLINE)


def _at_once(message: Mapping[str, Any]) -> bool:
    advice = message.get("advice")
    return isinstance(advice, Mapping) and advice.get("timeout") == 0


def _in_time(asked: Event, message: Mapping[str, Any], event: Event, limit: float) -> Iterator[Outcome]:
    if not _at_once(message):
        return
    seconds = event.t - asked.t
    ok = seconds <= limit
    yield Outcome(
        ok,
        "answered at once" if ok else "a connect with the advice timeout 0 was held",
        f"a reply on /meta/connect within {limit:g} s",
        f"after {seconds:.1f} s",
        evidence=(asked.seq, event.seq),
    )
