"""Looks for a scenario that sees a fault: the likely ones first, all of the area's in the end."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache

from conformance.driver.outcomes import Unreachable
from conformance.judge import Finding
from conformance.selftest.bench import Bench, Played
from conformance.selftest.expectations import Expectation
from conformance.selftest.matrix import Matrix
from conformance.selftest.playables import Playable, playables

LESS = frozenset(
    {
        "a",
        "an",
        "the",
        "of",
        "to",
        "is",
        "are",
        "in",
        "on",
        "not",
        "no",
        "its",
        "it",
        "and",
        "or",
        "with",
        "for",
        "from",
    }
    | {"has", "at", "as", "by", "that", "gives"}
)
DIFFUSE = frozenset({"latency.deadline"})
"""Checks whose complaint says little of the reason: another one is preferred where there is one."""


@dataclass(frozen=True)
class Hunted:
    """What came of one fault. `kills` holds the complaints that were found, the most telling first; `seen` says how
    scenarios were disturbed without being judged; `stopped` why no scenario could be played."""

    fault: str
    sentence: str
    kills: tuple[Finding, ...] = ()
    seen: Mapping[str, str] = field(default_factory=dict)
    stopped: str = ""
    played: int = 0
    seconds: float = 0.0

    @property
    def killed(self) -> bool:
        """Whether a check complained."""
        return bool(self.kills)


def words(text: str) -> Counter[str]:
    """The words of a name or sentence, compound names taken apart, in lower case, without endings."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", text)
    return Counter(_stem(part.lower()) for part in parts if part.lower() not in LESS)


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


@cache
def _rarity() -> Mapping[str, float]:
    """How telling a word is: the fewer scenarios have it in their id, the more."""
    counts = Counter(word for item in playables().values() for word in words(item.id))
    return {word: 1.0 / count for word, count in counts.items()}


def likely_first(fault: str, sentence: str, scenarios: Iterable[Playable]) -> list[Playable]:
    """The scenarios, those first whose ids have words in common with the fault; the others spread out."""
    wanted = words(fault.partition(".")[2]) + words(sentence)
    rarity = _rarity()

    def score(item: Playable) -> float:
        return sum(math.sqrt(rarity.get(word, 0.0)) for word in words(item.id) if word in wanted)

    listed = list(scenarios)
    scores = [(score(item), number, item) for number, item in enumerate(listed)]
    scored = sorted(scores, key=lambda one: (-one[0], one[1]))
    likely = [item for value, _, item in scored if value > 0]
    rest = [item for value, _, item in scored if value == 0]
    stride = 17  # neighbours are alike: spread, the first few of the rest see more
    return likely + [item for start in range(stride) for item in rest[start::stride]]


def telling(fault: str, sentence: str, finding: Finding) -> float:
    """How well a complaint names the fault: words in common with it, failures before warnings."""
    wanted = words(fault.partition(".")[2]) + words(sentence)
    said = words(" ".join((finding.operation, finding.check, finding.message, finding.expected, finding.seen)))
    common = len(set(wanted) & set(said))
    return common + (0.5 if finding.verdict == "failed" else 0.0) - (2.0 if finding.check in DIFFUSE else 0.0)


@dataclass
class Hunter:
    """Plays scenarios on one bench. Only complaints count that come twice, that the sound server does not get, and that
    name what `expectations` ask for."""

    bench: Bench
    expectations: Callable[[str], Expectation | None] = lambda _: None
    patience: float = 120.0
    sound: dict[str, frozenset[str]] = field(default_factory=dict)

    def hunt(self, fault: str, sentence: str, scenarios: Iterable[Playable], *, kills: int = 1) -> Hunted:
        """Plays scenarios until that many of them complain, the likely ones first."""
        return self._play(fault, sentence, likely_first(fault, sentence, scenarios), kills)

    def _play(self, fault: str, sentence: str, scenarios: Sequence[Playable], kills: int) -> Hunted:
        """Plays until enough scenarios complain; once more, with the fault switched on late, where it kept everybody
        out."""
        hunted = self._round(fault, sentence, scenarios, kills, late=False)
        if hunted.killed or not (hunted.stopped or len(hunted.seen) > hunted.played / 2):
            return hunted
        late = self._round(fault, sentence, scenarios, kills, late=True)
        return replace(late, played=late.played + hunted.played, seconds=late.seconds + hunted.seconds)

    def _round(self, fault: str, sentence: str, scenarios: Sequence[Playable], kills: int, *, late: bool) -> Hunted:
        start = time.monotonic()
        seen: dict[str, str] = {}
        complaints: list[Finding] = []
        stopped, left, enough = "", list(scenarios), kills
        try:
            while left and enough > 0 and time.monotonic() - start < self.patience:
                found = self._until(fault, left, enough, seen, start + self.patience, late=late)
                for item in found:
                    fresh = self._confirmed(fault, item, late=late)
                    complaints += fresh
                    enough -= bool(fresh)
        except Unreachable as error:
            stopped = str(error)[:300]
        complaints.sort(key=lambda one: -telling(fault, sentence, one))
        played = len(scenarios) - len(left)
        return Hunted(fault, sentence, tuple(complaints), seen, stopped, played, time.monotonic() - start)

    def _confirmed(self, fault: str, item: Played, *, late: bool) -> list[Finding]:
        """The complaints that come again when the scenario is played alone, and that the sound server does not get."""
        expected = self.expectations(fault)
        right = [one for one in item.complaints if expected is None or not expected.lacks(one)]
        fresh = [one for one in right if one.id not in self._sound(item.scenario)] if right else []
        if not fresh:
            return []
        with closing(self.bench.play([fault], [playables()[item.scenario]], late=late)) as played:
            again = {one.id for other in played for one in other.complaints}
        return [one for one in fresh if one.id in again]

    def _until(
        self, fault: str, left: list[Playable], enough: int, seen: dict[str, str], end: float, *, late: bool
    ) -> list[Played]:
        """Plays from the front of `left` until that many scenarios complain, or none is left."""
        found: list[Played] = []
        with closing(self.bench.play([fault], list(left), late=late)) as played:
            for item in played:
                left.pop(0)
                expected = self.expectations(fault)
                if any(expected is None or not expected.lacks(one) for one in item.complaints):
                    found.append(item)
                elif item.verdict in {"untestable", "error"}:
                    seen[item.scenario] = f"{item.verdict}: {item.text[:300]}"
                if len(found) >= enough or time.monotonic() > end:
                    return found
        left.clear()  # the run has ended before its time: what is left cannot be played
        return found

    def _sound(self, scenario: str) -> frozenset[str]:
        """The ids of what the sound server is blamed for in a scenario; played once."""
        if scenario not in self.sound:
            with closing(self.bench.play([], [playables()[scenario]])) as played:
                self.sound[scenario] = frozenset(one.id for item in played for one in item.complaints)
        return self.sound[scenario]


HOME = {
    "basics": ("basics", "contacts", "voice", "chat"),
    "bayeux": ("basics", "voice"),
    "generic": ("voice", "contacts", "basics", "chat"),
}
"""Where faults are seen that are not those of one area alone, the likeliest area first."""


def candidates(fault: str, matrix: Matrix) -> list[Playable]:
    """The scenarios that may see a fault: those that the matrix names, then those of its area."""
    area = fault.partition(".")[0]
    named = {entry.scenario for entry in matrix.of(fault)}
    areas = HOME.get(area, (area,))
    listed = list(playables().values())
    own = [item for area in areas for item in listed if item.area == area and item.id not in named]
    return [item for item in listed if item.id in named] + own
