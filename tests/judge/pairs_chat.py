"""Pairs around chats: references, transcripts, who sees what."""

from __future__ import annotations

from typing import Any

from tests.judge.build import Timeline, chat_message, entry, log, person
from tests.judge.cases import Pair

CHANNEL = "/v2/me/chats"
DONE = {"statusCode": 0}
HIDDEN = person("helper", visibility="Agents")


def _line(operation: str = "chat.SendMessage") -> Timeline:
    return Timeline(f"{operation}[made]", area="chat", operation=operation)


def act(
    line: Timeline, name: str, *, actor: str = "agent", case: str = "transition", path: str = "", **body: Any
) -> Timeline:
    """An accepted operation."""
    line.step(f"chat.{name}", case, performer=actor)
    return line.ask("POST", path or "/me/chats/CHAT1", {"operationName": name, **body}, actor=actor, mark=name).say(
        DONE, actor=actor
    )


def reference(replied: int | None, *told: int) -> Timeline:
    """Invite, with the numbers of its reply and of its notifications."""
    line = _line("chat.Invite").step("chat.Invite", "transition")
    body = {"operationName": "Invite", "targetUri": "https://gws.example.com/api/v2/users/U2"}
    line.ask("POST", "/me/chats/CHAT1", body).say(DONE if replied is None else {**DONE, "referenceId": replied})
    for number in told:
        line.tell(chat_message(kind="ParticipantsUpdated", referenceId=number), CHANNEL)
    return line


def joined(line: Timeline, actor: str = "agent") -> Timeline:
    """The actor accepts and is told the history."""
    act(line, "Accept", actor=actor, case="setup", nickname=f"{actor}-nick")
    line.tell(chat_message(), CHANNEL, actor=actor, mark="joined")
    return line.tell(log(entry(1, "ParticipantJoined"), entry(2, text="hello")), CHANNEL, actor=actor, mark="history")


def indexes(*numbers: int) -> Timeline:
    """Messages with these indexes after the history."""
    line = joined(_line())
    for number in numbers:
        line.tell(log(entry(number, text=f"text {number}")), CHANNEL)
    return line


def echoed(text: str) -> Timeline:
    """SendMessage, and the message that comes back."""
    line = act(joined(_line()), "SendMessage", text="how may I help?")
    return line.tell(log(entry(3, text=text)), CHANNEL)


def asked_by_customer(*, heard: bool) -> Timeline:
    """A message of the customer."""
    line = joined(_line()).step(case="transition", performer="customer", label="customer")
    body = {"operationName": "SendMessage", "text": "is anybody there?"}
    line.ask("POST", "/chats/C-1", body, actor="customer", headers={}, purpose="auth").say(DONE, actor="customer")
    if heard:
        line.tell(log(entry(3, text="is anybody there?", sender=person("visitor", "Customer"))), CHANNEL)
    return line


def transcript(*shown: dict[str, Any]) -> Timeline:
    """GET messages after a conversation."""
    line = joined(_line("chat.GetMessages")).tell(log(entry(3, text="bye")), CHANNEL)
    line.step("chat.GetMessages").ask("GET", "/me/chats/CHAT1/messages")
    return line.say({**DONE, "messages": list(shown)})


HISTORY = (entry(1, "ParticipantJoined"), entry(2, text="hello"), entry(3, text="bye"))


def aside(visibility: str, *, customer: list[dict[str, Any]] | None = None) -> Timeline:
    """What an agent says to another, and what the customer reads afterwards."""
    line = act(joined(_line("chat.SendToAgents")), "SendToAgents", text="between us")
    line.tell(log(entry(3, text="between us", visibility=visibility)), CHANNEL)
    if customer is not None:
        line.step(case="probe", performer="customer").ask("GET", "/chats/C-1/messages", actor="customer", headers={})
        line.say({**DONE, "messages": customer}, actor="customer")
    return line


def presence(*names: str) -> Timeline:
    """The customer reads its chat while an agent is in it whom only agents may see."""
    line = joined(_line("chat.Consult"))
    line.tell(chat_message(kind="ParticipantsUpdated", participants=[person(), HIDDEN]), CHANNEL)
    line.step(case="probe", performer="customer").ask("GET", "/chats/C-1", actor="customer", headers={})
    people = [person(name, visibility=None) for name in names]
    return line.say({**DONE, "chat": {"id": "C-1", "participants": people}}, actor="customer")


