"""Reads the JSON of the reference as it was meant.

The samples were printed: page breaks, line wraps and typing errors got into them. `parse` reads one value and
names every repair it made; `RULES` lists them all. What needs more than these rules stands in schemas/errata.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import TypeAlias, TypeVar

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

RULES: dict[str, str] = {
    "page-break": "a block cut by a page break goes on in the next block",
    "closers-at-break": "brackets, or a quote, printed at the end of a page although the next page goes on inside them",
    "stray-quote": "a quote at the end of a line that opens nothing is left out",
    "wrapped-string": "a line break inside a string is left out, with the indentation behind it",
    "trailing-comma": "a comma in front of a closing bracket is left out",
    "missing-comma": "a comma is put between two members or items",
    "missing-quote": "a string that runs into the next member ends with its line",
    "missing-closer": "an array whose next item turns out to be a member ends in front of it",
    "early-closer": "an object that is closed although members of it follow goes on with them",
    "unclosed": "brackets that never close are closed at the end",
    "mismatched-closer": "a structure without its closing bracket ends with the one around it",
    "wrong-closer": "a bracket of the other kind closes the structure",
    "stray-closer": "a closing bracket that closes nothing is left out",
    "long-suffix": "the L behind a whole number, as Java writes it, is left out",
    "unquoted-name": "a member name without quotes gets them",
    "placeholder": "a bare word in the place of a value is taken as a string",
    "ellipsis": "dots and 'etc' stand for members that were left out",
    "fragment": "a block that starts with a member shows a part of an object",
    "python-repr": "strings in single quotes, with or without the u of Python, are read as JSON strings",
    "foreign-literal": "None, True and False are read as null, true and false",
    "comment": "a comment is left out",
}

# Repairs of the structure; of two ways to read a sample, the one with fewer of these is meant.
_STRUCTURAL = {"missing-closer", "early-closer", "unclosed", "mismatched-closer", "wrong-closer", "stray-closer"}

T = TypeVar("T")

_WORD = re.compile(r"[A-Za-z_$][\w.$-]*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"//[^\n]*")
_ELLIPSIS = re.compile(r"\.{2,}|…|\betc\b\.?")
_PLACEHOLDER = re.compile(r"<[^<>\n]*>|\{\.\.[^{}]*\.\.\}")
_QUOTE = re.compile(r"""["]|u?'""")
_MEMBER = re.compile(r"""\s*["'][\w.-]+["']\s*:""")
_FOLLOWS = re.compile(r"""\s*,?\s*(?=["'][\w.-]+["']\s*:)""")
_NEXT_MEMBER = re.compile(r'\s*("[\w.-]+"\s*:|[}\]]+\s*,?\s*$)')
_LITERALS: dict[str, Json] = {"true": True, "false": False, "null": None}
_FOREIGN: dict[str, Json] = {"True": True, "False": False, "None": None}


class UnreadableError(ValueError):
    """The text is no JSON even with all repairs; the message says where."""


@dataclass
class Parsed:
    """A value, where it ends in the text, and the names of the rules that were needed."""

    value: Json
    end: int
    rules: set[str] = field(default_factory=set)


