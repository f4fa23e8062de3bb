"""Checks of what customers are shown of their chats, and of agents as others see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.matching import resources_in
from conformance.judge.checks.story import accepted, performed, sent, told
from conformance.judge.checks.transcript import REFUSED, entries, exchanges, path_of, served
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Scenario


@check("customer.told", "scenario", scope="scenario")
def customer_told(scenario: Scenario) -> Iterator[Outcome]:
    """A customer who asks for the chat is told the state Chatting once an agent is in it; and who asks for messages
    without an index is told those that were not told before."""
    read: dict[str, int] = {}
    for exchange in exchanges(scenario):
        parts = path_of(exchange).strip("/").split("/")
        method = exchange.request.payload.get("method")
        if exchange.request.actor != "customer" or method != "GET" or parts[:1] != ["chats"] or not accepted(exchange):
            continue
        if parts[2:] == ["messages"]:
            indexes = [item["index"] for item in entries(exchange.body) if isinstance(item.get("index"), int)]
            last = read.get(parts[1], -1)
            if "index" not in exchange.query and last >= 0:
                again = [index for index in indexes if index <= last]
                yield Outcome(
                    not again,
                    "new messages only" if not again else "GetMessages without index told the customer messages again",
                    f"messages after index {last}",
                    bounded(f"indexes {indexes}", 120),
                    evidence=exchange.seqs,
                )
            read[parts[1]] = max([last, *indexes])
        elif len(parts) == 2 and served(scenario, exchange.request):
            states = [chat.get("state") for chat in resources_in(exchange.body, "chat")]
            ok = states == ["Chatting"]
            yield Outcome(
                ok,
                "the customer's chat is Chatting" if ok else "an agent is in the chat, and GetChat shows another state",
                "state Chatting",
                bounded(states, 80),
                evidence=exchange.seqs,
            )


@check("participants.nickname", "scenario", scope="scenario")
def participants_nickname(scenario: Scenario) -> Iterator[Outcome]:
    """An agent who accepts a chat under a nickname appears under it among the chat's participants."""
    for step, exchange in performed(scenario, "chat.Accept"):
        nickname = sent(exchange).get("nickname")
        if step.case in REFUSED or not accepted(exchange) or not isinstance(nickname, str) or not nickname:
            continue
        shown = [
            (seq, [person.get("nickname") for person in _people(chat)])
            for seq, _, _, chat in told(step, "chat", step.performer)
            if chat.get("state") == "Chatting" and _people(chat)
        ]
        if not shown:
            continue
        seq, names = shown[-1]
        ok = nickname in names
        yield Outcome(
            ok,
            "shown under the nickname"
            if ok
            else f"after Accept no participant has the nickname that {step.performer} asked for",
            f"nickname {bounded(nickname, 80)}",
            bounded(names, 160),
            evidence=(*exchange.seqs, seq),
        )


def _people(chat: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = chat.get("participants")
    return [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []


@check("availability.fits", "scenario", scope="scenario")
def availability_fits(scenario: Scenario) -> Iterator[Outcome]:
    """A contact is not available on a channel on which its user is not ready, and who asks for those who are available
    is not told of it."""
    for _, exchange in performed(scenario, "contacts.List"):
        found = exchange.body.get("contacts") if isinstance(exchange.body, Mapping) else None
        wanted = exchange.query.get("availability.channels.voice")
        for contact in found if accepted(exchange) and isinstance(found, list) else ():
            for channel in _channels(contact):
                state = channel.get("userState")
                ready = isinstance(state, Mapping) and state.get("state") == "Ready"
                if channel.get("channel") != "voice" or not isinstance(state, Mapping):
                    continue
                available = channel.get("available") is True or wanted == "true"
                ok = ready or not available
                yield Outcome(
                    ok,
                    "availability fits the state" if ok else "a contact who is not ready is shown as available",
                    "available: false",
                    bounded(f"available {channel.get('available')}, state {state.get('state')}", 120),
                    level="should",
                    evidence=exchange.seqs,
                )


@check("availability.absent", "scenario", scope="scenario")
def availability_absent(scenario: Scenario) -> Iterator[Outcome]:
    """Somebody whose session has ended, so that he is logged in nowhere, is listed without `availability`."""
    for step, exchange in performed(scenario, "contacts.List"):
        away = step.info.get("away")
        found = exchange.body.get("contacts") if isinstance(exchange.body, Mapping) else None
        if not isinstance(away, list) or not accepted(exchange) or not isinstance(found, list):
            continue
        for contact in found:
            if not isinstance(contact, Mapping) or contact.get("userName") not in away:
                continue
            ok = "availability" not in contact
            yield Outcome(
                ok,
                "no availability of somebody who is not logged in"
                if ok
                else f"{bounded(contact.get('userName'), 60)} is not logged in and has availability",
                "no availability",
                bounded(contact.get("availability", "absent"), 200),
                evidence=exchange.seqs,
            )


def _channels(contact: Any) -> list[Mapping[str, Any]]:
    availability = contact.get("availability") if isinstance(contact, Mapping) else None
    channels = availability.get("channels") if isinstance(availability, Mapping) else None
    return [item for item in channels if isinstance(item, Mapping)] if isinstance(channels, list) else []
