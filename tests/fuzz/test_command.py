"""`gws-conformance fuzz` as users run it: exit codes, files, nothing secret and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.simulator.seed import password_of
from tests.cli.cli_support import call, finish, html_server, open_entries, start, until
from tests.fuzz.fuzz_support import read_fuzz, validate

SMALL = ("--area", "contacts", "--max-examples", "2")


def test_nothing_found_is_0_and_leaves_the_reports(tmp_path: Path) -> None:
    folder = tmp_path / "fuzz"
    said = call("fuzz", *SMALL, "--seed", "4", "--output", str(folder))
    assert said.code == 0, said.out + said.err
    assert "nothing found" in said.out
    assert "seed 4" in said.out
    document = read_fuzz(folder)
    assert document["run"]["exitCode"] == 0
    assert {item["operation"] for item in document["operations"]} == {
        "contacts.List",
        "contacts.Create",
        "contacts.Update",
        "contacts.Delete",
    }
    assert open_entries(folder) == []
    timeline = (folder / "timeline.ndjson").read_text("utf-8")
    assert "<secret:" in timeline
    assert password_of("agent1") not in timeline + json.dumps(document)
    cases = list(ElementTree.parse(folder / "junit.xml").iter("testcase"))
    assert len(cases) == 4
    assert all(case.find("failure") is None for case in cases)


def test_findings_are_1_and_json_says_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "fuzz"
    arguments = ("--fault", "generic.no-status-message:POST", "--output", str(folder), "--json")
    said = call("fuzz", *SMALL, *arguments)
    assert said.code == 1
    validate(said.json)
    assert said.json["findings"] == read_fuzz(folder)["findings"]
    assert {item["check"] for item in said.json["findings"]} == {"fuzz.envelope"}
    failures = list(ElementTree.parse(folder / "junit.xml").iter("failure"))
    assert len(failures) == len(said.json["findings"])
    assert "curl -sS -i -X POST" in str(failures[0].text)


def test_what_is_left_out_is_told_and_nothing_tested_is_3(tmp_path: Path) -> None:
    said = call("fuzz", "--area", "email", "--output", str(tmp_path / "fuzz"))
    assert said.code == 3
    assert "the bundled server does not have it: email." in said.out
    document = read_fuzz(tmp_path / "fuzz")
    assert document["operations"] == []
    assert len(document["leftOut"]) > 10
    assert {item["operation"].partition(".")[0] for item in document["leftOut"]} == {"email"}


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--area", "nowhere"), 2, "unknown area nowhere"),
        (("--max-examples", "0"), 2, "--max-examples"),
        (("--seed", "x"), 2, "--seed"),
        (("--target", "no-such-file.toml"), 2, "no-such-file.toml"),
        (("--fault", "no.such"), 2, "unknown fault"),
        (("--fault", "generic.stack-trace", "--base-url", "http://127.0.0.1:9"), 2, "--fault"),
        (("--base-url", "http://user:secret@127.0.0.1:9"), 2, "no credentials"),
        (("--base-url", "http://127.0.0.1:9"), 3, "does not answer"),
    ],
)
def test_what_cannot_begin(tmp_path: Path, arguments: tuple[str, ...], code: int, text: str) -> None:
    said = call("fuzz", *arguments, "--output", str(tmp_path / "fuzz"), columns=120)
    assert said.code == code
    assert text in said.err
    assert "Traceback" not in said.out + said.err
    assert "secret@" not in said.out + said.err


def test_a_server_that_is_no_gws_is_3(tmp_path: Path) -> None:
    with html_server() as url:
        said = call("fuzz", "--base-url", url, "--output", str(tmp_path / "fuzz"))
    assert said.code == 3
    assert "does not look like a GWS" in said.err


def test_a_server_that_dies_is_a_finding(tmp_path: Path) -> None:
    folder = tmp_path / "fuzz"
    said = call("fuzz", *SMALL, "--fault", "generic.die-after:20", "--output", str(folder), "--quiet")
    document = read_fuzz(folder)
    assert said.code == 1, said.out + said.err
    assert [item["check"] for item in document["findings"]] == ["fuzz.answer"]
    assert "stopped answering" in document["run"]["problem"]


def test_a_folder_that_holds_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "timeline.ndjson").write_text("{}\n")
    said = call("fuzz", "--output", str(tmp_path))
    assert said.code == 2
    assert "choose another folder" in said.err


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_ends_with_130_a_report_and_nothing_left(tmp_path: Path) -> None:
    folder = tmp_path / "fuzz"
    arguments = ("--area", "voice", "--max-examples", "500", "--output", str(folder))
    process = start("fuzz", *arguments, cwd=tmp_path)
    timeline = folder / "timeline.ndjson"

    def fuzzing() -> bool:
        told = timeline.read_text("utf-8") if timeline.exists() else ""
        return told.partition('"case":"fuzz"')[2].count('"purpose":"api"') >= 4

    until(fuzzing, "the first requests")
    process.send_signal(signal.SIGINT)
    said = finish(process)
    assert said.code == 130, said.err
    assert "interrupted" in said.err
    assert "Traceback" not in said.err
    document = read_fuzz(folder)
    assert document["run"]["interrupted"] is True
    assert document["counts"]["requests"] > 0
    assert open_entries(folder) == []
    assert [path.name for path in tmp_path.iterdir()] == ["fuzz"]
    last = json.loads(timeline.read_text("utf-8").splitlines()[-1])
    assert last["kind"] == "run.end"


def test_the_help_has_examples_and_exit_codes() -> None:
    said = call("fuzz", "--help", columns=120)
    assert said.code == 0
    for text in ("gws-conformance fuzz --area contacts --seed 7", "130", "--max-examples", "undone"):
        assert text in said.out
