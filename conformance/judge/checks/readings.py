"""The check that tells which readings of the ambiguities a scenario shows, and complains of those not allowed."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.judge.findings import Outcome, check
from conformance.judge.readings import followed
from conformance.judge.timeline import Scenario

EXCLUSIVE = (("contacts.permissions", "agents-read", "agents-write"),)
"""Readings of one ambiguity that no deployment follows together: it would refuse to somebody what it lets him do."""


@check("reading.allowed", "scenario", scope="scenario")
def reading_allowed(scenario: Scenario) -> Iterator[Outcome]:
    """Where the documents contradict themselves or are silent, the server follows a reading that they allow; the
    readings that it was seen to follow are recorded."""
    seen = followed(scenario)
    for ambiguity, one, other in EXCLUSIVE:
        if f"{ambiguity}/{one}" in seen and f"{ambiguity}/{other}" in seen:
            evidence = seen[f"{ambiguity}/{one}"] + seen[f"{ambiguity}/{other}"]
            text = f"{ambiguity}: both {one} and {other} are followed"
            yield Outcome(False, text, f"{one} or {other}", "both", level="should", evidence=evidence)
    for reading, evidence in seen.items():
        yield Outcome(True, "allowed readings", reading=reading, evidence=evidence)
