"""Voice: conferences of three, chains of transfers, two calls of one agent; after each step everybody's view agrees."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.calls import act, connect, gather, live, look, pick_up, told_released, until
from conformance.driver.play import Play
from conformance.driver.probes import attempt, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "voice"
pytestmark = pytest.mark.gws_area(AREA)

VOICE, STATE = ("api-voice",), ("state",)
ALL = ("self", "second", "third")
TO_THIRD: dict[str, Any] = {"destination": {"phoneNumber": "${third.phoneNumber}"}}


def _sees(scene: Scene, role: str, number_of: str) -> None:
    """Waits until a role has been told that another one is in its call."""
    number = (scene.actor(number_of).device or {}).get("phoneNumber")
    wait_for(scene, role, "participant", lambda data: f"'{number}'" in str(data.get("call", {})))


def _of_three(scene: Scene) -> None:
    """A call of two becomes a conference of three by a consultation."""
    gather(scene, *ALL)
    connect(scene, "self", "second")
    act(scene, "self", "InitiateConference", **TO_THIRD)
    live(scene, "self", "consult", state="Dialing")
    pick_up(scene, "third", label="third answers the consultation")
    until(scene, "self", "consult", state="Established")
    scene.quiet()
    consult = scene.bound("consult") or ""
    act(scene, "self", "CompleteConference", on="consult")
    told_released(scene, "self", consult)
    until(scene, "self", state="Established")
    _sees(scene, "second", "third")
    scene.quiet()
    live(scene, "third", state="Established")


@story("voice.conference[remove-participant]", "voice.RemoveParticipantFromConference", features=VOICE, hazards=STATE)
def remove_participant(scene: Scene) -> None:
    """The owner of a conference removes a party: that one's call is over, the two others go on."""
    _of_three(scene)
    look(scene, *ALL, label="conference of three")
    third = scene.bound("call", "third") or ""
    act(scene, "self", "RemoveParticipantFromConference", participant="${third.phoneNumber}")
    told_released(scene, "third", third)
    look(scene, *ALL, label="back to two")
    act(scene, "self", "Hold", label="the two go on")


@story("voice.conference[not-the-owner]", "voice.RemoveParticipantFromConference", features=VOICE, hazards=STATE)
def not_the_owner(scene: Scene) -> None:
    """A party that does not own the conference cannot remove another one."""
    _of_three(scene)
    given = {"participant": "${third.phoneNumber}"}
    attempt(scene, "voice.RemoveParticipantFromConference", given, role="second", on="call", label="by a participant")
    look(scene, *ALL, label="still three")


@story("voice.conference[clear]", "voice.ClearCall", features=VOICE, hazards=STATE)
def clear(scene: Scene) -> None:
    """Any agent of a conference ends it for everybody."""
    _of_three(scene)
    calls = {role: scene.bound("call", role) or "" for role in ALL}
    act(scene, "second", "ClearCall", label="a participant clears the call")
    for role, identifier in calls.items():
        told_released(scene, role, identifier)
    look(scene, *ALL, label="nobody is left")


@story("voice.conference[leave]", "voice.Hangup", features=VOICE, hazards=STATE)
def leave(scene: Scene) -> None:
    """A party leaves a conference of three, even its owner, and the two others go on."""
    _of_three(scene)
    own = scene.bound("call") or ""
    act(scene, "self", "Hangup", label="the owner leaves")
    told_released(scene, "self", own)
    look(scene, *ALL, label="two are left")
    act(scene, "second", "Hold", label="the two go on")


@story("voice.conference[single-step]", "voice.SingleStepConference", features=VOICE, hazards=STATE)
def single_step(scene: Scene) -> None:
    """A party is added without a consultation; once it has answered, all three are in one call."""
    gather(scene, *ALL)
    connect(scene, "self", "second", userData={"CustomerSegment": "Gold"})
    act(scene, "self", "SingleStepConference", **TO_THIRD)
    pick_up(scene, "third")
    _sees(scene, "second", "third")
    look(scene, *ALL, label="conference of three")
    act(scene, "third", "Hangup", label="the added party leaves")
    look(scene, *ALL, label="back to two")


