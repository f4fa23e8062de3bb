"""Messages, addresses, typing, notices: who gets what, and how the transcript is read."""

from __future__ import annotations

import pytest

from tests.simulator.chat_support import Bench, types


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_send_message(bench: Bench) -> None:
    chat_id = bench.chatting()
    reply = bench.op("agent1", chat_id, "SendMessage", text="How may I help?", messageType="Greeting")
    assert reply == {"statusCode": 0}
    (event,) = bench.events("agent1")
    assert event["messageType"] == "MessageLogUpdated"
    assert event["notificationType"] == "NewMessages"
    (message,) = event["messages"]
    assert message["text"] == "How may I help?"
    assert message["type"] == "Text"
    assert message["visibility"] == "All"
    assert message["index"] == 3
    assert message["from"]["nickname"] == "Ada"
    assert "messageType" not in message
    assert bench.customer_messages(chat_id)[-1]["text"] == "How may I help?"


def test_message_type_is_included_when_the_option_is_on(bench: Bench) -> None:
    bench.stimulus("chat-options", includeMessageType=True)
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendMessage", text="a", messageType="Greeting", treatAs="Normal")
    assert bench.said("agent1")[0]["messageType"] == "Greeting"
    assert bench.transcript("agent1", chat_id)[-1]["messageType"] == "Greeting"


@pytest.mark.parametrize(
    "operation_name, parameters, code",
    [
        ("SendMessage", {}, 1),
        ("SendMessage", {"text": ""}, 1),
        ("SendMessage", {"text": 5}, 10),
        ("SendMessage", {"text": "x", "treatAs": "Loud"}, 10),
        ("SendUrl", {}, 1),
        ("SendToAgents", {}, 1),
        ("SendCustomNotice", {}, 1),
        ("SendCustomNoticeToAgents", {"noticeText": []}, 10),
        ("SendNicknameUpdatedNotice", {}, 1),
    ],
)
def test_bad_parameters(bench: Bench, operation_name: str, parameters: dict[str, object], code: int) -> None:
    chat_id = bench.chatting()
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", operation_name, **parameters) == (400, code)
    assert bench.events("agent1") == []


def test_send_url(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendUrl", url="http://www.example.test/a")
    (message,) = bench.said("agent1")
    assert (message["type"], message["url"]) == ("PushUrl", "http://www.example.test/a")
    assert "text" not in message
    notice = bench.customer_messages(chat_id)[-1]
    assert (notice["type"], notice["text"]) == ("Notice", "http://www.example.test/a")


def test_typing_of_the_agent(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendStartTypingNotification")
    bench.op("agent1", chat_id, "SendStopTypingNotification")
    assert types(bench.said("agent1")) == ["TypingStarted", "TypingStopped"]
    assert [m["visibility"] for m in bench.said("agent1")] == ["All", "All"]
    assert types(bench.customer_messages(chat_id))[-2:] == ["TypingStarted", "TypingStopped"]


def test_custom_notice(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendCustomNotice", noticeText="Attention")
    (message,) = bench.said("agent1")
    assert (message["type"], message["noticeText"], message["visibility"]) == ("CustomNotice", "Attention", "All")
    assert bench.customer_messages(chat_id)[-1]["type"] == "Notice"


def test_nickname_updated_notice(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendNicknameUpdatedNotice", noticeText="Countess")
    (message,) = bench.said("agent1")
    assert (message["type"], message["noticeText"]) == ("NicknameUpdated", "Countess")
    assert message["from"]["nickname"] == "Countess"
    assert bench.chat("agent1", chat_id)["participants"][1]["nickname"] == "Countess"
    assert [m["from"]["nickname"] for m in bench.transcript("agent1", chat_id)] == ["Chris", "Ada", "Countess"]


def test_messages_to_agents_do_not_reach_the_customer(bench: Bench) -> None:
    chat_id = bench.conference()
    before = len(bench.customer_messages(chat_id))
    bench.op("agent1", chat_id, "SendToAgents", text="We need your help")
    bench.op("agent1", chat_id, "SendStartTypingToAgentsNotification")
    bench.op("agent1", chat_id, "SendStopTypingToAgentsNotification")
    bench.op("agent1", chat_id, "SendStopTypingToAgentNotification")
    bench.op("agent1", chat_id, "SendCustomNoticeToAgents", noticeText="Psst")
    for who in ("agent1", "agent2"):
        assert types(bench.said(who)) == ["Text", "TypingStarted", "TypingStopped", "TypingStopped", "CustomNotice"]
        assert {m["visibility"] for m in bench.said(who)} == {"Agents"}
    assert len(bench.customer_messages(chat_id)) == before


def test_to_agents_needs_another_agent(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendToAgents", text="anybody?")
    bench.op("agent1", chat_id, "SendCustomNoticeToAgents", noticeText="anybody?")
    assert bench.kinds("agent1") == ["Error", "Error"]
    assert "Text" not in types(bench.transcript("agent1", chat_id))


def test_what_the_customer_does_reaches_every_agent(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.stimulus("customer-typing", chat=chat_id, text="Hel")
    bench.stimulus("customer-message", chat=chat_id, text="Hello")
    bench.stimulus("customer-typing", chat=chat_id, typing=False)
    for who in ("agent1", "agent2"):
        assert [(m["type"], m.get("text")) for m in bench.said(who)] == [
            ("TypingStarted", "Hel"),
            ("Text", "Hello"),
            ("TypingStopped", None),
        ]
        assert {m["from"]["type"] for m in bench.said(who)} == {"Customer"}


def test_the_index_only_grows(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "SendMessage", text="a")
    bench.op("agent2", chat_id, "SendToAgents", text="b")
    bench.stimulus("customer-message", chat=chat_id, text="c")
    indexes = [m["index"] for m in bench.transcript("agent1", chat_id)]
    assert indexes == list(range(1, len(indexes) + 1))


def test_messages_are_read_by_start_index_and_count(bench: Bench) -> None:
    chat_id = bench.chatting()
    for text in ("a", "b", "c"):
        bench.op("agent1", chat_id, "SendMessage", text=text)
    assert [m["index"] for m in bench.transcript("agent1", chat_id)] == [1, 2, 3, 4, 5]
    assert [m["index"] for m in bench.transcript("agent1", chat_id, "?startIndex=3")] == [3, 4, 5]
    assert [m["index"] for m in bench.transcript("agent1", chat_id, "?startIndex=2&count=2")] == [2, 3]
    assert bench.transcript("agent1", chat_id, "?count=0") == []
    for query in ("startIndex=-1", "count=many"):
        response = bench.request("agent1", "GET", f"/me/chats/{chat_id}/messages?{query}")
        assert (response.status_code, response.json()["statusCode"]) == (400, 10)


def test_delivered_and_stored_messages_are_the_same(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SendMessage", text="same")
    assert bench.transcript("agent1", chat_id)[-1] == bench.said("agent1")[0]
