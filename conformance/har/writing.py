"""Writes the timeline of a run as HAR 1.2, for browsers' developer tools and everything else that reads HAR.

The timeline is gone through twice: once to see which lines belong to which exchange, once to write the entries, line by
line. Neither is ever in memory as a whole. Scenarios are the pages of the HAR; Bayeux messages are the bodies of the
requests that carried them, or the messages of a WebSocket (`_webSocketMessages`, as Chrome writes them). Secrets were
replaced before the timeline was written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from conformance import __version__
from conformance.wire.bodies import dump_json

REMARK = "Secrets are replaced by <secret:label#n>, equal ones by the same placeholder. Each page is a scenario."
NO_TIME = {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "receive": 0}


@dataclass(slots=True)
class _Exchange:
    """Where the lines of an exchange begin in the timeline; -1: it has none."""

    request: int
    scenario: str | None
    outcome: int = -1
    sent: int = -1
    told: int = -1
    frames: list[int] = field(default_factory=list)
    websocket: bool = False


@dataclass(slots=True)
class _Page:
    id: str
    title: str
    start: float
    end: float


@dataclass(slots=True)
class _Held:
    """A Bayeux frame that was sent, until its request is seen; and the ids of its messages."""

    at: int
    session: str
    ids: frozenset[str]
    size: int
    websocket: bool


def write_har(timeline: Path | None, path: Path) -> int:
    """Writes the HAR of a timeline (None, or one that is not there: a HAR without entries); how many entries it has.

    A timeline that ends in the middle, of a run that was killed, gives the entries until there. The file appears as a
    whole or not at all.

    Raises:
        OSError: it cannot be written, or the timeline cannot be read.
    """
    beside = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        with beside.open("w", encoding="ascii") as file:
            count = _write(timeline, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count


def _write(timeline: Path | None, file: IO[str]) -> int:
    if timeline is None or not timeline.exists():
        file.write(_head([]) + "]}}\n")
        return 0
    with timeline.open("rb") as lines:
        index = _Index()
        for at, event in _events(lines):
            index.take(at, event)
        file.write(_head(index.pages))
        count = 0
        for exchange in index.exchanges.values():
            entry = _entry(exchange, lines, index)
            file.write(("," if count else "") + "\n" + json.dumps(entry, ensure_ascii=True, allow_nan=False))
            count += 1
        file.write("\n]}}\n")
    return count


def _head(pages: Sequence[_Page]) -> str:
    listed = [
        {
            "startedDateTime": _time(page.start),
            "id": page.id,
            "title": page.title,
            "pageTimings": {"onContentLoad": -1, "onLoad": round(max(page.end - page.start, 0) * 1000, 3)},
        }
        for page in pages
    ]
    log = {"version": "1.2", "creator": {"name": "gws-conformance", "version": __version__}, "comment": REMARK}
    text = json.dumps({"log": {**log, "pages": listed}}, ensure_ascii=True, allow_nan=False)
    return text.removesuffix("}}") + ', "entries": ['


def _events(lines: IO[bytes]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """(offset, event) of each complete line; a line that was cut ends it."""
    at = 0
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            return
        if not isinstance(event, dict) or not isinstance(event.get("payload"), dict):
            return
        yield at, event
        at += len(line)


class _Index:
    """Which lines belong to which exchange."""

    def __init__(self) -> None:
        self.exchanges: dict[int, _Exchange] = {}
        self.pages: list[_Page] = []
        self.epoch = 0.0
        self._players = 1
        self._open: dict[str, _Page] = {}
        self._held: dict[tuple[str, int], list[_Held]] = {}
        self._replied: dict[tuple[str, int], list[tuple[int, frozenset[str]]]] = {}
        self._asked: dict[int, frozenset[str]] = {}
        self._sockets: dict[str, _Exchange] = {}

    def take(self, at: int, event: Mapping[str, Any]) -> None:
        """Takes in one line."""
        kind, payload, actor = event["kind"], event["payload"], str(event.get("actor"))
        if kind == "run.start":
            players = payload.get("info", {}).get("players")
            self._players = players if isinstance(players, int) and players > 0 else 1
            self.epoch = datetime.fromisoformat(event["wall"]).timestamp() - float(event["t"])
        elif kind == "scenario.start":
            info = payload.get("info")
            title = info.get("title") if isinstance(info, Mapping) else None
            start = self.epoch + float(event["t"])
            self.pages.append(_Page(str(payload["id"]), str(title or payload["id"]), start, start))
            self._open[str(payload["id"])] = self.pages[-1]
        elif kind == "scenario.end" and payload["id"] in self._open:
            self._open.pop(payload["id"]).end = self.epoch + float(event["t"])
        elif kind == "http.request":
            self._request(at, payload, actor, event.get("scenario"))
        elif kind in ("http.response", "http.error"):
            self._outcome(at, kind, payload, actor)
        elif kind == "cometd.send":
            self._sent(at, payload, actor)
        elif kind == "cometd.receive":
            self._received(at, payload, actor)

    def _lane(self, actor: str, number: int) -> tuple[str, int]:
        """Whose frames and requests may belong together: those of one actor in one of the processes that play, which
        number theirs in turn."""
        return actor, (number - 1) % self._players

    def _request(self, at: int, payload: Mapping[str, Any], actor: str, scenario: Any) -> None:
        websocket = str(payload["url"]).startswith("ws")
        exchange = _Exchange(at, scenario if isinstance(scenario, str) else None, websocket=websocket)
        self.exchanges[payload["exchange"]] = exchange
        if payload.get("purpose") != "cometd":
            return
        held = self._held.get(self._lane(actor, payload["exchange"]), [])
        lengths = payload["headers"].get("content-length") or [""]
        fits = [item for item in held if item.websocket == websocket]
        # Two threads may have a frame in hand at once: the length tells whose request this is.
        fits = [item for item in fits if str(item.size) == str(lengths[0])] or fits
        if not fits:
            return
        found = fits[0]
        held.remove(found)
        if websocket:
            self._sockets[found.session] = exchange
            exchange.frames.append(found.at)
        else:
            exchange.sent = found.at
            self._asked[payload["exchange"]] = found.ids

    def _outcome(self, at: int, kind: str, payload: Mapping[str, Any], actor: str) -> None:
        exchange = self.exchanges.get(payload["exchange"])
        if exchange is None or exchange.outcome >= 0:
            return
        exchange.outcome = at
        ids = self._asked.pop(payload["exchange"], None)
        if kind == "http.response" and ids is not None:
            self._replied.setdefault(self._lane(actor, payload["exchange"]), []).append((payload["exchange"], ids))

    def _sent(self, at: int, payload: Mapping[str, Any], actor: str) -> None:
        socket = self._sockets.get(payload["session"])
        websocket = payload.get("transport") == "websocket"
        if websocket and socket is not None:
            socket.frames.append(at)
            return
        body = payload.get("text")
        size = len(body.encode()) if isinstance(body, str) else len(dump_json(payload["messages"]))
        held = _Held(at, payload["session"], _ids(payload), size, websocket)
        self._held.setdefault(self._lane(actor, _number(payload["session"])), []).append(held)

    def _received(self, at: int, payload: Mapping[str, Any], actor: str) -> None:
        if payload.get("transport") == "websocket":
            socket = self._sockets.get(payload["session"])
            if socket is not None:
                socket.frames.append(at)
            return
        replied = self._replied.get(self._lane(actor, _number(payload["session"])), [])
        ids = _ids(payload)
        fits = [item for item in replied if item[1] & ids] or replied
        if fits:
            found = fits[0]
            replied.remove(found)
            self.exchanges[found[0]].told = at


def _number(session: str) -> int:
    """The number in a session's name, `actor/number`."""
    number = session.rpartition("/")[2]
    return int(number) if number.isdigit() else 1


