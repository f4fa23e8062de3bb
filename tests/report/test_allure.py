"""Allure results, read back as Allure's own generator reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance.judge.findings import Verdict
from conformance.judge.timeline import Scenario
from conformance.report.allure import write_allure
from conformance.report.model import Results
from tests.report.report_support import HOSTILE, Tape, finding, hold, results_of, small_contract, world

STATUSES = {"passed", "failed", "broken", "skipped", "unknown"}


def written(results: Results, scenarios: list[Scenario], folder: Path) -> list[dict[str, Any]]:
    path = write_allure(results, scenarios, folder / "allure-results", small_contract())
    return [json.loads(file.read_text("utf-8")) for file in sorted(path.glob("*-result.json"))]


def labels(result: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in result["labels"]}


def steps_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for child in item.get("steps", []) for step in (child, *steps_of(child))]


def test_one_result_a_scenario_with_steps_and_attachments(tmp_path: Path) -> None:
    item, seq = hold(Tape())
    bad = finding("failed", message="call is not Held", evidence=(seq,))
    (result,) = written(results_of([bad, finding()], [item]), [item], tmp_path)
    assert result["status"] == "failed"
    assert result["statusDetails"]["message"] == "call is not Held"
    assert "voice.hold.state" in result["statusDetails"]["trace"]
    assert labels(result)["feature"] == labels(result)["suite"] == "Voice API"
    assert labels(result)["story"] == "voice.Hold"
    assert labels(result)["severity"] == "critical"
    assert [step["status"] for step in result["steps"]] == ["passed", "failed"]
    assert result["steps"][1]["name"] == "agent: Hold (transition)"
    link = result["links"][0]
    assert (link["type"], link["name"]) == ("tms", "Web Services API Reference 8.6, Hold, lines 5677-5772")
    assert {"name": "self", "value": "agent"} in result["parameters"]
    attachments = [a for step in steps_of(result) for a in step.get("attachments", [])]
    assert {a["name"] for a in attachments} == {"request", "reply", "curl", "notifications"}
    for attachment in attachments:
        file = tmp_path / "allure-results" / attachment["source"]
        assert file.is_file()
        if attachment["type"] == "application/json":
            json.loads(file.read_text("utf-8"))


def test_a_run_that_reached_nobody_has_one_broken_result(tmp_path: Path) -> None:
    """Not an empty report, which looks like a good one."""
    results = results_of([], problem="gws.example.com does not answer", problem_kind="unreachable")
    (result,) = written(results, [], tmp_path)
    assert (result["name"], result["status"]) == ("run: unreachable", "broken")
    assert "gws.example.com does not answer" in result["statusDetails"]["message"]


def test_times_are_those_of_the_timeline(tmp_path: Path) -> None:
    item, _ = hold(Tape())
    (result,) = written(results_of([finding()], [item]), [item], tmp_path)
    begun = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC).timestamp() * 1000
    assert (result["start"], result["stop"]) == tuple(
        begun + round(event.t * 1000) for event in (item.events[0], item.events[-1])
    )
    for step in steps_of(result):
        assert result["start"] <= step["start"] <= step["stop"] <= result["stop"]


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        ("passed", "passed"),
        ("warning", "passed"),
        ("failed", "failed"),
        ("skipped", "skipped"),
        ("untestable", "unknown"),
        ("error", "broken"),
    ],
)
def test_status_of_every_verdict(verdict: Verdict, status: str, tmp_path: Path) -> None:
    (result,) = written(results_of([finding(verdict)]), [], tmp_path)
    assert result["status"] == status
    assert labels(result)["tag"] == verdict


def test_history_survives_runs(tmp_path: Path) -> None:
    first = written(results_of([finding()]), [], tmp_path)
    second = written(results_of([finding("failed")], id="another run"), [], tmp_path)
    assert len(second) == 1, "the folder is of one run"
    assert first[0]["historyId"] == second[0]["historyId"]
    assert first[0]["uuid"] != second[0]["uuid"]


def test_hostile_strings(tmp_path: Path) -> None:
    item, seq = hold(Tape(), text=HOSTILE * 500, title=HOSTILE, extra=HOSTILE)
    bad = finding("failed", message=HOSTILE, evidence=(seq,), operation=HOSTILE)
    (result,) = written(results_of([bad], [item], server_version=HOSTILE + "é\\"), [item], tmp_path)
    text = json.dumps(result, ensure_ascii=False)
    assert not any(character in text for character in "\x1b\x00\ud800\u202e")
    environment = (tmp_path / "allure-results/environment.properties").read_text("ascii")
    assert len(environment.splitlines()) == 6
    assert "\\\\x1b" in environment
    for file in (tmp_path / "allure-results").iterdir():
        assert file.stat().st_size < 100_000
        file.read_text("utf-8")


def test_passing_scenarios_attach_what_was_judged_only(tmp_path: Path) -> None:
    item, _ = hold(Tape())
    (result,) = written(results_of([finding()], [item]), [item], tmp_path)
    assert not any(step.get("attachments") for step in steps_of(result))
    (attached,) = result["attachments"]
    assert attached["name"] == "requests, replies, notifications"
    (judged,) = json.loads((tmp_path / "allure-results" / attached["source"]).read_text("utf-8"))
    assert judged["step"] == result["steps"][1]["name"]
    assert [item["reply"]["status"] for item in judged["exchanges"]] == [200]
    assert judged["notifications"]


def test_a_whole_run(tmp_path: Path) -> None:
    results, played = world(30)
    listed = written(results, played, tmp_path)
    assert len(listed) == 30
    assert {item["status"] for item in listed} <= STATUSES
    assert len({item["uuid"] for item in listed}) == 30