def secret(actor: str) -> Timeline:
    """Somebody is told what is for supervisors."""
    line = joined(_line("chat.Monitor"))
    line.tell(log(entry(3, text="hello")), CHANNEL, actor="agent", mark="open")
    data = log(entry(4, "ParticipantJoined", sender=person("boss", visibility="Supervisors"), visibility="Supervisors"))
    return line.tell(data, CHANNEL, actor=actor)


def consulted(visibility: str) -> Timeline:
    """An agent joins after a Consult."""
    line = act(joined(_line("chat.Consult")), "Consult", targetUri="https://gws.example.com/api/v2/users/U2")
    line.step("chat.Accept", "transition", performer="second_agent")
    helper = person("helper", visibility=visibility)
    return line.tell(log(entry(3, "ParticipantJoined", sender=helper, visibility=visibility)), CHANNEL)


def monitored(visibility: str) -> Timeline:
    """A supervisor monitors silently and gets the agent's next chat."""
    line = _line("chat.Monitor")
    act(line, "Monitor", actor="supervisor", path="/users/U1/channels/chat")
    line.step("chat.Accept", "setup")
    people = [person("visitor", "Customer"), person(), person("boss", visibility=visibility)]
    data = chat_message(kind="ParticipantsUpdated", participants=people)
    return line.tell(data, CHANNEL, actor="supervisor")


PAIRS = [
    Pair(
        "notification.referenceId",
        lambda: reference(83, 83),
        lambda: reference(83, 84),
        "Invite: ChatStateChangeMessage ParticipantsUpdated has another referenceId than the reply",
        "chat.Invite",
        "told",
        name="reply",
    ),
    Pair(
        "notification.referenceId",
        lambda: reference(None, 5, 5),
        lambda: reference(None, 5, 6),
        "another referenceId than the first notification",
        "chat.Invite",
        "told",
        name="notifications",
    ),
    Pair(
        "transcript.complete",
        lambda: indexes(3, 4),
        lambda: indexes(3, 3),
        "agent was told index 3 of the chat after index 3",
        "chat.SendMessage",
        "told",
        name="indexes",
    ),
    Pair(
        "transcript.complete",
        lambda: echoed("how may I help?"),
        lambda: echoed("how?"),
        "no MessageLogUpdated told agent what SendMessage sent",
        "chat.SendMessage",
        "SendMessage",
        name="sender",
    ),
    Pair(
        "transcript.complete",
        lambda: asked_by_customer(heard=True),
        lambda: asked_by_customer(heard=False),
        "no MessageLogUpdated told an agent what SendMessage sent",
        "chat.SendMessage",
        name="customer",
    ),
    Pair(
        "transcript.complete",
        lambda: transcript(*HISTORY),
        lambda: transcript(*HISTORY[:2]),
        "the transcript of GET messages lacks what agent was told: index 3",
        "chat.GetMessages",
        name="lost",
    ),
    Pair(
        "transcript.complete",
        lambda: transcript(*HISTORY),
        lambda: transcript(*HISTORY, entry(4, text="later")),
        "has messages that agent was never told: index 4",
        "chat.GetMessages",
        name="untold",
    ),
    Pair(
        "visibility.respected",
        lambda: aside("Agents"),
        lambda: aside("All"),
        "what SendToAgents sent has the visibility All",
        "chat.SendToAgents",
        "told",
        name="marked",
    ),
    Pair(
        "visibility.respected",
        lambda: aside("Agents", customer=[{"index": 2, "type": "Text", "text": "hello"}]),
        lambda: aside("Agents", customer=[{"index": 3, "type": "Text", "text": "between us"}]),
        "the customer reads the message 'between us'",
        "chat.SendToAgents",
        name="customer",
    ),
    Pair(
        "visibility.respected",
        lambda: presence("visitor", "agent-nick"),
        lambda: presence("visitor", "agent-nick", "helper"),
        "the customer reads the presence of 'helper'",
        "chat.Consult",
        name="presence",
    ),
    Pair(
        "visibility.respected",
        lambda: secret("supervisor"),
        lambda: secret("agent"),
        "agent was told of ParticipantJoined of 'boss', which is for supervisors only",
        "chat.Monitor",
        "told",
        name="agents",
    ),
    Pair(
        "visibility.respected",
        lambda: consulted("Agents"),
        lambda: consulted("All"),
        "the consulting agent is shown with visibility All",
        "chat.Consult",
        "told",
        name="consulting",
    ),
    Pair(
        "visibility.respected",
        lambda: monitored("Supervisors"),
        lambda: monitored("Agents"),
        "in the mode Monitor nobody in the chat has the visibility Supervisors",
        "chat.Monitor",
        "told",
        name="monitoring",
    ),
]
