"""Checks of contact-centre sessions: what their end leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.contract import value_at
from conformance.judge.checks.story import accepted, listed, performed
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
