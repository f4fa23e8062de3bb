"""Pairs of timelines for each check: one in which it passes, and one, a little different, in which it complains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.judge.findings import Verdict
from tests.judge.build import Timeline

Make = Callable[[], Timeline]


@dataclass(frozen=True)
class Pair:
    """`sound` passes; `broken` gets `verdict` with a finding that says `says`, about `operation`, pointing to `at`."""

    check: str
    sound: Make
    broken: Make
    says: str
    operation: str = ""
    at: str = "reply"
    verdict: Verdict = "failed"
    name: str = ""

    def __str__(self) -> str:
        return f"{self.check}{f'-{self.name}' if self.name else ''}"
