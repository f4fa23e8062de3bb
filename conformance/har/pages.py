"""The pages of a recording: the scenarios that its requests and notifications belong to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.har.entries import Entry, moment

ALONE = "capture"
OUTSIDE = "outside the pages"
LONG, LONGEST = 1000, 2000
"""Entries of a page from which on it is cut at the next pause, and in any case."""
PAUSE = 2.0
"""Seconds."""


@dataclass(frozen=True)
class Page:
    """A page: from its start until the next one's."""

    name: str
    title: str
    start: float


class Pages:
    """The pages that some entry belongs to, in the order of time. A recording without any is one scenario.

    One that is very long comes in parts, cut where nothing was asked for a while: checks of whole scenarios compare
    much with much.
    """

    def __init__(self, pages: Sequence[Page], entries: Sequence[Entry], label: str = "") -> None:
        """entries: in the order of time. label: tells what belongs to no page from that of other deployments."""
        known = {item.name: item for item in pages}
        name, title = (OUTSIDE, "what belongs to no page") if pages else (ALONE, "the recording")
        alone = Page(f"{name} {label}".strip(), f"{title} {label}".strip(), 0.0)
        grouped: dict[str, list[Entry]] = {}
        for entry in entries:
            page = known.get(entry.page or "", alone)
            grouped.setdefault(page.name, []).append(entry)
        self.outside = alone.name
        self._of: dict[int, str] = {}
        self._titles: dict[str, str] = {}
        begun: list[tuple[float, str]] = []
        for name, group in grouped.items():
            page = known.get(name, alone)
            for number, part in enumerate(_parts(group), start=1):
                shown = page.name if number == 1 else f"{page.name}, part {number}"
                self._titles[shown] = page.title if number == 1 else f"{page.title}, part {number}"
                self._of |= dict.fromkeys((entry.number for entry in part), shown)
                if page is not alone or not pages:
                    begun.append((page.start if number == 1 else part[0].start, shown))
        begun.sort()
        self._starts = [start for start, _ in begun]
        self._names = [name for _, name in begun]

    def of(self, entry: Entry) -> str:
        """The scenario of a request."""
        return self._of.get(entry.number, self.outside)

    def at(self, moment: float) -> str:
        """The scenario of a notification: the page that was begun last."""
        place = bisect_right(self._starts, moment)
        return self._names[place - 1] if place else self.outside

    def title(self, name: str) -> str:
        """What a scenario is called."""
        return self._titles.get(name, name)


def _parts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    part: list[Entry] = []
    for entry in entries:
        paused = len(part) >= LONG and entry.start - part[-1].start >= PAUSE
        if paused or len(part) >= LONGEST:
            yield part
            part = []
        part.append(entry)
    if part:
        yield part


def pages_of(listed: Iterable[Mapping[str, Any]], entries: Sequence[Entry], label: str = "") -> Pages:
    """The pages as a HAR lists them, as far as entries belong to them; see `Pages`."""
    used = {item.page for item in entries if item.page is not None}
    found: dict[str, Page] = {}
    for raw in listed:
        name, start = str(raw.get("id", "")), moment(raw.get("startedDateTime"), -1.0)
        if name in used and start >= 0 and name not in found:
            found[name] = Page(name, str(raw.get("title") or name)[:200], start)
    return Pages(list(found.values()), entries, label)
