"""judge and cleanup: what can be done with the folder of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.cli_support import Said, call, command, read_results


def test_judging_again_comes_to_the_same(small_run: tuple[Said, Path], tmp_path: Path) -> None:
    _, folder = small_run
    # A process of its own, as the run was: both read the contract as it is now.
    said = command("judge", str(folder / "timeline.ndjson"), "--output", "again", cwd=tmp_path)
    assert said.code == 0, said.err
    assert "Verdict: CONFORMANT" in said.out
    assert read_results(tmp_path / "again") == read_results(folder)


def test_judging_as_json_is_the_results(small_run: tuple[Said, Path]) -> None:
    _, folder = small_run
    said = call("judge", str(folder), "--json")
    assert said.code == 0
    assert said.json["checks"] == read_results(folder)["checks"]


def test_a_timeline_that_was_tampered_with_is_judged_otherwise(small_run: tuple[Said, Path], tmp_path: Path) -> None:
    _, folder = small_run
    text = (folder / "timeline.ndjson").read_text("utf-8")
    forged = tmp_path / "timeline.ndjson"
    forged.write_text(text.replace('"state":"Dialing"', '"state":"Established"'), "utf-8")
    said = call("judge", str(forged), "--json")
    assert said.code == 1
    failed = {item["check"] for item in said.json["checks"] if item["verdict"] == "failed"}
    assert "notification.sent" in failed


def test_a_timeline_of_another_contract_is_judged_with_a_warning(small_run: tuple[Said, Path], tmp_path: Path) -> None:
    _, folder = small_run
    digest = read_results(folder)["run"]["contractDigest"]
    other = tmp_path / "timeline.ndjson"
    other.write_text((folder / "timeline.ndjson").read_text("utf-8").replace(digest, "0" * 64), "utf-8")
    assert "another version of the contract" in call("judge", str(other)).err


def test_the_reports_of_the_run_are_not_overwritten(small_run: tuple[Said, Path]) -> None:
    _, folder = small_run
    before = (folder / "results.json").read_bytes()
    said = call("judge", str(folder), "--output", str(folder))
    assert said.code == 2
    assert (folder / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be opened"),
        ("", "holds no complete event"),
        ("nonsense\n", "line 1: not JSON"),
        ("{}\n", "line 1: the member 'seq' is missing"),
    ],
)
def test_what_is_no_timeline_is_a_usage_error(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "timeline.ndjson").write_text(content, "utf-8")
    said = call("judge", str(tmp_path / "timeline.ndjson"))
    assert said.code == 2
    assert words in said.err


def test_an_unknown_operation_in_a_timeline_does_not_break_the_judge(
    small_run: tuple[Said, Path], tmp_path: Path
) -> None:
    _, folder = small_run
    other = tmp_path / "timeline.ndjson"
    other.write_text(
        (folder / "timeline.ndjson").read_text("utf-8").replace('"operation":"voice.Dial"', '"operation":"voice.Gone"')
    )
    said = call("judge", str(other), "--json")
    assert said.json["counts"]["error"] == 0


@pytest.mark.parametrize(
    ("content", "words"), [(None, "give the folder of a run"), ("nonsense\n{}\n", "not a line of a ledger")]
)
def test_what_is_no_ledger_is_a_usage_error(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "ledger.ndjson").write_text(content, "utf-8")
    said = call("cleanup", str(tmp_path))
    assert said.code == 2
    assert words in said.err


def test_an_empty_ledger_needs_no_deployment(tmp_path: Path) -> None:
    (tmp_path / "ledger.ndjson").write_text("", "utf-8")
    said = call("cleanup", str(tmp_path))
    assert said.code == 0
    assert "nothing is left" in said.out


def test_what_the_deployment_keeps_is_told(tmp_path: Path, simulator: object) -> None:
    entry = {"what": "made", "kind": "contact", "actor": "agent", "id": "gone-long-ago", "undo": ""}
    stranger = {"what": "made", "kind": "session", "actor": "nobody", "id": "nobody", "undo": ""}
    (tmp_path / "ledger.ndjson").write_text(f"{json.dumps(entry)}\n{json.dumps(stranger)}\n", "utf-8")
    said = call("cleanup", str(tmp_path), "--base-url", simulator.base_url)  # type: ignore[attr-defined]
    assert said.code == 1
    assert "undone  contact gone-long-ago" in said.out
    assert "left    session nobody of nobody: the target file names no user 'nobody'" in said.out
