"""Ctrl-C, SIGTERM and kill -9 in mid-run; judging and cleaning up afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance.cli.interruption import Interruption
from conformance.cli.playing import Player
from conformance.driver.probes import ask
from conformance.driver.scene import Scene
from conformance.opening import Plan
from conformance.session import Session
from conformance.session import finish as finish_scenario
from conformance.simulator.contacts import state_of
from conformance.simulator.models import Device
from conformance.simulator.seed import target_toml
from conformance.simulator.server import Running, running
from conformance.wire.recorder import Recorder
from tests.cli.cli_support import call, children, finish, lives, open_entries, read_results, start, until

# Scenarios that are long enough to be interrupted, and enough of them.
LONG = ("run", "--area", "voice", "-k", "transition")


def begin(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], list[int]]:
    """A run that has played a little, and the processes that it started."""
    process = start(*LONG, "--output", "out", *arguments, cwd=folder)
    timeline = folder / "out" / "timeline.ndjson"

    def playing() -> bool:
        assert process.poll() is None, process.communicate()
        return timeline.exists() and timeline.read_bytes().count(b'"kind":"scenario.end"') >= 2

    until(playing, "a run in mid-scenario")
    return process, children(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_cleans_up_and_reports(tmp_path: Path, number: int) -> None:
    process, started = begin(tmp_path)
    assert started, "the bundled server runs"
    # To the whole group, as a terminal does it.
    os.killpg(process.pid, number)
    said = finish(process)
    assert said.code == 130, said
    assert "cleaning up and writing the reports" in said.err
    assert "Verdict: INTERRUPTED" in said.out
    assert not [pid for pid in started if lives(pid)]
    results = read_results(tmp_path / "out")
    assert (results["verdict"], results["run"]["interrupted"], results["exitCode"]) == ("interrupted", True, 130)
    assert results["counts"]["passed"] > 0
    assert [kind for kind, _ in open_entries(tmp_path / "out") if kind == "session"] == []
    lines = (tmp_path / "out" / "timeline.ndjson").read_text("utf-8").splitlines()
    assert json.loads(lines[-1])["kind"] == "run.end"
    again = call("judge", str(tmp_path / "out"), "--json")
    assert again.json["checks"] == results["checks"]
    assert again.code == 130


def test_the_second_signal_stops_at_once(tmp_path: Path) -> None:
    process, started = begin(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    said = finish(process, 30)
    if "stopped at once" not in said.err:  # both arrived before Python looked: they were one
        assert said.code == 130
        return
    assert said.code == 130
    assert "gws-conformance cleanup out" in said.err
    until(lambda: not [pid for pid in started if lives(pid)], "the end of the bundled server")


def test_the_hint_of_the_second_signal_names_the_target(tmp_path: Path, simulator: Running) -> None:
    """`cleanup` needs it, and whoever stopped the run has it no more."""
    (tmp_path / "t.toml").write_text(target_toml(simulator.base_url), "utf-8")
    process, _ = begin(tmp_path, "--target", "t.toml")
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)
    said = finish(process, 30)
    assert said.code == 130
    if "stopped at once" in said.err:  # else both arrived before Python looked: they were one
        assert "gws-conformance cleanup out --target t.toml" in said.err


def test_after_kill_9_the_rest_can_be_judged_and_cleaned_up(tmp_path: Path, simulator: Running) -> None:
    process, _ = begin(tmp_path, "--base-url", simulator.base_url)
    process.kill()
    finish(process)
    folder = tmp_path / "out"
    assert not (folder / "results.json").exists()

    judged = call("judge", str(folder / "timeline.ndjson"), "--output", str(tmp_path / "judged"))
    assert judged.code == 130
    results = read_results(tmp_path / "judged")
    assert results["verdict"] == "interrupted"
    assert any("was killed" in reason for reason in results["reasons"])
    assert results["counts"]["passed"] > 0

    left = open_entries(folder)
    assert "session" in [kind for kind, _ in left]
    without = call("cleanup", str(folder))
    assert without.code == 2
    assert "--target" in without.err
    elsewhere = call("cleanup", str(folder), "--base-url", "http://127.0.0.1:1")
    assert elsewhere.code == 2
    assert open_entries(folder) == left
    done = call("cleanup", str(folder), "--base-url", simulator.base_url, "--json")
    assert done.code == 0, done
    assert len(done.json["undone"]) == len(left)
    assert done.json["left"] == []
    assert open_entries(folder) == []
    assert "nothing is left" in call("cleanup", str(folder), "--base-url", simulator.base_url).out


class Killed(BaseException):
    """The process is no more."""


@contextmanager
def killed(simulator: Running, folder: Path) -> Iterator[Scene]:
    """A scene of a run that is killed at the end of the block: nothing is cleaned up, nothing ended."""
    session = Session.open(Plan(base_url=simulator.base_url, output=folder))
    scene = session.play("killed", "voice", "killed").scene(operation="")
    with contextlib.suppress(Killed):
        yield scene
    for actor in session.stage.opened():
        if actor.cometd is not None:
            actor.cometd.abandon()
        actor.http.close()
    session.recorder.close()


def die_after(scene: Scene, monkeypatch: pytest.MonkeyPatch, method: str, path: str, *, role: str = "self") -> None:
    """Lets the process die when a request has reached the server and before its reply is read."""
    http = scene.actor(role).http
    request = http.request

    def dying(*given: Any, **options: Any) -> Any:
        reply = request(*given, **options)
        if given == (method, path):
            raise Killed
        return reply

    monkeypatch.setattr(http, "request", dying)


def clean(simulator: Running, folder: Path) -> list[str]:
    """Cleans up after a killed run, until nothing is left; the kinds of what was undone."""
    said = call("cleanup", str(folder), "--base-url", simulator.base_url, "--json")
    assert (said.code, said.json["left"]) == (0, []), said
    assert open_entries(folder) == []
    return [item["kind"] for item in said.json["undone"]]


def device_of(scene: Scene, simulator: Running, role: str = "self") -> Device:
    """The bundled server's own idea of a device."""
    known = scene.actor(role).device
    assert known is not None
    return simulator.world.devices[known["id"]]


