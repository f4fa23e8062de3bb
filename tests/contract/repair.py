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
    "inner-quote": "a quote behind which no string can end, or inside a tag, belongs to the text of the string",
    "misread-quote": "a string whose opening quote is another character than its closing one, or >, ends with that one",
    "unquoted-text": "a value in parentheses, or in braces around an equals sign, is a text to the end of its line",
    "blank": "blanks in an address or a time, or in front of a single word, are left out",
    "zero-for-o": "a digit zero in the place of the letter O in On is read as the letter",
    "elided-root": "dots at the start of an address stand for the root of all addresses",
    "nameless": "an empty name without a value is left out",
    "missing-colon": "a colon is put between a name and a number",
    "long-suffix": "the L behind a whole number, as Java writes it, is left out, even from the next line",
    "unquoted-name": "a member name without quotes gets them",
    "placeholder": "a bare word in the place of a value is taken as a string",
    "alternatives": "of two words in brackets with 'or' between them, the first is taken",
    "ellipsis": "dots and 'etc' stand for members that were left out",
    "fragment": "a block that starts with a member shows a part of an object",
    "python-repr": "strings in single quotes, with or without the u of Python, are read as JSON strings",
    "foreign-literal": "None, True and False are read as null, true and false",
    "comment": "a comment is left out, with lines behind it that start with neither a quote nor a bracket",
}

# Repairs of the structure; of two ways to read a sample, the one with fewer of these is meant.
_STRUCTURAL = {"missing-closer", "early-closer", "unclosed", "mismatched-closer", "wrong-closer", "stray-closer"}

T = TypeVar("T")

