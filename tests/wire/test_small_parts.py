"""Configuration, cookies, rate limit and bodies."""

from __future__ import annotations

import gzip
import time
import zlib
from typing import Any

import pytest

from conformance.wire.bodies import BodyTimeout, dump_json, parse_body, read_bounded
from conformance.wire.config import ConfigError, Credentials, TransportConfig, origin_of
from conformance.wire.cookies import CookieStore
from conformance.wire.ratelimit import RateLimiter

# --- configuration


@pytest.mark.parametrize(
    "settings, reason",
    [
        ({"base_url": "http://agent1:hidden-word@host"}, "base_url holds credentials"),
        ({"base_url": "http://hidden-word@host"}, "base_url holds credentials"),
        ({"base_url": "ftp://host"}, "http:// or https://"),
        ({"base_url": "host:8080"}, "http:// or https://"),
        ({"base_url": "http://host:99999999"}, "base_url is not a URL"),
        ({"base_url": "http://host/?x=1"}, "no query"),
        ({"api_path": "api/v2"}, "api_path must be a path"),
        ({"notifications_path": "/a b"}, "notifications_path must be a path"),
        ({"timeout": 0}, "timeout and max_body"),
        ({"rate": 0}, "rate must be above 0"),
        ({"proxy": "socks5://u:hidden-word@h:1"}, "proxy must be the URL of an HTTP proxy"),
    ],
)
def test_unusable_settings_name_themselves_and_no_secret(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as raised:
        TransportConfig(**{"base_url": "http://host", **settings})
    assert "hidden-word" not in str(raised.value)


def test_urls_of_a_configuration() -> None:
    config = TransportConfig("https://host/gws/", notifications_path="/genesys/cometd")
    assert config.api_url == "https://host/gws/api/v2"
    assert config.notifications_url == "https://host/gws/genesys/cometd"
    assert origin_of("HTTPS://Host") == origin_of("wss://host:443/x") == ("https", "host", 443)
    assert origin_of("http://[::1]:8080/") == ("http", "::1", 8080)


def test_credentials_show_no_password_and_allow_an_empty_one() -> None:
    assert "secret" not in repr(Credentials("agent1", "secret"))
    assert Credentials("agent1", "password").basic() == "Basic YWdlbnQxOnBhc3N3b3Jk"
    assert Credentials("agent1", "").basic() == "Basic YWdlbnQxOg=="
    with pytest.raises(ConfigError, match="user_name"):
        Credentials("a:b", "c")


def test_unusable_tls_files_are_named(tmp_path: Any) -> None:
    rubbish = tmp_path / "ca.pem"
    rubbish.write_text("rubbish")
    with pytest.raises(ConfigError, match=r"verify: .*ca\.pem"):
        TransportConfig("https://host", verify=str(rubbish)).ssl_context()
    with pytest.raises(ConfigError, match=r"cert: .*none\.pem"):
        TransportConfig("https://host", cert=str(tmp_path / "none.pem")).ssl_context()


# --- cookies

URL = "http://127.0.0.1:8080/api/v2/me"


@pytest.mark.parametrize(
    "header",
    [
        "JSESSIONID=abc; Path=/",
        "JSESSIONID=abc; Path=/; Secure; HttpOnly; SameSite=Strict",
        "JSESSIONID=abc; Path=/; Domain=.gws.internal",
        "JSESSIONID=abc; path=/; domain=127.0.0.1",
        "JSESSIONID=abc; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "JSESSIONID=abc; Path=/; Expires=rubbish",
    ],
)
def test_session_cookies_are_kept_for_a_bare_ip_address(header: str) -> None:
    store = CookieStore()
    store.store(URL, [header])
    assert store.header("http://127.0.0.1:9999/other") == "JSESSIONID=abc"
    assert store.header("http://localhost/") is None, "never to another host"
    assert store.header("http://gws.internal/") is None


def test_paths_and_replacement() -> None:
    store = CookieStore()
    store.store(URL, ["a=1; Path=/", "a=2; Path=/api/v2/notifications", "b=3"])
    assert store.header("http://127.0.0.1/api/v2/notifications") == "a=2; b=3; a=1"
    assert store.header("http://127.0.0.1/api/v2/notificationsX") == "b=3; a=1"
    assert store.header("http://127.0.0.1/elsewhere") == "a=1"
    store.store(URL, ["a=4; Path=/"])
    assert store.header("http://127.0.0.1/elsewhere") == "a=4"


def test_expiry_and_deletion() -> None:
    now = 1000.0
    store = CookieStore(now=lambda: now)
    store.store(URL, ["a=1; Path=/; Max-Age=10", "b=2; Path=/", "c=3; Path=/"])
    store.store(URL, ["b=; Path=/; Max-Age=0", "c=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"])
    assert store.header(URL) == "a=1"
    now = 1010.0
    assert store.header(URL) is None
    store.clear()
    assert len(store) == 0


@pytest.mark.parametrize("header", ["", "novalue", "=x", "a b=c", "a=b\r\nX: y", "a=b\x00", "ä=b", "a=ü"])
def test_hostile_cookies_are_not_taken(header: str) -> None:
    store = CookieStore()
    assert store.store(URL, [header]) == []
    assert store.header(URL) is None


def test_a_flood_of_cookies_is_bounded() -> None:
    store = CookieStore()
    store.store(URL, [f"c{n}=x; Path=/" for n in range(1000)])
    assert len(store) == 100


# --- rate limit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []

    def wait(self, seconds: float) -> None:
        self.waited.append(round(seconds, 6))
        self.now += seconds


def test_the_bucket_spreads_requests() -> None:
    clock = Clock()
    limiter = RateLimiter(2, clock=lambda: clock.now, wait=clock.wait)
    assert [limiter.acquire(10) for _ in range(3)] == [True, True, True]
    assert clock.waited == [0.5, 0.5]
    clock.now += 60
    assert limiter.acquire(10)
    assert clock.waited == [0.5, 0.5], "idle time is no debt, and saves up no more than the burst"
    assert limiter.acquire(10)
    assert clock.waited[-1] == 0.5


def test_a_burst_goes_first() -> None:
    clock = Clock()
    limiter = RateLimiter(1, burst=3, clock=lambda: clock.now, wait=clock.wait)
    for _ in range(4):
        assert limiter.acquire(10)
    assert clock.waited == [1.0]


def test_a_turn_too_far_away_is_not_taken() -> None:
    clock = Clock()
    limiter = RateLimiter(0.1, clock=lambda: clock.now, wait=clock.wait)
    assert limiter.acquire(1)
    assert not limiter.acquire(1)
    clock.now += 9.5
    assert limiter.acquire(1)
    assert clock.waited == [0.5]
    with pytest.raises(ValueError, match="rate"):
        RateLimiter(0)


# --- bodies


def later() -> float:
    return time.monotonic() + 10


@pytest.mark.parametrize(
    "raw, content_type, value, is_json",
    [
        (b'{"statusCode":0}', "application/json", {"statusCode": 0}, True),
        (b'{"a":"\xc3\xa9"}', "application/json;charset=UTF-8", {"a": "é"}, True),
        (b'{"a":"\xe9"}', "application/json; charset=ISO-8859-1", {"a": "é"}, True),
        (b'\xef\xbb\xbf{"a":1}', "application/json", {"a": 1}, True),
        (b"[]", "text/html", [], True),
        (b"null", "application/json", None, True),
        (b"123", "text/plain", None, False),
        (b"<html>", "application/json", None, False),
        (b'{"a":NaN}', "application/json", None, False),
        (b'{"a":"\xff"}', "application/json", None, False),
        (b"", "application/json", None, False),
        (b"[" * 100_000, "application/json", None, False),
        (b"1" * 5000, "application/json", None, False),
        (b'{"a":1}', "application/json; charset=base64", {"a": 1}, True),
        (b'{"a":1}', "application/json; charset=no-such", {"a": 1}, True),
    ],
)
def test_what_counts_as_json(raw: bytes, content_type: str, value: Any, is_json: bool) -> None:
    body = parse_body(raw, content_type, truncated=False)
    assert (body.json, body.is_json, body.size) == (value, is_json, len(raw))


def test_bodies_are_read_up_to_the_bound() -> None:
    assert read_bounded(iter([b"abc", b"def"]), "", 6, later()) == (b"abcdef", False)
    assert read_bounded(iter([b"abc", b"def"]), "", 5, later()) == (b"abcde", True)
    assert not parse_body(b"[1,2]", "application/json", truncated=True).is_json


@pytest.mark.parametrize("encoding, pack", [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies_cannot_explode(encoding: str, pack: Any) -> None:
    assert read_bounded(iter([pack(b"hello")]), encoding, 100, later()) == (b"hello", False)
    bomb = pack(b"\0" * 50_000_000)
    raw, truncated = read_bounded(iter([bomb]), encoding, 1000, later())
    assert (len(raw), truncated) == (1000, True)


def test_a_dripping_body_runs_out_of_time() -> None:
    with pytest.raises(BodyTimeout):
        read_bounded(iter([b"a", b"b"]), "", 10, time.monotonic() - 1)


def test_json_is_written_as_browsers_do() -> None:
    assert dump_json({"a": "é", "b": [1]}) == '{"a":"é","b":[1]}'.encode()
    assert dump_json("\ud800") == b'"\\ud800"'
