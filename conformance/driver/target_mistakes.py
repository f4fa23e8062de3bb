"""What is wrong with a target file, in sentences: file, line, key and remedy. Values are not repeated: they may be
secrets."""

from __future__ import annotations

import datetime
import difflib
import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs

_KEY = r"""(?:[A-Za-z0-9_\-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[\s*({_KEYS})\s*\]")
_ASSIGNED = re.compile(rf"\s*({_KEYS})\s*=(.*)")
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)\Z")
_PASSWORDS = ("password", "password_env", "password_file")
_TYPES = {
    "string": "a text, in quotes",
    "number": "a number, without quotes",
    "boolean": "true or false, without quotes",
    "array": "a list, in brackets",
    "object": "a table",
}


class Places:
    """Where the keys of a TOML text are (TOML readers do not keep positions)."""

    def __init__(self, text: str, path: Path, instead: Mapping[str, str] | None = None) -> None:
        """instead: keys that were given elsewhere (an option of the command line), with the name of that place."""
        self.path = path
        self._instead = dict(instead or {})
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        quotes = ""  # what ends the text of several lines that we are in
        for number, line in enumerate(text.splitlines(), start=1):
            if quotes:
                quotes = "" if quotes in line else quotes
                continue
            if header := _HEADER.match(line):
                table = _names(header[1])
                self._note(table, number)
            elif assigned := _ASSIGNED.match(line):
                self._note(table + _names(assigned[1]), number)
                for mark in ('"""', "'''"):
                    quotes = mark if assigned[2].count(mark) == 1 else quotes

    def _note(self, keys: tuple[str, ...], number: int) -> None:
        for depth in range(1, len(keys) + 1):
            self._lines.setdefault(keys[:depth], number)

    def line(self, keys: Sequence[str]) -> int:
        """The line of a key, of the nearest one around it where it has none of its own; 1 for the top."""
        for depth in range(len(keys), 0, -1):
            if tuple(keys[:depth]) in self._lines:
                return self._lines[tuple(keys[:depth])]
        return 1

    def say(self, keys: Sequence[str], text: str, *, name: bool = True) -> str:
        """A mistake at a key."""
        place = self._instead.get(".".join(keys)) or f"{self.path}:{self.line(keys)}"
        shown = ".".join(key[:60] for key in keys) or "(top level)"
        return f"{place}: {shown}: {text}" if name else f"{place}: {text}"


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))


def syntax(text: str, path: Path, error: tomllib.TOMLDecodeError) -> str:
    """What a text that is no TOML breaks at, and the remedy."""
    message = str(error)
    at = _AT.search(message)
    lines = text.splitlines() or [""]
    number = min(int(at[1]), len(lines)) if at and at[1] else len(lines)
    key = _ASSIGNED.match(lines[number - 1])
    what = message[: at.start()] if at else message
    column = f", column {at[2]}" if at and at[2] else ""
    about = f"{key[1][:60]}: " if key else ""
    return f"{path}:{number}: {about}not TOML: {what[:120]} (line {number}{column}); {_syntax_remedy(what)}"


def _syntax_remedy(what: str) -> str:
    if "overwrite" in what or "twice" in what:
        return "the same key or table stands here a second time: remove one of them"
    if "Unescaped" in what:
        return "write a text that holds a backslash in single quotes"
    if "table declaration" in what:
        return "close the name of the table with ]"
    return "write key = value, texts in quotes, lists in brackets, and close what is opened"


def mistakes(raw: Mapping[str, Any], schema: Mapping[str, Any], places: Places) -> list[str]:
    """What does not fit the schema, a sentence each; in the order of the lines."""
    strange = [(places.line(keys), places.say(keys, text)) for keys, text in _strange((), raw)]
    if strange:
        return [text for _, text in sorted(strange)]
    found = [
        (places.line(keys), places.say(keys, text))
        for error in jsonschema_rs.Draft202012Validator(dict(schema)).iter_errors(dict(raw))
        for keys, text in _explained(error, schema)
    ]
    return [text for _, text in sorted(found)]


def _strange(keys: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Values that TOML knows and no key of a target file has: dates, and numbers that are none."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _strange((*keys, str(key)), item)
    elif isinstance(value, list):
        for item in value:
            yield from _strange(keys, item)
    elif isinstance(value, datetime.date | datetime.time):
        yield keys, "is a date or a time, which no key takes: write the number, or a text in quotes"
    elif isinstance(value, float) and not math.isfinite(value):
        yield keys, "is no finite number: write one"


def _explained(error: Any, schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keys and remedies of one finding of the validator."""
    path = list(error.instance_path)
    keys = tuple(key for key in path if isinstance(key, str))
    node = _node(schema, keys)
    keyword = str(list(error.schema_path)[-1])
    if keyword == "additionalProperties":
        for name in error.kind.unexpected:
            yield (*keys, str(name)), _unknown(str(name), list(node.get("properties", ())))
    elif keyword == "required":
        missing = str(error.kind.property)
        yield keys, f"the key {missing} is missing: add {'.'.join((*keys, missing))}"
    elif keyword == "oneOf":
        choices = tuple(str(one["required"][0]) for one in node["oneOf"])
        given = [name for name in choices if name in error.instance]
        yield (*keys, *given[-1:]) if len(given) > 1 else keys, f"give exactly one of {', '.join(choices)}"
    else:
        item = bool(path) and isinstance(path[-1], int)
        said = _value(keyword, error.instance, node.get("items", node) if item else node)
        yield keys, f"each entry {said}" if item and said.startswith("must ") else said


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"unknown key {name[:60]}: {meant}Known here: {', '.join(known)}; see 'gws-conformance init'"


def _value(keyword: str, value: Any, node: Mapping[str, Any]) -> str:
    if "enum" in node:
        choices = ", ".join(json.dumps(choice) for choice in node["enum"])
        unquoted = not isinstance(value, str) and str(value) in node["enum"]
        return "quotes are missing: write it as " + json.dumps(str(value)) if unquoted else f"must be one of {choices}"
    if keyword == "type":
        return f"must be {_TYPES.get(str(node.get('type')), 'of another type')}: correct it"
    if "description" in node:
        return f"must be {node['description']}: correct it"
    if keyword == "exclusiveMinimum":
        return f"must be above {node['exclusiveMinimum']}: correct it"
    if keyword == "minimum":
        return f"must be {node['minimum']} or more: correct it"
    if keyword == "uniqueItems":
        return "names something twice: remove one of them"
    return "must not be empty: fill it in"


def _node(schema: Mapping[str, Any], keys: Sequence[str]) -> Mapping[str, Any]:
    """The part of the schema that is about a key."""
    node: Any = schema
    for key in keys:
        node = node.get("properties", {}).get(key, {})
        if "$ref" in node:
            node = {**schema["$defs"][str(node["$ref"]).rpartition("/")[2]], **node}
    return dict(node)
