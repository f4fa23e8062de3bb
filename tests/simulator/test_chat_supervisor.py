"""Supervisor monitoring of chats."""

from __future__ import annotations

import pytest

from tests.simulator.chat_support import (
    BARGING,
    CHATTING,
    COACHING,
    INVITED,
    MONITORING,
    TO_AGENTS,
    Bench,
    capabilities,
    nicknames,
    types,
)

MODES = [("Monitor", "Supervisors", MONITORING), ("Coach", "Agents", COACHING), ("BargeIn", "All", BARGING)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def channel(bench: Bench, agent: str = "agent1") -> str:
    return f"{bench.user(agent).path}/channels/chat"


@pytest.mark.parametrize("mode, visibility, offered", MODES)
def test_the_supervisor_joins_the_next_chat(bench: Bench, mode: str, visibility: str, offered: set[str]) -> None:
    chat_id = bench.supervised(mode, nickname="Eve")
    assert bench.kinds("supervisor1") == ["ParticipantsUpdated", "StatusChange", "NewMessages"]
    chat = bench.last("supervisor1", "StatusChange")["chat"]
    assert chat["state"] == "Chatting"
    assert capabilities(chat) == offered
    assert [(p["nickname"], p["visibility"]) for p in chat["participants"]] == [
        ("Chris", "All"),
        ("Ada", "All"),
        ("Eve", visibility),
    ]
    assert [p["type"] for p in chat["participants"]] == ["Customer", "Agent", "Agent"]
    assert types(bench.said("supervisor1")) == ["ParticipantJoined"] * 3
    assert bench.said("supervisor1")[-1]["visibility"] == visibility
    agents_view, customers_view = bench.chat("agent1", chat_id), bench.customer_view(chat_id)
    assert ("Eve" in nicknames(agents_view)) == (visibility != "Supervisors")
    assert ("Eve" in nicknames(customers_view)) == (visibility == "All")
    with_others = CHATTING if mode == "Monitor" else CHATTING | TO_AGENTS
    assert capabilities(agents_view) == with_others


def test_the_agent_hears_nothing_of_a_silent_monitor(bench: Bench) -> None:
    chat_id = bench.supervised("Monitor")
    assert bench.kinds("agent1") == ["StatusChange", "StatusChange", "ParticipantsUpdated", "NewMessages"]
    assert [m["index"] for m in bench.transcript("agent1", chat_id)] == [1, 2]
    assert [m["index"] for m in bench.transcript("supervisor1", chat_id)] == [1, 2, 3]


def test_a_chat_that_runs_already_is_not_joined(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("supervisor1")
    bench.post("supervisor1", channel(bench), "Monitor")
    assert bench.ids_of("supervisor1") == []
    second = bench.new_chat()
    bench.op("agent1", second, "Accept", nickname="agent1")
    assert bench.ids_of("supervisor1") == [second]
    assert chat_id != second


@pytest.mark.parametrize("scope, joined", [("NextChat", 1), ("AllChats", 2), (None, 2)])
def test_monitoring_mode(bench: Bench, scope: str | None, joined: int) -> None:
    parameters = {"supervisorMonitoringMode": scope} if scope else {}
    bench.supervised("Monitor", **parameters)
    second = bench.new_chat()
    bench.op("agent1", second, "Accept", nickname="agent1")
    assert len(bench.ids_of("supervisor1")) == joined


def test_cancel_monitoring_keeps_the_chat_that_runs(bench: Bench) -> None:
    chat_id = bench.supervised("Monitor")
    assert bench.post("supervisor1", channel(bench), "CancelSupervisorMonitoring").json() == {"statusCode": 0}
    bench.op("agent1", bench.new_chat(), "Accept", nickname="Ada")
    assert bench.ids_of("supervisor1") == [chat_id]
    assert bench.refusal("supervisor1", channel(bench), "CancelSupervisorMonitoring") == (400, 2)


def test_monitoring_ends_with_the_supervisors_session(bench: Bench) -> None:
    chat_id = bench.supervised("Coach")
    bench.log_out("supervisor1")
    assert bench.ids_of("supervisor1") == []
    assert nicknames(bench.chat("agent1", chat_id)) == ["Chris", "Ada"]
    bench.log_in("supervisor1")
    bench.op("agent1", bench.new_chat(), "Accept", nickname="Ada")
    assert bench.ids_of("supervisor1") == []


def test_what_each_mode_may_say(bench: Bench) -> None:
    chat_id = bench.supervised("Monitor")
    bench.mark()
    bench.op("supervisor1", chat_id, "SendToAgents", text="x")
    bench.op("supervisor1", chat_id, "SendMessage", text="x")
    assert bench.kinds("supervisor1") == ["Error", "Error"]
    bench.op("supervisor1", chat_id, "SwitchToCoach")
    bench.mark()
    bench.op("supervisor1", chat_id, "SendMessage", text="x")
    assert bench.kinds("supervisor1") == ["Error"]
    bench.op("supervisor1", chat_id, "SendToAgents", text="ask for the number")
    assert [(m["text"], m["visibility"]) for m in bench.said("agent1")] == [("ask for the number", "Agents")]
    bench.op("supervisor1", chat_id, "SwitchToBargeIn")
    bench.op("supervisor1", chat_id, "SendMessage", text="good day")
    assert bench.customer_messages(chat_id)[-1]["text"] == "good day"


SWITCHES = [
    ("Monitor", "SwitchToCoach", "Agents", COACHING),
    ("Monitor", "SwitchToBargeIn", "All", BARGING),
    ("Coach", "SwitchToMonitor", "Supervisors", MONITORING),
    ("Coach", "SwitchToBargeIn", "All", BARGING),
    ("BargeIn", "SwitchToMonitor", "Supervisors", MONITORING),
    ("BargeIn", "SwitchToCoach", "Agents", COACHING),
]


@pytest.mark.parametrize("mode, operation_name, visibility, offered", SWITCHES)
def test_switching(bench: Bench, mode: str, operation_name: str, visibility: str, offered: set[str]) -> None:
    chat_id = bench.supervised(mode, nickname="Eve")
    bench.mark()
    bench.op("supervisor1", chat_id, operation_name)
    assert bench.kinds("supervisor1") == ["ParticipantsUpdated", "NewMessages"]
    chat = bench.last("supervisor1", "ParticipantsUpdated")["chat"]
    assert capabilities(chat) == offered
    assert chat["participants"][-1]["visibility"] == visibility
    (message,) = bench.said("supervisor1")
    assert (message["type"], message["visibility"]) == ("ParticipantRejoined", visibility)
    assert message["from"]["visibility"] == visibility
    agents_view = bench.last("agent1", "ParticipantsUpdated")["chat"]
    assert ("Eve" in nicknames(agents_view)) == (visibility != "Supervisors")
    assert ("Eve" in nicknames(bench.customer_view(chat_id))) == (visibility == "All")


def test_switching_to_the_mode_that_is_on_is_refused(bench: Bench) -> None:
    chat_id = bench.supervised("Coach")
    bench.mark()
    bench.op("supervisor1", chat_id, "SwitchToCoach")
    assert bench.kinds("supervisor1") == ["Error"]


def test_a_supervisor_leaves_at_any_time(bench: Bench) -> None:
    chat_id = bench.supervised("BargeIn")
    bench.mark()
    bench.op("supervisor1", chat_id, "Leave")
    assert bench.last("supervisor1", "StatusChange")["chat"]["state"] == "Completed"
    assert bench.ids_of("supervisor1") == []
    assert bench.chat("agent1", chat_id)["state"] == "Chatting"
    assert bench.kinds("agent1") == ["ParticipantsUpdated", "NewMessages"]


def test_revoked_when_the_chat_is_completed(bench: Bench) -> None:
    chat_id = bench.supervised("Monitor")
    bench.op("agent1", chat_id, "Leave")
    assert bench.chat("supervisor1", chat_id)["state"] == "Chatting"
    bench.mark()
    bench.op("agent1", chat_id, "Complete")
    (event,) = bench.events("supervisor1")
    assert event["notificationType"] == "StatusChange"
    assert event["chat"]["state"] == "Revoked"
    assert event["chat"]["participants"] == []
    assert event["chat"]["capabilities"] == []
    assert bench.ids_of("supervisor1") == []


def test_revoked_when_the_chat_goes_to_a_queue(bench: Bench) -> None:
    chat_id = bench.supervised("Monitor")
    bench.op("agent1", chat_id, "Transfer", queueName="chat-queue")
    assert bench.last("supervisor1", "StatusChange")["chat"]["state"] == "Revoked"


def test_monitoring_goes_on_while_another_agent_is_present(bench: Bench) -> None:
    chat_id = bench.supervised("Monitor")
    bench.log_in("agent2")
    bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of("agent2"))
    bench.op("agent2", chat_id, "Accept", nickname="agent2")
    bench.op("agent1", chat_id, "Leave")
    assert bench.chat("supervisor1", chat_id)["state"] == "Chatting"
    bench.op("agent2", chat_id, "Complete")
    assert bench.ids_of("supervisor1") == []


def test_a_supervisor_works_on_the_data_while_coaching(bench: Bench) -> None:
    chat_id = bench.supervised("Coach")
    bench.mark()
    bench.op("supervisor1", chat_id, "AttachUserData", userData={"k": "v"})
    bench.op("supervisor1", chat_id, "AddComment", comment="well done")
    assert bench.kinds("agent1") == ["PropertiesUpdated", "PropertiesUpdated"]
    bench.op("supervisor1", chat_id, "SwitchToMonitor")
    bench.mark()
    bench.op("supervisor1", chat_id, "AddComment", comment="no more")
    assert bench.kinds("supervisor1") == ["Error"]
    assert bench.chat("agent1", chat_id)["comment"] == "well done"


@pytest.mark.parametrize("operation_name", ["Monitor", "Coach", "BargeIn", "CancelSupervisorMonitoring"])
def test_only_supervisors_monitor(bench: Bench, operation_name: str) -> None:
    bench.log_in("agent1", "agent2")
    assert bench.refusal("agent2", channel(bench), operation_name) == (403, 5)


def test_monitoring_refusals(bench: Bench) -> None:
    path = channel(bench)
    assert bench.refusal("supervisor1", path, "Monitor") == (400, 2)
    bench.log_in("supervisor1")
    assert bench.refusal("supervisor1", path, "Monitor", supervisorMonitoringMode="SomeChats") == (400, 10)
    assert bench.refusal("supervisor1", "/users/nobody/channels/chat", "Monitor") == (404, 6)
    assert bench.refusal("supervisor1", channel(bench, "supervisor1"), "Coach") == (400, 2)


# --- Intrude ------------------------------------------------------------------------------------------------


def intruding(bench: Bench, chat_id: str) -> str:
    return f"{bench.user('agent1').path}/chats/{chat_id}"


@pytest.mark.parametrize("mode, visibility, offered", MODES)
def test_intrude(bench: Bench, mode: str, visibility: str, offered: set[str]) -> None:
    chat_id = bench.chatting()
    bench.log_in("supervisor1")
    response = bench.post("supervisor1", intruding(bench, chat_id), "Intrude", supervisorVisibilityMode=mode)
    assert response.json() == {"statusCode": 0}
    chat = bench.last("supervisor1", "StatusChange")["chat"]
    assert (chat["state"], chat["supervisorMode"]) == ("Invited", mode)
    assert capabilities(chat) == INVITED
    bench.op("supervisor1", chat_id, "Accept", nickname="Eve")
    chat = bench.chat("supervisor1", chat_id)
    assert capabilities(chat) == offered
    assert chat["participants"][-1]["visibility"] == visibility


def test_intrude_uses_the_mode_of_the_monitoring(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("supervisor1")
    assert bench.refusal("supervisor1", intruding(bench, chat_id), "Intrude") == (400, 1)
    bench.post("supervisor1", channel(bench), "Coach")
    assert bench.post("supervisor1", intruding(bench, chat_id), "Intrude").status_code == 200
    assert bench.chat("supervisor1", chat_id)["supervisorMode"] == "Coach"


def test_a_rejected_intrusion_leaves_the_chat_alone(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("supervisor1", "agent2")
    bench.post("supervisor1", intruding(bench, chat_id), "Intrude", supervisorVisibilityMode="Monitor")
    bench.mark()
    bench.op("supervisor1", chat_id, "Reject")
    assert bench.last("supervisor1", "StatusChange")["chat"]["state"] == "Completed"
    assert bench.events("agent1") == []
    assert bench.ids_of("agent2") == []


def test_intrude_refusals(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("supervisor1", "agent2")
    path = intruding(bench, chat_id)
    assert bench.refusal("agent2", path, "Intrude", supervisorVisibilityMode="Monitor") == (403, 5)
    assert bench.refusal("supervisor1", path, "Intrude", supervisorVisibilityMode="Peek") == (400, 10)
    other = f"{bench.user('agent2').path}/chats/{chat_id}"
    assert bench.refusal("supervisor1", other, "Intrude", supervisorVisibilityMode="Monitor") == (404, 6)
    bench.op("agent1", chat_id, "Leave")
    assert bench.refusal("supervisor1", path, "Intrude", supervisorVisibilityMode="Monitor") == (400, 2)


def test_the_chats_of_an_agent(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "AttachUserData", userData={"ContactId": "1"})
    reply = bench.get("supervisor1", f"{bench.user('agent1').path}?subresources=chats")
    (chat,) = reply["user"]["chats"]
    assert chat["id"] == chat_id
    assert chat["userData"] == {"ContactId": "1"}
    assert chat["capabilities"] == []
    assert chat["receivedDate"]
