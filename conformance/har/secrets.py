"""Finds the secrets of a recording before anything of it is written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.har.entries import Entry
from conformance.har.people import basic_user
from conformance.wire.redaction import Redactor

# As in a live session: other cookies can hold ordinary words, which must not vanish from bodies.
_TELLING = 16
_SECRET_HEADER = re.compile(r"token|secret|api-?key|session-?id|assertion|signature", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"(?:\A|[_\-.])(?:token|secret|api_?key|apikey|sig(?:nature)?|assertion|jsessionid|passwd|password|pwd|pin)\Z"
    r"|(?:access|refresh|id|auth|bearer|csrf|xsrf|session)_?token\Z|client_?secret\Z|SAML(?:Response|Request)\Z",
    re.IGNORECASE,
)
_PATH_SESSION = re.compile(r";jsessionid=([^/?#;]+)", re.IGNORECASE)
_HELD = re.compile(r"<secret:[^<>]{1,60}>\Z")
_DEPTH = 30
_SHORTEST = 4


def redactor_for(entries: Iterable[Entry]) -> Redactor:
    """A redactor that knows the credentials, cookies, tokens and passwords of the entries.

    All are found before the first event is made: a token may be used in one request and shown in an earlier one.
    """
    redactor = Redactor()
    for entry in entries:
        _from_headers(redactor, entry)
        _from_url(redactor, entry.url)
        for body in (entry.asked, entry.body):
            if body is not None and body.is_json:
                _from_body(redactor, body.json, 0)
            elif body is not None and "=" in body.text[:200] and "\n" not in body.text[:200]:
                _from_query(redactor, body.text[:65_536])
    return redactor


def _tell(redactor: Redactor, secret: str, label: str) -> None:
    if len(secret) >= _SHORTEST and not _HELD.search(secret):
        redactor.discover(secret, label)


def _from_headers(redactor: Redactor, entry: Entry) -> None:
    for header in ("authorization", "proxy-authorization"):
        for value in entry.headers.get(header, ()):
            known = basic_user(value)
            if known is not None and known[1]:
                redactor.add_credentials(known[0], known[1], "password")
            _tell(redactor, value.partition(" ")[2].strip() or value, "authorization")
    for value in entry.headers.get("cookie", ()):
        for pair in value.split(";"):
            _cookie(redactor, pair)
    for value in entry.reply_headers.get("set-cookie", ()):
        _cookie(redactor, value.partition(";")[0])
    for name in entry.reply_headers.get("x-csrf-header", ()):
        if re.fullmatch(r"[A-Za-z0-9_\-]{1,100}", name):
            redactor.watch_header(name)
    for headers in (entry.headers, entry.reply_headers):
        for name, values in headers.items():
            if _SECRET_HEADER.search(name) and name != "x-csrf-header":
                redactor.watch_header(name)
                for value in values:
                    _tell(redactor, value, "token")


def _cookie(redactor: Redactor, pair: str) -> None:
    name, equals, value = pair.partition("=")
    value = value.strip().strip('"')
    if equals and (name.strip().upper() == "JSESSIONID" or len(value) >= _TELLING):
        _tell(redactor, value, "cookie")


def _from_url(redactor: Redactor, url: str) -> None:
    parts = urlsplit(url)
    for found in _PATH_SESSION.findall(parts.path):
        _tell(redactor, found, "cookie")
    if parts.password:
        redactor.add_credentials(parts.username or "", parts.password, "password")
    _from_query(redactor, parts.query)


def _from_query(redactor: Redactor, query: str) -> None:
    try:
        pairs = parse_qsl(query, max_num_fields=1000)
    except ValueError:
        return  # more members than any form has: nothing in it is a login
    for name, value in pairs:
        if _SECRET_NAME.search(name):
            _password(redactor, name, value)


def _from_body(redactor: Redactor, value: Any, depth: int) -> None:
    if depth > _DEPTH:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            if isinstance(item, str) and _SECRET_NAME.search(str(name)):
                _password(redactor, str(name), item)
            elif isinstance(item, dict | list):
                _from_body(redactor, item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                _from_body(redactor, item, depth + 1)


def _password(redactor: Redactor, name: str, value: str) -> None:
    if len(value) < _SHORTEST or _HELD.search(value):
        return
    if re.search(r"pass|pwd|pin", name, re.IGNORECASE):
        redactor.add(value, "password")
    else:
        redactor.discover(value, "token")
