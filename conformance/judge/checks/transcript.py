"""Checks of a chat's transcript: what its participants were told, what they sent, and what a GET returns of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.contract.matching import resources_in
from conformance.judge.checks.story import accepted, sent
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Exchange, Scenario, delivered

REFUSED = frozenset({"refusal", "withheld"})
LASTING = frozenset({"Text", "ParticipantJoined"})
"""What a transcript keeps in every reading: typing and other notices may pass."""


@dataclass
class Reader:
    """What one actor was told of one chat since it joined: message by index, with the place in the timeline."""

    told: dict[int, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    last: int = 0


def entries(data: Any) -> list[Mapping[str, Any]]:
    """The messages of a MessageLogUpdated or of a reply to a read of messages."""
    messages = data.get("messages") if isinstance(data, Mapping) else None
    return [item for item in messages if isinstance(item, Mapping)] if isinstance(messages, list) else []


def chat_of(data: Mapping[str, Any]) -> str:
    """The id of the chat that a MessageLogUpdated is about."""
    return str(data.get("chatUri") or data.get("chatPath") or "").rstrip("/").rsplit("/", 1)[-1]


def exchanges(scenario: Scenario) -> Iterator[Exchange]:
    """Every answered exchange of the scenario's steps, in order; without those of steps that are to be refused, where
    a reply that accepts may be taken back by an error over CometD."""
    for step in scenario.steps:
        if step.case not in REFUSED:
            yield from (item for item in step.exchanges if item.response is not None)


def path_of(exchange: Exchange) -> str:
    """The request's path without its query."""
    return str(exchange.request.payload.get("path", "")).partition("?")[0].rstrip("/")


def says(exchange: Exchange, *names: str) -> bool:
    """Whether the request is an accepted operation of one of these names."""
    return sent(exchange).get("operationName") in names and accepted(exchange)


@check("transcript.complete", "scenario", scope="scenario")
def transcript_complete(scenario: Scenario) -> Iterator[Outcome]:
    """Whoever is in a chat is told its messages once each, with rising indexes, those that were sent among them; and
    the transcript that a GET returns has the same messages."""
    if scenario.area != "chat":
        return
    readers: dict[tuple[str, str], Reader] = {}
    yield from _tell(scenario, readers)
    yield from _heard(scenario)
    yield from _read(scenario, readers)


def _tell(scenario: Scenario, readers: dict[tuple[str, str], Reader]) -> Iterator[Outcome]:
    """Goes through what the actors were told, and says of each list of messages whether its indexes rise."""
    for item in delivered(scenario.events):
        if not isinstance(item.data, Mapping):
            continue
        if item.data.get("notificationType") == "StatusChange":
            for chat in resources_in(item.data, "chat"):
                if chat.get("state") == "Chatting":  # who joins again is told the whole history again
                    readers.setdefault((item.actor, str(chat.get("id"))), Reader()).last = 0
        if item.message_type != "MessageLogUpdated":
            continue
        reader = readers.setdefault((item.actor, chat_of(item.data)), Reader())
        for message in entries(item.data):
            index = message.get("index")
            if not isinstance(index, int) or isinstance(index, bool) or index < 1:
                continue  # -1 is the index of service messages
            ok = index > reader.last
            if not ok:
                yield Outcome(
                    False,
                    f"{item.actor} was told index {index} of the chat after index {reader.last}",
                    f"an index above {reader.last}",
                    f"{index}, {bounded(message.get('type'), 60)}",
                    evidence=(item.seq,),
                )
            reader.last = max(reader.last, index)
            reader.told[index] = (item.seq, message)
        if reader.told:
            yield Outcome(True, "indexes rise", evidence=(item.seq,))


def _heard(scenario: Scenario) -> Iterator[Outcome]:
    """What was sent comes back to its sender; what a customer sends reaches an agent in the chat."""
    for exchange in exchanges(scenario):
        text = sent(exchange).get("text")
        path = path_of(exchange)
        if not isinstance(text, str) or not says(exchange, "SendMessage") or "/chats/" not in path:
            continue
        sender = str(exchange.request.actor)
        customer = not path.startswith("/me/")
        if customer and not served(scenario, exchange.request):
            continue
        if not customer and not any(item.actor == sender for item in delivered(scenario.events)):
            continue  # the sender does not listen
        found = [
            item.seq
            for item in delivered(scenario.events)
            if (customer or item.actor == sender) and any(one.get("text") == text for one in entries(item.data))
        ]
        who = "an agent" if customer else sender
        yield Outcome(
            bool(found),
            f"{who} was told the message" if found else f"no MessageLogUpdated told {who} what SendMessage sent",
            f"a Text {bounded(text, 120)!r}",
            "told" if found else "not told",
            evidence=(*exchange.seqs, *found[:1]),
        )


def served(scenario: Scenario, moment: Event) -> bool:
    """Whether some agent was in a chat at a moment, as the notifications before it say."""
    inside: set[tuple[str, str]] = set()
    for item in delivered(scenario.events):
        if item.seq > moment.seq:
            break
        for chat in resources_in(item.data, "chat"):
            key = (item.actor, str(chat.get("id")))
            if chat.get("state") == "Chatting":
                inside.add(key)
            elif "state" in chat:
                inside.discard(key)
    return bool(inside)


def _read(scenario: Scenario, readers: Mapping[tuple[str, str], Reader]) -> Iterator[Outcome]:
    """Compares each whole transcript that a GET returned with what its reader was told."""
    joined = {str(item.request.actor) for item in exchanges(scenario) if says(item, "Accept")}
    for exchange in exchanges(scenario):
        parts = path_of(exchange).strip("/").split("/")
        if exchange.request.payload.get("method") != "GET" or parts[:2] != ["me", "chats"] or parts[3:] != ["messages"]:
            continue
        if not accepted(exchange) or {"startIndex", "count"} & exchange.query.keys():
            continue
        reader = readers.get((str(exchange.request.actor), parts[2]))
        if reader is None:
            continue
        shown = {item.get("index"): item for item in entries(exchange.body)}
        before = {index: one for index, (seq, one) in reader.told.items() if seq < exchange.request.seq}
        lost = [
            index for index, one in before.items() if one.get("type") == "Text" and not _same(one, shown.get(index))
        ]
        untold = [index for index, one in shown.items() if one.get("type") in LASTING and index not in reader.told]
        if str(exchange.request.actor) not in joined:
            untold = []
        evidence = tuple(reader.told[index][0] for index in lost[:3])
        problem = f"lacks what {exchange.request.actor} was told: index {_numbers(lost)}" if lost else ""
        if untold and not lost:
            problem = f"has messages that {exchange.request.actor} was never told: index {_numbers(untold)}"
        yield Outcome(
            not problem,
            "GET messages agrees with what was told" if not problem else f"the transcript of GET messages {problem}",
            f"indexes {_numbers(sorted(before))}",
            bounded(f"indexes {_numbers(list(shown))}", 200),
            evidence=(*exchange.seqs, *evidence),
        )


def _numbers(indexes: list[Any]) -> str:
    return bounded(", ".join(str(item)[:20] for item in indexes[:12]) or "none", 200)


def _same(told: Mapping[str, Any], read: Mapping[str, Any] | None) -> bool:
    return read is not None and read.get("text") == told.get("text")
