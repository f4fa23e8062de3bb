"""After every scenario the deployment is as it was: played against the bundled server, which is asked afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from conformance.driver.cleanup import undo
from conformance.driver.ledger import Entry
from conformance.driver.play import FULL_CAST
from conformance.driver.scene import Scene
from conformance.selftest.bench import Bench, perform
from conformance.selftest.playables import playables
from conformance.session import Session
from tests.driver.driver_support import QuietStage, call, scene

SCENARIOS = [
    "call:Established",
    "call:Ringing",
    "conference:InConference",
    "second-call:SecondEstablished",
    "queue-call:QueueEstablished",
    "voice.DoNotDisturbOn[positive]",
    "voice.ForwardCallsOn[positive]",
    "monitored-call:BargedIn",
    "monitoring:Coach",
    "chat:Invited",
    "chat:LeftChat",
    "chat-conference:Conference",
    "chat-consult:Consulting",
    "chat-monitoring:Monitor",
    "contacts.Create[positive]",
    "basics.SetVoiceSetting[positive]",
]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A run against a bundled server."""
    with Bench() as bench, bench.faulty() as run:
        yield run


def read(run: Session, name: str, path: str, member: str) -> list[Mapping[str, Any]]:
    """A list as a user reads it."""
    reply = run.stage.actor(name).http.request("GET", path, params={"fields": "*"}, purpose="auth")
    assert reply.status == 200, (path, reply.status)
    return [item for item in reply.json[member] if isinstance(item, Mapping)]


def left_behind(run: Session) -> list[str]:
    """What is still there, in words."""
    found = []
    for name in ("agent", "second_agent", "third_agent", "supervisor"):
        found += [f"{name}: call {one['state']}" for one in read(run, name, "/me/calls", "calls")]
        found += [f"{name}: chat {one['state']}" for one in read(run, name, "/me/chats", "chats")]
        for device in read(run, name, "/me/devices", "devices"):
            kept = {key: device.get(key) for key in ("forwardTo", "supervisorMonitoringState") if device.get(key)}
            if kept or device["doNotDisturb"] != "Off":
                found.append(f"{name}: device {kept} {device['doNotDisturb']}")
    found += [
        f"contact {one['name']}" for one in read(run, "agent", "/contacts", "contacts") if one["type"] == "Custom"
    ]
    found += [f"ledger: {one}" for one in run.stage.ledger.open_entries() if one.kind != "session"]
    return found


def settings(run: Session) -> Any:
    """The settings of voice and of access control."""
    admin = run.stage.actor("admin", session=False).http
    groups = ("voice", "access-control")
    return [admin.request("GET", f"/settings/{group}", purpose="auth").json["settings"] for group in groups]


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_is_left(session: Session, name: str) -> None:
    """No calls, no chats, no settings of devices, no contacts; the contact center's settings as before."""
    before = settings(session)
    played = perform(session, playables()[name])
    assert played.verdict in {"passed", "warning"}, played.text
    assert left_behind(session) == []
    assert settings(session) == before


def test_a_scenario_that_breaks_is_cleaned_up(session: Session) -> None:
    """Also after an exception in the middle."""
    item = playables()["call:Established"]
    play = session.play("call:broken", "voice", "breaks in the middle")
    play.scene(operation="voice.Dial").reach("call", "Established")
    assert left_behind(session) != []
    ending = session.end(play, RuntimeError("in the middle"))
    assert ending.verdict == "error"
    assert left_behind(session) == []
    assert perform(session, item).verdict == "passed"


def test_the_ledger_alone_is_enough(session: Session) -> None:
    """What another process left behind is undone from the entries of its ledger."""
    session.recorder.begin_scenario("leftovers", {"area": "voice", "cast": FULL_CAST})
    told = Scene(session.stage, "leftovers", FULL_CAST)
    told.reach("call", "Established")
    body = {"name": "Left behind", "phoneNumber": "6001"}
    agent = session.stage.actor("agent")
    made = agent.http.request("POST", "/contacts", json=body, purpose="auth").json["id"]
    session.stage.ledger.add(Entry("contact", "agent", made, f"DELETE /contacts/{made}"))
    assert len(left_behind(session)) > 2
    for entry in session.stage.ledger.open_entries("contact", "call", "calls"):
        assert undo(session.stage, entry), entry
    told.quiet()
    session.recorder.end_scenario({"outcome": "played"})
    for actor in session.stage.opened():
        actor.forget()
    assert left_behind(session) == []


def test_undo_says_when_it_could_not() -> None:
    """A refusal leaves the entry in the ledger; what is gone already counts as undone."""
    stage = QuietStage(lambda *_: (403, {"statusCode": 5, "statusMessage": "no"}))
    entry = Entry("contact", "agent", "K1", "DELETE /contacts/K1")
    stage.ledger.add(entry)
    assert not undo(stage, entry)
    assert stage.ledger.open_entries() == [entry]
    stage.http["agent"].answer = lambda *_: (404, {"statusCode": 6, "statusMessage": "gone"})
    assert undo(stage, entry)
    assert stage.ledger.open_entries() == []


def test_calls_that_cannot_be_ended_are_told() -> None:
    """What clean-up could not end is said in words."""
    from conformance.driver.cleanup import clean_up

    stage = QuietStage(lambda *_: (403, {"statusCode": 5, "statusMessage": "no"}))
    told = scene(stage)
    stage.tell("agent", call("Established", "C1"))
    assert clean_up(told) == ["call C1 of agent"]
