"""Reads the reference document: pages, code blocks, tables and the JSON samples in them.

The document is a text of about 45,000 lines that is not part of the project. It is found by GWS_REFERENCE_DIR or in
`../shared/reference` beside the checkout.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from tests.contract.repair import Json, UnreadableError, parse

ROOT = Path(__file__).resolve().parents[2]
FILE_NAME = "003_cdd5b3f215dfa96f.txt"

Lines = tuple[int, int]

_REQUEST = re.compile(r"^\s*(GET|POST|PUT|DELETE)\s+(\S+)")
_STATUS = re.compile(r"^\s*(?:HTTP(?:/1\.1)?\s+)?([1-5]\d\d)\b(?:\s|$)")
_SCRIPT = re.compile(
    r"<script|^\s*</\w+>|\bfunction\b|\bvar \w|^import |^def |^\s*print |\$\(|console\.log", re.MULTILINE
)
_CONTINUES = re.compile(r"""\s*(["'][\w.-]+["']\s*:|[}\]]|"[^"]*",?\s*\n|'[^']*',?\s*\n|[\w./:-]+",?\s*\n)""")
_TAIL = re.compile(r'\s*[\w./:-]+",?\s*\n')
_STRAY_QUOTE = re.compile(r'^([^"\n]*(?:"[^"\n]*"[^"\n]*)*[,{\[])"[ \t]*$', re.MULTILINE)
_FRAGMENT = re.compile(r'\s*["\'][\w.-]+["\']\s*:')
_ENDS = re.compile(r"[}\]],?\s*$")
_CLOSER = re.compile(r"\s*[}\]]\s*,?\s*")
_EARLY = re.compile(r",\s*[}\]][}\],\s]*$")
_INI = re.compile(r"\s*\[\w+\]\s*$")
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)


def reference_file() -> Path | None:
    """Where the reference stands, or None when this checkout comes without it."""
    named = os.environ.get("GWS_REFERENCE_DIR")
    folders = [Path(named)] if named else [ROOT / "shared" / "reference", ROOT.parent / "shared" / "reference"]
    return next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)


@dataclass(frozen=True)
class Block:
    """Code of one or more fences; `numbers` has the line number of every line of `text`."""

    numbers: tuple[int, ...]
    text: str
    rules: frozenset[str] = frozenset()

    @property
    def lines(self) -> Lines:
        return self.numbers[0], self.numbers[-1]

    @property
    def script(self) -> bool:
        """Whether it is a program and no sample of what goes over the wire."""
        return bool(_SCRIPT.search(self.text))


@dataclass(frozen=True)
class Sample:
    """One JSON value of the reference as it was meant, and what stood around it.

    `method` and `url` come from the request line above it, `http` from a status line, `label` is the last line of
    prose in front of its block, `structural` the number of repairs of its brackets.
    """

    lines: Lines
    value: Json
    rules: frozenset[str]
    method: str | None = None
    url: str | None = None
    http: int | None = None
    label: str = ""
    problem: str | None = None
    structural: int = 0

    @property
    def elided(self) -> bool:
        """Whether members were left out in print, so that nothing can be said of required ones."""
        return "ellipsis" in self.rules


@dataclass(frozen=True)
class Row:
    """One row of a table: line, header cells, cells without markup."""

    line: int
    header: tuple[str, ...]
    cells: tuple[str, ...]


def plain(cell: str) -> str:
    """The text of a table cell without its markup."""
    return html.unescape(_TAG.sub("", cell)).strip()


