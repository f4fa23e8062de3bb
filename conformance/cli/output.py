"""How commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 240
"""Columns where the output is no terminal: nothing is folded that a program may read line by line."""


def console() -> Console:
    """A console for standard output that obeys NO_COLOR and COLUMNS and takes no text for markup."""
    narrow = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return Console(markup=False, emoji=False, highlight=False, width=None if narrow else WIDE)


def print_json(value: Any) -> None:
    """A value as indented JSON on standard output."""
    print(json.dumps(value, indent=2, ensure_ascii=sys.stdout.encoding.lower() != "utf-8"))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str | Text]], *, right: Sequence[str] = (), title: str | None = None
) -> Table:
    """A plain table; the columns named in `right` are numbers."""
    made = Table(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    for index, name in enumerate(columns):
        made.add_column(name, justify="right" if name in right else "left", overflow="fold", no_wrap=index == 0)
    for row in rows:
        made.add_row(*(item if isinstance(item, Text) else Text(item) for item in row))
    return made
