"""Basics: what is not everybody's, and what cannot be taken away."""

from __future__ import annotations

import pytest

from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.plays import pick
from conformance.driver.probes import ask, refuse
from conformance.driver.scene import Scene
from conformance.driver.settings import keep_setting
from conformance.suites._stories import Story, stories, story

AREA = "basics"
pytestmark = pytest.mark.gws_area(AREA)

DEFAULT_SETTING = "defaultTelephonyNetworkType"


@story("basics.devices[of-others]", "basics.GetDevice", features=("api-voice",), hazards=("state",))
def devices_of_others(scene: Scene) -> None:
    """An agent reads its own device, and not that of another agent."""
    for role in ("self", "second"):
        scene.actor(role)
    own, other = (scene.actor(role).device or {} for role in ("self", "second"))
    if not own.get("id") or not other.get("id"):
        raise Untestable("the agents have no devices")
    ask(scene, "basics.GetDevice", {"id": str(own["id"])}, label="its own")
    refuse(scene, "foreign-device", "basics.GetDevice", {"id": str(other["id"])}, label="of another agent")


@story("basics.settings[default]", "settings.DeleteVoice", features=("api-voice",), hazards=("configures",))
def default_setting(scene: Scene) -> None:
    """A default setting cannot be deleted."""
    keep_setting(scene, "voice", DEFAULT_SETTING)
    shown = ask(scene, "basics.GetVoiceSettings", role="admin", label="before")
    settings = shown.reply.json.get("settings") if isinstance(shown.reply.json, dict) else None
    if DEFAULT_SETTING not in str(settings):
        raise Untestable(f"the voice settings do not show {DEFAULT_SETTING}")
    refuse(scene, "default-setting", "settings.DeleteVoice", {"name": DEFAULT_SETTING}, role="admin")


@story("basics.features[default]", "basics.GetFeature", hazards=("configures",))
def default_feature(scene: Scene) -> None:
    """A default feature cannot be taken away."""
    scene.actor("self")
    feature = pick(scene, "feature")
    given = {"id": str(feature["id"])}
    refuse(scene, "default-feature", "basics.GetFeature", given, role="admin", method="DELETE")
    ask(scene, "basics.GetFeature", given, label="still there")


@story("basics.paths[unknown]", "basics.GetMe")
def unknown_path(scene: Scene) -> None:
    """A path that no page knows leads to nothing."""
    scene.actor("self", session=False)
    for path in ("/no-such-resource", "/me/no-such-collection"):
        refuse(scene, "unknown-path", "basics.GetMe", path=path, label=path)


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Rights."""
    told.play(play)
