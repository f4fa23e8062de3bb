"""The checks of the fuzzer: what holds for every reply, whatever was asked.

Each docstring is the check's specification, with the page that it rests on (Web Services API Reference 8.6). None
claims more than the pages do: where an ambiguity of the contract lets a deployment choose, the choice is accepted and
recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from conformance.contract import Source
from conformance.contract.model import Negative
from conformance.fuzz.flaws import Flaw
from conformance.fuzz.leaks import leaks_in
from conformance.fuzz.observing import Complaint, Followed, Observation, Saying, fuzz_check
from conformance.judge.findings import bounded

CODES = Source("Return Values", (2290, 2319))
MESSAGE = Source("Return Values", (2292, 2321))
BASICS = Source("Some basics", (507, 509))
ERRORS = Source("Error handling", (1316, 1335))
NEGATIVES = Source("Return Values", (2297, 2321))
REPLIES = Source("Return Values", (2325, 2428))

LAST_CODE = 20
PARTIAL = 7
# Refusals that a documented reading answers in plain text, or without a body: the HTTP status and the reading.
PLAIN: Mapping[int, str] = {
    400: "basics.unreadable-body/plain-400",
    405: "basics.method-not-allowed/plain",
    413: "basics.url-limit/refused",
    414: "basics.url-limit/refused",
    415: "basics.content-type/refused",
    431: "basics.url-limit/refused",
}


def _complaint(
    check: str, cause: str, message: str, expected: str, seen: object, source: Source, **more: object
) -> Complaint:
    return Complaint(check, cause, message, expected, bounded(seen, 300), source, **more)  # type: ignore[arg-type]


@fuzz_check("fuzz.answer", Source("Return Values", (2288, 2292)))
def answer(seen: Observation) -> Iterator[Saying]:
    """Every request is answered: all methods return a result besides the HTTP status ("Return Values", lines
    2288-2292). A connection that ends without a reply, or a reply that does not end, is none."""
    if seen.reply.error:
        kind = seen.reply.error.partition(":")[0]
        yield _complaint("fuzz.answer", kind, "no reply came", "an HTTP reply", seen.reply.error, CODES)


@fuzz_check("fuzz.status-code", CODES)
def status_code(seen: Observation) -> Iterator[Saying]:
    """Each JSON reply has `statusCode`, it is an integer, and one of the codes 0 to 20 of the table ("Return Values",
    lines 2290-2319). Where a page prints a reply without it, or the number as text, that reply is accepted."""
    if seen.body is None:
        return
    check, expected = "fuzz.status-code", "an integer from 0 to 20"
    printed = [item for item in seen.responses if item.http == seen.reply.status]
    if "statusCode" not in seen.body:
        if not any(item.status_code is None and not item.empty and not item.raw for item in printed):
            names = ", ".join(sorted(map(str, seen.body)))
            yield _complaint(
                check, "absent", "the reply has no statusCode", expected, names or "an empty object", CODES
            )
    elif isinstance(seen.code, str) and any(item.status_code == seen.code for item in printed):
        yield from (Followed(item.reading) for item in printed if item.status_code == seen.code and item.reading)
    elif isinstance(seen.code, bool) or not isinstance(seen.code, int):
        kind = type(seen.code).__name__
        yield _complaint(check, f"a {kind}", "statusCode is no integer", expected, repr(seen.code), CODES)
    elif not 0 <= seen.code <= LAST_CODE:
        yield _complaint(check, f"unknown {seen.code}", "statusCode is in no table", expected, seen.code, CODES)


@fuzz_check("fuzz.envelope", MESSAGE)
def envelope(seen: Observation) -> Iterator[Saying]:
    """A reply has `statusMessage`, a text, exactly when `statusCode` is not 0, and an error has no other attribute
    ("Return Values", lines 2292-2297 and 2321). Partial success (7) describes itself by its lists and is left out."""
    if seen.body is None or isinstance(seen.code, bool) or seen.code is None:
        return
    message, check = seen.body.get("statusMessage"), "fuzz.envelope"
    if seen.code in (0, "0"):
        if "statusMessage" in seen.body:
            text = "a statusMessage beside statusCode 0"
            yield _complaint(check, "message beside 0", text, "no statusMessage", message, MESSAGE)
        return
    if not isinstance(seen.code, int) or seen.code == PARTIAL:
        return
    if not isinstance(message, str) or not message:
        text = f"statusCode {seen.code} without a statusMessage"
        yield _complaint(check, "no message", text, "a text", "absent" if message is None else repr(message), MESSAGE)
    extra = sorted(str(name) for name in seen.body if name not in {"statusCode", "statusMessage"})
    if extra:
        text = f"the error carries {bounded(', '.join(extra), 160)} as well"
        yield _complaint(
            check, f"beside the error: {bounded(', '.join(extra), 80)}", text, "nothing else", extra, MESSAGE
        )


@fuzz_check("fuzz.server-error", ERRORS)
def server_error(seen: Observation) -> Iterator[Saying]:
    """Bad input is the client's error and never makes the server fail: no HTTP status 5xx for it. The codes 1, 2, 6, 10
    and 11 are there for bad input, 4 for an internal error ("Return Values", lines 2297-2309). 503 with 4 is documented
    for a lost back end ("Error handling", lines 1318-1326) and accepted. For input that fits the documents a 5xx is
    a `should`."""
    if seen.reply.error or seen.reply.status < 500 or (seen.reply.status == 503 and seen.code == 4):
        return
    what = seen.flaws[0].label if seen.flaws else "a request that fits the documents"
    kind = "bad input" if seen.flaws else "sound input"
    code = "no statusCode" if seen.code is None else f"statusCode {bounded(seen.code, 20)}"
    yield _complaint(
        "fuzz.server-error",
        f"HTTP {seen.reply.status}, {code}, {kind}",
        f"HTTP {seen.reply.status} for {what}",
        "a refusal with an HTTP status below 500" if seen.flaws else "a reply with an HTTP status below 500",
        _shown(seen),
        ERRORS,
        level="must" if seen.flaws else "should",
    )


@fuzz_check("fuzz.internals", MESSAGE)
def internals(seen: Observation) -> Iterator[Saying]:
    """An error tells nothing of the server's inside: no stack trace, class of an exception, database message, path of
    a file, or name and version of the software. `statusMessage` is there to clarify the error to the client ("Return
    Values", lines 2292 and 2321); what a deployment must keep to itself no page says: a `should`."""
    if seen.reply.error or (200 <= seen.reply.status < 300 and seen.code in (0, 7, None)):
        return
    found = leaks_in(_shown(seen, 20_000), seen.told())
    # Classes and files are a part of a stack trace.
    for mark, excerpt in [item for item in found if item[0].endswith(("trace", "traceback"))][:1] or found:
        text = f"the error shows a {mark}"
        yield _complaint("fuzz.internals", mark, text, "a message for the client", excerpt, MESSAGE, level="should")


@fuzz_check("fuzz.accepted", NEGATIVES)
def accepted(seen: Observation) -> Iterator[Saying]:
    """A request that the documents call wrong is never answered with `statusCode` 0: a required parameter that is
    missing (code 1), an id that nothing has (6), a value outside the valid ones (10), a body that cannot be read
    ("Return Values", lines 2297-2321; the negative matrix of the contract has the page and the level of each). Members
    that no page names are not wrong; where a reading lets a deployment accept (`basics.content-type/tolerated`), it
    may."""
    if not seen.accepted:
        return
    for flaw in seen.flaws:
        negative = seen.contract.negatives[flaw.negative]
        tolerated = flaw.reading or _tolerated(negative)
        if tolerated is not None:
            yield Followed(tolerated)
        elif negative.level != "may":
            level = "should" if flaw.inferred or negative.level == "should" else "must"
            yield _complaint(
                "fuzz.accepted",
                flaw.label,
                f"{_sentence(flaw, negative)} and the request was accepted",
                _wanted(negative),
                f"HTTP {seen.reply.status}, statusCode {bounded(seen.code, 20)}",
                negative.source,
                level=level,
                rule=negative.rule,
            )


def _tolerated(negative: Negative) -> str | None:
    """The reading by which such a request may be accepted at once."""
    return next((item.reading for item in negative.expects if item.status_codes and 0 in item.status_codes), None)


def _wanted(negative: Negative) -> str:
    codes = sorted({code for item in negative.expects for code in item.status_codes or ()})
    return f"a refusal with statusCode {' or '.join(map(str, codes)) or 'other than 0'}"


def _sentence(flaw: Flaw, negative: Negative) -> str:
    return negative.title + (f" ({flaw.parameter})" if flaw.parameter else "")


@fuzz_check("fuzz.schema", REPLIES)
def schema(seen: Observation) -> Iterator[Saying]:
    """The reply to a request that was accepted has the members that the operation's page gives, with their types,
    values and required members ("Return Values", lines 2325-2428, and the operation's own page). Further members are
    accepted, as everywhere in the contract; where `fields` chooses members, an object may lack any ("Request
    Parameters", lines 1411-1453)."""
    if not seen.accepted or seen.body is None:
        return
    chosen = "fields" in seen.sent.query
    best: list[tuple[str, str, str, str]] | None = None
    for operation in seen.unit.operations:
        for response in operation.responses:
            if response.http != seen.reply.status or response.raw:
                continue
            if response.empty:
                found = []
            else:
                violations = seen.contract.schemas.validate_response(operation, response, seen.body)
                found = [
                    (one.pointer, one.keyword, one.message, one.expected)
                    for one in violations
                    if not (chosen and one.pointer and one.keyword in {"required", "anyOf"})
                ]
            if best is None or len(found) < len(best):
                best = found
    for pointer, keyword, message, expected in (best or [])[:5]:
        if pointer == "/statusCode":
            continue  # that is the business of fuzz.status-code
        shape = re.sub(r"/\d+(?=/|$)", "/*", pointer)
        cause = f"{keyword} at {shape or '/'}" + (f" {_named(message)}" if keyword == "required" else "")
        text = f"{shape or '/'}: {bounded(message, 300)}"
        source = seen.unit.operations[0].source
        yield _complaint("fuzz.schema", cause, text, expected or f"what {keyword} asks for", message, source)


def _named(message: str) -> str:
    found = re.search(r"['\"]([^'\"]{1,60})['\"]", message)
    return found[1] if found else ""


@fuzz_check("fuzz.content-type", BASICS)
def content_type(seen: Observation) -> Iterator[Saying]:
    """Data comes as JSON, and says so: a reply is one JSON object with a JSON content type ("Some basics", lines
    507-509). Replies that a page prints as a document or with an empty body are accepted; so are refusals in plain
    text or without a body where a reading has them (no CSRF token, an unreadable body, a method, a content type or a
    URL that the server does not take), but never as a web page."""
    if seen.reply.error:
        return
    check, kind = "fuzz.content-type", (seen.reply.header("content-type") or "").partition(";")[0].strip().lower()
    if seen.body is not None:
        if "json" not in kind:
            text = f"the body is JSON, the content type is {bounded(kind, 80) or 'absent'}"
            yield _complaint(check, f"JSON as {bounded(kind, 80)}", text, "application/json", kind or "absent", BASICS)
        return
    printed = [item for item in seen.responses if item.http == seen.reply.status]
    if any(item.raw or (item.empty and not seen.reply.text.strip()) for item in printed):
        return
    reading = _plain(seen)
    if reading is not None and kind in ("", "text/plain"):
        yield Followed(reading)
        return
    empty = not seen.reply.text.strip()
    cause = f"HTTP {seen.reply.status}, " + ("empty" if empty else kind or "no content type")
    text = f"the body of HTTP {seen.reply.status} is " + ("empty" if empty else "no JSON object")
    yield _complaint(check, cause, text, "a JSON object", seen.reply.text[:200] or "nothing", BASICS)


def _plain(seen: Observation) -> str | None:
    """The reading by which a refusal need not be JSON."""
    if seen.reply.status == 403 and "csrf" in seen.reply.text.lower():
        return "basics.csrf-body/text"
    unreadable = any(flaw.negative in {"malformed-json", "wrong-type"} for flaw in seen.flaws)
    if seen.reply.status == 400 and not unreadable:
        return None
    return PLAIN.get(seen.reply.status)


@fuzz_check("fuzz.life", Source("Return Values", (2405, 2428)))
def life(seen: Observation) -> Iterator[Saying]:
    """What was created can be read at its `uri` ("Return Values", lines 2405-2412), shows what it was last given, and
    is gone once its deletion was accepted: not readable, not listed, not to be deleted again (code 6, line 2303).
    Looked at by further requests after an accepted creation, change and deletion."""
    yield from seen.life


def _shown(seen: Observation, limit: int = 300) -> str:
    """The reply as text: the words of a JSON object as they are, not escaped."""
    if seen.body is None:
        return bounded(seen.reply.text, limit)
    words = [f"{key}: {value}" for key, value in seen.body.items()]
    return bounded("; ".join(words), limit)
