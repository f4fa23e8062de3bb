"""Checks of chats over a whole scenario: windows of the transcript, documents that come back as they were sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, performed, sent, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Exchange, Scenario

REFUSED = frozenset({"refusal", "withheld"})


def _messages(exchange: Exchange) -> list[Mapping[str, Any]]:
    messages = exchange.body.get("messages") if isinstance(exchange.body, Mapping) else None
    return [item for item in messages or () if isinstance(item, Mapping)]


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None


@check("transcript.window", "scenario", scope="scenario")
def transcript_window(scenario: Scenario) -> Iterator[Outcome]:
    """`startIndex` and `count` choose a part of the transcript: from the message with that index (or at that place,
    counted from 0) on, and at most so many messages."""
    whole: dict[str, list[Mapping[str, Any]]] = {}
    windows: list[tuple[str, Exchange]] = []
    for _, exchange in performed(scenario, "chat.GetMessages"):
        if not accepted(exchange):
            continue
        path = str(exchange.request.payload.get("path", "")).partition("?")[0]
        if {"startIndex", "count"} & exchange.query.keys():
            windows.append((path, exchange))
        else:
            whole[path] = _messages(exchange)
    for path, exchange in windows:
        every = whole.get(path)
        if every is None:
            continue
        start, count = _number(exchange.query.get("startIndex")), _number(exchange.query.get("count"))
        by_index = [item for item in every if start is None or _index(item) >= start][:count]
        by_place = every[start or 0 :][:count]
        seen = [_index(item) for item in _messages(exchange)]
        choices = [[_index(item) for item in part] for part in (by_index, by_place)]
        ok = seen in choices
        yield Outcome(
            ok,
            "the window that was asked for" if ok else "the window holds other messages than those asked for",
            " or ".join(dict.fromkeys(str(choice)[:120] for choice in choices)),
            bounded(seen, 200),
            evidence=exchange.seqs,
        )


def _index(message: Mapping[str, Any]) -> int:
    index = message.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else -1


@check("attachment.same", "scenario", scope="scenario")
def attachment_same(scenario: Scenario) -> Iterator[Outcome]:
    """A document that was attached to a chat downloads as it was uploaded, byte for byte."""
    uploaded: list[str] = []
    for step, exchange in performed(scenario, "chat.AddNewDocument", "chat.GetAttachment"):
        if step.operation == "chat.AddNewDocument":
            if accepted(exchange):
                uploaded.append(str(exchange.request.payload.get("text") or ""))
            continue
        if not uploaded or not 200 <= exchange.status < 300:
            continue
        text = exchange.text
        ok = any(text and f"\r\n\r\n{text}\r\n--" in form for form in uploaded)
        yield Outcome(
            ok,
            "downloaded as uploaded" if ok else "the download is not what was uploaded",
            bounded(uploaded[-1][-200:], 200),
            bounded(text, 200),
            evidence=exchange.seqs,
        )


@check("attachment.listed", "scenario", scope="scenario")
def attachment_listed(scenario: Scenario) -> Iterator[Outcome]:
    """A document that was taken off a chat is no longer among the chat's attachments."""
    removed: dict[str, Exchange] = {}
    for step in scenario.steps:
        exchange = step.main
        if step.operation == "chat.RemoveAttachment" and step.case not in REFUSED and exchange and accepted(exchange):
            removed[str(sent(exchange).get("documentId"))] = exchange
        for seq, actor, notification, chat in told(step, "chat"):
            if notification != "AttachmentRemoved" or not removed:
                continue
            attachments = chat.get("attachments")
            left = [
                item.get("id")
                for item in (attachments if isinstance(attachments, list) else ())
                if isinstance(item, Mapping) and item.get("id") in removed
            ]
            yield Outcome(
                not left,
                "the document is off the chat" if not left else f"{actor}'s chat still lists the removed document",
                "not among the attachments",
                bounded(left, 120),
                evidence=(seq,),
            )
