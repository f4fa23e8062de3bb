"""Random walks: whatever a call offers can be done, and in the end nothing is left."""

from __future__ import annotations

import random
from itertools import count
from typing import Any

import pytest

from tests.simulator.voice_support import Actor, Bench, Json

STEPS = 80


def parameters(operation: str, call: Json, actor: Actor, fresh: str, rng: random.Random) -> Json:
    """Parameters with which the operation is possible."""
    if operation.startswith(("Initiate", "SingleStep")):
        return {"destination": {"phoneNumber": fresh}, "userData": {fresh: "x"}}
    if operation == "SwapCalls":
        held = next(c for c in actor.calls() if c["state"] == "Held" and c["id"] != call["id"])
        return {"otherCallUri": held["uri"]}
    if operation == "RemoveParticipantFromConference":
        return {"participant": rng.choice(call["participants"])["phoneNumber"]}
    plain: dict[str, Json] = {
        "SendDtmf": {"digits": "12"},
        "AttachUserData": {"userData": {"a": fresh}},
        "UpdateUserData": {"userData": {"a": fresh}},
        "DeleteUserDataPair": {"key": "a"},
    }
    return plain.get(operation, {})


def choose(capabilities: list[str], rng: random.Random) -> str:
    """One of the capabilities; user data and hanging up are frequent on every call, so they are chosen less often."""
    rare = [name for name in capabilities if name == "Hangup" or "UserData" in name]
    others = [name for name in capabilities if name not in rare]
    return rng.choice(rare if not others or rng.random() < 0.2 else others)


def begin(bench: Bench, rng: random.Random) -> None:
    """Somebody calls somebody."""
    free = [a for a in bench.agents if all(c["state"] == "Held" for c in a.calls())]
    if not free:
        return
    actor = rng.choice(free)
    how = rng.randrange(3)
    if how == 0:
        bench.stimulus("inbound-call", to=actor.number, **{"from": f"60{rng.randrange(100):02}"})
    elif how == 1:
        actor.dial(f"60{rng.randrange(100):02}")
        bench.stimulus("customer-answer")
    elif len(free) > 1:
        actor.dial(rng.choice([a for a in free if a is not actor]).number)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_offered_can_be_done(seed: int) -> None:
    bench, rng, fresh = Bench(recording=seed % 2 == 0), random.Random(seed), count(6100)
    if seed % 3 == 0:
        mode = rng.choice(["ListenIn", "Coach", "BargeIn"])
        bench.supervisor.on_device(mode, phoneNumber="5001")
    actors = [*bench.agents, bench.supervisor]
    done: set[str] = set()
    for _ in range(STEPS):
        engaged = [(actor, call) for actor in actors for call in actor.calls()]
        if len(engaged) < 2 or rng.random() < 0.15:
            begin(bench, rng)
            continue
        actor, call = rng.choice(engaged)
        operation = choose(call["capabilities"], rng)
        params = parameters(operation, call, actor, str(next(fresh)), rng)
        told_before: list[Any] = actor.story()
        reply = actor.do(operation, call["id"], **params)
        assert reply.body == {"statusCode": 0}, (operation, told_before)
        story = actor.story()
        assert story, operation
        assert not [told for told in story if told[0] == "ErrorMessage"], (operation, call, story)
        done.add(operation)
    assert len(done) > 8
    for actor in actors:
        assert actor.post("/me", "EndContactCenterSession").code == 0
        assert actor.calls() == []
    bench.stimulus("release-all")
    assert bench.world.voice.calls == {}
