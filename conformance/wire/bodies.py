"""Bodies of replies: read with a bound, decoded, and parsed if they are JSON."""

from __future__ import annotations

import codecs
import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Never

MAX_RECORDED_TEXT = 65_536
"""Characters of a text that is not JSON which the timeline keeps."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body that was read: `size` bytes after decompression, cut at the bound where `truncated`; `json` only where
    `is_json`."""

    text: str
    size: int
    truncated: bool
    json: Any
    is_json: bool


class BodyTimeout(Exception):  # noqa: N818 - a condition of the exchange, reported under this name
    """The whole body did not arrive in time, though single bytes did."""


def read_bounded(chunks: Iterator[bytes], encoding: str, limit: int, end: float) -> tuple[bytes, bool]:
    """The first `limit` bytes of a body, decompressed, and whether there was more.

    A small compressed body cannot grow beyond the limit in memory. `end` is a time of the monotonic clock: raises
    `BodyTimeout` after it, and zlib.error for a broken compression.
    """
    inflater = _inflater(encoding)
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        # A server that sends a byte now and then never meets a timeout of the socket.
        if time.monotonic() > end:
            raise BodyTimeout("the reply's body was not complete in time")
        if inflater is not None:
            chunk = inflater.decompress(chunk, limit + 1 - size)
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            return b"".join(parts)[:limit], True
    return b"".join(parts), False


def parse_body(raw: bytes, content_type: str, truncated: bool) -> Body:
    """Decode a body by its charset (UTF-8 where none is named) and parse it where it is JSON.

    A body counts as JSON if it parses strictly (no NaN, no invalid UTF-8) and either is called JSON or is an object or
    an array. A JSON body without a JSON content type is thus seen; that it lacks one is for others to judge.
    """
    charset = _charset(content_type)
    try:
        text, exact = raw.decode(charset), True
    except UnicodeDecodeError:
        text, exact = raw.decode(charset, "replace"), False
    text = text.removeprefix("\ufeff")
    if not exact or truncated or not text or text.isspace():
        return Body(text, len(raw), truncated, None, False)
    try:
        value = parse_json(text)
    except (ValueError, RecursionError):
        return Body(text, len(raw), truncated, None, False)
    is_json = isinstance(value, dict | list) or "json" in content_type.lower()
    return Body(text, len(raw), truncated, value if is_json else None, is_json)


def parse_json(text: str | bytes) -> Any:
    """Strict JSON: raises ValueError for NaN and Infinity, which Python would let pass, and for everything it refuses;
    RecursionError for nesting beyond reason."""
    return json.loads(text, parse_constant=_refuse_constant)


def dump_json(value: Any) -> bytes:
    """A value as JSON the way browsers write it: compact, in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # A lone surrogate exists in JSON only as an escape.
        return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _inflater(encoding: str) -> Any:
    name = encoding.strip().lower()
    if name in ("gzip", "x-gzip"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16)
    return zlib.decompressobj() if name == "deflate" else None


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "charset":
            try:
                info = codecs.lookup(value.strip().strip("\"'"))
            except (LookupError, ValueError):
                return "utf-8"
            # Some of Python's codecs are no character sets at all (base64, zlib).
            return info.name if info._is_text_encoding else "utf-8"
    return "utf-8"
