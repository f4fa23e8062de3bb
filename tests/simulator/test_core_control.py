"""The control API, and the target file."""

from __future__ import annotations

import tomllib

import pytest
from starlette.testclient import TestClient

from conformance.simulator.seed import target_toml
from conformance.simulator.stimuli import stimulus_names
from tests.simulator.core_support import Bench


def test_reset_brings_back_the_seeded_state() -> None:
    bench = Bench("basics.sort-ignored")
    agent = bench.client("agent1")
    agent.post("/contacts", {"name": "n", "phoneNumber": "1"})
    bench.control("faults", on=["basics.filter-ignored"], off=["basics.sort-ignored"])
    before = bench.user("agent1").id
    bench.control("reset")
    assert bench.world.faults.active() == ["basics.sort-ignored"]
    assert bench.user("agent1").id == before
    assert bench.world.sessions == {}
    assert agent.get("/contacts", type="Custom").body["totalCount"] == 0


def test_every_reply_says_that_it_is_the_simulator() -> None:
    http = Bench().client(None).http
    for answer in (http.get("/__simulator/state"), http.get("/__simulator/no-such")):
        assert answer.headers["X-GWS-Simulator"] == "1"
    assert http.get("/__simulator/no-such").status_code == 404
    assert http.get("/__simulator/reset").status_code == 404


def test_state_and_faults_can_be_looked_at() -> None:
    bench = Bench("basics.sort-ignored")
    http = bench.client(None).http
    state = http.get("/__simulator/state").json()
    assert state["faults"] == ["basics.sort-ignored"]
    assert [user["device"] for user in state["users"]][:2] == ["5001", "5002"]
    assert "password" not in http.get("/__simulator/state").text
    faults = http.get("/__simulator/faults").json()
    assert faults["on"] == ["basics.sort-ignored"]
    assert "generic.drop-member:MEMBER[@SCOPE]" in faults["declared"]


@pytest.mark.parametrize(
    "action, params",
    [
        ("clock", {"advance": -1}),
        ("clock", {"advance": "1"}),
        ("clock", {"advance": True}),
        ("clock", {"advance": 1e12}),
        ("faults", {"on": [1]}),
        ("features", {"off": ["no-such-feature"]}),
        ("stimulus", {}),
        ("stimulus", {"name": "no-such"}),
        ("services", {"type": "Voice", "state": "Broken"}),
        ("services", {"type": "Nothing", "state": "Active"}),
    ],
)
def test_wrong_parameters_are_refused(action: str, params: dict[str, object]) -> None:
    answer = Bench().client(None).http.post(f"/__simulator/{action}", json=params)
    assert answer.status_code in (400, 404)
    assert answer.json()["statusMessage"]


def test_a_body_must_be_an_object() -> None:
    http = Bench().client(None).http
    assert http.post("/__simulator/clock", json=[1]).status_code == 400
    assert http.post("/__simulator/clock", content=b"{").status_code == 400
    assert http.post("/__simulator/clock").status_code == 200


def test_a_stimulus_acts_and_answers() -> None:
    bench = Bench()
    agent = bench.client("agent1")
    agent.post("/me", {"operationName": "StartContactCenterSession", "channels": ["voice"]})
    agent.post("/me/channels/voice", {"operationName": "Ready"})
    assert "inbound-call" in stimulus_names()
    bench.control("stimulus", name="inbound-call", to="5001", **{"from": "6000"})
    calls = agent.get("/me/calls", fields="*").body["calls"]
    assert [call["state"] for call in calls] == ["Ringing"]


@pytest.mark.parametrize("address, status", [("127.0.0.9", 200), ("::1", 200), ("192.0.2.1", 403), ("strange", 403)])
def test_only_peers_on_this_machine_are_answered(address: str, status: int) -> None:
    client = TestClient(Bench().app, client=(address, 1234))
    assert client.get("/__simulator/state").status_code == status


def test_the_target_file_names_users_who_can_log_in() -> None:
    target = tomllib.loads(target_toml("http://127.0.0.1:9999"))
    assert target["base_url"] == "http://127.0.0.1:9999"
    assert target["users"]
    bench = Bench()
    for user in target["users"].values():
        reply = bench.new_client(None).ask("GET", "/me", auth=(user["user_name"], user["password"]))
        assert reply.body["user"]["userName"] == user["user_name"]
    assert set(target["stimuli"]) <= set(stimulus_names())
