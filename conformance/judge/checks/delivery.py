"""Checks of who is delivered what over CometD, and of what a Bayeux server has to refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Scenario

HANDSHAKE, SUBSCRIBE, UNSUBSCRIBE = "/meta/handshake", "/meta/subscribe", "/meta/unsubscribe"
TRANSPORTS = frozenset({"long-polling", "websocket", "callback-polling"})
META = (HANDSHAKE, "/meta/connect", SUBSCRIBE, UNSUBSCRIBE, "/meta/disconnect")


@dataclass
class _Session:
    """A CometD session that was opened in the scenario: (pattern, from seq, until seq) and what it was delivered."""

    actor: str
    patterns: list[tuple[str, int, int]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    fresh: bool = False
    ended: int = 1 << 62


def covers(pattern: str, channel: str) -> bool:
    """Whether a subscription covers a channel: `*` stands for one segment, `**` for any number, both at the end."""
    if pattern.endswith("/**"):
        return channel.startswith(pattern[:-2])
    if pattern.endswith("/*"):
        head = pattern[:-1]
        return channel.startswith(head) and "/" not in channel[len(head) :]
    return pattern == channel


def _messages(event: Event) -> Iterator[Mapping[str, Any]]:
    for message in event.payload.get("messages") or ():
        if isinstance(message, Mapping):
            yield message


def _channels(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in value] if isinstance(value, list) else []


def _sessions(scenario: Scenario) -> dict[str, _Session]:
    """Every session that was seen, with the subscriptions that were confirmed in this scenario."""
    sessions: dict[str, _Session] = {}
    asked: dict[tuple[str, str, str], list[str]] = {}
    for event in scenario.events:
        name = event.payload.get("session")
        if not isinstance(name, str) or not event.kind.startswith("cometd."):
            continue
        if name not in sessions:
            # Of a session that was there before the scenario it is not known what it subscribed to.
            opened = event.kind == "cometd.state" and event.payload.get("from") == "disconnected"
            sessions[name] = _Session(event.actor or "", fresh=opened)
        session = sessions[name]
        if event.kind == "cometd.event":
            session.events.append(event)
        elif event.kind == "cometd.state" and event.payload.get("to") == "disconnected":
            session.ended = min(session.ended, event.seq)
        elif event.kind == "cometd.send":
            for message in _messages(event):
                key = (name, str(message.get("channel")), str(message.get("id")))
                asked[key] = _channels(message.get("subscription"))
        elif event.kind == "cometd.receive":
            for message in _messages(event):
                key = (name, str(message.get("channel")), str(message.get("id")))
                if message.get("successful") is True:
                    _confirmed(session, key[1], asked.get(key, []), event.seq)
    return sessions


def _confirmed(session: _Session, meta: str, channels: list[str], seq: int) -> None:
    if meta == SUBSCRIBE:
        session.patterns += [(channel, seq, 1 << 62) for channel in channels]
    elif meta == UNSUBSCRIBE:
        session.patterns = [
            (pattern, start, min(end, seq) if pattern in channels else end) for pattern, start, end in session.patterns
        ]


def _content(event: Event) -> str:
    data = event.payload.get("data")
    if isinstance(data, Mapping):
        data = {key: value for key, value in data.items() if key != "metrics"}
    return f"{event.payload.get('channel')} {data!r}"


@check("bayeux.delivery", "scenario", scope="scenario")
def bayeux_delivery(scenario: Scenario) -> Iterator[Outcome]:
    """Every session of a user is delivered each event of that user whose channel one of its subscriptions covers, and
    no other event; what an unsubscribe ended stays away."""
    sessions = _sessions(scenario)
    starts = {step.number: step.start.seq for step in scenario.steps}
    own = {name: session for name, session in sessions.items() if session.patterns and session.fresh}
    for name, session in own.items():
        user = session.actor.partition("+")[0]
        others = [item for key, item in sessions.items() if key != name and item.actor.partition("+")[0] == user]
        yield from _strangers(name, session, starts)
        for step in scenario.steps:
            last = step.events[-1].seq
            if step.start.seq > session.ended or last > session.ended:
                continue
            here = {_content(event) for event in session.events}
            for other in others:
                for event in other.events:
                    channel = str(event.payload.get("channel"))
                    if event.step != step.number or not _subscribed(session, channel, step.start.seq, last):
                        continue
                    ok = _content(event) in here
                    yield Outcome(
                        ok,
                        "both sessions were told" if ok else f"an event on {bounded(channel, 60)} did not reach {name}",
                        f"the event on {bounded(channel, 60)}",
                        "delivered" if ok else "nothing",
                        evidence=(event.seq,),
                    )


def _subscribed(session: _Session, channel: str, start: int, end: int) -> bool:
    return any(covers(pattern, channel) and since < start and end < until for pattern, since, until in session.patterns)


def _strangers(name: str, session: _Session, starts: Mapping[int, int]) -> Iterator[Outcome]:
    for event in session.events:
        channel = str(event.payload.get("channel"))
        # An event may have been on its way when the unsubscribe was answered; one of a later step was not.
        start = starts.get(event.step or 0, 0)
        ok = any(
            covers(pattern, channel) and since < event.seq and start < until
            for pattern, since, until in session.patterns
        )
        yield Outcome(
            ok,
            "asked for" if ok else f"{name} was delivered an event on {bounded(channel, 60)}, which it did not ask for",
            bounded([pattern for pattern, _, _ in session.patterns], 200),
            bounded(channel, 80),
            evidence=(event.seq,),
        )


@check("bayeux.refused", "scenario", scope="scenario")
def bayeux_refused(scenario: Scenario) -> Iterator[Outcome]:
    """A server refuses messages that come without a handshake or with a client id that it never gave, subscriptions to
    meta channels, handshakes that share no transport with it, and what is no JSON."""
    if not scenario.info.get("bayeux"):
        return
    yield from _unreadable(scenario)
    sent: dict[tuple[str, str, str], tuple[Event, Mapping[str, Any]]] = {}
    for event in scenario.events:
        if event.kind not in {"cometd.send", "cometd.receive"}:
            continue
        for message in _messages(event):
            key = (str(event.payload.get("session")), str(message.get("channel")), str(message.get("id")))
            if event.kind == "cometd.send":
                sent[key] = (event, message)
            elif key in sent:
                asked, question = sent.pop(key)
                yield from _verdict(asked, question, message, event, scenario.info.get("strangers", ()))


def _verdict(
    asked: Event, question: Mapping[str, Any], reply: Mapping[str, Any], event: Event, strangers: Any
) -> Iterator[Outcome]:
    wrong = _why_refused(question, strangers)
    if wrong is None:
        return
    ok = reply.get("successful") is False
    yield Outcome(
        ok,
        f"refused: {wrong}" if ok else f"accepted: {wrong}",
        "successful: false",
        bounded({key: reply.get(key) for key in ("successful", "error")}, 200),
        evidence=(asked.seq, event.seq),
    )


def _why_refused(message: Mapping[str, Any], strangers: Any) -> str | None:
    """What is wrong with a message that was sent; None where nothing is. `strangers` are ids that nobody was given."""
    channel = str(message.get("channel"))
    if channel == HANDSHAKE:
        types = message.get("supportedConnectionTypes")
        if isinstance(types, list) and not TRANSPORTS & {str(item) for item in types}:
            return "a handshake without a transport that both sides have"
        return None
    if channel not in META:
        return None
    client = message.get("clientId")
    if client is None:
        return f"a message on {channel} without a client id"
    if isinstance(strangers, list) and client in strangers:
        return f"a message on {channel} with a client id that was never given"
    if channel == SUBSCRIBE and any(name.startswith("/meta/") for name in _channels(message.get("subscription"))):
        return "a subscription to a meta channel"
    return None


def _unreadable(scenario: Scenario) -> Iterator[Outcome]:
    """What was sent that is no JSON, and the HTTP status it was answered with."""
    asked: dict[Any, Event] = {}
    for event in scenario.events:
        if event.kind == "http.request" and event.payload.get("purpose") == "cometd":
            text = event.payload.get("text")
            if text and event.payload.get("body") is None:
                asked[event.payload.get("exchange")] = event
        elif event.kind == "http.response" and event.payload.get("exchange") in asked:
            status = event.payload.get("status")
            ok = isinstance(status, int) and 400 <= status < 500
            yield Outcome(
                ok,
                "refused: a body that is no JSON" if ok else "accepted: a body that is no JSON",
                "HTTP 400",
                f"HTTP {bounded(status, 20)}",
                evidence=(asked[event.payload.get("exchange")].seq, event.seq),
            )
