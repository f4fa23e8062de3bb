"""HAR on the command line: judged, recorded, and refused where it is none."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import jsonschema_rs
import pytest

from tests.cli.cli_support import FORMATS, Said, call, command, finish, read_results
from tests.cli.test_interruption import begin

DESKTOP = Path(__file__).parents[1] / "har" / "desktop.har"
SECRETS = ("8d1f6f0e-33c5-4a55-9a5d-2f6f9c1d7be1", "n3w-Passw0rd-of-Kate", "q7Zp0hV3mXy2Lw8Kd1", "7f2c9b1e5a6d4c3b")


def valid(path: Path) -> int:
    """How many entries a HAR has, which fits its format."""
    document = json.loads(path.read_text("ascii"))
    schema = json.loads((FORMATS / "har.json").read_text("utf-8"))
    assert [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(document)] == []
    return len(document["log"]["entries"])


def test_judging_a_har(tmp_path: Path) -> None:
    said = call("judge", str(DESKTOP), "--output", str(tmp_path / "out"))
    assert said.code == 1, said.err
    assert "Verdict: NOT CONFORMANT" in said.out
    assert "FAILED voice.Hold  notification.sent" in said.out
    assert "The recording desktop.har: 16 entries, 12 requests, 6 judged, 3 notifications" in said.out
    assert "1 x request: the recording does not have the body of the reply  (GET /users)" in said.out
    assert "refusal.status, refusal.statusCode: that a request had to be refused" in said.out
    results = read_results(tmp_path / "out")
    assert results["recording"]["users"] == ["kate@example.com"]
    assert results["run"]["target"] == {"baseUrl": "https://gws.example.com"}
    html = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "The recording, and what is not judged of it" in html
    for file in [path for path in (tmp_path / "out").rglob("*") if path.is_file()]:
        assert [secret for secret in SECRETS if secret in file.read_text("utf-8")] == [], file


def test_its_timeline_judged_again_comes_to_the_same(tmp_path: Path) -> None:
    first = call("judge", str(DESKTOP), "--output", str(tmp_path / "out"), "--json")
    again = call("judge", str(tmp_path / "out"), "--json")
    assert (first.code, again.code) == (1, 1)
    assert again.json["checks"] == first.json["checks"]
    assert again.json["recording"] == first.json["recording"]


def test_a_har_without_anything_to_test(tmp_path: Path) -> None:
    path = tmp_path / "empty.har"
    path.write_text('{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": []}}', "utf-8")
    said = call("judge", str(path), "--output", str(tmp_path / "out"))
    assert said.code == 3
    assert "the HAR has no entries; nothing could be tested" in said.err
    assert read_results(tmp_path / "out")["verdict"] == "nothing tested"
    other = call("judge", str(DESKTOP), "--host", "nowhere.example.com")
    assert other.code == 3
    assert "no entry is a request to a GWS; name it with --host and --api-path" in other.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"log": {"entries": [{"request": {"method": "GET"', "entry 1: is cut off"),
        ('{"log": {"version": "1.2"}}', "has no list 'entries'"),
        ('{"openapi": "3.1.0"}', "It is no HAR either"),
        ("GET /me HTTP/1.1\n", "It is no HAR either"),
    ],
)
def test_what_is_neither_gets_a_sentence(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "recording"
    path.write_text(content, "utf-8")
    said = call("judge", str(path))
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--api-path", "api/v2"), "--api-path api/v2: a path begins with /"),
        (("--record-har", "again.har"), "this is one already"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], words: str) -> None:
    said = call("judge", str(DESKTOP), *arguments)
    assert (said.code, words in said.err) == (2, True), said.err


def test_options_of_a_har_are_not_for_a_timeline(small_run: tuple[Said, Path]) -> None:
    said = call("judge", str(small_run[1]), "--host", "gws.example.com")
    assert (said.code, "--host is for a HAR" in said.err) == (2, True)


def test_a_timeline_as_a_har(small_run: tuple[Said, Path], tmp_path: Path) -> None:
    """Also of a run that was made without it."""
    assert call("judge", str(small_run[1]), "--record-har", str(tmp_path / "a" / "run.har")).code == 0
    requests = (small_run[1] / "timeline.ndjson").read_text("utf-8").count('"kind":"http.request"')
    assert valid(tmp_path / "a" / "run.har") == requests


def test_a_place_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    said = command("run", "-q", "--record-har", "file/run.har", "--output", "out", cwd=tmp_path)
    assert (said.code, "file/run.har: cannot be written" in said.err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_interrupted_leaves_a_valid_har(tmp_path: Path) -> None:
    process, _ = begin(tmp_path, "--record-har", "run.har")
    assert valid(tmp_path / "run.har") == 0
    os.killpg(process.pid, signal.SIGINT)
    said = finish(process)
    assert said.code == 130, said
    assert valid(tmp_path / "run.har") > 20
    judged = call("judge", str(tmp_path / "run.har"), "--json")
    assert judged.json["counts"]["failed"] == 0
    assert judged.json["counts"]["passed"] > 50
