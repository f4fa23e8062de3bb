"""What a run created or started, on disk, so that it can be undone even after a kill -9."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path


class LedgerError(Exception):
    """The ledger cannot be read or written; the text names the file and the remedy."""


DEPLOYMENT = "deployment"
"""What the first line of a ledger says: where the things are that it lists."""


@dataclass(frozen=True)
class Entry:
    """Something to undo: its kind (`session`, `call`, `chat`, `contact`, `setting` ...), who made it, and its id."""

    kind: str
    actor: str
    id: str
    undo: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.id} of {self.actor}"


class Ledger:
    """Appends one NDJSON line when something is made and one when it is undone; `open_entries` are what is left. The
    file is there from the beginning: one that is empty says that nothing was made. Before the first entry comes a line
    that names the deployment.

    deployment: the base URL of the deployment where the things are; None where nobody has said, as in ledgers of
    releases that did not.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.deployment: str | None = None
        self._begun = False
        self._entries: dict[tuple[str, str, str], Entry] = {}
        self._lock = threading.Lock()
        self._append("")

    def add(self, entry: Entry) -> bool:
        """Notes something that will have to be undone; False where it is noted already."""
        key = (entry.kind, entry.actor, entry.id)
        with self._lock:
            if key in self._entries:
                return False
            self._entries[key] = entry
            self._write("made", entry)
            return True

    def holds(self, kind: str, actor: str, identifier: str) -> bool:
        """Whether something is noted and not undone yet."""
        with self._lock:
            return (kind, actor, identifier) in self._entries

    def done(self, kind: str, actor: str, identifier: str) -> None:
        """Notes that it is undone."""
        with self._lock:
            entry = self._entries.pop((kind, actor, identifier), None)
            if entry is not None:
                self._write("undone", entry)

    def open_entries(self, *kinds: str) -> list[Entry]:
        """What is still to be undone, the newest first."""
        with self._lock:
            return [item for item in reversed(self._entries.values()) if not kinds or item.kind in kinds]

    def _write(self, what: str, entry: Entry) -> None:
        written = {"what": what, "kind": entry.kind, "actor": entry.actor, "id": entry.id, "undo": entry.undo}
        lines = [json.dumps(written)]
        if not self._begun and self.deployment is not None:
            lines.insert(0, json.dumps({"what": DEPLOYMENT, "baseUrl": self.deployment}))
        self._begun = True
        self._append("".join(f"{line}\n" for line in lines))

    def _append(self, text: str) -> None:
        if self.path is None:
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise LedgerError(f"{self.path}: cannot be written ({error.strerror}); free space there") from None


def read_ledger(path: Path) -> Ledger:
    """The ledger of an earlier run; it goes on in the same file. A last line that was cut is passed over.

    Raises:
        LedgerError: there is none, or it is not a ledger.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror}); give the folder of a run") from None
    ledger = Ledger(None)
    for number, line in enumerate(lines, start=1):
        try:
            raw = json.loads(line)
            if raw["what"] == DEPLOYMENT:
                ledger.deployment = str(raw["baseUrl"])
                continue
            entry = Entry(raw["kind"], raw["actor"], raw["id"], raw.get("undo", ""))
            made = raw["what"] == "made"
        except (ValueError, KeyError, TypeError):
            if number == len(lines):
                break
            raise LedgerError(f"{path}:{number}: not a line of a ledger; restore the file") from None
        if made:
            ledger.add(entry)
        else:
            ledger.done(entry.kind, entry.actor, entry.id)
    ledger.path = path
    ledger._begun = bool(lines)
    return ledger


def read_ledgers(place: Path) -> list[Ledger]:
    """The ledgers of a run's folder, one for each of its processes (`ledger.ndjson`, `ledger-2.ndjson` ...), or the one
    that a path names.

    Raises:
        LedgerError: there is none, or one is not a ledger.
    """
    if not place.is_dir():
        return [read_ledger(place)]
    return [read_ledger(path) for path in sorted(place.glob("ledger*.ndjson")) or [place / "ledger.ndjson"]]
