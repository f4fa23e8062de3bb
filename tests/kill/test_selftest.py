"""The parts of the self-test: scenarios, its files, what counts as a kill, the order of the hunt, the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.judge import Finding
from conformance.judge.findings import Verdict
from conformance.selftest.__main__ import gist, learn
from conformance.selftest.bench import Bench, BenchError
from conformance.selftest.charges import Docket, SelectionError, area_of, family, sentence_of
from conformance.selftest.expectations import Expectation, expectation_of, load_expectations
from conformance.selftest.hunt import Hunted, candidates, likely_first, words
from conformance.selftest.matrix import Entry, Matrix, MatrixError, dump_matrix, load_matrix
from conformance.selftest.playables import playables
from conformance.selftest.trial import Charge, Complaint, Court, Status, Trial, note_of, status_of

ENTRY = Entry("voice.hold-leaves-established", "voice.Hold[positive]", "state.after", "voice.Hold", "not Held")
EXPECTED = Expectation(("voice.Hold",), ("Held",))


def finding(
    check: str = "state.after",
    message: str = "call is not Held",
    verdict: Verdict = "failed",
    operation: str = "voice.Hold",
    expected: str = "",
    seen: str = "",
) -> Finding:
    """A finding of voice.Hold[positive]."""
    return Finding(
        id=f"voice.Hold[positive]/{check}",
        scenario="voice.Hold[positive]",
        area="voice",
        operation=operation,
        check=check,
        verdict=verdict,
        level="must",
        message=message,
        expected=expected,
        seen=seen,
    )


def test_scenarios_are_collected() -> None:
    """Every area's scenarios are there, with what they are played with; none that pytest would skip."""
    found = playables()
    assert {item.area for item in found.values()} >= {"basics", "chat", "contacts", "voice"}
    item = found["voice.Hold[positive]"]
    assert item.area == "voice"
    assert set(item.arguments) == {"operation", "example"}
    assert item.title


# -- what counts as a kill -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        (finding(), ""),
        (finding(message="call is wrong", expected="Held"), ""),
        (finding(message="call is wrong", seen="state held"), ""),
        (finding(operation="voice.Retrieve"), "the operation voice.Hold"),
        (finding(operation="", message="after Hold the call is not Held"), ""),
        (finding(operation="", message="after withHold the call is not Held"), "the operation voice.Hold"),
        (finding(message="call is not Established"), "'Held'"),
        (finding(message="withheld: upHeld"), "'Held'"),
    ],
)
def test_a_kill_names_operation_and_thing(found: Finding, lacks: str) -> None:
    """Both are needed; a name counts where a word begins with it, in upper or lower case."""
    assert EXPECTED.lacks(found) == lacks


def test_alternatives() -> None:
    """One of several is enough; every name is needed."""
    wanted = Expectation((), ("uri|path", "contact"))
    assert wanted.lacks(finding(message="the path of the contact")) == ""
    assert wanted.lacks(finding(message="the path")) == "'contact'"
    assert wanted.lacks(finding(message="the contact")) == "'uri|path'"


@pytest.mark.parametrize(
    ("fault", "operations", "names"),
    [
        ("generic.drop-member:call.state@CallStateChangeMessage", (), ("state",)),
        ("generic.wrong-type-member:statusCode@Hold", ("voice.Hold",), ("statusCode",)),
        ("generic.http-status:500@Hold", ("voice.Hold",), ("HTTP 500|HTTP status 500",)),
        ("generic.reply-html:Hold", ("voice.Hold",), ("JSON|text/html",)),
        ("generic.capability-missing:Retrieve", (), ("Retrieve",)),
        ("generic.notification-missing:MessageLogUpdated", (), ("no MessageLogUpdated|no notification",)),
    ],
)
def test_generic_faults_say_what_is_expected(fault: str, operations: tuple[str, ...], names: tuple[str, ...]) -> None:
    """Their arguments name member, operation or message."""
    derived = expectation_of(fault, {}, ["voice.Hold", "voice.Answer"])
    assert derived == Expectation(operations, names)
    assert expectation_of(fault, {fault: EXPECTED}, []) == EXPECTED
    assert expectation_of("voice.new-fault", {}, []) is None


def charge(**more: object) -> Charge:
    """A charge for the fault of ENTRY."""
    return Charge(ENTRY.fault, "Hold leaves the call Established.", "voice", EXPECTED, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("complaints", "argument", "status"),
    [
        ((Complaint(finding()), Complaint(finding(), "'x'")), "", "killed"),
        ((Complaint(finding(), "'x'"),), "", "wrong reason"),
        ((Complaint(finding(), "'x'"),), "allowed", "wrong reason"),
        ((Complaint(finding()),), "allowed", "killed"),
        ((), "allowed", "equivalent"),
        ((), "", "survived"),
    ],
)
def test_status(complaints: Sequence[Complaint], argument: str, status: Status) -> None:
    """What is said of a fault; an argument excuses silence alone."""
    tried = charge(argument=argument)
    trial = Trial(ENTRY.fault, tuple(complaints), ("voice.Hold[positive]",))
    assert status_of(tried, trial) == status
    assert bool(note_of(tried, trial)) == (status != "killed")
    assert status_of(tried, None) == "not played"


