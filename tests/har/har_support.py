"""HARs by hand: entries in the way of one recorder or another, and what judging them comes to."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs

from conformance.contract import load_contract
from conformance.har.capture import Options
from conformance.har.judging import Heard, judge_recording, read_events
from conformance.judge import Finding
from conformance.wire.timeline import Event

CONTRACT = load_contract()
HERE = Path(__file__).parent
DESKTOP = HERE / "desktop.har"
FORMATS = HERE.parents[1] / "schemas" / "formats"
HOST = "https://gws.example.com"
API = f"{HOST}/api/v2"
START = "2025-03-04T09:15:{:06.3f}+00:00"
DEVICE = "3f6f1c1e-6ad4-4a9e-8f0d-5a5be2a0d001"
CALL = "01F1HSU7OSD5J3P5N4U2HAES00000C5A"
ESTABLISHED = [
    "SingleStepConference", "Hangup", "SingleStepTransfer", "DeleteUserDataPair", "InitiateTransfer",
    "AttachUserData", "Hold", "InitiateConference", "UpdateUserData", "DeleteUserData", "SendDtmf",
]  # fmt: skip
JSON = "application/json"


def basic(name: str, password: str = "s3cret-of-hers") -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def entry(
    at: float,
    method: str,
    path: str,
    reply: Any = None,
    *,
    sent: Any = None,
    status: int = 200,
    took: float = 10.0,
    headers: dict[str, str] | None = None,
    told: dict[str, str] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """One entry: `at` seconds after the start, `took` milliseconds. Bodies that are no text become JSON."""
    text = reply if isinstance(reply, str) or reply is None else json.dumps(reply)
    body = sent if isinstance(sent, str) or sent is None else json.dumps(sent)
    content: dict[str, Any] = {"size": len(text or ""), "mimeType": JSON if text else ""}
    reply_headers = ({"Content-Type": JSON} if text else {}) | (told or {})
    out: dict[str, Any] = {
        "startedDateTime": START.format(at),
        "time": took,
        "request": {
            "method": method,
            "url": path if "://" in path else API + path,
            "httpVersion": "HTTP/1.1",
            "headers": pairs(headers or {}),
            "cookies": [],
            "queryString": [],
            "headersSize": -1,
            "bodySize": len(body or ""),
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": pairs(reply_headers),
            "cookies": [],
            "content": content | ({"text": text} if text is not None else {}),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
    }
    if body is not None:
        out["request"]["postData"] = {"mimeType": JSON, "text": body}
    return out | members


def pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    """Headers as a HAR lists them."""
    return [{"name": name, "value": value} for name, value in headers.items()]


def har(entries: Sequence[Any], **members: Any) -> dict[str, Any]:
    """The document."""
    return {"log": {"version": "1.2", "creator": {"name": "made", "version": "1"}, "entries": list(entries), **members}}


def save(folder: Path, entries: Sequence[Any], **members: Any) -> Path:
    """A HAR as a file."""
    path = folder / "made.har"
    path.write_text(json.dumps(har(entries, **members)), "utf-8")
    return path


def events(path: Path, options: Options | None = None) -> list[Event]:
    """The timeline of a HAR; every line of it fits the format of timelines."""
    made = list(read_events(path, CONTRACT, options))
    validator = jsonschema_rs.validator_for(json.loads((FORMATS / "timeline.json").read_text("utf-8")))
    for event in made:
        problems = [error.message for error in validator.iter_errors(json.loads(event.line()))]
        assert problems == [], (event.seq, event.kind)
    assert [event.seq for event in made] == list(range(1, len(made) + 1))
    assert [event.t for event in made] == sorted(event.t for event in made)
    return made


def judged(path: Path, options: Options | None = None) -> Heard:
    """What a HAR comes to."""
    heard = judge_recording(events(path, options), CONTRACT)
    assert heard.judged.crashes == []
    return heard


def bad(heard: Heard) -> list[tuple[str, str, str]]:
    """(step, check, verdict) of every finding that is no pass."""
    return [(parts(item)[0], item.check, item.verdict) for item in heard.judged.findings if item.verdict != "passed"]


def parts(finding: Finding) -> tuple[str, str]:
    """(step, check) of a finding's id."""
    names = finding.id.split("/")
    return (names[-2] if len(names) > 2 else "", names[-1])


