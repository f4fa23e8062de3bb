"""The kill matrix as it is expected: which scenario sees a fault, which check says so, and what it names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.judge import Finding

FILE = Path(__file__).with_name("matrix.yaml")
MEMBERS = ("fault", "scenario", "check", "operation", "says")
OPTIONAL = "patience"


class MatrixError(Exception):
    """The matrix file cannot be used; the text names file, entry and remedy."""


@dataclass(frozen=True)
class Entry:
    """One expected kill. `says` is a text that the finding's message, expectation or observation holds; `patience` the
    seconds that the driver must wait for a notification, where it takes more than usual."""

    fault: str
    scenario: str
    check: str
    operation: str
    says: str
    patience: float | None = None

    def matches(self, finding: Finding) -> bool:
        """Whether a finding is the expected complaint, for the stated reason."""
        text = " ".join((finding.message, finding.expected, finding.seen)).casefold()
        return (
            finding.scenario == self.scenario
            and finding.check == self.check
            and finding.verdict in {"failed", "warning"}
            and finding.operation == self.operation
            and self.says.casefold() in text
        )


@dataclass(frozen=True)
class Matrix:
    """The expected kills, and the faults that nothing can see, each with the argument why."""

    entries: tuple[Entry, ...]
    equivalent: Mapping[str, str]

    def of(self, fault: str) -> tuple[Entry, ...]:
        """The expected kills of a fault."""
        return tuple(item for item in self.entries if item.fault == fault)

    def killed_by(self, check: str) -> tuple[Entry, ...]:
        """The expected kills of a check."""
        return tuple(item for item in self.entries if item.check == check)


def load_matrix(path: Path = FILE) -> Matrix:
    """The matrix of a file.

    Raises:
        MatrixError: it is not one.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise MatrixError(f"{path}: cannot be read ({error}); restore the file") from None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("kills"), list):
        raise MatrixError(f"{path}: has no list 'kills'; restore the file")
    entries = tuple(_entry(item, number, path) for number, item in enumerate(raw["kills"], start=1))
    return Matrix(entries, dict(raw.get("equivalent") or {}))


def _entry(item: Any, number: int, path: Path) -> Entry:
    texts: dict[str, Any] = {name: item.get(name) for name in MEMBERS} if isinstance(item, Mapping) else {}
    patience = item.get(OPTIONAL) if isinstance(item, Mapping) else None
    if not texts or set(item) - {*MEMBERS, OPTIONAL} or not all(isinstance(value, str) for value in texts.values()):
        raise MatrixError(f"{path}: entry {number} of 'kills' needs the texts {', '.join(MEMBERS)} and nothing else")
    return Entry(**texts, patience=float(patience) if patience is not None else None)


def dump_matrix(entries: Iterable[Entry], equivalent: Mapping[str, str]) -> str:
    """The text of a matrix file, sorted by fault; the kills of one fault keep their order, the fastest first."""
    listed = [
        {name: getattr(item, name) for name in MEMBERS} | ({OPTIONAL: item.patience} if item.patience else {})
        for item in sorted(entries, key=lambda one: one.fault)
    ]
    head = "# Which scenario sees which fault of the bundled server, and what the finding says.\n"
    content = {"kills": listed, "equivalent": dict(sorted(equivalent.items()))}
    return head + yaml.safe_dump(content, sort_keys=False, width=140, allow_unicode=True)