def _ids(payload: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        f"{item.get('channel')} {item.get('id')}"
        for item in payload["messages"]
        if isinstance(item, Mapping) and "id" in item
    )


# -- entries ----------------------------------------------------------------------------------------------------------


def _read(lines: IO[bytes], at: int) -> Mapping[str, Any]:
    lines.seek(at)
    event: Mapping[str, Any] = json.loads(lines.readline())
    return event


def _entry(exchange: _Exchange, lines: IO[bytes], index: _Index) -> dict[str, Any]:
    """The entry of an exchange."""
    request = _read(lines, exchange.request)
    outcome = _read(lines, exchange.outcome) if exchange.outcome >= 0 else None
    frames = [_read(lines, at) for at in exchange.frames]
    sent = _read(lines, exchange.sent)["payload"] if exchange.sent >= 0 else None
    told = _read(lines, exchange.told)["payload"] if exchange.told >= 0 else None
    start = index.epoch + float(request["t"])
    time = _elapsed(request, outcome, frames)
    entry: dict[str, Any] = {"pageref": exchange.scenario} if exchange.scenario is not None else {}
    entry |= {
        "startedDateTime": _time(start),
        "time": time,
        "request": _request(request["payload"], sent),
        "response": _response(outcome, told),
        "cache": {},
        "timings": {**NO_TIME, "wait": time},
    }
    if exchange.websocket:
        entry |= {
            "_resourceType": "websocket",
            "_webSocketMessages": [_message(item, index.epoch) for item in frames],
        }
    return entry


