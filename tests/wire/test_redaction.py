from __future__ import annotations

import base64
import html
import json
import string
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.wire.recorder import Recorder
from conformance.wire.redaction import MAX_DEPTH, Redactor

# Six characters and more, at least one that no name of the timeline's own holds.
secrets = st.builds(
    lambda body, mark: body[:3] + mark + body[3:],
    st.text(string.ascii_letters + string.digits + " !\"#$%&'()*+,-./:;<=>?@[]^_{|}~äß€", min_size=6, max_size=20),
    st.sampled_from(["Q9", "Z!", "X%"]),
)

disguises = st.sampled_from(
    [
        lambda s: s,
        lambda s: quote(s),
        lambda s: quote(s, safe=""),
        lambda s: quote_plus(s).lower() if quote_plus(s).islower() else quote_plus(s),
        lambda s: json.dumps(s)[1:-1],
        lambda s: html.escape(s),
        lambda s: base64.b64encode(f"agent1:{s}".encode()).decode(),
    ]
)


def wrapped(told: str) -> st.SearchStrategy[Any]:
    """JSON values in which the secret stands somewhere, in some disguise."""
    around = st.text(" .,;<>/", max_size=5)
    leaf = st.builds(lambda a, d, b: a + d(told) + b, around, disguises, around)
    return st.recursive(
        leaf | st.integers() | st.none() | st.booleans() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.text(" ./", max_size=3).map(lambda t: t + told) | st.text(max_size=5), inner, max_size=3
            )
            | inner.map(lambda v: {"headers": {"X-Echo": [v]}})
        ),
        max_leaves=8,
    )


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_secret_stands_in_any_line(data: st.DataObject) -> None:
    told = data.draw(st.lists(secrets, min_size=1, max_size=3, unique=True))
    recorder = Recorder(None)
    for secret in told:
        recorder.redactor.add_credentials("agent1", secret, "agent1")
    payload = {
        "members": [data.draw(wrapped(secret)) for secret in told],
        "password": told[0],
        "agentLoginPassword": told[-1],
        "headers": {"Authorization": f"Basic {told[0]}", "Cookie": f"JSESSIONID={told[-1].replace(';', '')}"},
        "url": f"http://agent1:{quote(told[0], safe='')}@127.0.0.1:8080/api/v2/me",
    }
    line = recorder.record("x.y", payload, actor="agent1").line().decode()
    for secret in told:
        pair = f"agent1:{secret}".encode()
        for shape in (
            secret,
            json.dumps(secret)[1:-1],
            quote(secret),
            quote(secret, safe=""),
            base64.b64encode(pair).decode().rstrip("="),
        ):
            assert shape not in line.replace("\\/", "/"), f"{shape!r} in {line}"
    json.loads(line)


def test_equal_secrets_stay_equal_and_different_ones_different() -> None:
    redactor = Redactor()
    redactor.add("first-secret", "agent1 password")
    assert redactor.value({"password": "first-secret"}) == {"password": "<secret:agent1 password#1>"}
    assert redactor.text("I know first-secret.") == "I know <secret:agent1 password#1>."
    one, two, again = (redactor.value({"password": p})["password"] for p in ("p1xx", "p2xx", "p1xx"))
    assert one == again != two


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({"Authorization": ["Basic dXNlcjpwdw=="]}, {"Authorization": ["Basic <secret:authorization#1>"]}),
        ({"authorization": "token-alone"}, {"authorization": "<secret:token#1>"}),
        (
            {"Cookie": "JSESSIONID=abc123; theme=dark"},
            {"Cookie": "JSESSIONID=<secret:cookie#1>; theme=<secret:cookie#2>"},
        ),
        (
            {"set-cookie": ["JSESSIONID=abc123; Path=/; HttpOnly", "JSESSIONID=; Max-Age=0"]},
            {"set-cookie": ["JSESSIONID=<secret:cookie#1>; Path=/; HttpOnly", "JSESSIONID=; Max-Age=0"]},
        ),
        ({"X-CSRF-TOKEN": ["e2fc"], "X-CSRF-HEADER": ["X-CSRF-TOKEN"]},
         {"X-CSRF-TOKEN": ["<secret:token#1>"], "X-CSRF-HEADER": ["X-CSRF-TOKEN"]}),
        ({"X-Other": "fine"}, {"X-Other": "fine"}),
    ],
)  # fmt: skip
def test_headers_that_carry_secrets(headers: dict[str, Any], expected: dict[str, Any]) -> None:
    assert Redactor().value({"headers": headers}) == {"headers": expected}


