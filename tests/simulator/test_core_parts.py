"""The parts without HTTP: clock, identifiers, faults, status codes, routing, the helpers of a context."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from starlette.requests import Request

from conformance.simulator.app import build_world
from conformance.simulator.clock import Clock
from conformance.simulator.context import Context
from conformance.simulator.faults import Faults, UnknownFaultError, declared_faults, fault
from conformance.simulator.ids import Ids
from conformance.simulator.routing import find, operation
from conformance.simulator.status import ApiError, http_status
from conformance.simulator.stimuli import stimulus, stimulus_names
from conformance.simulator.world import Options, World


def _fail() -> None:
    raise RuntimeError("boom")


def test_advancing_runs_what_falls_due_each_at_its_own_time() -> None:
    clock, seen = Clock(), []
    start = clock.monotonic()
    clock.call_later(20, lambda: seen.append(("second", round(clock.monotonic() - start))))
    clock.call_later(10, lambda: seen.append(("first", round(clock.monotonic() - start))))
    clock.call_later(40, lambda: seen.append(("never", 0)))
    clock.advance(30)
    assert seen == [("first", 10), ("second", 20)]
    assert 30 <= clock.monotonic() - start < 31


def test_a_cancelled_timer_does_not_run_and_a_failing_one_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock, seen = Clock(), []
    clock.call_later(1, lambda: seen.append("cancelled")).cancel()
    clock.call_later(2, _fail)
    clock.call_later(3, lambda: seen.append("after"))
    clock.advance(5)
    assert seen == ["after"]
    assert "boom" in capsys.readouterr().err


def test_the_clock_cannot_go_back() -> None:
    with pytest.raises(ValueError, match="back"):
        Clock().advance(-1)


def test_sleep_ends_in_real_time_and_by_advancing() -> None:
    async def scenario() -> float:
        clock = Clock()
        await clock.sleep(0.01)
        sleeper = asyncio.ensure_future(clock.sleep(3600))
        await asyncio.sleep(0)
        clock.advance(3601)
        await asyncio.wait_for(sleeper, 5)
        return (clock.now() - Clock().now()).total_seconds()

    assert asyncio.run(scenario()) == pytest.approx(3601, abs=1)


def test_identifiers_repeat_under_a_seed_and_look_like_the_samples() -> None:
    def some(seed: int) -> list[str]:
        ids = Ids(seed)
        return [ids.uuid(), ids.hex(), ids.call(), ids.call(), ids.conn(), ids.interaction()]

    assert some(1) == some(1) != some(2)
    patterns = (
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        r"[0-9a-f]{32}",
        r"[0-9A-V]{32}",
        r"[0-9A-V]{32}",
        r"00[0-9a-f]{14}",
        r"0001[0-9A-V]{12}",
    )
    values = some(3)
    assert all(re.fullmatch(pattern, value) for pattern, value in zip(patterns, values, strict=True))
    assert len(set(values)) == len(values)


def test_faults_are_switched_with_and_without_arguments() -> None:
    build_world()
    faults = Faults(["basics.filter-ignored", "generic.drop-member:a.b", "generic.drop-member:c"])
    assert faults.on("basics.filter-ignored")
    assert faults.arguments("generic.drop-member") == {"a.b", "c"}
    faults.switch(off=["generic.drop-member:c"])
    assert faults.active() == ["basics.filter-ignored", "generic.drop-member:a.b"]
    faults.switch(off=["generic.drop-member"])
    assert not faults.on("generic.drop-member")
    assert not faults.generic_replies
    faults.switch(on=["generic.reply-html"], off=["*"])
    assert faults.active() == ["generic.reply-html"]
    assert faults.arguments("generic.reply-html") == {None}


@pytest.mark.parametrize(
    "name, hint",
    [
        ("no.such", "--list-faults"),
        ("generic.drop-member", "needs an argument"),
        ("basics.filter-ignored:x", "no argument"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused_and_changes_nothing(name: str, hint: str) -> None:
    faults = Faults(["basics.filter-ignored"])
    with pytest.raises(UnknownFaultError, match=hint):
        faults.switch(on=["basics.sort-ignored", name], off=["*"])
    assert faults.active() == ["basics.filter-ignored"]


def test_every_fault_says_in_a_sentence_what_a_client_sees() -> None:
    for declared in declared_faults():
        assert re.fullmatch(r"[a-z]+\.[a-z0-9-]+", declared.name), declared.name
        assert declared.sentence.endswith("."), declared.name
    with pytest.raises(ValueError, match="twice"):
        fault("basics.filter-ignored", "Something else.")


def test_status_codes_travel_with_the_http_statuses_the_documents_name() -> None:
    assert [http_status(code) for code in (0, 7, 9)] == [200, 200, 200]
    assert (http_status(6), http_status(20), http_status(5), http_status(99)) == (404, 403, 403, 500)
    refusal = ApiError(4, "Voice service is not available at this time", http=503, extra={"id": "x"})
    assert refusal.http == 503
    assert refusal.body() == {
        "statusCode": 4,
        "statusMessage": "Voice service is not available at this time",
        "id": "x",
    }


def test_paths_are_found_with_their_parameters_and_literals_win() -> None:
    build_world()
    found = find("/users/u1/skills/s1")
    assert found is not None
    assert found[1] == ["u1", "s1"]
    channel = find("/me/channels/chat")
    assert channel is not None
    assert channel[1] == []
    slashed = find(["users", "a/b"])
    assert slashed is not None
    assert slashed[1] == ["a/b"]
    assert find("/users//skills") is None
    assert find("/no/such/path") is None
    assert find("/system") is None


def test_an_operation_or_a_stimulus_cannot_be_registered_twice() -> None:
    build_world()

    async def handler(_: Context) -> None:
        return None

    async def happening(_: World, __: dict[str, Any]) -> dict[str, Any]:
        return {}

    with pytest.raises(ValueError, match="registered twice"):
        operation("GET", "/me")(handler)
    with pytest.raises(ValueError, match="registered twice"):
        stimulus(stimulus_names()[0])(happening)


def _context(body: dict[str, Any]) -> Context:
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"a=1", "headers": []}
    return Context(World(), Request(scope), None, None, {}, body)


def test_a_context_checks_parameters() -> None:
    ctx = _context({"text": "t", "number": 3, "flag": True, "empty": "", "null": None, "list": []})
    assert ctx.required("text", str) == "t"
    assert ctx.required("number", float) == 3
    assert ctx.optional("absent", str) is None
    assert ctx.optional("absent", str, default="d") == "d"
    assert ctx.optional("null", int, None, 5) == 5
    assert ctx.query["a"] == "1"
    assert ctx.uri("/calls/1").endswith("/api/v2/calls/1")


@pytest.mark.parametrize(
    "name, type_, values, code",
    [
        ("absent", str, None, 1),
        ("empty", str, None, 1),
        ("null", str, None, 1),
        ("text", int, None, 10),
        ("flag", int, None, 10),
        ("number", bool, None, 10),
        ("text", str, ("a", "b"), 10),
        ("list", dict, None, 10),
    ],
)
def test_a_context_refuses_wrong_parameters(name: str, type_: type[Any], values: Any, code: int) -> None:
    ctx = _context({"text": "t", "number": 3, "flag": True, "empty": "", "null": None, "list": []})
    with pytest.raises(ApiError) as refusal:
        ctx.required(name, type_, values)
    assert refusal.value.status_code == code
    assert name in refusal.value.message


def test_nobody_is_refused_where_a_user_is_needed() -> None:
    with pytest.raises(ApiError) as refusal:
        _ = _context({}).user
    assert refusal.value.status_code == 20


def test_the_seeded_contact_centre_is_the_same_under_one_seed_and_after_a_reset() -> None:
    first, second, other = (build_world(Options(seed=seed)) for seed in (1, 1, 2))
    assert list(first.users) == list(second.users) != list(other.users)
    assert [u.user_name for u in first.users.values()] == [
        "agent1",
        "agent2",
        "agent3",
        "agent4",
        "supervisor1",
        "admin1",
        "publicagent",
    ]
    before = list(first.users), list(first.devices)
    first.users.clear()
    first.reset()
    assert (list(first.users), list(first.devices)) == before
    device = first.device_by_number("5007")
    assert device is not None
    assert device.telephony_network == "Public"
    owner = first.user_of(device)
    assert owner is not None
    assert owner.user_name == "publicagent"


def test_a_published_notification_is_a_copy_with_metrics() -> None:
    world = build_world()
    user = next(iter(world.users.values()))
    resource = {"messageType": "X", "call": {"state": "Ringing"}}
    world.publish(user, "/v2/me/calls", resource)
    resource["call"] = {"state": "Released"}
    sent = world.published[-1]
    assert (sent.user_id, sent.channel) == (user.id, "/v2/me/calls")
    assert sent.data["call"] == {"state": "Ringing"}
    assert "eventProcessing" in sent.data["metrics"]
