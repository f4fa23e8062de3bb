"""Being offered a chat, Accept, Reject, Leave, Complete, and reading chats."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.simulator.chat_support import CHATTING, INVITED, LEFT_CHAT, Bench, capabilities, nicknames, types


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_chat_is_offered_to_the_agent_who_has_been_idle_longest(bench: Bench) -> None:
    bench.log_in("agent2", "agent1", "agent3")
    first, second, third = bench.new_chat(), bench.new_chat(), bench.new_chat()
    assert bench.ids_of("agent2") == [first]
    assert bench.ids_of("agent1") == [second]
    assert bench.ids_of("agent3") == [third]


def test_supervisors_are_offered_chats_last(bench: Bench) -> None:
    bench.log_in("supervisor1", "agent1")
    chat_id = bench.new_chat()
    assert bench.ids_of("agent1") == [chat_id]
    assert bench.ids_of("supervisor1") == []


def test_a_chat_waits_until_an_agent_logs_in(bench: Bench) -> None:
    chat_id = bench.new_chat()
    assert bench.ids_of("agent1") == []
    bench.log_in("agent1")
    assert bench.ids_of("agent1") == [chat_id]


def test_an_agent_is_offered_no_more_chats_than_the_capacity(bench: Bench) -> None:
    bench.stimulus("chat-options", capacity=2)
    bench.log_in("agent1")
    chats = [bench.new_chat() for _ in range(3)]
    assert bench.ids_of("agent1") == chats[:2]
    bench.stimulus("customer-leaves", chat=chats[0])
    assert bench.ids_of("agent1") == chats[1:]


def test_invitation(bench: Bench) -> None:
    bench.log_in("agent1")
    chat_id = bench.new_chat(nickname="Chris", subject="Billing", userData={"orderId": "4711", "count": 2})
    assert bench.kinds("agent1") == ["StatusChange"]
    event = bench.last("agent1", "StatusChange")
    assert event["messageType"] == "ChatStateChangeMessage"
    assert "referenceId" not in event
    chat = event["chat"]
    assert chat["id"] == chat_id
    assert chat["state"] == "Invited"
    assert capabilities(chat) == INVITED
    assert chat["participants"] == []
    assert chat["userData"] == {"orderId": "4711", "count": 2, "Subject": "Billing"}
    assert chat["chatType"] == "Inbound"
    assert chat["uri"].endswith(f"/api/v2/chats/{chat_id}")
    assert chat["path"] == f"/chats/{chat_id}"
    assert bench.transcript("agent1", chat_id) == []


def test_accept_sends_status_participants_and_history(bench: Bench) -> None:
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    bench.stimulus("customer-message", chat=chat_id, text="Hello?")
    bench.mark()
    bench.op("agent1", chat_id, "Accept", nickname="Ada")
    assert bench.kinds("agent1") == ["StatusChange", "ParticipantsUpdated", "NewMessages"]
    status, participants, history = bench.events("agent1")
    assert status["chat"]["state"] == "Chatting"
    assert status["chat"]["participants"] == []
    assert isinstance(status["referenceId"], int)
    assert participants["referenceId"] == status["referenceId"]
    assert capabilities(participants["chat"]) == CHATTING
    assert nicknames(participants["chat"]) == ["Chris", "Ada"]
    customer, agent = participants["chat"]["participants"]
    assert customer["type"] == "Customer"
    assert "uri" not in customer
    assert agent["type"] == "Agent"
    assert agent["uri"] == bench.uri_of("agent1")
    assert agent["visibility"] == "All"
    assert agent["participantId"] != customer["participantId"]
    assert history["messageType"] == "MessageLogUpdated"
    assert history["chatUri"].endswith(f"/chats/{chat_id}")
    assert types(history["messages"]) == ["ParticipantJoined", "Text", "ParticipantJoined"]
    assert [message["index"] for message in history["messages"]] == [1, 2, 3]
    assert [message["from"]["nickname"] for message in history["messages"]] == ["Chris", "Chris", "Ada"]


def test_accept_needs_a_nickname(bench: Bench) -> None:
    """The page calls saveLAR optional, and not the nickname."""
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", "Accept") == (400, 1)


def test_messages_carry_both_timestamps(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendMessage", text="Hi")
    (message,) = bench.said("agent1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4}", message["timestamp"])
    milliseconds = message["timestampSeconds"]
    assert abs(milliseconds - bench.world.clock.milliseconds()) < 60_000


def test_reject_presents_the_chat_to_another_agent(bench: Bench) -> None:
    bench.log_in("agent1", "agent2")
    chat_id = bench.new_chat()
    bench.mark()
    bench.op("agent1", chat_id, "Reject")
    (event,) = bench.events("agent1")
    assert event["notificationType"] == "StatusChange"
    assert event["chat"]["state"] == "Completed"
    assert event["chat"]["participants"] == []
    assert event["chat"]["capabilities"] == []
    assert isinstance(event["referenceId"], int)
    assert bench.ids_of("agent1") == []
    assert bench.chat("agent2", chat_id)["state"] == "Invited"


def test_a_rejected_chat_does_not_come_back_to_the_same_agent(bench: Bench) -> None:
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    bench.op("agent1", chat_id, "Reject")
    assert bench.ids_of("agent1") == []
    bench.log_in("agent2")
    assert bench.ids_of("agent2") == [chat_id]


def test_leave_of_the_only_agent_leads_to_left_chat(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Leave", text="Goodbye")
    event = bench.last("agent1", "StatusChange")
    assert event["chat"]["state"] == "LeftChat"
    assert isinstance(event["referenceId"], int)
    assert capabilities(event["chat"]) == LEFT_CHAT
    assert nicknames(event["chat"]) == ["Chris"]
    assert bench.customer_view(chat_id) == {
        **bench.customer_view(chat_id),
        "state": "Idle",
        "capabilities": [],
    }
    assert [(m["type"], m.get("text")) for m in bench.customer_messages(chat_id)][-2:] == [
        ("Text", "Goodbye"),
        ("ParticipantLeft", None),
    ]
    assert bench.ids_of("agent1") == [chat_id]


def test_complete_after_leave_removes_the_chat(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Leave")
    bench.mark()
    bench.op("agent1", chat_id, "Complete")
    (event,) = bench.events("agent1")
    assert event["notificationType"] == "StatusChange"
    assert event["chat"]["state"] == "Completed"
    assert event["chat"]["capabilities"] == []
    assert bench.ids_of("agent1") == []
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", "Complete") == (404, 6)
    assert bench.request("agent1", "GET", f"/me/chats/{chat_id}").status_code == 404


def test_complete_while_chatting_ends_the_session_for_the_customer(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Complete", saveLAR=True, text="Bye", messageType="Farewell", treatAs="System")
    assert bench.last("agent1", "StatusChange")["chat"]["state"] == "Completed"
    assert bench.customer_view(chat_id)["state"] == "Idle"
    assert bench.customer_messages(chat_id)[-2]["text"] == "Bye"
    assert bench.ids_of("agent1") == []


def test_complete_into_a_queue(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Complete", queueName="chat-queue")
    assert bench.last("agent1", "StatusChange")["chat"]["interactionQueue"] == "chat-queue"
    assert bench.ids_of("agent1") == []


def test_the_customers_leaving_brings_the_agent_to_left_chat(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.stimulus("customer-leaves", chat=chat_id)
    assert bench.kinds("agent1") == ["ParticipantsUpdated", "NewMessages", "StatusChange"]
    assert types(bench.said("agent1")) == ["ParticipantLeft"]
    assert nicknames(bench.last("agent1", "ParticipantsUpdated")["chat"]) == ["Ada"]
    assert bench.chat("agent1", chat_id)["state"] == "LeftChat"
    bench.op("agent1", chat_id, "SetDisposition", disposition="Resolved")
    assert bench.chat("agent1", chat_id)["userData"]["DispositionCode"] == "Resolved"


def test_the_customers_leaving_revokes_an_invitation(bench: Bench) -> None:
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    bench.mark()
    bench.stimulus("customer-leaves", chat=chat_id)
    assert bench.last("agent1", "StatusChange")["chat"]["state"] == "Revoked"
    assert bench.ids_of("agent1") == []


def test_a_customer_who_leaves_the_queue_is_not_offered_any_more(bench: Bench) -> None:
    chat_id = bench.new_chat()
    bench.stimulus("customer-leaves", chat=chat_id)
    bench.log_in("agent1")
    assert bench.ids_of("agent1") == []


@pytest.mark.parametrize(
    "operation_name, parameters",
    [
        ("SendMessage", {"text": "x"}),
        ("Leave", {}),
        ("Complete", {}),
        ("SetInFocus", {"inFocus": True}),
        ("AttachUserData", {"userData": {"k": "v"}}),
        ("AddComment", {"comment": "x"}),
        ("SendToAgents", {"text": "x"}),
        ("CancelConsult", {}),
        ("SendNicknameUpdatedNotice", {"noticeText": "x"}),
    ],
)
def test_an_invitation_allows_nothing_but_accept_and_reject(
    bench: Bench, operation_name: str, parameters: dict[str, Any]
) -> None:
    bench.log_in("agent1")
    chat_id = bench.new_chat()
    before = bench.chat("agent1", chat_id)
    bench.mark()
    bench.op("agent1", chat_id, operation_name, **parameters)
    (event,) = bench.events("agent1")
    assert event["messageType"] == "ChatStateChangeMessage"
    assert event["notificationType"] == "Error"
    assert event["errorMessage"]
    assert isinstance(event["referenceId"], int)
    after = bench.chat("agent1", chat_id)
    assert {**after, "capabilities": None} == {**before, "capabilities": None}
    assert capabilities(after) == INVITED


@pytest.mark.parametrize("operation_name", ["Accept", "Reject", "SendToAgents"])
def test_chatting_refuses_what_it_does_not_offer(bench: Bench, operation_name: str) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, operation_name, nickname="Other", text="x")
    assert bench.kinds("agent1") == ["Error"]
    assert nicknames(bench.chat("agent1", chat_id)) == ["Chris", "Ada"]


@pytest.mark.parametrize("operation_name", ["Accept", "SendMessage", "Leave", "Transfer", "SendUrl", "Invite"])
def test_left_chat_refuses_what_it_does_not_offer(bench: Bench, operation_name: str) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Leave")
    bench.mark()
    target = bench.uri_of("agent2")
    bench.op("agent1", chat_id, operation_name, nickname="x", text="x", url="http://x.test", targetUri=target)
    assert bench.kinds("agent1") == ["Error"]
    assert bench.chat("agent1", chat_id)["state"] == "LeftChat"


def test_bad_parameters_are_refused_in_the_reply(bench: Bench) -> None:
    chat_id = bench.chatting()
    path = f"/me/chats/{chat_id}"
    assert bench.refusal("agent1", path, "Leave", treatAs="System") == (400, 1)
    assert bench.refusal("agent1", path, "Complete", messageType="Greeting") == (400, 1)
    assert bench.refusal("agent1", path, "Leave", text="x", treatAs="Loud") == (400, 10)
    assert bench.refusal("agent1", path, "Complete", saveLAR="perhaps") == (400, 10)
    assert bench.refusal("agent1", path, "Complete", queueName="no-such-queue") == (404, 6)
    assert bench.refusal("agent1", path, "Accept", nickname=5) == (400, 10)
    assert bench.refusal("agent1", path, "Dance") == (400, 2)
    assert bench.kinds("agent1") == []
    assert bench.chat("agent1", chat_id)["state"] == "Chatting"


def test_a_chat_of_somebody_else_is_not_found(bench: Bench) -> None:
    chat_id = bench.chatting()
    assert bench.refusal("agent2", f"/me/chats/{chat_id}", "Leave") == (404, 6)
    assert bench.request("agent2", "GET", f"/me/chats/{chat_id}").json()["statusCode"] == 6
    assert bench.request("agent2", "GET", f"/me/chats/{chat_id}/messages").json()["statusCode"] == 6


def test_the_list_gives_uris_or_resources(bench: Bench) -> None:
    chat_id = bench.chatting()
    reply = bench.get("agent1", "/me/chats")
    assert reply["paths"] == [f"/chats/{chat_id}"]
    assert reply["uris"] == [bench.world.uri(f"/chats/{chat_id}")]
    (chat,) = bench.get("agent1", "/me/chats?fields=*")["chats"]
    assert {**chat, "capabilities": None} == {**bench.chat("agent1", chat_id), "capabilities": None}
    assert bench.get("agent1", "/me/chats?fields=id,state")["chats"] == [{"id": chat_id, "state": "Chatting"}]


def test_the_uri_of_a_chat_resource_can_be_read(bench: Bench) -> None:
    chat_id = bench.chatting()
    assert bench.get("agent1", f"/chats/{chat_id}")["chat"]["state"] == "Chatting"
    assert bench.request("agent2", "GET", f"/chats/{chat_id}").json()["statusCode"] == 6
    assert bench.customer("GET", f"/chats/{chat_id}").json()["statusCode"] == 6


def test_admins_have_no_chats(bench: Bench) -> None:
    response = bench.request("admin1", "GET", "/me/chats")
    assert (response.status_code, response.json()["statusCode"]) == (403, 5)


@pytest.mark.parametrize("feature", ["api-multimedia", "api-multimedia-chat"])
def test_operations_need_their_features(bench: Bench, feature: str) -> None:
    chat_id = bench.chatting()
    bench.control("features", off=[feature])
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", "Leave") == (400, 2)
    hidden = bench.request("agent1", "GET", "/me/chats").status_code == 404
    assert hidden == (feature == "api-multimedia-chat")


def test_operations_need_the_chat_service(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.control("services", type="Chat", state="Inactive")
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", "Leave") == (503, 4)
    assert bench.chat("agent1", chat_id)["state"] == "Chatting"


def test_the_end_of_the_session_leaves_nothing_behind(bench: Bench) -> None:
    chat_id = bench.chatting()
    invited = bench.new_chat()
    bench.log_in("agent2")
    bench.log_out("agent1")
    assert bench.ids_of("agent1") == []
    assert bench.customer_view(chat_id)["state"] == "Idle"
    assert bench.ids_of("agent2") == [invited]


def test_the_session_of_an_agent_in_a_conference_ends_for_that_agent_only(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.log_out("agent1")
    assert bench.ids_of("agent1") == []
    assert bench.chat("agent2", chat_id)["state"] == "Chatting"
    assert bench.customer_view(chat_id)["state"] == "Chatting"


def test_transcript_save_done_is_a_service_message(bench: Bench) -> None:
    bench.stimulus("chat-options", transcriptSaveDone=True)
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Leave")
    (message,) = bench.said("agent1")
    assert (message["type"], message["index"]) == ("TranscriptSaveDone", -1)
    assert -1 not in [m["index"] for m in bench.transcript("agent1", chat_id)]


def test_switching_is_for_supervisors(bench: Bench) -> None:
    chat_id = bench.chatting()
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", "SwitchToCoach") == (403, 5)
