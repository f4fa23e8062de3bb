"""The Customer Chat API: requesting a chat and polling it without credentials."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.simulator.world import Options
from tests.simulator.chat_support import Bench, Json, types

CUSTOMER = {"SendMessage", "SendStartTypingNotification", "SendStopTypingNotification", "Complete"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def request_chat(bench: Bench, **parameters: Any) -> Json:
    body = {"operationName": "RequestChat", "nickname": "Chris", "subject": "Question", **parameters}
    response = bench.customer("POST", "/chats", json=body)
    assert response.status_code == 200, response.text
    reply: Json = response.json()
    return reply


def view(bench: Bench, customer_id: str) -> Json:
    reply = bench.customer("GET", f"/chats/{customer_id}").json()
    assert reply["statusCode"] == 0
    chat: Json = reply["chat"]
    return chat


def messages(bench: Bench, customer_id: str, query: str = "") -> list[Json]:
    reply = bench.customer("GET", f"/chats/{customer_id}/messages{query}").json()
    assert reply["statusCode"] == 0
    found: list[Json] = reply["messages"]
    return found


def operate(bench: Bench, customer_id: str, operation_name: str, **parameters: Any) -> tuple[int, int]:
    body = {"operationName": operation_name, **parameters}
    response = bench.customer("POST", f"/chats/{customer_id}", json=body)
    return response.status_code, response.json()["statusCode"]


def test_request_chat(bench: Bench) -> None:
    bench.log_in("agent1")
    reply = request_chat(bench, userData={"key": "value"})
    assert reply == {
        "statusCode": 0,
        "id": reply["id"],
        "path": f"/api/v2/chats/{reply['id']}",
        "uri": bench.world.uri(f"/chats/{reply['id']}"),
    }
    (chat,) = bench.get("agent1", "/me/chats?fields=*")["chats"]
    assert chat["userData"] == {"key": "value", "Subject": "Question"}
    assert chat["id"] != reply["id"]


def test_a_trailing_slash_is_accepted(bench: Bench) -> None:
    body = {"operationName": "RequestChat", "nickname": "Chris", "subject": "Question"}
    assert bench.customer("POST", "/chats/", json=body).status_code == 200


def test_states_and_participants(bench: Bench) -> None:
    customer_id = request_chat(bench)["id"]
    chat = view(bench, customer_id)
    assert chat["id"] == customer_id
    assert chat["state"] == "WaitingForAgent"
    assert set(chat["capabilities"]) == CUSTOMER
    (participant,) = chat["participants"]
    assert participant == {"nickname": "Chris", "participantId": participant["participantId"], "type": "Customer"}
    bench.log_in("agent1")
    (chat_id,) = bench.ids_of("agent1")
    assert view(bench, customer_id)["state"] == "WaitingForAgent"
    bench.op("agent1", chat_id, "Accept", nickname="Kristi")
    chat = view(bench, customer_id)
    assert chat["state"] == "Chatting"
    assert sorted((p["type"], p["nickname"]) for p in chat["participants"]) == [
        ("Agent", "Kristi"),
        ("Customer", "Chris"),
    ]
    bench.op("agent1", chat_id, "Leave")
    chat = view(bench, customer_id)
    assert (chat["state"], chat["capabilities"]) == ("Idle", [])


def test_messages_are_returned_once_unless_an_index_is_given(bench: Bench) -> None:
    customer_id = request_chat(bench)["id"]
    assert operate(bench, customer_id, "SendMessage", text="Hello?") == (200, 0)
    first = messages(bench, customer_id)
    assert [(m["index"], m["type"], m.get("text")) for m in first] == [
        (1, "ParticipantJoined", None),
        (2, "Text", "Hello?"),
    ]
    assert set(first[1]) == {"from", "index", "text", "type"}
    assert messages(bench, customer_id) == []
    bench.log_in("agent1")
    (chat_id,) = bench.ids_of("agent1")
    bench.op("agent1", chat_id, "Accept", nickname="Kristi")
    bench.op("agent1", chat_id, "SendMessage", text="How can I help you?")
    assert types(messages(bench, customer_id)) == ["ParticipantJoined", "Text"]
    assert [m["index"] for m in messages(bench, customer_id, "?index=0")] == [1, 2, 3, 4]
    assert [m["index"] for m in messages(bench, customer_id, "?index=3")] == [3, 4]
    assert bench.customer("GET", f"/chats/{customer_id}/messages?index=x").json()["statusCode"] == 10


def test_the_customer_reaches_the_agent(bench: Bench) -> None:
    bench.log_in("agent1")
    customer_id = request_chat(bench)["id"]
    (chat_id,) = bench.ids_of("agent1")
    bench.op("agent1", chat_id, "Accept", nickname="agent1")
    bench.mark()
    assert operate(bench, customer_id, "SendStartTypingNotification") == (200, 0)
    assert operate(bench, customer_id, "SendMessage", text="Hi") == (200, 0)
    assert operate(bench, customer_id, "SendStopTypingNotification") == (200, 0)
    assert types(bench.said("agent1")) == ["TypingStarted", "Text", "TypingStopped"]
    assert operate(bench, customer_id, "Complete") == (200, 0)
    assert bench.chat("agent1", chat_id)["state"] == "LeftChat"
    assert view(bench, customer_id)["state"] == "Idle"


def test_nothing_can_be_done_with_a_chat_that_is_over(bench: Bench) -> None:
    customer_id = request_chat(bench)["id"]
    operate(bench, customer_id, "Complete")
    for operation_name in sorted(CUSTOMER):
        assert operate(bench, customer_id, operation_name, text="x") == (400, 2)


def test_get_chat_and_get_messages_work_by_post_too(bench: Bench) -> None:
    customer_id = request_chat(bench)["id"]
    chat = bench.customer("POST", f"/chats/{customer_id}", json={"operationName": "GetChat"}).json()
    assert chat["chat"] == view(bench, customer_id)
    body = {"operationName": "GetMessages", "index": 0}
    assert len(bench.customer("POST", f"/chats/{customer_id}", json=body).json()["messages"]) == 1


@pytest.mark.parametrize("center, expected", [(None, (400, 1)), ("00000000-0000", (404, 6))])
def test_the_contact_center_must_be_named(bench: Bench, center: str | None, expected: tuple[int, int]) -> None:
    customer_id = request_chat(bench)["id"]
    body = {"operationName": "RequestChat", "nickname": "Chris", "subject": "Question"}
    for response in (
        bench.customer("POST", "/chats", center, json=body),
        bench.customer("GET", f"/chats/{customer_id}", center),
        bench.customer("GET", f"/chats/{customer_id}/messages", center),
        bench.customer("POST", f"/chats/{customer_id}", center, json={"operationName": "Complete"}),
    ):
        assert (response.status_code, response.json()["statusCode"]) == expected


@pytest.mark.parametrize(
    "body, code",
    [
        ({"subject": "Q"}, 1),
        ({"nickname": "Chris"}, 1),
        ({"nickname": 5, "subject": "Q"}, 10),
        ({"nickname": "Chris", "subject": "Q", "userData": "x"}, 10),
        ({"nickname": "Chris", "subject": "Q", "endpoint": "nowhere"}, 10),
    ],
)
def test_bad_requests(bench: Bench, body: Json, code: int) -> None:
    response = bench.customer("POST", "/chats", json={"operationName": "RequestChat", **body})
    assert (response.status_code, response.json()["statusCode"]) == (400, code)
    assert bench.state.chats == {}


def test_bad_operations(bench: Bench) -> None:
    customer_id = request_chat(bench)["id"]
    assert operate(bench, customer_id, "SendMessage") == (400, 1)
    assert operate(bench, customer_id, "Accept") == (400, 2)
    assert operate(bench, "no-such-chat", "SendMessage", text="x") == (404, 6)
    assert bench.customer("GET", "/chats/no-such-chat").json()["statusCode"] == 6


def test_a_customer_cannot_use_secured_resources(bench: Bench) -> None:
    response = bench.customer("GET", "/me/chats")
    assert (response.status_code, response.json()["statusCode"]) == (403, 20)


def test_the_interaction_id_opens_nothing_for_a_customer(bench: Bench) -> None:
    chat_id = bench.new_chat()
    assert bench.customer("GET", f"/chats/{chat_id}/messages").json()["statusCode"] == 6
    assert operate(bench, chat_id, "SendMessage", text="x") == (404, 6)


def test_no_csrf_token_is_needed(bench: Bench) -> None:
    bench.world.options = Options(csrf=True)
    customer_id = request_chat(bench)["id"]
    assert operate(bench, customer_id, "SendMessage", text="x") == (200, 0)


def test_request_chat_needs_the_chat_service(bench: Bench) -> None:
    bench.control("services", type="Chat", state="Inactive")
    body = {"operationName": "RequestChat", "nickname": "Chris", "subject": "Question"}
    response = bench.customer("POST", "/chats", json=body)
    assert (response.status_code, response.json()["statusCode"]) == (503, 4)
