"""What listening waits for, and for how long."""

from __future__ import annotations

import time
from typing import cast

from conformance.driver import waiting
from conformance.driver.scene import Scene
from tests.driver.driver_support import FakeCometd, QuietStage


def scene_with(silences: list[bool]) -> tuple[Scene, FakeCometd]:
    stage = QuietStage()
    stage.listening("agent")
    listener = cast(FakeCometd, stage.actor("agent").cometd)
    listener.silences = silences
    return Scene(stage, "s", {"self": "agent"}), listener


def test_a_listener_that_is_busy_with_what_has_come_is_waited_for() -> None:
    scene, listener = scene_with([False] * 5)
    waiting.quiet(scene)
    assert listener.silences == []


def test_a_listener_that_never_comes_to_its_turn_is_not_waited_for_without_end() -> None:
    scene, listener = scene_with([False] * 100_000)
    began = time.monotonic()
    waiting.quiet(scene)
    assert listener.silences, "it gave up before"
    assert time.monotonic() - began >= waiting.UNTOLD


def test_what_comes_while_listening_is_taken_in() -> None:
    scene, listener = scene_with([])
    scene.stage.recorder.record("http.error", {"exchange": 1, "error": "x"})  # the server was active just now
    call = {"id": "C1", "state": "Ringing", "capabilities": []}
    told = {"messageType": "CallStateChangeMessage", "notificationType": "StatusChange", "call": call}
    cast(QuietStage, scene.stage).tell("agent", told)
    waiting.quiet(scene)
    assert scene.bound("call") == "C1"
    assert listener.silent


def test_nothing_is_waited_for_where_the_target_asks_for_none() -> None:
    scene, listener = scene_with([False])
    scene.stage.tempo._least = 0.0
    waiting.quiet(scene)
    assert listener.silences == [False]
