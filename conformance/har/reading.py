"""Reads a HAR file piece by piece: a recording of hundreds of megabytes is never in memory as a whole.

A HAR is `{"log": {"version": ..., "creator": ..., "pages": [...], "entries": [...]}}` (HTTP Archive 1.2). The entries
are by far the most of it; each is decoded and handed on by itself.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Never

CHUNK = 1 << 20
SNIFFED = 1 << 16
MAX_ENTRY = 1 << 28
"""Characters of one entry: more is no recording of a conversation, and would exhaust the memory."""
MAX_PAGES = 10_000

_SPACE = re.compile(r"[ \t\r\n]*")
_HAR_HEAD = re.compile(r'\s*\{\s*"log"\s*:\s*\{')
# What a decoder says of a text that ends too early, besides pointing at its end.
_MARGIN = 16


class HarError(ValueError):
    """A HAR cannot be read. Its text names the file, the place, the reason and the remedy."""


@dataclass
class Log:
    """What a HAR says beside its entries; complete when the entries have been gone through."""

    version: str = ""
    creator: str = ""
    browser: str = ""
    pages: list[dict[str, Any]] = field(default_factory=list)
    has_entries: bool = False


def is_har(path: Path) -> bool:
    """Whether a file begins like a HAR, whatever its name: an object whose first member is `log`. False for what cannot
    be opened."""
    try:
        with path.open("rb") as file:
            head = file.read(SNIFFED)
    except OSError:
        return False
    return _HAR_HEAD.match(_decoder(head).decode(head)) is not None


def read_har(path: Path, log: Log) -> Iterator[Any]:
    """The entries of a HAR, as they stand in it; `log` is filled on the way.

    Raises:
        HarError: no such file, not JSON, cut off, no HAR, or no member `entries`.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise HarError(f"{path}: cannot be opened ({error.strerror}). Give the path of a HAR.") from error
    with file:
        yield from _Reader(path, file, log).entries()


def _decoder(head: bytes) -> codecs.IncrementalDecoder:
    """UTF-8 with or without a mark; UTF-16 where the file begins with its mark."""
    name = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return codecs.getincrementaldecoder(name)("replace")


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


class _Reader:
    """A window on the text of the file, moved forward value by value."""

    def __init__(self, path: Path, file: IO[bytes], log: Log) -> None:
        self._path, self._file, self._log = path, file, log
        self._text = ""
        self._at = 0
        self._ended = False
        self._entry = 0
        self._bytes: codecs.IncrementalDecoder | None = None
        self._json = json.JSONDecoder(parse_constant=_refuse_constant)

    def entries(self) -> Iterator[Any]:
        self._expect("{")
        if self._string() != "log":
            self._refuse("is JSON, but no HAR: its first member is not 'log'", "Give a timeline or a HAR")
        self._expect(":")
        self._expect("{")
        while (character := self._peek()) != "}":
            if character == ",":
                self._at += 1
                continue
            name = self._string()
            self._expect(":")
            if name == "entries" and self._peek() == "[":
                self._log.has_entries = True
                yield from self._items()
            else:
                self._keep(name, self._value())
        if not self._log.has_entries:
            self._refuse("has no list 'entries' in its log", "Export it again")

    def _items(self) -> Iterator[Any]:
        self._expect("[")
        while (character := self._peek()) != "]":
            if character == ",":
                self._at += 1
                continue
            self._entry += 1
            yield self._value()
        self._at += 1
        self._entry = 0

    def _keep(self, name: str, value: Any) -> None:
        if name == "version":
            self._log.version = str(value)[:20]
        elif name in ("creator", "browser") and isinstance(value, dict):
            told = f"{value.get('name', '')} {value.get('version', '')}".strip()[:80]
            setattr(self._log, name, told)
        elif name == "pages" and isinstance(value, list):
            self._log.pages = [item for item in value[:MAX_PAGES] if isinstance(item, dict)]

    # -- the text -----------------------------------------------------------------------------------------------------

    def _more(self, size: int = CHUNK) -> bool:
        """Takes in more of the file, letting go of what was read; False at its end."""
        if self._ended:
            return False
        chunk = self._file.read(size)
        if self._bytes is None:
            self._bytes = _decoder(chunk)
        self._ended = not chunk
        self._text = self._text[self._at :] + self._bytes.decode(chunk, final=self._ended)
        self._at = 0
        return True

    def _peek(self) -> str:
        """The next character that is no white space."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                self._cut()

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            if self._entry:
                self._refuse("is not JSON", "Export it again")
            self._refuse("is neither a timeline nor a HAR", "Give the timeline of a run, or a HAR")
        self._at += 1

    def _string(self) -> str:
        if self._peek() != '"':
            self._refuse("is not JSON: the name of a member is missing", "Export it again")
        return str(self._value())

    def _value(self) -> Any:
        self._peek()
        wanted = CHUNK
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                early = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _MARGIN
                if not early or self._ended:
                    if early:
                        self._cut()
                    self._refuse(f"is not JSON ({error.msg})", "Export it again")
                if len(self._text) > MAX_ENTRY:
                    self._refuse(f"is larger than {MAX_ENTRY >> 20} MiB", "Export it without that body")
                # Each attempt starts anew: twice as much a time keeps that to twice the work.
                self._more(wanted)
                wanted = max(wanted, len(self._text))
                continue
            except RecursionError:
                self._refuse("is nested too deeply", "No sound server sends that; leave the body out")
            except ValueError as error:
                self._refuse(f"is not JSON ({str(error)[:60]})", "Export it again")
            # A number at the edge of the window may go on behind it.
            if end == len(self._text) and isinstance(value, int | float) and self._more():
                continue
            self._at = end
            return value

    def _cut(self) -> Never:
        if not self._text and not self._entry and not self._log.has_entries:
            self._refuse("is empty or cut off", "Export it again")
        self._refuse("is cut off: the JSON ends too early", "Export it again, whole")

    def _refuse(self, reason: str, remedy: str) -> Never:
        where = f"{self._path}, entry {self._entry}" if self._entry else str(self._path)
        raise HarError(f"{where}: {reason}. {remedy}.")
