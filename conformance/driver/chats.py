"""Several people in a chat: what the scenarios of the Chat API do with customers, agents and supervisors. Nothing here
judges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.contract import matches
from conformance.driver.outcomes import Untestable
from conformance.driver.probes import ask, wait_for
from conformance.driver.scene import Performed, Scene


def begin(scene: Scene, *others: str, chart: str = "chat", state: str = "Chatting") -> None:
    """Brings everybody on stage, and then the chat to a state."""
    for role in ("self", *others):
        scene.actor(role)
    scene.reach(chart, state)


def act(scene: Scene, role: str, name: str, *, label: str = "", **given: Any) -> Performed:
    """An operation on the role's chat that is judged by its page, though it is performed elsewhere than there."""
    return scene.perform(
        f"chat.{name}",
        role=role,
        case="positive",
        parameters=given,
        on="chat",
        label=label or f"{role} {name}",
        plain=True,
    )


def say(scene: Scene, role: str, text: str, *hearers: str, name: str = "SendMessage", label: str = "") -> None:
    """A role sends a text; then everybody who should hear it has been told of it."""
    start = scene.stage.recorder.last_seq
    act(scene, role, name, text=text, label=label or f"{role} {name}: {text[:40]}")
    for hearer in (role, *hearers):
        hears(scene, hearer, text, start)


def hears(scene: Scene, role: str, text: str, start: int = 0) -> None:
    """Waits until a role has been told of a message with this text."""

    def fits(data: Mapping[str, Any]) -> bool:
        messages = data.get("messages")
        return isinstance(messages, list) and any(
            isinstance(item, Mapping) and item.get("text") == text for item in messages
        )

    wait_for(scene, role, "message", fits, start)


def customer(scene: Scene, name: str, *, label: str = "", **given: Any) -> None:
    """The customer does something in its chat, recorded as a step.

    Raises:
        Untestable: the customer has no chat, or the deployment refuses it.
    """
    path = f"/chats/{_customers(scene)}"
    scene.settle()
    _begin(scene, label or f"customer {name}")
    try:
        scene.stage.customer_request("POST", path, {**given, "operationName": name})
    finally:
        scene.stage.recorder.end_step({})


def customer_says(scene: Scene, text: str, *hearers: str) -> None:
    """The customer writes; then everybody who should hear it has been told of it."""
    start = scene.stage.recorder.last_seq
    customer(scene, "SendMessage", text=text, label=f"customer: {text[:40]}")
    for hearer in hearers:
        hears(scene, hearer, text, start)


def customer_reads(scene: Scene, label: str) -> None:
    """The customer reads all messages, and who is in the chat."""
    path = f"/chats/{_customers(scene)}"
    scene.quiet()
    _begin(scene, label, case="probe")
    try:
        scene.stage.customer_request("GET", f"{path}/messages?index=0")
        scene.stage.customer_request("GET", path)
    finally:
        scene.stage.recorder.end_step({})


def poll(scene: Scene, label: str) -> None:
    """The customer asks for the chat, and for the messages that are new."""
    path = f"/chats/{_customers(scene)}"
    scene.quiet()
    _begin(scene, label, case="probe")
    try:
        scene.stage.customer_request("GET", f"{path}/messages")
        scene.stage.customer_request("GET", path)
    finally:
        scene.stage.recorder.end_step({})


def request_chat(scene: Scene, label: str) -> None:
    """A customer asks for a chat, recorded as a step, wherever that leads.

    Raises:
        Untestable: the deployment refuses it.
    """
    given = {"nickname": "Conformance customer", "subject": f"Conformance {scene.values.get('unique', label)}"}
    if scene.stage.target.chat_queue:
        given["endpoint"] = scene.stage.target.chat_queue
    scene.stage.take_chats()
    scene.settle()
    scene.binding = "chat"  # whoever is offered it has it under this name
    _begin(scene, label)
    try:
        reply = scene.stage.customer_request("POST", "/chats", {**given, "operationName": "RequestChat"})
    finally:
        scene.stage.recorder.end_step({})
    scene.values["customer.chat.id"] = str(reply.get("id", ""))


def _customers(scene: Scene) -> str:
    identifier = scene.values.get("customer.chat.id")
    if not identifier:
        raise Untestable("the customer has no chat")
    return str(identifier)


def _begin(scene: Scene, label: str, case: str = "stimulus") -> None:
    scene.stage.recorder.begin_step({"operation": "", "case": case, "performer": "customer", "label": label})


def reads(scene: Scene, role: str = "self", label: str = "transcript", **window: int) -> Performed:
    """A role reads the messages of its chat, all of them or a window."""
    scene.quiet()
    given = {"chatId": scene.bound("chat", role) or "", **window}
    return ask(scene, "chat.GetMessages", given, role=role, on="chat", label=label)


def until(scene: Scene, role: str, **where: Any) -> None:
    """Waits until the newest that a role was told of its chat has these values.

    Raises:
        Untestable: it was not told in time.
    """

    def there(_: Mapping[str, Any] | None = None) -> bool:
        return matches(where, scene.resource("chat", role) or {})

    start = scene.stage.recorder.last_seq
    if not there() and not wait_for(scene, role, f"chat {sorted(where)}", there, start) and not there():
        raise Untestable(f"{role} was told of no chat that is {where}")


def joined(scene: Scene, inviter: str, invited: str, name: str = "Invite") -> None:
    """One agent invites or consults another, who accepts; both have been told and nothing is on its way."""
    act(scene, inviter, name, targetUri=f"${{{invited}.user.uri}}", label=f"{inviter} {name} {invited}")
    until(scene, invited, state="Invited")
    start = scene.stage.recorder.last_seq
    act(scene, invited, "Accept", nickname=f"${{{invited}.nickname}}")
    until(scene, invited, state="Chatting")
    # It must not come as news in a step that is judged.
    wait_for(scene, inviter, "participants", lambda data: data.get("notificationType") == "ParticipantsUpdated", start)
    scene.quiet()
