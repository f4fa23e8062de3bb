"""run: exit codes, what is written, and what does not take part. Each run is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.contract import load_contract
from conformance.contract.profiles import load_profiles
from conformance.opening import RunProblem, make_folder
from conformance.simulator.seed import target_toml
from conformance.simulator.server import Running
from tests.cli.cli_support import (
    Said,
    call,
    command,
    environment,
    finish,
    html_server,
    open_entries,
    read_results,
    start,
)

WRITTEN = ("results.json", "junit.xml", "report.html", "allure-results", "timeline.ndjson", "ledger.ndjson")


def test_a_run_writes_every_report_and_says_where(small_run: tuple[Said, Path]) -> None:
    said, folder = small_run
    assert said.code == 0, said.err
    for name in WRITTEN:
        assert (folder / name).exists(), name
    assert "Verdict: CONFORMANT" in said.out
    assert "out/report.html" in said.out
    assert said.err == ""
    results = read_results(folder)
    assert (results["verdict"], results["exitCode"]) == ("conformant", 0)
    assert {item["operation"] for item in results["scenarios"]} == {"contacts.List", "voice.Dial"}
    assert results["run"]["arguments"][0] == "run"
    assert open_entries(folder) == []


def test_json_on_standard_output_is_the_document(tmp_path: Path) -> None:
    fault = ("--fault", "contacts.create-without-id")
    said = command("run", "--area", "contacts", "-k", "Create", *fault, "--json", "--output", "out", cwd=tmp_path)
    assert (said.code, said.err) == (1, "")
    assert said.json == read_results(tmp_path / "out")
    assert said.json["verdict"] == "not conformant"


def test_nothing_of_the_current_folder_takes_part(small_run: tuple[Said, Path]) -> None:
    said, folder = small_run
    assert "foreign" not in said.out + said.err
    assert not (folder.parent / ".pytest_cache").exists()
    assert read_results(folder)["counts"]["error"] == 0


def test_a_folder_keeps_one_run_only(small_run: tuple[Said, Path]) -> None:
    _, folder = small_run
    before = (folder / "results.json").read_bytes()
    said = call("run", "-k", "contacts.List", "--output", str(folder))
    assert said.code == 2
    assert "a run is kept there already" in said.err
    assert (folder / "results.json").read_bytes() == before


def test_coverage_of_a_run(small_run: tuple[Said, Path]) -> None:
    _, folder = small_run
    counted = call("coverage", str(folder), "--json").json
    assert counted["areas"]["contacts"]["operations"]["touched"] == 1
    assert counted["total"]["operations"]["touched"] >= 2
    assert "of" in call("coverage", str(folder)).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--area", "nonsense"), "unknown area nonsense; known: "),
        (("--profile", "nonsense"), "known: voice-agent, chat-agent, read-only"),
        (("--profile", "voice-agent", "--area", "chat"), "does not have the area chat"),
        (("--target", "missing.toml"), "missing.toml: cannot be read"),
        (("--base-url", "ftp://example.com"), "base_url"),
        (("--base-url", "http://user:secret@example.com"), "no credentials in the address"),
        (("--fault", "no.such-fault"), "unknown fault 'no.such-fault'"),
        (
            ("--fault", "generic.mute-notifications", "--base-url", "http://127.0.0.1:1"),
            "leave --target and --base-url",
        ),
    ],
)
def test_a_usage_error_is_told_before_anything_is_made(
    arguments: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = call("run", *arguments, "--output", "out")
    assert said.code == 2
    assert words in said.err
    assert "secret" not in said.err
    assert said.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_target_file_names_line_key_and_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "target.toml").write_text('base_url = "http://localhost"\nrat = 5\n[users.agent]\nuser_name = "a"\n')
    said = call("run", "--target", "target.toml")
    assert said.code == 2
    assert "target.toml:2: rat: unknown key rat: did you mean rate?" in said.err
    assert "unknown key rat" in said.err


def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file", "utf-8")
    with pytest.raises(RunProblem, match="file/out: cannot be made") as ended:
        make_folder(tmp_path / "file" / "out")
    assert ended.value.exit_code == 2


def test_a_file_where_the_folder_should_be_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file", "utf-8")
    said = call("run", "-k", "contacts.List", "--output", str(tmp_path / "out"))
    assert said.code == 2
    assert "out: is a file" in said.err


def test_what_cannot_be_reached_or_let_in_ends_with_3(tmp_path: Path, simulator: Running) -> None:
    wrong = "\n".join(
        'password = "not-it"' if line.startswith("password") else line
        for line in target_toml(simulator.base_url).splitlines()
    )
    (tmp_path / "wrong.toml").write_text(wrong, "utf-8")
    with html_server() as html:
        cases = {
            "port": (("--base-url", "http://127.0.0.1:1"), "does not answer"),
            "html": (("--base-url", html), "does not look like a GWS"),
            "password": (("--target", "wrong.toml"), "refuses the credentials of users.agent"),
            "nothing": (("-k", "no_such_scenario"), "no scenario is selected"),
        }
        started = {
            name: start("run", *arguments, "--output", name, cwd=tmp_path) for name, (arguments, _) in cases.items()
        }
        ended = {name: finish(process) for name, process in started.items()}
    for name, (_, words) in cases.items():
        said = ended[name]
        assert said.code == 3, (name, said)
        assert words in said.err
        assert "not-it" not in said.err + said.out + (tmp_path / name / "results.json").read_text("utf-8")
        results = read_results(tmp_path / name)
        assert results["verdict"] == ("nothing tested" if name == "nothing" else "unreachable")
        assert results["exitCode"] == 3
        assert any(words in reason for reason in results["reasons"])


def test_an_expression_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    said = command("run", "-k", "and and", "--output", "out", cwd=tmp_path)
    assert said.code == 2
    assert "-k" in said.err
    assert not (tmp_path / "out").exists()


def test_deviations_silence_and_death_of_the_server(tmp_path: Path) -> None:
    started = {
        "deviates": start(
            "run",
            "-k",
            "contacts.Create",
            "--fault",
            "contacts.create-without-id",
            "--output",
            "deviates",
            cwd=tmp_path,
        ),
        "dies": start("run", "--area", "contacts", "--fault", "generic.die-after:40", "--output", "dies", cwd=tmp_path),
        "mute": start(
            "run",
            "-k",
            "contacts.List and positive or voice.Dial and positive",
            "--fault",
            "generic.mute-notifications",
            "--output",
            "mute",
            cwd=tmp_path,
        ),
    }
    ended = {name: finish(process) for name, process in started.items()}
    assert ended["deviates"].code == 1
    assert "contacts.Create" in ended["deviates"].out
    assert "repeat    curl" in ended["deviates"].out
    assert read_results(tmp_path / "deviates")["verdict"] == "not conformant"

    assert ended["dies"].code == 3, ended["dies"]
    results = read_results(tmp_path / "dies")
    assert results["verdict"] == "unreachable"
    assert "stopped answering in the scenario contacts." in ended["dies"].err
    selected = int(ended["dies"].out.split(" ", 1)[0])
    assert 0 < len(results["scenarios"]) < selected
    assert results["counts"]["passed"] > 0

    assert ended["mute"].code == 1, ended["mute"]
    results = read_results(tmp_path / "mute")
    assert results["verdict"] in {"not conformant", "incomplete"}
    assert {item["operation"]: item["verdict"] for item in results["scenarios"]}["contacts.List"] == "passed"
    assert {item["operation"]: item["verdict"] for item in results["scenarios"]}["voice.Dial"] != "passed"


def test_a_server_that_was_started_elsewhere_and_a_profile(tmp_path: Path, simulator: Running) -> None:
    said = command(
        "run",
        "--base-url",
        simulator.base_url,
        "--profile",
        "read-only",
        "-k",
        "contacts.List and positive or contacts.Create or lifecycle or transition",
        "--quiet",
        cwd=tmp_path,
    )
    assert said.code == 0, said
    assert said.out.startswith("conformant; reports in reports/")
    assert said.out.count("\n") == 1
    (folder,) = (tmp_path / "reports").iterdir()
    results = read_results(folder)
    assert results["run"]["profile"] == "read-only"
    assert results["run"]["target"]["hazards"] == ["read"]
    assert {item["operation"] for item in results["scenarios"]} == {"contacts.List"}


def test_a_defect_of_the_suite_is_no_verdict_about_the_server(tmp_path: Path) -> None:
    script = (
        "import conformance.judge.engine as engine\n"
        "import conformance.reporting as reporting\n"
        "def broken(*_): raise ZeroDivisionError('a check that breaks')\n"
        "reporting.judge_scenario = broken\n"
        "from conformance.cli import main\n"
        "main()\n"
    )
    (tmp_path / "broken.py").write_text(script, "utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "broken.py", "run", "-k", "contacts.List and positive", "--output", "out"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    results = read_results(tmp_path / "out")
    assert results["verdict"] == "suite error"
    assert results["counts"]["failed"] == 0
    assert "ZeroDivisionError" in (tmp_path / "out" / "crash.txt").read_text("utf-8")
    assert "Traceback" not in done.stderr


def test_profiles_are_made_of_what_there_is() -> None:
    contract = load_contract()
    profiles = load_profiles(contract)
    assert set(profiles) >= {"voice-agent", "chat-agent", "read-only"}
    read_only = profiles["read-only"]
    assert read_only.admits(contract.operations["contacts.List"])
    assert not read_only.admits(contract.operations["contacts.Create"])
    assert not read_only.admits(contract.operations["voice.Dial"])
    assert not read_only.admits(None)
    assert profiles["voice-agent"].admits(None)
    assert json.loads(json.dumps(read_only.as_json()))["hazards"] == ["read"]