def _elapsed(
    request: Mapping[str, Any], outcome: Mapping[str, Any] | None, frames: Sequence[Mapping[str, Any]]
) -> float:
    """Milliseconds; of a WebSocket those of its life."""
    if frames:
        return round((float(frames[-1]["t"]) - float(request["t"])) * 1000, 3)
    if outcome is None:
        return 0
    # Not the reply's own `elapsed`: the order in which requests and notifications were recorded must stay what it was.
    return round(max(float(outcome["t"]) - float(request["t"]), 0) * 1000, 3)


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _request(payload: Mapping[str, Any], sent: Mapping[str, Any] | None) -> dict[str, Any]:
    text = _sent_text(payload, sent)
    out: dict[str, Any] = {
        "method": payload["method"],
        "url": payload["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": _cookies(payload["headers"].get("cookie"), "; "),
        "headers": _headers(payload["headers"]),
        "queryString": [
            {"name": name, "value": value}
            for name, value in parse_qsl(urlsplit(payload["url"]).query, keep_blank_values=True)
        ],
        "headersSize": -1,
        "bodySize": len(text.encode("utf-8", "replace")) if text is not None else 0,
    }
    if text is not None:
        kind = (payload["headers"].get("content-type") or [""])[0]
        out["postData"] = {"mimeType": kind, "text": text}
    return out


def _sent_text(payload: Mapping[str, Any], sent: Mapping[str, Any] | None) -> str | None:
    if sent is not None:
        raw = sent.get("text")
        return raw if isinstance(raw, str) else _json(sent["messages"])
    if payload.get("text") is not None:
        return str(payload["text"])
    if payload.get("body") is not None:
        return _json(payload["body"])
    # The JSON `null` is a body too; without it nothing was sent.
    return "null" if (payload["headers"].get("content-length") or ["0"])[0] == "4" else None


def _response(outcome: Mapping[str, Any] | None, told: Mapping[str, Any] | None) -> dict[str, Any]:
    payload: Mapping[str, Any] = {"error": "the run ended before a reply came"}
    if outcome is not None:
        payload = outcome["payload"]
    status = int(payload.get("status") or 0)
    headers: Mapping[str, Sequence[str]] = payload.get("headers") or {}
    content: dict[str, Any] = {
        "size": int(payload.get("bytes") or 0),
        "mimeType": (headers.get("content-type") or [""])[0],
    }
    text = _told_text(payload, told) if status else None
    if text is not None:
        content["text"] = text
    if payload.get("truncated"):
        content["comment"] = "cut: the timeline keeps no more of it"
    out: dict[str, Any] = {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": "HTTP/1.1",
        "cookies": [one for value in headers.get("set-cookie", ()) for one in _cookies([value], None)],
        "headers": _headers(headers),
        "content": content,
        "redirectURL": (headers.get("location") or [""])[0],
        "headersSize": -1,
        "bodySize": -1,
    }
    if not status:
        out["_error"] = str(payload.get("error"))
    return out


def _told_text(payload: Mapping[str, Any], told: Mapping[str, Any] | None) -> str:
    if payload.get("json"):
        if told is not None and payload.get("body") is None:
            return _json(told["messages"])
        return _json(payload.get("body"))
    return str(payload.get("text") or "")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _headers(headers: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, values in headers.items() for value in values]


def _cookies(values: Sequence[str] | None, separator: str | None) -> list[dict[str, str]]:
    """Name and value of the cookies of a header; of a Set-Cookie header the first pair is the cookie."""
    pairs = [
        part for value in values or () for part in (value.split(";")[:1] if separator is None else value.split(";"))
    ]
    return [
        {"name": name.strip(), "value": value.strip()} for name, _, value in (pair.partition("=") for pair in pairs)
    ]


def _message(frame: Mapping[str, Any], epoch: float) -> dict[str, Any]:
    payload = frame["payload"]
    raw = payload.get("text")
    return {
        "type": "send" if frame["kind"] == "cometd.send" else "receive",
        "time": round(epoch + float(frame["t"]), 6),
        "opcode": 1,
        "data": raw if isinstance(raw, str) else _json(payload["messages"]),
    }


def _json(value: Any) -> str:
    return dump_json(value).decode("utf-8")
