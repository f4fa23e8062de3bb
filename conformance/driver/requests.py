"""Builds the HTTP request of an operation from its example, with every placeholder resolved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from conformance.contract import Operation
from conformance.contract.placeholders import resolve
from conformance.driver.outcomes import Untestable

BOUNDARY = "gws-conformance-7d1f0c5a"


@dataclass(frozen=True)
class Request:
    """A request ready to be sent. `path` is relative to the API; `body` is None where the method has none."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | list[Any] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def build_request(
    operation: Operation, given: Mapping[str, Any], lookup: Callable[[str], Any], identifiers: Callable[[str], str]
) -> Request:
    """The request of `operation` with the parameters `given`.

    `lookup` resolves placeholders; `identifiers` gives the id for a path parameter that the example does not name.

    Raises:
        Untestable: something that the request needs is not known.
    """
    try:
        values = resolve(given, lookup)
    except KeyError as error:
        raise Untestable(f"{operation.id} needs {error.args[0]}, which this scenario does not have") from None
    path = operation.path
    rest = dict(values)
    for parameter in operation.parameters_in("path"):
        value = rest.pop(parameter.name, None)
        if value is None:
            value = identifiers(parameter.name)
        path = path.replace("{" + parameter.name + "}", quote(str(value), safe=""))
    query_names = {item.name for item in operation.parameters_in("query")}
    form_names = {item.name for item in operation.parameters_in("form")}
    header_names = {item.name for item in operation.parameters_in("header")}
    if operation.method == "GET":
        query_names |= rest.keys() - form_names - header_names
    params = {name: _query(rest.pop(name)) for name in list(rest) if name in query_names}
    headers = {name: str(rest.pop(name)) for name in list(rest) if name in header_names}
    if form_names:
        content = multipart({name: rest[name] for name in rest})
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        return Request(operation.method, path, params, None, content, headers)
    body: Mapping[str, Any] | None = None
    if operation.method in {"POST", "PUT"} or (operation.method == "DELETE" and rest):
        body = {"operationName": operation.operation_name, **rest} if operation.operation_name else rest
    return Request(operation.method, path, params, body, None, headers)


def _query(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def without_part(content: bytes, name: str) -> bytes:
    """A body that `multipart` made, without one field. The body as it is where nothing is called so."""
    mark = f"--{BOUNDARY}".encode()
    parts = content.split(mark)
    kept = [part for part in parts if f'form-data; name="{name}"'.encode() not in part]
    return mark.join(kept) if len(kept) > 2 else mark.join([b"", b"--\r\n"])


def multipart(fields: Mapping[str, Any]) -> bytes:
    """A multipart/form-data body; a field that is an object with `filename` and `content` is a file."""
    lines: list[bytes] = []
    for name, value in fields.items():
        lines.append(f"--{BOUNDARY}".encode())
        if isinstance(value, Mapping) and "content" in value:
            filename = str(value.get("filename", "file.txt"))
            lines.append(f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'.encode())
            lines.append(f"Content-Type: {value.get('contentType', 'text/plain')}".encode())
            data = str(value["content"]).encode()
        else:
            lines.append(f'Content-Disposition: form-data; name="{name}"'.encode())
            data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        lines += [b"", data]
    return b"\r\n".join([*lines, f"--{BOUNDARY}--".encode(), b""])
