"""Why a deployment that answers did not let somebody in: a sentence that says what happened and what would help."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.actor import why_not_in
from conformance.wire.http import HttpReply


def reply(status: int, body: Any = None, **headers: str) -> HttpReply:
    """A reply; without a body it is HTML."""
    named = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return HttpReply(status, named, "", body, body is not None, 0.0, 1, 2, None, "https://gws.example.com/api/v2/me")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            reply(401, content_type="text/html"),
            "HTTP 401: the deployment answers, but refuses the credentials of users.agent; check them",
        ),
        (
            reply(200, {"statusCode": 20, "statusMessage": "Account\nlocked"}),
            "HTTP 200, statusCode 20 (Account locked): the deployment answers, but refuses the credentials of "
            "users.agent; check them",
        ),
        (
            reply(500, {"statusCode": 10, "statusMessage": "No back end"}),
            "HTTP 500, statusCode 10 (No back end): the deployment answers as a GWS does, but with an error; its log "
            "may tell why",
        ),
        (
            reply(302, location="https://user:word@login.example.com:8443/sso?token=hush"),
            "HTTP 302: the deployment answers, but sends users elsewhere (to login.example.com), as a single sign-on "
            "does; give a base_url and api_path where HTTP Basic lets users in",
        ),
        (
            reply(302, location="http://["),
            "HTTP 302: the deployment answers, but sends users elsewhere, as a single sign-on does; give a base_url "
            "and api_path where HTTP Basic lets users in",
        ),
        (
            reply(200, content_type="text/html"),
            "HTTP 200, text/html: this does not look like a GWS; check base_url and api_path",
        ),
        (
            reply(404, {"message": "x"}),
            "HTTP 404, JSON: this does not look like a GWS; check base_url and api_path",
        ),
    ],
)
def test_the_sentence_says_what_happened(answer: HttpReply, sentence: str) -> None:
    """Nothing of a redirect but its host is told: the rest may hold a secret."""
    said = why_not_in(answer, "agent")
    assert said == sentence
    assert "hush" not in said


def test_what_a_server_says_is_bounded() -> None:
    """Neither a long text nor control characters reach the sentence."""
    said = why_not_in(reply(500, {"statusCode": 10, "statusMessage": "\x1b[2J" + "x" * 1000}), "agent")
    assert len(said) < 400
    assert said.isprintable()
