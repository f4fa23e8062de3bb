"""Basics: state that is there already, toast and case data, back ends that go down, features that are taken away."""

from __future__ import annotations

import pytest

from conformance.driver.play import Play
from conformance.driver.plays import pick
from conformance.driver.probes import ask, provoke, refuse, resource_with, take_back, wait_for
from conformance.driver.scene import Scene
from conformance.driver.settings import keep_setting
from conformance.suites._stories import Story, stories, story

AREA = "basics"
pytestmark = pytest.mark.gws_area(AREA)

VOICE, CHAT = ("api-voice",), ("api-multimedia-chat",)
TOAST = [{"attachedDataKey": "CustomerName", "displayName": "Customer"}]
CASE = [*TOAST, {"attachedDataKey": "POC", "displayName": "Purpose of Call"}]
DATA = {"CustomerName": "Chris", "POC": "New Service", "Segment": "Gold"}


@story("basics.recovery[call]", "basics.GetMe", features=VOICE, hazards=("state",), recovery=True)
def recovery(scene: Scene) -> None:
    """Who starts late finds devices and calls, together with the user and on their own, and both agree."""
    scene.reach("call", "Established")
    scene.quiet()
    ask(scene, "basics.GetMe", {"subresources": "*"}, label="together")
    ask(scene, "voice.ListDevices", {"fields": "*"}, label="devices")
    ask(scene, "voice.ListCalls", {"fields": "*"}, label="calls")


@story("basics.recovery[held-and-second-call]", "basics.GetMe", features=VOICE, hazards=("state",), recovery=True)
def recovery_of_two(scene: Scene) -> None:
    """Two calls of one agent, one of them held, are found in both ways."""
    scene.reach("second-call", "SecondDialing")
    scene.quiet()
    ask(scene, "basics.GetMe", {"subresources": "*"}, label="together")
    ask(scene, "voice.ListDevices", {"fields": "*"}, label="devices")
    ask(scene, "voice.ListCalls", {"fields": "*"}, label="calls")


def _filtered_call(scene: Scene) -> None:
    for role in ("self", "second"):
        scene.actor(role)
    number = {"phoneNumber": "${second.phoneNumber}"}
    scene.perform("voice.Dial", case="positive", parameters={"destination": number, "userData": DATA}, label="dial")
    wait_for(scene, "second", "ringing call", resource_with("call", {"state": "Ringing"}))
    scene.perform("voice.Answer", role="second", case="positive", on="call", label="answer")
    wait_for(scene, "self", "established call", resource_with("call", {"state": "Established"}))
    scene.quiet()


@story("basics.toast[toast]", "basics.SetVoiceSetting", features=VOICE, hazards=("state", "configures"))
def toast(scene: Scene) -> None:
    """With a toast-filter, calls that dial and ring carry toast, and their user data stays whole."""
    keep_setting(scene, "voice", "toast-filter")
    ask(scene, "basics.SetVoiceSetting", {"name": "toast-filter", "value": TOAST}, role="admin")
    ask(scene, "basics.GetVoiceSettings", label="set")
    _filtered_call(scene)


@story("basics.toast[case]", "basics.SetVoiceSetting", features=VOICE, hazards=("state", "configures"))
def case(scene: Scene) -> None:
    """With a case-filter, established calls carry case data, ringing ones do not, and user data stays whole."""
    keep_setting(scene, "voice", "case-filter")
    ask(scene, "basics.SetVoiceSetting", {"name": "case-filter", "value": CASE}, role="admin")
    ask(scene, "basics.GetVoiceSettings", label="set")
    _filtered_call(scene)


@story("basics.toast[both]", "basics.SetVoiceSetting", features=VOICE, hazards=("state", "configures"))
def both(scene: Scene) -> None:
    """Both filters hold side by side, and a filter that is set again replaces the former one."""
    for name in ("toast-filter", "case-filter"):
        keep_setting(scene, "voice", name)
        ask(scene, "basics.SetVoiceSetting", {"name": name, "value": TOAST}, role="admin", label=name)
    ask(scene, "basics.GetVoiceSettings", label="set")
    ask(scene, "basics.SetVoiceSetting", {"name": "case-filter", "value": CASE}, role="admin", label="replaced")
    ask(scene, "basics.GetVoiceSettings", label="replaced")
    _filtered_call(scene)


