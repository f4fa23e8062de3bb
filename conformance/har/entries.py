"""One entry of a HAR, whoever recorded it, in one shape.

What differs between the recorders: header names and HTTP/2 pseudo headers, cookies beside or instead of headers,
several cookies in one value, bodies in base64 and bodies still compressed, posted parameters instead of text, bodies
that are missing or cut, times without fractions, with seven digits, without a zone, or missing, and the messages of a
WebSocket.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from conformance.wire.bodies import Body, parse_body

MAX_BODY = 1 << 26
LATEST = 4e9
"""Seconds since the epoch that a recording may have been made at."""
EMPTY = Body("", 0, False, None, False)
_BODILESS = frozenset({204, 205, 304})
_GZIP = b"\x1f\x8b"
_BASE64_SPACE = re.compile(r"\s+")
_METHOD = re.compile(r"[A-Za-z]{1,20}\Z")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,200}\Z")
Headers = dict[str, list[str]]


class NoEntry(ValueError):  # noqa: N818 - it is counted and told, not raised to a user
    """An entry that holds no request. The text says why."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on a WebSocket: seconds since the epoch, whether the client sent it, its text (None: no text)."""

    at: float
    by_client: bool
    text: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A request and what came of it.

    number counts the entries of the file from 1. start: seconds since the epoch; seconds: until the reply was complete.
    headers: lower-case names, values in order. asked, body: what was sent and answered; None where the recording does
    not have it, and `lost` says why. status: 0 where no reply came, and `error` says so. sockets: the messages of a
    WebSocket; None where this is none, or where they were not recorded.
    """

    number: int
    start: float
    seconds: float
    method: str
    url: str
    headers: Headers
    asked: Body | None
    status: int
    reply_headers: Headers
    body: Body | None
    page: str | None = None
    error: str | None = None
    lost: str = ""
    cached: bool = False
    websocket: bool = False
    sockets: tuple[Sent, ...] | None = None

    @property
    def end(self) -> float:
        """Seconds since the epoch when the reply was complete."""
        return self.start + self.seconds

    @property
    def path(self) -> str:
        """The URL's path, `/` where it has none."""
        return urlsplit(self.url).path or "/"

    @property
    def origin(self) -> str:
        """Scheme, host and port as the URL writes them, those of a WebSocket as HTTP's."""
        parts = urlsplit(self.url)
        scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
        return f"{scheme}://{parts.netloc.rpartition('@')[2].lower()}"

    def header(self, name: str) -> str:
        """The first value of a request header, empty where it has none."""
        values = self.headers.get(name)
        return values[0] if values else ""


