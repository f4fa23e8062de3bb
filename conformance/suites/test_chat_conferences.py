"""Chat: several agents (conference, consultation, transfer) and supervisors, and what the customer sees of them."""

from __future__ import annotations

import pytest

from conformance.driver.chats import act, begin, customer_reads, customer_says, joined, reads, say, until
from conformance.driver.play import Play
from conformance.driver.probes import ask, attempt, refuse, resource_with, wait_for
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "chat"
pytestmark = pytest.mark.gws_area(AREA)

CHAT, STATE = ("api-multimedia-chat",), ("state",)
MONITORED = (*CHAT, "api-supervisor-monitoring")


@story("chat.conference[aside]", "chat.SendToAgents", features=CHAT, hazards=STATE)
def aside(scene: Scene) -> None:
    """Agents of a conference talk to the customer and, unseen by the customer, to each other."""
    begin(scene, "second")
    joined(scene, "self", "second")
    say(scene, "self", "I have a colleague here.", "second")
    say(scene, "self", "He wants a discount.", "second", name="SendToAgents")
    say(scene, "second", "Ten percent, no more.", "self", name="SendToAgents")
    act(scene, "second", "SendCustomNoticeToAgents", noticeText="Discount checked")
    say(scene, "second", "We can do something for you.", "self")
    customer_says(scene, "How much?", "self", "second")
    customer_reads(scene, "customer reads")
    for role in ("self", "second"):
        reads(scene, role, label=f"{role} reads")


@story("chat.conference[three-agents]", "chat.Invite", features=CHAT, hazards=STATE)
def three_agents(scene: Scene) -> None:
    """Three agents are in one chat; everybody hears everybody, and who leaves is out while the others go on."""
    begin(scene, "second", "third")
    joined(scene, "self", "second")
    joined(scene, "second", "third")
    say(scene, "third", "Hello everybody.", "self", "second")
    customer_says(scene, "So many of you!", "self", "second", "third")
    act(scene, "second", "Leave", label="second leaves")
    until(scene, "second", state="Completed")
    scene.quiet()
    say(scene, "self", "Two of us are left.", "third")
    customer_reads(scene, "customer reads")
    reads(scene, "third", label="third reads")


@story("chat.consult[hidden]", "chat.Consult", features=CHAT, hazards=STATE)
def hidden(scene: Scene) -> None:
    """A consulting agent advises unseen: the customer reads neither its words nor its name."""
    begin(scene, "second")
    joined(scene, "self", "second", "Consult")
    say(scene, "self", "What do I tell him?", "second", name="SendToAgents")
    say(scene, "second", "Tell him the truth.", "self", name="SendToAgents")
    customer_says(scene, "Are you still there?", "self")
    say(scene, "self", "Yes, one moment.")
    customer_reads(scene, "customer reads")
    reads(scene, label="agent reads")
    act(scene, "second", "Leave", label="the consulting agent leaves")
    scene.quiet()
    say(scene, "self", "Here is the truth.")


@story("chat.consult[three]", "chat.Consult", features=CHAT, hazards=STATE)
def consult_of_three(scene: Scene) -> None:
    """Beside a conference a third agent is consulted: the customer sees the conference and not the consultation."""
    begin(scene, "second", "third")
    joined(scene, "self", "second")
    joined(scene, "self", "third", "Consult")
    say(scene, "third", "Only for you.", "self", "second", name="SendToAgents")
    say(scene, "second", "For everybody.", "self")
    customer_reads(scene, "customer reads")
    reads(scene, "second", label="second reads")


@story("chat.consult[cancel-late]", "chat.CancelConsult", features=CHAT, hazards=STATE)
def cancel_late(scene: Scene) -> None:
    """A consultation that was accepted cannot be cancelled: the consulting agent stays."""
    begin(scene, "second")
    joined(scene, "self", "second", "Consult")
    target = {"targetUri": "${second.user.uri}"}
    names = {item.name for item in scene.contract.operations["chat.CancelConsult"].parameters}
    given = {key: value for key, value in target.items() if key in names}
    attempt(scene, "chat.CancelConsult", given, on="chat", label="cancel after the acceptance")
    say(scene, "second", "Still here.", "self", name="SendToAgents")


@story("chat.consult[cancelled]", "chat.CancelConsult", features=CHAT, hazards=STATE)
def cancelled(scene: Scene) -> None:
    """A consultation that is cancelled before it was accepted is gone: the invited agent cannot join."""
    begin(scene, "second")
    act(scene, "self", "Consult", targetUri="${second.user.uri}")
    until(scene, "second", state="Invited")
    start = scene.stage.recorder.last_seq
    act(scene, "self", "CancelConsult")
    wait_for(scene, "second", "withdrawn invitation", resource_with("chat", {"state": "Revoked"}), start)
    given = {"nickname": "${second.nickname}"}
    attempt(scene, "chat.Accept", given, role="second", on="chat", label="accept what was cancelled")
    say(scene, "self", "I can do it alone.")


