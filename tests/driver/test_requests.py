"""Requests as operations describe them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from python_multipart.multipart import parse_form

from conformance.contract import Operation, Source
from conformance.contract.model import Parameter
from conformance.driver.outcomes import Untestable
from conformance.driver.requests import BOUNDARY, build_request, multipart

VALUES: Mapping[str, Any] = {"second.phoneNumber": "5002", "unique": "u-1", "call.id": "C 1/2"}


def operation(
    method: str = "POST", path: str = "/me/calls/{id}", *parameters: Parameter, name: str = "Do"
) -> Operation:
    """A small operation."""
    return Operation(
        id="voice.Do",
        area="voice",
        title="Do",
        summary="Does.",
        source=Source("Do", (1, 2)),
        method=method,
        path=path,
        responses=(),
        hazard="state",
        operation_name=name or None,
        parameters=parameters,
    )


def at(name: str, location: str, kind: str = "string") -> Parameter:
    """A parameter."""
    return Parameter(name, location, kind, required=False)


def lookup(name: str) -> Any:
    """The value of a placeholder."""
    return VALUES[name]


def identify(name: str) -> str:
    """The id of a path parameter that no example names."""
    return {"id": "C1"}[name]


def test_body_and_path() -> None:
    """operationName and parameters travel in the body, the id in the path, placeholders are resolved."""
    parameters = (at("id", "path", "id"), at("destination", "body", "object"))
    given = {"destination": {"phoneNumber": "${second.phoneNumber}"}}
    request = build_request(operation("POST", "/me/calls/{id}", *parameters), given, lookup, identify)
    assert (request.method, request.path) == ("POST", "/me/calls/C1")
    assert request.body == {"operationName": "Do", "destination": {"phoneNumber": "5002"}}
    assert request.content is None


def test_a_given_id_is_quoted() -> None:
    """An id that the example names is put into the path as one segment."""
    request = build_request(operation("POST", "/x/{id}", at("id", "path")), {"id": "${call.id}"}, lookup, identify)
    assert request.path == "/x/C%201%2F2"
    assert request.body == {"operationName": "Do"}


def test_query_and_header() -> None:
    """Query parameters go into the URL, lists joined by commas, booleans in small letters; headers into headers."""
    parameters = (at("fields", "query"), at("deep", "query", "boolean"), at("ContactCenterId", "header"))
    given = {"fields": ["id", "name"], "deep": True, "ContactCenterId": 7, "extra": "1"}
    request = build_request(operation("GET", "/users", *parameters, name=""), given, lookup, identify)
    assert request.params == {"fields": "id,name", "deep": "true", "extra": "1"}
    assert request.headers == {"ContactCenterId": "7"}
    assert request.body is None


def test_put_without_operation_name() -> None:
    """Where there is no operationName, the body holds the parameters alone."""
    request = build_request(operation("PUT", "/contacts", name=""), {"name": "Ann ${unique}"}, lookup, identify)
    assert request.body == {"name": "Ann u-1"}


def test_delete_has_no_body() -> None:
    """DELETE sends none."""
    assert build_request(operation("DELETE", "/contacts", name=""), {}, lookup, identify).body is None


def test_a_missing_value_is_untestable() -> None:
    """What the scenario does not have is named."""
    with pytest.raises(Untestable, match=r"voice\.Do needs third\.phoneNumber"):
        build_request(operation(), {"destination": "${third.phoneNumber}"}, lookup, identify)


def parts(content: bytes) -> dict[str, tuple[str | None, bytes]]:
    """What a server would read of a form."""
    found: dict[str, tuple[str | None, bytes]] = {}

    def text(field: Any) -> None:
        found[field.field_name.decode()] = (None, field.value)

    def file(item: Any) -> None:
        item.file_object.seek(0)
        found[item.field_name.decode()] = (item.file_name.decode(), item.file_object.read())

    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}".encode(),
        "Content-Length": b"%d" % len(content),
    }
    parse_form(headers, io.BytesIO(content), text, file)
    return found


def test_multipart() -> None:
    """A form as servers read it: texts, objects as JSON, and files byte for byte."""
    document = {"filename": "a.txt", "content": "line one\r\n--line two--\r\n", "contentType": "text/plain"}
    found = parts(multipart({"operationName": "AddNewDocument", "options": {"a": 1}, "attachment": document}))
    assert found["operationName"] == (None, b"AddNewDocument")
    assert json.loads(found["options"][1]) == {"a": 1}
    assert found["attachment"] == ("a.txt", b"line one\r\n--line two--\r\n")


def test_a_form_request() -> None:
    """An operation with form parameters sends a form that names its boundary."""
    chosen = operation("POST", "/me/chats/{id}/attachments", at("id", "path"), at("attachment", "form", "file"))
    given = {"attachment": {"filename": "a.txt", "content": "x"}}
    request = build_request(replace(chosen, operation_name=None), given, lookup, identify)
    assert request.body is None
    assert request.content is not None
    assert BOUNDARY in request.headers["Content-Type"]
    assert parts(request.content)["attachment"] == ("a.txt", b"x")