_WORD = re.compile(r"[A-Za-z_$][\w.$-]*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"""//[^\n]*(?:\n[ \t]*(?![\w$]+\s*:)[^\s"'{}\[\]/][^\n]*)*""")
_ELLIPSIS = re.compile(r"\.{2,}|…|\betc\b\.?")
_PLACEHOLDER = re.compile(r"<[^<>\n]*>|\{\.\.[^{}]*\.\.\}")
_QUOTE = re.compile(r"""["]|u?'|u?>(?=\w[^\n"']*["'])""")
_CLOSES = re.compile(r"""\s*(?:[,:}\]"']|u['>]|//|\.{2}|…|[\w$.-]+\s*:|\||etc\b|$)""")
_DOUBLED = re.compile(r"""["'][ \t]*(?:[,}\]\n]|$)""")
_PARENTHESIS = re.compile(r"""(?:\([^\n]*\)|\{"\w+="[^\n]*\})(?=\s*,?[ \t]*(?:\n|$))""")
_MARKUP = re.compile(r"""<[a-z]+\s[^<>{}]{,200}>""")
_LONG = re.compile(r"\s*L\b")
_OR = re.compile(r"\[(\w+) or \w+\]")
_ROOT = re.compile(r"\.{3}(?=/)")
_ADDRESS = re.compile(r"https?\s*:\s*//")
_TIME = re.compile(r"\d{4}-\d\d-\d\d.*\d\d: \d\d")
_MEMBER = re.compile(r"""\s*["'][\w.-]+["']\s*:""")
_FOLLOWS = re.compile(r"""\s*,?\s*(?=["'][\w.-]+["']\s*:)""")
_NEXT_MEMBER = re.compile(r'\s*("[\w.-]+"\s*:|[}\]]+\s*,?\s*$)')
ROOT = "http://localhost/api/v2"
_LITERALS: dict[str, Json] = {"true": True, "false": False, "null": None}
_FOREIGN: dict[str, Json] = {"True": True, "False": False, "None": None}


class UnreadableError(ValueError):
    """The text is no JSON even with all repairs; the message says where."""


@dataclass
class Parsed:
    """A value, where it ends in the text, the rules that were needed, and how often its structure was mended."""

    value: Json
    end: int
    rules: set[str] = field(default_factory=set)
    structural: int = 0


class _Parser:
    """A JSON reader that forgives what RULES names; one instance reads one value."""

    def __init__(self, text: str, pos: int, reopen: bool, wrong: bool) -> None:
        self.text = text
        self.reopen = reopen
        self.wrong = wrong
        self.pos = pos
        self.rules: set[str] = set()
        self.structural = 0
        self.open: list[str] = []

    def fail(self, why: str) -> UnreadableError:
        around = self.text[max(0, self.pos - 30) : self.pos + 30].replace("\n", "⏎")
        return UnreadableError(f"{why} near {around!r}")

    def mend(self, rule: str) -> None:
        """Notes a repair of the structure."""
        self.rules.add(rule)
        self.structural += 1

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
        parenthesis = _PARENTHESIS.match(self.text, self.pos)
        if parenthesis:
            self.rules.add("unquoted-text")
            self.pos = parenthesis.end()
            return parenthesis.group()
        if char == "{":
            found = _PLACEHOLDER.match(self.text, self.pos)
            if found:
                self.rules.add("ellipsis")
                self.pos = found.end()
                return {}
            return self.structure("}", self.members)
        either = _OR.match(self.text, self.pos)
        if either:
            self.rules.add("alternatives")
            self.pos = either.end()
            return _LITERALS.get(either.group(1), either.group(1))
        if char == "[":
            return self.structure("]", self.items)
        if self.quoted():
            return self.cleaned(self.string())
        return self.scalar()

    def cleaned(self, text: str) -> str:
        """A text without what got into it in print."""
        rooted = _ROOT.sub(ROOT, text, count=1) if _ROOT.match(text) else text
        if rooted != text:
            self.rules.add("elided-root")
        if _ADDRESS.match(rooted) or re.fullmatch(r"\s+\w+", rooted):
            spaced = re.sub(r"\s+", "", rooted)
        else:
            spaced = rooted.replace(": ", ":") if _TIME.match(rooted) else rooted
        if spaced != rooted:
            self.rules.add("blank")
        if spaced == "0n":
            self.rules.add("zero-for-o")
            return "On"
        return spaced

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
            suffix = _LONG.match(self.text, self.pos)
            if suffix:
                self.rules.add("long-suffix")
                self.pos = suffix.end()
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
        quote = self.closing_quote()
        self.pos += 1
        parts: list[str] = []
        while self.pos < len(self.text):
            char = self.text[self.pos]
            if char == quote and not self.is_inner(quote):
                self.pos += 1
                return "".join(parts)
            if char == "\\":
                parts.append(self.escape())
                continue
            tag = _MARKUP.match(self.text, self.pos)
            if tag and quote in tag.group():
                self.rules.add("inner-quote")
                parts.append(" ".join(tag.group().split()))
                self.pos = tag.end()
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

    def closing_quote(self) -> str:
        """The quote that ends the string that starts here: the same one, or the only one that its line has."""
        opening = self.text[self.pos]
        rest = self.text[self.pos + 1 :].split("\n", 1)[0]
        found = re.search("[\"']", rest)
        if found and (opening == ">" or (opening == "'" and "'" not in rest)):
            self.rules.add("misread-quote")
            return found.group()
        if opening == "'":
            self.rules.add("python-repr")
        return opening

    def is_inner(self, quote: str) -> bool:
        """Whether the quote here belongs to the text: nothing that may follow a string follows it, a quote does."""
        rest = self.text[self.pos + 1 :]
        follows = rest.lstrip()
        inner = not _CLOSES.match(rest) or bool(rest.startswith(quote) and _DOUBLED.match(rest))
        if inner and quote in follows.split("\n", 1)[0]:
            self.rules.add("inner-quote")
            return True
        return False

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
            if not name and self.peek() in (",", "}"):
                self.rules.add("nameless")
                self.comma("}")
                continue
            if self.peek() == ":":
                self.pos += 1
            elif self.peek().isdigit():
                self.rules.add("missing-colon")
            else:
                raise self.fail("no colon behind a name")
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
                    self.mend("missing-closer")
                    self.pos = start
                    return result
                self.mend("early-closer")
                last.update(self.structure("}", self.members, taken=True))
            else:
                result.append(self.value())
            self.comma("]")
        return result

    def closed(self, closer: str) -> bool:
        """Whether the structure ends here; takes its closing bracket."""
        char = self.peek()
        while char in ("}", "]") and char not in self.open:
            self.mend("wrong-closer" if self.wrong else "stray-closer")
            self.pos += 1
            if self.wrong:
                return True
            char = self.peek()
        if not char:
            self.mend("unclosed")
            return True
        if char == closer:
            self.pos += 1
            return True
        if char in "}]":
            self.mend("mismatched-closer")
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
        parser.mend("early-closer")
        parser.pos = follows.end()
        value.update(parser.structure("}", parser.members, taken=True))
    return Parsed(value, parser.pos, parser.rules, parser.structural)


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
