"""What an operator does to the deployment: back ends go down, features are taken away."""

from __future__ import annotations

import pytest

from tests.simulator.core_support import Bench


def test_a_back_end_goes_down_and_comes_back() -> None:
    bench = Bench()
    agent = bench.client("agent1")
    told = bench.control("stimulus", name="service-state", type="Voice", state="Inactive")
    assert [service["state"] for service in told["services"]] == ["Inactive"]
    assert agent.post("/me/channels/voice", {"operationName": "Ready"}).http == 503
    states = {item["type"]: item["state"] for item in agent.get("/services", fields="*").body["services"]}
    assert states["Voice"] == "Inactive"
    assert states["Chat"] == "Active"
    bench.control("stimulus", name="service-state", type="Voice", state="Active")
    assert agent.post("/me/channels/voice", {"operationName": "Ready"}).http != 503
    assert [p.data["service"]["state"] for p in bench.world.published if "service" in p.data] == ["Inactive", "Active"]


def test_a_feature_is_taken_and_given_back() -> None:
    bench = Bench()
    agent = bench.client("agent1")
    left = bench.control("stimulus", name="features", off=["api-multimedia-chat"])["features"]
    assert "api-multimedia-chat" not in left
    assert agent.get("/features/api-multimedia-chat").http == 404
    bench.control("stimulus", name="features", on=["api-multimedia-chat"])
    assert agent.get("/features/api-multimedia-chat").http == 200


@pytest.mark.parametrize(
    "params",
    [
        {"name": "service-state", "type": "Voice", "state": "Broken"},
        {"name": "service-state", "type": "NoSuch", "state": "Active"},
        {"name": "features", "off": ["no-such-feature"]},
        {"name": "features", "on": "api-voice"},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(params: dict[str, object]) -> None:
    bench = Bench()
    before = sorted(bench.world.features)
    answer = bench.client(None).http.post("/__simulator/stimulus", json=params)
    assert answer.status_code in {400, 404}
    assert sorted(bench.world.features) == before
    assert all(service.state == "Active" for service in bench.world.services.values())
