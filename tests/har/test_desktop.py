"""A recording as a browser's developer tools export it, without cookies and credentials, with four deviations in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from conformance.har.judging import Heard
from tests.har.har_support import DESKTOP, FORMATS, bad, events, judged, of, unjudged

PLANTED = [
    ("entry 5", "response.schema", "failed"),
    ("entry 8", "refusal.internals", "warning"),
    ("entry 9", "refusal.internals", "warning"),
    ("notified 10", "notification.channel", "failed"),
    ("entry 12", "notification.sent", "failed"),
]
SECRETS = (
    "8d1f6f0e-33c5-4a55-9a5d-2f6f9c1d7be1",  # the CSRF token
    "n3w-Passw0rd-of-Kate",
    "q7Zp0hV3mXy2Lw8Kd1",  # access_token in a URL
    "7f2c9b1e5a6d4c3b8e9f0a1b2c3d4e5f",  # Bearer
    "s3cret-Passw0rd!",  # sent to another host
    "SECRET-TOKEN-OF-LOGIN",
)


@pytest.fixture(scope="module")
def heard() -> Heard:
    return judged(DESKTOP)


def test_it_is_a_har() -> None:
    schema = json.loads((FORMATS / "har.json").read_text("utf-8"))
    problems = [
        error.message for error in jsonschema_rs.validator_for(schema).iter_errors(json.loads(DESKTOP.read_text()))
    ]
    assert problems == []


def test_the_deviations_are_found_and_nothing_else(heard: Heard) -> None:
    assert bad(heard) == PLANTED


def test_what_is_said_of_them(heard: Heard) -> None:
    found = {item.id: item for item in heard.judged.findings if item.verdict == "failed"}
    number = found["page_1/entry 5/response.schema"]
    assert (number.operation, number.message) == (
        "voice.ListDevices",
        '/devices/0/phoneNumber: 5001 is not of type "string"',
    )
    hold = found["page_1/entry 12/notification.sent"]
    assert (hold.operation, hold.message) == (
        "voice.Hold",
        "no CallStateChangeMessage/StatusChange Held reached kate@example.com",
    )


def test_without_the_deviations_nothing_is_found(tmp_path: Path) -> None:
    """The same recording, mended by hand in the places that the findings name."""
    document = json.loads(DESKTOP.read_text("utf-8"))
    entries = document["log"]["entries"]
    content = entries[4]["response"]["content"]
    content["text"] = json.dumps({"statusCode": 0, "devices": []})
    del content["encoding"]
    for index in (7, 8):
        entries[index]["response"]["content"]["text"] = '{"statusCode":6,"statusMessage":"Not found"}'
    messages = entries[9]["_webSocketMessages"]
    established = next(item for item in messages if "/v2/me/devices" in item["data"])
    established["data"] = established["data"].replace("/v2/me/devices", "/v2/me/calls")
    told = json.loads(established["data"])
    told[0]["data"]["call"] |= {"state": "Held", "capabilities": held()}
    messages.insert(messages.index(established) + 1, {**established, "time": 1741079703.05, "data": json.dumps(told)})
    path = tmp_path / "mended.har"
    path.write_text(json.dumps(document), "utf-8")
    heard = judged(path)
    assert bad(heard) == []
    assert of(heard, "notification.sent")["entry 12"] == "passed"


def held() -> list[str]:
    """What a Held call offers."""
    chart = {"Retrieve", "Hangup", "InitiateConference", "InitiateTransfer", "SingleStepConference"}
    return sorted(
        chart | {"SingleStepTransfer", "AttachUserData", "UpdateUserData", "DeleteUserData", "DeleteUserDataPair"}
    )


def test_who_it_was(heard: Heard) -> None:
    assert heard.recording["users"] == ["kate@example.com"]


def test_what_is_not_judged_is_told(heard: Heard) -> None:
    reasons = unjudged(heard)
    assert reasons["its path is not the API's, and it carries no Bayeux"] == 2
    assert reasons["that host does not answer like a GWS"] == 1
    assert reasons["a browser's question before another request (CORS preflight)"] == 1
    assert reasons["the reply came from the browser's cache"] == 1
    assert reasons["the recording does not have the body of the reply"] == 1
    assert reasons["no reply is recorded"] == 1
    assert heard.recording["entries"] == 16
    assert (heard.recording["requests"], heard.recording["judged"]) == (12, 6)
    named = {item["check"]: item["reason"] for item in heard.recording["checks"]["notCarried"]}
    assert named["session.cookie"] == "the recording holds no cookies"
    assert "only its sender knows" in named["refusal.status"]


def test_secrets_are_gone_before_there_is_an_event() -> None:
    text = "".join(event.line().decode() for event in events(DESKTOP))
    source = DESKTOP.read_text("utf-8")
    assert [secret for secret in SECRETS if secret not in source] == []
    assert [secret for secret in SECRETS if secret in text] == []
    assert "<secret:" in text


def test_escaped_text_arrives_as_it_was(heard: Heard) -> None:
    replies: list[Any] = [
        event.payload["body"] for event in events(DESKTOP) if event.kind == "http.response" and event.payload["body"]
    ]
    user = next(body["user"] for body in replies if "user" in body)
    assert (user["firstName"], user["lastName"]) == ('Käthe "Kate"', "O'Hara \\ 北")
