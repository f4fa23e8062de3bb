"""Pairs around the frames of CometD."""

from __future__ import annotations

from typing import Any

from tests.judge.build import Timeline, call_message
from tests.judge.cases import Pair

HELLO = {"channel": "/meta/handshake", "id": "1", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
WELCOME = {
    "channel": "/meta/handshake",
    "id": "1",
    "successful": True,
    "version": "1.0",
    "clientId": "c1",
    "supportedConnectionTypes": ["websocket", "long-polling"],
}


def _frames(asked: dict[str, Any], *answers: dict[str, Any], **info: Any) -> Timeline:
    line = Timeline("basics.cometd[made]", area="basics", bayeux=True, **info).step(case="probe", performer="agent")
    line.frame("send", asked)
    for answer in answers:
        line.frame("receive", answer)
    return line


def handshake(**members: Any) -> Timeline:
    """A handshake whose reply has other members."""
    return _frames(HELLO, {key: value for key, value in {**WELCOME, **members}.items() if value is not None})


def two_sessions(first: str, second: str) -> Timeline:
    """Two sessions are opened one after the other."""
    line = _frames(HELLO, {**WELCOME, "clientId": first})
    line.frame("send", {"channel": "/meta/connect", "id": "2", "clientId": first})
    line.frame("send", {**HELLO, "id": "3"}, session="agent+2/1")
    return line.frame("receive", {**WELCOME, "id": "3", "clientId": second}, session="agent+2/1", mark="second")


def meta(channel: str, **members: Any) -> Timeline:
    """A message on a meta channel and its reply."""
    asked = {"channel": channel, "id": "7", "clientId": "c1", "subscription": "/v2/me/*"}
    reply = {"channel": channel, "id": "7", "successful": True, "subscription": "/v2/me/*", **members}
    return _frames(asked, {key: value for key, value in reply.items() if value is not None})


def refused_connect(**members: Any) -> Timeline:
    """A connect of a client that the server does not know."""
    asked = {"channel": "/meta/connect", "id": "8", "clientId": "gone", "connectionType": "long-polling"}
    return _frames(asked, {"channel": "/meta/connect", "id": "8", "successful": False, **members})


def silence(*, late: bool) -> Timeline:
    """An unsubscribe, and perhaps an event afterwards."""
    asked = {"channel": "/meta/unsubscribe", "id": "9", "clientId": "c1", "subscription": "/v2/me/calls"}
    line = _frames(asked, {**asked, "successful": True}, unsubscribed="/v2/me/calls")
    line.step(case="probe", performer="agent")
    return line.tell(call_message()) if late else line


PAIRS = [
    Pair("bayeux.handshake", handshake, lambda: handshake(version=None), "lacks version", at="receive", name="version"),
    Pair(
        "bayeux.handshake",
        handshake,
        lambda: handshake(supportedConnectionTypes=["websocket"]),
        "lacks long-polling",
        at="receive",
        name="transports",
    ),
    Pair(
        "bayeux.clientId",
        lambda: two_sessions("3d461580aa06fe0ab81a", "95643ca2b87f4306984a"),
        lambda: two_sessions("3d461580aa06fe0ab81a", "3d461580aa06fe0ab81a"),
        "agent+2/1 was given the client id of agent/1",
        at="second",
        name="own",
    ),
    Pair(
        "bayeux.clientId",
        lambda: two_sessions("3d461580aa06fe0ab81a", "95643ca2b87f4306984a"),
        lambda: two_sessions("3d461580aa06fe0ab81a", "client-2"),
        "the client id of agent+2/1 can be guessed",
        at="second",
        verdict="warning",
        name="random",
    ),
    Pair(
        "bayeux.reply",
        lambda: meta("/meta/subscribe"),
        lambda: meta("/meta/subscribe", id="8"),
        "no reply on /meta/subscribe repeats the id",
        at="send",
        name="id",
    ),
    Pair(
        "bayeux.reply",
        lambda: meta("/meta/subscribe"),
        lambda: meta("/meta/subscribe", successful=None),
        "a reply on /meta/subscribe has no successful",
        at="receive",
        name="successful",
    ),
    Pair(
        "bayeux.subscription",
        lambda: meta("/meta/unsubscribe"),
        lambda: meta("/meta/unsubscribe", subscription=None),
        "does not name its subscription",
        at="receive",
    ),
    Pair(
        "bayeux.advice",
        lambda: refused_connect(advice={"reconnect": "handshake"}),
        refused_connect,
        "without advice",
        at="receive",
    ),
    Pair(
        "bayeux.silence",
        lambda: silence(late=False),
        lambda: silence(late=True),
        "1 events on /v2/me/calls after the unsubscribe",
        at="told",
    ),
]
