"""How fast the judge is: a recorded timeline is read and judged again, several times."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from conformance.contract import load_contract
from conformance.judge import judge_scenario
from conformance.judge.timeline import scenarios
from conformance.wire.timeline import read_timeline


@dataclass(frozen=True)
class Judged:
    """Sizes of a timeline, and the median of the seconds that reading and judging it took."""

    events: int
    scenarios: int
    findings: int
    read_seconds: float
    judge_seconds: float


def judging(timeline: Path, rounds: int = 3) -> Judged:
    """Reads and judges the timeline. The contract is loaded and its schemas are compiled before the first round."""
    contract = load_contract()
    events = list(read_timeline(timeline))
    for item in scenarios(events):
        judge_scenario(item, contract)
        break
    reads, judges, played, findings = [], [], 0, 0
    for _ in range(rounds):
        began = time.perf_counter()
        events = list(read_timeline(timeline))
        read = time.perf_counter()
        found = [judge_scenario(item, contract) for item in scenarios(events)]
        judges.append(time.perf_counter() - read)
        reads.append(read - began)
        played, findings = len(found), sum(len(item) for item in found)
    return Judged(len(events), played, findings, statistics.median(reads), statistics.median(judges))
