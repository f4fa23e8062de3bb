"""Subscribe, unsubscribe, publish: which channels there are, and what a pattern matches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.bayeux_support import CALLS, Message, Served, numbers


@pytest.mark.parametrize(
    "channel",
    [CALLS, "/v2/me/*", "/v2/me/**", "/v2/me/a/b", "/v2/**", "/v2/*", "/**", "/*", "/notifications/services",
     "/notifications/*", "/v2/me", ["/v2/me/calls", "/v2/me/devices"]],
)  # fmt: skip
def test_subscribe_and_unsubscribe_echo_the_subscription(served: Served, channel: Any) -> None:
    client = served.client().start()
    for verb in ("subscribe", "unsubscribe"):
        reply = client.send(f"/meta/{verb}", subscription=channel)[0]
        assert reply["successful"] is True
        assert reply["subscription"] == channel


@pytest.mark.parametrize("channel", ["/meta/*", "/meta/connect", "/meta/**", ["/v2/me/calls", "/meta/handshake"]])
def test_meta_channels_are_refused(served: Served, channel: Any) -> None:
    reply = served.client().start().subscribe(channel)
    assert reply["successful"] is False
    assert reply["error"] == "403:denied_by_security_policy:subscribe_denied"
    assert reply["subscription"] == channel
    # All or nothing.
    assert served.publish(1) == 0


@pytest.mark.parametrize("channel", ["/foo", "/v3/**", "/foo/*", "/v2/you/calls", "/service/x", "/v2"])
def test_undocumented_topics_are_refused(served: Served, channel: str) -> None:
    assert served.client().start().subscribe(channel)["error"].endswith(":subscribe_denied")


@pytest.mark.parametrize(
    "channel", ["", "/", "v2/me", "/v2//me", "/v2/*/calls", "/v2/me/c*", "/**/calls", "/v2/me/***", 5, [], [5]]
)
def test_bad_channel_names_are_refused(served: Served, channel: Any) -> None:
    reply = served.client().start().subscribe(channel)
    assert (reply["successful"], reply["error"]) == (False, "403::subscription_invalid")


def test_subscribe_without_subscription_is_refused(served: Served) -> None:
    reply = served.client().start().send("/meta/subscribe")[0]
    assert (reply["successful"], reply["error"]) == (False, "403::subscription_missing")


def test_may_subscribe_decides(make: Callable[..., Served]) -> None:
    served = make(may_subscribe=lambda user_id, channel: (user_id, channel) == ("alice", "/only/this"))
    client = served.client().start()
    assert client.subscribe("/only/this")["successful"] is True
    assert client.subscribe(CALLS)["successful"] is False


@pytest.mark.parametrize(
    ("pattern", "channel", "delivered"),
    [
        (CALLS, CALLS, True),
        (CALLS, "/v2/me/calls/x", False),
        ("/v2/me/*", CALLS, True),
        ("/v2/me/*", "/v2/me", False),
        ("/v2/me/*", "/v2/me/calls/x", False),
        ("/v2/me/**", "/v2/me/calls/x", True),
        ("/v2/me/**", "/v2/me", False),
        ("/v2/me/**", "/v2/meadow", False),
        ("/**", "/notifications/services", True),
        ("/*", CALLS, False),
    ],
)
def test_wildcards(served: Served, pattern: str, channel: str, delivered: bool) -> None:
    client = served.client().start(pattern)
    assert served.publish(1, channel) == int(delivered)
    assert numbers(client.connect(advice={"timeout": 0})) == [1] * delivered


def test_unsubscribe_ends_delivery(served: Served) -> None:
    client = served.client().start(CALLS, "/v2/me/chats")
    assert client.send("/meta/unsubscribe", subscription=CALLS)[0]["successful"]
    assert served.publish(1) == 0
    assert served.publish(2, "/v2/me/chats") == 1
    assert numbers(client.connect()) == [2]


def test_unsubscribe_of_what_was_not_subscribed_is_harmless(served: Served) -> None:
    assert served.client().start().send("/meta/unsubscribe", subscription=CALLS)[0]["successful"] is True


@pytest.mark.parametrize(
    ("channel", "members", "error"),
    [
        ("/service/x", {"data": {"a": 1}}, None),
        ("/service/x", {}, "400::data_missing"),
        (CALLS, {"data": {}}, "403:denied_by_security_policy:publish denied"),
        ("/foo", {"data": {}}, "403:denied_by_security_policy:create denied"),
        ("/v2/me/*", {"data": {}}, "400::channel_invalid"),
    ],
)
def test_publish_is_answered(served: Served, channel: str, members: Message, error: str | None) -> None:
    client = served.client().start("/**")
    replies = client.send(channel, **members)
    assert len(replies) == 1
    assert replies[0]["successful"] is (error is None)
    assert replies[0].get("error") == error
    assert numbers(client.connect(advice={"timeout": 0})) == []
