"""What of a HAR is a conversation with a GWS: its requests and its Bayeux frames, in the order of time; and what of it
nothing can be said about, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conformance.har.entries import Entry, NoEntry, entry_of
from conformance.har.frames import Frame, frames_of, speaks_bayeux
from conformance.har.people import session_cookie
from conformance.har.reading import Log, read_har

API_PATH = "/api/v2"
EXAMPLES = 10
_CONTROL = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class Options:
    """What a user may have to say of a recording.

    api_path: the prefix of the API's paths (None: wherever `/api/v2` stands in a path). notifications_path: where
    CometD is served, for recordings that do not have its bodies. hosts: the hosts, with ports where they have some,
    that are the deployment (empty: those that answer like one).
    """

    api_path: str | None = None
    notifications_path: str | None = None
    hosts: tuple[str, ...] = ()


@dataclass
class Unjudged:
    """Something that is not judged. examples: a few of it."""

    what: str
    reason: str
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """`{what, reason, count, examples}`."""
        return {"what": self.what, "reason": self.reason, "count": self.count, "examples": list(self.examples)}


class Ledger:
    """Gathers what is not judged, alike things as one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Unjudged] = {}

    def note(self, what: str, reason: str, example: str = "", count: int = 1) -> None:
        """Takes in one more thing."""
        entry = self._kept.setdefault((what, reason), Unjudged(what, reason))
        entry.count += count
        shown = _CONTROL.sub("?", example)[:120]
        if shown and shown not in entry.examples and len(entry.examples) < EXAMPLES:
            entry.examples.append(shown)

    def listed(self) -> tuple[Unjudged, ...]:
        """Everything, the most numerous first."""
        return tuple(sorted(self._kept.values(), key=lambda item: -item.count))


@dataclass
class Capture:
    """A recording: requests to the API and Bayeux in the order of time, and what was left out.

    paths: the path of a request relative to the API, by the number of its entry. frames: of the entries that speak
    Bayeux, by their number.
    """

    path: Path
    log: Log
    total: int
    entries: list[Entry]
    paths: Mapping[int, str]
    frames: Mapping[int, list[Frame]]
    origins: tuple[str, ...]
    unjudged: Ledger


def read_capture(path: Path, options: Options) -> Capture:
    """Reads a HAR. Only what may be a conversation with a GWS is kept.

    Raises:
        HarError: it cannot be read.
    """
    log, ledger = Log(), Ledger()
    kept: list[Entry] = []
    total, last = 0, 0.0
    for raw in read_har(path, log):
        total += 1
        try:
            entry = entry_of(raw, total, last)
        except NoEntry as error:
            ledger.note("entry", f"it has {error}", f"entry {total}")
            continue
        last = entry.start
        asks = _relative(entry.path, options) is not None
        if asks or entry.websocket or speaks_bayeux(entry, options.notifications_path):
            kept.append(entry)
        else:
            ledger.note("other request", "its path is not the API's, and it carries no Bayeux", _host(entry.url))
    origins = _origins(kept, options)
    ours = []
    for entry in kept:
        if entry.origin in origins:
            ours.append(entry)
        else:
            ledger.note("request to another host", "that host does not answer like a GWS", _host(entry.url))
    ours.sort(key=lambda item: (item.start, item.number))
    frames = _frames(ours, options)
    for entry in ours:
        if entry.websocket and entry.number not in frames:
            ledger.note("WebSocket", _why_socket(entry), _host(entry.url) + entry.path)
    spoken = [item for item in ours if not item.websocket or item.number in frames]
    paths = {item.number: _path(item, options) for item in spoken if item.number not in frames}
    return Capture(path, log, total, spoken, paths, frames, tuple(sorted(origins)), ledger)


