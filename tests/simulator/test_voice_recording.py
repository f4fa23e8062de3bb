"""StartCallRecording, PauseCallRecording, ResumeCallRecording, StopCallRecording."""

from __future__ import annotations

import pytest

from tests.simulator.voice_support import DIALING, ESTABLISHED, HELD, INCORRECT, RINGING, Bench, talk

START, PAUSE = "StartCallRecording", "PauseCallRecording"
RESUME, STOP = "ResumeCallRecording", "StopCallRecording"


@pytest.fixture
def bench() -> Bench:
    return Bench(recording=True)


def test_the_recording_passes_through_its_states(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    assert one.call(call)["recordingState"] == "Stopped"
    assert one.capabilities(call) == ESTABLISHED | {START}
    for operation, state, offers, sign in (
        (START, "Recording", {PAUSE, STOP}, "ON"),
        (PAUSE, "Paused", {RESUME, STOP}, "PAUSED"),
        (RESUME, "Recording", {PAUSE, STOP}, "ON"),
        (PAUSE, "Paused", {RESUME, STOP}, "PAUSED"),
        (STOP, "Stopped", {START}, "OFF"),
        (START, "Recording", {PAUSE, STOP}, "ON"),
        (STOP, "Stopped", {START}, "OFF"),
    ):
        assert one.do(operation, call).body == {"statusCode": 0}
        for actor in (one, two):
            (event,) = actor.events()
            assert event["notificationType"] == "CallRecordingStateChange"
            assert event["call"]["recordingState"] == state
            assert set(event["call"]["capabilities"]) == ESTABLISHED | offers
            assert event["call"]["userData"]["GSIP_RECORD"] == sign


@pytest.mark.parametrize(
    ("reached_by", "refused"),
    [([], [PAUSE, RESUME, STOP]), ([START], [START, RESUME]), ([START, PAUSE], [START, PAUSE])],
)
def test_what_the_recording_does_not_offer_is_refused(bench: Bench, reached_by: list[str], refused: list[str]) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    for operation in reached_by:
        one.do(operation, call)
    one.events()
    before = one.call(call)["recordingState"]
    for operation in refused:
        one.do(operation, call)
        assert one.story() == [INCORRECT]
    assert one.call(call)["recordingState"] == before


def test_where_recording_is_offered(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = one.dial(two.number)
    assert one.capabilities(call) == DIALING
    assert two.capabilities(call) == RINGING | {START}
    two.do("Answer", call)
    two.do("Hold", call)
    assert two.capabilities(call) == HELD | {START}


def test_recording_stops_with_the_call(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do(START, call)
    one.events()
    one.do("Hangup", call)
    (event,) = one.events()
    assert event["call"]["recordingState"] == "Stopped"


def test_without_the_feature_there_is_no_recording() -> None:
    bench = Bench()
    one, two = bench.agents[:2]
    call = talk(one, two)
    assert "recordingState" not in one.call(call)
    assert one.do(START, call).code == 2
    assert one.events() == []
