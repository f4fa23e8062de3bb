"""StartContactCenterSession and EndContactCenterSession."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.simulator.context import Context
from conformance.simulator.models import User
from conformance.simulator.status import ApiError
from tests.simulator.voice_support import Bench, consult, numbers, talk

VALUE_2 = "Parameter 'workmode' is invalid: \"The specified value is not within valid range\""


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_session_logs_in(bench: Bench) -> None:
    one = bench.agents[0]
    assert one.seen_device()["userState"]["state"] == "LoggedOut"
    assert one.start().body == {"statusCode": 0}
    first, second = one.events("/v2/me/devices")
    assert first["devices"][0]["userState"] == {"state": "LoggedIn"}
    assert second["devices"][0]["userState"]["state"] == "NotReady"
    assert one.start().body == {"statusCode": 0}
    assert one.events() == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"channels": None}, 1),
        ({"channels": "voice"}, 10),
        ({"channels": []}, 10),
        ({"channels": [1]}, 10),
        ({"place": 5}, 10),
        ({"queue": {}}, 10),
        ({"workmode": "aManualIn"}, 2),
    ],
)
def test_the_parameters_are_checked(bench: Bench, params: dict[str, Any], code: int) -> None:
    one = bench.agents[0]
    reply = one.request("POST", "/me", {"operationName": "StartContactCenterSession", "channels": ["voice"], **params})
    assert (reply.http, reply.code) == (400, code)
    assert one.events() == []


def test_an_invalid_work_mode_is_named(bench: Bench) -> None:
    reply = bench.agents[0].start(workmode="aManualIn")
    assert reply.body == {"statusCode": 2, "statusMessage": VALUE_2}


@pytest.mark.parametrize(
    "params",
    [
        {"place": "SIP_5001", "loginCode": "8000", "queue": "9000"},
        {"place": "agent1", "loginCode": "agent1", "agentLoginPassword": "password"},
        {"workmode": "ManualIn"},
        {"workmode": "AutoIn"},
    ],
)
def test_the_documented_parameters_are_accepted(bench: Bench, params: dict[str, Any]) -> None:
    one = bench.agents[0]
    assert one.start(**params).body == {"statusCode": 0}
    assert one.seen_device()["userState"]["state"] == "NotReady"


def test_a_device_path_names_the_own_device(bench: Bench) -> None:
    one, two = bench.agents[:2]
    assert one.start(devicePath=f"/devices/{one.device.id}").code == 0
    assert one.start(devicePath=f"/devices/{two.device.id}").code == 6
    assert one.start(devicePath="/devices/none").code == 6


def test_a_place_lends_its_device_for_the_session(bench: Bench) -> None:
    one, two = bench.agents[:2]
    own, lent = one.device, two.device
    assert one.start(place="SIP_5002").code == 0
    assert one.seen_device()["phoneNumber"] == "5002"
    assert one.events("/v2/me/devices")
    # Whoever the phone belongs to cannot log in on it meanwhile.
    assert two.start().code == 19
    call = one.dial("6100")
    assert one.call(call)["deviceUri"].endswith(lent.id)
    assert two.calls() == []
    assert two.request("GET", f"/me/calls/{call}").code == 6
    assert one.post("/me", "EndContactCenterSession").code == 0
    assert one.device is own
    assert two.device is lent
    assert lent.user_id == two.user.id
    assert two.start().code == 0
    assert one.start(place="nowhere").code == 6


def test_an_alternate_number_shows_on_the_device(bench: Bench) -> None:
    one = bench.agents[0]
    reply = one.start(dynamicPhoneNumber="7001")
    assert reply.code == 0
    (device,) = reply.body["devices"]
    assert (device["dynamicPhoneNumber"], device["phoneNumber"]) == ("7001", "5001")
    assert device["channels"] == ["voice"]


def test_an_alternate_number_that_is_configured_is_refused_by_the_switch(bench: Bench) -> None:
    one = bench.agents[0]
    assert one.start(dynamicPhoneNumber="5002").code == 0
    (event,) = one.events()
    assert event["messageType"] == "ErrorMessage"
    assert one.seen_device()["userState"]["state"] == "LoggedOut"


def test_a_failed_channel_makes_a_partial_success(bench: Bench) -> None:
    one = bench.agents[0]
    reply = one.start("voice", "email")
    assert reply.http == 200
    assert reply.body == {
        "statusCode": 7,
        "succeeded": [{"channel": "voice", "statusCode": 0}],
        "failed": [{"channel": "multimedia", "statusCode": 3, "statusMessage": "Unsupported feature"}],
    }
    assert one.seen_device()["userState"]["state"] == "NotReady"


def test_only_failures_give_one_failure(bench: Bench) -> None:
    reply = bench.agents[0].start("email", "workitem")
    assert (reply.http, reply.body) == (403, {"statusCode": 3, "statusMessage": "Unsupported feature"})


def test_a_channel_of_another_area_is_opened_by_its_hook(bench: Bench) -> None:
    opened: list[str] = []

    def open_email(user: User, ctx: Context | None, params: Any) -> None:
        opened.append(user.user_name)
        if params.get("queue") == "down":
            raise ApiError(4, "Chat service is not available at this time", http=503)

    bench.world.on_session_start("email", open_email)
    bench.world.features.add("api-multimedia-email")
    one = bench.agents[0]
    assert one.start("voice", "email").body == {"statusCode": 0}
    assert opened == ["agent1"]
    reply = one.start("voice", "email", queue="down")
    assert reply.body["failed"][0]["statusCode"] == 4


def test_voice_and_chat_together(bench: Bench) -> None:
    one = bench.agents[0]
    assert one.start("voice", "chat").body == {"statusCode": 0}
    assert one.seen_device()["userState"]["state"] == "NotReady"
    assert one.post("/me", "EndContactCenterSession").code == 0
    bench.client.post("/__simulator/services", json={"type": "Chat", "state": "Inactive"})
    reply = one.start("voice", "chat")
    assert (reply.http, reply.code) == (200, 7)
    (failed,) = reply.body["failed"]
    assert (failed["channel"], failed["statusCode"]) == ("multimedia", 4)


def test_voice_down_fails_its_channel(bench: Bench) -> None:
    bench.client.post("/__simulator/services", json={"type": "Voice", "state": "Inactive"})
    reply = bench.agents[0].start()
    assert (reply.http, reply.code) == (503, 4)
    assert reply.body["statusMessage"] == "Voice service is not available at this time"


def test_a_user_without_a_device_cannot_open_voice(bench: Bench) -> None:
    reply = bench.admin.start()
    assert (reply.http, reply.code) == (500, 4)


def test_the_end_of_the_session_leaves_nothing(bench: Bench) -> None:
    one, two, three = bench.agents[:3]
    ended: list[str] = []
    bench.world.on_session_end(lambda user: ended.append(user.user_name))
    one.start()
    call = talk(one, two)
    second = consult(one, call, three.number)
    three.do("Answer", second)
    for actor in (one, two, three):
        actor.events()
    reply = one.post("/me", "EndContactCenterSession")
    assert reply.body == {"statusCode": 0}
    assert {("StatusChange", "Released")} == set(one.story())
    assert two.story() == three.story() == [("StatusChange", "Released")]
    for actor in (one, two, three):
        assert actor.calls() == []
    assert one.seen_device()["userState"]["state"] == "LoggedOut"
    assert ended == ["agent1"]
    assert one.user.id not in bench.world.voice.sessions


def test_the_end_leaves_a_conference_to_the_others(bench: Bench) -> None:
    one, two = bench.agents[:2]
    call = talk(one, two)
    one.do("SingleStepConference", call, destination={"phoneNumber": "6100"})
    one.post("/me", "EndContactCenterSession")
    assert numbers(two.call(call)) == {"6100"}


def test_the_end_invalidates_the_http_session(bench: Bench) -> None:
    one = bench.agents[0]
    client = bench.client
    response = client.get("/api/v2/me", auth=(one.name, one.password))
    cookie = {"JSESSIONID": response.cookies["JSESSIONID"]}
    client.cookies.clear()
    assert client.get("/api/v2/me", headers={"Cookie": f"JSESSIONID={cookie['JSESSIONID']}"}).status_code == 200
    one.post("/me", "EndContactCenterSession")
    client.cookies.clear()
    assert client.get("/api/v2/me", headers={"Cookie": f"JSESSIONID={cookie['JSESSIONID']}"}).status_code == 403


def test_ending_twice_is_tolerated(bench: Bench) -> None:
    one = bench.agents[0]
    assert one.post("/me", "EndContactCenterSession").code == 0
    assert one.post("/me", "EndContactCenterSession").code == 0


def test_the_end_stops_monitoring(bench: Bench) -> None:
    supervisor = bench.supervisor
    supervisor.on_device("ListenIn", phoneNumber="5001")
    supervisor.post("/me", "EndContactCenterSession")
    assert "supervisorMonitoringState" not in supervisor.seen_device()