@pytest.mark.parametrize(
    ("name", "given"), [("DoNotDisturbOn", {}), ("ForwardCallsOn", {"destination": "${second.phoneNumber}"})]
)
@pytest.mark.parametrize("before", [None, "5003"])
def test_a_killed_run_diverts_no_device(
    tmp_path: Path, simulator: Running, name: str, given: dict[str, str], before: str | None
) -> None:
    """A device that was forwarded before the run is forwarded to the same number again, any other rings."""
    with killed(simulator, tmp_path / "out") as scene:
        scene.actor("second")
        known = scene.actor("self", session=False).device
        assert known is not None
        device = simulator.world.devices[known["id"]]
        scene.stage.opened()[0].me = {}  # what it shows is read anew
        device.forward_to = before
        assert (device_of(scene, simulator), device.forward_to) == (device, None)  # the run needs one that rings
        scene.perform(f"voice.{name}", parameters=given)
        until(lambda: (device.do_not_disturb, device.forward_to) != ("Off", None), "the setting")
    assert "device" in clean(simulator, tmp_path / "out")
    until(lambda: (device.do_not_disturb, device.forward_to) == ("Off", before), "the device as it was")
    device.forward_to = None


def test_a_killed_run_monitors_nobody(tmp_path: Path, simulator: Running) -> None:
    with killed(simulator, tmp_path / "out") as scene:
        scene.actor("second")
        device = device_of(scene, simulator, "supervisor")
        scene.perform("voice.ListenIn", role="supervisor", parameters={"targetDeviceUri": "${second.device.uri}"})
        until(lambda: device.id in simulator.world.voice.monitors, "the monitoring")
        noted = open_entries(tmp_path / "out")
    assert ("device", f"{device.id}/supervisorMonitoringState") in noted
    clean(simulator, tmp_path / "out")
    assert device.id not in simulator.world.voice.monitors