@story("voice.transfer[chain]", "voice.SingleStepTransfer", features=VOICE, hazards=STATE)
def chain(scene: Scene) -> None:
    """A call is handed from agent to agent and back: each time two are in it, and the one before is out."""
    gather(scene, *ALL)
    connect(scene, "self", "second", userData={"CustomerSegment": "Gold"})
    second = scene.bound("call", "second") or ""
    act(scene, "second", "SingleStepTransfer", **TO_THIRD, label="second hands over to third")
    told_released(scene, "second", second)
    pick_up(scene, "third")
    _sees(scene, "self", "third")
    look(scene, *ALL, label="caller and third")
    third = scene.bound("call", "third") or ""
    back: dict[str, Any] = {"destination": {"phoneNumber": "${second.phoneNumber}"}}
    act(scene, "third", "SingleStepTransfer", **back, label="third hands back to second")
    told_released(scene, "third", third)
    pick_up(scene, "second")
    look(scene, *ALL, label="caller and second")


@story("voice.transfer[two-step]", "voice.CompleteTransfer", features=VOICE, hazards=STATE)
def two_step(scene: Scene) -> None:
    """A consulted transfer connects the two others and releases both calls of the agent in the middle."""
    gather(scene, *ALL)
    connect(scene, "second", "self", userData={"CustomerSegment": "Gold"})
    act(scene, "self", "InitiateTransfer", **TO_THIRD)
    live(scene, "self", "consult", state="Dialing")
    pick_up(scene, "third", label="third answers the consultation")
    until(scene, "self", "consult", state="Established")
    look(scene, *ALL, label="during the consultation")
    own = [scene.bound(binding) or "" for binding in ("call", "consult")]
    act(scene, "self", "CompleteTransfer", on="consult")
    for identifier in own:
        told_released(scene, "self", identifier)
    _sees(scene, "second", "third")
    look(scene, *ALL, label="caller and target")


@story("voice.transfer[before-answer]", "voice.CompleteTransfer", features=VOICE, hazards=STATE)
def before_answer(scene: Scene) -> None:
    """A transfer is completed while the target still rings; the target answers and both are connected."""
    gather(scene, *ALL)
    connect(scene, "second", "self")
    act(scene, "self", "InitiateTransfer", **TO_THIRD)
    live(scene, "self", "consult", state="Dialing")
    live(scene, "third", state="Ringing")
    scene.quiet()
    own = [scene.bound(binding) or "" for binding in ("call", "consult")]
    act(scene, "self", "CompleteTransfer", on="consult")
    for identifier in own:
        told_released(scene, "self", identifier)
    scene.quiet()
    pick_up(scene, "third", label="the target answers afterwards")
    look(scene, *ALL, label="caller and target")


@story("voice.twoCalls[swap]", "voice.SwapCalls", features=VOICE, hazards=STATE)
def swap(scene: Scene) -> None:
    """An agent with two calls goes from one to the other and ends one; the other one stays."""
    gather(scene, *ALL)
    connect(scene, "self", "second")
    act(scene, "self", "Hold")
    act(scene, "self", "Dial", on="device", **TO_THIRD, label="a second call")
    live(scene, "self", "consult", state="Dialing")
    pick_up(scene, "third")
    until(scene, "self", "consult", state="Established")
    look(scene, *ALL, label="two calls")
    for label in ("to the first", "back to the second"):
        scene.quiet()
        now, other = ("consult", "call") if label == "to the first" else ("call", "consult")
        act(scene, "self", "SwapCalls", on=now, otherCallUri=f"${{{other}.uri}}", label=label)
        wait_for(scene, "self", "swapped call", resource_with("call", {"state": "Established"}))
    scene.quiet()
    look(scene, *ALL, label="after the swaps")
    third = scene.bound("call", "third") or ""
    act(scene, "self", "Hangup", on="consult", label="the second call ends")
    told_released(scene, "third", third)
    scene.quiet()
    act(scene, "self", "Retrieve", on="call", label="the first one is taken back")
    look(scene, *ALL, label="one call is left")


@story("voice.twoCalls[merge]", "voice.MergeWithOtherCall", features=VOICE, hazards=STATE)
def merge(scene: Scene) -> None:
    """Two calls of an agent are merged: whoever is in the call afterwards sees the others in it."""
    scene.reach("second-call", "SecondEstablished")
    scene.quiet()
    act(scene, "self", "MergeWithOtherCall", on="consult", otherCallUri="${call.uri}")
    _sees(scene, "second", "third")
    look(scene, *ALL, label="merged")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Conferences, transfers and second calls."""
    told.play(play)
