"""Every fault of the chat area shows: a client that looks at the right place sees another server.

Each probe acts and returns what a client observes, the same way every time; it must differ under its fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.simulator.faults import declared_faults
from conformance.simulator.seed import SEEDED_DOCUMENT_ID
from tests.simulator.chat_support import Bench, Json, capabilities, nicknames, types

Probe = Callable[[Bench], Any]
PROBES: dict[str, Probe] = {}


def probe(*faults: str) -> Callable[[Probe], Probe]:
    def register(fn: Probe) -> Probe:
        for name in faults:
            assert name not in PROBES
            PROBES[name] = fn
        return fn

    return register


def states(bench: Bench, who: str) -> list[str]:
    """The states that a user was told, in order."""
    return [e["chat"]["state"] for e in bench.events(who) if e["notificationType"] == "StatusChange"]


@probe("chat.accept-twice")
def accept_again(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Accept", nickname="Ada")
    return bench.kinds("agent1")


@probe("chat.transfer-keeps-sender")
def transfer(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Transfer", targetUri=bench.uri_of("agent2"))
    return states(bench, "agent1"), len(bench.ids_of("agent1")), len(bench.ids_of("agent2"))


@probe("chat.leave-completes", "chat.capability-extra-left-chat")
def leave(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Leave")
    chat = bench.last("agent1", "StatusChange")["chat"]
    return chat["state"], capabilities(chat)


@probe("chat.conference-leave-stays")
def leave_conference(bench: Bench) -> Any:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "Leave")
    return states(bench, "agent1")


@probe("chat.remove-participant-completes")
def remove(bench: Bench) -> Any:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "RemoveParticipantFromConference", targetUri=bench.uri_of("agent2"))
    return states(bench, "agent2")


@probe("chat.remove-without-target")
def remove_nobody(bench: Bench) -> Any:
    path = f"/me/chats/{bench.conference()}"
    reply = bench.post("agent1", path, "RemoveParticipantFromConference")
    return reply.status_code, reply.json()["statusCode"], len(bench.ids_of("agent2"))


@probe("chat.reject-offers-same-agent", "chat.reject-stays-invited")
def reject(bench: Bench) -> Any:
    bench.log_in("agent1", "agent2")
    chat_id = bench.new_chat()
    bench.op("agent1", chat_id, "Reject")
    return len(bench.ids_of("agent1")), len(bench.ids_of("agent2")), states(bench, "agent1")


@probe("chat.refused-still-changes")
def refused(bench: Bench) -> Any:
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    bench.mark()
    bench.op("agent1", chat_id, "Complete")
    return bench.kinds("agent1"), len(bench.ids_of("agent1"))


@probe("chat.completed-stays-listed")
def complete(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Complete")
    return len(bench.ids_of("agent1"))


@probe("chat.offered-refused-while-inviting")
def invite_two(bench: Bench) -> Any:
    chat_id = bench.chatting()
    for who in ("agent2", "agent3"):
        bench.log_in(who)
        bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of(who))
    return len(bench.ids_of("agent3"))


@probe("chat.cancel-consult-ignored")
def cancel_consult(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Consult", targetUri=bench.uri_of("agent2"))
    bench.op("agent1", chat_id, "CancelConsult")
    return len(bench.ids_of("agent2"))


@probe("chat.cancel-consult-late")
def cancel_accepted_consult(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Consult", targetUri=bench.uri_of("agent2"))
    bench.op("agent2", chat_id, "Accept", nickname="Ben")
    bench.op("agent1", chat_id, "CancelConsult")
    return len(bench.ids_of("agent2"))


@probe("chat.revoked-missing")
def revoked(bench: Bench) -> Any:
    chat_id = bench.supervised("Monitor")
    bench.op("agent1", chat_id, "Complete")
    return states(bench, "supervisor1")


@probe("chat.session-end-keeps-chats")
def session_end(bench: Bench) -> Any:
    bench.chatting()
    bench.log_out("agent1")
    return len(bench.ids_of("agent1"))


@probe("chat.capability-extra-invited", "chat.capability-missing-chatting", "chat.capability-extra-completed")
def capabilities_by_state(bench: Bench) -> Any:
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    bench.op("agent1", chat_id, "Accept", nickname="agent1")
    bench.op("agent1", chat_id, "Complete")
    return [(e["chat"]["state"], capabilities(e["chat"])) for e in bench.events("agent1") if "chat" in e]


@probe("chat.conference-lacks-to-agents")
def conference_capabilities(bench: Bench) -> Any:
    return capabilities(bench.chat("agent1", bench.conference()))


@probe("chat.coach-offers-send-message")
def coach_capabilities(bench: Bench) -> Any:
    return capabilities(bench.chat("supervisor1", bench.supervised("Coach")))


def seen(messages: list[Json]) -> list[Json]:
    """Messages without what differs between two runs."""
    return [{k: v for k, v in m.items() if k not in ("timestamp", "timestampSeconds")} for m in messages]


@probe(
    "chat.transcript-loses-message",
    "chat.index-not-increasing",
    "chat.typing-not-delivered",
    "chat.message-type-always",
    "chat.url-as-text",
    "chat.messages-paging-ignored",
)
def talk(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendMessage", text="a", messageType="Greeting")
    bench.op("agent1", chat_id, "SendStartTypingNotification")
    bench.op("agent1", chat_id, "SendUrl", url="http://x.test")
    read = seen(bench.transcript("agent1", chat_id, "?startIndex=2&count=3"))
    return seen(bench.said("agent1")), read, seen(bench.transcript("agent1", chat_id))


@probe("chat.timestamp-in-seconds")
def milliseconds(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendMessage", text="a")
    return len(str(bench.said("agent1")[0]["timestampSeconds"]))


@probe("chat.to-agents-visible-to-customer", "chat.peers-not-notified")
def to_agents(bench: Bench) -> Any:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "SendToAgents", text="psst")
    return types(bench.customer_messages(chat_id)), types(bench.said("agent2"))


@probe("chat.history-missing-on-accept", "chat.history-incomplete-on-accept", "chat.participants-not-updated")
def accept(bench: Bench) -> Any:
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    bench.stimulus("customer-message", chat=chat_id, text="Hello?")
    bench.op("agent1", chat_id, "Accept", nickname="agent1")
    return bench.kinds("agent1"), types(bench.said("agent1"))


@probe("chat.nickname-lost")
def nickname(bench: Bench) -> Any:
    return nicknames(bench.chat("agent1", bench.chatting("agent1", nickname="Countess")))


@probe("chat.monitor-visible-to-agents")
def monitor(bench: Bench) -> Any:
    return nicknames(bench.chat("agent1", bench.supervised("Monitor", nickname="Eve")))


@probe("chat.consult-visible-to-customer")
def consult(bench: Bench) -> Any:
    return nicknames(bench.customer_view(bench.conference("Consult")))


@probe("chat.invited-agent-invisible")
def invite(bench: Bench) -> Any:
    return nicknames(bench.customer_view(bench.conference("Invite")))


@probe("chat.switch-keeps-visibility")
def switch(bench: Bench) -> Any:
    chat_id = bench.supervised("Monitor")
    bench.op("supervisor1", chat_id, "SwitchToBargeIn")
    chat = bench.chat("supervisor1", chat_id)
    return capabilities(chat), [p["visibility"] for p in chat["participants"]]


@probe("chat.next-chat-monitors-all")
def next_chat(bench: Bench) -> Any:
    bench.supervised("Monitor", supervisorMonitoringMode="NextChat")
    bench.op("agent1", bench.new_chat(), "Accept", nickname="Ada")
    return len(bench.ids_of("supervisor1"))


@probe("chat.cancel-monitoring-ignored")
def cancel_monitoring(bench: Bench) -> Any:
    bench.supervised("Monitor")
    bench.post("supervisor1", f"{bench.user('agent1').path}/channels/chat", "CancelSupervisorMonitoring")
    bench.op("agent1", bench.new_chat(), "Accept", nickname="Ada")
    return len(bench.ids_of("supervisor1"))


@probe("chat.intrude-without-mode")
def intrude_unmonitored(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.log_in("supervisor1")
    reply = bench.post("supervisor1", f"{bench.user('agent1').path}/chats/{chat_id}", "Intrude")
    return reply.status_code, reply.json()["statusCode"], states(bench, "supervisor1")


@probe("chat.monitoring-without-role")
def monitoring_by_an_agent(bench: Bench) -> Any:
    bench.log_in("agent1", "agent2")
    return bench.post("agent2", f"{bench.user('agent1').path}/channels/chat", "Monitor").json()["statusCode"]


@probe(
    "chat.delete-user-data-ignored",
    "chat.update-user-data-replaces",
    "chat.disposition-lost",
    "chat.comment-lost",
)
def data(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "AttachUserData", userData={"a": "1", "b": "2"})
    bench.op("agent1", chat_id, "DeleteUserData", keys=["a"])
    bench.op("agent1", chat_id, "UpdateUserData", userData={"c": "3"})
    bench.op("agent1", chat_id, "SetDisposition", disposition="done")
    bench.op("agent1", chat_id, "AddComment", comment="text")
    chat = bench.chat("agent1", chat_id)
    return chat["userData"], chat.get("comment")


@probe("chat.error-notification-missing")
def error(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Accept", nickname="x")
    return bench.kinds("agent1")


def upload(bench: Bench, chat_id: str) -> int:
    files = {"attachment": ("notes.txt", b"some bytes", "text/plain")}
    reply = bench.request("agent1", "POST", f"/me/chats/{chat_id}/attachments", files=files).json()
    reference: int = reply["referenceId"]
    return reference


@probe("chat.reference-id-wrong")
def reference(bench: Bench) -> Any:
    chat_id = bench.chatting()
    return upload(bench, chat_id) == bench.last("agent1", "AttachmentAdded")["referenceId"]


@probe("chat.attachment-unknown", "chat.attachment-truncated")
def download(bench: Bench) -> Any:
    chat_id = bench.chatting()
    upload(bench, chat_id)
    (attachment,) = bench.chat("agent1", chat_id)["attachments"]
    response = bench.request("agent1", "GET", f"/chats/{chat_id}/attachments/{attachment['id']}")
    return response.status_code, response.content


@probe("chat.remove-attachment-ignored")
def remove_attachment(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "AddAttachment", documentId=SEEDED_DOCUMENT_ID)
    bench.op("agent1", chat_id, "RemoveAttachment", documentId=SEEDED_DOCUMENT_ID)
    return "attachments" in bench.last("agent1", "AttachmentRemoved")["chat"]


@probe("chat.upload-unlinked-accepted")
def upload_unlinked(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "UploadFile", documentId=SEEDED_DOCUMENT_ID)
    return bench.kinds("agent1")


@probe("chat.channel-state-not-kept")
def not_ready(bench: Bench) -> Any:
    bench.log_in("agent1")
    bench.post("agent1", "/me/channels/chat", "NotReady")
    return bench.get("agent1", "/me/channels/chat")["channels"]["userState"]["state"]


@probe("chat.dnd-ignored")
def do_not_disturb(bench: Bench) -> Any:
    bench.log_in("agent1")
    bench.post("agent1", "/me", "DoNotDisturbOn")
    bench.new_chat()
    return len(bench.ids_of("agent1"))


@probe("chat.customer-state-stuck")
def customer_state(bench: Bench) -> Any:
    return bench.customer_view(bench.chatting())["state"]


@probe("chat.customer-header-optional")
def customer_header(bench: Bench) -> Any:
    customer_id = bench.customer_view(bench.new_chat())["id"]
    return bench.customer("GET", f"/chats/{customer_id}", None).status_code


@probe("chat.customer-messages-repeat")
def customer_polls(bench: Bench) -> Any:
    customer_id = bench.customer_view(bench.new_chat())["id"]
    path = f"/chats/{customer_id}/messages"
    return [types(bench.customer("GET", path).json()["messages"]) for _ in range(2)]


@probe("chat.customer-message-lost")
def customer_writes(bench: Bench) -> Any:
    chat_id = bench.chatting()
    bench.stimulus("customer-message", chat=chat_id, text="Hello")
    return types(bench.said("agent1"))


def test_every_declared_fault_has_a_probe() -> None:
    Bench()
    declared = {fault.name for fault in declared_faults() if fault.name.startswith("chat.")}
    assert declared == set(PROBES)
    assert len(declared) >= 25


@pytest.mark.parametrize("name", sorted(PROBES))
def test_the_fault_shows(name: str) -> None:
    observe = PROBES[name]
    sound, sound_again, faulty = Bench(), Bench(), Bench(faults=(name,))
    expected = observe(sound)
    assert observe(sound_again) == expected, "the probe must not depend on chance"
    assert observe(faulty) != expected