def test_a_header_that_the_server_named_is_watched() -> None:
    redactor = Redactor()
    redactor.watch_header("X-Own-Token")
    assert redactor.headers({"x-own-token": ["t0k"]}) == {"x-own-token": ["<secret:token#1>"]}


@pytest.mark.parametrize("name", ["password", "agentLoginPassword", "newPassword", "PASSWORD", "passwd"])
def test_members_that_are_passwords(name: str) -> None:
    assert Redactor().value({"a": [{name: "x"}]}) == {"a": [{name: "<secret:password#1>"}]}
    assert Redactor().value({name: 1234}) == {name: "<secret:password#1>"}
    assert Redactor().value({name: ""}) == {name: ""}, "no password is worth knowing"
    assert Redactor().value({name: None}) == {name: None}


def test_members_that_only_sound_like_it() -> None:
    body = {"changePasswordOnFirstLogin": False, "passwordPolicy": "strict", "agentLogin": "5001"}
    assert Redactor().value(body) == body


@pytest.mark.parametrize(
    "text, expected",
    [
        ("http://u:pw@host/x", "http://u:<secret:url#1>@host/x"),
        ('broken {"password": "s3 cret", x', 'broken {"password": "<secret:password#1>", x'),
        ("user=a&password=s3cret&x=1", "user=a&password=<secret:password#1>&x=1"),
        ("Basic dXNlcjpwdw==", "Basic <secret:authorization#1>"),
        ("Bearer abcdefgh12345678", "Bearer <secret:authorization#1>"),
        ("Basic authentication is required", "Basic authentication is required"),
        ("a@b.c wrote http://host/", "a@b.c wrote http://host/"),
    ],
)
def test_secrets_by_their_place_in_a_text(text: str, expected: str) -> None:
    assert Redactor().text(text) == expected


def test_short_passwords_do_not_eat_other_values() -> None:
    redactor = Redactor()
    redactor.add("1234", "pin")
    redactor.add("0", "silly")
    redactor.add("", "none")
    body = {"timestamp": 1389261234035, "phoneNumber": "51234", "statusCode": 0, "text": "pin 1234!", "n": 1234}
    assert redactor.value(body) == {
        "timestamp": 1389261234035,
        "phoneNumber": "51234",
        "statusCode": 0,
        "text": "pin <secret:pin#1>!",
        "n": "<secret:pin#1>",
    }


def test_a_password_that_is_the_word_password() -> None:
    redactor = Redactor()
    redactor.add("password", "agent1 password")
    assert redactor.value({"password": "password", "text": "my password"}) == {
        "password": "<secret:agent1 password#1>",
        "text": "my <secret:agent1 password#1>",
    }
    assert redactor.text("<secret:password#77>") == "<secret:<secret:agent1 password#1>#77>", "not one of ours"


def test_discovered_secrets_are_hidden_as_words() -> None:
    redactor = Redactor()
    shown = redactor.discover("1h49t997p4mgc1e108bz0cjntr", "cookie")
    dotted = redactor.discover("node01x2y3z4a5b6c7.node0", "cookie")
    assert redactor.text("/x;jsessionid=1h49t997p4mgc1e108bz0cjntr?y") == f"/x;jsessionid={shown}?y"
    assert redactor.text("id node01x2y3z4a5b6c7.node0") == f"id {dotted}.node0"
    assert redactor.discover("1h49t997p4mgc1e108bz0cjntr", "other") == shown


def test_a_secret_told_late_is_hidden_in_texts_seen_before() -> None:
    redactor = Redactor()
    assert redactor.text("hunter2000 was here") == "hunter2000 was here"
    redactor.add("hunter2000", "p")
    assert redactor.text("hunter2000 was here") == "<secret:p#1> was here"
    assert redactor.text("abcdef123456789") == "abcdef123456789"
    redactor.discover("abcdef123456789", "token")
    assert redactor.text("abcdef123456789") == "<secret:token#1>"


def test_the_longest_of_overlapping_secrets_goes_first() -> None:
    redactor = Redactor()
    redactor.add("secret", "a")
    redactor.add("secretest", "b")
    assert redactor.text("secretest secret") == "<secret:b#1> <secret:a#1>"


def test_nesting_beyond_reason_is_cut() -> None:
    deep: Any = "x"
    for _ in range(MAX_DEPTH * 3):
        deep = [deep]
    line = Recorder(None).record("x.y", {"deep": deep}).line()
    assert b"nested deeper" in line
