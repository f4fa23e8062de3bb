"""A recorded request as a curl line that repeats it. Secrets are variables of the reader's shell, never values."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.judge.findings import Finding
from conformance.judge.timeline import Exchange, Scenario, Step

USER = '-u "$GWS_USER:$GWS_PASSWORD"'
STRANGER = '-u "$GWS_OTHER_USER:$GWS_OTHER_PASSWORD"'
COOKIES = '-b "$GWS_COOKIES"'
CSRF = '"{name}: $GWS_CSRF_TOKEN"'
LIMIT = 8000
"""Characters of a body; a longer one is left out, and the line says so."""

# What curl sends by itself, or what belongs to one connection alone.
_OWN = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "host", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "user-agent", "expect"}
)
_TOKEN_NAMES = {"x-csrf-token": "X-CSRF-TOKEN", "x-xsrf-token": "X-XSRF-TOKEN", "csrf-token": "CSRF-TOKEN"}
_TOKEN_VALUE = re.compile(r"<secret:token#\d+>")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_METHOD = re.compile(r"[A-Za-z]{1,20}")
_PLAIN = re.compile(r"[\x20-\x7e\u00a1-\u00ac\u00ae-\u024f]*")


def curl_line(exchange: Exchange) -> str:
    """The curl line of an exchange: one line, safe to paste into bash or zsh.

    `GWS_USER` and `GWS_PASSWORD` are the performing user's; `GWS_OTHER_USER` and `GWS_OTHER_PASSWORD` stand for the
    credentials of somebody else that a negative case sent; `GWS_COOKIES` is a cookie jar, or `name=value`;
    `GWS_CSRF_TOKEN` is the session's token.
    """
    payload = exchange.request.payload
    method, url = str(payload.get("method", "GET")), str(payload.get("url", ""))
    parts = ["curl -sS -i"]
    if any(character in url for character in "[]{}"):
        parts.append("--globoff")
    if method == "HEAD":
        parts.append("--head")
    elif method != "GET":
        parts.append(f"-X {method if _METHOD.fullmatch(method) else quote(method)}")
    parts += _headers(payload.get("headers"))
    body, remark = _body(payload)
    parts += body
    # Whatever the URL begins with, it is no option.
    parts.append(quote(url) if not url.startswith("-") else f"--url {quote(url)}")
    return " ".join(parts) + remark


def curl_lines(findings: Iterable[Finding], scenarios: Iterable[Scenario]) -> dict[str, str]:
    """The curl line of each finding that is no pass, by the finding's id: the request that its evidence leads to."""
    wanted: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.verdict in {"failed", "warning", "error"}:
            wanted.setdefault(finding.scenario, []).append(finding)
    lines: dict[str, str] = {}
    for scenario in scenarios:
        for finding in wanted.get(scenario.id, ()):
            exchange = request_of(finding, scenario)
            if exchange is not None:
                lines.setdefault(finding.id, curl_line(exchange))
    return lines


def request_of(finding: Finding, scenario: Scenario) -> Exchange | None:
    """The exchange that a finding is about: its evidence, or the request of the step that its evidence lies in."""
    step = step_of(finding, scenario)
    if step is None:
        return None
    evidence = set(finding.evidence)
    named = [item for item in step.exchanges if evidence.intersection(item.seqs)]
    api = [item for item in named if item.request.payload.get("purpose", "api") == "api"]
    return api[0] if api else step.main or next(iter(named), None)


def step_of(finding: Finding, scenario: Scenario) -> Step | None:
    """The step that the most of a finding's evidence lies in, the last one of several."""
    evidence = set(finding.evidence)
    if not evidence:
        return None
    first, last = min(evidence), max(evidence)
    best, most = None, 0
    for step in scenario.steps:
        # Steps follow one another: one that ends before the first evidence or begins after the last holds none.
        if step.events[-1].seq < first or step.events[0].seq > last:
            continue
        count = sum(event.seq in evidence for event in step.events)
        if count and count >= most:
            best, most = step, count
    return best


def quote(text: str) -> str:
    r"""A word for the shell. One with characters that a terminal would obey is written as `$'...\x1b...'`."""
    if _PLAIN.fullmatch(text):
        return shlex.quote(text)
    return "$'" + "".join(_ansi_c(character) for character in text) + "'"


def _ansi_c(character: str) -> str:
    code = ord(character)
    if character in "\\'":
        return "\\" + character
    if _PLAIN.fullmatch(character):
        return character
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _headers(headers: Any) -> list[str]:
    parts = []
    for name, values in headers.items() if isinstance(headers, Mapping) else ():
        lower = str(name).lower()
        for value in values if isinstance(values, list | tuple) else [values]:
            parts += _header(lower, str(value))
    return parts


def _header(name: str, value: str) -> list[str]:
    if name in _OWN:
        return []
    if name == "authorization" and value.startswith("Basic ") and "<secret:" in value:
        return [STRANGER if "other password" in value else USER]
    if name == "cookie":
        return [COOKIES]
    if name in _TOKEN_NAMES or (_TOKEN_VALUE.fullmatch(value) and _HEADER_NAME.fullmatch(name)):
        return ["-H " + CSRF.format(name=_TOKEN_NAMES.get(name, name))]
    return [f"-H {quote(f'{name.title()}: {value}' if value else f'{name.title()};')}"]


def _body(payload: Mapping[str, Any]) -> tuple[list[str], str]:
    """The body's option and a remark. `--data-raw`: a body that begins with `@` must not name a file."""
    text = payload.get("text")
    if text is None and payload.get("body") is not None:
        text = json.dumps(payload["body"], ensure_ascii=True, default=str)
    if text is None:
        return [], ""
    text = str(text)
    if len(text) > LIMIT:
        return [], f"  # a body of {len(text)} characters is left out: see the timeline"
    remark = "  # the body's NUL characters are left out" if "\0" in text else ""
    return [f"--data-raw {quote(text.replace(chr(0), ''))}"], remark
