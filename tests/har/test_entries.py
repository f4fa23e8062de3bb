"""One shape for what recorders write differently."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from conformance.har.entries import Entry, NoEntry, entry_of
from tests.har.har_support import entry, pairs

NOON = 1741088400.0


def made(raw: Any, **changes: Any) -> Entry:
    """The entry of a raw one."""
    return entry_of({**raw, **changes}, 1, 7.0)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2025-03-04T11:40:00.000Z", NOON),
        ("2025-03-04T11:40:00Z", NOON),
        ("2025-03-04T12:40:00.0000000+01:00", NOON),
        ("2025-03-04T11:40:00", NOON),
        ("2025-03-04 11:40:00.250+00:00", NOON + 0.25),
        (1741088400123, NOON + 0.123),
        (1741088400.5, NOON + 0.5),
        ("yesterday", 7.0),
        (None, 7.0),
        ("", 7.0),
    ],
)
def test_times(written: Any, seconds: float) -> None:
    assert made(entry(0, "GET", "/me", {}), startedDateTime=written).start == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("time", "timings", "seconds"),
    [
        (12.5, {}, 0.0125),
        (-1, {"send": 1, "wait": 20, "receive": 4, "ssl": 900, "blocked": -1}, 0.025),
        (0, {"wait": "soon"}, 0.0),
        (None, None, 0.0),
        (True, {}, 0.0),
    ],
)
def test_durations(time: Any, timings: Any, seconds: float) -> None:
    assert made(entry(0, "GET", "/me", {}), time=time, timings=timings).seconds == pytest.approx(seconds)


def test_headers_of_http2_and_cookies_in_one_value() -> None:
    raw = entry(0, "get", "/me", {})
    raw["request"]["headers"] = [
        {"name": ":authority", "value": "gws.example.com"},
        {"name": ":path", "value": "/api/v2/me"},
        {"name": "Cookie", "value": "a=1"},
        {"name": "cookie", "value": "b=2"},
        {"name": "bad name", "value": "x"},
        "no header",
    ]
    raw["response"]["headers"] = pairs({"Set-Cookie": "JSESSIONID=abc; Path=/\nb=2; Secure", "X-Empty": ""})
    found = made(raw)
    assert found.method == "GET"
    assert found.headers == {"host": ["gws.example.com"], "cookie": ["a=1; b=2"]}
    assert found.reply_headers["set-cookie"] == ["JSESSIONID=abc; Path=/", "b=2; Secure"]
    assert found.reply_headers["x-empty"] == [""]


def test_cookies_from_their_own_list() -> None:
    raw = entry(0, "GET", "/me", {})
    raw["request"]["cookies"] = [{"name": "JSESSIONID", "value": "abc"}, {"name": "b", "value": "2"}]
    raw["response"]["cookies"] = [{"name": "JSESSIONID", "value": "new"}]
    found = made(raw)
    assert (found.headers["cookie"], found.reply_headers["set-cookie"]) == (["JSESSIONID=abc; b=2"], ["JSESSIONID=new"])


BODY = {"statusCode": 0, "name": 'Käthe \\ "北" \u2028'}


@pytest.mark.parametrize("way", ["text", "base64", "folded", "gzip", "parsed"])
def test_bodies_of_replies(way: str) -> None:
    raw = entry(0, "GET", "/me", {})
    text = json.dumps(BODY, ensure_ascii=False)
    plain = text.encode()
    ways: dict[str, dict[str, Any]] = {
        "text": {"text": text},
        "base64": {"text": base64.b64encode(plain).decode(), "encoding": "base64"},
        "folded": {"text": base64.encodebytes(plain).decode().rstrip("=\n"), "encoding": "BASE64"},
        "gzip": {"text": base64.b64encode(gzip.compress(plain)).decode(), "encoding": "base64"},
        "parsed": {"text": BODY},
    }
    raw["response"]["content"] = {"size": len(plain), "mimeType": "application/json", **ways[way]}
    body = made(raw).body
    assert body is not None
    assert (body.json, body.is_json, made(raw).lost) == (BODY, True, "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"size": 5312, "mimeType": "application/json"}, "does not have the body"),
        ({"size": 0, "mimeType": "application/json"}, "does not have the body"),
        ({"size": 0, "mimeType": "application/json", "text": ""}, "does not have the body"),
        ({"size": 9000, "mimeType": "application/json", "text": '{"statusCode": 0, "users": [{"id'}, "cuts the body"),
        ({"size": 10, "mimeType": "application/json", "text": "%%%", "encoding": "base64"}, "cannot be read"),
        ({"size": 10, "mimeType": "application/json", "text": "H4sIAAAAAAAA/w==", "encoding": "base64"}, ""),
    ],
)
def test_bodies_that_are_not_there(content: dict[str, Any], words: str) -> None:
    raw = entry(0, "GET", "/me", {})
    raw["response"]["content"] = content
    found = made(raw)
    assert words in found.lost
    assert (found.body is None) is bool(words)


@pytest.mark.parametrize(
    ("status", "headers", "content"),
    [
        (204, {}, {"size": 0, "mimeType": ""}),
        (200, {"Content-Length": "0", "Content-Type": "application/json"}, {"size": 0, "mimeType": ""}),
        (200, {}, {"size": 0, "mimeType": ""}),
    ],
)
def test_bodies_that_are_empty(status: int, headers: dict[str, str], content: dict[str, Any]) -> None:
    raw = entry(0, "GET", "/me", None, status=status)
    raw["response"] |= {"headers": pairs(headers), "content": content}
    found = made(raw)
    assert found.body is not None
    assert (found.body.size, found.lost) == (0, "")


def test_what_was_sent() -> None:
    raw = entry(0, "POST", "/me", {}, sent={"operationName": "Ready"})
    assert made(raw).asked.json == {"operationName": "Ready"}  # type: ignore[union-attr]
    raw["request"]["postData"] = {
        "mimeType": "application/x-www-form-urlencoded",
        "params": [{"name": "message", "value": '[{"channel": "/meta/connect"}]'}, {"name": "b", "value": "2 3"}],
    }
    assert made(raw).asked.text == "message=%5B%7B%22channel%22%3A+%22%2Fmeta%2Fconnect%22%7D%5D&b=2+3"  # type: ignore[union-attr]
    raw["request"]["postData"] = {"mimeType": "application/json", "text": "eyJhIjogMX0=", "encoding": "base64"}
    assert made(raw).asked.json == {"a": 1}  # type: ignore[union-attr]
    del raw["request"]["postData"]
    raw["request"]["bodySize"] = 99
    assert made(raw).asked is None
    assert "does not have what was sent" in made(raw).lost


def test_no_reply_and_cached_ones() -> None:
    raw = entry(0, "GET", "/me", None, status=0)
    raw["response"]["_error"] = "net::ERR_ABORTED"
    assert (made(raw).status, made(raw).error) == (0, "NoReply: net::ERR_ABORTED")
    assert made(entry(0, "GET", "/me", {}), _fromCache="memory").cached
    assert made(entry(0, "GET", "/me", None, status=304)).cached
    del raw["response"]
    assert made(raw).status == 0


def test_messages_of_a_websocket() -> None:
    raw = entry(0, "GET", "wss://gws.example.com/cometd", None, status=101)
    raw["_webSocketMessages"] = [
        {"type": "send", "time": NOON, "opcode": 1, "data": "[]"},
        {"type": "receive", "time": NOON + 1, "opcode": 2, "data": base64.b64encode(b"[1]").decode()},
        {"type": "receive", "time": NOON + 2, "opcode": 9, "data": ""},
        {"type": "receive", "time": NOON + 3, "opcode": 1, "data": None},
        "nothing",
    ]
    found = made(raw)
    assert found.websocket
    assert [(item.at, item.by_client, item.text) for item in found.sockets or ()] == [
        (NOON, True, "[]"),
        (NOON + 1, False, "[1]"),
        (NOON + 3, False, None),
    ]
    assert found.origin == "https://gws.example.com"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "text",
        {},
        {"request": {}},
        {"request": {"method": "GET", "url": "data:image/png;base64,AAAA"}},
        {"request": {"method": "GET", "url": "http://[broken"}},
        {"request": {"method": "G E T", "url": "http://a/"}},
        {"request": {"method": "GET", "url": 5}},
    ],
)
def test_what_is_no_entry(raw: Any) -> None:
    with pytest.raises(NoEntry):
        entry_of(raw, 1, 0.0)