def entry_of(raw: Any, number: int, fallback: float) -> Entry:
    """An entry of the file in its one shape; `fallback` is the start where it tells none that can be read.

    Raises:
        NoEntry: it holds no request.
    """
    if not isinstance(raw, Mapping) or not isinstance(raw.get("request"), Mapping):
        raise NoEntry("no request")
    request = raw["request"]
    reply = _object(raw.get("response"))
    method, url = str(request.get("method", "")), request.get("url")
    if not isinstance(url, str) or not _METHOD.match(method):
        raise NoEntry("no method or no URL")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise NoEntry("a URL that cannot be taken apart") from None
    if parts.scheme not in ("http", "https", "ws", "wss"):
        raise NoEntry(f"a URL of the scheme {parts.scheme[:20] or 'none'}")
    headers = _headers(request, "cookie", "; ")
    reply_headers = _headers(reply, "set-cookie", None)
    status = _status(reply.get("status"))
    asked, not_asked = _asked(request, headers)
    body, not_told = _content(reply, reply_headers, status) if status else (EMPTY, "")
    messages = raw.get("_webSocketMessages")
    websocket = (
        parts.scheme in ("ws", "wss")
        or raw.get("_resourceType") == "websocket"
        or messages is not None
        or (status == 101 and "websocket" in " ".join(headers.get("upgrade", ())).lower())
    )
    return Entry(
        number=number,
        start=moment(raw.get("startedDateTime"), fallback),
        seconds=_seconds(raw),
        method=method.upper(),
        url=url.partition("#")[0],
        headers=headers,
        asked=asked,
        status=status,
        reply_headers=reply_headers,
        body=EMPTY if websocket and status == 101 else body,
        page=str(raw["pageref"]) if isinstance(raw.get("pageref"), str | int) else None,
        error=None if status else _error(raw, reply),
        lost="" if websocket else not_asked or not_told,
        cached=status == 304 or bool(raw.get("_fromCache")) or bool(reply.get("_fromCache")),
        websocket=websocket,
        sockets=tuple(_socket(messages)) if isinstance(messages, list) else None,
    )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _status(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{3}", value):
        value = int(value)
    return int(value) if isinstance(value, int | float) and 100 <= value <= 999 else 0


def _error(raw: Mapping[str, Any], reply: Mapping[str, Any]) -> str:
    told = next((item for item in (reply.get("_error"), raw.get("_error"), reply.get("statusText")) if item), None)
    return f"NoReply: {' '.join(str(told).split())[:200]}" if told else "NoReply: the recording holds no reply"


# -- times ------------------------------------------------------------------------------------------------------------


def moment(value: Any, fallback: float) -> float:
    """A time as seconds since the epoch: ISO 8601 in all its forms, or a number of seconds or milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if value > 1e11 else float(value)
    else:
        try:
            read = datetime.fromisoformat(str(value).strip())
            # A recorder that names no zone means its own, which nobody knows: all of its entries are shifted alike.
            seconds = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return fallback
    return seconds if 0 <= seconds < LATEST else fallback


def _seconds(raw: Mapping[str, Any]) -> float:
    total = _positive(raw.get("time"))
    if total == 0 and isinstance(raw.get("timings"), Mapping):
        # `ssl` is part of `connect`; what begins with `_` is the recorder's own.
        parts = ("blocked", "dns", "connect", "send", "wait", "receive")
        total = sum(_positive(raw["timings"].get(name)) for name in parts)
    return total / 1000


def _positive(value: Any) -> float:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12
    return float(value) if sound else 0.0


# -- headers ----------------------------------------------------------------------------------------------------------


def _pairs(listed: Any) -> Iterator[tuple[str, str]]:
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            value = item.get("value")
            yield item["name"], value if isinstance(value, str) else "" if value is None else str(value)


def _headers(message: Mapping[str, Any], cookie: str, joint: str | None) -> Headers:
    """Headers by lower-case name, HTTP/2's pseudo headers left out (`:authority` is the host), the cookies from their
    own list where no header has them."""
    grouped: Headers = {}
    for name, value in _pairs(message.get("headers")):
        lower = name.strip().lower()
        if lower == ":authority":
            grouped.setdefault("host", [value])
        if not _TOKEN.match(lower):
            continue
        # Browsers put several headers of one name into one value, a line each.
        values = [part.strip() for part in value.split("\n") if part.strip()] or [""]
        if lower == "host":
            grouped["host"] = values[:1]
        else:
            grouped.setdefault(lower, []).extend(values)
    if cookie not in grouped:
        pairs = [f"{name}={value}" for name, value in _pairs(message.get("cookies")) if name]
        if pairs:
            grouped[cookie] = pairs if joint is None else [joint.join(pairs)]
    elif joint is not None and len(grouped[cookie]) > 1:
        grouped[cookie] = [joint.join(grouped[cookie])]  # HTTP/2 may send a cookie a header
    return grouped


# -- bodies -----------------------------------------------------------------------------------------------------------


def _asked(request: Mapping[str, Any], headers: Headers) -> tuple[Body | None, str]:
    post = request.get("postData")
    if not isinstance(post, Mapping):
        length = " ".join(headers.get("content-length", ()))
        announced = int(length) if length.isdigit() else 0
        if announced > 0 or (not length and _positive(request.get("bodySize")) > 0):
            return None, "the recording does not have what was sent"
        return EMPTY, ""
    kind = str(post.get("mimeType") or " ".join(headers.get("content-type", ())))
    text = post.get("text")
    if text is None or (text == "" and post.get("params")):
        raw = urlencode(list(_pairs(post.get("params")))).encode()
    else:
        decoded = _raw(text, post.get("encoding") or post.get("_encoding"))
        if decoded is None:
            return None, "what was sent is in base64 that cannot be read"
        raw = decoded
    return _lean(parse_body(raw[:MAX_BODY], kind, len(raw) > MAX_BODY)), ""


def _lean(body: Body) -> Body:
    """A body without its text where it is JSON: nobody reads both."""
    return replace(body, text="") if body.is_json else body


def _content(reply: Mapping[str, Any], headers: Headers, status: int) -> tuple[Body | None, str]:
    content = _object(reply.get("content"))
    size, text = content.get("size"), content.get("text")
    kind = str(" ".join(headers.get("content-type", ())) or content.get("mimeType") or "")
    if text is None or text == "":
        # A recorder that lets go of a body leaves its size 0 too: only what announces no body has none.
        length = " ".join(headers.get("content-length", ()))
        silent = not kind and not _positive(size) and not _positive(reply.get("bodySize"))
        if status in _BODILESS or length == "0" or (not length and silent):
            return EMPTY, ""
        return None, "the recording does not have the body of the reply"
    raw = _raw(text, content.get("encoding"))
    if raw is None:
        return None, "the body of the reply is in base64 that cannot be read"
    if raw.startswith(_GZIP):
        try:
            raw = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, MAX_BODY)
        except zlib.error:
            return None, "the body of the reply is compressed and broken"
    body = parse_body(raw[:MAX_BODY], kind, len(raw) > MAX_BODY)
    cut = not body.is_json and isinstance(size, int) and size > len(raw) and body.text != ""
    looks_json = body.text.lstrip()[:1] in ("{", "[")
    if cut and looks_json:
        return None, "the recording cuts the body of the reply"
    return _lean(body), ""


def _raw(text: Any, encoding: Any) -> bytes | None:
    """The bytes of a recorded body; None where its base64 is broken."""
    if not isinstance(text, str):
        text = json.dumps(text)  # a few recorders put the parsed body there
    if str(encoding or "").lower() != "base64":
        return str(text).encode("utf-8", "replace")
    bare = _BASE64_SPACE.sub("", text)
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _socket(messages: list[Any]) -> Iterator[Sent]:
    for item in messages:
        if not isinstance(item, Mapping):
            continue
        opcode, data = item.get("opcode", 1), item.get("data")
        if opcode in (8, 9, 10):
            continue  # close, ping, pong
        text: str | None = data if isinstance(data, str) else None
        if opcode == 2:
            raw = _raw(data, "base64") if isinstance(data, str) else None
            text = raw.decode("utf-8", "replace") if raw is not None else None
        yield Sent(moment(item.get("time"), 0.0), item.get("type") == "send", text)