@story("chat.consult[remove]", "chat.RemoveParticipantFromConference", features=CHAT, hazards=STATE)
def consulting_removes(scene: Scene) -> None:
    """An agent that the customer does not see cannot remove another one."""
    begin(scene, "second")
    joined(scene, "self", "second", "Consult")
    given = {"targetUri": "${self.user.uri}"}
    attempt(
        scene, "chat.RemoveParticipantFromConference", given, role="second", on="chat", label="by a consulting agent"
    )
    say(scene, "self", "I am still in charge.")


@story("chat.conference[remove-nobody]", "chat.RemoveParticipantFromConference", features=CHAT, hazards=STATE)
def remove_nobody(scene: Scene) -> None:
    """Whom to remove has to be said: without targetUri and targetPath everybody stays."""
    begin(scene, "second")
    joined(scene, "self", "second")
    refuse(scene, "no-target", "chat.RemoveParticipantFromConference", on="chat", label="neither uri nor path")
    scene.quiet()
    say(scene, "second", "I am still here.", "self")


@story("chat.intrude[not-monitored]", "chat.Intrude", features=MONITORED, hazards=STATE)
def not_monitored(scene: Scene) -> None:
    """Into the chat of an agent whom the supervisor does not monitor nobody intrudes without saying in which mode."""
    begin(scene, "supervisor")
    given = {"userId": "${self.user.id}", "chatId": "${chat.id}"}
    attempt(scene, "chat.Intrude", given, role="supervisor", label="without a mode")
    scene.quiet()
    # Whether a mode is enough is not written: what comes is looked at and not judged.
    mode = {**given, "supervisorVisibilityMode": "Monitor"}
    ask(scene, "chat.Intrude", mode, role="supervisor", case="probe", label="in a mode", info={"monitored": False})
    scene.quiet()


@story("chat.transfer[agent]", "chat.Transfer", features=CHAT, hazards=STATE)
def to_agent(scene: Scene) -> None:
    """A chat goes to another agent with its whole history, and goes on there; the sender is out."""
    begin(scene, "second")
    customer_says(scene, "I need an expert.", "self")
    say(scene, "self", "I am getting one.")
    act(scene, "self", "Transfer", targetUri="${second.user.uri}")
    until(scene, "second", state="Invited")
    act(scene, "second", "Accept", nickname="${second.nickname}")
    until(scene, "second", state="Chatting")
    say(scene, "second", "I am the expert.")
    customer_says(scene, "At last.", "second")
    reads(scene, "second", label="the expert reads")
    customer_reads(scene, "customer reads")
    until(scene, "self", state="Completed")


@story("chat.transfer[queue]", "chat.Transfer", features=CHAT, hazards=STATE)
def to_queue(scene: Scene) -> None:
    """A chat that goes to a queue leaves the agent; the customer waits for the next one."""
    begin(scene)
    customer_says(scene, "Somebody else, please.", "self")
    act(scene, "self", "Transfer", queueName="${target.queueName}")
    scene.quiet()
    customer_reads(scene, "customer waits")


@story("chat.supervisor[monitor]", "chat.Monitor", features=MONITORED, hazards=STATE)
def monitor(scene: Scene) -> None:
    """A supervisor who monitors hears everything, is seen by nobody, and can send nothing."""
    begin(scene, "second", "supervisor", chart="chat-monitoring", state="Monitor")
    customer_says(scene, "Hello?", "self", "supervisor")
    say(scene, "self", "Hello.", "supervisor")
    attempt(scene, "chat.SendMessage", {"text": "I am watching."}, role="supervisor", on="chat", label="monitor sends")
    joined(scene, "self", "second")
    say(scene, "self", "Between us.", "second", "supervisor", name="SendToAgents")
    customer_reads(scene, "customer reads")
    for role in ("self", "second", "supervisor"):
        reads(scene, role, label=f"{role} reads")


@story("chat.supervisor[coach]", "chat.Coach", features=MONITORED, hazards=STATE)
def coach(scene: Scene) -> None:
    """A supervisor who coaches is heard by the agent and not by the customer."""
    begin(scene, "supervisor", chart="chat-monitoring", state="Coach")
    customer_says(scene, "Hello?", "self", "supervisor")
    say(scene, "supervisor", "Be kind.", "self", name="SendToAgents")
    say(scene, "self", "How can I help you?", "supervisor")
    customer_reads(scene, "customer reads")
    for role in ("self", "supervisor"):
        reads(scene, role, label=f"{role} reads")


@story("chat.supervisor[barge-in]", "chat.BargeIn", features=MONITORED, hazards=STATE)
def barge_in(scene: Scene) -> None:
    """A supervisor who barges in is heard by everybody; after a switch to coaching by the agent alone."""
    begin(scene, "supervisor", chart="chat-monitoring", state="BargeIn")
    say(scene, "supervisor", "I am the supervisor.", "self")
    customer_says(scene, "Good.", "self", "supervisor")
    customer_reads(scene, "customer reads")
    act(scene, "supervisor", "SwitchToCoach")
    scene.quiet()
    say(scene, "supervisor", "Carry on.", "self", name="SendToAgents")
    customer_reads(scene, "customer reads after the switch")
    reads(scene, label="agent reads")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Several agents, supervisors, and the customer's view."""
    told.play(play)
