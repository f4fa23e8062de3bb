"""Stimuli: a failure is told with its reason and without secrets, and nothing of a command is left behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.driver.cleanup import undo
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.probes import provoke, take_back
from conformance.driver.stimuli import secrets_of
from conformance.driver.target import BINDINGS, Stimulus
from conformance.judge import judge
from tests.driver.driver_support import CONTRACT, TARGET, QuietStage, scene
from tests.wire.servers import Answer, serving

Made = Callable[..., QuietStage]
SERVICE = ({"type": "Voice", "state": "Inactive"}, {"type": "Voice", "state": "Active"})


@pytest.fixture
def bound(tmp_path: Path) -> Made:
    """Makes a stage whose stimulus runs a script, with words of its command line and other keys."""

    def make(code: str, *words: str, name: str = "inbound-call", **keys: Any) -> QuietStage:
        script = tmp_path / "script.py"
        script.write_text(f"import json, os, subprocess, sys, time\n{code}\n", "utf-8")
        lines = [f"command = {json.dumps([sys.executable, str(script), *words])}"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        return QuietStage(text=f"{TARGET}\n[stimuli.{name}]\n" + "\n".join(lines) + "\n")

    return make


def recorded(stage: QuietStage) -> list[tuple[str, dict[str, Any]]]:
    """The stimuli in the timeline."""
    return [(e.kind, dict(e.payload)) for e in stage.recorder.events() if e.kind.startswith("stimulus")]


def failure(stage: QuietStage, name: str = "inbound-call") -> str:
    """Why a stimulus failed; the timeline says the same."""
    with pytest.raises(Untestable) as caught:
        stage.stimulate(name, {"to": "5001"})
    kind, payload = recorded(stage)[-1]
    assert (kind, payload["ok"]) == ("stimulus.done", False)
    assert str(caught.value) == f"stimulus {name!r} failed: {payload['reason']}"
    return str(caught.value)


def gone(process: int) -> bool:
    """Whether a process ends within a moment; one that waits for its parent to look has ended."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(process, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
    return False


def test_a_command_gets_the_parameters(bound: Made, tmp_path: Path) -> None:
    """As JSON on standard input; what it prints is its own affair."""
    stage = bound(f"open({str(tmp_path / 'got')!r}, 'w').write(sys.stdin.read())\nprint('dialled!')")
    stage.stimulate("inbound-call", {"to": "5001"})
    assert json.loads((tmp_path / "got").read_text("utf-8")) == {"to": "5001"}
    assert recorded(stage) == [
        ("stimulus", {"name": "inbound-call", "parameters": {"to": "5001"}}),
        ("stimulus.done", {"name": "inbound-call", "ok": True}),
    ]


def test_a_command_runs_in_the_folder_of_the_target_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths begin there, not where the suite was called from."""
    folder = tmp_path / "lab"
    folder.mkdir()
    script = folder / "dial.sh"
    script.write_text("#!/bin/sh\ncat > got\n", "utf-8")
    script.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    stage = QuietStage()
    stage.target.stimuli["inbound-call"] = Stimulus(  # type: ignore[index]
        "inbound-call", ("./dial.sh",), folder=Path("lab")
    )
    stage.stimulate("inbound-call", {"to": "5001"})
    assert (folder / "got").read_text("utf-8") == '{"to": "5001"}'


def test_a_command_that_leaves_something_in_the_background_succeeds(bound: Made, tmp_path: Path) -> None:
    """It is not waited for, although it has the standard output of the command; and it lives on."""
    stage = bound(
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))"
    )
    start = time.monotonic()
    stage.stimulate("inbound-call", {})
    assert time.monotonic() - start < 8
    child = int((tmp_path / "pid").read_text("utf-8"))
    os.kill(child, 0)
    os.kill(child, 9)


@pytest.mark.parametrize("ending", ["time.sleep(60)", "sys.exit(3)"], ids=["deadline", "failure"])
def test_a_command_that_fails_leaves_nothing(bound: Made, tmp_path: Path, ending: str) -> None:
    """After the deadline, or after a failure, all that it started is ended."""
    stage = bound(
        "code = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)'\n"
        "child = subprocess.Popen([sys.executable, '-c', code])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n{ending}",
        deadline=1.5,
    )
    said = failure(stage)
    assert ("no end within 1.5 s (deadline)" in said) == (ending == "time.sleep(60)")
    assert gone(int((tmp_path / "pid").read_text("utf-8")))


def test_an_interrupted_run_leaves_no_command(bound: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C does not reach the process group of a command: it is ended by us."""
    begun, wait = tmp_path / "pid", subprocess.Popen.wait
    stage = bound(
        f"open({str(begun)!r} + '~', 'w').write(str(os.getpid()))\nos.rename({str(begun)!r} + '~', "
        f"{str(begun)!r})\ntime.sleep(60)",
        deadline=30,
    )

    def interrupted(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        monkeypatch.setattr(subprocess.Popen, "wait", wait)
        end = time.monotonic() + 20
        while not begun.exists() and time.monotonic() < end:
            os.sched_yield()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        stage.stimulate("inbound-call", {})
    assert gone(int(begun.read_text("utf-8")))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("sys.exit('no line free')", "exit code 1; standard error: no line free"),
        ("sys.exit(3)", "exit code 3; it wrote nothing to standard error"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9; it wrote"),
        ("sys.exit('x' * 5000 + ' the\\x1b[31m end')", "xxx the [31m end"),
    ],
)
def test_a_failure_says_why(bound: Made, code: str, says: str) -> None:
    """Exit code and the end of standard error, in one bounded line that can be printed."""
    said = failure(bound(code))
    assert says in said
    assert len(said) < 300
    assert said.isprintable()


