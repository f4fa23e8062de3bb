"""What an exchange was, for those who asked and for the timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conformance.wire.bodies import MAX_RECORDED_TEXT, Body
from conformance.wire.recorder import Recorder

Purpose = Literal["api", "auth", "cometd"]


@dataclass(frozen=True, slots=True, repr=False)
class HttpReply:
    """What came back. `status` is 0 and `error` says why where nothing complete did.

    `headers` has lower-case names and lists of values; `elapsed` is seconds until the body was complete; `request_seq`
    and `response_seq` are the timeline events of the first request sent and of this reply. Its repr shows no content.
    """

    status: int
    headers: Mapping[str, list[str]]
    text: str
    json: Any
    is_json: bool
    elapsed: float
    request_seq: int
    response_seq: int
    error: str | None
    url: str
    truncated: bool = False

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        values = self.headers.get(name.lower())
        return values[0] if values else None

    def __repr__(self) -> str:
        what = f"error={self.error!r}" if self.error else f"{len(self.text)} characters"
        return f"<HttpReply {self.status} {self.header('content-type') or 'no content type'!s:.60}, {what}>"


def request_payload(
    exchange: int,
    method: str,
    url: str,
    path: str,
    headers: Mapping[str, str],
    *,
    purpose: Purpose,
    body: Any = None,
    text: str | None = None,
) -> dict[str, Any]:
    """The payload of an `http.request`."""
    return {
        "exchange": exchange,
        "method": method,
        "url": url,
        "path": path,
        "headers": {name.lower(): [value] for name, value in headers.items()},
        "body": body,
        "text": text,
        "purpose": purpose,
    }


def response_payload(
    exchange: int, status: int, headers: Mapping[str, list[str]], body: Body, elapsed: float
) -> dict[str, Any]:
    """The payload of an `http.response`: JSON in `body`, or a bounded `text`."""
    return {
        "exchange": exchange,
        "status": status,
        "headers": dict(headers),
        "body": body.json,
        "text": None if body.is_json else body.text[:MAX_RECORDED_TEXT],
        "json": body.is_json,
        "bytes": body.size,
        "truncated": body.truncated or (not body.is_json and len(body.text) > MAX_RECORDED_TEXT),
        "elapsed": round(elapsed, 6),
    }


def describe_error(error: Exception, recorder: Recorder) -> str:
    """An exception as its class name and one bounded sentence without secrets."""
    sentence = " ".join(str(error).split())[:300] or "no further word"
    return f"{type(error).__name__}: {recorder.redactor.text(sentence)}"
