"""validate: JSON of users against the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import validate as command
from tests.cli.cli_support import call

MESSAGE: dict[str, Any] = {
    "messageType": "ServiceStateChangeMessage",
    "service": {"serviceType": "voice", "serviceState": "Active"},
}
SERVICE = {"messageType": "ServiceStateChangeMessage", "service": {"type": "Voice", "state": "Active"}}
DIAL = {"operationName": "Dial", "destination": {"phoneNumber": "5001"}}


def validate(value: Any, *arguments: str) -> Any:
    said = call("validate", "-", "--json", *arguments, stdin=json.dumps(value))
    assert said.code in {0, 1}, said.err
    assert said.json["valid"] is (said.code == 0)
    return said.json


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request:voice.Dial", DIAL),
        ("response:voice.Dial", {"statusCode": 0}),
        ("response:voice.Dial", {"statusCode": 6, "statusMessage": "Requested resource not found"}),
        ("resource:feature", {"id": "api-voice", "displayName": "Voice API"}),
        ("message:ServiceStateChangeMessage", SERVICE),
        ("message:ServiceStateChangeMessage", {"data": SERVICE, "channel": "/notifications/services"}),
    ],
)
def test_what_is_as_documented_passes(name: str, value: Any) -> None:
    assert validate(value, "--as", name) == {"file": "standard input", "checked": 1, "valid": True, "findings": []}


@pytest.mark.parametrize(
    ("name", "value", "pointer", "expected", "page"),
    [
        ("request:voice.Dial", {**DIAL, "destination": "5001"}, "/destination", "object", "Dial"),
        ("request:voice.Dial", {"operationName": "Dial"}, "", "the member destination", "Dial"),
        ("request:voice.Dial", {**DIAL, "operationName": "Dail"}, "/operationName", "Dial", "Dial"),
        ("resource:call", {"id": 5}, "/id", "string", "Call resource"),
        ("response:voice.Dial", {"statusCode": 6}, "/statusMessage", "a string", "Return Values"),
        (
            "response:voice.Dial",
            {"statusCode": 6, "statusMessage": "x", "y": 1},
            "/y",
            "nothing beside",
            "Return Values",
        ),
        ("message:CallStateChangeMessage", {"data": {"call": 5}}, "/data/call", "object", "Call resource"),
        (
            "message:CallStateChangeMessage",
            {"messageType": "Other"},
            "/messageType",
            "CallStateChangeMessage",
            "CometD",
        ),
    ],
)
def test_a_deviation_is_told_with_pointer_expectation_and_page(
    name: str, value: Any, pointer: str, expected: str, page: str
) -> None:
    findings = [item for item in validate(value, "--as", name)["findings"] if item["pointer"] == pointer]
    assert any(expected in item["expected"] for item in findings), findings
    assert all(item["as"] == name for item in findings)
    assert any(page in item["source"]["page"] for item in findings)


def test_the_finding_inside_a_resource_cites_the_page_of_the_resource() -> None:
    event = {"messageType": "CallStateChangeMessage", "notificationType": "Nonsense", "call": {"id": 5}}
    findings = validate(event)["findings"]
    pages = {item["pointer"]: item["source"]["page"] for item in findings}
    assert pages["/call/id"] == "Call resource"
    assert pages["/notificationType"] == "CometD notifications"
    (kind,) = [item for item in findings if item["pointer"] == "/notificationType"]
    assert "DtmfSent" in kind["expected"]


def test_a_code_that_no_page_lists_is_a_finding() -> None:
    (finding,) = validate({"statusCode": 4711, "statusMessage": "x"}, "--as", "response:voice.Dial")["findings"]
    assert finding["pointer"] == "/statusCode"


def test_a_reply_is_compared_with_the_documented_one_that_it_comes_closest_to() -> None:
    found = validate({"statusCode": 0, "contacts": "none"}, "--as", "response:contacts.List")["findings"]
    assert "/contacts" in [item["pointer"] for item in found]


@pytest.mark.parametrize(
    ("wrapped", "prefix"),
    [
        (MESSAGE, ""),
        ([MESSAGE], "/0"),
        ({"channel": "/notifications/services", "data": MESSAGE}, "/data"),
        ([{"channel": "/notifications/services", "data": MESSAGE}, {"channel": "/meta/connect"}], "/0/data"),
        ({"kind": "cometd.event", "payload": {"data": MESSAGE}}, "/payload/data"),
    ],
)
def test_messages_are_recognised_by_their_type(wrapped: Any, prefix: str) -> None:
    assert validate(wrapped)["checked"] == 1
    text = json.dumps(wrapped).replace("ServiceStateChangeMessage", "NoSuchMessage")
    said = call("validate", "-", "--json", stdin=text)
    assert said.code == 1
    (finding,) = said.json["findings"]
    assert finding["pointer"] == f"{prefix}/messageType"
    assert "CallStateChangeMessage" in finding["expected"]


def test_ndjson_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    bad = {"messageType": "CallStateChangeMessage"}
    file.write_text("\n".join([json.dumps(MESSAGE), "", json.dumps({"channel": "/meta/connect"}), json.dumps(bad)]))
    said = call("validate", str(file))
    assert said.code == 1
    assert f"{file}:4 (root)" in said.out
    assert "expected the member call" in said.out
    assert "2 checked" in said.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"messageType": ', "standard input:1:17: not JSON"),
        ('{"a": 1}\n{"b": ', "standard input:2:"),
        ('{"a": 1}', "has no messageType"),
        ('{"a": 1}\n{"b": 2}', "nothing in it has a messageType"),
        ("", "not JSON"),
        ("NaN", "NaN is no JSON number"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe{", "not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_a_usage_error(text: str | bytes, words: str) -> None:
    said = call("validate", "-", stdin=text)
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nonsense", "KIND:NAME"),
        ("resource:", "KIND:NAME"),
        ("thing:call", "one of resource, message, request, response"),
        ("resource:cal", "did you mean call"),
        ("resource:zzz", "it has"),
        ("request:zzz", "'gws-conformance operations' lists them"),
        ("request:voice.Dail", "did you mean voice.Dial"),
    ],
)
def test_an_unknown_name_is_a_usage_error(name: str, words: str) -> None:
    said = call("validate", "-", "--as", name, stdin="{}")
    assert said.code == 2
    assert words in said.err


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    said = call("validate", str(tmp_path / "missing.json"))
    assert said.code == 2
    assert "missing.json: cannot be read" in said.err


def test_one_document_may_span_lines(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(MESSAGE, indent=2))
    (document,) = command.documents(str(file))
    assert document == command.Document(MESSAGE)
