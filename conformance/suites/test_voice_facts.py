"""Voice: what a call says of itself, states that are asked for twice, monitoring that ends with the agent."""

from __future__ import annotations

import itertools

import pytest

from conformance.driver.calls import act, connect, gather, know_devices, live, look, told_released, until
from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.probes import ask, refuse, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "voice"
pytestmark = pytest.mark.gws_area(AREA)

VOICE, STATE = ("api-voice",), ("state",)
MONITORED = (*VOICE, "api-supervisor-monitoring")
LOOKS = 12
"""How often a duration is read, a quarter of a second apart."""


@story("voice.list[released]", "voice.ListCalls", features=VOICE, hazards=STATE)
def released(scene: Scene) -> None:
    """A call is listed while it goes on, and no longer when it is over."""
    gather(scene, "self", "second")
    connect(scene, "self", "second")
    look(scene, "self", "second", label="during the call")
    calls = {role: scene.bound("call", role) or "" for role in ("self", "second")}
    act(scene, "self", "Hangup")
    for role, identifier in calls.items():
        told_released(scene, role, identifier)
    look(scene, "self", "second", label="afterwards")


@story("voice.states[repeated]", "voice.Ready", features=VOICE, hazards=STATE)
def repeated(scene: Scene) -> None:
    """An agent asks for the state that it is in already: that is accepted, whether it is told again or not."""
    gather(scene, "self")
    for name, other in (("Ready", "NotReady"), ("NotReady", "Ready")):
        scene.reach("agent-state", other)
        scene.perform(f"voice.{name}", label=f"{name} first", plain=True)
        scene.quiet()
        ask(scene, f"voice.{name}", case="probe", label=f"{name} again")
        scene.quiet()


@story("voice.inbound[customer]", "voice.Answer", features=VOICE, hazards=STATE)
def inbound(scene: Scene) -> None:
    """A call from outside says that it is one."""
    gather(scene, "self")
    number = (scene.actor("self").device or {}).get("phoneNumber")
    recorder = scene.stage.recorder
    recorder.begin_step({"operation": "", "case": "stimulus", "performer": "stimulus", "label": "a customer calls"})
    start = recorder.last_seq
    scene.binding = "call"
    try:
        scene.stage.stimulate("inbound-call", {"to": number})
        wait_for(scene, "self", "call from outside", resource_with("call", {"state": "Ringing"}), start)
    finally:
        recorder.end_step({})
    live(scene, "self", state="Ringing")
    act(scene, "self", "Answer")
    until(scene, "self", state="Established")
    act(scene, "self", "Hangup")


@story("voice.duration[counts]", "voice.ListCalls", features=VOICE, hazards=STATE)
def duration(scene: Scene) -> None:
    """The duration of a call grows while the call goes on. It is read until it does, for a few seconds at most."""
    gather(scene, "self", "second")
    connect(scene, "self", "second")
    scene.quiet()
    first = None
    for number in itertools.count(1):
        shown = ask(scene, "voice.ListCalls", {"fields": "*"}, case="probe", label=f"reading {number}")
        calls = shown.reply.json.get("calls") if isinstance(shown.reply.json, dict) else None
        seen = [call.get("duration") for call in calls or () if isinstance(call, dict)]
        first = seen if first is None else first
        if number == LOOKS or seen != first:
            break
        # Nothing is to come: the recorder's wait is the pause between two readings.
        scene.stage.recorder.wait(lambda _: False, after=scene.stage.recorder.last_seq, deadline=0.25)


@story("voice.disposition[other-key]", "voice.SetCallDisposition", features=VOICE, hazards=STATE)
def other_key(scene: Scene) -> None:
    """The disposition goes under the key that the request names, whatever the server's own key is."""
    gather(scene, "self", "second")
    connect(scene, "self", "second", userData={"CustomerSegment": "Gold"})
    printed = scene.contract.operations["voice.SetCallDisposition"].examples[0].parameters
    given = {**printed, "disposition": "Resolved", "dispositionKey": "ConformanceOutcome"}
    ask(scene, "voice.SetCallDisposition", given, case="probe", on="call", label="another key", listen=True)


@story("voice.dtmf[letters]", "voice.SendDtmf", features=VOICE, hazards=STATE)
def letters(scene: Scene) -> None:
    """Tones are digits: letters are refused."""
    gather(scene, "self", "second")
    connect(scene, "self", "second")
    refuse(scene, "invalid-value", "voice.SendDtmf", {"digits": "abc"}, on="call", label="letters")


@story("voice.public[ringing]", "voice.Dial", features=VOICE, hazards=STATE)
def public(scene: Scene) -> None:
    """A call that rings at a device of the public network is not to be answered by a request."""
    gather(scene, "self", "public")
    know_devices(scene, "self", "public")
    device = scene.actor("public").device or {}
    if device.get("telephonyNetwork") != "Public":
        raise Untestable("the device of the public_agent is not of the telephony network Public")
    start = scene.stage.recorder.last_seq
    given = {"destination": {"phoneNumber": str(device.get("phoneNumber"))}}
    scene.perform("voice.Dial", parameters=given, label="call to a public device", plain=True)
    wait_for(scene, "public", "ringing call", resource_with("call", {"state": "Ringing"}), start)
    scene.quiet()
    scene.perform("voice.Hangup", on="call", label="caller gives up")


def _monitored_transfer(scene: Scene, scope: str) -> None:
    """A supervisor listens in with a scope, and the monitored agent transfers the call."""
    gather(scene, "self", "second", "third", "supervisor")
    know_devices(scene, "self", "second", "third", "supervisor")
    given = {"targetDeviceUri": "${second.device.uri}", "supervisorMonitoringScope": scope}
    scene.perform("voice.ListenIn", role="supervisor", parameters=given, label=f"ListenIn {scope}", plain=True)
    scene.quiet()
    start = scene.stage.recorder.last_seq
    connect(scene, "self", "second")
    wait_for(scene, "supervisor", "monitored call", resource_with("call", {"state": "Established"}), start)
    act(scene, "second", "SingleStepTransfer", destination={"phoneNumber": "${third.phoneNumber}"})
    live(scene, "third", state="Ringing")
    act(scene, "third", "Answer")
    until(scene, "third", state="Established")
    scene.quiet()


@story("voice.monitoring[scope-agent]", "voice.ListenIn", features=MONITORED, hazards=STATE, monitored="second_agent")
def scope_agent(scene: Scene) -> None:
    """With the scope Agent the supervisor leaves the call together with the agent who transfers it."""
    _monitored_transfer(scene, "Agent")


@story("voice.monitoring[scope-call]", "voice.ListenIn", features=MONITORED, hazards=STATE, monitored="second_agent")
def scope_call(scene: Scene) -> None:
    """With the scope Call the supervisor stays in the call that the agent transfers."""
    _monitored_transfer(scene, "Call")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """What calls say."""
    told.play(play)
