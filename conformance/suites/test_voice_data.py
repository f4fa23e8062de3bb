"""Voice: user data as all parties see it, dispositions, tones, recordings."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.calls import act, connect, gather, live, told_released, until
from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "voice"
pytestmark = pytest.mark.gws_area(AREA)

VOICE, STATE = ("api-voice",), ("state",)


def _both(scene: Scene, **values: Any) -> None:
    """Waits until both parties have been told of these members of the call, so that the next change builds on them."""
    for role in ("self", "second"):
        until(scene, role, **values)


@story("voice.userData[two-parties]", "voice.UpdateUserData", features=VOICE, hazards=STATE)
def user_data(scene: Scene) -> None:
    """What either party attaches, changes and deletes adds up, and both parties see it."""
    gather(scene, "self", "second")
    connect(scene, "self", "second", userData={"CustomerSegment": "Gold", "Language": "French"})
    act(scene, "self", "AttachUserData", userData={"AccountNumber": "12345"})
    _both(scene, **{"userData.AccountNumber": "12345"})
    act(scene, "second", "UpdateUserData", userData={"CustomerSegment": "Silver"})
    _both(scene, **{"userData.CustomerSegment": "Silver"})
    act(scene, "self", "UpdateUserData", userData={"AccountNumber": "67890", "POC": "New Service"}, label="two keys")
    _both(scene, **{"userData.POC": "New Service"})
    act(scene, "second", "DeleteUserDataPair", key="CustomerSegment")
    _both(scene, **{"userData.CustomerSegment": None, "userData.POC": "New Service"})
    act(scene, "self", "DeleteUserData")
    _both(scene, **{"userData.POC": None})
    act(scene, "second", "AttachUserData", userData={"Fresh": "start"}, label="after the deletion")
    _both(scene, **{"userData.Fresh": "start"})


@story("voice.userData[held]", "voice.UpdateUserData", features=VOICE, hazards=STATE)
def held_user_data(scene: Scene) -> None:
    """The data of a held call changes as that of an established one does, and is there after the retrieval."""
    gather(scene, "self", "second")
    connect(scene, "self", "second", userData={"CustomerSegment": "Gold"})
    act(scene, "self", "Hold")
    act(scene, "self", "UpdateUserData", userData={"POC": "Complaint"})
    _both(scene, **{"userData.POC": "Complaint"})
    act(scene, "self", "Retrieve")
    act(scene, "second", "UpdateUserData", userData={"CustomerSegment": "Silver"})


@story("voice.disposition[active]", "voice.SetCallDisposition", features=VOICE, hazards=STATE)
def active_disposition(scene: Scene) -> None:
    """The disposition of an active call goes into its user data under the given key, beside what is there."""
    gather(scene, "self", "second")
    connect(scene, "self", "second", userData={"CustomerSegment": "Gold"})
    operation = scene.contract.operations["voice.SetCallDisposition"]
    for example in operation.examples:
        if example.notifications != ():  # the one without any is for a call that is over
            scene.perform(operation.id, case="positive", example=example, on="call", label=example.name)
            scene.quiet()


@story("voice.disposition[released]", "voice.SetCallDisposition", features=VOICE, hazards=STATE)
def released_disposition(scene: Scene) -> None:
    """The disposition of a released call is accepted, and nothing is notified."""
    gather(scene, "self", "second")
    connect(scene, "self", "second")
    act(scene, "self", "Hangup")
    told_released(scene, "second", scene.bound("call", "second") or "")
    scene.quiet()
    operation = scene.contract.operations["voice.SetCallDisposition"]
    example = next((item for item in operation.examples if item.notifications == ()), None)
    if example is None:
        raise Untestable("the contract has no example for a call that is over")
    scene.perform(operation.id, case="positive", example=example, on="call", label="released")
    scene.quiet()


@story("voice.dtmf[several]", "voice.SendDtmf", features=VOICE, hazards=STATE)
def tones(scene: Scene) -> None:
    """One digit and several are sent, one after the other, each confirmed."""
    gather(scene, "self", "second")
    connect(scene, "self", "second")
    for digits in ("5", "0123456789", "911"):
        act(scene, "self", "SendDtmf", digits=digits, label=f"digits {digits}")


@story("voice.recording[cycle]", "voice.StartCallRecording", features=(*VOICE, "api-voice-recording"), hazards=STATE)
def recording(scene: Scene) -> None:
    """A recording starts, pauses, resumes, stops, and starts again; the call says so each time."""
    gather(scene, "self", "second")
    connect(scene, "self", "second")
    for name in ("Start", "Pause", "Resume", "Stop", "Start", "Pause", "Stop"):
        act(scene, "self", f"{name}CallRecording")


@story("voice.mute[conference]", "voice.MuteCall", features=VOICE, hazards=STATE)
def mute(scene: Scene) -> None:
    """A party of a conference mutes and unmutes itself, more than once."""
    gather(scene, "self", "second", "third")
    connect(scene, "self", "second")
    act(scene, "self", "SingleStepConference", destination={"phoneNumber": "${third.phoneNumber}"})
    live(scene, "third", state="Ringing")
    act(scene, "third", "Answer")
    until(scene, "third", state="Established")
    scene.quiet()
    for name in ("MuteCall", "UnmuteCall", "MuteCall"):
        act(scene, "self", name)


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Data of calls."""
    told.play(play)
