"""Chat: several chats one after the other, and what customers are told of theirs."""

from __future__ import annotations

import pytest

from conformance.driver.chats import act, begin, customer_says, poll, request_chat, say, until
from conformance.driver.play import Play
from conformance.driver.probes import ask, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "chat"
pytestmark = pytest.mark.gws_area(AREA)

CHAT, STATE = ("api-multimedia-chat",), ("state",)
MONITORED = (*CHAT, "api-supervisor-monitoring")
CONTROLLED = (*CHAT, "api-supervisor-agent-control")
AGENT = {"userId": "${self.user.id}"}


@story("chat.list[completed]", "chat.List", features=CHAT, hazards=STATE)
def completed(scene: Scene) -> None:
    """A chat is listed while the agent is in it, and no longer when it is completed."""
    begin(scene)
    ask(scene, "chat.List", {"fields": "*"}, label="during the chat")
    act(scene, "self", "Leave")
    until(scene, "self", state="LeftChat")
    act(scene, "self", "Complete")
    until(scene, "self", state="Completed")
    scene.quiet()
    ask(scene, "chat.List", {"fields": "*"}, label="afterwards")


@story("chat.customer[polls]", "chat.Accept", features=CHAT, hazards=STATE)
def polls(scene: Scene) -> None:
    """A customer polls the chat and its messages: the state follows the agent's coming, each message is told once."""
    begin(scene, state="Invited")
    poll(scene, "before the agent comes")
    act(scene, "self", "Accept", nickname="${self.nickname}")
    until(scene, "self", state="Chatting")
    say(scene, "self", "Good morning.")
    poll(scene, "first poll")
    customer_says(scene, "Good morning to you.", "self")
    poll(scene, "second poll")
    poll(scene, "nothing new")


@story("chat.customer[header]", "customer-chat.RequestChat", features=CHAT, hazards=STATE)
def header(scene: Scene) -> None:
    """Without the header that names the contact center a customer is served with nothing."""
    scene.actor("self")
    http = scene.stage.customer().http
    given = {"nickname": "Conformance customer", "subject": "Conformance ${unique}"}
    for name in ("RequestChat",):
        ask(
            scene,
            f"customer-chat.{name}",
            given,
            role="customer",
            case="refusal",
            negative="missing-parameter",
            label="without ContactCenterId",
            http=http,
            headers={"ContactCenterId": None},
            auth="none",
            csrf=False,
        )
    scene.quiet()


def _monitored(scene: Scene, **given: str) -> None:
    for role in ("self", "supervisor"):
        scene.actor(role)
    scene.perform(
        "chat.Monitor", role="supervisor", case="positive", parameters={**AGENT, **given}, label="monitor", plain=True
    )
    scene.quiet()


def _whole_chat(scene: Scene, label: str) -> None:
    """A customer's chat from its request to its completion; a supervisor who is in it leaves."""
    request_chat(scene, label)
    until(scene, "self", state="Invited")
    act(scene, "self", "Accept", nickname="${self.nickname}")
    until(scene, "self", state="Chatting")
    scene.quiet()
    if (scene.resource("chat", "supervisor") or {}).get("state") == "Chatting":
        act(scene, "supervisor", "Leave", label="the supervisor leaves")
    act(scene, "self", "Leave")
    until(scene, "self", state="LeftChat")
    act(scene, "self", "Complete")
    until(scene, "self", state="Completed")
    scene.quiet()


@story("chat.monitoring[next-chat]", "chat.Monitor", features=MONITORED, hazards=STATE)
def next_chat(scene: Scene) -> None:
    """With NextChat the supervisor is in the agent's next chat and not in the one after it."""
    _monitored(scene, supervisorMonitoringMode="NextChat")
    for label in ("first chat", "second chat"):
        _whole_chat(scene, label)


@story("chat.monitoring[cancelled]", "chat.CancelSupervisorMonitoring", features=MONITORED, hazards=STATE)
def cancelled(scene: Scene) -> None:
    """After the cancelling the agent's chats are without the supervisor."""
    _monitored(scene, supervisorMonitoringMode="AllChats")
    scene.perform(
        "chat.CancelSupervisorMonitoring",
        role="supervisor",
        case="positive",
        parameters=AGENT,
        label="cancel",
        plain=True,
    )
    _whole_chat(scene, "a chat")


@story("chat.channel[do-not-disturb]", "agent-control.DoNotDisturbOn", features=CONTROLLED, hazards=STATE)
def do_not_disturb(scene: Scene) -> None:
    """An agent with Do Not Disturb on is offered no chat; the chat that waited comes when it is off."""
    for role in ("self", "supervisor"):
        scene.actor(role)
    scene.stage.take_chats()
    given = {**AGENT, "channelId": "chat"}
    ask(scene, "agent-control.DoNotDisturbOn", given, role="supervisor", case="probe", label="on")
    wait_for(scene, "self", "channel state", lambda data: "channels" in data)
    request_chat(scene, "a customer comes")
    scene.quiet()
    ask(scene, "agent-control.DoNotDisturbOff", given, role="supervisor", case="probe", label="off")
    wait_for(scene, "self", "offered chat", resource_with("chat", {"state": "Invited"}))


@story("chat.channel[not-ready]", "channels.NotReady", features=CHAT, hazards=STATE)
def not_ready(scene: Scene) -> None:
    """An agent makes the chat channel not ready, and ready again, and is told of both."""
    scene.stage.take_chats()
    scene.settle()
    for name in ("NotReady", "Ready"):
        ask(scene, f"channels.{name}", {"id": "chat"}, label=name, listen=True)


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Chats in a row, and their customers."""
    told.play(play)
