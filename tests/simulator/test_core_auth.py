"""Credentials, HTTP sessions, the Csrf token, CORS."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from conformance.simulator.cors import is_allowed
from tests.simulator.core_support import Bench, Client, Json

DENIED = {"statusCode": 20, "statusMessage": "Access denied"}
CSRF = "Missing or invalid Csrf token"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def _basic(text: bytes) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text).decode()}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        _basic(b"agent1:wrong"),
        _basic(b"nobody:password1"),
        _basic(b"agent1"),
        _basic(b"\xff\xfe:x"),
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer abc"},
        {"Cookie": "JSESSIONID=unknown"},
    ],
)
def test_who_is_not_known_is_refused(bench: Bench, headers: dict[str, str]) -> None:
    reply = bench.client(None).ask("GET", "/me", headers=headers)
    assert (reply.http, reply.body) == (403, DENIED)


def test_credentials_open_a_session_and_the_cookie_keeps_it(bench: Bench) -> None:
    agent = bench.client("agent1")
    first = agent.get("/me")
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("JSESSIONID=")
    assert "Path=/" in cookie
    assert "HttpOnly" in cookie
    agent.auth = None
    second = agent.get("/me")
    assert second.body["user"]["userName"] == "agent1"
    assert "set-cookie" not in second.headers
    assert second.headers["X-CSRF-TOKEN"] == first.headers["X-CSRF-TOKEN"]


def test_credentials_of_another_user_open_another_session(bench: Bench) -> None:
    agent = bench.client("agent1")
    agent.get("/me")
    agent.auth = ("agent2", "password2")
    reply = agent.get("/me")
    assert reply.body["user"]["userName"] == "agent2"
    assert "set-cookie" in reply.headers


def test_a_session_ends_when_it_is_not_used(bench: Bench) -> None:
    agent = bench.client("agent1")
    agent.get("/me")
    agent.auth = None
    bench.control("clock", advance=1700)
    assert agent.get("/me").http == 200
    bench.control("clock", advance=1700)
    assert agent.get("/me").http == 200
    bench.control("clock", advance=1801)
    assert agent.get("/me").body == DENIED


def test_a_client_without_cookies_does_not_fill_the_memory(bench: Bench) -> None:
    for _ in range(3):
        bench.new_client("agent1").get("/me")
    assert len(bench.world.sessions) == 3
    template = next(iter(bench.world.sessions.values()))
    for number in range(6000):
        bench.world.sessions[str(number)] = template
    bench.new_client("agent1").get("/me")
    assert len(bench.world.sessions) <= 5000


def test_the_version_needs_no_credentials_and_gives_a_token_to_who_has_them(bench: Bench) -> None:
    anonymous = bench.client(None).get("/diagnostics/version")
    assert anonymous.body == {"statusCode": 0, "version": "8.5.202.96"}
    assert "X-CSRF-TOKEN" not in anonymous.headers
    assert bench.client("agent1").get("/diagnostics/version").headers["X-CSRF-HEADER"] == "X-CSRF-TOKEN"
    assert bench.client(None).ask("GET", "/diagnostics/version", auth=("agent1", "x")).http == 403


# --- Csrf --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_request_that_modifies_data_needs_the_token(bench: Bench, method: str) -> None:
    admin = bench.client("admin1")
    admin.csrf = False
    reply = admin.send(method, "/contacts/none", {"name": "x"})
    assert (reply.http, reply.body["statusMessage"]) == (403, CSRF)
    admin.csrf = True
    admin.token = "wrong"
    assert admin.send(method, "/contacts/none", {"name": "x"}).body["statusMessage"] == CSRF
    admin.token = None
    assert admin.send(method, "/contacts/none", {"name": "x"}).body["statusMessage"] != CSRF


def test_the_token_is_worth_nothing_without_its_cookie(bench: Bench) -> None:
    agent, other = bench.client("agent1"), bench.new_client("agent1")
    token = agent.get("/me").headers["X-CSRF-TOKEN"]
    body = {"name": "n", "phoneNumber": "1"}
    without = other.ask("POST", "/contacts", json=body, headers={"X-CSRF-TOKEN": token})
    assert (without.http, without.body["statusMessage"]) == (403, CSRF)
    other.token = token  # now `other` has a cookie, but of a session of its own
    assert other.post("/contacts", body).body["statusMessage"] == CSRF
    agent.auth = None
    assert agent.post("/contacts", body).http == 200


def test_without_csrf_nothing_is_asked_for_and_nothing_given() -> None:
    bench = Bench(csrf=False)
    agent = bench.client("agent1")
    assert "X-CSRF-TOKEN" not in agent.get("/me").headers
    assert agent.post("/contacts", {"name": "n", "phoneNumber": "1"}).http == 200


def test_logging_in_comes_before_the_token(bench: Bench) -> None:
    assert bench.client(None).ask("POST", "/me", json={}).body == DENIED


# --- CORS --------------------------------------------------------------------------------------------------

ORIGINS = ["https://cloud.example.org", "https://*.example.com"]
SETTING: Json = {"name": "allowedOrigins", "value": ORIGINS}


def _cors(client: Client, origin: str, method: str = "GET") -> str | None:
    return client.ask(method, "/me", headers={"Origin": origin}).headers.get("access-control-allow-origin")


def test_an_administrator_sets_the_allowed_origins(bench: Bench) -> None:
    admin = bench.client("admin1")
    assert admin.get("/settings/access-control").body["settings"] == []
    assert admin.put("/settings/access-control", SETTING).code == 6
    assert admin.post("/settings/access-control", SETTING).body == {"statusCode": 0}
    assert admin.post("/settings/access-control", SETTING).code == 18
    assert admin.get("/settings/access-control").body["settings"] == [SETTING]
    more: Json = {"name": "allowedOrigins", "value": [*ORIGINS, "https://*.example.net"]}
    assert admin.put("/settings/access-control", {"settings": more}).body == {"statusCode": 0}
    assert admin.get("/settings/access-control").body["settings"] == [more]
    assert admin.delete("/settings/access-control", {"name": "allowedOrigins"}).body == {"statusCode": 0}
    assert admin.delete("/settings/access-control", {"name": "allowedOrigins"}).code == 6
    assert admin.delete("/settings/access-control").code == 1
    assert admin.delete("/settings/access-control", {"name": ["allowedOrigins"]}).code == 10
    assert admin.get("/settings/access-control").body["settings"] == []


@pytest.mark.parametrize("user", ["agent1", "supervisor1"])
def test_only_administrators_may_look_at_access_control(bench: Bench, user: str) -> None:
    for reply in (
        bench.client(user).get("/settings/access-control"),
        bench.client(user).post("/settings/access-control", SETTING),
        bench.client(user).put("/settings/access-control", SETTING),
        bench.client(user).delete("/settings/access-control"),
    ):
        assert (reply.http, reply.code) == (403, 5)


@pytest.mark.parametrize(
    "setting, code",
    [
        ({"name": "allowedOrigins", "value": ["*"]}, 10),
        ({"name": "allowedOrigins", "value": ["https://*"]}, 10),
        ({"name": "allowedOrigins", "value": ["https://*.*"]}, 10),
        ({"name": "allowedOrigins", "value": ["https://a..b.com"]}, 10),
        ({"name": "allowedOrigins", "value": ["ftp://a.com"]}, 10),
        ({"name": "allowedOrigins", "value": "https://a.com"}, 10),
        ({"name": "allowedOrigins", "value": [1]}, 10),
        ({"name": "other", "value": []}, 10),
        ({"name": "allowedOrigins"}, 1),
        ({"value": []}, 1),
        ({"settings": 3}, 10),
    ],
)
def test_wrong_origins_are_refused(bench: Bench, setting: Json, code: int) -> None:
    reply = bench.client("admin1").post("/settings/access-control", setting)
    assert (reply.http, reply.code) == (400, code)
    assert bench.client("admin1").get("/settings/access-control").body["settings"] == []


@pytest.mark.parametrize(
    "origin, allowed",
    [
        ("https://cloud.example.org", True),
        ("https://a.example.com", True),
        ("https://a.b.example.com", True),
        ("https://example.com", False),
        ("http://a.example.com", False),
        ("https://a.example.com.evil.net", False),
        ("https://evil.net/.example.com", False),
        ("https://cloud.example.org:444", False),
        ("null", False),
    ],
)
def test_replies_name_an_allowed_origin_and_no_other(bench: Bench, origin: str, allowed: bool) -> None:
    admin = bench.client("admin1")
    admin.post("/settings/access-control", SETTING)
    assert _cors(admin, origin) == (origin if allowed else None)
    assert _cors(bench.client(None), origin, "OPTIONS") == (origin if allowed else None)


def test_a_preflight_needs_no_credentials_and_lists_what_is_allowed(bench: Bench) -> None:
    bench.client("admin1").post("/settings/access-control", SETTING)
    reply = bench.client(None).ask("OPTIONS", "/me", headers={"Origin": ORIGINS[0]})
    assert reply.http == 200
    assert "PUT" in reply.headers["access-control-allow-methods"]
    assert "X-CSRF-TOKEN" in reply.headers["access-control-allow-headers"]
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert "X-CSRF-TOKEN" in reply.headers["access-control-expose-headers"]


def test_global_origins_are_merged_with_those_of_the_contact_centre() -> None:
    bench = Bench(global_origins=("https://global.example",))
    assert is_allowed(bench.world, "https://global.example")
    assert not is_allowed(bench.world, ORIGINS[0])
    bench.client("admin1").post("/settings/access-control", SETTING)
    assert is_allowed(bench.world, "https://global.example")
    assert is_allowed(bench.world, ORIGINS[0])


def test_notifications_carry_cookies_and_cors_headers_too(bench: Bench) -> None:
    bench.client("admin1").post("/settings/access-control", SETTING)
    agent = bench.new_client("agent1")
    token = agent.get("/me").headers["X-CSRF-TOKEN"]
    handshake: list[dict[str, Any]] = [
        {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
    ]
    headers = {"Origin": ORIGINS[0], "X-CSRF-TOKEN": token}
    reply = agent.ask("POST", "/notifications", json=handshake, headers=headers)
    assert reply.http == 200
    assert reply.headers["access-control-allow-origin"] == ORIGINS[0]
    assert agent.ask("POST", "/notifications", json=handshake).http == 403
    assert bench.new_client(None).ask("POST", "/notifications", json=handshake).body == DENIED