def _stop(scene: Scene, kind: str) -> None:
    provoke(scene, "service-state", {"type": kind, "state": "Inactive"}, {"type": kind, "state": "Active"})


@story("basics.services[voice-down]", features=VOICE, hazards=("state",))
def voice_down(scene: Scene) -> None:
    """While the voice back end is down everybody is told, its operations are answered with 503 and 4, and afterwards
    they work again."""
    scene.reach("agent-state", "Ready")
    _stop(scene, "Voice")
    ask(scene, "basics.ListServices", {"fields": "*"}, label="down")
    destination = {"phoneNumber": "${self.phoneNumber}"}
    refuse(scene, "service-down", "voice.NotReady", label="NotReady")
    refuse(scene, "service-down", "voice.Dial", {"destination": destination}, label="Dial")
    ask(scene, "basics.GetMe", label="others go on")
    take_back(scene)
    ask(scene, "basics.ListServices", {"fields": "*"}, label="up again")
    scene.perform("voice.NotReady", case="positive", label="works again")


@story("basics.partial[chat-down]", "voice.StartContactCenterSession", features=VOICE + CHAT, hazards=("state",))
def partial_success(scene: Scene) -> None:
    """A session on voice and chat while the chat back end is down succeeds in part: 7, with what succeeded and what
    failed."""
    actor = scene.actor("self")
    scene.stage.end_session(actor)
    scene.actor("self", session=False)
    _stop(scene, "Chat")
    channels = {"channels": ["chat"]}
    refuse(scene, "all-channels-failed", "voice.StartContactCenterSession", channels, label="chat alone")
    operation = scene.contract.operations["voice.StartContactCenterSession"]
    example = next((item for item in operation.examples if 7 in item.status_codes), None)
    scene.perform(
        operation.id,
        case="positive",
        example=example,
        parameters={"channels": ["voice", "chat"]},
        label="partial success",
        wait=False,
    )
    scene.quiet()
    take_back(scene)
    scene.stage.end_session(actor)  # the next scenario starts one on both channels


@story("basics.features[off]", "basics.ListFeatures", features=VOICE + CHAT)
def feature_off(scene: Scene) -> None:
    """What belongs to a feature that is taken away acts as absent, and is there again with the feature."""
    scene.actor("self")
    ask(scene, "basics.ListFeatures", {"fields": "*"}, label="before")
    provoke(scene, "features", {"off": ["api-multimedia-chat"]}, {"on": ["api-multimedia-chat"]})
    ask(scene, "basics.ListFeatures", {"fields": "*"}, label="without the feature")
    ask(scene, "basics.ListSystemFeatures", {"fields": "*"}, role="admin", label="the system's, all the same")
    refuse(scene, "feature-off", "basics.GetFeature", {"id": "api-multimedia-chat"}, label="the feature")
    refuse(scene, "feature-off", "chat.List", {"fields": "*"}, label="the chats")
    take_back(scene)
    ask(scene, "basics.ListFeatures", {"fields": "*"}, label="with the feature")
    ask(scene, "chat.List", {"fields": "*"}, label="the chats again")


@story("basics.features[subset]", "basics.ListFeatures")
def subset(scene: Scene) -> None:
    """The features of the contact center are some of those of the system, each readable by its id."""
    ask(scene, "basics.ListFeatures", {"fields": "*"}, label="of the contact center")
    ask(scene, "basics.ListSystemFeatures", {"fields": "*"}, role="admin", label="of the system")
    feature = pick(scene, "feature")
    ask(scene, "basics.GetFeature", {"id": str(feature["id"])}, label="one of them")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """State, settings, back ends and features."""
    told.play(play)