def test_a_contact_whose_creation_was_not_answered_is_found_by_its_name(
    tmp_path: Path, simulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(state_of(simulator.world).custom)
    with killed(simulator, tmp_path / "out") as scene:
        die_after(scene, monkeypatch, "POST", "/contacts")
        ask(scene, "contacts.Create", {"name": "Conformance ${unique}", "phoneNumber": "123-456-7899"})
    assert len(state_of(simulator.world).custom) == before + 1
    assert "contact-name" in clean(simulator, tmp_path / "out")
    assert len(state_of(simulator.world).custom) == before


def test_a_session_whose_beginning_was_not_answered_is_ended(
    tmp_path: Path, simulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(simulator, tmp_path / "out") as scene:
        actor = scene.actor("self", session=False)
        request = actor.http.request

        def dying(*given: Any, **options: Any) -> Any:
            reply = request(*given, **options)
            if given == ("POST", "/me"):
                raise Killed
            return reply

        monkeypatch.setattr(actor.http, "request", dying)
        scene.actor("self")
    assert clean(simulator, tmp_path / "out") == ["session"]
    assert actor.me["id"] not in simulator.world.voice.sessions


def test_a_customers_chat_that_nobody_has_taken_is_ended(tmp_path: Path, simulator: Running) -> None:
    with killed(simulator, tmp_path / "out") as scene:
        scene.stage.customer_request(
            "POST", "/chats", {"operationName": "RequestChat", "nickname": "C", "subject": "s"}
        )
    assert "customer-chat" in clean(simulator, tmp_path / "out")


def test_a_call_that_nobody_was_told_of_is_ended(
    tmp_path: Path, simulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rings at the other agent when the run dies."""
    with killed(simulator, tmp_path / "out") as scene:
        scene.actor("second")
        die_after(scene, monkeypatch, "POST", "/me/calls")
        scene.perform("voice.Dial", parameters={"destination": {"phoneNumber": "${second.phoneNumber}"}})
    ids = list(simulator.world.devices)
    until(lambda: any(simulator.world.voice.parties_of(simulator.world.devices[item]) for item in ids), "the call")
    assert "calls" in clean(simulator, tmp_path / "out")
    assert not any(simulator.world.voice.parties_of(simulator.world.devices[item]) for item in ids)


def test_another_deployment_is_refused(tmp_path: Path, simulator: Running) -> None:
    """It knows nothing of what was made, and would call it gone."""
    with killed(simulator, tmp_path / "out") as scene:
        scene.actor("self")
    left = open_entries(tmp_path / "out")
    with running() as other:
        said = call("cleanup", str(tmp_path / "out"), "--base-url", other.base_url)
        assert said.code == 2
        assert simulator.base_url in said.err
        assert other.base_url in said.err
    assert open_entries(tmp_path / "out") == left != []
    clean(simulator, tmp_path / "out")


def test_a_signal_waits_for_what_it_must_not_cut() -> None:
    said: list[str] = []
    with Interruption(said.append, lambda: said.append("at once")) as interruption:
        done = False
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what happens inside is the point
            with interruption.protect():
                signal.raise_signal(signal.SIGINT)
                done = True
            pytest.fail("the signal was lost")
        assert done
        assert interruption.requested
        signal.raise_signal(signal.SIGINT)
        assert said[-1] == "at once"


def test_a_signal_waits_for_the_recorder(tmp_path: Path) -> None:
    """It comes in the middle of writing a line, and takes effect once the line is there."""

    class Slow(Recorder):
        def _write(self, line: bytes) -> None:
            if b"note" in line:
                signal.raise_signal(signal.SIGINT)
            super()._write(line)

    # Its frames must look like the recorder's own.
    code = Slow._write.__code__.replace(co_filename=Recorder.__init__.__code__.co_filename)
    Slow._write.__code__ = code
    recorder = Slow(tmp_path / "timeline.ndjson")
    with Interruption(lambda _: None, lambda: None):
        recorder.record("note", {"text": "written in full"})
        with pytest.raises(KeyboardInterrupt):
            threading.Event().wait(10)
    recorder.close()
    kinds = [json.loads(line)["kind"] for line in (tmp_path / "timeline.ndjson").read_text("utf-8").splitlines()]
    assert kinds == ["run.start", "note", "run.end"]


def test_a_scenario_that_is_over_keeps_its_verdicts(
    tmp_path: Path, simulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes when its end is in the timeline and its verdicts have not been told yet."""
    heard: list[str] = []
    with Interruption(lambda _: None, lambda: None) as interruption:
        plan = Plan(base_url=simulator.base_url, output=tmp_path / "out")
        session = Session.open(plan, protect=interruption.protect)
        session.on_ending = lambda ending: heard.extend(finding.verdict for finding in ending.findings)
        play = session.play("the only one", "basics", "the only one")
        play.perform("basics.ListFeatures")
        judge = session.judged.add

        def judge_interrupted(*given: Any) -> Any:
            signal.raise_signal(signal.SIGINT)
            return judge(*given)

        monkeypatch.setattr(session.judged, "add", judge_interrupted)
        with pytest.raises(KeyboardInterrupt):
            finish_scenario(session, play, None)
        session.interrupted = True
        session.close()
    results = read_results(tmp_path / "out")
    assert heard == [check["verdict"] for check in results["checks"]] != []
    assert call("judge", str(tmp_path / "out"), "--json").json["checks"] == results["checks"]


def test_an_interruption_that_python_dropped_takes_effect_after_the_scenario() -> None:
    """What a signal handler raises inside a finalizer is printed and dropped."""
    player = Player(lambda _: pytest.fail("nothing is to be opened"), interrupted=lambda: True)
    with pytest.raises(KeyboardInterrupt):
        player.pytest_runtest_logfinish("a scenario")
    Player(lambda _: pytest.fail("nothing is to be opened")).pytest_runtest_logfinish("a scenario")


def test_while_reports_are_written_a_signal_changes_nothing() -> None:
    said: list[str] = []
    with Interruption(said.append, lambda: said.append("at once")) as interruption:
        interruption.closing = True
        signal.raise_signal(signal.SIGINT)
        assert "reports are being written" in said[0]


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interruption(lambda _: None, lambda: None):
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
