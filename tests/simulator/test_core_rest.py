"""The common layer: the order of refusals, malformed requests, failures, features, services, roles, deferring."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from conformance.simulator import rest
from conformance.simulator.context import Context
from conformance.simulator.routing import Handler, Operation, find
from conformance.simulator.status import ApiError
from tests.simulator.core_support import API, Bench, Client


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_order_of_refusals(bench: Bench) -> None:
    long = "/no/" + "x" * 2000
    agent, nobody = bench.client("agent1"), bench.client(None)
    assert (nobody.get(long).http, nobody.get(long).code) == (414, 10)
    assert nobody.get("/no/such").http == 403  # who is not known learns nothing of the paths
    assert agent.ask("POST", "/no/such", json={}).body["statusMessage"] == "Missing or invalid Csrf token"
    assert (agent.get("/no/such").http, agent.get("/no/such").code) == (404, 6)
    assert agent.post("/skills", {}).http == 405
    token = {"X-CSRF-TOKEN": agent.get("/me").headers["X-CSRF-TOKEN"]}
    xml = agent.ask("POST", "/contacts", content=b"<a/>", headers={**token, "Content-Type": "text/xml"})
    assert (xml.http, xml.code) == (415, 10)


def test_a_url_of_2000_characters_is_served_and_one_more_is_not(bench: Bench) -> None:
    agent = bench.client("agent1")
    prefix = "http://testserver" + API + "/me?x="
    assert agent.get("/me", x="a" * (2000 - len(prefix))).http == 200
    assert agent.get("/me", x="a" * (2001 - len(prefix))).http == 414


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'"text"', b"12", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"],
)
def test_a_body_that_is_no_json_object_is_refused(bench: Bench, content: bytes) -> None:
    agent = bench.client("agent1")
    headers = {
        "X-CSRF-TOKEN": agent.get("/me").headers["X-CSRF-TOKEN"],
        "Content-Type": "application/json; charset=utf-8",
    }
    reply = agent.ask("POST", "/contacts", content=content, headers=headers)
    assert (reply.http, reply.code) == (400, 10)
    assert set(reply.body) == {"statusCode", "statusMessage"}


def test_a_lone_surrogate_is_no_reason_to_fail(bench: Bench) -> None:
    agent = bench.client("agent1")
    headers = {
        "X-CSRF-TOKEN": agent.get("/me").headers["X-CSRF-TOKEN"],
        "Content-Type": "application/json",
    }
    content = b'{"name": "\\ud800", "phoneNumber": "1"}'
    assert agent.ask("POST", "/contacts", content=content, headers=headers).http == 200
    assert "\\ud800" in agent.get("/contacts", type="Custom").text


def test_a_body_that_is_too_large_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MAX_BODY", 1000)
    reply = bench.client("agent1").post("/contacts", {"name": "x" * 2000, "phoneNumber": "1"})
    assert (reply.http, reply.code) == (413, 10)


@pytest.mark.parametrize("body", [{}, {"operationName": ""}, {"operationName": None}])
def test_a_missing_operation_name_is_a_missing_parameter(bench: Bench, body: dict[str, Any]) -> None:
    reply = bench.client("agent1").post("/me", body)
    assert (reply.http, reply.code) == (400, 1)
    assert "operationName" in reply.body["statusMessage"]


@pytest.mark.parametrize("name", ["NoSuchOperation", 7, ["a"], "x" * 500])
def test_an_unknown_operation_is_invalid(bench: Bench, name: Any) -> None:
    reply = bench.client("agent1").post("/me", {"operationName": name})
    assert (reply.http, reply.code) == (400, 2)
    assert reply.body["statusMessage"].startswith("Invalid operation")
    assert len(reply.body["statusMessage"]) < 120


def test_an_escaped_slash_stays_in_its_segment(bench: Bench) -> None:
    reply = bench.client("agent1").get("/users/a%2Fskills")
    assert (reply.http, reply.body["statusMessage"]) == (404, "This user could not be found")


def test_outside_the_api_there_is_nothing(bench: Bench) -> None:
    for path in ("/", "/api", "/api/v1/me", "/api/v2x/me", "/__simulator"):
        assert bench.client(None).http.get(path).status_code == 404, path


# --- failures inside ---------------------------------------------------------------------------------------


def _fail() -> None:
    raise RuntimeError("boom")


@pytest.fixture
def handle_me(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put another handler behind GET /me."""
    found = find("/me")
    assert found is not None
    operations = found[0].methods["GET"]

    def install(handler: Handler) -> None:
        changed = Operation(handler, None, (), operations[None].roles, False, (), (), None)
        monkeypatch.setitem(operations, None, changed)

    return install


