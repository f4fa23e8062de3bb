"""The ledger survives what a run does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from conformance.driver.ledger import Entry, Ledger, LedgerError, read_ledger, read_ledgers

SESSION = Entry("session", "agent", "agent", "POST /me EndContactCenterSession")
CALL = Entry("call", "agent", "C1")
CONTACT = Entry("contact", "agent", "K1", "DELETE /contacts/K1")


def test_the_newest_comes_first() -> None:
    """Undoing goes backwards; what is undone is gone; a second note of the same thing is none."""
    ledger = Ledger(None)
    for entry in (SESSION, CALL, CONTACT, CALL):
        ledger.add(entry)
    assert ledger.open_entries() == [CONTACT, CALL, SESSION]
    assert ledger.open_entries("session", "call") == [CALL, SESSION]
    ledger.done("call", "agent", "C1")
    ledger.done("call", "agent", "never made")
    assert ledger.open_entries() == [CONTACT, SESSION]


def test_reopened_after_a_kill(tmp_path: Path) -> None:
    """Every note is on disk at once: a second process reads the same and goes on in the same file."""
    path = tmp_path / "ledger.ndjson"
    ledger = Ledger(path)
    for entry in (SESSION, CALL, CONTACT):
        ledger.add(entry)
    ledger.done("contact", "agent", "K1")
    again = read_ledger(path)
    assert again.open_entries() == [CALL, SESSION]
    again.done("call", "agent", "C1")
    assert read_ledger(path).open_entries() == [SESSION]
    assert len(path.read_text("utf-8").splitlines()) == 5


def test_a_cut_last_line_is_passed_over(tmp_path: Path) -> None:
    """A process that was killed while it wrote leaves half a line."""
    path = tmp_path / "ledger.ndjson"
    ledger = Ledger(path)
    ledger.add(SESSION)
    ledger.add(CALL)
    text = path.read_text("utf-8")
    for cut in range(len(text) - 30, len(text) - 2):
        path.write_text(text[:cut], "utf-8")
        assert read_ledger(path).open_entries() == [SESSION]


def test_a_broken_ledger_is_told(tmp_path: Path) -> None:
    """A line in the middle that is none, and a file that is not there, are told with their place."""
    path = tmp_path / "ledger.ndjson"
    path.write_text('{"what": "made"}\n{"what": "made"}\n', "utf-8")
    with pytest.raises(LedgerError, match=r"ledger\.ndjson:1: not a line of a ledger; restore"):
        read_ledger(path)
    with pytest.raises(LedgerError, match=r"cannot be read .*give the folder of a run"):
        read_ledger(tmp_path / "none.ndjson")


def test_the_deployment_is_named_first(tmp_path: Path) -> None:
    """Before the first entry, and once; without entries the file is empty."""
    path = tmp_path / "ledger.ndjson"
    ledger = Ledger(path)
    ledger.deployment = "https://gws.example.com"
    assert path.read_text("utf-8") == ""
    for entry in (SESSION, CALL):
        ledger.add(entry)
    first, *rest = path.read_text("utf-8").splitlines()
    assert json.loads(first) == {"what": "deployment", "baseUrl": "https://gws.example.com"}
    assert len(rest) == 2
    again = read_ledger(path)
    assert (again.deployment, again.open_entries()) == ("https://gws.example.com", [CALL, SESSION])
    again.done("call", "agent", "C1")
    assert path.read_text("utf-8").count("deployment") == 1


def test_a_ledger_of_an_earlier_release_names_no_deployment(tmp_path: Path) -> None:
    path = tmp_path / "ledger.ndjson"
    Ledger(path).add(SESSION)
    old = read_ledger(path)
    assert old.deployment is None
    old.deployment = "https://gws.example.com"
    old.done("session", "agent", "agent")
    assert "deployment" not in path.read_text("utf-8")  # nobody knows whether it was that one


def test_a_folder_has_a_ledger_for_each_process(tmp_path: Path) -> None:
    for name, entry in (("ledger.ndjson", SESSION), ("ledger-2.ndjson", CALL)):
        Ledger(tmp_path / name).add(entry)
    found = [entry for ledger in read_ledgers(tmp_path) for entry in ledger.open_entries()]
    assert sorted(entry.kind for entry in found) == ["call", "session"]
    assert [entry.kind for ledger in read_ledgers(tmp_path / "ledger-2.ndjson") for entry in ledger.open_entries()] == [
        "call"
    ]
    with pytest.raises(LedgerError, match=r"give the folder of a run"):
        read_ledgers(tmp_path / "elsewhere")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """Where nothing can be written, the remedy is named, and at once."""
    path = tmp_path / "folder" / "ledger.ndjson"
    with pytest.raises(LedgerError, match=r"cannot be written .*free space"):
        Ledger(path)
    path.parent.mkdir()
    ledger = Ledger(path)
    assert path.read_text() == ""
    shutil.rmtree(path.parent)
    with pytest.raises(LedgerError, match=r"cannot be written .*free space"):
        ledger.add(CALL)