class _Parser:
    """A JSON reader that forgives what RULES names; one instance reads one value."""

    def __init__(self, text: str, pos: int, reopen: bool, wrong: bool) -> None:
        self.text = text
        self.reopen = reopen
        self.wrong = wrong
        self.pos = pos
        self.rules: set[str] = set()
        self.open: list[str] = []

    def fail(self, why: str) -> UnreadableError:
        around = self.text[max(0, self.pos - 30) : self.pos + 30].replace("\n", "⏎")
        return UnreadableError(f"{why} near {around!r}")

    def skip(self) -> None:
        """Goes past white space, comments and ellipses."""
        while self.pos < len(self.text):
            skipped = _SPACE.match(self.text, self.pos)
            rule = None
            if not skipped:
                skipped, rule = _COMMENT.match(self.text, self.pos), "comment"
            if not skipped:
                skipped, rule = _ELLIPSIS.match(self.text, self.pos), "ellipsis"
            if not skipped:
                return
            if rule:
                self.rules.add(rule)
            self.pos = skipped.end()

    def peek(self) -> str:
        self.skip()
        return self.text[self.pos] if self.pos < len(self.text) else ""

    def value(self) -> Json:
        char = self.peek()
        if char == "{":
            found = _PLACEHOLDER.match(self.text, self.pos)
            if found:
                self.rules.add("ellipsis")
                self.pos = found.end()
                return {}
            return self.structure("}", self.members)
        if char == "[":
            return self.structure("]", self.items)
        if self.quoted():
            return self.string()
        return self.scalar()

    def structure(self, closer: str, read: Callable[[], T], taken: bool = False) -> T:
        self.pos += not taken
        self.open.append(closer)
        result = read()
        self.open.pop()
        return result

    def scalar(self) -> Json:
        number = _NUMBER.match(self.text, self.pos)
        word = _WORD.match(self.text, self.pos)
        placeholder = _PLACEHOLDER.match(self.text, self.pos)
        if placeholder:
            self.rules.add("placeholder")
            self.pos = placeholder.end()
            return placeholder.group()
        if number:
            self.pos = number.end()
            if self.text[self.pos : self.pos + 1] == "L":
                self.rules.add("long-suffix")
                self.pos += 1
            digits = number.group()
            return float(digits) if "." in digits or "e" in digits.lower() else int(digits)
        if word:
            self.pos = word.end()
            name = word.group()
            if name in _LITERALS:
                return _LITERALS[name]
            if name in _FOREIGN:
                self.rules.add("foreign-literal")
                return _FOREIGN[name]
            self.rules.add("placeholder")
            return name
        raise self.fail("no value")

    def quoted(self) -> bool:
        return bool(_QUOTE.match(self.text, self.pos))

    def string(self) -> str:
        if self.text[self.pos] == "u":
            self.pos += 1
        quote = self.text[self.pos]
        if quote == "'":
            self.rules.add("python-repr")
        self.pos += 1
        parts: list[str] = []
        while self.pos < len(self.text):
            char = self.text[self.pos]
            if char == quote:
                self.pos += 1
                return "".join(parts)
            if char == "\\":
                parts.append(self.escape())
                continue
            if char == "\n":
                if _NEXT_MEMBER.match(self.text[self.pos + 1 :].split("\n", 1)[0]):
                    self.rules.add("missing-quote")
                    return "".join(parts).rstrip().rstrip(",")
                self.rules.add("wrapped-string")
                while self.pos < len(self.text) and self.text[self.pos].isspace():
                    self.pos += 1
                continue
            if ord(char) < 0x20:
                raise self.fail("a control character in a string")
            parts.append(char)
            self.pos += 1
        raise self.fail("a string that never ends")

    def escape(self) -> str:
        code = self.text[self.pos + 1 : self.pos + 2]
        self.pos += 2
        if code == "u":
            digits = self.text[self.pos : self.pos + 4]
            self.pos += 4
            return chr(int(digits, 16))
        return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(code, code)

    def name(self) -> str:
        self.skip()
        if self.quoted():
            return self.string()
        word = _WORD.match(self.text, self.pos)
        if not word:
            raise self.fail("no member name")
        self.rules.add("unquoted-name")
        self.pos = word.end()
        return word.group()

    def members(self) -> dict[str, Json]:
        result: dict[str, Json] = {}
        while not self.closed("}"):
            name = self.name()
            if self.peek() != ":":
                raise self.fail("no colon behind a name")
            self.pos += 1
            result[name] = self.value()
            self.comma("}")
        return result

    def items(self) -> list[Json]:
        result: list[Json] = []
        while not self.closed("]"):
            start = self.pos
            if _MEMBER.match(self.text, self.pos):
                last = result[-1] if result else None
                if not (self.reopen and isinstance(last, dict)):
                    self.rules.add("missing-closer")
                    self.pos = start
                    return result
                self.rules.add("early-closer")
                last.update(self.structure("}", self.members, taken=True))
            else:
                result.append(self.value())
            self.comma("]")
        return result

    def closed(self, closer: str) -> bool:
        """Whether the structure ends here; takes its closing bracket."""
        char = self.peek()
        while char in ("}", "]") and char not in self.open:
            self.rules.add("wrong-closer" if self.wrong else "stray-closer")
            self.pos += 1
            if self.wrong:
                return True
            char = self.peek()
        if not char:
            self.rules.add("unclosed")
            return True
        if char == closer:
            self.pos += 1
            return True
        if char in "}]":
            self.rules.add("mismatched-closer")
            return True
        return False

    def comma(self, closer: str) -> None:
        char = self.peek()
        if char == ",":
            self.pos += 1
            if self.peek() in ("}", "]"):
                self.rules.add("trailing-comma")
        elif char and char not in "}]":
            self.rules.add("missing-comma")


def _read(text: str, pos: int, reopen: bool, wrong: bool) -> Parsed:
    parser = _Parser(text, pos, reopen, wrong)
    value = parser.value()
    while isinstance(value, dict):
        follows = _FOLLOWS.match(text, parser.pos)
        if not follows or "unclosed" in parser.rules:
            break
        parser.rules.add("early-closer")
        parser.pos = follows.end()
        value.update(parser.structure("}", parser.members, taken=True))
    return Parsed(value, parser.pos, parser.rules)


def parse(text: str, pos: int = 0) -> Parsed:
    """Reads the value that starts at `pos`. Raises UnreadableError."""
    found: list[Parsed] = []
    problem: UnreadableError | None = None
    for reopen, wrong in product((False, True), repeat=2):
        try:
            found.append(_read(text, pos, reopen, wrong))
        except UnreadableError as error:
            problem = problem or error
        if found and found[0].rules.isdisjoint(_STRUCTURAL):
            break
    if not found:
        raise problem or UnreadableError("nothing to read")
    return min(found, key=lambda parsed: (len(parsed.rules & _STRUCTURAL), -parsed.end))
