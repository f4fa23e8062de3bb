"""Makes strings of a server fit to be shown: bounded, and without characters that command a terminal or a parser."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import orjson

TEXT = 600
"""Characters of a message."""
NAME = 200
"""Characters of an id, a title, a name."""

# Controls (tab and line feed excepted), surrogates, marks that turn the direction of text around or are invisible,
# separators that end a line in some languages, and what XML 1.0 forbids.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def bound(text: str, limit: int) -> str:
    """At most `limit` characters, the cut marked."""
    return text if len(text) <= limit else text[: max(limit - 3, 0)] + "..."


def safe(value: Any, limit: int = TEXT) -> str:
    r"""A value as text that can be shown anywhere (HTML apart, which escapes besides): `\x1b` for what is not text."""
    text = value if isinstance(value, str) else str(value)
    return _UNSAFE.sub(_visible, bound(text, limit))


def one_line(value: Any, limit: int = TEXT) -> str:
    """As `safe`, with every run of white space as one blank."""
    text = value if isinstance(value, str) else str(value)
    return _one_line(bound(text, 4 * limit), limit)


@lru_cache(maxsize=4096)
def _one_line(text: str, limit: int) -> str:
    # The same names, titles and citations come thousands of times in a report.
    return " ".join(safe(text, 4 * limit).split())[:limit]


def whole(text: str) -> str:
    """Text that every JSON parser reads: a surrogate that stands alone becomes U+FFFD; nothing else changes."""
    return _SURROGATES.sub("\ufffd", text)


def whole_values(value: Any) -> Any:
    """A deep copy of plain JSON whose strings are `whole`."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict):
        return {whole(str(key)): whole_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [whole_values(item) for item in value]
    return value


def pretty(value: Any, limit: int) -> str:
    """A recorded body as indented JSON (or as the text it is), safe and bounded."""
    if isinstance(value, str):
        return safe(value, limit)
    return safe(_indented(value), limit)


def json_bytes(value: Any) -> bytes:
    """Plain JSON, indented, in UTF-8, with a line feed at its end; lone surrogates become U+FFFD."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Rare, and slow: a lone surrogate, an integer beyond 64 bits.
        text = json.dumps(whole_values(value), ensure_ascii=False, allow_nan=False, indent=2)
        return text.encode("utf-8") + b"\n"


def _indented(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode("utf-8")
    except TypeError:
        try:
            return json.dumps(value, ensure_ascii=False, indent=2, default=str)
        except (RecursionError, ValueError):
            return "<nested too deeply to be shown>"


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
