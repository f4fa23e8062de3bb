"""Chat: conversations with a customer from the first word to the last, their transcript, data and documents."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from conformance.driver.chats import act, begin, customer, customer_reads, customer_says, reads, say, until
from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.plays import refuse_all
from conformance.driver.probes import ask, attempt
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "chat"
pytestmark = pytest.mark.gws_area(AREA)

CHAT, STATE = ("api-multimedia-chat",), ("state",)


@story("chat.transcript[conversation]", "chat.GetMessages", features=CHAT, hazards=STATE)
def conversation(scene: Scene) -> None:
    """Agent and customer talk: each message reaches the other once, with rising indexes, and the transcript has all."""
    begin(scene)
    customer_says(scene, "Where is my order?", "self")
    say(scene, "self", "Which order is it?")
    customer_says(scene, "Number 4711.", "self")
    act(scene, "self", "SendUrl", url="https://shop.example.com/4711")
    act(scene, "self", "SendCustomNotice", noticeText="Order looked up")
    say(scene, "self", "It is on its way.")
    customer_reads(scene, "customer reads")
    reads(scene, label="agent reads")


@story("chat.transcript[history]", "chat.Accept", features=CHAT, hazards=STATE)
def history(scene: Scene) -> None:
    """What the customer wrote before an agent accepted is in the history that comes with the acceptance."""
    begin(scene, state="Invited")
    customer(scene, "SendMessage", text="Is anybody there?", label="customer writes while waiting")
    act(scene, "self", "Accept", nickname="${self.nickname}")
    until(scene, "self", state="Chatting")
    customer_says(scene, "Good.", "self")
    reads(scene, label="agent reads")
    customer_reads(scene, "customer reads")


@story("chat.transcript[windows]", "chat.GetMessages", features=CHAT, hazards=STATE)
def windows(scene: Scene) -> None:
    """startIndex and count choose parts of the transcript."""
    begin(scene)
    for number in range(1, 5):
        say(scene, "self", f"Message {number}")
    reads(scene, label="all")
    for start, count in ((1, 2), (3, 2), (1, 100), (4, 1), (2, 3)):
        reads(scene, label=f"{count} from {start}", startIndex=start, count=count)
    reads(scene, label="from 3", startIndex=3)
    reads(scene, label="first two", count=2)


@story("chat.transcript[customer-leaves]", "chat.Leave", features=CHAT, hazards=STATE)
def customer_leaves(scene: Scene) -> None:
    """A customer who ends the chat is gone from it; the agent still reads the transcript and completes the chat."""
    begin(scene)
    customer_says(scene, "Thank you, goodbye.", "self")
    customer(scene, "Complete", label="the customer ends the chat")
    scene.quiet()
    state = (scene.resource("chat") or {}).get("state")
    if state == "Chatting":
        reads(scene, label="afterwards")
        act(scene, "self", "Leave", label="the agent leaves, too")
        until(scene, "self", state="LeftChat")
    act(scene, "self", "Complete", label="the agent completes")
    until(scene, "self", state="Completed")


@story("chat.userData[after-leaving]", "chat.Leave", features=CHAT, hazards=STATE)
def after_leaving(scene: Scene) -> None:
    """After leaving alone the agent still changes user data and sets the disposition, then completes."""
    begin(scene, state="LeftChat")
    act(scene, "self", "AttachUserData", userData={"Resolution": "pending"})
    until(scene, "self", **{"userData.Resolution": "pending"})
    act(scene, "self", "UpdateUserData", userData={"Resolution": "done", "Follow": "none"})
    until(scene, "self", **{"userData.Follow": "none"})
    act(scene, "self", "DeleteUserData", keys=["Follow"])
    until(scene, "self", **{"userData.Follow": None})
    act(scene, "self", "SetDisposition", disposition="Sale", dispositionKey="DispositionCode")
    scene.quiet()
    act(scene, "self", "Complete")
    until(scene, "self", state="Completed")


@story("chat.userData[two-agents]", "chat.UpdateUserData", features=CHAT, hazards=STATE)
def two_agents(scene: Scene) -> None:
    """What either agent of a conference attaches, changes and deletes adds up."""
    begin(scene, "second", chart="chat-conference", state="Conference")
    act(scene, "self", "AttachUserData", userData={"Account": "1"})
    for role in ("self", "second"):
        until(scene, role, **{"userData.Account": "1"})
    act(scene, "second", "UpdateUserData", userData={"Segment": "Gold"})
    for role in ("self", "second"):
        until(scene, role, **{"userData.Segment": "Gold"})
    act(scene, "self", "DeleteUserData", keys=["Account"])
    for role in ("self", "second"):
        until(scene, role, **{"userData.Account": None, "userData.Segment": "Gold"})


@story("chat.attachments[there-and-back]", "chat.GetAttachment", features=CHAT, hazards=("state", "creates", "deletes"))
def there_and_back(scene: Scene) -> None:
    """A document is attached, downloads as it was, is sent to the customer, taken back, and taken off the chat."""
    begin(scene)
    content = "Prices\n10 EUR\n20 EUR\nno charge\nend"
    given = {"attachment": {"filename": "prices.txt", "content": content, "contentType": "text/plain"}}
    scene.perform("chat.AddNewDocument", case="positive", parameters=given, on="chat", label="attach")
    _attached(scene)
    download = {"chatId": "${chat.id}", "attachmentId": "${chat.attachments.0.id}"}
    ask(scene, "chat.GetAttachment", download, label="download")
    act(scene, "self", "UploadFile", documentId="${chat.attachments.0.id}")
    scene.quiet()
    file = (scene.actor("self").last_message.get("attachment") or {}).get("fileId")
    if file:
        act(scene, "self", "DeleteFile", fileId=str(file))
        scene.quiet()
    act(scene, "self", "RemoveAttachment", documentId="${chat.attachments.0.id}")


@story("chat.attachments[not-linked]", "chat.UploadFile", features=CHAT, hazards=STATE)
def not_linked(scene: Scene) -> None:
    """A document that is not tied to the chat cannot be sent."""
    begin(scene)
    attempt(scene, "chat.UploadFile", {"documentId": "0000-no-such-document"}, on="chat", label="unknown")
    if scene.stage.target.document_id is not None:
        attempt(scene, "chat.UploadFile", {"documentId": "${target.documentId}"}, on="chat", label="not tied")


@story("chat.AddAttachment[positive]", "chat.AddAttachment", features=CHAT, hazards=STATE)
def add_stored(scene: Scene) -> None:
    """A document that the contact server stores is tied to the chat, sent, and taken off again."""
    if scene.stage.target.document_id is None:
        raise Untestable("the target file names no document_id that agents may attach")
    begin(scene)
    operation = scene.contract.operations["chat.AddAttachment"]
    for example in operation.examples:
        scene.perform(operation.id, case="positive", example=example, on="chat", label=example.name)
        _attached(scene)
        act(scene, "self", "UploadFile", documentId="${target.documentId}")
        scene.quiet()


@story("chat.AddAttachment[negative]", "chat.AddAttachment", features=CHAT, hazards=STATE)
def add_stored_refusals(scene: Scene) -> None:
    """Requests to tie a stored document to a chat that must be refused are refused, and change nothing."""
    if scene.stage.target.document_id is None:
        raise Untestable("the target file names no document_id that agents may attach")
    begin(scene)
    operation = scene.contract.operations["chat.AddAttachment"]
    refuse_all(scene, operation, operation.examples[0])


def _attached(scene: Scene) -> None:
    scene.quiet()
    attachments = (scene.resource("chat") or {}).get("attachments")
    if not isinstance(attachments, list) or not attachments or not isinstance(attachments[0], Mapping):
        raise Untestable("the chat shows no attachment")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Conversations, data and documents."""
    told.play(play)
