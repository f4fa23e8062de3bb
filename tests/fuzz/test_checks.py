"""Each check is silent about a sound reply and complains about one that is a little different."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from conformance.contract import Source
from conformance.fuzz import checks as _registers  # noqa: F401
from conformance.fuzz.observing import CHECKS, Complaint, Observation
from tests.fuzz.fuzz_support import observe, reply, said, sent

CREATE, LIST, UPDATE = "contacts.Create", "contacts.List", "contacts.Update"
SOUND = {"name": "Ada", "phoneNumber": "5551234"}
CREATED = {"statusCode": 0, "id": "C1", "uri": "http://h/api/v2/contacts/C1", "path": "/contacts/C1"}
REFUSED = {"statusCode": 1, "statusMessage": "Required parameter 'name' is missing"}


@dataclass(frozen=True)
class Pair:
    """A check, what it is silent about, and what it complains of with which cause."""

    check: str
    sound: Callable[[], Observation]
    faulty: Callable[[], Observation]
    cause: str
    level: str = "must"


def created(body: object = CREATED, **more: object) -> Observation:
    return observe(CREATE, sent(CREATE, SOUND), reply(body, **more))  # type: ignore[arg-type]


def refused(body: object = REFUSED, status: int = 400, **more: object) -> Observation:
    return observe(CREATE, sent(CREATE, {"phoneNumber": "1"}), reply(body, status, **more))  # type: ignore[arg-type]


def broken(answer: dict[str, object] | None, status: int, **more: object) -> Observation:
    return observe(CREATE, sent(CREATE, content=b"{"), reply(answer, status, **more))  # type: ignore[arg-type]


def without(*names: str) -> dict[str, object]:
    return {key: value for key, value in CREATED.items() if key not in names}


def lived(*life: Complaint) -> Observation:
    return observe(UPDATE, sent(UPDATE, {"name": "B"}, id="C1"), reply({"statusCode": 0}), known=["C1"], life=life)


def forwarded(destination: object) -> Observation:
    body = {"operationName": "ForwardCallsOff", "destination": destination}
    request = sent("voice.ForwardCallsOff", body, id="D1")
    return observe("voice.ForwardCallsOff", request, reply({"statusCode": 0}), known=["D1"])


LOST = Complaint("fuzz.life", "change lost", "lost", "'B'", "'A'", Source("Return Values", (2426, 2428)))
TRACE = "java.lang.NullPointerException\n\tat com.example.gws.Handler.handle(Handler.java:71)"
PAIRS = [
    Pair(
        "fuzz.answer",
        created,
        lambda: observe(CREATE, sent(CREATE, SOUND), reply(error="RemoteProtocolError: server disconnected")),
        "RemoteProtocolError",
    ),
    Pair("fuzz.status-code", created, lambda: created(without("statusCode")), "absent"),
    Pair("fuzz.status-code", created, lambda: created({**CREATED, "statusCode": "0"}), "a str"),
    Pair("fuzz.status-code", created, lambda: created({**CREATED, "statusCode": True}), "a bool"),
    Pair("fuzz.status-code", refused, lambda: refused({**REFUSED, "statusCode": 21}), "unknown 21"),
    Pair("fuzz.envelope", created, lambda: created({**CREATED, "statusMessage": "OK"}), "message beside 0"),
    Pair("fuzz.envelope", refused, lambda: refused({"statusCode": 1}), "no message"),
    Pair("fuzz.envelope", refused, lambda: refused({"statusCode": 1, "statusMessage": ""}), "no message"),
    Pair("fuzz.envelope", refused, lambda: refused({**REFUSED, "details": {}}), "beside the error: details"),
    Pair(
        "fuzz.server-error",
        lambda: broken({"statusCode": 10, "statusMessage": "not JSON"}, 400),
        lambda: broken({"statusCode": 4, "statusMessage": "Internal error"}, 500),
        "HTTP 500, statusCode 4, bad input",
    ),
    Pair(
        "fuzz.server-error",
        lambda: created({"statusCode": 4, "statusMessage": "Voice service is not available"}, status=503),
        lambda: created({"statusCode": 4, "statusMessage": "Internal error"}, status=500),
        "HTTP 500, statusCode 4, sound input",
        "should",
    ),
    Pair(
        "fuzz.internals",
        refused,
        lambda: refused({"statusCode": 4, "statusMessage": TRACE}, 400),
        "Java stack trace",
        "should",
    ),
    Pair(
        "fuzz.internals",
        lambda: broken(None, 400, text="Bad Request", kind="text/plain"),
        lambda: broken(None, 502, text="<h1>Bad Gateway</h1><hr>nginx/1.24.0", kind="text/html"),
        "server banner",
        "should",
    ),
    Pair("fuzz.accepted", refused, lambda: refused(CREATED, 200), "missing-parameter:name", "should"),
    Pair(
        "fuzz.accepted",
        lambda: lived(),
        lambda: observe(UPDATE, sent(UPDATE, {"name": "B"}, id="nobody"), reply({"statusCode": 0})),
        "unknown-id:id",
    ),
    Pair("fuzz.accepted", lambda: broken(REFUSED, 400), lambda: broken(CREATED, 200), "malformed-json", "should"),
    Pair("fuzz.schema", created, lambda: created(without("id")), "required at / id"),
    Pair("fuzz.schema", created, lambda: created({**CREATED, "uri": 7}), "type at /uri"),
    Pair(
        "fuzz.schema",
        lambda: observe(
            LIST,
            sent(LIST, query="fields=name"),
            reply({"statusCode": 0, "totalCount": 1, "contacts": [{"name": "A"}]}),
        ),
        lambda: observe(
            LIST, sent(LIST, query="fields=name"), reply({"statusCode": 0, "totalCount": 1, "contacts": [{"name": 1}]})
        ),
        "type at /contacts/*/name",
    ),
    Pair("fuzz.content-type", created, lambda: created(kind="text/plain"), "JSON as text/plain"),
    Pair(
        "fuzz.content-type",
        lambda: broken(None, 400, text="Bad Request", kind="text/plain"),
        lambda: created(None, text="<html></html>", kind="text/html"),
        "HTTP 200, text/html",
    ),
    Pair("fuzz.content-type", refused, lambda: refused(None, 400, text=""), "HTTP 400, empty"),
    Pair("fuzz.life", lived, lambda: lived(LOST), "change lost"),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda item: f"{item.check}-{item.cause}")
def test_complains_about_the_faulty_reply_alone(pair: Pair) -> None:
    assert said(pair.check, pair.sound())[0] == []
    complaints, _ = said(pair.check, pair.faulty())
    assert [(item.check, item.cause, item.level) for item in complaints] == [(pair.check, pair.cause, pair.level)]
    assert all(item.message and item.seen and item.source.page for item in complaints)


def test_every_check_has_a_pair_and_cites_its_page() -> None:
    assert {pair.check for pair in PAIRS} == set(CHECKS)
    for item in CHECKS.values():
        cited = re.findall(r'\("([^"]+)", lines? (\d+)|"([^"]+)", lines?\s(\d+)', item.doc)
        assert cited, f"{item.id} cites no page"
        assert item.source.page in item.doc


@pytest.mark.parametrize(
    "check, seen, reading",
    [
        (
            "fuzz.content-type",
            lambda: broken(None, 400, text="Bad", kind="text/plain"),
            "basics.unreadable-body/plain-400",
        ),
        (
            "fuzz.content-type",
            lambda: created(None, status=403, text="Missing or invalid Csrf token", kind="text/plain"),
            "basics.csrf-body/text",
        ),
        ("fuzz.accepted", lambda: forwarded([]), "voice.forward-off-destination/ignored"),
        ("fuzz.content-type", lambda: created(None, status=415, text="", kind=None), "basics.content-type/refused"),
    ],
)
def test_a_reading_that_the_documents_allow_is_recorded(
    check: str, seen: Callable[[], Observation], reading: str
) -> None:
    assert said(check, seen()) == ([], [reading])


def test_what_the_client_sent_is_no_leak() -> None:
    words = {"name": "C:\\temp\\secret.txt", "phoneNumber": "x"}
    body = {"statusCode": 10, "statusMessage": "Not a name: C:\\temp\\secret.txt"}
    assert said("fuzz.internals", observe(CREATE, sent(CREATE, words), reply(body, 400)))[0] == []
    assert said("fuzz.internals", observe(CREATE, sent(CREATE, SOUND), reply(body, 400)))[0] != []


def test_a_stack_trace_is_one_finding() -> None:
    complaints, _ = said("fuzz.internals", refused({"statusCode": 4, "statusMessage": TRACE + " /opt/gws/app.jar"}))
    assert [item.cause for item in complaints] == ["Java stack trace"]