def test_notes_say_why() -> None:
    """A survivor's note tells whether anything was judged at all."""
    assert note_of(charge(), Trial("f", played=("a", "b"))) == "2 scenarios saw nothing"
    assert "the door is closed" in note_of(charge(), Trial("f", stopped="the door is closed"))
    assert note_of(charge(), Trial("f", disturbed={"a": "untestable: x"})) == "a: untestable: x"


def test_a_trial_ends_with_the_first_right_kill() -> None:
    """Scenarios behind it are played only where they must be, or where all are asked for."""
    known = playables()
    first, second = known["voice.Hold[positive]"], known["voice.ListCalls[positive]"]
    with Bench(patience=0.3) as bench:
        tried = charge(scenarios=(first, second))
        assert Court(bench).try_fault(tried).played == (first.id,)
        assert Court(bench, every=True).try_fault(tried).played == (first.id, second.id)
        always = charge(scenarios=(first, second), always=frozenset({second.id}))
        trial = Court(bench).try_fault(always)
        assert trial.played == (first.id, second.id)
        assert trial.right
        assert trial.seconds > 0


def test_a_fault_that_nobody_expects_to_see_is_looked_for_elsewhere() -> None:
    """Where the matrix's scenarios see nothing others are played; not for one that is thought equivalent."""
    known = playables()
    seen = known["voice.Hold[positive]"]
    with Bench(patience=0.3) as bench:
        court = Court(bench, elsewhere=lambda _: [seen])
        assert [item.finding.scenario for item in court.try_fault(charge()).right][:1] == [seen.id]
        assert court.try_fault(charge(argument="allowed")).played == ()
        assert Court(bench, search=0, elsewhere=lambda _: [seen]).try_fault(charge()).played == ()


# -- the files -------------------------------------------------------------------------------------------------------


def test_a_matrix_reads_as_it_was_written(tmp_path: Path) -> None:
    """The file holds what was put into it; the kills of a fault keep their order."""
    entries = (
        Entry("generic.notification-late:X", "voice.Ready[positive]", "latency.deadline", "", "took", 4.0),
        ENTRY,
        Entry(ENTRY.fault, "call:Held", "get.agrees", "voice.Hold", "x"),
    )
    path = tmp_path / "matrix.yaml"
    path.write_text(dump_matrix(entries, {"voice.x": "nobody can see it"}), "utf-8")
    matrix = load_matrix(path)
    assert set(matrix.entries) == set(entries)
    assert matrix.of(ENTRY.fault) == entries[1:]
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- 1", "no mapping"),
        ("a: {}", "a needs 'names'"),
        ("a: {names: x, more: y}", "a needs 'names'"),
        ("a: {names: [5]}", "names of a"),
        ("a: {names: x, operations: 5}", "operations of a"),
        ("a: [", "cannot be read"),
    ],
)
def test_broken_expectations_are_told(tmp_path: Path, text: str, said: str) -> None:
    """The error names file and fault."""
    path = tmp_path / "expectations.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(MatrixError, match=r"expectations\.yaml") as caught:
        load_expectations(path)
    assert said in str(caught.value)


def test_the_matrix_of_the_product_is_sound() -> None:
    """Each fault is there once for a check."""
    matrix = load_matrix()
    pairs = [(entry.fault, entry.check) for entry in matrix.entries]
    assert len(set(pairs)) == len(pairs)


# -- selecting -------------------------------------------------------------------------------------------------------


def test_faults_are_selected() -> None:
    """By area, by name, with their arguments; what does not exist is told."""
    docket = Docket.read()
    every = docket.select()
    assert len(every) == len({item.fault for item in every}) > 300
    assert {item.area for item in every} == {"basics", "voice", "chat", "contacts"}
    voice = docket.select(["voice"])
    assert {item.area for item in voice} == {"voice"}
    assert any(item.fault.startswith("generic.") for item in voice)
    assert [item.fault for item in docket.select(faults=["generic.mute-notifications"])] == [
        "generic.mute-notifications"
    ]
    with pytest.raises(SelectionError, match=r"unknown area nowhere.*basics"):
        docket.select(["nowhere"])
    with pytest.raises(SelectionError, match=r"unknown fault 'voice\.no-such'.*--list-faults"):
        docket.select(faults=["voice.no-such"])


@pytest.mark.parametrize(
    ("fault", "said"), [("a.b:x", "takes no argument"), ("a.c", "needs an argument"), ("a.e", "unknown fault")]
)
def test_wrong_arguments_of_faults(fault: str, said: str) -> None:
    """As on the server's own command line."""
    with pytest.raises(SelectionError, match=said):
        sentence_of(fault, {"a.b": "B", "a.c:N": "C", "a.d[:N]": "D"})


def test_where_faults_belong() -> None:
    """CometD counts for the basics; a generic fault where it is seen."""
    assert area_of("bayeux.no-version") == "basics"
    assert area_of("chat.leave-completes") == "chat"
    assert area_of("generic.reply-html:GET", [playables()["contacts.Create[positive]"]]) == "contacts"
    assert (family("generic.mute-notifications"), family("voice.x")) == ("generic", "behavioural")
    assert sentence_of("a.d:5", {"a.d[:N]": "D"}) == sentence_of("a.d", {"a.d[:N]": "D"}) == "D"


# -- the hunt --------------------------------------------------------------------------------------------------------


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