def of(heard: Heard, check: str) -> dict[str, str]:
    """The verdicts of a check, by step."""
    return {parts(item)[0]: item.verdict for item in heard.judged.findings if item.check == check}


def unjudged(heard: Heard) -> dict[str, int]:
    """How often which reason was given."""
    out: dict[str, int] = {}
    for item in heard.recording["unjudged"]:
        out[item["reason"]] = out.get(item["reason"], 0) + item["count"]
    return out


# -- a GWS that behaves -----------------------------------------------------------------------------------------------


def user(name: str, *roles: str) -> dict[str, Any]:
    """The reply to GET /me."""
    return {
        "statusCode": 0,
        "user": {
            "id": f"id-of-{name}",
            "userName": name,
            "firstName": "Kate",
            "lastName": "Lewis",
            "emailAddress": f"{name}@example.com",
            "roles": list(roles or ("ROLE_AGENT",)),
            "enabled": True,
            "changePasswordOnFirstLogin": False,
            "uri": f"{API}/users/id-of-{name}",
            "path": f"/users/id-of-{name}",
        },
    }


def call(state: str, capabilities: Sequence[str], identifier: str = CALL) -> dict[str, Any]:
    """The notification of a call's new state."""
    shown = {
        "id": identifier,
        "state": state,
        "callUuid": identifier,
        "connId": "00b46361cf7740f3",
        "participants": [{"e164Number": "", "formattedPhoneNumber": "5002", "phoneNumber": "5002", "digits": "5002"}],
        "dnis": "5002",
        "callType": "Internal",
        "capabilities": list(capabilities),
        "duration": "0",
        "mute": "Off",
        "supervisorListeningIn": False,
        "monitoredUserMuted": False,
        "monitoring": False,
        "uri": f"{API}/me/calls/{identifier}",
        "path": f"/calls/{identifier}",
        "deviceUri": f"{API}/devices/{DEVICE}",
        "recordingState": "Stopped",
        "userData": {},
    }
    data = {"messageType": "CallStateChangeMessage", "notificationType": "StatusChange", "call": shown}
    return {"channel": "/v2/me/calls", "data": {**data, "phoneNumber": "5001"}}


def cometd(at: float, sent: Any, reply: Any, *, took: float = 10.0, path: str = "/genesys/cometd", **how: Any) -> Any:
    """A long-poll."""
    return entry(at, "POST", HOST + path, reply, sent=sent, took=took, **how)


def session(client: str, at: float = 0.0, *, until: float = 20.0, events: Any = (), **how: Any) -> list[Any]:
    """A CometD session: handshake, subscription, and a connect for each (moment, events) of `events`; the last one is
    held until `until`."""
    out = [
        cometd(
            at,
            [{"id": "1", "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}],
            [
                {
                    "id": "1",
                    "channel": "/meta/handshake",
                    "version": "1.0",
                    "clientId": client,
                    "supportedConnectionTypes": ["long-polling"],
                    "successful": True,
                }
            ],
            **how,
        ),
        cometd(
            at + 0.02,
            [{"id": "2", "channel": "/meta/subscribe", "clientId": client, "subscription": "/v2/me/*"}],
            [{"id": "2", "channel": "/meta/subscribe", "subscription": "/v2/me/*", "successful": True}],
            **how,
        ),
    ]
    begins = at + 0.05
    for number, (moment, told) in enumerate([*events, (until, [])], start=3):
        asked = [{"id": str(number), "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"}]
        reply = [*told, {"id": str(number), "channel": "/meta/connect", "successful": True}]
        out.append(cometd(begins, asked, reply, took=(moment - begins) * 1000, **how))
        begins = moment + 0.001
    return out


def act(at: float, name: str, *, status: int = 200, reply: Any = None, **how: Any) -> dict[str, Any]:
    """An operation on the call."""
    said = {"statusCode": 0} if reply is None else reply
    return entry(at, "POST", f"/me/calls/{CALL}", said, sent={"operationName": name}, status=status, **how)
