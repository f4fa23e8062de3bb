"""The kill matrix: its figures, its two files, the work that is shared out, and what is left of an interrupted run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conformance.judge import CHECKS
from conformance.selftest.expectations import Expectation
from conformance.selftest.killmatrix import SHOWN, KillMatrix, Row, Sound
from conformance.selftest.page import page, write
from conformance.selftest.proof import Proof
from conformance.selftest.telling import summary
from conformance.selftest.trial import Charge, Complaint, Trial
from conformance.selftest.workers import FaultTask, Manner, SoundPart, SoundTask, WorkerError, work_off
from tests.kill.test_selftest import finding

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas/formats/kill-matrix.json").read_text("utf-8"))
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"
RIGHT, WRONG = Complaint(finding()), Complaint(finding("get.agrees", HOSTILE, "warning"), "'Held'")


def row(fault: str, *complaints: Complaint, argument: str = "", played: bool = True, area: str = "voice") -> Row:
    """A fault and what was said of it."""
    charge = Charge(fault, f"{fault} deviates.", area, Expectation(("voice.Hold",), ("Held",)), argument=argument)
    return Row(charge, Trial(fault, complaints, ("voice.Hold[positive]",), seconds=0.5) if played else None)


def matrix(*rows: Row, sound: Sound | None = None, **more: Any) -> KillMatrix:
    """A run of the self-test."""
    return KillMatrix(rows, sound or Sound(), "2026-01-31T12:00:00.000+00:00", 12.5, 2, ["selftest"], **more)


ALL = matrix(
    row("voice.killed", RIGHT, WRONG),
    row("voice.blurred", WRONG),
    row("voice.unseen"),
    row("voice.allowed", argument="the page allows it"),
    row("generic.reply-html:GET", played=False, area="basics"),
)


def violations(document: Any) -> list[str]:
    """What the schema says against a document."""
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_the_schema_is_one() -> None:
    """By the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "made",
    [
        matrix(),
        ALL,
        matrix(row("voice.killed", RIGHT), whole=True),
        matrix(row("voice.killed", *[WRONG] * 50), interrupted=True),
        matrix(row("voice.killed", RIGHT), problem="KeyError: 'x'"),
        matrix(sound=Sound(3, 2, [WRONG], {"a.b[c]": "untestable: x"}, 1.0)),
    ],
)
def test_the_document_fits_its_schema(made: KillMatrix) -> None:
    """Whatever became of the run."""
    document = json.loads(json.dumps(made.as_json()))
    assert violations(document) == []
    assert all(len(item["complaints"]) <= SHOWN for item in document["faults"])


def test_a_document_that_says_something_else_does_not_fit() -> None:
    """The schema is strict."""
    document = ALL.as_json()
    assert violations({**document, "more": 1})
    assert violations({**document, "exitCode": 5})
    assert violations({**document, "faults": [{**document["faults"][0], "status": "dead"}]})


def test_figures() -> None:
    """Counted over all, by area and by family."""
    document = ALL.as_json()
    assert document["counts"] == {
        "faults": 5,
        "killed": 1,
        "wrongReason": 1,
        "survived": 1,
        "equivalent": 1,
        "notPlayed": 1,
    }
    assert document["areas"]["voice"]["faults"] == 4
    assert document["families"]["generic"]["notPlayed"] == 1
    assert document["checks"]["state.after"] == ["voice.killed"]
    assert document["faults"][0]["killedBy"] == ["state.after"]
    assert document["faults"][1]["note"] == "the findings do not name 'Held'"
    assert document["faults"][3]["note"] == "the page allows it"
    assert summary(ALL).startswith(
        "5 faults: 1 killed, 1 equivalent, 1 seen for a wrong reason, 1 survived, 1 not played"
    )


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (matrix(row("a", RIGHT), row("b", argument="x")), 0),
        (matrix(row("a", RIGHT, WRONG)), 0),
        (matrix(row("a", WRONG)), 1),
        (matrix(row("a")), 1),
        (matrix(row("a", played=False)), 1),
        (matrix(row("a", RIGHT), sound=Sound(1, 1, [RIGHT])), 1),
        (matrix(row("a", RIGHT), sound=Sound(1, 1, [], {"s": "untestable: x"})), 1),
        (matrix(row("a", RIGHT), whole=True), 1),
        (matrix(row("a", RIGHT), problem="broke"), 4),
        (matrix(row("a", RIGHT), problem="no server", unreachable=True), 3),
        (matrix(row("a", RIGHT), interrupted=True), 130),
    ],
)
def test_exit_codes(made: KillMatrix, code: int) -> None:
    """Proven is only what was played, named rightly, with a sound server that nobody blames."""
    assert made.exit_code == code


