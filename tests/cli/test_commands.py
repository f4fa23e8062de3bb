"""Help, init, simulator, version, and how errors are told."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import typer

from conformance import __version__
from conformance.cli.app import app
from conformance.cli.guard import guarded
from conformance.contract import ContractError
from conformance.driver.target import parse_target
from conformance.wire.timeline import TimelineError
from tests.cli.cli_support import call, command, finish, lives, start

COMMANDS = [item.name for item in app.registered_commands if item.name]


def test_every_command_has_help_with_an_example() -> None:
    overview = call("--help")
    assert overview.code == 0
    for name in COMMANDS:
        assert name in overview.out
        said = call(name, "--help")
        assert said.code == 0
        assert name == "version" or f"gws-conformance {name}" in said.out


def test_the_exit_codes_are_in_the_help_of_run() -> None:
    text = " ".join(call("run", "--help").out.split())
    for words in (
        "0 conformant",
        "1 not conformant",
        "2 usage",
        "3 unreachable",
        "4 the suite itself",
        "130 interrupted",
    ):
        assert words in text


def test_without_a_command_the_help_is_shown() -> None:
    assert "Usage" in call().out + call().err


def test_an_unknown_option_is_a_usage_error() -> None:
    assert call("run", "--no-such-option").code == 2
    assert call("no-such-command").code == 2


def test_version() -> None:
    assert call("--version").out == f"gws-conformance {__version__}\n"
    said = call("version", "--json").json
    assert said["suite"] == __version__
    assert len(said["contract"]) == 64
    assert said["contract"][:12] in call("version").out


def test_init_writes_an_example_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = call("init")
    assert said.code == 0
    text = (tmp_path / "target.toml").read_text("utf-8")
    for user in tomllib.loads(text)["users"].values():
        monkeypatch.setenv(user["password_env"], "x")
    assert parse_target(text, Path("target.toml")).users


def test_init_overwrites_only_when_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("mine", "utf-8")
    said = call("init", str(file))
    assert said.code == 2
    assert "--force" in said.err
    assert file.read_text("utf-8") == "mine"
    assert call("init", str(file), "--force").code == 0
    assert "base_url" in file.read_text("utf-8")
    assert call("init", str(tmp_path / "missing" / "t.toml")).code == 2


def test_simulator_lists_its_faults() -> None:
    listed = call("simulator", "--list-faults", "--json").json
    names = [item["name"] for item in listed]
    assert names == sorted(names)
    assert "generic.mute-notifications" in names
    assert all(item["sentence"] for item in listed)
    assert "generic.die-after:N" in call("simulator", "--list-faults").out


def test_simulator_prints_a_target_for_its_address() -> None:
    text = call("simulator", "--print-target", "--port", "1234").out
    assert parse_target(text, Path("x")).transport.base_url == "http://127.0.0.1:1234"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fault", "no.such-fault"), "no.such-fault"),
        (("--order", "nonsense"), "mixed"),
        (("--feature-off", "nonsense"), "api-voice"),
        (("--host", "192.0.2.1", "--port", "0"), "cannot listen on 192.0.2.1"),
        (("--port", "70000"), "65535"),
    ],
)
def test_simulator_refuses_what_it_cannot_do(arguments: tuple[str, ...], words: str) -> None:
    said = call("simulator", *arguments)
    assert said.code == 2
    assert words in said.err


def test_simulator_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    process = start("simulator", "--port", "0", cwd=tmp_path)
    assert process.stdout is not None
    facts = json.loads(process.stdout.readline())
    assert facts["pid"] == process.pid
    taken = command("simulator", "--port", str(facts["port"]), cwd=tmp_path)
    assert taken.code == 2
    assert "try --port 0" in taken.err
    process.send_signal(2)
    assert finish(process, 15).code == 0
    assert not lives(process.pid)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ContractError("schemas/x.yaml:3: wrong"), 2, "schemas/x.yaml:3: wrong"),
        (TimelineError("x, line 4: wrong"), 2, "x, line 4: wrong"),
        (ZeroDivisionError("oops"), 4, "ZeroDivisionError: oops"),
    ],
)
def test_errors_become_a_sentence(error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    @guarded
    def fails() -> None:
        raise error

    with pytest.raises(typer.Exit) as ended:
        fails()
    assert ended.value.exit_code == code
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
    if code == 4:
        file = Path(told.rsplit(" ", 1)[-1].strip())
        assert "ZeroDivisionError" in file.read_text("utf-8")
        file.unlink()


def test_a_sentence_brings_no_commands_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from conformance.cli.guard import complain

    complain("\x1b[31mred\x07")
    assert "\x1b" not in capsys.readouterr().err


def test_a_contract_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    said = command("operations", cwd=tmp_path, GWS_CONFORMANCE_SCHEMAS=str(tmp_path / "nowhere"))
    assert said.code == 2
    assert "the contract cannot be read" in said.err
    assert "Traceback" not in said.err


def test_completion_knows_areas_ids_profiles_and_faults() -> None:
    from conformance.cli import options

    assert options.complete_area("vo") == ["voice"]
    assert options.complete_profile("read") == ["read-only"]
    assert "voice.Answer" in options.complete_id("voice.An")
    assert "generic.mute-notifications" in options.complete_fault("generic.mute")


def test_the_faults_and_profiles_of_the_examples_exist() -> None:
    from conformance.cli import options, run, server

    known = {item.name for item in options.faults()}
    for text in (run.EPILOG, server.SIMULATOR_EPILOG):
        named = re.findall(r"--fault (\S+)", text)
        assert named
        assert known.issuperset(named)
    assert options.complete_profile(re.findall(r"--profile (\S+)", run.EPILOG)[0])
