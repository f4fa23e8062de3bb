"""The chat channel: Channels API and the supervisor's control of it."""

from __future__ import annotations

import pytest

from conformance.simulator.status import ApiError
from tests.simulator.chat_support import Bench, Json

CHANNELS = "/v2/me/channels"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def chat_channel(bench: Bench, who: str = "agent1") -> Json:
    channels: list[Json] = bench.get(who, "/me/channels")["channels"]
    (found,) = [channel for channel in channels if channel["channel"] == "chat"]
    return found


def test_a_channel_that_is_not_open_is_logged_out(bench: Bench) -> None:
    assert chat_channel(bench)["userState"]["state"] == "LoggedOut"


def test_opening_the_channel_makes_ready(bench: Bench) -> None:
    bench.log_in("agent1")
    channel = chat_channel(bench)
    assert channel["userState"] == {
        "id": "9430250E-0A1B-421F-B372-F29E69366DED",
        "displayName": "Ready",
        "state": "Ready",
    }
    assert channel["dndState"] == "Off"


def test_the_channel_by_its_name(bench: Bench) -> None:
    bench.log_in("agent1")
    assert bench.get("agent1", "/me/channels/chat")["channels"] == chat_channel(bench)
    assert bench.request("agent1", "GET", "/me/channels/telepathy").json()["statusCode"] == 6


def test_not_ready_keeps_chats_from_being_offered(bench: Bench) -> None:
    bench.log_in("agent1")
    bench.mark()
    assert bench.post("agent1", "/me/channels/chat", "NotReady").json() == {"statusCode": 0}
    (event,) = bench.events("agent1", CHANNELS)
    assert event["messageType"] == "ChannelStateChangeMessageV2"
    assert event["channels"] == [chat_channel(bench)]
    assert chat_channel(bench)["userState"]["displayName"] == "Not Ready"
    chat_id = bench.new_chat()
    assert bench.ids_of("agent1") == []
    bench.post("agent1", "/me/channels/chat", "Ready")
    assert chat_channel(bench)["userState"]["state"] == "Ready"
    assert bench.ids_of("agent1") == [chat_id]