def test_idle_checks() -> None:
    """Where all faults were played, every check must have seen one."""
    assert matrix(row("a", RIGHT)).idle == ()
    assert set(matrix(row("a", RIGHT), whole=True).idle) == set(CHECKS) - {"state.after"}


def test_the_files(tmp_path: Path) -> None:
    """Both are written; the page needs no network, and what a server said cannot act in it."""
    paths = write(ALL, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["kill-matrix.json", "kill-matrix.html"]
    assert violations(json.loads(paths[0].read_text("ascii"))) == []
    text = paths[1].read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert not re.search(r"(?:src|href)=[\"'](?!#)", text)
    assert "default-src 'none'" in text
    for name in ("voice.killed", "voice.blurred", "the page allows it", "1 of 5 faults killed"):
        assert name in text


def test_the_page_marks_what_named_the_fault() -> None:
    """A filled mark for the right reason, an empty one for another."""
    text = page(ALL)
    cells = re.search(r"<th scope=\"row\">voice\.killed</th>(.*?)</tr>", text)
    assert cells is not None
    assert "●" in cells[1]


# -- the work --------------------------------------------------------------------------------------------------------


def test_work_is_shared_out_and_comes_back() -> None:
    """Two workers play the sound server and two faults."""
    tasks: Sequence[FaultTask | SoundTask] = [
        SoundTask(("basics.GetVersion[positive]", "basics.GetMe[positive]")),
        FaultTask("basics.version-is-number"),
        FaultTask("bayeux.never-expires"),
    ]
    done = list(work_off(tasks, jobs=2, manner=Manner(search=0)))
    sound = [item for item in done if isinstance(item, SoundPart)]
    trials = {item.fault: item for item in done if isinstance(item, Trial)}
    assert [item.scenarios for item in sound] == [2]
    assert trials["basics.version-is-number"].right
    assert not trials["bayeux.never-expires"].complaints


def test_a_worker_that_breaks_is_told() -> None:
    """A fault that does not exist is a defect by then: the traceback comes back, and nothing hangs."""
    with pytest.raises(WorkerError, match=r"unknown fault 'no\.such'"):
        list(work_off([FaultTask("no.such")], jobs=1, manner=Manner()))


def test_what_was_played_before_an_interruption_is_kept() -> None:
    """The matrix of an interrupted run says which faults were not played."""
    proof = Proof(faults=["basics.version-is-number", "bayeux.never-expires"], jobs=1, repeat=0, search=0)
    proof.prepare()

    def stop(charge: Charge, trial: Trial) -> None:
        raise KeyboardInterrupt

    proof.tell = stop
    proof.play()
    made = proof.result()
    assert made.interrupted
    assert made.exit_code == 130
    assert made.count("not played") == 1
    assert violations(made.as_json()) == []


def test_the_sound_server_plays_what_the_faulty_ones_play() -> None:
    """As often as is asked for, in pieces."""
    proof = Proof(areas=["contacts"], repeat=2)
    proof.prepare()
    played = [name for task in proof.tasks if isinstance(task, SoundTask) for name in task.scenarios]
    assert sorted(played) == sorted(2 * proof.scenarios)
    assert len(proof.scenarios) > 10
    faults = [task.fault for task in proof.tasks if isinstance(task, FaultTask)]
    assert sorted(faults) == sorted(item.fault for item in proof.charges)
