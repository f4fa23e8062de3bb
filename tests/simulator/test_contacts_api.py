"""Contacts: what they hold, the filters, paging, and the life of custom contacts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.core_support import Bench, Client, Json


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def agent(bench: Bench) -> Client:
    return bench.client("agent1")


def _names(client: Client, **query: str) -> list[str]:
    reply = client.get("/contacts", limit="100", **query)
    assert reply.http == 200, reply.text
    names = [contact["name"] for contact in reply.body["contacts"]]
    assert reply.body["totalCount"] == len(names)
    return names


def _create(client: Client, name: str = "My Contact", number: str = "123-456-7899") -> str:
    reply = client.post("/contacts", {"name": name, "phoneNumber": number})
    assert reply.http == 200
    contact_id: str = reply.body["id"]
    return contact_id


def test_contacts_are_users_queues_and_custom_ones(bench: Bench, agent: Client) -> None:
    _create(agent)
    contacts = {c["name"]: c for c in agent.get("/contacts", limit="100").body["contacts"]}
    user, queue, custom = contacts["agent1"], contacts["voice-queue"], contacts["My Contact"]
    assert {c["type"] for c in contacts.values()} == {"User", "Queue", "Custom"}
    assert user["phoneNumbers"] == [{"phoneNumber": "5001", "description": "", "switchName": "SIP_Switch"}]
    assert user["businessUnits"] == [{"name": "Agent Group 1"}]
    assert user["roles"] == ["ROLE_AGENT"]
    assert {"userName", "firstName", "lastName", "employeeId", "emailAddress"} <= set(user)
    assert "phoneNumbers" not in contacts["admin1"]
    assert (queue["phoneNumber"], queue["switchName"]) == ("9000", "SIP_Switch")
    assert custom["phoneNumber"] == "123-456-7899"
    for contact in (user, queue, custom):
        assert agent.get(contact["path"]).body == {"statusCode": 0, "contact": contact}
        assert contact["uri"].endswith(contact["path"])
    assert agent.get("/contacts/none").code == 6


def test_contacts_come_in_pages_of_ten(agent: Client) -> None:
    _create(agent)
    body = agent.get("/contacts").body
    assert (len(body["contacts"]), body["totalCount"]) == (10, 11)
    rest = agent.get("/contacts", offset="10").body
    assert (len(rest["contacts"]), rest["totalCount"]) == (1, 11)
    assert agent.get("/contacts", limit="101").code == 10
    assert agent.get("/contacts", fields="id,name", limit="1").body["contacts"][0].keys() == {"id", "name"}


def test_contacts_are_sorted_by_name_alone(agent: Client) -> None:
    names = _names(agent, sortBy="name")
    assert names == sorted(names, key=str.casefold)
    assert _names(agent, sortBy="name", order="Descending") == names[::-1]
    assert agent.get("/contacts", sortBy="firstName").code == 10


@pytest.mark.parametrize(
    "query, expected",
    [
        ({"type": "Queue"}, ["voice-queue", "overflow-queue", "chat-queue"]),
        ({"type": "Custom"}, ["Zoë Smith"]),
        ({"name": "agent1,voice-queue,agent"}, ["agent1", "voice-queue"]),
        ({"name": "Zoë Smith"}, ["Zoë Smith"]),
        ({"phoneNumber": "5002,9001"}, ["agent2", "overflow-queue"]),
        ({"phoneNumber": "1234567"}, ["Zoë Smith"]),
        ({"phoneNumber": "+1 234-567"}, []),
        ({"channel": "chat", "type": "Queue"}, ["chat-queue"]),
        ({"channel": "voice", "roles": "ROLE_SUPERVISOR"}, ["supervisor1"]),
        ({"roles": "ROLE_ADMIN,ROLE_SUPERVISOR"}, ["supervisor1", "admin1"]),
        ({"roles": "ROLE_APIUSER"}, []),
        ({"type": "BusinessUnit"}, ["Agent Group 1", "Agent Group 2", "Internal"]),
        ({"type": "BusinessUnit", "includeBusinessUnits": "*Group*"}, ["Agent Group 1", "Agent Group 2"]),
        ({"type": "BusinessUnit", "excludeBusinessUnitsExactMatch": "Agent Group 1"}, ["Agent Group 2", "Internal"]),
        ({"type": "BusinessUnit", "includeBusinessUnitsExactMatch": "*Group*"}, []),
        ({"includeUsersInBusinessUnits": "Agent Group 1"}, ["agent1", "agent2"]),
        ({"includeUsersInBusinessUnits": "Agent*"}, ["agent1", "agent2", "agent3", "agent4"]),
        ({"includeUsersInBusinessUnits": "Agent Group 2", "excludeUsersInBusinessUnits": "Internal"}, ["agent3"]),
        ({"excludeUsersInBusinessUnits": "Internal,Agent Group 2"}, ["agent1", "agent2", "admin1", "publicagent"]),
        ({"includeVirtualAgentGroupsExactMatch": "Sales VAG"}, ["agent1", "agent2"]),
        ({"excludeVirtualAgentGroupsExactMatch": "Sales VAG", "roles": "ROLE_SUPERVISOR"}, ["supervisor1"]),
        ({"_": "1", "type": "Custom"}, ["Zoë Smith"]),
    ],
)
def test_contacts_are_filtered(agent: Client, query: dict[str, str], expected: list[str]) -> None:
    _create(agent, "Zoë Smith", "+1 (23) 45-67")
    assert _names(agent, **query) == expected


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ("ada", ["agent1"]),
        ("AGENT2", ["agent2"]),
        ("*brook*", ["agent1", "agent4"]),
        ("*brook*,d*", ["agent4"]),
        ("500*,*rook", ["agent1", "agent4"]),
        ("*overflow*", ["overflow-queue"]),
        ("sales", ["team_sales"]),
        ("555*", ["team_sales"]),
        ("*", 11),
        ("roo", []),
        ("a.a", []),
    ],
)
def test_names_and_numbers_are_searched(agent: Client, parameters: str, expected: Any) -> None:
    _create(agent, "team_sales", "555-1000")
    found = _names(agent, filterName="NamesOrPhoneNumberMatches", filterParameters=parameters)
    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize(
    "query, code",
    [
        ({"type": "Robot"}, 10),
        ({"roles": "agent"}, 10),
        ({"filterName": "Other", "filterParameters": "x"}, 10),
        ({"filterName": "NamesOrPhoneNumberMatches"}, 1),
        ({"availability.channels.voice": "maybe"}, 10),
    ],
)
def test_wrong_filters_are_refused(agent: Client, query: dict[str, str], code: int) -> None:
    reply = agent.get("/contacts", **query)
    assert (reply.http, reply.code) == (400, code)


def test_availability_is_shown_for_who_is_logged_in(bench: Bench, agent: Client) -> None:
    other = bench.client("agent2")
    for client in (agent, other):
        client.post("/me", {"operationName": "StartContactCenterSession", "channels": ["voice"]})
    agent.post("/me/channels/voice", {"operationName": "Ready"})
    other.post("/me/channels/voice", {"operationName": "NotReady"})
    contacts = {c["name"]: c for c in agent.get("/contacts", type="User").body["contacts"]}
    (channel,) = contacts["agent1"]["availability"]["channels"]
    assert (channel["channel"], channel["available"], channel["phoneNumber"]) == ("voice", True, "5001")
    assert channel["userState"]["state"] == "Ready"
    assert contacts["agent2"]["availability"]["channels"][0]["available"] is False
    assert "availability" not in contacts["agent3"]
    name = "availability.channels.voice"
    assert _names(agent, **{name: "true"}) == ["agent1"]
    assert "agent1" not in _names(agent, **{name: "false"})
    bench.control("features", off=["api-multimedia-chat"])
    everybody = len(_names(agent))
    assert len(_names(agent, **{"availability.channels.chat": "true"})) == everybody
    agent.post("/me", {"operationName": "EndContactCenterSession"})
    assert _names(other, **{name: "true"}) == []


# --- custom contacts ---------------------------------------------------------------------------------------


def test_a_custom_contact_is_created_updated_and_deleted(agent: Client) -> None:
    reply = agent.post("/contacts", {"name": "My Contact", "phoneNumber": "123-456-7899"})
    contact_id, path = reply.body["id"], reply.body["path"]
    assert set(reply.body) == {"statusCode", "id", "path", "contact", "uri"}
    assert (path, reply.body["contact"]) == (f"/contacts/{contact_id}", contact_id)
    assert agent.get(path).body["contact"]["name"] == "My Contact"
    assert agent.put(path, {"name": "Edited", "phoneNumber": "111"}).body == {"statusCode": 0}
    assert agent.get(path).body["contact"]["phoneNumber"] == "111"
    assert agent.put(path, {"name": "Renamed"}).code == 0
    contact = agent.get(path).body["contact"]
    assert (contact["name"], contact["phoneNumber"]) == ("Renamed", "111")
    assert agent.delete(path).body == {"statusCode": 0}
    for gone in (agent.get(path), agent.put(path, {"name": "x"}), agent.delete(path)):
        assert (gone.http, gone.code) == (404, 6)
    assert _names(agent, type="Custom") == []


@pytest.mark.parametrize(
    "body, code",
    [
        ({}, 1),
        ({"name": "x"}, 1),
        ({"phoneNumber": "1"}, 1),
        ({"name": "", "phoneNumber": "1"}, 1),
        ({"name": 1, "phoneNumber": "1"}, 10),
        ({"name": "x", "phoneNumber": 1}, 10),
        ({"name": "x", "phoneNumber": "---"}, 10),
        ({"name": "x" * 300, "phoneNumber": "1"}, 10),
        ({"name": "a\u0000b", "phoneNumber": "1"}, 10),
        ({"name": "x", "phoneNumber": "1", "type": "User"}, 10),
    ],
)
def test_wrong_contacts_are_refused(agent: Client, body: Json, code: int) -> None:
    reply = agent.post("/contacts", body)
    assert (reply.http, reply.code) == (400, code)
    assert _names(agent, type="Custom") == []


@pytest.mark.parametrize(
    "body, code",
    [({}, 1), ({"name": ""}, 10), ({"phoneNumber": ""}, 10), ({"id": "other"}, 11), ({"type": "Queue"}, 11)],
)
def test_wrong_updates_are_refused(agent: Client, body: Json, code: int) -> None:
    path = f"/contacts/{_create(agent)}"
    before = agent.get(path).body
    assert agent.put(path, body).code == code
    assert agent.get(path).body == before


@pytest.mark.parametrize("kind", ["User", "Queue"])
def test_only_custom_contacts_can_be_changed(agent: Client, kind: str) -> None:
    path = agent.get("/contacts", type=kind).body["contacts"][0]["path"]
    for reply in (agent.put(path, {"name": "x"}), agent.delete(path)):
        assert (reply.http, reply.code) == (403, 3)
    assert agent.get(path).http == 200