class Reference:
    """The document; line numbers count from 1."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._samples: dict[Lines, list[Sample]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> str:
        return self._lines[number - 1]

    def text(self, lines: Lines) -> str:
        return "\n".join(self._lines[lines[0] - 1 : lines[1]])

    def numbered(self, lines: Lines) -> Iterator[tuple[int, str]]:
        for number in range(lines[0], min(lines[1], len(self)) + 1):
            yield number, self.line(number)

    def fences(self, lines: Lines) -> list[Block]:
        """The code blocks as printed, without joining any."""
        found: list[Block] = []
        inside: list[tuple[int, str]] | None = None
        for number, line in self.numbered(lines):
            if line.strip().startswith("```"):
                if inside:
                    found.append(_block(inside))
                inside = [] if inside is None else None
            elif inside is not None:
                inside.append((number, line))
        if inside and not self.text((lines[1] + 1, len(self))).strip("`\n"):
            found.append(_block(inside))
        return found

    def blocks(self, lines: Lines) -> list[Block]:
        """The code blocks, with those joined that a page break cut."""
        chains: list[list[Block]] = []
        for block in self.fences(lines):
            if chains and not block.script and self._goes_on(chains[-1], block):
                chains[-1].append(block)
            else:
                chains.append([block])
        return [_joined(chain) for chain in chains]

    def _goes_on(self, chain: list[Block], block: Block) -> bool:
        gap = self.text((chain[-1].lines[1] + 1, block.lines[0] - 1)).replace("```", "")
        if gap.strip() or chain[-1].script:
            return False
        if _CONTINUES.match(block.text + "\n"):
            return True
        if _depth(block.text).unmatched and not _REQUEST.match(block.text) and _ENDS.search(chain[-1].text):
            return True
        return _opened(chain).open > 0 and not _REQUEST.match(block.text)

    def samples(self, lines: Lines) -> list[Sample]:
        """The JSON values in the code blocks of these lines, in order; unreadable ones have a `problem`."""
        if lines not in self._samples:
            self._samples[lines] = [
                sample
                for block in self.blocks(lines)
                if not block.script
                for sample in _values(block, self.label(block.lines[0]))
            ]
        return self._samples[lines]

    def label(self, line: int) -> str:
        """The last line of prose in front of a block."""
        for number in range(line - 1, max(line - 12, 0), -1):
            text = self.line(number).strip()
            if text and not text.startswith("```"):
                return text
        return ""

    def rows(self, lines: Lines) -> list[Row]:
        """The rows of all tables; a table starts with a header line and ends with an empty line."""
        found: list[Row] = []
        header: tuple[str, ...] | None = None
        for number, line in self.numbered(lines):
            if "\t" not in line:
                header = None
                continue
            cells = tuple(plain(cell) for cell in line.split("\t"))
            if header is None:
                header = cells
            else:
                found.append(Row(number, header, cells))
        return found


def _block(inside: list[tuple[int, str]]) -> Block:
    text = "\n".join(line for _, line in inside)
    if text.count("\n") and not _SCRIPT.search(text):
        mended = _STRAY_QUOTE.sub(r"\1", text)
        if mended != text:
            return Block(tuple(number for number, _ in inside), mended, frozenset({"stray-quote"}))
    return Block(tuple(number for number, _ in inside), text)


def _join(chain: list[Block]) -> Block:
    """One block of several; brackets printed too early at the end of a page are taken back."""
    joined = chain[-1]
    for index in range(len(chain) - 2, -1, -1):
        block = chain[index]
        numbers, text = block.numbers, block.text
        rules = block.rules | joined.rules | {"page-break"}
        opened = _opened(chain[: index + 1])
        tail = _is_tail(joined)
        surplus = _depth(joined.text, tail).unmatched - opened.open
        if not opened.quoted and surplus > 0 and _CONTINUES.match(joined.text + "\n"):
            lines = text.split("\n")
            while surplus and lines and re.fullmatch(r"\s*[}\]]\s*,?\s*", lines[-1] or "}"):
                surplus -= bool(lines[-1].strip())
                lines.pop()
            if tail and lines:
                lines[-1] = lines[-1].rstrip().removesuffix('"')
            numbers, text = numbers[: len(lines)], "\n".join(lines)
            rules |= {"closers-at-break"}
        joined = Block(numbers + joined.numbers, text + "\n" + joined.text, rules)
    return joined


# How many lines with brackets at the end of one page are tried as printed too early.
_TRIED = 5


def _joined(chain: list[Block]) -> Block:
    """One block of several: of the ways to take back brackets at the ends of pages the one with fewest repairs."""
    usual = _join(chain)
    if len(chain) == 1 or not _damage(usual, chain):
        return usual
    found = [usual]
    for taken in product(range(_TRIED + 1), repeat=min(len(chain) - 1, 3)):
        cut = [_without_closers(block, count) for block, count in zip(chain, (*taken, *[0] * len(chain)), strict=False)]
        if all(cut):
            blocks = [block for block in cut if block]
            rules = {rule for block in blocks for rule in block.rules} | {"page-break", "closers-at-break"}
            numbers = tuple(number for block in blocks for number in block.numbers)
            found.append(Block(numbers, "\n".join(block.text for block in blocks), frozenset(rules)))
    return min(found, key=lambda block: _damage(block, chain))


def _without_closers(block: Block, count: int) -> Block | None:
    """The block without its last brackets: lines of them, then the second of a pair; None when it has fewer."""
    lines = block.text.split("\n")
    while count and lines and _CLOSER.fullmatch(lines[-1] or "}"):
        count -= bool(lines[-1].strip())
        lines.pop()
    if count and lines and lines[-1].endswith(("[]", "{}")):
        count -= 1
        lines[-1] = lines[-1][:-1]
    return Block(block.numbers[: len(lines)], "\n".join(lines), block.rules) if lines and not count else None


def _damage(block: Block, chain: list[Block]) -> int:
    """How far a block is from one sound value: unreadable ones count most, then values too many, then repairs of the
    structure, to which brackets that are left over belong and those at the end of a page with a comma in front."""
    samples = list(_values(block, ""))
    unreadable = sum(sample.problem is not None for sample in samples)
    left = sum(
        bool(_CLOSER.fullmatch(line)) and not any(first <= number <= last for first, last in (s.lines for s in samples))
        for number, line in zip(block.numbers, block.text.split("\n"), strict=True)
    )
    lines = block.text.split("\n")
    starts = {part.numbers[0] for part in chain[1:]}
    cut = sum(
        bool(_EARLY.search("\n".join(lines[:index]))) for index, number in enumerate(block.numbers) if number in starts
    )
    several = max(0, len(samples) - 1)
    return 10_000 * unreadable + 100 * several + left + 2 * cut + sum(sample.structural for sample in samples)


def _is_tail(block: Block) -> bool:
    """Whether the block starts inside a string that the page before it began."""
    return bool(_TAIL.match(block.text + "\n"))


@dataclass(frozen=True)
class Depth:
    """Brackets at the end of a text: those still open, closing ones that closed nothing, and an open string."""

    open: int
    unmatched: int
    quoted: bool


def _opened(chain: list[Block]) -> Depth:
    """What is open at the end of several blocks."""
    total = Depth(0, 0, False)
    for block in chain:
        depth = _depth(block.text, _is_tail(block))
        total = Depth(max(0, total.open - depth.unmatched) + depth.open, 0, depth.quoted)
    return total


def _depth(text: str, inside: bool = False) -> Depth:
    """Counts the brackets outside of strings; `inside`: the text starts in a string."""
    quote = '"' if '"' in text or inside else "'"
    depth, unmatched, quoted, escaped = 0, 0, inside, False
    for char in text:
        if escaped:
            escaped = False
        elif quoted:
            escaped = char == "\\"
            quoted = char != quote
        elif char == quote:
            quoted = True
        elif char in "{[":
            depth += 1
        elif char in "}]":
            unmatched += depth == 0
            depth = max(0, depth - 1)
    return Depth(depth, unmatched, quoted)


def _values(block: Block, label: str) -> Iterator[Sample]:
    """The JSON values of one block with the request and status lines above each."""
    text, offset = block.text, 0
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    method = url = None
    http: int | None = None
    rules = set(block.rules)

    def number(position: int) -> int:
        index = sum(1 for start in starts[1:] if start <= position)
        return block.numbers[min(index, len(block.numbers) - 1)]

    while offset < len(text):
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end
        line = text[offset:end]
        request, status = _REQUEST.match(line), _STATUS.match(line)
        opening = re.search(r"[\[{]", line)
        if request:
            method, url, http = request.group(1), request.group(2), None
        elif status and not opening:
            http = int(status.group(1))
        elif line.strip().rstrip(":").lower() in ("response", "http response"):
            label, method, url = "Response", None, None
        starts_value = re.match(r"\s*[\[{]", line) and not _INI.match(line)
        starts_value = starts_value or bool(request and line.rstrip().endswith("{"))
        orphan = _FRAGMENT.match(line)
        if orphan:
            text = text[:offset] + "{" + text[offset:]
            starts = [start + (start > offset) for start in starts]
        elif not starts_value or not opening:
            offset = end + 1
            continue
        at = offset if orphan else offset + (opening.start() if opening else 0)
        used = rules | ({"fragment"} if orphan else set())
        try:
            parsed = parse(text, at)
        except UnreadableError as error:
            last = number(len(text) - 1)
            yield Sample((number(at), last), None, frozenset(used), method, url, http, label, str(error))
            return
        lines = (number(at), number(parsed.end - 1))
        yield Sample(
            lines,
            parsed.value,
            frozenset(used | parsed.rules),
            method,
            url,
            http,
            label,
            structural=parsed.structural + ("fragment" in used),
        )
        stop = text.find("\n", parsed.end)
        offset = len(text) if stop < 0 else stop + 1
        method = url = http = None
        label = "after " + label


def path_of(url: str) -> str:
    """The path of a printed URL below /api/v2, without query; parts in braces or brackets become {}."""
    path = re.sub(r"^https?://[^/]+", "", url.strip()).lstrip(".")
    path = re.sub(r"^/?(?:api/v2)?/?", "/", path).partition("?")[0].rstrip("/{")
    return re.sub(r"\{[^}]*\}|<[^>]*>", "{}", path) or "/"


def same_path(template: str, path: str) -> bool:
    """Whether a path is of the shape of a template such as /me/calls/{id}."""
    wanted, given = template.strip("/").split("/"), path.strip("/").split("/")
    return len(wanted) == len(given) and all(
        part.startswith("{") or part == other for part, other in zip(wanted, given, strict=True)
    )


def required_reference() -> Reference:
    """The document; skips the calling test without it, and fails it where CI promises that it is there."""
    if reference_file() is None:
        reason = f"the reference document {FILE_NAME} is not beside this checkout (GWS_REFERENCE_DIR names its folder)"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return reference()


@cache
def reference() -> Reference:
    """The document. Raises FileNotFoundError when it is not beside this checkout."""
    file = reference_file()
    if file is None:
        raise FileNotFoundError(FILE_NAME)
    return Reference(file.read_text(encoding="utf-8"))
