"""Checks of what is over: ended calls and chats that are still listed."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.judge.checks.story import accepted, listed, performed, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Scenario

LISTS = {"voice.ListCalls": ("call", "Released"), "chat.List": ("chat", "Completed")}
"""By operation: what it lists, and the state in which it is over."""


@check("lists.ended", "scenario", scope="scenario")
def lists_ended(scenario: Scenario) -> Iterator[Outcome]:
    """The list of a user's calls holds the active ones, the list of chats those that the user takes part in: a call
    that was told to this user as Released, a chat that was told as Completed, is in neither."""
    states: dict[tuple[str, str, str], list[tuple[int, str]]] = {}
    for step in scenario.steps:
        for kind, _ in LISTS.values():
            for seq, actor, _, item in told(step, kind):
                if "state" in item:
                    states.setdefault((actor, kind, str(item.get("id"))), []).append((seq, str(item["state"])))
    for step, exchange in performed(scenario, *LISTS):
        kind, over = LISTS[step.operation]
        items, asked = listed(exchange), exchange.request
        if not accepted(exchange) or items is None:
            continue
        ended = {}
        for (actor, what, identifier), changes in states.items():
            before = [(seq, state) for seq, state in changes if seq < asked.seq]
            if actor == asked.actor and what == kind and before and before[-1][1] == over:
                ended[identifier] = before[-1][0]
        left = [str(item["id"]) for item in items if str(item["id"]) in ended]
        if ended:
            yield Outcome(
                not left,
                f"no {kind} that is {over} is listed" if not left else f"a {kind} that is {over} is still listed",
                f"no {kind} that is over",
                bounded(left, 120),
                evidence=(*exchange.seqs, *(ended[name] for name in left[:3])),
            )
