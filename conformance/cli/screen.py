"""Lays out an explanation so that it fits one screen: what does not fit is shortened, and says so."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.text import Text

from conformance.cli.explaining import Explanation, Row

LINES = 60
"""How many lines one screen has."""
FACT = 4
"""How many of them one fact takes at most, where there are too many."""
INDENT = "  "
FEW = 4
"""How many rows a section keeps as long as another one, of what matters less, has more."""
MATTERS = ("", "Parameters", "Members", "Replies", "Notifications", "Readings", "States", "Accepted refusals")
NAMES = 0.5
"""The part of the width that names may take."""


@dataclass(frozen=True)
class Block:
    """A section. shown: how many of its rows. deep: how many lines a row may take, 0 for as many as it needs."""

    title: str
    rows: tuple[Row, ...]
    shown: int
    deep: int = 0

    def lines(self, width: int) -> list[Text]:
        """The section at that width."""
        out = [Text(self.title, "bold")] if self.title else []
        out += _grid(self.rows[: self.shown], width, self.deep)
        left = len(self.rows) - self.shown
        return [*out, Text(f"{INDENT}and {left} more", "dim")] if left else out


def screen(item: Explanation, width: int, height: int | None = LINES) -> list[Text]:
    """The lines of an explanation, at most `height` of them (None: everything).

    What is too long is first cut to a line a row; then sections lose rows, the longest first, those that matter most
    last.
    """
    head = Text(item.id, "bold").append(f"  {item.kind}", "cyan").append(f"  {item.title}")
    head.truncate(width, overflow="ellipsis")
    facts = tuple(row for row in item.facts if row[1])
    sections = [
        Block(one.title, rows, len(rows))
        for one in item.sections
        if (rows := tuple(row for row in one.rows if any(row)))
    ]
    blocks = [Block("", facts, len(facts)), *sections]
    shown = [head, *_joined(blocks, width)]
    if height is None or len(shown) <= height:
        return shown
    blocks = [
        replace(blocks[0], deep=FACT),
        *(replace(block, deep=1 if len(block.rows) > 1 else FACT) for block in blocks[1:]),
    ]
    note = Text("Shortened to one screen; --full or --json shows everything.", "dim")
    while len(shown := [head, *_joined(blocks, width), note]) > height:
        order = sorted(range(1, len(blocks)), key=lambda index: _spare(blocks[index]))
        longest = order[-1] if order else 0
        if not longest or blocks[longest].shown <= 1:
            break
        blocks[longest] = replace(blocks[longest], shown=blocks[longest].shown - 1)
    return [*shown[: height - 1], note]


def _spare(block: Block) -> tuple[bool, int]:
    return block.title not in MATTERS and block.shown > FEW, block.shown


def _joined(blocks: Sequence[Block], width: int) -> list[Text]:
    return [line for block in blocks for line in block.lines(width)]


def _grid(rows: Sequence[Row], width: int, deep: int) -> Iterator[Text]:
    """Names on the left, what is said of them on the right."""
    room = min(max((len(name) for name, _ in rows), default=0), int(width * NAMES))
    for name, text in rows:
        left = textwrap.wrap(name, room, break_on_hyphens=False) if name else []
        right = textwrap.wrap(text, max(width - room - 4, 20), break_on_hyphens=False) or [""]
        if deep and len(right) > deep:
            right = [
                *right[: deep - 1],
                textwrap.shorten(" ".join(right[deep - 1 :]), len(right[0]), placeholder=" ..."),
            ]
        for index in range(max(len(left), len(right))):
            first = left[index] if index < len(left) else ""
            second = right[index] if index < len(right) else ""
            yield Text(f"{INDENT}{first:{room}}", "dim").append(f"{INDENT}{second}".rstrip(), "not dim")
