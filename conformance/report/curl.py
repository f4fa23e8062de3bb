"""A recorded request as a curl line that repeats it. Secrets are variables of the reader's shell, never values."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from conformance.judge.findings import Finding
from conformance.judge.timeline import Exchange, Scenario, Step
from conformance.report.text import NAME, one_line

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
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?(?![0-9.:A-Za-z-])")
NOBODY = "gws-conformance-nobody"
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
    body, remark, _ = _body(payload)
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


def curl_notes(findings: Iterable[Finding], scenarios: Iterable[Scenario], target: Mapping[str, Any]) -> dict[str, str]:
    """What whoever repeats a line must know, by the finding's id: whose line it is, and which ids in it are gone."""
    wanted: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.verdict in {"failed", "warning", "error"}:
            wanted.setdefault(finding.scenario, []).append(finding)
    notes: dict[str, str] = {}
    for scenario in scenarios:
        for finding in wanted.get(scenario.id, ()):
            exchange = request_of(finding, scenario)
            note = curl_note(exchange, scenario, target) if exchange is not None else ""
            if note:
                notes.setdefault(finding.id, note)
    return notes


def curl_note(exchange: Exchange, scenario: Scenario, target: Mapping[str, Any]) -> str:
    """One sentence for a line, empty where the line can be repeated as it is by the agent of `preamble`."""
    parts = []
    users = target.get("users")
    key = (exchange.request.actor or "agent").partition("+")[0]
    if isinstance(users, Mapping) and key in users and key != next(iter(users)):
        parts.append(f"sent by {key}: export {one_line(users[key], NAME)} as GWS_USER before the other lines")
    said = str(exchange.request.payload.get("url", "")) + _body(exchange.request.payload, 10 * LIMIT)[2]
    gone = [name for name in _ids_of(scenario) if name in said]
    if gone:
        named = ", ".join(one_line(name, 60) for name in gone[:3])
        verbs = ("was", "is") if len(gone) == 1 else ("were", "are")
        parts.append(f"{named} {verbs[0]} of that run and {verbs[1]} gone: put in what is there now")
    return "; ".join(parts)


def _ids_of(scenario: Scenario) -> Iterator[str]:
    """The ids of what came into being in a scenario and has ended with it: calls, chats, what was created."""
    found: dict[str, None] = {}
    for event in scenario.events:
        body = event.payload.get("data" if event.kind == "cometd.event" else "body")
        if not isinstance(body, Mapping):
            continue
        if event.kind == "cometd.event":
            held = [item for item in body.values() if isinstance(item, Mapping) and "state" in item]
        else:
            held = [body] if event.kind == "http.response" and "uri" in body and "statusCode" in body else []
        for item in held:
            if isinstance(item.get("id"), str) and len(item["id"]) >= 4:
                found[item["id"]] = None
    yield from found


def preamble(target: Mapping[str, Any], lines: Iterable[str]) -> str:
    """What is pasted into bash or zsh once, before any of the lines: it fetches the cookies and the CSRF token.

    target: `Results.run.target`. No comments: an interactive zsh takes them for words.
    """
    users = target.get("users")
    user = str(next(iter(users.values()), "...")) if isinstance(users, Mapping) else "..."
    url = f"{str(target.get('baseUrl', '')).rstrip('/')}{target.get('apiPath', '/api/v2')}/me"
    ask = f'curl -sS -o /dev/null -D - {USER} -c "$GWS_COOKIES" {quote(url)}'
    take = "tr -d '\\r' | awk 'tolower($1) == \"x-csrf-token:\" { print $2 }'"
    text = [
        f"export GWS_USER={quote(user)} GWS_PASSWORD='...'",
        'export GWS_COOKIES="$(mktemp)"',
        f'export GWS_CSRF_TOKEN="$({ask} | {take})"',
    ]
    if any("$GWS_OTHER_USER" in line for line in lines):
        text.insert(1, f"export GWS_OTHER_USER={NOBODY} GWS_OTHER_PASSWORD=not-a-password")
    return "\n".join(text)


def ended_server(target: Mapping[str, Any], arguments: Iterable[str]) -> str:
    """The command that starts a bundled server again at the address of a run; empty where the target is elsewhere."""
    match = re.fullmatch(_LOOPBACK.pattern + "/?", str(target.get("baseUrl", "")))
    given = list(map(str, arguments))
    elsewhere = {"--target", "-t", "--base-url", "--gws-target", "--gws-base-url"}
    if match is None or any(item.partition("=")[0] in elsewhere for item in given):
        return ""
    port = match.group(0).rstrip("/").rpartition(":")[2]
    faults = [value for name, value in pairwise(given) if name in {"--fault", "--gws-fault"}]
    faults += [item.partition("=")[2] for item in given if item.startswith(("--fault=", "--gws-fault="))]
    words = "".join(f" --fault {quote(name)}" for name in faults)
    return f"gws-conformance simulator --port {port}{words}" if port.isdecimal() else ""


def homed(line: str, target: Mapping[str, Any]) -> str:
    """A line at the address of the run: several bundled servers play a run between them, at a port each."""
    base = str(target.get("baseUrl", "")).rstrip("/")
    return _LOOPBACK.sub(lambda _: base, line) if _LOOPBACK.fullmatch(base) else line


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
        character = "\ufffd"
    # As bytes of UTF-8: what `\u` becomes depends on the shell's locale.
    return "".join(f"\\x{byte:02x}" for byte in character.encode())


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


def _body(payload: Mapping[str, Any], limit: int = LIMIT) -> tuple[list[str], str, str]:
    """The body's option, a remark, and the body. `--data-raw`: a body that begins with `@` must not name a file."""
    text = payload.get("text")
    if text is None and payload.get("body") is not None:
        text = json.dumps(payload["body"], ensure_ascii=True, default=str)
    if text is None:
        return [], "", ""
    text = str(text)
    if len(text) > limit:
        return [], f"  # a body of {len(text)} characters is left out: see the timeline", text[:limit]
    remark = "  # the body's NUL characters are left out" if "\0" in text else ""
    return [f"--data-raw {quote(text.replace(chr(0), ''))}"], remark, text
