"""The curl line, given to a real shell."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.judge.timeline import Exchange
from conformance.report.curl import LIMIT, curl_line, curl_lines, quote, request_of, step_of
from tests.report.report_support import HOSTILE, FakeEvent, Tape, finding, hold

URL = "https://gws.example.com/api/v2/me/calls/7"


def exchange(**payload: Any) -> Exchange:
    base = {"exchange": 1, "method": "POST", "url": URL, "path": "/me/calls/7", "headers": {}, "body": None}
    return Exchange(FakeEvent(1, 0.0, "agent", "s", 1, "http.request", {**base, "text": None, **payload}), None, None)


def words(line: str) -> list[str]:
    """The arguments that curl would be given by bash."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{line}\n"
    environment = {
        "GWS_USER": "u",
        "GWS_PASSWORD": "p w",
        "GWS_COOKIES": "jar",
        "GWS_CSRF_TOKEN": "t",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(["bash", "-c", script], capture_output=True, env=environment, check=True, timeout=20)
    assert done.stderr == b""
    return done.stdout.decode("utf-8").split("\0")[:-1]


def test_secrets_become_variables() -> None:
    headers = {
        "authorization": ["Basic <secret:agent password basic#1>"],
        "cookie": ["JSESSIONID=<secret:cookie#1>"],
        "x-csrf-token": ["<secret:token#1>"],
        "content-type": ["application/json"],
        "user-agent": ["gws-conformance"],
        "content-length": ["12"],
    }
    line = curl_line(exchange(headers=headers, body={"operationName": "Hold"}))
    assert '-u "$GWS_USER:$GWS_PASSWORD"' in line
    assert '-H "X-CSRF-TOKEN: $GWS_CSRF_TOKEN"' in line
    assert "<secret:" not in line
    assert words(line) == [
        "-sS",
        "-i",
        "-X",
        "POST",
        "-u",
        "u:p w",
        "-b",
        "jar",
        "-H",
        "X-CSRF-TOKEN: t",
        "-H",
        "Content-Type: application/json",
        "--data-raw",
        '{"operationName": "Hold"}',
        URL,
    ]


def test_the_credentials_of_somebody_else_are_not_the_users() -> None:
    line = curl_line(exchange(headers={"authorization": ["Basic <secret:agent other password basic#2>"]}))
    assert '-u "$GWS_OTHER_USER:$GWS_OTHER_PASSWORD"' in line


def test_a_token_header_that_the_server_named() -> None:
    line = curl_line(exchange(headers={"x-anti-forgery": ["<secret:token#4>"]}))
    assert '-H "x-anti-forgery: $GWS_CSRF_TOKEN"' in line
    evil = curl_line(exchange(headers={'x$(id)"': ["<secret:token#4>"]}))
    assert "$GWS_CSRF_TOKEN" not in evil
    assert words(evil)[5] == 'X$(Id)": <secret:token#4>'


def test_a_request_without_credentials_is_repeated_without() -> None:
    assert words(curl_line(exchange(method="GET"))) == ["-sS", "-i", URL]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"method": "HEAD"}, ["-sS", "-i", "--head", URL]),
        ({"url": "-o/etc/passwd"}, ["-sS", "-i", "-X", "POST", "--url", "-o/etc/passwd"]),
        ({"url": "https://h/{a}[1-9]"}, ["-sS", "-i", "--globoff", "-X", "POST", "https://h/{a}[1-9]"]),
        ({"text": "@/etc/passwd"}, ["-sS", "-i", "-X", "POST", "--data-raw", "@/etc/passwd", URL]),
        ({"method": "X; rm -rf ."}, ["-sS", "-i", "-X", "X; rm -rf .", URL]),
        ({"headers": {"accept-language": [""]}}, ["-sS", "-i", "-X", "POST", "-H", "Accept-Language;", URL]),
    ],
)
def test_awkward_requests(payload: dict[str, Any], expected: list[str]) -> None:
    assert words(curl_line(exchange(**payload))) == expected


def test_nothing_of_a_hostile_request_is_run_or_reaches_the_terminal() -> None:
    evil = "$(touch /tmp/x)`id`;'\"\\\n\x1b[2J&|<>*?~ !1 $HOME #"
    line = curl_line(exchange(text=evil, url=f"https://h/{evil}", headers={"x-a": [evil]}))
    assert "\x1b" not in line
    assert "\n" not in line
    got = words(line)
    assert got == [
        "-sS",
        "-i",
        "--globoff",
        "-X",
        "POST",
        "-H",
        f"X-A: {evil}",
        "--data-raw",
        evil,
        f"https://h/{evil}",
    ]


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60))
def test_every_text_comes_through_the_shell_as_it_is(text: str) -> None:
    quoted = quote(text)
    assert quoted.replace("\u00a0", "").isprintable() or quoted.isascii()
    assert words(f"curl {quoted}") == [text]


def test_nul_and_length_are_told() -> None:
    assert "left out" in curl_line(exchange(text="a\0b"))
    long = curl_line(exchange(text="x" * (LIMIT + 1)))
    assert len(long) < 300
    assert words(long) == ["-sS", "-i", "-X", "POST", URL]


def test_json_bodies_are_ascii() -> None:
    line = curl_line(exchange(body={"text": HOSTILE}))
    assert line.isascii()
    assert line.isprintable()


def test_the_request_of_a_finding() -> None:
    tape = Tape()
    item, seq = hold(tape)
    by_event = finding("failed", evidence=(seq,))
    by_reply = finding("failed", evidence=(seq - 1,))
    early = finding("failed", evidence=(3, 4))
    assert [step.number if (step := step_of(one, item)) else 0 for one in (by_event, by_reply, early)] == [2, 2, 1]
    for one, path in ((by_event, "/me/calls/7"), (by_reply, "/me/calls/7"), (early, "/me/devices/1/calls")):
        found = request_of(one, item)
        assert found is not None
        assert found.request.payload["path"] == path
    assert request_of(finding("failed"), item) is None


def test_curl_lines_are_for_what_did_not_pass() -> None:
    tape = Tape()
    item, seq = hold(tape)
    bad = finding("failed", id="bad", evidence=(seq,))
    fine = finding("passed", id="fine", evidence=(seq,))
    elsewhere = replace(bad, id="elsewhere", scenario="unknown")
    lines = curl_lines([bad, fine, elsewhere], [item])
    assert list(lines) == ["bad"]
    assert lines["bad"].endswith("/me/calls/7")
