"""Checks of the Bayeux protocol on the raw frames of a scenario (what the server owes, see the Bayeux 1.0 text)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Scenario

META = ("/meta/handshake", "/meta/connect", "/meta/subscribe", "/meta/unsubscribe", "/meta/disconnect")

GUESSABLE = 12
"""Characters: a client id with fewer can be tried out."""


def _frames(scenario: Scenario, kind: str) -> Iterator[tuple[Event, Mapping[str, Any]]]:
    for event in scenario.events:
        if event.kind == kind:
            for message in event.payload.get("messages") or ():
                if isinstance(message, Mapping):
                    yield event, message


def _replies(scenario: Scenario, *channels: str) -> list[tuple[Event, Mapping[str, Any]]]:
    return [
        (event, message)
        for event, message in _frames(scenario, "cometd.receive")
        if (message.get("channel") in channels and "successful" in message)
        or (message.get("channel") in META and message.get("channel") in channels)
    ]


def _applies(scenario: Scenario) -> bool:
    return bool(scenario.info.get("bayeux"))


@check("bayeux.handshake", "scenario", scope="scenario")
def bayeux_handshake(scenario: Scenario) -> Iterator[Outcome]:
    """A successful handshake reply carries `version` 1.0, a `clientId` and the `supportedConnectionTypes`."""
    if not _applies(scenario):
        return
    for event, message in _replies(scenario, "/meta/handshake"):
        if message.get("successful") is not True:
            continue
        missing = [name for name in ("version", "clientId", "supportedConnectionTypes") if not message.get(name)]
        types = message.get("supportedConnectionTypes")
        if isinstance(types, list) and "long-polling" not in types:
            missing.append("long-polling among supportedConnectionTypes")
        yield Outcome(
            not missing,
            "handshake reply complete" if not missing else f"the handshake reply lacks {', '.join(missing)}",
            "version, clientId, supportedConnectionTypes with long-polling",
            bounded(", ".join(map(str, message)), 200),
            evidence=(event.seq,),
        )


@check("bayeux.clientId", "scenario", scope="scenario")
def bayeux_client_id(scenario: Scenario) -> Iterator[Outcome]:
    """Each session gets a client id of its own, one that nobody can guess: whoever knows it can speak for the
    session."""
    if not _applies(scenario):
        return
    owners: dict[str, str] = {}
    for event, message in _frames(scenario, "cometd.send"):
        if message.get("channel") == "/meta/connect" and message.get("clientId") not in _strangers(scenario):
            owners.setdefault(str(message.get("clientId")), str(event.payload.get("session")))
    for event, message in _replies(scenario, "/meta/handshake"):
        identifier, session = message.get("clientId"), str(event.payload.get("session"))
        if message.get("successful") is not True or not isinstance(identifier, str):
            continue
        owner = owners.setdefault(identifier, session)
        yield Outcome(
            owner == session,
            "a client id of its own" if owner == session else f"{session} was given the client id of {owner}",
            "another client id for each session",
            "another" if owner == session else "the same",
            evidence=(event.seq,),
        )
        guessable = len(identifier) < GUESSABLE or identifier.isdigit()
        yield Outcome(
            not guessable,
            "a random client id" if not guessable else f"the client id of {session} can be guessed",
            f"{GUESSABLE} random characters or more",
            f"{len(identifier)} characters",
            level="should",
            evidence=(event.seq,),
        )


def _strangers(scenario: Scenario) -> list[Any]:
    """The client ids that the scenario made up."""
    strangers = scenario.info.get("strangers")
    return list(strangers) if isinstance(strangers, list | tuple) else []


@check("bayeux.reply", "scenario", scope="scenario")
def bayeux_reply(scenario: Scenario) -> Iterator[Outcome]:
    """Every meta message is answered once, with its own `id` and with `successful`."""
    if not _applies(scenario):
        return
    replies: dict[str, list[tuple[Event, Mapping[str, Any]]]] = {}
    for event, message in _frames(scenario, "cometd.receive"):
        if message.get("channel") in META:
            replies.setdefault(f"{event.actor} {message.get('channel')} {message.get('id')}", []).append(
                (event, message)
            )
            if not isinstance(message.get("successful"), bool):
                yield Outcome(
                    False,
                    f"a reply on {message.get('channel')} has no successful",
                    "successful: true or false",
                    bounded(dict(message), 200),
                    evidence=(event.seq,),
                )
    answered = {str(key) for key in replies}
    closed = any(event.kind == "cometd.error" for event in scenario.events)
    for event, message in _frames(scenario, "cometd.send"):
        channel = str(message.get("channel"))
        if channel not in META or "id" not in message:
            continue
        key = f"{event.actor} {channel} {message.get('id')}"
        if channel == "/meta/connect" and key not in answered:
            continue  # the last connect may still be held when the scenario ends
        ok = key in answered or closed
        yield Outcome(
            ok,
            "answered with its id" if ok else f"no reply on {channel} repeats the id of its request",
            f"a reply with id {bounded(message.get('id'), 40)}",
            "none" if not ok else "one",
            evidence=(event.seq,),
        )


@check("bayeux.subscription", "scenario", scope="scenario")
def bayeux_subscription(scenario: Scenario) -> Iterator[Outcome]:
    """A reply to subscribe or unsubscribe names the `subscription` that it is about."""
    if not _applies(scenario):
        return
    for event, message in _replies(scenario, "/meta/subscribe", "/meta/unsubscribe"):
        ok = bool(message.get("subscription"))
        yield Outcome(
            ok,
            "subscription named" if ok else f"a reply on {message.get('channel')} does not name its subscription",
            "subscription",
            bounded(dict(message), 200),
            evidence=(event.seq,),
        )


@check("bayeux.advice", "scenario", scope="scenario")
def bayeux_advice(scenario: Scenario) -> Iterator[Outcome]:
    """A server that refuses a connect of an unknown client advises what to do next (`handshake` or `none`)."""
    if not _applies(scenario):
        return
    for event, message in _replies(scenario, "/meta/connect"):
        if message.get("successful") is False:
            advice = message.get("advice")
            seen = advice.get("reconnect") if isinstance(advice, Mapping) else None
            ok = seen in {"handshake", "none", "retry"}
            yield Outcome(
                ok,
                "advice given" if ok else "a failed connect without advice",
                "advice.reconnect",
                bounded(message, 200),
                evidence=(event.seq,),
            )


@check("bayeux.silence", "scenario", scope="scenario")
def bayeux_silence(scenario: Scenario) -> Iterator[Outcome]:
    """After an unsubscribe nothing more arrives that only that subscription asked for."""
    channel = scenario.info.get("unsubscribed")
    if not isinstance(channel, str):
        return
    ends = [event for event, message in _replies(scenario, "/meta/unsubscribe") if message.get("successful") is True]
    if not ends:
        return
    # What was on its way when the unsubscribe was answered may still come; what a later step caused may not.
    begins = [step.start.seq for step in scenario.steps if step.start.seq > ends[-1].seq]
    late = [
        event
        for event in scenario.events
        if event.kind == "cometd.event"
        and event.payload.get("session") == ends[-1].payload.get("session")
        and begins
        and event.seq > begins[0]
        and event.payload.get("channel") == channel
    ]
    yield Outcome(
        not late,
        "silent after the unsubscribe" if not late else f"{len(late)} events on {channel} after the unsubscribe",
        "none",
        str(len(late)),
        evidence=tuple(event.seq for event in late[:3]) or (ends[-1].seq,),
    )
