"""Checks of requests that must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.contract.model import Negative, Refusal
from conformance.judge.context import StepContext
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Delivered, Exchange


def _negative(context: StepContext) -> Negative | None:
    return context.contract.negatives.get(str(context.step.info.get("negative")))


def _follows(refusal: Refusal, exchange: Exchange) -> bool:
    if exchange.status not in refusal.http:
        return False
    if refusal.message and refusal.message.lower() not in _body_text(exchange).lower():
        return False
    return refusal.status_codes is None or exchange.status_code in refusal.status_codes


def _body_text(exchange: Exchange) -> str:
    if isinstance(exchange.body, Mapping):
        return " ".join(str(value) for value in exchange.body.values())
    return str(exchange.body or "") + exchange.text


def _level(context: StepContext, negative: Negative) -> str:
    return "should" if context.step.info.get("inferred") else negative.level


@check("refusal.status", "refusal")
def refusal_status(context: StepContext) -> Iterator[Outcome]:
    """A request that must be refused is refused, with an HTTP status that some documented reading allows."""
    negative, exchange = _negative(context), context.exchange
    if negative is None or exchange is None:
        return
    wanted = sorted({status for item in negative.expects for status in item.http})
    expected = f"refused with HTTP {' or '.join(map(str, wanted))}"
    if exchange.response is None:
        yield Outcome(
            False,
            f"{negative.title}: no HTTP reply came",
            expected,
            "nothing",
            level="should" if _level(context, negative) == "should" else "must",
            evidence=exchange.seqs,
            rule=negative.rule,
            source=negative.source,
        )
        return
    tolerated = any(item.status_codes == (0,) and _follows(item, exchange) for item in negative.expects)
    swallowed = 200 <= exchange.status < 300 and exchange.status_code in (0, 7, "0", None) and not tolerated
    ok = exchange.status in wanted and not swallowed
    what = "was accepted" if swallowed else f"was answered with HTTP {exchange.status}"
    yield Outcome(
        ok,
        f"{negative.title}: refused" if ok else f"{negative.title}: the request {what}",
        expected,
        f"HTTP {exchange.status}, statusCode {bounded(exchange.status_code, 40)}",
        level="should" if _level(context, negative) == "should" else "must",
        evidence=exchange.seqs,
        rule=negative.rule,
        source=negative.source,
    )


@check("refusal.statusCode", "refusal")
def refusal_status_code(context: StepContext) -> Iterator[Outcome]:
    """The refusal's `statusCode` and message are those documented for its cause; the reading followed is recorded."""
    negative, exchange = _negative(context), context.exchange
    if negative is None or exchange is None or exchange.response is None:
        return
    if exchange.status not in {status for item in negative.expects for status in item.http}:
        return
    # A reading that says the statusCode is followed rather than one that leaves it open.
    exact = sorted(negative.expects, key=lambda item: item.status_codes is None)
    followed = next((item for item in exact if _follows(item, exchange)), None)
    codes = sorted({code for item in negative.expects for code in item.status_codes or ()})
    texts = sorted({item.message for item in negative.expects if item.message})
    expected = f"statusCode {' or '.join(map(str, codes)) or 'free'}" + (f", saying {texts[0]!r}" if texts else "")
    yield Outcome(
        followed is not None,
        f"{negative.title}: answered as documented"
        if followed
        else f"{negative.title}: HTTP {exchange.status} with statusCode {bounded(exchange.status_code, 40)}",
        expected,
        bounded(_body_text(exchange), 200),
        level="should" if _level(context, negative) == "should" else "must",
        evidence=exchange.seqs,
        rule=negative.rule,
        source=negative.source,
        reading=followed.reading if followed else None,
    )


@check("refusal.internals", "refusal", "withheld")
def refusal_internals(context: StepContext) -> Iterator[Outcome]:
    """A refusal tells nothing of the server's inside: no stack trace, no class names with line numbers."""
    exchange = context.exchange
    if exchange is None or exchange.response is None:
        return
    text = _body_text(exchange)
    marks = ("Traceback (most recent call last)", "\tat java.", "\tat com.", "\tat org.", ".java:", 'File "/')
    found = next((mark for mark in marks if mark in text), None)
    yield Outcome(
        found is None,
        "no internals in the error" if found is None else "the error shows a stack trace",
        "a message for the client",
        bounded(text, 200) if found else "",
        level="should",
        evidence=exchange.seqs,
    )


@check("refusal.unchanged", "refusal", "withheld")
def refusal_unchanged(context: StepContext) -> Iterator[Outcome]:
    """A refused request changes nothing: no notification of a new state follows it, and the resource reads the same."""
    exchange = context.exchange
    if exchange is None or (context.accepted and not any(_is_error(item) for item in context.step.delivered)):
        return
    changes = [
        item
        for item in context.step.delivered
        if isinstance(item.data, Mapping)
        and not _is_error(item)
        and not context.contract.schemas.documents.get(f"gws:messages/{item.message_type}.json", {}).get("x-ambient")
    ]
    for item in changes[:3]:
        kind = item.data.get("notificationType", "")
        yield Outcome(
            False,
            f"after the refusal {item.actor} was told of a change: {item.message_type} {bounded(kind, 60)}",
            "no notification",
            f"{item.message_type} on {bounded(item.channel, 80)}",
            evidence=(*exchange.seqs, item.seq),
        )
    before, after = context.step.info.get("before"), _after(context)
    if isinstance(before, Mapping) and after is not None:
        different = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        yield Outcome(
            not different,
            "the resource is unchanged" if not different else f"the refused request changed {', '.join(different)}",
            bounded({key: before.get(key) for key in different}, 200),
            bounded({key: after.get(key) for key in different}, 200),
            evidence=exchange.seqs,
        )
    elif not changes:
        yield Outcome(True, "no change was notified", evidence=exchange.seqs)


def _is_error(item: Delivered) -> bool:
    """Whether a notification says that an operation failed."""
    return item.message_type == "ErrorMessage" or (
        isinstance(item.data, Mapping) and item.data.get("notificationType") == "Error"
    )


def _after(context: StepContext) -> Mapping[str, object] | None:
    for event in context.step.events:
        if event.kind == "step.end":
            after = event.payload.get("info", {}).get("after")
            return after if isinstance(after, Mapping) else None
    return None
