"""Checks of contact-centre sessions: what their end leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.contract import value_at
from conformance.contract.matching import resources_in
from conformance.judge.checks.story import accepted, listed, performed, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Scenario

START, END, DEVICES = "voice.StartContactCenterSession", "voice.EndContactCenterSession", "voice.ListDevices"


@check("session.logged-out", "scenario", scope="scenario")
def session_logged_out(scenario: Scenario) -> Iterator[Outcome]:
    """The end of a contact-centre session logs the agent out of voice: until the next one starts, the agent's devices
    show the state LoggedOut, or none."""
    out: set[str] = set()
    for step, exchange in performed(scenario, START, END, DEVICES):
        user = step.performer.partition("+")[0]
        if not accepted(exchange):
            continue
        if step.operation == DEVICES and user in out:
            for device in listed(exchange) or ():
                state = value_at(device, "userState.state")
                ok = state in (None, "LoggedOut")
                yield Outcome(
                    ok,
                    "logged out" if ok else f"after the end of the session {user} is still {bounded(state, 40)}",
                    "LoggedOut",
                    bounded(state, 60),
                    evidence=exchange.seqs,
                )
        elif step.operation == END:
            out.add(user)
        elif step.operation == START:
            out.discard(user)


@check("session.no-repeat", "scenario", scope="scenario")
def session_no_repeat(scenario: Scenario) -> Iterator[Outcome]:
    """An agent who is logged in already is not logged in again: the start of another session notifies nothing about
    the agent's device."""
    states: dict[str, str] = {}
    for step in scenario.steps:
        exchange = step.main
        shown = [(seq, device) for seq, _, _, device in told(step, "device", step.performer)]
        before = states.get(step.performer, "")
        again = step.operation == START and exchange is not None and accepted(exchange)
        if again and exchange is not None and before not in {"", "LoggedOut"}:
            yield Outcome(
                not shown,
                "not logged in again" if not shown else f"{step.performer}, who is {before}, was told of a new login",
                "no notification",
                bounded([value_at(device, "userState.state") for _, device in shown], 120),
                evidence=(*exchange.seqs, *(seq for seq, _ in shown)),
            )
        for item in step.delivered:
            for device in resources_in(item.data, "device"):
                states[item.actor] = str(value_at(device, "userState.state") or "")
