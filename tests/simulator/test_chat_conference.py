"""Transfer, Invite, Consult, CancelConsult, RemoveParticipantFromConference, and leaving a conference."""

from __future__ import annotations

import pytest

from tests.simulator.chat_support import (
    CHATTING,
    CONSULTING,
    INVITED,
    LEFT_CHAT,
    TO_AGENTS,
    Bench,
    capabilities,
    nicknames,
    types,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# --- Transfer -----------------------------------------------------------------------------------------------


def test_transfer_to_an_agent(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "AttachUserData", userData={"k": "v"})
    bench.mark()
    bench.op("agent1", chat_id, "Transfer", targetUri=bench.uri_of("agent2"), text="My colleague will help")
    event = bench.last("agent1", "StatusChange")
    assert event["chat"]["state"] == "Completed"
    assert isinstance(event["referenceId"], int)
    assert bench.ids_of("agent1") == []
    invitation = bench.last("agent2", "StatusChange")["chat"]
    assert invitation["id"] == chat_id
    assert invitation["state"] == "Invited"
    assert capabilities(invitation) == INVITED
    assert invitation["userData"] == {"k": "v"}
    assert types(bench.customer_messages(chat_id))[-2:] == ["Text", "ParticipantLeft"]
    bench.op("agent2", chat_id, "Accept", nickname="Ben")
    assert nicknames(bench.chat("agent2", chat_id)) == ["Chris", "Ben"]
    assert "My colleague will help" in [m.get("text") for m in bench.said("agent2")]


def test_transfer_to_a_queue_goes_to_another_agent(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Transfer", queueName="chat-queue")
    assert bench.ids_of("agent1") == []
    assert bench.chat("agent2", chat_id)["state"] == "Invited"
    assert bench.customer_view(chat_id)["state"] == "WaitingForAgent"


def test_transfer_to_a_queue_does_not_come_back(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Transfer", queueName="chat-queue")
    assert bench.ids_of("agent1") == []
    bench.log_in("agent2")
    assert bench.ids_of("agent2") == [chat_id]


def test_a_transfer_that_is_rejected_goes_on_through_the_queue(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2", "agent3")
    bench.op("agent1", chat_id, "Transfer", targetUri=bench.uri_of("agent2"))
    bench.op("agent2", chat_id, "Reject")
    assert bench.ids_of("agent2") == []
    assert bench.chat("agent3", chat_id)["state"] == "Invited"


def test_transfer_to_the_consulted_agent_makes_them_visible(bench: Bench) -> None:
    chat_id = bench.conference("Consult")
    bench.op("agent1", chat_id, "Transfer", targetUri=bench.uri_of("agent2"))
    assert bench.last("agent1", "StatusChange")["chat"]["state"] == "Completed"
    chat = bench.chat("agent2", chat_id)
    assert chat["state"] == "Chatting"
    assert capabilities(chat) == CHATTING
    assert [p["visibility"] for p in chat["participants"]] == ["All", "All"]
    assert [p["nickname"] for p in bench.customer_view(chat_id)["participants"]] == ["Chris", "Ben"]
    assert "ParticipantRejoined" in types(bench.customer_messages(chat_id))


def test_transfer_to_a_partner_in_the_conference_hands_over(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "Transfer", targetUri=bench.uri_of("agent2"))
    assert bench.ids_of("agent1") == []
    assert nicknames(bench.chat("agent2", chat_id)) == ["Chris", "Ben"]


@pytest.mark.parametrize("operation_name", ["Transfer", "Invite", "Consult"])
def test_a_target_that_is_not_logged_in_leads_to_an_error(bench: Bench, operation_name: str) -> None:
    chat_id = bench.chatting()
    reply = bench.op("agent1", chat_id, operation_name, targetUri=bench.uri_of("agent2"))
    (event,) = bench.events("agent1")
    assert event["notificationType"] == "Error"
    assert event["errorMessage"]
    if operation_name != "Transfer":
        assert reply["referenceId"] == event["referenceId"]
    assert event["chat"]["state"] == "Chatting"
    assert bench.chat("agent1", chat_id)["state"] == "Chatting"


@pytest.mark.parametrize("operation_name", ["Transfer", "Invite", "Consult"])
def test_do_not_disturb_keeps_a_target_from_being_invited(bench: Bench, operation_name: str) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2", "supervisor1")
    path = f"{bench.user('agent2').path}/channels/chat"
    assert bench.post("supervisor1", path, "DoNotDisturbOn").status_code == 200
    bench.op("agent1", chat_id, operation_name, targetUri=bench.uri_of("agent2"))
    assert bench.kinds("agent1") == ["Error"]
    assert bench.ids_of("agent2") == []


@pytest.mark.parametrize("operation_name", ["Transfer", "Invite", "Consult"])
def test_nobody_is_his_own_target(bench: Bench, operation_name: str) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, operation_name, targetUri=bench.uri_of("agent1"))
    assert bench.kinds("agent1") == ["Error"]


@pytest.mark.parametrize("operation_name", ["Transfer", "Invite", "Consult"])
def test_bad_targets_are_refused_in_the_reply(bench: Bench, operation_name: str) -> None:
    chat_id = bench.chatting()
    path = f"/me/chats/{chat_id}"
    unknown = bench.world.uri("/users/nobody")
    assert bench.refusal("agent1", path, operation_name) == (400, 1)
    assert bench.refusal("agent1", path, operation_name, targetUri=5) == (400, 10)
    assert bench.refusal("agent1", path, operation_name, targetUri="agent2") == (400, 10)
    assert bench.refusal("agent1", path, operation_name, targetUri=bench.world.uri("/skills/1")) == (400, 10)
    assert bench.refusal("agent1", path, operation_name, targetUri=unknown) == (404, 6)
    assert bench.kinds("agent1") == []


def test_unknown_queues_are_refused(bench: Bench) -> None:
    chat_id = bench.chatting()
    path = f"/me/chats/{chat_id}"
    voice = next(q for q in bench.world.queues.values() if q.channel == "voice")
    assert bench.refusal("agent1", path, "Transfer", queueName="nowhere") == (404, 6)
    assert bench.refusal("agent1", path, "Transfer", queueName=voice.name) == (404, 6)
    none, other = bench.world.uri("/queues/none"), bench.world.uri(f"/queues/{voice.id}")
    assert bench.refusal("agent1", path, "Consult", targetUri=none) == (404, 6)
    assert bench.refusal("agent1", path, "Consult", targetUri=other) == (400, 10)


# --- Invite -------------------------------------------------------------------------------------------------


def test_invite_makes_a_conference(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    reply = bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of("agent2"))
    assert isinstance(reply["referenceId"], int)
    assert bench.kinds("agent1") == []
    assert bench.chat("agent2", chat_id)["state"] == "Invited"
    bench.mark()
    bench.op("agent2", chat_id, "Accept", nickname="Ben")
    assert bench.kinds("agent1") == ["ParticipantsUpdated", "NewMessages"]
    chat = bench.last("agent1", "ParticipantsUpdated")["chat"]
    assert nicknames(chat) == ["Chris", "Ada", "Ben"]
    assert capabilities(chat) == CHATTING | TO_AGENTS
    (joined,) = bench.said("agent1")
    assert (joined["type"], joined["visibility"], joined["from"]["nickname"]) == ("ParticipantJoined", "All", "Ben")
    assert bench.kinds("agent2") == ["StatusChange", "ParticipantsUpdated", "NewMessages"]
    assert capabilities(bench.chat("agent2", chat_id)) == CHATTING | TO_AGENTS
    assert len(bench.customer_view(chat_id)["participants"]) == 3


def test_messages_in_a_conference_reach_all(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent2", chat_id, "SendMessage", text="Hi from Ben")
    for who in ("agent1", "agent2"):
        assert [m["text"] for m in bench.said(who)] == ["Hi from Ben"]
    assert bench.customer_messages(chat_id)[-1]["from"]["nickname"] == "Ben"


@pytest.mark.parametrize("kind", ["Invite", "Consult"])
def test_a_rejected_invitation_is_reported_to_the_inviting_agent(bench: Bench, kind: str) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2", "agent3")
    reply = bench.op("agent1", chat_id, kind, targetUri=bench.uri_of("agent2"))
    bench.mark()
    bench.op("agent2", chat_id, "Reject")
    assert bench.last("agent2", "StatusChange")["chat"]["state"] == "Completed"
    error = bench.last("agent1", "Error")
    assert error["referenceId"] == reply["referenceId"]
    assert bench.ids_of("agent3") == []
    assert capabilities(bench.chat("agent1", chat_id)) == CHATTING


def test_inviting_somebody_twice_fails(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of("agent2"))
    assert bench.kinds("agent1") == ["Error"]


def test_inviting_the_consulted_agent_makes_a_conference(bench: Bench) -> None:
    chat_id = bench.conference("Consult")
    bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of("agent2"))
    assert capabilities(bench.chat("agent2", chat_id)) == CHATTING | TO_AGENTS
    assert "ParticipantsUpdated" in bench.kinds("agent1")
    assert "ParticipantsUpdated" in bench.kinds("agent2")
    assert len(bench.customer_view(chat_id)["participants"]) == 3


# --- Consult ------------------------------------------------------------------------------------------------


def test_the_customer_does_not_see_a_consulted_agent(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    reply = bench.op("agent1", chat_id, "Consult", targetUri=bench.uri_of("agent2"))
    assert isinstance(reply["referenceId"], int)
    bench.op("agent2", chat_id, "Accept", nickname="Ben")
    chat = bench.last("agent1", "ParticipantsUpdated")["chat"]
    assert [(p["nickname"], p["visibility"]) for p in chat["participants"]] == [
        ("Chris", "All"),
        ("Ada", "All"),
        ("Ben", "Agents"),
    ]
    assert capabilities(chat) == CHATTING | TO_AGENTS
    assert bench.said("agent1")[-1]["visibility"] == "Agents"
    assert capabilities(bench.chat("agent2", chat_id)) == CONSULTING
    assert len(bench.customer_view(chat_id)["participants"]) == 2
    assert types(bench.customer_messages(chat_id)) == ["ParticipantJoined", "ParticipantJoined"]


def test_a_consulted_agent_talks_to_agents_only(bench: Bench) -> None:
    chat_id = bench.conference("Consult")
    bench.op("agent2", chat_id, "SendMessage", text="to the customer")
    assert bench.kinds("agent2") == ["Error"]
    bench.op("agent2", chat_id, "SendToAgents", text="to you")
    assert [m["text"] for m in bench.said("agent1")] == ["to you"]
    assert "to you" not in [m.get("text") for m in bench.customer_messages(chat_id)]


def test_consult_with_a_queue(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    queue = next(q for q in bench.world.queues.values() if q.channel == "chat")
    bench.op("agent1", chat_id, "Consult", targetUri=bench.world.uri(f"/queues/{queue.id}"))
    bench.op("agent2", chat_id, "Accept", nickname="Ben")
    assert capabilities(bench.chat("agent2", chat_id)) == CONSULTING


def test_consult_with_a_queue_without_agents_fails(bench: Bench) -> None:
    chat_id = bench.chatting()
    queue = next(q for q in bench.world.queues.values() if q.channel == "chat")
    bench.op("agent1", chat_id, "Consult", targetUri=bench.world.uri(f"/queues/{queue.id}"))
    assert bench.kinds("agent1") == ["Error"]


def test_cancel_consult_withdraws_the_invitation(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Consult", targetUri=bench.uri_of("agent2"))
    bench.mark()
    reply = bench.op("agent1", chat_id, "CancelConsult")
    assert isinstance(reply["referenceId"], int)
    assert bench.events("agent1") == []
    assert bench.last("agent2", "StatusChange")["chat"]["state"] == "Revoked"
    assert bench.ids_of("agent2") == []


def test_cancel_consult_after_the_acceptance_fails(bench: Bench) -> None:
    chat_id = bench.conference("Consult")
    reply = bench.op("agent1", chat_id, "CancelConsult")
    (event,) = bench.events("agent1")
    assert event["notificationType"] == "Error"
    assert event["errorMessage"] == "Request failed"
    assert event["referenceId"] == reply["referenceId"]
    assert bench.chat("agent2", chat_id)["state"] == "Chatting"


def test_cancel_consult_leaves_an_invitation_to_a_conference_alone(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of("agent2"))
    bench.op("agent1", chat_id, "CancelConsult")
    assert bench.kinds("agent1") == ["Error"]
    assert bench.ids_of("agent2") == [chat_id]


# --- going --------------------------------------------------------------------------------------------------


def test_leaving_a_conference_completes_the_chat_for_the_one_who_leaves(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "Leave")
    assert bench.last("agent1", "StatusChange")["chat"]["state"] == "Completed"
    assert bench.ids_of("agent1") == []
    assert bench.kinds("agent2") == ["ParticipantsUpdated", "NewMessages"]
    chat = bench.last("agent2", "ParticipantsUpdated")["chat"]
    assert nicknames(chat) == ["Chris", "Ben"]
    assert capabilities(chat) == CHATTING
    assert types(bench.said("agent2")) == ["ParticipantLeft"]
    assert bench.customer_view(chat_id)["state"] == "Chatting"


def test_the_consulted_agent_leaves_unnoticed_by_the_customer(bench: Bench) -> None:
    chat_id = bench.conference("Consult")
    before = bench.customer_messages(chat_id)
    bench.op("agent2", chat_id, "Leave")
    assert bench.last("agent2", "StatusChange")["chat"]["state"] == "Completed"
    assert nicknames(bench.last("agent1", "ParticipantsUpdated")["chat"]) == ["Chris", "Ada"]
    assert bench.customer_messages(chat_id) == before


def test_the_consulted_agent_takes_over_when_the_other_leaves(bench: Bench) -> None:
    chat_id = bench.conference("Consult")
    bench.op("agent1", chat_id, "Leave")
    assert bench.last("agent1", "StatusChange")["chat"]["state"] == "Completed"
    assert capabilities(bench.chat("agent2", chat_id)) == CHATTING
    assert bench.customer_view(chat_id)["state"] == "Chatting"


def test_leaving_revokes_open_invitations(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of("agent2"))
    bench.op("agent1", chat_id, "Leave")
    assert bench.last("agent2", "StatusChange")["chat"]["state"] == "Revoked"
    assert bench.ids_of("agent2") == []


def test_complete_in_a_conference_completes_it_for_all(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "Complete")
    for who in ("agent1", "agent2"):
        assert bench.last(who, "StatusChange")["chat"]["state"] == "Completed"
        assert bench.ids_of(who) == []


@pytest.mark.parametrize("by", ["targetUri", "targetPath"])
def test_remove_participant(bench: Bench, by: str) -> None:
    chat_id = bench.conference()
    target = bench.uri_of("agent2") if by == "targetUri" else bench.user("agent2").path
    bench.op("agent1", chat_id, "RemoveParticipantFromConference", **{by: target, "text": "Ben goes"})
    assert bench.kinds("agent1") == ["NewMessages", "ParticipantsUpdated", "NewMessages"]
    assert nicknames(bench.last("agent1", "ParticipantsUpdated")["chat"]) == ["Chris", "Ada"]
    assert capabilities(bench.chat("agent1", chat_id)) == CHATTING
    assert bench.kinds("agent2") == ["NewMessages", "ParticipantsUpdated", "NewMessages", "StatusChange"]
    assert types(bench.said("agent2")) == ["Text", "ParticipantLeft"]
    event = bench.last("agent2", "StatusChange")
    assert event["chat"]["state"] == "LeftChat"
    assert capabilities(event["chat"]) == LEFT_CHAT
    assert nicknames(event["chat"]) == ["Chris", "Ada"]


def test_the_removed_agent_completes_only_his_own_side(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "RemoveParticipantFromConference", targetUri=bench.uri_of("agent2"))
    bench.mark()
    bench.op("agent2", chat_id, "Complete")
    event = bench.last("agent2", "StatusChange")
    assert event["chat"]["state"] == "Completed"
    assert event["chat"]["capabilities"] == []
    assert isinstance(event["referenceId"], int)
    assert bench.events("agent1") == []
    assert bench.chat("agent1", chat_id)["state"] == "Chatting"
    assert bench.customer_view(chat_id)["state"] == "Chatting"


def test_remove_participant_refusals(bench: Bench) -> None:
    chat_id = bench.conference("Consult")
    path, name = f"/me/chats/{chat_id}", "RemoveParticipantFromConference"
    both = {"targetUri": bench.uri_of("agent2"), "targetPath": bench.user("agent3").path}
    assert bench.refusal("agent1", path, name) == (400, 1)
    assert bench.refusal("agent1", path, name, targetPath="/devices/1") == (400, 10)
    assert bench.refusal("agent1", path, name, targetPath="/users/nobody") == (404, 6)
    assert bench.refusal("agent1", path, name, **both) == (400, 10)
    # Only agents who are visible to all may remove somebody.
    bench.op("agent2", chat_id, name, targetUri=bench.uri_of("agent1"))
    assert bench.kinds("agent2") == ["Error"]
    bench.op("agent1", chat_id, name, targetUri=bench.uri_of("agent3"))
    bench.op("agent1", chat_id, name, targetUri=bench.uri_of("agent1"))
    assert bench.kinds("agent1") == ["Error", "Error"]
    assert nicknames(bench.chat("agent1", chat_id)) == ["Chris", "Ada", "Ben"]


def test_both_agents_go_to_left_chat_when_the_customer_leaves(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.stimulus("customer-leaves", chat=chat_id)
    for who in ("agent1", "agent2"):
        assert bench.last(who, "StatusChange")["chat"]["state"] == "LeftChat"
        bench.op(who, chat_id, "Complete")
        assert bench.ids_of(who) == []
