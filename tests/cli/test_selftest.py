"""`gws-conformance selftest`."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.cli_support import FORMATS, call, start, until

SCHEMA = json.loads((FORMATS / "kill-matrix.json").read_text("utf-8"))
FAULTS = ("--fault", "basics.version-is-number", "--fault", "bayeux.never-expires")


def test_a_few_faults(tmp_path: Path) -> None:
    """What is killed or equivalent ends with 0; files, table and figures say the same."""
    said = call("selftest", *FAULTS, "--jobs", "1", "--output", str(tmp_path / "out"))
    assert said.code == 0, said.out + said.err
    document = json.loads((tmp_path / "out" / "kill-matrix.json").read_text("ascii"))
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []
    assert {item["fault"]: item["status"] for item in document["faults"]} == {
        "basics.version-is-number": "killed",
        "bayeux.never-expires": "equivalent",
    }
    assert document["sound"]["scenarios"] == 1
    assert "response.schema of basics.GetVersion" in said.out
    assert "2 faults: 1 killed, 1 equivalent, 0 survived; sound server: 1 scenarios, no complaints" in said.out
    assert (tmp_path / "out" / "kill-matrix.html").exists()


def test_json(tmp_path: Path) -> None:
    """Standard output is the document alone."""
    said = call("selftest", *FAULTS[:2], "--jobs", "1", "--repeat", "0", "--json", "--output", str(tmp_path))
    assert said.code == 0
    assert list(Draft202012Validator(SCHEMA).iter_errors(said.json)) == []
    assert said.json["sound"] == {"scenarios": 0, "repeats": 0, "seconds": 0, "complaints": [], "disturbed": {}}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--fault", "no.such"), "unknown fault 'no.such'"),
        (("--fault", "generic.drop-member"), "needs an argument: generic.drop-member:MEMBER"),
        (("--area", "workbins"), "unknown area workbins; areas with faults: basics, voice, chat, contacts"),
        (("--area", "chat", "--fault", "voice.toast-missing"), "nothing in common"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], text: str) -> None:
    """A sentence and exit code 2, before anything is played or made."""
    said = call("selftest", *arguments, "--output", str(tmp_path / "out"))
    assert said.code == 2
    assert text in " ".join(said.err.split())
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    """It is told before anything is played."""
    (tmp_path / "file").write_text("", "utf-8")
    said = call("selftest", *FAULTS, "--output", str(tmp_path / "file" / "out"))
    assert said.code == 2
    assert "is no folder" in said.err


def test_interruption_leaves_a_valid_file(tmp_path: Path) -> None:
    """Ctrl-C ends the workers and writes what was played so far; exit code 130."""
    process = start("selftest", "--area", "contacts", "--jobs", "1", "--repeat", "0", "--output", "out", cwd=tmp_path)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()  # the first progress: some faults have been played by then
        assert "faults" in line, line
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, out + err
    document = json.loads((tmp_path / "out" / "kill-matrix.json").read_text("ascii"))
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []
    assert document["interrupted"]
    assert document["counts"]["notPlayed"] > 0
    assert document["exitCode"] == 130
    assert "Traceback" not in err
    until(lambda: _children(process.pid) == [], "the end of every process", 10)


def _children(pid: int) -> list[str]:
    """Processes of the self-test that are left: those that still name its process id as parent or group."""
    left = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and str(pid) in fields[1:3]:
            left.append(status.parent.name)
    return left
