"""A generated case as the request that goes over the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode

from schemathesis import Case

from conformance.wire.bodies import dump_json, parse_json

ABSENT: Final = object()
"""No body at all."""
BOUNDARY = "gws-conformance-fuzz"
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}\Z")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?\Z|\Z")
# These are the session's own: a generated value would log somebody out or frame the body wrongly.
_OWN = frozenset(
    {"authorization", "connection", "content-length", "content-type", "cookie", "expect", "host", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "user-agent", "x-csrf-token", "accept-encoding", "contactcenterid"}
)


@dataclass(frozen=True)
class Sent:
    """A request: `path` is relative to the API, escaped, with its query. value: the JSON that the body says, `ABSENT`
    where there is no body or it is no JSON. names: the values in the path, by the description's names, unescaped."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    value: Any = ABSENT
    names: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def signature(self) -> tuple[Any, ...]:
        """What makes two requests the same."""
        return self.method, self.path, self.content, tuple(sorted(self.headers.items()))

    @property
    def malformed(self) -> bool:
        """Whether there is a body that is sent as JSON and is none."""
        return bool(self.content) and self.value is ABSENT and "Content-Type" not in self.headers


def wire_form(case: Case[Any], api_url: str) -> Sent:
    """The request of a case."""
    kwargs = case.as_transport_kwargs(base_url=api_url)
    path = str(kwargs["url"]).removeprefix(api_url) or "/"
    query, written = _query(kwargs.get("params") or {})
    if written:
        path += "?" + written
    content, headers, value = _body(kwargs)
    for name, text in (case.headers or {}).items():
        if name.lower() not in _OWN and _NAME.match(name) and _VALUE.match(str(text)):
            headers[name] = str(text)
    names = {name: unquote(str(value)) for name, value in case.path_parameters.items()}
    return Sent(str(kwargs["method"]), path, content, headers, value, names, query)


def _query(params: Any) -> tuple[dict[str, tuple[str, ...]], str]:
    """The query's values by name, and as it is written in the URL. schemathesis has it as a mapping or written."""
    if isinstance(params, Mapping):
        pairs = [(str(name), text) for name, value in params.items() for text in _texts(value)]
        written = urlencode(pairs, errors="replace")
    else:
        written = params.decode("ascii", "replace") if isinstance(params, bytes) else str(params)
        pairs = parse_qsl(written, keep_blank_values=True, errors="replace")
    query: dict[str, tuple[str, ...]] = {}
    for name, text in pairs:
        query[name] = (*query.get(name, ()), text)
    return query, written


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    items = list(value) if isinstance(value, Mapping | list | tuple) else [value]
    return tuple(_text(item) for item in items)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float | type(None)) else str(value)


def _body(kwargs: Mapping[str, Any]) -> tuple[bytes | None, dict[str, str], Any]:
    """Content, headers and JSON value of a case's body."""
    if kwargs.get("files") is not None or isinstance(kwargs.get("data"), Mapping):
        return _form(kwargs)
    if "json" in kwargs:
        return dump_json(kwargs["json"]), {}, kwargs["json"]
    data = kwargs.get("data")
    if data is None:
        return None, {}, ABSENT
    content = data if isinstance(data, bytes) else str(data).encode("utf-8", "replace")
    try:
        return content, {}, parse_json(content.decode())
    except (ValueError, RecursionError):
        return content, {}, ABSENT


def _form(kwargs: Mapping[str, Any]) -> tuple[bytes, dict[str, str], Any]:
    """A multipart body, with a boundary that is the same each time."""
    fields = [item for name in ("data", "files") for item in _pairs(kwargs.get(name))]
    lines: list[bytes] = []
    for name, value in fields:
        filename, content = value[:2] if isinstance(value, tuple) else (None, value)
        disposition = f'form-data; name="{_quoted(name)}"'
        if filename is not None:
            disposition += f'; filename="{_quoted(filename)}"'
        lines += [f"--{BOUNDARY}".encode(), f"Content-Disposition: {disposition}".encode("utf-8", "replace"), b""]
        lines.append(content if isinstance(content, bytes) else _text(content).encode("utf-8", "replace"))
    body = b"\r\n".join([*lines, f"--{BOUNDARY}--".encode(), b""])
    return body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}, ABSENT


def _pairs(value: Any) -> list[tuple[str, Any]]:
    return [(str(name), item) for name, item in (value.items() if isinstance(value, Mapping) else value or ())]


def _quoted(name: Any) -> str:
    return re.sub(r'[\r\n"\\]', "_", str(name))
