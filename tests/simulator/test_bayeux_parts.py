"""The Bayeux server's pure parts: channel names, messages, mailboxes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.simulator.bayeux.channels import documented, is_channel, is_pattern, matches
from conformance.simulator.bayeux.messages import MalformedError, content_charset, encode, parse, reply_to
from conformance.simulator.bayeux.registry import Registry, Settings
from conformance.simulator.bayeux.sessions import Mailbox, Peer, Release
from conformance.simulator.clock import Clock

segments = st.lists(st.text("abc-_.", min_size=1, max_size=3), min_size=1, max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("channel"), inner),
    max_leaves=8,
)


@given(segments)
def test_every_channel_matches_itself_and_its_patterns(names: list[str]) -> None:
    channel = "/" + "/".join(names)
    assert is_channel(channel)
    assert matches(channel, channel)
    for depth in range(len(names)):
        stem = "".join(f"/{name}" for name in names[:depth])
        assert is_pattern(f"{stem}/**")
        assert not is_channel(f"{stem}/*")
        assert matches(f"{stem}/**", channel)
        assert matches(f"{stem}/*", channel) is (depth == len(names) - 1)
    assert not matches(f"{channel}/**", channel)
    assert not matches(f"{channel}/*", channel)


@pytest.mark.parametrize(
    "name", ["", "/", "a", "//", "/a/", "/a//b", "/*/a", "/**/a", "/a*", "/***", "/a b", "/a\n", None, 1, "/" * 9]
)
def test_malformed_names(name: Any) -> None:
    assert not is_pattern(name)
    assert not is_channel(name)


def test_names_are_bounded() -> None:
    assert is_channel("/" + "a" * 1999)
    assert not is_channel("/" + "a" * 2000)


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [("/v2/me/calls", True), ("/v2/me/**", True), ("/**", True), ("/*", True), ("/v2/**", True),
     ("/notifications/x/y", True), ("/v2", False), ("/v2/meadow", False), ("/v2/you/**", False), ("/v1/*", False)],
)  # fmt: skip
def test_documented_topics(pattern: str, allowed: bool) -> None:
    assert documented("anybody", pattern) is allowed


@given(json_values)
def test_parse_never_fails_in_another_way(value: Any) -> None:
    try:
        messages = parse(encode(value).encode())
    except MalformedError:
        assert not (isinstance(value, dict) and isinstance(value.get("channel"), str))
    else:
        assert messages == value or messages == [value]
        assert all(isinstance(message["channel"], str) for message in messages)


@given(st.binary(max_size=40))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    try:
        messages = parse(body)
    except MalformedError:
        return
    assert all(isinstance(message["channel"], str) for message in messages)


@given(json_values)
def test_encoded_text_is_utf8_and_the_same_value(value: Any) -> None:
    assert json.loads(encode(value).encode()) == value


def test_lone_surrogate_is_escaped() -> None:
    assert encode({"a": "\ud800é"}) == '{"a":"\\ud800\\u00e9"}'


def test_charsets() -> None:
    assert content_charset("application/json") == "utf-8"
    assert content_charset('Application/JSON ; a=b; Charset="UTF-16"') == "utf-16"
    for refused in (None, "", "text/html", "application/json; charset=zlib"):
        with pytest.raises(MalformedError):
            content_charset(refused)


def test_reply_is_unsuccessful_with_an_error() -> None:
    assert reply_to({"channel": "/a", "id": [1]}, error="400::x") == {
        "channel": "/a",
        "successful": False,
        "error": "400::x",
    }


@given(st.lists(st.sampled_from(["put", "connect", "lost"]), max_size=30))
def test_acknowledged_mailbox_delivers_everything_at_least_once_and_in_order(steps: list[str]) -> None:
    mailbox = Mailbox(acknowledged=True)
    put, received, confirmed = 0, 0, 0
    for step in steps:
        if step == "put":
            mailbox.put(str(put))
            put += 1
            continue
        mailbox.acknowledge(confirmed)
        texts = mailbox.take()
        batch = mailbox.close_batch()
        assert texts == [str(number) for number in range(received, put)]
        if step == "connect":
            received, confirmed = put, batch
    mailbox.acknowledge(confirmed)
    assert mailbox.take() == [str(number) for number in range(received, put)]


def test_plain_mailbox_gives_once_and_takes_back_in_front() -> None:
    mailbox = Mailbox()
    for text in ("a", "b", "c"):
        mailbox.put(text)
    taken = mailbox.take()
    assert len(mailbox) == 0
    mailbox.put("d")
    mailbox.put_back(taken[1:])
    assert mailbox.take() == ["b", "c", "d"]


def test_timer_survives_a_reset_of_the_clock() -> None:
    async def work() -> None:
        clock = Clock()
        registry = Registry(clock, Settings(), lambda name: False)
        peer = Peer("alice", "b", "long-polling")
        registry.open(peer, acknowledged=False)
        clock.clear()
        clock.advance(11)
        session = registry.open(peer, acknowledged=False)
        assert len(registry.sessions()) == 2
        clock.advance(1)
        assert registry.sessions() == [session]
        clock.advance(10)
        assert registry.sessions() == []

    asyncio.run(work())


def test_first_reason_of_a_release_counts() -> None:
    async def work() -> None:
        registry = Registry(Clock(), Settings(), lambda name: False)
        session = registry.open(Peer("alice", "b", "long-polling"), acknowledged=False)
        held = registry.hold(session, 1000)
        session.notify()
        registry.remove(session, Release.FORGOTTEN)
        assert held.released.result() is Release.EVENTS
        registry.let_go(session, held)
        assert session.hold is None

    asyncio.run(work())
