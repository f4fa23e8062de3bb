"""Checks of who gets to see what in a chat: customers, agents, supervisors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.matching import resources_in
from conformance.judge.checks.story import sent
from conformance.judge.checks.transcript import REFUSED, entries, exchanges, path_of, says
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Delivered, Exchange, Scenario, delivered

HIDDEN = frozenset({"Agents", "Supervisors"})
ASIDE = ("SendToAgents", "SendCustomNoticeToAgents")
VISIBILITY_OF_MODE = {"Monitor": "Supervisors", "Coach": "Agents", "BargeIn": "All"}
"""As whom a supervisor of each mode is shown (pages Monitor, Coach, BargeIn and the SwitchTo operations)."""


@check("visibility.respected", "scenario", scope="scenario")
def visibility_respected(scenario: Scenario) -> Iterator[Outcome]:
    """What is meant for agents or supervisors only reaches nobody else: the customer reads neither their messages nor
    their names, an agent is told nothing that is for supervisors, what is sent to agents is marked so, a consulting
    agent and a supervisor appear with the visibility of what they are there for."""
    if scenario.area != "chat":
        return
    yield from _marked(scenario)
    yield from _customer(scenario)
    yield from _agents(scenario)
    yield from _consulting(scenario)
    yield from _supervising(scenario)


def _marked(scenario: Scenario) -> Iterator[Outcome]:
    """What an agent sends to agents is marked as theirs wherever it appears."""
    for text, exchange in _asides(scenario).items():
        for item in delivered(scenario.events):
            for message in entries(item.data):
                if text not in (message.get("text"), message.get("noticeText")):
                    continue
                ok = _hidden(message)
                yield Outcome(
                    ok,
                    "marked for agents"
                    if ok
                    else f"what {sent(exchange).get('operationName')} sent has the visibility "
                    f"{bounded(message.get('visibility'), 60)}",
                    "visibility Agents",
                    bounded(message.get("visibility"), 60),
                    evidence=(*exchange.seqs, item.seq),
                )


def _asides(scenario: Scenario) -> dict[str, Exchange]:
    """The texts that agents sent to agents only, with their requests."""
    found = {}
    for exchange in exchanges(scenario):
        if says(exchange, *ASIDE):
            for name in ("text", "noticeText"):
                if isinstance(sent(exchange).get(name), str) and sent(exchange)[name]:
                    found[str(sent(exchange)[name])] = exchange
    return found


def _customer(scenario: Scenario) -> Iterator[Outcome]:
    """What the customer reads has nothing of what is hidden."""
    texts = set(_asides(scenario))
    names: set[str] = set()
    for item in delivered(scenario.events):
        for message in entries(item.data):
            if _hidden(message):
                texts |= {str(message[name]) for name in ("text", "noticeText") if message.get(name)}
    for exchange in exchanges(scenario):
        if exchange.request.actor != "customer":
            continue
        names = _hidden_names(scenario, exchange.request.seq)
        shown = entries(exchange.body)
        if not shown and not list(resources_in(exchange.body, "chat")):
            continue
        leaked = [item for item in shown if str(item.get("text")) in texts or _hidden(item)]
        seen = [_name(person) for person in _people(exchange.body)]
        known = sorted(name for name in names if name in seen)
        what = f"the message {bounded(leaked[0].get('text') or leaked[0].get('type'), 120)!r}" if leaked else ""
        if known and not leaked:
            what = f"the presence of {bounded(known[0], 80)!r}"
        yield Outcome(
            not what,
            "nothing hidden is shown" if not what else f"the customer reads {what}, which is for agents only",
            "messages and participants with the visibility All",
            bounded(leaked[0] if leaked else ", ".join(seen), 200),
            evidence=exchange.seqs,
        )


def _hidden_names(scenario: Scenario, before: int) -> set[str]:
    """The names of participants that were, whenever they were shown before a moment, hidden from the customer."""
    hidden: set[str] = set()
    open_: set[str] = set()
    for item in delivered(scenario.events):
        if item.seq > before:
            break
        for person in _people(item.data):
            (hidden if _hidden(person) else open_).add(_name(person))
    return hidden - open_ - {""}


def _hidden(one: Mapping[str, Any]) -> bool:
    """Whether a message or participant is not for everybody."""
    visibility = one.get("visibility")
    return isinstance(visibility, str) and visibility in HIDDEN


def _people(data: Any) -> Iterator[Mapping[str, Any]]:
    """The participants that a notification or reply shows: of chats, and as senders."""
    for chat in resources_in(data, "chat"):
        listed = chat.get("participants")
        yield from (item for item in listed if isinstance(item, Mapping)) if isinstance(listed, list) else ()
    for message in entries(data):
        if isinstance(message.get("from"), Mapping):
            yield message["from"]


def _name(person: Mapping[str, Any]) -> str:
    return str(person.get("nickname") or "")


def _agents(scenario: Scenario) -> Iterator[Outcome]:
    """An agent is told nothing that is for supervisors."""
    supervisor = scenario.cast.get("supervisor")
    told = 0
    for item in delivered(scenario.events):
        if item.actor == supervisor:
            continue
        secret = [one for one in [*entries(item.data), *_people(item.data)] if one.get("visibility") == "Supervisors"]
        told += bool(entries(item.data))
        if secret:
            yield Outcome(
                False,
                f"{item.actor} was told of {bounded(_what(secret[0]), 120)}, which is for supervisors only",
                "visibility All or Agents",
                "visibility Supervisors",
                evidence=(item.seq,),
            )
    if told:
        yield Outcome(True, "agents were told nothing that is for supervisors")


def _what(one: Mapping[str, Any]) -> str:
    sender = one.get("from")
    by = f" of {_name(sender)!r}" if isinstance(sender, Mapping) else ""
    return f"{one.get('type', 'participant')}{by}" if "index" in one else f"the participant {_name(one)!r}"


def _consulting(scenario: Scenario) -> Iterator[Outcome]:
    """The agent who joins after a Consult is shown to agents only, until the consultation becomes something else."""
    consult: Exchange | None = None
    by_response = {item.response.seq: item for item in exchanges(scenario) if item.response is not None}
    by_event = {item.seq: item for item in delivered(scenario.events)}
    for seq in sorted(by_response.keys() | by_event.keys()):
        exchange, item = by_response.get(seq), by_event.get(seq)
        if exchange is not None and "/me/chats/" in path_of(exchange):
            if says(exchange, "Consult"):
                consult = exchange
            elif says(exchange, "Invite", "Transfer", "CancelConsult"):
                consult = None
        if item is None or consult is None or item.actor != consult.request.actor:
            continue
        for message in entries(item.data):
            person = message.get("from")
            if message.get("type") != "ParticipantJoined" or not isinstance(person, Mapping):
                continue
            if person.get("type") == "Agent" and person.get("visibility") is not None:
                yield _shown_as("the consulting agent", person, "Agents", item, consult)


def _shown_as(who: str, person: Mapping[str, Any], wanted: str, item: Delivered, cause: Exchange) -> Outcome:
    ok = person.get("visibility") == wanted or (wanted == "Agents" and person.get("visibility") == "Supervisors")
    return Outcome(
        ok,
        f"{who} is shown as {wanted}" if ok else f"{who} is shown with visibility {_shown(person)}",
        f"visibility {wanted} after {sent(cause).get('operationName')}",
        f"visibility {_shown(person)}",
        evidence=(*cause.seqs, item.seq),
    )


def _shown(person: Mapping[str, Any]) -> str:
    return bounded(person.get("visibility"), 60)


def _supervising(scenario: Scenario) -> Iterator[Outcome]:
    """A supervisor in a chat is listed with the visibility of the mode: the one that was asked for last."""
    supervisor = scenario.cast.get("supervisor")
    steps = [step for step in scenario.steps if step.case not in REFUSED]
    for number, step in enumerate(steps):
        exchange = step.main
        if exchange is None or exchange.request.actor != supervisor or not _mode(exchange):
            continue
        wanted = VISIBILITY_OF_MODE[_mode(exchange)]
        for later in steps[number + 1 :]:
            other = later.main
            if other is not None and other.request.actor == supervisor and other.request.payload.get("method") != "GET":
                break  # the supervisor does something else: the mode may change
            for item in later.delivered:
                people = list(_people(item.data))
                if item.actor != supervisor or not people or item.message_type != "ChatStateChangeMessage":
                    continue
                if not any(chat.get("state") == "Chatting" for chat in resources_in(item.data, "chat")):
                    continue
                ok = any(person.get("visibility") == wanted for person in people)
                yield Outcome(
                    ok,
                    f"the supervisor is shown as {wanted}"
                    if ok
                    else f"in the mode {_mode(exchange)} nobody in the chat has the visibility {wanted}",
                    f"a participant with visibility {wanted}",
                    bounded(", ".join(_shown(person) for person in people), 200),
                    evidence=(*exchange.seqs, item.seq),
                )


def _mode(exchange: Exchange) -> str:
    """The mode that an accepted request of a supervisor asks for, empty where it asks for none."""
    name = str(sent(exchange).get("operationName", ""))
    if not says(exchange, name):
        return ""
    if name == "Intrude":
        asked = str(sent(exchange).get("supervisorVisibilityMode", ""))
        return asked if asked in VISIBILITY_OF_MODE else ""
    plain = name.removeprefix("SwitchTo")
    return plain if plain in VISIBILITY_OF_MODE else ""
