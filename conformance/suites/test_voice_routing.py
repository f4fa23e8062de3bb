"""Voice: where calls ring (forwarding, Do Not Disturb, queues), and how sessions begin and end."""

from __future__ import annotations

import pytest

from conformance.driver.calls import act, connect, gather, know_devices, live, look, ring, until
from conformance.driver.play import Play
from conformance.driver.probes import ask, attempt, own_session, refuse, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "voice"
pytestmark = pytest.mark.gws_area(AREA)

VOICE, STATE = ("api-voice",), ("state",)


def _device(scene: Scene, role: str, name: str, **given: object) -> None:
    scene.perform(f"voice.{name}", role=role, case="positive", parameters=given, label=f"{role} {name}", plain=True)


def _dial_and_listen(scene: Scene, label: str) -> None:
    """Calls the second agent and listens where that leads, without knowing: nobody need answer."""
    given = {"destination": {"phoneNumber": "${second.phoneNumber}"}}
    start = scene.stage.recorder.last_seq
    ask(scene, "voice.Dial", given, case="probe", label=label)
    wait_for(scene, "self", "outcome of a call", lambda data: "call" in data or "ErrorMessage" in str(data), start)
    scene.quiet()


@story("voice.forwarding[rings-there]", "voice.ForwardCallsOn", features=VOICE, hazards=STATE)
def forwarding(scene: Scene) -> None:
    """While a device forwards its calls they ring at the destination, afterwards at the device again."""
    gather(scene, "self", "second", "third")
    know_devices(scene, "self", "second", "third")
    _device(scene, "second", "ForwardCallsOn", destination="${third.phoneNumber}")
    _dial_and_listen(scene, "a call to the forwarded device")
    wait_for(scene, "third", "forwarded call", resource_with("call", {"state": "Ringing"}))
    act(scene, "self", "Hangup", label="caller gives up")
    scene.quiet()
    _device(scene, "second", "ForwardCallsOff")
    ring(scene, "self", "second", label="a call after the forwarding")


@story("voice.dnd[keeps-calls-away]", "voice.DoNotDisturbOn", features=VOICE, hazards=STATE)
def dnd(scene: Scene) -> None:
    """A device with Do Not Disturb on does not ring, and rings again when it is off."""
    gather(scene, "self", "second")
    know_devices(scene, "self", "second")
    _device(scene, "second", "DoNotDisturbOn")
    _dial_and_listen(scene, "a call to the device that is not to be disturbed")
    call = scene.resource("call")
    if call is not None and call.get("state") != "Released":
        scene.perform("voice.Hangup", on="call", label="caller gives up")
    _device(scene, "second", "DoNotDisturbOff")
    ring(scene, "self", "second", label="a call afterwards")


@story("voice.queue[reject-returns]", "voice.Reject", features=VOICE, hazards=STATE, next_agent=True)
def reject_returns(scene: Scene) -> None:
    """A call that an agent rejects goes back to its queue and rings again while its caller waits on."""
    gather(scene, "self", "second", "third")
    scene.reach("queue-call", "QueueRinging")
    scene.perform("voice.Ready", role="third", label="another agent is ready")
    start = scene.stage.recorder.last_seq
    act(scene, "self", "Reject")
    uuid = (scene.resource("call", "second") or {}).get("callUuid")
    wait_for(scene, "third", "returned call", resource_with("call", {"state": "Ringing", "callUuid": uuid}), start)
    live(scene, "third", state="Ringing")
    act(scene, "third", "Answer", label="the other agent answers")
    until(scene, "second", state="Established")
    look(scene, "self", "second", "third", label="answered after the rejection")
    scene.perform("voice.NotReady", role="third", label="as before")


@story("voice.queue[reject-direct]", "voice.Reject", features=VOICE, hazards=STATE)
def reject_direct(scene: Scene) -> None:
    """A direct call cannot be rejected: it rings on, and can be answered."""
    gather(scene, "self", "second")
    ring(scene, "second", "self")
    attempt(scene, "voice.Reject", on="call", label="reject a direct call")
    act(scene, "self", "Answer", label="it still rings")
    until(scene, "second", state="Established")


@story("voice.session[refusals]", "voice.StartContactCenterSession", features=VOICE, hazards=STATE)
def session_refusals(scene: Scene) -> None:
    """A session with a work mode, a place, a device or a channel that does not exist is refused and does not start."""
    actor = scene.actor("self")
    scene.stage.end_session(actor)
    scene.actor("self", session=False)
    given = {"channels": ["voice"]}
    operation = "voice.StartContactCenterSession"
    refuse(scene, "invalid-value", operation, {**given, "workmode": "aManualIn"}, label="work mode")
    refuse(scene, "unknown-place", operation, {**given, "place": "no-such-place"}, label="place")
    refuse(scene, "unknown-place", operation, {**given, "devicePath": "/devices/no-such-device"}, label="device")
    refuse(scene, "missing-parameter", operation, {}, label="no channels")
    refuse(scene, "wrong-type", operation, {"channels": "voice"}, label="channels as text")


@story("voice.session[repeated]", "voice.StartContactCenterSession", features=VOICE, hazards=STATE)
def session_repeated(scene: Scene) -> None:
    """An agent who is logged in already is not logged in again: success, and nothing is notified."""
    scene.reach("agent-state", "Ready")
    ask(scene, "voice.StartContactCenterSession", {"channels": ["voice"]}, label="once more", listen=True)
    ask(scene, "voice.ListDevices", {"fields": "*"}, case="probe", label="still ready")


@story("voice.session[end-on-a-call]", "voice.EndContactCenterSession", features=VOICE, hazards=STATE)
def session_end_on_call(scene: Scene) -> None:
    """A session that ends during a call logs the agent out; whoever is left agrees on who is in the call."""
    gather(scene, "self", "second")
    connect(scene, "self", "second")
    actor = scene.actor("self")
    ask(scene, "voice.EndContactCenterSession", label="end during a call")
    scene.quiet()
    scene.stage.session_ended(actor)
    with own_session(scene) as http:
        ask(scene, "voice.ListDevices", {"fields": "*"}, http=http, case="probe", label="the device afterwards")
    look(scene, "second", label="the party that is left")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Where calls ring, and sessions."""
    told.play(play)