def test_an_unexpected_failure_shows_no_internals(
    bench: Bench, handle_me: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails(_: Context) -> None:
        raise RuntimeError("the secret inside")

    handle_me(fails)
    reply = bench.client("agent1").get("/me")
    assert (reply.http, reply.body) == (500, {"statusCode": 4, "statusMessage": "Internal error"})
    assert "the secret inside" in capsys.readouterr().err


@pytest.mark.parametrize(
    "order, expected",
    [
        ("reply-first", ["reply", "event"] * 2),
        ("events-first", ["event", "reply"] * 2),
        ("mixed", ["event", "reply", "reply", "event"]),
    ],
)
def test_the_order_of_reply_and_notification(handle_me: Any, order: str, expected: list[str]) -> None:
    bench = Bench(order=order)
    seen: list[str] = []

    async def handler(ctx: Context) -> None:
        ctx.defer(lambda: seen.append("event"))

    handle_me(handler)
    app = bench.app

    async def recording(scope: Any, receive: Any, send: Any) -> None:
        async def note(message: Any) -> None:
            if message["type"] == "http.response.body":
                seen.append("reply")
            await send(message)

        await app(scope, receive, note)

    agent = Client(TestClient(recording), "agent1")
    agent.get("/me")
    agent.get("/me")
    assert seen == expected


def test_what_was_deferred_is_forgotten_when_the_handler_refuses(bench: Bench, handle_me: Any) -> None:
    seen: list[str] = []

    async def handler(ctx: Context) -> None:
        ctx.defer(lambda: seen.append("event"))
        raise ApiError(2, "no")

    handle_me(handler)
    assert bench.client("agent1").get("/me").code == 2
    assert seen == []


def test_a_failing_deferred_function_does_not_spoil_the_reply(
    bench: Bench, handle_me: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    async def handler(ctx: Context) -> None:
        ctx.defer(_fail)
        ctx.defer(lambda: seen.append("second"))

    handle_me(handler)
    assert bench.client("agent1").get("/me").body == {"statusCode": 0}
    assert seen == ["second"]
    assert "boom" in capsys.readouterr().err


# --- features, services, roles -----------------------------------------------------------------------------


def test_a_disabled_feature_does_not_exist(bench: Bench) -> None:
    agent = bench.client("agent1")
    assert agent.get("/users").http == 200
    bench.control("features", off=["api-provisioning-read", "api-voice"])
    assert (agent.get("/users").http, agent.get("/users").code) == (404, 6)
    assert (agent.get("/settings/voice").http, agent.get("/settings/voice").code) == (404, 6)
    groups = [group["name"] for group in agent.get("/settings").body["settings"]]
    assert "voice" not in groups
    operation = agent.post("/me/channels/voice", {"operationName": "Ready"})
    assert (operation.http, operation.code) == (400, 2)
    assert operation.body["statusMessage"] == "Invalid operation: Ready"
    bench.control("features", on=["api-provisioning-read", "api-voice"])
    assert agent.get("/users").http == 200


def test_features_can_be_off_from_the_start_and_stay_off_after_a_reset() -> None:
    bench = Bench(features_off=("api-voice",))
    assert bench.client("agent1").get("/features/api-voice").http == 404
    bench.control("reset")
    assert bench.client("agent1").get("/features/api-voice").http == 404


def test_operations_of_a_service_that_is_down_are_refused(bench: Bench) -> None:
    agent = bench.client("agent1")
    bench.control("services", type="Voice", state="Inactive")
    down = agent.post("/me/channels/voice", {"operationName": "Ready"})
    assert down.http == 503
    assert down.body == {"statusCode": 4, "statusMessage": "Voice service is not available at this time"}
    assert agent.get("/me/devices").http == 200
    bench.control("services", type="Provisioning", state="ReadOnly")
    admin = bench.client("admin1")
    path = f"/users/{bench.user('agent4').id}/skills"
    assert admin.get(path).http == 200
    assert admin.post(path, {"uri": "/skills/" + bench.skill("Sales")}).http == 503


def test_roles_are_checked_last(bench: Bench) -> None:
    agent = bench.client("agent1")
    for reply in (agent.get("/devices"), agent.get("/system/features")):
        assert (reply.http, reply.code) == (403, 5)
    assert bench.client("admin1").get("/devices").http == 200
    assert agent.put("/settings/voice", {}).code == 5  # before the handler looks at parameters
