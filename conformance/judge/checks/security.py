"""Checks of what guards a session: the session cookie, the CSRF token, the origins that browsers may ask from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, performed, sent
from conformance.judge.context import JUDGED
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Event, Exchange, Scenario, Step

MODIFYING = frozenset({"POST", "PUT", "DELETE"})
TOLD = frozenset({*JUDGED, "probe"})
# Names that nobody can own (RFC 2606 and 6761): no list of a deployment holds them.
NOBODYS = re.compile(r"(^|\.)(test|example|invalid|localhost|example\.(com|net|org))$", re.IGNORECASE)


def _request_header(exchange: Exchange, name: str) -> str:
    """A header of the request, empty where it has none. Values that are secrets stand under a name of their own."""
    headers = exchange.request.payload.get("headers")
    values = headers.get(name.lower()) if isinstance(headers, Mapping) else None
    return str(values[0]) if isinstance(values, list) and values else ""


def _session_cookie(exchange: Exchange) -> str:
    """The request's JSESSIONID, empty where it has none."""
    found = re.search(r"(?:^|;\s*)JSESSIONID=([^;]+)", _request_header(exchange, "cookie"), re.IGNORECASE)
    return found.group(1) if found else ""


def _method(exchange: Exchange) -> str:
    return str(exchange.request.payload.get("method", "")).upper()


def _asked(exchange: Exchange) -> str:
    """What was asked, in a few words."""
    path = str(exchange.request.payload.get("path", "")).partition("?")[0]
    return f"{_method(exchange)} {bounded(path, 80)} as {exchange.request.actor}"


def _ours(scenario: Scenario) -> Iterator[tuple[Step, Exchange]]:
    """Every exchange with the API that was answered, CometD's own left out."""
    for step in scenario.steps:
        for exchange in step.exchanges:
            if exchange.response is not None and exchange.request.payload.get("purpose") != "cometd":
                yield step, exchange


@check("csrf.discovered", "scenario", scope="scenario")
def csrf_discovered(scenario: Scenario) -> Iterator[Outcome]:
    """Where the protection against CSRF is on, the reply to a GET of somebody who is logged in names the header in
    X-CSRF-HEADER and brings the token in X-CSRF-TOKEN, the same one as long as the session lasts."""
    if not _protected(scenario):
        return
    tokens: dict[str, tuple[str, Event]] = {}
    for _, exchange in _ours(scenario):
        cookie = _session_cookie(exchange)
        known = bool(cookie or _request_header(exchange, "authorization"))
        if _method(exchange) != "GET" or exchange.status != 200 or not exchange.is_json or not known:
            continue
        seen = {name: exchange.header(name) for name in ("X-CSRF-HEADER", "X-CSRF-TOKEN")}
        missing = [name for name, value in seen.items() if not value]
        yield Outcome(
            not missing,
            "header and token told" if not missing else f"the reply to {_asked(exchange)} has no {', '.join(missing)}",
            "X-CSRF-HEADER and X-CSRF-TOKEN",
            "both" if not missing else ", ".join(name for name, value in seen.items() if value) or "neither",
            evidence=exchange.seqs,
        )
        token = seen["X-CSRF-TOKEN"]
        if cookie and token and exchange.response is not None:
            first = tokens.setdefault(cookie, (token, exchange.response))
            if first[0] != token:
                yield Outcome(
                    False,
                    f"the token changed within a session, with the reply to {_asked(exchange)}",
                    "one token for the life of the session",
                    "another token",
                    level="should",
                    evidence=(first[1].seq, exchange.response.seq),
                )


def _protected(scenario: Scenario) -> bool:
    """Whether the scenario or its traffic says that the protection is on."""
    if scenario.info.get("csrf") is True or any(step.info.get("csrf") is True for step in scenario.steps):
        return True
    for _, exchange in _ours(scenario):
        if _method(exchange) in MODIFYING:
            body = exchange.body if isinstance(exchange.body, Mapping) else {}
            refused = exchange.status == 403 and "csrf token" in str(body.get("statusMessage", "")).lower()
            if refused or _request_header(exchange, "x-csrf-token"):
                return True
    return False


@check("session.cookie", "scenario", scope="scenario")
def session_cookie(scenario: Scenario) -> Iterator[Outcome]:
    """The first reply to a request with credentials sets the cookie JSESSIONID; from then on the cookie alone is
    enough, until EndContactCenterSession, after which it is no longer."""
    ended: dict[str, Event] = {}
    for step, exchange in performed(scenario):
        cookie, credentials = _session_cookie(exchange), _request_header(exchange, "authorization")
        if cookie and not credentials:
            if cookie in ended:
                yield _refused_after_end(exchange, ended[cookie])
            elif step.case in TOLD and _method(exchange) == "GET":
                yield _enough(exchange)
        elif credentials and not cookie and step.case in TOLD and accepted(exchange):
            yield _established(exchange)
        if cookie and accepted(exchange) and sent(exchange).get("operationName") == "EndContactCenterSession":
            ended[cookie] = exchange.request


