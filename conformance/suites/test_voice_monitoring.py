"""Voice: supervisors who monitor one call or all of them."""

from __future__ import annotations

import pytest

from conformance.driver.calls import act, connect, gather, know_devices, told_released
from conformance.driver.play import Play
from conformance.driver.probes import refuse, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "voice"
pytestmark = pytest.mark.gws_area(AREA)

FEATURES, STATE = ("api-voice", "api-supervisor-monitoring"), ("state",)
TARGET = {"targetDeviceUri": "${second.device.uri}"}


def _two_calls(scene: Scene, first: bool = True, second: bool = True) -> None:
    """Two calls of the monitored agent, one after the other; the supervisor is expected in those that are said."""
    for number, joins in ((1, first), (2, second)):
        start = scene.stage.recorder.last_seq
        connect(scene, "self", "second", label=f"call {number}")
        if joins:
            wait_for(scene, "supervisor", "monitored call", resource_with("call", {"state": "Established"}), start)
        scene.quiet()
        calls = {role: scene.bound("call", role) or "" for role in ("self", "second")}
        supervised = scene.resource("call", "supervisor")
        act(scene, "self", "Hangup", label=f"call {number} ends")
        for role, identifier in calls.items():
            told_released(scene, role, identifier)
        scene.quiet()
        if supervised is not None:
            remaining = scene.resource("call", "supervisor")
            if remaining is not None and remaining.get("state") != "Released":
                scene.perform("voice.Hangup", role="supervisor", on="call", label="supervisor leaves")
        scene.quiet()


def _monitor(scene: Scene, name: str, **given: str) -> None:
    gather(scene, "self", "second", "supervisor")
    know_devices(scene, "self", "second", "supervisor")
    scene.perform(
        f"voice.{name}",
        role="supervisor",
        case="positive",
        parameters={**TARGET, **given},
        label=f"{name} {given.get('supervisorMonitoringMode', 'by default')}",
        plain=True,
    )
    scene.quiet()


@story("voice.monitoring[next-call]", "voice.ListenIn", features=FEATURES, hazards=STATE)
def next_call(scene: Scene) -> None:
    """With NextCall the supervisor is in the agent's next call and not in the one after it."""
    _monitor(scene, "ListenIn", supervisorMonitoringMode="NextCall")
    _two_calls(scene, second=False)


@story("voice.monitoring[all-calls]", "voice.ListenIn", features=FEATURES, hazards=STATE)
def all_calls(scene: Scene) -> None:
    """With AllCalls the supervisor is in every call of the agent."""
    _monitor(scene, "ListenIn", supervisorMonitoringMode="AllCalls", supervisorMonitoringScope="Call")
    _two_calls(scene)


@story("voice.monitoring[default]", "voice.Coach", features=FEATURES, hazards=STATE)
def by_default(scene: Scene) -> None:
    """Without a mode the supervisor is in every call of the agent."""
    _monitor(scene, "Coach")
    _two_calls(scene)


@story("voice.monitoring[cancelled]", "voice.CancelSupervisorMonitoring", features=FEATURES, hazards=STATE)
def cancelled(scene: Scene) -> None:
    """After the cancelling the agent's calls are the agent's own again."""
    _monitor(scene, "ListenIn", supervisorMonitoringMode="AllCalls")
    scene.perform("voice.CancelSupervisorMonitoring", role="supervisor", case="positive", label="cancel", plain=True)
    _two_calls(scene, first=False, second=False)


@story("voice.monitoring[agent]", "voice.ListenIn", features=FEATURES, hazards=STATE)
def by_an_agent(scene: Scene) -> None:
    """An agent without the role may monitor nobody."""
    gather(scene, "self", "second")
    for name in ("ListenIn", "Coach", "BargeIn"):
        refuse(scene, "wrong-role", f"voice.{name}", TARGET, label=f"{name} by an agent")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Monitoring."""
    told.play(play)
