"""Users, devices, skills, queues, templates, features, services: what they hold and how lists are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.simulator.seed import FEATURES
from tests.simulator.core_support import Bench, Client, Json


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def agent(bench: Bench) -> Client:
    return bench.client("agent1")


def _names(reply_users: list[Json]) -> list[str]:
    return [user["userName"] for user in reply_users]


def test_me_is_the_user_who_asks(bench: Bench, agent: Client) -> None:
    reply = agent.get("/me")
    user = bench.user("agent1")
    assert set(reply.body) == {"statusCode", "user"}
    shown = reply.body["user"]
    assert shown["id"] == user.id
    assert shown["roles"] == ["ROLE_AGENT"]
    assert shown["enabled"] is True
    assert shown["changePasswordOnFirstLogin"] is False
    assert shown["path"] == f"/users/{user.id}"
    assert shown["uri"].endswith("/api/v2" + shown["path"])
    assert "password" not in shown
    assert not {"devices", "skills", "settings", "calls"} & set(shown)


def test_me_with_subresources_shows_devices_calls_skills_and_settings(agent: Client) -> None:
    user = agent.get("/me", subresources="*").body["user"]
    assert {"devices", "skills", "settings", "calls"} <= set(user)
    assert user["devices"][0]["phoneNumber"] == "5001"
    assert user["settings"]["GWS"] == {"roles": "agent"}
    assert sorted(skill["name"] for skill in user["skills"]) == ["Sales", "Support"]
    some = agent.get("/me", subresources="skills,nonsense", fields="id").body["user"]
    assert set(some) == {"id", "skills"}


def test_a_list_without_fields_gives_uris_and_paths(bench: Bench, agent: Client) -> None:
    body = agent.get("/users").body
    assert set(body) == {"statusCode", "uris", "paths", "totalCount"}
    assert body["paths"] == [f"/users/{user_id}" for user_id in bench.world.users]
    assert all(uri.endswith("/api/v2" + path) for uri, path in zip(body["uris"], body["paths"], strict=True))
    assert body["totalCount"] == 7


@pytest.mark.parametrize(
    "path, plural",
    [("/skills", "skills"), ("/queues", "queues"), ("/features", "features"), ("/services", "services")],
)
def test_what_a_list_names_can_be_read(bench: Bench, agent: Client, path: str, plural: str) -> None:
    paths = agent.get(path).body["paths"]
    assert paths
    singular = plural.removesuffix("s")
    resources = agent.get(path, fields="*").body[plural]
    for one_path, resource in zip(paths, resources, strict=True):
        assert agent.get(one_path).body == {"statusCode": 0, singular: resource}
    reply = agent.get(f"{path}/no-such-id")
    assert (reply.http, reply.code) == (404, 6)


def test_fields_selects_members(agent: Client) -> None:
    queues = agent.get("/queues", fields="id, name").body["queues"]
    assert all(set(queue) == {"id", "name"} for queue in queues)
    path = agent.get("/queues").body["paths"][0]
    assert set(agent.get(path, fields="name").body["queue"]) == {"name"}
    assert "channel" in agent.get(path, fields="*").body["queue"]


def test_lists_are_filtered_by_the_names_of_fields(agent: Client) -> None:
    queues = agent.get("/queues", fields="id,name,channel", channel="voice").body["queues"]
    assert {queue["channel"] for queue in queues} == {"voice"}
    assert len(queues) == 2
    assert len(agent.get("/queues", channel="chat").body["uris"]) == 1
    assert agent.get("/queues", fields="*", channel="fax").body["queues"] == []
    templates = agent.get("/system/routing-templates", fields="*", channel="voice", version="1.0.0")
    assert [t["id"] for t in templates.body["routingTemplates"]] == [
        "00_RouteToSpecDestination",
        "07_SegmentCallerRouteToSpecDestination",
    ]
    assert (
        agent.get("/system/routing-templates", fields="*", channel="chat", version="1.0.0").body["routingTemplates"]
        == []
    )
    assert len(agent.get("/queues", _="12345").body["uris"]) == 3  # no field is called that


def test_uris_are_resolved(agent: Client) -> None:
    path = agent.get("/queues", name="voice-queue").body["paths"][0]
    plain = agent.get(path).body["queue"]
    assert not {"phoneNumber", "routingTemplate"} & set(plain)
    both = agent.get(path, resolveUri="*").body["queue"]
    assert both["phoneNumber"]["phoneNumber"] == "9000"
    assert both["routingTemplate"]["id"] == "00_RouteToSpecDestination"
    one = agent.get(path, resolveUri="phoneNumberUri").body["queue"]
    assert "phoneNumber" in one
    assert "routingTemplate" not in one
    for name in ("phoneNumberUri", "routingTemplateUri"):
        assert agent.get(plain[name].partition("/api/v2")[2]).http == 200
    listed = agent.get("/queues", fields="*", resolveUri="*").body["queues"]
    assert all("routingTemplate" in queue for queue in listed)


# --- users: filtering, sorting, paging ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "query, expected",
    [
        ({"userName": "agent2"}, ["agent2"]),
        ({"lastName": "Brook"}, ["agent1", "agent4"]),
        ({"lastName": "Brook", "firstName": "Dan"}, ["agent4"]),
        ({"roles": "ROLE_SUPERVISOR"}, ["supervisor1"]),
        ({"roles": "ROLE_SUPERVISOR,ROLE_ADMIN"}, ["supervisor1", "admin1"]),
        ({"enabled": "false"}, []),
        ({"devices.phoneNumber": "5003"}, ["agent3"]),
        ({"skills.name": "Sales"}, ["agent1", "agent2"]),
        ({"skills.level": "2"}, ["agent1", "agent2"]),
        ({"skills.name": "Sales", "skills.level": "4"}, ["agent1"]),
        ({"statistics.channels.voice.activity": "Idle", "limit": "2"}, ["agent1", "agent2"]),
        ({"statistics.channels.voice.state": "Nonsense"}, []),
    ],
)
def test_users_are_filtered_by_fields_and_subresources(
    agent: Client, query: dict[str, str], expected: list[str]
) -> None:
    body = agent.get("/users", fields="userName", **query).body
    assert _names(body["users"]) == expected


def test_a_filter_does_not_show_its_subresource_unless_asked(agent: Client) -> None:
    quiet = agent.get("/users", fields="*", **{"skills.name": "Sales"}).body["users"]
    assert all("skills" not in user for user in quiet)
    shown = agent.get("/users", subresources="skills", fields="id,userName", **{"skills.name": "Sales"})
    assert all(set(user) == {"id", "userName", "skills"} for user in shown.body["users"])
    assert shown.body["users"][0]["skills"][0]["level"] == 4


@pytest.mark.parametrize(
    "query, expected",
    [
        ({"sortBy": "lastName,firstName"}, ["agent1", "agent4", "agent2", "agent3"]),
        ({"sortBy": "lastName,firstName", "order": "Descending"}, ["publicagent", "admin1", "supervisor1"]),
        ({"sortBy": "firstName", "order": "Ascending"}, ["agent1", "agent2", "agent3", "agent4"]),
        ({"sortBy": "skills.level", "order": "Descending"}, ["supervisor1", "agent3"]),
        ({"sortBy": "skills.level"}, ["publicagent", "agent1", "agent2", "agent3", "supervisor1"]),
        ({"sortBy": "devices.phoneNumber", "order": "Descending"}, ["publicagent", "supervisor1", "agent4"]),
    ],
)
def test_users_are_sorted(agent: Client, query: dict[str, str], expected: list[str]) -> None:
    users = agent.get("/users", fields="userName", limit="100", **query).body["users"]
    assert _names(users)[: len(expected)] == expected
    assert len(users) == 7


def test_users_are_sorted_by_the_state_of_their_voice_channel(bench: Bench, agent: Client) -> None:
    session = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
    assert agent.post("/me", session).http == 200
    assert agent.post("/me/channels/voice", {"operationName": "Ready"}).http == 200
    name = "statistics.channels.voice.state"
    users = agent.get("/users", subresources="statistics", limit="100", sortBy=f"{name},lastName").body["users"]
    states = [user["statistics"]["channels"].get("voice", {}).get("state") for user in users]
    known = [state for state in states if state is not None]
    assert known == sorted(known)
    ready = agent.get("/users", fields="userName", **{name: "Ready,Busy"}).body["users"]
    assert _names(ready) == ["agent1"]
    assert bench.world.published


def test_users_come_in_pages(agent: Client) -> None:
    everybody = _names(agent.get("/users", fields="userName", limit="100").body["users"])
    pages: list[str] = []
    for offset in (0, 3, 6, 9):
        body = agent.get("/users", fields="userName", offset=str(offset), limit="3").body
        assert body["totalCount"] == 7
        pages += _names(body["users"])
    assert pages == everybody
    assert agent.get("/users", roles="ROLE_ADMIN").body["totalCount"] == 1


def test_ten_records_are_the_default(bench: Bench, agent: Client) -> None:
    template = bench.user("agent4")
    for number in range(10):
        copy = type(template)(f"id{number}", f"extra{number}", "x", "E", "X", ("ROLE_AGENT",))
        bench.world.users[copy.id] = copy
    body = agent.get("/users").body
    assert (len(body["uris"]), body["totalCount"]) == (10, 17)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "101"},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "1.5"},
        {"limit": "٣"},
        {"limit": "9" * 30},
        {"offset": "-1"},
        {"offset": ""},
        {"order": "Down"},
        {"sortBy": "password"},
        {"sortBy": "statistics.channels.voice.nonsense"},
    ],
)
def test_wrong_paging_and_sorting_is_refused(agent: Client, query: dict[str, str]) -> None:
    reply = agent.get("/users", **query)
    assert (reply.http, reply.code) == (400, 10)
    assert agent.get("/users", limit="100", offset="99", sortBy="userName,statistics.Calls.value").http == 200


def test_other_lists_are_whole_unless_a_page_is_asked_for(agent: Client) -> None:
    assert "totalCount" not in agent.get("/skills").body
    body = agent.get("/skills", limit="2", offset="1").body
    assert (len(body["uris"]), body["totalCount"]) == (2, 4)


# --- devices -----------------------------------------------------------------------------------------------


def test_devices_are_seen_by_their_owner_by_supervisors_and_by_administrators(bench: Bench, agent: Client) -> None:
    mine = bench.user("agent1").device
    other = bench.user("agent2").device
    assert mine is not None
    assert other is not None
    own = agent.get("/me/devices").body
    assert own["uris"] == [f"http://127.0.0.1/api/v2/devices/{mine.id}"]
    device = agent.get("/me/devices", fields="*").body["devices"][0]
    assert {"id", "deviceState", "phoneNumber", "telephonyNetwork", "doNotDisturb", "capabilities"} <= set(device)
    assert agent.get(f"/devices/{mine.id}").body["device"]["id"] == mine.id
    for path in (f"/devices/{other.id}", f"/users/{bench.user('agent2').id}/devices"):
        assert (agent.get(path).http, agent.get(path).code) == (403, 5)
        assert bench.client("supervisor1").get(path).http == 200
        assert bench.client("admin1").get(path).http == 200
    assert len(bench.client("admin1").get("/devices").body["uris"]) == 6
    assert bench.client("admin1").get("/me/devices").body["uris"] == []
    assert agent.get("/devices/none").code == 6


# --- skills of a user --------------------------------------------------------------------------------------


def _skills(client: Client, path: str) -> dict[str, int]:
    return {skill["name"]: skill["level"] for skill in client.get(path, fields="*").body["skills"]}


def test_one_skill_is_assigned_and_taken_away(bench: Bench) -> None:
    admin, path = bench.client("admin1"), f"/users/{bench.user('agent4').id}/skills"
    french = bench.skill("French")
    uri = f"{bench.world.api_uri}/skills/{french}"
    assert admin.post(path, {"uri": uri, "level": 3}).body == {"statusCode": 0}
    assert _skills(admin, path) == {"French": 3}
    assert _skills(bench.client("agent4"), "/me/skills") == {"French": 3}
    assert admin.post(path, {"uri": uri, "level": 3}).code == 18
    assert admin.delete(f"{path}/{french}").body == {"statusCode": 0}
    assert _skills(admin, path) == {}
    assert admin.delete(f"{path}/{french}").code == 6


def test_several_skills_succeed_in_part(bench: Bench) -> None:
    admin, path = bench.client("admin1"), f"/users/{bench.user('agent4').id}/skills"
    good, bad = f"{bench.world.api_uri}/skills/{bench.skill('Sales')}", "http://elsewhere/skills/1"
    reply = admin.post(path, {"uris": [good, bad]})
    assert (reply.http, reply.code) == (200, 7)
    skill_path = f"/skills/{bench.skill('Sales')}"
    assert reply.body["succeeded"] == [{"uri": good, "path": skill_path, "id": bench.skill("Sales")}]
    assert [(f["uri"], f["statusCode"]) for f in reply.body["failed"]] == [(bad, 6)]
    assert reply.body["failed"][0]["statusMessage"]
    assert _skills(admin, path) == {"Sales": 1}
    other = f"{bench.world.api_uri}/skills/{bench.skill('Billing')}"
    assert admin.post(path, {"skills": [{"uri": other, "level": 2}]}).body == {"statusCode": 0}
    assert admin.post(path, {"uris": [bad, bad]}).code == 6


@pytest.mark.parametrize(
    "body, code",
    [({}, 1), ({"uris": []}, 10), ({"uris": "x"}, 10), ({"uris": [{}]}, 1), ({"uri": "/skills/no"}, 6)],
)
def test_wrong_assignments_are_refused(bench: Bench, body: Any, code: int) -> None:
    path = f"/users/{bench.user('agent4').id}/skills"
    assert bench.client("admin1").post(path, body).code == code
    assert bench.client("agent4").post(path, body).code == 5


# --- features and services ---------------------------------------------------------------------------------


def test_features_are_those_of_the_contact_centre_and_cannot_be_changed(bench: Bench, agent: Client) -> None:
    listed = {feature["id"] for feature in agent.get("/features", fields="*").body["features"]}
    assert listed == bench.world.features
    system = bench.client("admin1").get("/system/features", fields="*").body["features"]
    assert {feature["id"] for feature in system} == set(FEATURES) > listed
    assert all({"id", "displayName", "description"} <= set(feature) for feature in system)
    assert agent.get("/features/api-voice").body["feature"]["displayName"] == "API Voice"
    assert agent.get("/features/api-multimedia-email").code == 6
    refused = bench.client("admin1").delete("/features/api-voice")
    assert (refused.http, refused.code) == (405, 3)
    assert "api-voice" in bench.world.features


def test_services_show_their_state(bench: Bench, agent: Client) -> None:
    services = agent.get("/services", fields="*").body["services"]
    assert [(s["name"], s["type"], s["state"]) for s in services] == [
        ("Provisioning", "Provisioning", "Active"),
        ("SIPS", "Voice", "Active"),
        ("ChatServer", "Chat", "Active"),
    ]
    bench.control("services", type="Voice", state="Inactive")
    assert agent.get(f"/services/{services[1]['id']}").body["service"]["state"] == "Inactive"
    sent = bench.world.published[-1]
    assert (sent.user_id, sent.channel) == (None, "/notifications/services")
    assert sent.data["messageType"] == "ServiceStateChangeMessage"
    assert sent.data["service"] == {
        "id": services[1]["id"],
        "name": "SIPS",
        "type": "Voice",
        "state": "Inactive",
    }
    bench.control("features", off=["api-multimedia-chat"])
    assert len(agent.get("/services").body["uris"]) == 2