def deployments(capture: Capture) -> list[Capture]:
    """The recording by deployments. Origins are one deployment where a session cookie or a CometD client id leads from
    one to the other, and where one serves the API alone and the other CometD alone; others are strangers, even where
    the same users are known there."""
    groups = {origin: {origin} for origin in capture.origins}

    def join(first: str, second: str) -> None:
        if groups[first] is not groups[second]:
            groups[first] |= groups[second]
            for origin in groups[second]:
                groups[origin] = groups[first]

    met: dict[str, str] = {}
    for entry in capture.entries:
        for key in _ties(entry, capture.frames.get(entry.number, ())):
            join(met.setdefault(key, entry.origin), entry.origin)
    asks = {entry.origin for entry in capture.entries if entry.number in capture.paths}
    tells = {entry.origin for entry in capture.entries if entry.number in capture.frames}
    halves = [origin for origin in capture.origins if not (groups[origin] & asks and groups[origin] & tells)]
    for origin in halves[1:]:
        join(halves[0], origin)
    out = []
    for group in {id(group): group for group in groups.values()}.values():
        entries = [item for item in capture.entries if item.origin in group]
        out.append(replace(capture, entries=entries, origins=tuple(sorted(group))))
    return out


def _ties(entry: Entry, frames: Iterable[Frame]) -> Iterator[str]:
    """What belongs to one deployment alone: the session cookies and client ids of an entry."""
    for header in (*entry.headers.get("cookie", ()), *entry.reply_headers.get("set-cookie", ())):
        cookie = session_cookie(header)
        if cookie:
            yield f"cookie {cookie}"
    for frame in frames:
        for message in frame.messages:
            if isinstance(message, Mapping) and isinstance(message.get("clientId"), str) and not frame.sent:
                yield f"client {message['clientId']}"


def _why_socket(entry: Entry) -> str:
    if entry.sockets is None:
        return "the recording does not have its messages"
    return "its messages are no Bayeux"


def _relative(path: str, options: Options) -> str | None:
    """A path relative to the API; None where it is not the API's."""
    if options.api_path is not None:
        prefix = options.api_path.rstrip("/")
        return (path[len(prefix) :] or "/") if path == prefix or path.startswith(prefix + "/") else None
    found = re.search(re.escape(API_PATH) + r"(?=/|$)", path)
    return (path[found.end() :] or "/") if found else None


def _path(entry: Entry, options: Options) -> str:
    """The path of a request with its query, relative to the API."""
    parts = urlsplit(entry.url)
    relative = _relative(parts.path or "/", options) or parts.path
    return f"{relative}?{parts.query}" if parts.query else relative


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2][:100]


def _origins(entries: Iterable[Entry], options: Options) -> set[str]:
    """The origins that are the deployment: those that were named, or those that speak Bayeux or answer with a
    `statusCode` in the body."""
    if options.hosts:
        wanted = {host.lower() for host in options.hosts}
        return {item.origin for item in entries if _named(item.origin, wanted)}
    return {item.origin for item in entries if _answers(item) or speaks_bayeux(item, options.notifications_path)}


def _named(origin: str, wanted: set[str]) -> bool:
    host = origin.partition("://")[2]
    return host in wanted or host.rpartition(":")[0] in wanted or origin in wanted


def _answers(entry: Entry) -> bool:
    body = entry.body.json if entry.body is not None else None
    return isinstance(body, Mapping) and "statusCode" in body


def _frames(entries: Iterable[Entry], options: Options) -> dict[int, list[Frame]]:
    """The frames of every entry that speaks Bayeux, and of those that were sent to where it is spoken."""
    listed = list(entries)
    speaking = [item for item in listed if speaks_bayeux(item, options.notifications_path)]
    places = {(item.origin, item.path.rstrip("/")) for item in speaking}
    numbers = {item.number for item in speaking}
    out = {}
    for item in listed:
        beside = (item.origin, item.path.rstrip("/")) in places and not (item.websocket and item.sockets)
        if item.number in numbers or beside:
            out[item.number] = frames_of(item)
    return out