def test_an_agent_who_is_not_ready_can_still_be_invited_by_a_colleague(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.log_in("agent2")
    bench.post("agent2", "/me/channels/chat", "NotReady")
    bench.op("agent1", chat_id, "Invite", targetUri=bench.uri_of("agent2"))
    assert bench.ids_of("agent2") == [chat_id]


def test_channel_refusals(bench: Bench) -> None:
    assert bench.refusal("agent1", "/me/channels/chat", "Ready") == (400, 2)
    assert bench.refusal("agent1", "/me/channels/telepathy", "Ready") == (404, 6)
    bench.log_in("agent1")
    assert bench.refusal("agent1", "/me/channels/chat", "Sing") == (400, 2)


def test_the_channel_needs_its_feature_and_its_service(bench: Bench) -> None:
    bench.control("features", off=["api-multimedia-chat"])
    with pytest.raises(ApiError) as refused:
        bench.log_in("agent1")
    assert refused.value.status_code == 3
    bench.control("features", on=["api-multimedia-chat"])
    bench.control("services", type="Chat", state="Inactive")
    with pytest.raises(ApiError) as refused:
        bench.log_in("agent1")
    assert (refused.value.status_code, refused.value.http) == (4, 503)


def test_opening_the_channel_twice_changes_nothing(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.post("agent1", "/me/channels/chat", "NotReady")
    bench.log_in("agent1")
    assert chat_channel(bench)["userState"]["state"] == "NotReady"
    assert bench.chat("agent1", chat_id)["state"] == "Chatting"


# --- all channels at once -----------------------------------------------------------------------------------


def voice_state(bench: Bench, who: str = "agent1") -> str:
    channels: list[Json] = bench.get(who, "/me/channels")["channels"]
    (found,) = [channel for channel in channels if channel["channel"] == "voice"]
    state: str = found["userState"]["state"]
    return state


def test_the_session_opens_the_chat_channel(bench: Bench) -> None:
    waiting = bench.new_chat()
    reply = bench.post("agent1", "/me", "StartContactCenterSession", channels=["voice", "chat"])
    assert reply.json() == {"statusCode": 0}
    assert chat_channel(bench)["userState"]["state"] == "Ready"
    assert bench.ids_of("agent1") == [waiting]
    assert bench.post("agent1", "/me", "EndContactCenterSession").json() == {"statusCode": 0}
    assert chat_channel(bench)["userState"]["state"] == "LoggedOut"
    assert bench.ids_of("agent1") == []


def test_a_chat_back_end_that_is_down_fails_its_channel_only(bench: Bench) -> None:
    bench.control("services", type="Chat", state="Inactive")
    reply = bench.post("agent1", "/me", "StartContactCenterSession", channels=["voice", "chat"]).json()
    assert reply["statusCode"] == 7
    (failed,) = reply["failed"]
    assert (failed["channel"], failed["statusCode"]) == ("multimedia", 4)
    assert chat_channel(bench)["userState"]["state"] == "LoggedOut"


def test_all_channels_change_together(bench: Bench) -> None:
    bench.post("agent1", "/me", "StartContactCenterSession", channels=["voice", "chat"])
    for operation_name, state in (("Ready", "Ready"), ("NotReady", "NotReady"), ("Ready", "Ready")):
        assert bench.post("agent1", "/me", operation_name).json() == {"statusCode": 0}
        assert chat_channel(bench)["userState"]["state"] == state
        assert voice_state(bench) == state
    bench.post("agent1", "/me", "DoNotDisturbOn")
    assert chat_channel(bench)["dndState"] == "On"
    assert bench.get("agent1", "/me/devices?fields=*")["devices"][0]["doNotDisturb"] == "On"
    chat_id = bench.new_chat()
    assert bench.ids_of("agent1") == []
    bench.post("agent1", "/me", "DoNotDisturbOff")
    assert bench.ids_of("agent1") == [chat_id]
    assert bench.get("agent1", "/me/devices?fields=*")["devices"][0]["doNotDisturb"] == "Off"


def test_all_channels_need_one_that_is_open(bench: Bench) -> None:
    for operation_name in ("Ready", "NotReady", "DoNotDisturbOn", "DoNotDisturbOff"):
        assert bench.refusal("agent1", "/me", operation_name) == (400, 2)


def test_workmode_is_checked(bench: Bench) -> None:
    bench.log_in("agent1")
    assert bench.post("agent1", "/me", "Ready", workmode="AutoIn").status_code == 200
    assert bench.refusal("agent1", "/me", "Ready", workmode="aManualIn") == (400, 2)


# --- by the supervisor --------------------------------------------------------------------------------------


def test_a_supervisor_changes_the_state_of_an_agent(bench: Bench) -> None:
    bench.log_in("agent1")
    path = f"{bench.user('agent1').path}/channels/chat"
    bench.mark()
    for operation_name, state, dnd in (
        ("NotReady", "NotReady", "Off"),
        ("Ready", "Ready", "Off"),
        ("DoNotDisturbOn", "Ready", "On"),
        ("DoNotDisturbOff", "Ready", "Off"),
    ):
        assert bench.post("supervisor1", path, operation_name).status_code == 200
        (channel,) = bench.events("agent1", CHANNELS)[-1]["channels"]
        assert (channel["userState"]["state"], channel["dndState"]) == (state, dnd)
        assert chat_channel(bench) == channel
    bench.post("supervisor1", path, "Offline")
    (channel,) = bench.events("agent1", CHANNELS)[-1]["channels"]
    assert channel["userState"]["state"] == "LoggedOut"
    assert "dndState" not in channel
    assert bench.refusal("supervisor1", path, "Ready") == (400, 2)


def test_do_not_disturb_keeps_the_queue_away(bench: Bench) -> None:
    bench.log_in("agent1")
    path = f"{bench.user('agent1').path}/channels/chat"
    bench.post("supervisor1", path, "DoNotDisturbOn")
    chat_id = bench.new_chat()
    assert bench.ids_of("agent1") == []
    bench.post("supervisor1", path, "DoNotDisturbOff")
    assert bench.ids_of("agent1") == [chat_id]


def test_agents_control_nobody(bench: Bench) -> None:
    bench.log_in("agent1")
    assert bench.refusal("agent2", f"{bench.user('agent1').path}/channels/chat", "NotReady") == (403, 5)
    assert bench.refusal("supervisor1", "/users/nobody/channels/chat", "NotReady") == (404, 6)
