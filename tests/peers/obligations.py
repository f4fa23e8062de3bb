"""What both sides of Bayeux 1.0 owe, in our words, with the probe of each and a faulty server that it unmasks.

The numbers are those of the project's list of obligations, which leaves out what does not concern GWS. Where the client
owes it, our client's own test is named too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.peers import probes
from tests.peers.bench import Bench
from tests.peers.relay import Distort, Forward, Message
from tests.wire.servers import Answer

HTTP, SOCKET = "long-polling", "websocket"
NUMBERS = (1, 2, 4, 6, *range(8, 27), 28, 29, 30)
NOT_PROBED: dict[int, str] = {}
"""Numbers without a probe, and why."""


@dataclass(frozen=True)
class Faulty:
    """A server that does not keep an obligation, and what the probe says of it. `how` names a fault of the bundled
    server, or distorts what a sound one says (over HTTP only)."""

    how: str | Callable[[], Distort]
    says: str
    transports: tuple[str, ...] = (HTTP, SOCKET)

    @property
    def name(self) -> str:
        """For the id of a test."""
        return self.how if isinstance(self.how, str) else self.how.__name__


@dataclass(frozen=True)
class Obligation:
    """An obligation; `owed_by` is C, S or both. `ours` names a test in tests/wire that our client keeps it."""

    number: int
    name: str
    owed_by: Literal["C", "S", "CS"]
    probe: Callable[[Bench], None]
    faulty: tuple[Faulty, ...]
    ours: str = ""
    transports: tuple[str, ...] = (HTTP, SOCKET)

    def __str__(self) -> str:
        return f"{self.number}-{self.name}"


# --- faulty servers that the bundled one cannot be -------------------------------------------------------------


def one_at_a_time() -> Distort:
    """Answers a request only when the one before it is answered."""
    turn = threading.Lock()

    def distort(messages: list[Message], forward: Forward) -> list[Message]:
        with turn:
            return forward(messages)

    return distort


def changing(change: Callable[[Message], Message | None]) -> Distort:
    """Changes each message that the server sends; None leaves it out."""

    def distort(messages: list[Message], forward: Forward) -> list[Message]:
        return [changed for changed in map(change, forward(messages)) if changed is not None]

    return distort


def hides_long_polling() -> Distort:
    """Offers WebSocket alone."""
    return changing(lambda m: m | {"supportedConnectionTypes": ["websocket"]} if "version" in m else m)


def silent_to_strangers() -> Distort:
    """Says nothing to who has not shaken hands."""
    return changing(lambda m: None if str(m.get("error", "")).startswith("402") else m)


def sparse_advice() -> Distort:
    """Leaves out of an advice what is 0."""

    def thin(message: Message) -> Message:
        advice = {name: value for name, value in message.get("advice", {}).items() if value != 0}
        return message | {"advice": advice} if advice else message

    return changing(thin)


def never_advises_none() -> Distort:
    """Always says: retry."""
    return changing(lambda m: m | {"advice": {**m["advice"], "reconnect": "retry"}} if "advice" in m else m)


def long_interval() -> Distort:
    """Advises an interval that the session does not live to see."""

    def stretch(message: Message) -> Message:
        advice = message.get("advice", {})
        return (
            message | {"advice": {**advice, "interval": 100 * advice["interval"]}}
            if advice.get("interval")
            else message
        )

    return changing(stretch)


def fills_in_connection_type() -> Distort:
    """Takes every connect for long-polling."""

    def distort(messages: list[Message], forward: Forward) -> list[Message]:
        return forward([m | {"connectionType": HTTP} if m["channel"] == "/meta/connect" else m for m in messages])

    return distort


def accepts_empty_publishes() -> Distort:
    """Makes up the data of a publish."""

    def distort(messages: list[Message], forward: Forward) -> list[Message]:
        return forward([m if m["channel"].startswith("/meta/") else {"data": {}, **m} for m in messages])

    return distort


def bare_publish_replies() -> Distort:
    """Answers a publish without `successful`."""

    def strip(message: Message) -> Message:
        published = not message["channel"].startswith("/meta/") and "id" in message
        return {n: v for n, v in message.items() if n != "successful"} if published else message

    return changing(strip)


def takes_messages_one_by_one() -> Distort:
    """Carries out what travels beside a handshake."""

    def distort(messages: list[Message], forward: Forward) -> list[Message]:
        return [reply for message in messages for reply in forward([message])]

    return distort


def answers_html() -> Distort:
    """Calls its replies HTML."""

    def distort(messages: list[Message], forward: Forward) -> Answer:
        return Answer(body=forward(messages), content_type="text/html")

    return distort


# --- the obligations ------------------------------------------------------------------------------------------

OBLIGATIONS = [
    Obligation(
        1,
        "two-requests-at-once",
        "C",
        probes.two_requests_at_once,
        (Faulty(one_at_a_time, "a request beside the held connect is not answered"),),
        ours="test_never_more_than_two_requests_and_one_connect",
        transports=(HTTP,),
    ),
    Obligation(
        2,
        "long-polling-is-there",
        "CS",
        probes.long_polling,
        (Faulty(hides_long_polling, "long-polling is not offered"),),
        ours="test_opening_handshakes_subscribes_and_connects",
        transports=(HTTP,),
    ),
    Obligation(
        4,
        "answers-without-a-handshake",
        "S",
        probes.answers_without_handshake,
        (
            Faulty("bayeux.accepts-unknown-client", "connect without a handshake is granted"),
            Faulty(silent_to_strangers, "/meta/connect is not answered"),
        ),
    ),
    Obligation(
        6,
        "replies-repeat-the-id",
        "S",
        probes.repeats_ids,
        (Faulty("bayeux.no-id-echo", "handshake: the id is not repeated"),),
    ),
    Obligation(
        8,
        "client-ids-are-random",
        "S",
        probes.client_ids,
        (
            Faulty("bayeux.predictable-client-ids", "fewer than 128 bits"),
            Faulty("bayeux.same-client-id", "a client id is given twice"),
        ),
    ),
    Obligation(
        9,
        "arrays",
        "CS",
        probes.arrays,
        (Faulty("bayeux.arrays-refused", "an array of one message is refused", (HTTP,)),),
        ours="test_publish_batch_and_unsubscribe",
    ),
    Obligation(
        10,
        "version-in-the-handshake",
        "CS",
        probes.version,
        (Faulty("bayeux.no-version", "the handshake reply has no version"),),
        ours="test_opening_handshakes_subscribes_and_connects",
    ),
    Obligation(
        11,
        "client-id-in-every-message",
        "C",
        probes.needs_client_id,
        (
            Faulty("bayeux.accepts-unknown-client", "connect with a made-up client id is granted"),
            Faulty("bayeux.client-id-suffices", "another user's client id is accepted"),
        ),
        ours="test_opening_handshakes_subscribes_and_connects",
    ),
    Obligation(
        12,
        "newer-advice-replaces-older",
        "C",
        probes.whole_advice,
        (Faulty(sparse_advice, "an advice leaves out interval or timeout"),),
        ours="test_the_interval_is_honoured_and_the_newest_advice_wins",
    ),
    Obligation(
        13,
        "advice-handshake",
        "C",
        probes.advises_handshake,
        (Faulty("bayeux.no-advice-on-402", "an unknown client is not told to handshake"),),
        ours="test_advice_handshake_makes_a_new_session_with_the_same_subscriptions",
    ),
    Obligation(
        14,
        "advice-none",
        "C",
        probes.advises_none,
        (Faulty(never_advises_none, "the connect that a disconnect ends advises ['retry']"),),
        ours="test_advice_none_is_the_end",
    ),
    Obligation(
        15,
        "timeout-advice",
        "S",
        probes.timeout_advice,
        (Faulty("bayeux.ignores-timeout-advice", "a connect is held though the client advised a timeout of 0"),),
    ),
    Obligation(
        16,
        "interval-and-back-off",
        "C",
        probes.interval,
        (Faulty(long_interval, "a client that keeps the advised interval is forgotten"),),
        ours="test_failures_back_off_and_end_at_the_bound",
        transports=(HTTP,),
    ),
    Obligation(
        17,
        "connection-type-in-connect",
        "C",
        probes.connection_type,
        (Faulty(fills_in_connection_type, "a connect without connectionType is granted"),),
        ours="test_one_socket_carries_everything",
    ),
    Obligation(
        18,
        "data-in-publish-and-delivery",
        "CS",
        probes.data,
        (
            Faulty("bayeux.no-data", "an event has no data"),
            Faulty(accepts_empty_publishes, "a publish without data is granted"),
        ),
        ours="test_publish_batch_and_unsubscribe",
    ),
    Obligation(
        19,
        "successful-in-every-reply",
        "S",
        probes.successful,
        (
            Faulty("bayeux.no-successful", "a reply on /meta/handshake has no successful"),
            Faulty(bare_publish_replies, "is not answered"),
        ),
    ),
    Obligation(
        20,
        "subscription-both-ways",
        "CS",
        probes.subscription,
        (Faulty("bayeux.no-subscription-echo", "the reply to subscribe does not repeat the subscription"),),
        ours="test_opening_handshakes_subscribes_and_connects",
    ),
    Obligation(
        21,
        "nothing-beside-a-handshake",
        "C",
        probes.nothing_beside_a_handshake,
        (Faulty(takes_messages_one_by_one, "what travels beside a handshake is carried out"),),
        ours="test_advice_handshake_makes_a_new_session_with_the_same_subscriptions",
    ),
    Obligation(
        22,
        "no-shared-transport",
        "S",
        probes.no_shared_transport,
        (Faulty("bayeux.no-shared-transport-accepted", "a handshake that shares no transport is granted"),),
    ),
    Obligation(
        23,
        "one-outstanding-connect",
        "CS",
        probes.one_connect,
        (Faulty("bayeux.two-connects-held", "the older of two connects is still held"),),
        ours="test_never_more_than_two_requests_and_one_connect",
    ),
    Obligation(
        24,
        "every-request-is-answered",
        "S",
        probes.answers_all,
        (Faulty("bayeux.no-disconnect-reply", "/meta/disconnect is not answered"),),
    ),
    Obligation(
        25,
        "the-silent-are-forgotten",
        "S",
        probes.forgets_the_silent,
        (Faulty("bayeux.never-expires", "a client that was silent for a minute is still there"),),
    ),
    Obligation(
        26,
        "disconnect-releases-the-connect",
        "S",
        probes.releases_on_disconnect,
        (Faulty("bayeux.holds-connect-after-disconnect", "the connect is still held after the disconnect"),),
    ),
    Obligation(
        28,
        "json-posts",
        "CS",
        probes.json_posts,
        (Faulty(answers_html, "the reply comes as text/html"),),
        ours="test_every_request_carries_credentials_cookies_and_token",
        transports=(HTTP,),
    ),
    Obligation(
        29,
        "two-sessions-of-a-browser",
        "S",
        probes.two_sessions_of_a_browser,
        (Faulty("bayeux.multiple-clients-ignored", "the second session's connect is held too"),),
        transports=(HTTP,),
    ),
    Obligation(
        30,
        "wildcards",
        "S",
        probes.wildcards,
        (Faulty("bayeux.wildcard-two-segments", "* matches more than one segment"),),
    ),
]
