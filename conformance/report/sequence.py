"""A scenario's timeline as a picture: lanes for the actors and the server, and what passed between them, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.judge.findings import Finding
from conformance.judge.timeline import Event, Scenario
from conformance.report.text import one_line, pretty

ROWS = 80
"""Rows of one picture."""
BODY = 1500
"""Characters of a body."""
HEADERS = 500
"""Characters of the headers of a message."""
SERVER = "server"
_DULL_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "date", "host", "keep-alive", "server"}
    | {"transfer-encoding", "user-agent"}
)


@dataclass(frozen=True)
class Row:
    """One row. `way`: `out` (actor to server), `in` (a reply), `event` (a notification), `note`, `step` (a heading).

    seq: position in the timeline. t: seconds since the scenario began. body: what to show when it is opened.
    bad: a status of 400 or more, or no reply. about: the checks whose evidence it is.
    """

    seq: int
    t: float
    way: str
    actor: str
    text: str
    body: str = ""
    bad: bool = False
    about: tuple[str, ...] = ()

    def as_json(self, lanes: Sequence[str], body: int) -> list[Any]:
        """`[seq, t, way, lane, text, body, bad, about]`: short, because a report holds thousands."""
        lane = lanes.index(self.actor) if self.actor in lanes else -1
        cut = self.body if len(self.body) <= body else self.body[:body] + "..."
        return [self.seq, round(self.t, 3), self.way, lane, self.text, cut, int(self.bad), list(self.about)]


@dataclass(frozen=True)
class Picture:
    """The picture of a scenario; `left_out`: how many rows are not in it."""

    lanes: tuple[str, ...]
    rows: tuple[Row, ...] = field(default_factory=tuple)
    left_out: int = 0

    def as_json(self, body: int = BODY) -> dict[str, Any]:
        """`{lanes, rows, left}` with bodies of at most `body` characters."""
        return {
            "lanes": list(self.lanes),
            "rows": [item.as_json(self.lanes, body) for item in self.rows],
            "left": self.left_out,
        }


def sequence(scenario: Scenario, findings: Iterable[Finding], *, rows: int = ROWS) -> Picture:
    """The picture of a scenario. Where it is too long, the steps with evidence of a finding that is no pass are kept;
    where there is none (a state was not reached), the end is."""
    about: dict[int, list[str]] = {}
    for finding in findings:
        if finding.verdict not in {"passed", "skipped"}:
            for seq in finding.evidence:
                about.setdefault(seq, []).append(one_line(finding.check, 80))
    made = list(_rows(scenario, {seq: tuple(dict.fromkeys(names)) for seq, names in about.items()}))
    telling = {event.step for event in scenario.events if event.seq in about}
    steps = {event.seq: event.step for event in scenario.events}
    telling.discard(None)
    way = 1 if telling else -1
    ranked = sorted(range(len(made)), key=lambda place: (not _tells(made[place], steps, telling), way * place))
    kept = sorted(ranked[:rows])
    actors = dict.fromkeys(made[place].actor for place in kept if made[place].actor)
    return Picture((*actors, SERVER), tuple(made[place] for place in kept), len(made) - len(kept))


def _tells(row: Row, steps: Mapping[int, int | None], telling: set[int | None]) -> bool:
    return bool(row.about) or steps.get(row.seq) in telling


def _rows(scenario: Scenario, about: Mapping[int, tuple[str, ...]]) -> Iterator[Row]:
    start = scenario.events[0].t if scenario.events else 0.0
    quiet = {
        event.payload.get("exchange")
        for event in scenario.events
        if event.kind == "http.request" and event.payload.get("purpose") == "cometd"
    }
    for event in scenario.events:
        evidence = about.get(event.seq, ())
        # The requests that carry Bayeux frames say nothing that the frames do not say.
        if not evidence and event.kind.startswith("http.") and event.payload.get("exchange") in quiet:
            continue
        if not evidence and event.kind in {"cometd.send", "cometd.receive"} and not _is_telling_frame(event):
            continue
        shown = _shown(event)
        if shown is not None:
            way, text, body, bad = shown
            actor = "" if way == "step" else one_line(event.actor or "", 40)
            yield Row(event.seq, event.t - start, way, actor, one_line(text, 160), body, bad, evidence)


def _is_telling_frame(event: Event) -> bool:
    """Whether a frame has more in it than a held connect and the events, which have rows of their own."""
    messages = event.payload.get("messages")
    for message in messages if isinstance(messages, list | tuple) else ():
        if not isinstance(message, Mapping):
            return True
        channel = str(message.get("channel"))
        if channel.startswith("/meta/") and (channel != "/meta/connect" or message.get("successful") is False):
            return True
    return "text" in event.payload


def _shown(event: Event) -> tuple[str, str, str, bool] | None:
    """(way, text, body, bad) of an event; None for one that the picture does not need."""
    payload = event.payload
    if event.kind == "step.start":
        info = payload.get("info")
        return "step", step_text(info if isinstance(info, Mapping) else {}), "", False
    if event.kind == "http.request":
        name = payload["body"].get("operationName") if isinstance(payload.get("body"), Mapping) else None
        text = f"{payload.get('method')} {payload.get('path') or payload.get('url')}" + (f" {name}" if name else "")
        return "out", text, _message(payload), False
    if event.kind == "http.response":
        status = payload.get("status")
        code = payload["body"].get("statusCode") if isinstance(payload.get("body"), Mapping) else None
        text = f"HTTP {status}" + (f", statusCode {one_line(code, 40)}" if code is not None else "")
        return "in", text, _message(payload), not isinstance(status, int) or status >= 400
    if event.kind == "http.error":
        return "in", f"no reply: {payload.get('error')}", "", True
    if event.kind == "cometd.event":
        return "event", _event_text(payload), pretty(payload.get("data"), BODY), False
    if event.kind in {"cometd.send", "cometd.receive"}:
        messages = payload.get("messages") or payload.get("text")
        way = "out" if event.kind == "cometd.send" else "in"
        return way, f"frame: {_channels(payload)}", pretty(messages, BODY), False
    if event.kind == "cometd.state":
        return "note", f"CometD {payload.get('from')} to {payload.get('to')}: {payload.get('reason')}", "", False
    if event.kind == "cometd.error":
        return "note", f"CometD: {payload.get('error')}", "", True
    if event.kind in {"stimulus", "stimulus.done", "note"}:
        return (
            "note",
            str(payload.get("text") or f"{event.kind} {payload.get('name', '')}"),
            pretty(payload, BODY),
            payload.get("ok") is False,
        )
    return None


def step_text(info: Mapping[str, Any], title: str = "") -> str:
    """A step in a line: who does what, as which case, and the step's label. `title` stands for the operation's id."""
    who = f"{info['performer']}: " if info.get("performer") else ""
    what = title or str(info.get("operation") or "")
    case = str(info.get("case", "setup"))
    label = f" [{info['label']}]" if info.get("label") else ""
    return f"{who}{what} ({case}){label}" if what else f"{who}{case}{label}"


def _event_text(payload: Mapping[str, Any]) -> str:
    data = payload.get("data")
    data = data if isinstance(data, Mapping) else {}
    words = [str(data.get("messageType") or payload.get("channel") or "event")]
    words += [f"/{data['notificationType']}"] if data.get("notificationType") else []
    for name in ("call", "chat"):
        resource = data.get(name)
        if isinstance(resource, Mapping) and resource.get("state"):
            words.append(f" {resource['state']}")
    return "".join(words)


def _channels(payload: Mapping[str, Any]) -> str:
    messages = payload.get("messages")
    listed = [item.get("channel") for item in messages or () if isinstance(item, Mapping)]
    return ", ".join(str(name) for name in dict.fromkeys(listed)) or "no message"


def _message(payload: Mapping[str, Any]) -> str:
    headers = payload.get("headers")
    lines = [
        f"{one_line(name, 100)}: {one_line(', '.join(map(str, values)) if isinstance(values, list) else values, 200)}"
        for name, values in (headers.items() if isinstance(headers, Mapping) else ())
        if str(name).lower() not in _DULL_HEADERS
    ]
    head = "\n".join(lines)[:HEADERS]
    body = payload.get("body") if payload.get("body") is not None else payload.get("text")
    return head + ("\n\n" if head and body else "") + (pretty(body, BODY) if body is not None else "")
