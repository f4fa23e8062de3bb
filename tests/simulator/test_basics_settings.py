"""Settings groups: voice with toast and case filters, voice operations, dispositions, general settings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.core_support import Bench, Client, Json

TOAST: Json = {
    "name": "toast-filter",
    "value": [{"attachedDataKey": "CustomerName", "displayName": "Customer"}],
}


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def admin(bench: Bench) -> Client:
    return bench.client("admin1")


def _voice(client: Client) -> dict[str, Any]:
    reply = client.get("/settings/voice")
    assert reply.body["key"] == "name"
    return {setting["name"]: setting["value"] for setting in reply.body["settings"]}


def test_groups_are_listed(bench: Bench, admin: Client) -> None:
    groups = {group["name"]: group for group in admin.get("/settings").body["settings"]}
    assert groups["voice-operations"]["key"] == "operationName"
    assert all({"displayName", "uri", "path"} <= set(group) for group in groups.values())
    assert all(admin.get(group["path"]).http == 200 for group in groups.values())
    agents = {group["name"] for group in bench.client("agent1").get("/settings").body["settings"]}
    assert set(groups) - agents == {"access-control"}


def test_general_settings_are_an_object(bench: Bench) -> None:
    settings = bench.client("agent1").get("/settings/general-settings").body["settings"]
    assert settings == {"countryCode": "US", "countryDigits": "1", "countryName": "United States"}


def test_agent_states_are_those_that_devices_show(bench: Bench) -> None:
    agent = bench.client("agent1")
    states = agent.get("/me/settings/agent-states").body
    assert states == agent.get("/settings/agent-states").body
    assert states["key"] == "operationName"
    assert {s["operationName"] for s in states["settings"]} == {
        "Ready",
        "NotReady",
        "AuxWork",
        "AfterCallWork",
        "Offline",
    }
    agent.post("/me", {"operationName": "StartContactCenterSession", "channels": ["voice"]})
    agent.post("/me/channels/voice", {"operationName": "AuxWork"})
    shown = agent.get("/me/devices", fields="*").body["devices"][0]["userState"]
    setting = next(s for s in states["settings"] if s["operationName"] == "AuxWork")
    assert (shown["id"], shown["state"], shown["workMode"]) == (setting["id"], "NotReady", "AuxWork")


def test_dispositions_name_their_codes(bench: Bench) -> None:
    body = bench.client("agent1").get("/settings/dispositions").body
    assert body["key"] == "name"
    assert {"displayName": "Issue Resolved", "name": "IssueResolved"} in body["settings"]


def test_a_filter_is_set_by_post_and_again_by_post(bench: Bench, admin: Client) -> None:
    assert "toast-filter" not in _voice(admin)
    assert admin.post("/settings/voice", TOAST).body == {"statusCode": 0}
    assert _voice(bench.client("agent1"))["toast-filter"] == TOAST["value"]
    other = {"name": "toast-filter", "value": [{"attachedDataKey": "POC", "displayName": "Purpose"}]}
    assert admin.post("/settings/voice", other).code == 0
    assert _voice(admin)["toast-filter"] == other["value"]
    assert admin.delete("/settings/voice", {"name": "toast-filter"}).code == 0
    assert "toast-filter" not in _voice(admin)
    assert admin.delete("/settings/voice", {"name": "toast-filter"}).code == 6


def test_a_voice_setting_is_created_updated_and_deleted(admin: Client) -> None:
    created = {"name": "outboundCallerId", "value": "18883695555"}
    assert admin.put("/settings/voice", created).code == 6
    assert admin.post("/settings/voice", created).body == {"statusCode": 0}
    assert admin.post("/settings/voice", created).code == 18
    assert admin.put("/settings/voice", {**created, "value": "1"}).body == {"statusCode": 0}
    assert _voice(admin)["outboundCallerId"] == "1"
    assert admin.delete("/settings/voice", {"name": "outboundCallerId"}).body == {"statusCode": 0}
    assert "outboundCallerId" not in _voice(admin)


def test_a_default_setting_can_only_be_updated(admin: Client) -> None:
    setting = {"name": "defaultTelephonyNetworkType", "value": "Public"}
    assert admin.post("/settings/voice", setting).code == 3
    assert admin.delete("/settings/voice", setting).code == 3
    assert admin.put("/settings/voice", setting).code == 0
    assert _voice(admin)["defaultTelephonyNetworkType"] == "Public"
    assert admin.put("/settings/voice", {**setting, "value": "Other"}).code == 10


@pytest.mark.parametrize(
    "body, code",
    [
        ({"value": []}, 1),
        ({"name": "toast-filter"}, 1),
        ({"name": "toast-filter", "value": "x"}, 10),
        ({"name": "toast-filter", "value": [{"displayName": "x"}]}, 1),
        ({"name": "case-filter", "value": [{"attachedDataKey": "", "displayName": ""}]}, 10),
        ({"name": "case-filter", "value": [{"attachedDataKey": "x"}]}, 1),
        ({"name": ["a"], "value": 1}, 10),
    ],
)
def test_wrong_voice_settings_are_refused(bench: Bench, admin: Client, body: Json, code: int) -> None:
    assert admin.post("/settings/voice", body).code == code
    assert bench.client("agent1").post("/settings/voice", body).code == 5


def test_voice_operations_hold_default_user_data(admin: Client) -> None:
    first: Json = {"operationName": "Dial", "userData": {"subscriberId": "1234567890"}}
    second: Json = {"operationName": "Dial", "userData": {"region": "EU"}}
    path = "/settings/voice-operations"
    assert admin.put(path, first).code == 6
    assert admin.post(path, first).body == {"statusCode": 0}
    assert admin.post(path, first).code == 18
    assert admin.get(path).body["settings"] == [first]
    assert admin.put(path, second).code == 0
    assert admin.get(path).body["settings"] == [second]
    assert admin.delete(path, {"operationName": "Dial"}).code == 0
    assert admin.delete(path, {"operationName": "Dial"}).code == 6
    assert admin.post(path, {"operationName": "Answer", "userData": {}}).code == 10
    assert admin.post(path, {"operationName": "Dial"}).code == 1
