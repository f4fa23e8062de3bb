"""Checks of the numbers that tie notifications to requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.judge.context import JUDGED, StepContext
from conformance.judge.findings import Outcome, bounded, check

AMBIGUITY = "chat.reference-id"


@check("notification.referenceId", *JUDGED)
def notification_reference(context: StepContext) -> Iterator[Outcome]:
    """Where the reply to a chat operation or the notifications that it causes to its performer carry a `referenceId`,
    it is one and the same; none at all is a documented reading too."""
    exchange, operation = context.exchange, context.operation
    if exchange is None or operation is None or operation.area != "chat" or not context.accepted:
        return
    replied = exchange.body.get("referenceId") if isinstance(exchange.body, Mapping) else None
    told = [
        (item, item.data["referenceId"])
        for item in context.step.delivered
        if item.actor == context.step.performer and isinstance(item.data, Mapping) and "referenceId" in item.data
    ]
    listed = AMBIGUITY in operation.ambiguities
    if replied is None and not told:
        if listed:
            yield Outcome(True, "no referenceId", evidence=exchange.seqs, reading=f"{AMBIGUITY}/absent")
        return
    wanted = replied if replied is not None else told[0][1]
    source = "the reply" if replied is not None else "the first notification"
    for item, number in told:
        ok = str(number) == str(wanted)
        kind = item.data.get("notificationType", "")
        yield Outcome(
            ok,
            "the same referenceId"
            if ok
            else f"{operation.name}: {item.message_type} {bounded(kind, 60)} has another referenceId than {source}",
            bounded(wanted, 80),
            bounded(number, 80),
            evidence=(*exchange.seqs, item.seq),
            reading=f"{AMBIGUITY}/server-number" if ok else None,
        )
    if not told:
        yield Outcome(True, "a referenceId", evidence=exchange.seqs, reading=f"{AMBIGUITY}/server-number")
