"""Sends a recorded run's HTTP exchanges again, with plain httpx and nothing else, to fresh bundled servers.

What is replayed: every exchange of the timeline that had a reply, CometD over long-polling included, and every
stimulus, in the order in which they were sent, one after the other; only the connects that a server holds travel beside
the others, on a connection of their own, and what follows waits for those that had been answered before it. Session
cookies, CSRF tokens and identifiers that differ from the recorded ones are replaced by those of this server, as its
replies show them. Of a run that several processes played, each with its own server, the servers come one by one.

What is timed: from before a request is built by httpx to after its reply's body is read, and the waiting for held
connects. Preparing a request and learning from a reply is not, nor a wait for a connect that this time is not answered
(two notifications that had come apart now came at once).
"""

from __future__ import annotations

import json
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx

from benchmarks.recorded import Arrived, Plan, Recorded, plans
from conformance.bundled import BundledServer
from conformance.driver.negatives import NOBODY
from conformance.driver.target import Target
from conformance.wire.timeline import read_timeline

KEPT_HEADERS = ("accept", "content-type", "contactcenterid")
PATIENCE = 0.1
"""Seconds until a held connect counts as one that is not going to be answered now."""
_BASIC = re.compile(r"<secret:(\w+)\S* (other )?password basic#\d+>")
_SECRET = re.compile(r"<secret:[^>]+>")
_WORD = re.compile(r"[A-Za-z0-9_\-]{8,}")


@dataclass
class Replayed:
    """What came of a replay. `seconds` is the time that counts; `alike` counts replies with the recorded HTTP status
    and statusCode (CometD: status alone); `cometd` are those of the exchanges that carry CometD; `missed` are waits
    for connects that were not answered; `left_out` are requests that were not replayed."""

    exchanges: int = 0
    cometd: int = 0
    stimuli: int = 0
    seconds: float = 0.0
    alike: int = 0
    missed: int = 0
    left_out: int = 0
    differing: list[str] = field(default_factory=list)


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
    read = plans(read_timeline(timeline))
    out = Replayed(left_out=read.left_out)
    for plan in read.by_server.values():
        with BundledServer() as server, ExitStack() as stack:
            _Replay(server.target(), stack, out).play(plan)
    return out


class _Replay:
    """One plan against one server."""

    def __init__(self, target: Target, stack: ExitStack, out: Replayed) -> None:
        self._target, self._stack, self._out = target, stack, out
        self._learned = _Learned()
        self._clients: dict[str, httpx.Client] = {}
        self._polls: dict[str, _Polls] = {}
        self._owners: dict[int, str] = {}

    def play(self, plan: Plan) -> None:
        try:
            for item in plan:
                if isinstance(item, Arrived):
                    self._await(item)
                elif item.kind == "connect":
                    self._owners[item.exchange] = item.actor
                    self._poll(item.actor).put(item)
                else:
                    self._send(item)
        finally:
            for polls in self._polls.values():
                polls.stop()

    def _send(self, item: Recorded) -> None:
        if item.actor not in self._clients:
            self._clients[item.actor] = self._stack.enter_context(_client(self._target))
        url, headers, content = _prepared(item, self._target, self._learned)
        began = time.perf_counter()
        reply = self._clients[item.actor].request(item.method, url, headers=headers, content=content)
        self._out.seconds += time.perf_counter() - began
        if item.kind == "stimulus":
            self._out.stimuli += 1
            return
        self.note(item, reply)

    def note(self, item: Recorded, reply: httpx.Response) -> None:
        """Compares a reply with the recorded one, and learns from it."""
        self._learned.keep_session(item.response["headers"], reply.headers)
        live = _json(reply)
        recorded = item.replies if item.kind in {"cometd", "connect"} else item.response["body"]
        self._learned.compare(recorded, live)
        self._out.exchanges += 1
        self._out.cometd += item.kind in {"cometd", "connect"}
        seen, wanted = (reply.status_code, _code(live)), (item.response["status"], _code(recorded))
        if seen == wanted:
            self._out.alike += 1
        else:
            self._out.differing.append(f"{item.method} {item.path}: recorded {wanted}, now {seen}")

    def _poll(self, actor: str) -> _Polls:
        if actor not in self._polls:
            client = self._stack.enter_context(_client(self._target))
            self._polls[actor] = _Polls(client, lambda item: _prepared(item, self._target, self._learned), self.note)
        return self._polls[actor]

    def _await(self, item: Arrived) -> None:
        polls = self._polls[self._owners[item.exchange]]
        began = time.perf_counter()
        if polls.done(item.exchange, PATIENCE):
            self._out.seconds += time.perf_counter() - began
        else:
            self._out.missed += 1


class _Polls:
    """The connects of one actor, one after the other on a connection of their own."""

    def __init__(
        self,
        client: httpx.Client,
        prepare: Callable[[Recorded], tuple[str, dict[str, str], bytes | None]],
        note: Callable[[Recorded, httpx.Response], None],
    ) -> None:
        self._client, self._prepare, self._note = client, prepare, note
        self._waiting: queue.SimpleQueue[Recorded | None] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._answered: set[int] = set()
        self._over = False
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, item: Recorded) -> None:
        self._waiting.put(item)

    def done(self, exchange: int, patience: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: exchange in self._answered or self._over, patience)

    def stop(self) -> None:
        self._waiting.put(None)

    def _run(self) -> None:
        try:
            while (item := self._waiting.get()) is not None:
                url, headers, content = self._prepare(item)
                reply = self._client.request(item.method, url, headers=headers, content=content)
                with self._changed:
                    self._answered.add(item.exchange)
                    self._changed.notify_all()
                self._note(item, reply)
        except httpx.HTTPError:
            return  # the server ended with the plan while it held this one
        finally:
            with self._changed:
                self._over = True
                self._changed.notify_all()


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
