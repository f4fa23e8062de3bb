"""Checks of chats over several customers: which of them a monitoring supervisor gets, who is offered one at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.contract import value_at
from conformance.contract.matching import resources_in
from conformance.judge.checks.story import accepted, sent
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Exchange, Scenario

MONITORING = frozenset({"chat.Monitor", "chat.Coach", "chat.BargeIn"})
CANCEL = "chat.CancelSupervisorMonitoring"
DND_ON, DND_OFF = "agent-control.DoNotDisturbOn", "agent-control.DoNotDisturbOff"


@check("monitoring.chats", "scenario", scope="scenario")
def monitoring_chats(scenario: Scenario) -> Iterator[Outcome]:
    """With the mode NextChat a supervisor gets the next chat of the monitored agent and no later one, with AllChats,
    which is the default, every one, and after the cancelling none."""
    agent = scenario.cast.get("self", "")
    mode, supervisor = "", ""
    cause: tuple[int, ...] = ()
    chats: dict[str, None] = {}
    joined: set[str] = set()
    for step in scenario.steps:
        exchange = step.main
        asked = step.case not in {"refusal", "withheld"} and step.operation in {*MONITORING, CANCEL}
        if asked and exchange is not None and accepted(exchange):
            yield from _span(mode, chats, joined, cause, supervisor)
            mode = "none" if step.operation == CANCEL else _mode(exchange)
            supervisor, cause, chats, joined = step.performer, exchange.seqs, {}, set()
        if step.case == "cleanup":
            break
        for item in step.delivered if mode else ():
            for chat in resources_in(item.data, "chat"):
                if chat.get("state") != "Chatting":
                    continue
                if item.actor == agent:
                    chats.setdefault(str(chat.get("id")))
                elif item.actor == supervisor:
                    joined.add(str(chat.get("id")))
    yield from _span(mode, chats, joined, cause, supervisor)


def _mode(exchange: Exchange) -> str:
    return str(sent(exchange).get("supervisorMonitoringMode", "AllChats"))


def _span(
    mode: str, chats: Mapping[str, None], joined: set[str], cause: tuple[int, ...], supervisor: str
) -> Iterator[Outcome]:
    order = list(chats)
    if not order or (mode != "none" and len(order) < 2):
        return
    expected = {"NextChat": order[:1], "none": []}.get(mode, order)
    seen = joined & set(order)
    ok = seen == set(expected)
    when = "after the cancelling" if mode == "none" else f"with {bounded(mode, 40)}"
    yield Outcome(
        ok,
        f"{when} the supervisor has the chats that are due"
        if ok
        else f"{when} {supervisor} was in {len(seen)} of {len(order)} chats",
        f"{len(expected)} of {len(order)} chats",
        f"{len(seen)} of {len(order)} chats",
        evidence=cause,
    )


@check("consult.cancelled", "scenario", scope="scenario")
def consult_cancelled(scenario: Scenario) -> Iterator[Outcome]:
    """An invitation to a consultation that CancelConsult has withdrawn cannot be accepted any more."""
    cancelled: Exchange | None = None
    for step in scenario.steps:
        exchange = step.main
        if exchange is None or exchange.response is None:
            continue
        if step.operation == "chat.CancelConsult" and step.case not in {"refusal", "withheld"} and accepted(exchange):
            cancelled = exchange
        elif step.operation in {"chat.Consult", "chat.Invite", "chat.Transfer"}:
            cancelled = None
        elif step.operation == "chat.Accept" and cancelled is not None and step.performer != cancelled.request.actor:
            joined = [
                item.seq
                for item in step.delivered
                if item.actor == step.performer
                for chat in resources_in(item.data, "chat")
                if chat.get("state") == "Chatting"
            ]
            yield Outcome(
                not joined,
                "the invitation is gone"
                if not joined
                else f"after CancelConsult {step.performer} accepted the invitation",
                f"no chat in the state Chatting for {step.performer}",
                "Chatting" if joined else "none",
                evidence=(*cancelled.seqs, *exchange.seqs, *joined[:1]),
            )


@check("channel.respected", "scenario", scope="scenario")
def channel_respected(scenario: Scenario) -> Iterator[Outcome]:
    """An agent whose chat channel has Do Not Disturb on, which overrides Ready, is offered no chat until it is off."""
    agent = scenario.cast.get("self", "")
    on: Exchange | None = None
    offered: list[Event] = []
    for step in scenario.steps:
        exchange = step.main
        if step.operation == DND_ON and exchange is not None and accepted(exchange):
            on, offered = exchange, []
        elif on is not None and (step.operation == DND_OFF or step.case == "cleanup"):
            yield _undisturbed(on, offered, agent)
            on = None
        if on is None:
            continue
        for item in step.delivered:
            invited = any(value_at(chat, "state") == "Invited" for chat in resources_in(item.data, "chat"))
            if item.actor == agent and invited:
                offered.append(item.event)
    if on is not None:
        yield _undisturbed(on, offered, agent)


def _undisturbed(on: Exchange, offered: list[Event], agent: str) -> Outcome:
    return Outcome(
        not offered,
        "no chat was offered" if not offered else f"a chat was offered to {agent}, who has DoNotDisturb on",
        "no chat in the state Invited",
        f"{len(offered)} notifications",
        level="should",
        evidence=(*on.seqs, *(event.seq for event in offered[:3])),
    )
