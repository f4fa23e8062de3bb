"""Checks of the reply to an operation that should succeed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conformance.judge.context import JUDGED, StepContext
from conformance.judge.findings import Outcome, bounded, check


def _codes(context: StepContext) -> str:
    return " or ".join(str(code) for code in context.status_codes)


@check("http.status", *JUDGED)
def http_status(context: StepContext) -> Iterator[Outcome]:
    """The HTTP status is the documented one, or that of a refusal which some documented reading allows."""
    exchange = context.exchange
    if exchange is None or context.operation is None:
        return
    wanted = sorted({item.http for item in context.responses})
    expected = " or ".join(map(str, wanted))
    if exchange.response is None:
        reason = exchange.error.payload.get("error") if exchange.error else "nothing"
        yield Outcome(False, "no HTTP reply came", expected, bounded(reason), evidence=exchange.seqs)
        return
    by = context.refused_by
    ok = exchange.status in wanted or by is not None
    yield Outcome(
        ok,
        "HTTP status as documented" if ok else f"HTTP status {exchange.status} where {expected} is documented",
        expected,
        str(exchange.status),
        evidence=exchange.seqs,
        reading=by,
    )


@check("response.body", *JUDGED)
def response_body(context: StepContext) -> Iterator[Outcome]:
    """The body is one JSON object sent as JSON, except where a documented reading has an empty body."""
    exchange = context.exchange
    if exchange is None or exchange.response is None:
        return
    if context.response is not None and context.response.empty:
        yield Outcome(True, "empty body", evidence=exchange.seqs, reading=context.response.reading)
        return
    if context.response is not None and context.response.raw:
        yield Outcome(
            bool(exchange.text or exchange.body), "a document", "a document", "nothing", evidence=exchange.seqs
        )
        return
    content_type = exchange.header("content-type") or ""
    if not exchange.is_json or not isinstance(exchange.body, Mapping):
        seen = bounded(exchange.text or exchange.body, 160)
        yield Outcome(False, "the body is not a JSON object", "a JSON object", seen, evidence=exchange.seqs)
    else:
        ok = "json" in content_type.lower()
        yield Outcome(
            ok,
            "JSON object" if ok else f"the body is JSON but Content-Type says {bounded(content_type, 80)!r}",
            "application/json",
            bounded(content_type, 80),
            evidence=exchange.seqs,
        )


@check("response.statusCode", *JUDGED)
def response_status_code(context: StepContext) -> Iterator[Outcome]:
    """`statusCode` is present in every reply, is a number (or the type a documented reading allows), and has the
    documented value."""
    exchange = context.exchange
    if exchange is None or not isinstance(exchange.body, Mapping):
        return
    seen = exchange.body.get("statusCode")
    reading = context.response.reading if context.response else context.refused_by
    if context.response is None and reading is not None:
        yield Outcome(True, "refused, as a documented reading has it", evidence=exchange.seqs, reading=reading)
    elif context.response is not None:
        yield Outcome(True, "statusCode as documented", evidence=exchange.seqs, reading=reading)
    elif "statusCode" not in exchange.body:
        yield Outcome(False, "the reply has no statusCode", _codes(context), "absent", evidence=exchange.seqs)
    elif isinstance(seen, bool) or not isinstance(seen, int):
        yield Outcome(False, "statusCode is not a number", _codes(context), bounded(seen, 80), evidence=exchange.seqs)
    elif seen not in context.status_codes:
        message = bounded(exchange.body.get("statusMessage", "no statusMessage"), 200)
        yield Outcome(
            False,
            f"statusCode {seen} where {_codes(context)} is documented: {message}",
            _codes(context),
            f"{seen} ({message})",
            evidence=exchange.seqs,
        )
    else:
        yield Outcome(True, "statusCode as documented", evidence=exchange.seqs)


@check("response.statusMessage", *JUDGED, "refusal", "withheld")
def response_status_message(context: StepContext) -> Iterator[Outcome]:
    """`statusMessage` is there exactly when `statusCode` is not 0 (7 describes itself by its lists), as text."""
    exchange = context.exchange
    if exchange is None or not isinstance(exchange.body, Mapping):
        return
    code, message = exchange.status_code, exchange.body.get("statusMessage")
    if code in (0, "0"):
        ok = "statusMessage" not in exchange.body
        yield Outcome(
            ok,
            "no statusMessage beside 0" if ok else "a statusMessage beside statusCode 0",
            "absent",
            bounded(message, 120) if not ok else "absent",
            evidence=exchange.seqs,
        )
    elif isinstance(code, int) and code != 7:
        ok = isinstance(message, str) and bool(message)
        yield Outcome(
            ok,
            "statusMessage explains the error" if ok else f"statusCode {code} without a statusMessage",
            "a text",
            bounded(message, 120),
            evidence=exchange.seqs,
        )


@check("response.member", *JUDGED)
def response_member(context: StepContext) -> Iterator[Outcome]:
    """The documented members are there: a resource under its singular name, a collection under its plural name,
    `uris` where no fields were asked for, `id`, `uri` and `path` of a created resource as its page says."""
    exchange = context.exchange
    if exchange is None or not isinstance(exchange.body, Mapping) or not context.accepted:
        return
    candidates = [item for item in context.responses if item.http == exchange.status and not item.empty]
    named = {member.name for item in candidates for member in item.members}
    if not named:
        return
    missing = [
        [member.name for member in item.members if member.required and member.name not in exchange.body]
        for item in candidates
    ]
    best = min(missing, key=len)
    seen = ", ".join(sorted(map(str, exchange.body)))
    expected = ", ".join(sorted({m.name for item in candidates for m in item.members if m.required}))
    yield Outcome(
        not best,
        "documented members present" if not best else f"the reply lacks {', '.join(best)}",
        expected,
        bounded(seen, 200),
        evidence=exchange.seqs,
    )


@check("response.schema", *JUDGED)
def response_schema(context: StepContext) -> Iterator[Outcome]:
    """Every known member of the reply has the documented type, values and required members."""
    exchange, operation = context.exchange, context.operation
    if exchange is None or operation is None or not isinstance(exchange.body, Mapping) or not context.accepted:
        return
    candidates = [item for item in context.responses if item.http == exchange.status and not item.empty]
    if not candidates or any(item.raw for item in candidates):
        return
    results = [context.contract.schemas.validate_response(operation, item, exchange.body) for item in candidates]
    # The reply that was meant is the one of which most is there: its violations say what is wrong.
    there = [sum(member.name in exchange.body for member in item.members) for item in candidates]
    best = min(zip(results, there, strict=True), key=lambda one: (bool(one[0]), -one[1], len(one[0])))[0]
    if not best:
        yield Outcome(True, "reply fits its schema", evidence=exchange.seqs)
    for violation in best[:10]:
        yield Outcome(
            False,
            f"{violation.pointer or '/'}: {bounded(violation.message, 300)}",
            f"schema of {operation.id}'s reply ({violation.keyword})",
            bounded(violation.message, 200),
            evidence=exchange.seqs,
        )


@check("response.error-only", "refusal", "withheld")
def response_error_only(context: StepContext) -> Iterator[Outcome]:
    """An error reply carries `statusCode` and `statusMessage` and no other attribute."""
    exchange = context.exchange
    if exchange is None or not isinstance(exchange.body, Mapping):
        return
    code = exchange.status_code
    if code in (0, 7, None):
        return
    extra = sorted(str(key) for key in exchange.body if key not in {"statusCode", "statusMessage"})
    yield Outcome(
        not extra,
        "nothing beside the error" if not extra else f"the error carries {', '.join(extra)[:200]} as well",
        "statusCode, statusMessage",
        bounded(", ".join(sorted(map(str, exchange.body))), 200),
        evidence=exchange.seqs,
    )
