"""The parts of the self-test: collecting scenarios, the matrix file, the order of the hunt, the server behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.judge import Finding
from conformance.selftest.__main__ import gist, learn
from conformance.selftest.bench import Bench, BenchError
from conformance.selftest.hunt import Hunted, candidates, likely_first, words
from conformance.selftest.matrix import Entry, Matrix, MatrixError, dump_matrix, load_matrix
from conformance.selftest.playables import playables

ENTRY = Entry("voice.hold-leaves-established", "voice.Hold[positive]", "state.after", "voice.Hold", "not Held")


def finding(check: str = "state.after", message: str = "call is not Held", verdict: str = "failed") -> Finding:
    """A finding of voice.Hold[positive]."""
    return Finding(
        id=f"voice.Hold[positive]/{check}",
        scenario="voice.Hold[positive]",
        area="voice",
        operation="voice.Hold",
        check=check,
        verdict=verdict,  # type: ignore[arg-type]
        level="must",
        message=message,
    )


def test_scenarios_are_collected() -> None:
    """Every area's scenarios are there, with what they are played with; none that pytest would skip."""
    found = playables()
    assert {item.area for item in found.values()} >= {"basics", "chat", "contacts", "voice"}
    item = found["voice.Hold[positive]"]
    assert item.area == "voice"
    assert set(item.arguments) == {"operation", "example"}
    assert item.title


def test_an_entry_matches_for_the_stated_reason() -> None:
    """Check, operation, scenario, and the words must fit, and the finding must be a complaint."""
    assert ENTRY.matches(finding())
    assert not ENTRY.matches(finding(verdict="passed"))
    assert not ENTRY.matches(finding(check="get.agrees"))
    assert not ENTRY.matches(finding(message="call is not Established"))


def test_a_matrix_reads_as_it_was_written(tmp_path: Path) -> None:
    """The file holds what was put into it."""
    entries = (
        ENTRY,
        Entry("generic.notification-late:X", "voice.Ready[positive]", "latency.deadline", "", "took", 4.0),
    )
    path = tmp_path / "matrix.yaml"
    path.write_text(dump_matrix(entries, {"voice.x": "nobody can see it"}), "utf-8")
    matrix = load_matrix(path)
    assert set(matrix.entries) == set(entries)
    assert matrix.of(ENTRY.fault) == (ENTRY,)
    assert matrix.killed_by("latency.deadline")[0].patience == 4.0
    assert matrix.equivalent == {"voice.x": "nobody can see it"}


@pytest.mark.parametrize(
    "text",
    ["kills: 5", "- 1", "kills: [{fault: a}]", "kills: [{fault: a, scenario: b, check: c, operation: d, says: 5}]"],
)
def test_a_broken_matrix_is_told(tmp_path: Path, text: str) -> None:
    """The error names the file and what it lacks."""
    path = tmp_path / "matrix.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(MatrixError, match=r"matrix\.yaml: .*kills"):
        load_matrix(path)


def test_the_matrix_of_the_product_is_sound() -> None:
    """The expected kills that ship name scenarios that exist, each fault once for a check."""
    matrix = load_matrix()
    assert {entry.scenario for entry in matrix.entries} <= set(playables())
    pairs = [(entry.fault, entry.check) for entry in matrix.entries]
    assert len(set(pairs)) == len(pairs)
    assert not set(matrix.equivalent) & {entry.fault for entry in matrix.entries}


def test_likely_scenarios_come_first() -> None:
    """A fault of Hold is looked for where Hold is performed; nothing is left out."""
    own = candidates("voice.hold-leaves-established", Matrix((), {}))
    order = likely_first("voice.hold-leaves-established", "Hold leaves the call Established and says so.", own)
    assert "Hold" in order[0].id
    assert sorted(item.id for item in order) == sorted(item.id for item in own)
    assert {item.area for item in own} == {"voice"}
    assert candidates("bayeux.no-version", Matrix((), {}))[0].area == "basics"
    assert {item.area for item in candidates("generic.drop-member:x", Matrix((), {}))} >= {"basics", "voice", "chat"}


def test_words() -> None:
    """Compound names are taken apart, endings fall off."""
    assert set(words("notification-missing CallStateChange")) >= {"notification", "miss", "call", "stat", "chang"}


def test_the_gist_has_no_ids() -> None:
    """What differs from run to run is not expected."""
    assert (
        gist("the contact 7d41e602-eece-428b-bf7b-118e820865d6 is not in the list (and 1 more)") == "is not in the list"
    )
    assert gist("after Hold 01SG7EBP03THVK2T7NCRAES0000004C6 differs") == "after Hold"


def test_learning_keeps_what_was_known() -> None:
    """A hunted fault gets its most telling complaint; checks without an entry get one; the rest stays."""
    other = Entry("voice.other", "voice.Dial[userData]", "notification.values", "voice.Dial", "x")
    hunted = Hunted(ENTRY.fault, "", (finding(), finding("get.agrees"), finding("notification.values")))
    learned = learn([hunted, Hunted("voice.survivor", "")], Matrix((other,), {}))
    assert [(item.fault, item.check) for item in learned] == [
        ("voice.other", "notification.values"),
        (ENTRY.fault, "state.after"),
        (ENTRY.fault, "get.agrees"),
    ]


def test_an_unknown_fault_is_told() -> None:
    """The server's own words are passed on; a server that was killed is replaced by another."""
    with Bench() as bench:
        with pytest.raises(BenchError, match=r"unknown fault 'no\.such'"), bench.faulty("no.such"):
            pass
        bench.server.kill()
        with bench.faulty() as session:
            assert session.stage.features
