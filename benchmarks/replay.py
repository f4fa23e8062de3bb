"""Sends a recorded run's HTTP exchanges again, with plain httpx and nothing else, to a fresh bundled server.

What is replayed: every exchange of the timeline that is not CometD and had a reply, and every stimulus, in the order
in which they were sent, one after the other, over one connection an actor. Session cookies, CSRF tokens and
identifiers that differ from the recorded ones are replaced by those of this server, as its replies show them.

What is timed: the calls of httpx alone, each from before the request is built to after the reply's body is read.
Preparing a request and learning from a reply is not.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx

from conformance.bundled import BundledServer
from conformance.driver.negatives import NOBODY
from conformance.driver.target import Target
from conformance.wire.timeline import Event, read_timeline

KEPT_HEADERS = ("accept", "content-type", "contactcenterid")
_BASIC = re.compile(r"<secret:(\w+)\S* (other )?password basic#\d+>")
_SECRET = re.compile(r"<secret:[^>]+>")
_WORD = re.compile(r"[A-Za-z0-9_\-]{8,}")


@dataclass(frozen=True)
class Recorded:
    """One exchange as it was recorded; `response` is empty for a stimulus, whose reply a timeline does not hold."""

    actor: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    text: str | None
    response: Mapping[str, Any]


@dataclass(frozen=True)
class Replayed:
    """What came of a replay. `seconds` is the time inside httpx; `alike` counts replies with the recorded HTTP status
    and statusCode; `cometd` and `unanswered` are the recorded exchanges that were left out."""

    exchanges: int
    stimuli: int
    seconds: float
    alike: int
    cometd: int
    unanswered: int
    differing: tuple[str, ...]


@dataclass
class _Learned:
    """Recorded texts and what stands for them on the server at hand."""

    words: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def translate(self, value: Any) -> Any:
        if isinstance(value, str):
            return _WORD.sub(lambda found: self.words.get(found[0], found[0]), value) if self.words else value
        if isinstance(value, Mapping):
            return {key: self.translate(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.translate(item) for item in value]
        return value

    def compare(self, recorded: Any, live: Any) -> None:
        """Learn the words in which two bodies differ, where their shapes agree."""
        if isinstance(recorded, Mapping) and isinstance(live, Mapping):
            for key in recorded.keys() & live.keys():
                self.compare(recorded[key], live[key])
        elif isinstance(recorded, list) and isinstance(live, list):
            for one, other in zip(recorded, live, strict=False):
                self.compare(one, other)
        elif isinstance(recorded, str) and isinstance(live, str) and recorded != live:
            ours, theirs = _WORD.findall(recorded), _WORD.findall(live)
            if len(ours) == len(theirs):
                self.words.update((one, other) for one, other in zip(ours, theirs, strict=True) if one != other)

    def keep_session(self, recorded: Mapping[str, Any], live: httpx.Headers) -> None:
        """Learn the cookies and the CSRF token that stand behind the recorded placeholders."""
        cookies = dict(item.partition(";")[0].partition("=")[::2] for item in live.get_list("set-cookie"))
        for item in recorded.get("set-cookie", ()):
            name, _, placeholder = item.partition(";")[0].partition("=")
            if name in cookies:
                self.secrets[placeholder] = cookies[name]
        for placeholder in recorded.get("x-csrf-token", ()):
            if "x-csrf-token" in live:
                self.secrets[placeholder] = live["x-csrf-token"]


def replay(timeline: Path) -> Replayed:
    """Replays a timeline that was recorded against the bundled server, with the seed that a run uses."""
    events = list(read_timeline(timeline))
    plan = list(_recorded(events))
    requests = [event for event in events if event.kind == "http.request"]
    cometd = sum(event.payload["purpose"] == "cometd" for event in requests)
    stimuli = sum(not item.response for item in plan)
    with BundledServer() as server:
        seconds, alike, differing = _play(plan, server.target())
    exchanges = len(plan) - stimuli
    return Replayed(exchanges, stimuli, seconds, alike, cometd, len(requests) - cometd - exchanges, tuple(differing))


def _recorded(events: Iterable[Event]) -> Iterator[Recorded]:
    events = list(events)
    responses = {event.payload["exchange"]: event.payload for event in events if event.kind == "http.response"}
    for event in events:
        payload = event.payload
        if event.kind == "stimulus":
            body = {"name": payload["name"], **payload["parameters"]}
            yield Recorded("stimulus", "POST", "", {"content-type": "application/json"}, body, None, {})
        elif event.kind == "http.request" and payload["purpose"] != "cometd" and payload["exchange"] in responses:
            headers = {name.lower(): values[-1] for name, values in payload["headers"].items()}
            response = responses[payload["exchange"]]
            path, actor = payload["path"], event.actor or ""
            yield Recorded(actor, payload["method"], path, headers, payload["body"], payload["text"], response)


def _play(plan: Iterable[Recorded], target: Target) -> tuple[float, int, list[str]]:
    learned, clients = _Learned(), dict[str, httpx.Client]()
    seconds, alike, differing = 0.0, 0, list[str]()
    try:
        for item in plan:
            if item.actor not in clients:
                clients[item.actor] = _client(target)
            client = clients[item.actor]
            url, headers, content = _prepared(item, target, learned)
            began = time.perf_counter()
            reply = client.request(item.method, url, headers=headers, content=content)
            seconds += time.perf_counter() - began
            if not item.response:
                continue
            learned.keep_session(item.response["headers"], reply.headers)
            live = _json(reply)
            learned.compare(item.response["body"], live)
            seen, wanted = (reply.status_code, _code(live)), (item.response["status"], _code(item.response["body"]))
            if seen == wanted:
                alike += 1
            else:
                differing.append(f"{item.method} {item.path}: recorded {wanted}, now {seen}")
    finally:
        for client in clients.values():
            client.close()
    return seconds, alike, differing


def _client(target: Target) -> httpx.Client:
    client = httpx.Client(timeout=target.transport.timeout, trust_env=False)
    # Which request carries a cookie is part of the recording: the client must not add any.
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def _prepared(item: Recorded, target: Target, learned: _Learned) -> tuple[str, dict[str, str], bytes | None]:
    headers = {name: item.headers[name] for name in KEPT_HEADERS if name in item.headers}
    if "authorization" in item.headers:
        headers["authorization"] = _basic(item.headers["authorization"], target)
    for name in ("cookie", "x-csrf-token"):
        if name in item.headers:
            headers[name] = _SECRET.sub(lambda found: learned.secrets.get(found[0], found[0]), item.headers[name])
    content = None
    if item.body is not None:
        content = json.dumps(learned.translate(item.body), separators=(",", ":")).encode()
    elif item.text is not None:
        content = item.text.encode()
    if not item.path:
        return str(next(one.url for one in target.stimuli.values())), headers, content
    return target.transport.api_url + learned.translate(item.path), headers, content


def _basic(recorded: str, target: Target) -> str:
    """The credentials behind a recorded Authorization header."""
    found = _BASIC.search(recorded)
    if found is None:
        return recorded
    return NOBODY.basic() if found[2] or found[1] not in target.users else target.users[found[1]].credentials.basic()


def _json(reply: httpx.Response) -> Any:
    try:
        return reply.json()
    except ValueError:
        return None


def _code(body: Any) -> Any:
    return body.get("statusCode") if isinstance(body, Mapping) else None