def _established(exchange: Exchange) -> Outcome:
    ok = (exchange.header("set-cookie") is not None) and any(
        value.strip().upper().startswith("JSESSIONID=") for value in _all(exchange, "set-cookie")
    )
    return Outcome(
        ok,
        "the session has a cookie" if ok else f"the reply to {_asked(exchange)} with credentials sets no JSESSIONID",
        "Set-Cookie: JSESSIONID",
        "set" if ok else bounded(_names(exchange)),
        evidence=exchange.seqs,
    )


def _all(exchange: Exchange, name: str) -> list[str]:
    headers = exchange.response.payload.get("headers") if exchange.response else None
    values = headers.get(name) if isinstance(headers, Mapping) else None
    return [str(value) for value in values] if isinstance(values, list) else []


def _names(exchange: Exchange) -> str:
    """The cookies that the reply sets, by name."""
    return ", ".join(value.partition("=")[0] for value in _all(exchange, "set-cookie")) or "none"


def _enough(exchange: Exchange) -> Outcome:
    ok = exchange.status not in {401, 403} and exchange.status_code != 20
    return Outcome(
        ok,
        "the cookie alone is enough" if ok else f"{_asked(exchange)} with the session's cookie alone was refused",
        "accepted without credentials",
        f"HTTP {exchange.status}, statusCode {bounded(exchange.status_code, 40)}",
        evidence=exchange.seqs,
    )


def _refused_after_end(exchange: Exchange, end: Event) -> Outcome:
    ok = not accepted(exchange)
    return Outcome(
        ok,
        "the session is over"
        if ok
        else f"{_asked(exchange)} with the cookie of a session that EndContactCenterSession ended was accepted",
        "refused: the HTTP session is invalid",
        f"HTTP {exchange.status}, statusCode {bounded(exchange.status_code, 40)}",
        evidence=(end.seq, *exchange.seqs),
    )


@check("cors.origins", "scenario", scope="scenario")
def cors_origins(scenario: Scenario) -> Iterator[Outcome]:
    """A reply names the request's origin in Access-Control-Allow-Origin where the contact center's `allowedOrigins`
    hold it, and does not where they do not (the deployment's own list cannot hold a name that is reserved)."""
    allowed: list[str] | None = None
    for _, exchange in _ours(scenario):
        origin = _request_header(exchange, "origin")
        if origin and allowed is not None:
            yield from _origin(exchange, origin, allowed)
        allowed = _list_after(exchange, allowed)


def _list_after(exchange: Exchange, before: list[str] | None) -> list[str] | None:
    """The contact center's origins as far as the scenario shows them; None before it does."""
    path = str(exchange.request.payload.get("path", "")).partition("?")[0]
    if not path.endswith("/settings/access-control") or not accepted(exchange):
        return before
    if _method(exchange) == "DELETE":
        return []
    told: Any = sent(exchange) if _method(exchange) in MODIFYING else exchange.body
    settings = told.get("settings", told) if isinstance(told, Mapping) else None
    for item in settings if isinstance(settings, list) else [settings]:
        if isinstance(item, Mapping) and item.get("name") == "allowedOrigins" and isinstance(item.get("value"), list):
            return [str(value) for value in item["value"]]
    return [] if _method(exchange) == "GET" else before


def _origin(exchange: Exchange, origin: str, allowed: list[str]) -> Iterator[Outcome]:
    named = exchange.header("access-control-allow-origin")
    shared = named is not None and named in {origin, "*"}
    if any(_holds(pattern, origin, "[A-Za-z0-9-]+") for pattern in allowed):
        yield Outcome(
            shared,
            "the allowed origin is named" if shared else f"{_asked(exchange)}: the allowed origin is not named",
            f"Access-Control-Allow-Origin: {bounded(origin, 120)}",
            bounded(named if named is not None else "no such header", 120),
            evidence=exchange.seqs,
        )
    elif not any(_holds(pattern, origin, "[A-Za-z0-9.-]+") for pattern in allowed):
        host = re.sub(r":\d+$", "", origin.partition("://")[2])
        yield Outcome(
            not shared,
            "the other origin is not named" if not shared else f"{_asked(exchange)}: an origin that is not allowed is",
            f"no Access-Control-Allow-Origin for {bounded(origin, 120)}",
            bounded(named if named is not None else "no such header", 120),
            level="must" if NOBODYS.search(host) else "should",
            evidence=exchange.seqs,
        )


def _holds(pattern: str, origin: str, wildcard: str) -> bool:
    """Whether an entry of the list is this origin; how far a wildcard reaches is not written."""
    expression = wildcard.join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, origin, re.IGNORECASE) is not None