def test_a_command_that_is_not_there(bound: Made) -> None:
    """It says so, without the command line."""
    stage = bound("")
    stage.target.stimuli["inbound-call"] = Stimulus(  # type: ignore[index]
        "inbound-call", ("./none.sh", "--token=hidden-word")
    )
    said = failure(stage)
    assert "cannot be started (No such file or directory); correct its path or rights" in said
    assert "hidden-word" not in said


@pytest.mark.parametrize(
    "words",
    [
        ["--token=hidden-word"],
        ["--token", "hidden-word"],
        ["--pw", "hidden-word"],
        ["-u", "joe:hidden-word"],
        ["https://joe:hidden-word@host/x"],
        ["https://host/x?lab=1&apikey=hidden-word"],
        ["-H", "Authorization: Bearer hidden-word"],
    ],
    ids=str,
)
def test_a_command_line_that_the_script_repeats_is_hidden(bound: Made, words: list[str]) -> None:
    """Scripts like to repeat their arguments and passwords when they fail."""
    stage = bound("sys.exit(' '.join(sys.argv[1:]) + ' secret-one hidden-word!')", *words)
    said = failure(stage)
    assert "exit code 1; standard error" in said
    assert "hidden-word" not in said
    assert "secret-one" not in said
    assert "hidden-word" not in str(list(stage.recorder.events()))
    assert "hidden-word" not in repr(stage.target)


def test_secrets_of_bindings_are_told_to_the_redactor() -> None:
    """By their place or name; a word of the protocol is not taken for one."""
    url = "http://joe:word-one@host/x?token=word-two&mode=Inactive"
    assert list(secrets_of(Stimulus("features", url=url))) == ["word-one", "word-two"]
    text = f'{TARGET}\n[stimuli.features]\nurl = "{url}"\n'
    redactor = QuietStage(text=text).recorder.redactor
    assert "word-" not in redactor.text(f"{url} word-one word-two")
    assert redactor.text("Inactive") == "Inactive"


@pytest.mark.parametrize(("status", "says"), [(404, "HTTP 404"), (302, "HTTP 302"), (500, "HTTP 500")])
def test_a_call_that_is_refused(status: int, says: str) -> None:
    """Only the status is told."""
    with serving(lambda seen: Answer(status, body=b"secret page", headers=[("location", "/elsewhere")])) as server:
        url = server.url.replace("http://", "http://joe:word-one@") + "/nope?token=word-two"
        stage = QuietStage(text=f'{TARGET}\n[stimuli.inbound-call]\nurl = "{url}"\n')
        assert failure(stage) == f"stimulus 'inbound-call' failed: {says}"
    assert "word-" not in str(list(stage.recorder.events()))


def test_a_call_that_nobody_answers() -> None:
    """The kind of failure is told, without the URL's secrets."""
    url = "http://joe:word-one@127.0.0.1:9/nope?token=word-two"
    said = failure(QuietStage(text=f'{TARGET}\n[stimuli.inbound-call]\nurl = "{url}"\n'))
    assert "ConnectError" in said
    assert "word-" not in said


def test_a_call_gets_the_name_and_the_parameters() -> None:
    """As JSON; whatever it answers, 2xx is success."""
    asked: list[Any] = []

    def answer(seen: Any) -> Answer:
        asked.append(seen.json)
        return Answer(202, body=b"thank you")

    with serving(answer) as server:
        QuietStage(text=f'{TARGET}\n[stimuli.inbound-call]\nurl = "{server.url}/dial"\n').stimulate(
            "inbound-call", {"to": "5001"}
        )
    assert asked == [{"name": "inbound-call", "to": "5001"}]


@pytest.mark.parametrize("name", sorted(BINDINGS))
def test_what_is_not_bound_is_told_with_the_lines_to_add(name: str) -> None:
    """A target file with these lines binds it."""
    with pytest.raises(Untestable) as caught:
        QuietStage().stimulate(name, {})
    said = str(caught.value)
    assert said.startswith(f"the target file binds no stimulus '{name}': add the lines '")
    assert said.endswith(f", which gets {BINDINGS[name]}")
    header, command = re.findall(r"'(\[.*?\]|command.*?\])'", said)
    assert QuietStage(text=f"{TARGET}\n{header}\n{command}\n").target.stimuli[name].command == (f"./{name}.sh",)


def test_a_failed_stimulus_is_not_blamed_on_the_deployment(bound: Made) -> None:
    """Nothing is said of a service that was not stopped; the scenario is untestable."""
    stage = bound("sys.exit(3)", name="service-state")
    told = scene(stage)
    with pytest.raises(Untestable, match="exit code 3"):
        provoke(told, "service-state", *SERVICE)
    assert stage.steps[-1]["case"] == "stimulus"
    stage.recorder.end_scenario({"outcome": "untestable", "reason": "stimulus"})
    findings = list(judge(stage.recorder.events(), CONTRACT))
    assert [(item.check, item.verdict) for item in findings] == [("scenario", "untestable")]


def test_what_cannot_be_taken_back_ends_the_scenario(bound: Made) -> None:
    """Otherwise all that follows would be judged on a deployment that is not as it should be; it is tried again."""
    stage = bound("sys.exit(3 if 'Active' == json.load(sys.stdin)['state'] else 0)", name="service-state")
    told = scene(stage)
    provoke(told, "service-state", *SERVICE)
    with pytest.raises(Untestable, match="exit code 3"):
        take_back(told)
    (entry,) = stage.ledger.open_entries("stimulus")
    assert entry == Entry(
        "stimulus", "stimulus", f"service-state {json.dumps(SERVICE[0])}", f"service-state {json.dumps(SERVICE[1])}"
    )
    assert not undo(stage, entry)
