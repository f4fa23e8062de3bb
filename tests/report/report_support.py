"""Timelines, findings, a small contract and whole runs for the tests of the reports. Nothing here needs a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from conformance.contract import Ambiguity, Contract, Operation, Response, Rule, Source, State, Statechart, Transition
from conformance.contract.model import Reading
from conformance.judge.findings import Finding, Verdict
from conformance.judge.timeline import Scenario, scenario
from conformance.report.model import Results, RunInfo, build_results

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}} & ]]> \x1b[2J\x1b]0;owned\x07"
    " [bold red]x[/] \x00\x08 \ud800 \u202eevil\u2028line\ufffe"
)
"""What a server might say to whoever shows it: markup, terminal commands, rich markup, NUL, half a character."""


@dataclass(frozen=True)
class FakeEvent:
    """One line of a timeline, as the judge reads it."""

    seq: int
    t: float
    actor: str | None
    scenario: str | None
    step: int | None
    kind: str
    payload: Mapping[str, Any]


class Tape:
    """Records events of one scenario after another, 10 ms apart."""

    def __init__(self) -> None:
        self.seq = 0
        self.exchanges = 0
        self._events: list[FakeEvent] = []
        self._scenario = ""
        self._step: int | None = None

    def add(self, kind: str, payload: Mapping[str, Any], actor: str | None = None) -> int:
        """Records an event; its position."""
        self.seq += 1
        self._events.append(
            FakeEvent(self.seq, self.seq / 100, actor, self._scenario or None, self._step, kind, payload)
        )
        return self.seq

    def begin(self, name: str, **info: Any) -> None:
        """Begins a scenario."""
        self._scenario, self._step, self._events = name, None, []
        self.add("scenario.start", {"id": name, "info": info})

    def step(self, operation: str = "voice.Hold", case: str = "transition", **info: Any) -> int:
        """Begins a step."""
        self._step = (self._step or 0) + 1
        declared = {"operation": operation, "case": case, "performer": "agent", "role": "self", **info}
        return self.add("step.start", {"info": declared})

    def request(self, method: str = "POST", path: str = "/me/calls/7", body: Any = None, **payload: Any) -> int:
        """Records a request."""
        self.exchanges += 1
        url = f"https://gws.example.com/api/v2{path}"
        headers = {
            "authorization": ["Basic <secret:agent password basic#1>"],
            "cookie": ["JSESSIONID=<secret:cookie#1>"],
            "x-csrf-token": ["<secret:token#1>"],
            "content-type": ["application/json"],
            "host": ["gws.example.com"],
        }
        full = {"exchange": self.exchanges, "method": method, "url": url, "path": path, "headers": headers}
        return self.add("http.request", {**full, "body": body, "text": None, "purpose": "api", **payload}, "agent")

    def reply(self, body: Any, status: int = 200) -> int:
        """Records the reply to the last request."""
        payload = {
            "exchange": self.exchanges,
            "status": status,
            "headers": {"content-type": ["application/json"]},
            "body": body,
            "text": None,
            "json": True,
            "bytes": 10,
            "truncated": False,
            "elapsed": 0.01,
        }
        return self.add("http.response", payload, "agent")

    def told(self, data: Any, actor: str = "agent", channel: str = "/v2/me/calls") -> int:
        """Records a CometD event."""
        payload = {"session": f"{actor}/1", "channel": channel, "data": data, "frame": self.seq, "index": 0}
        return self.add("cometd.event", payload, actor)

    def end(self, outcome: str = "played", reason: str = "") -> Scenario:
        """Ends the scenario and answers it."""
        self._step = None
        self.add("scenario.end", {"id": self._scenario, "info": {"outcome": outcome, "reason": reason}})
        return scenario(self._scenario, list(self._events))


def small_contract() -> Contract:
    """Two operations, one chart with three transitions, four rules, one ambiguity."""
    source = Source("Hold", (5677, 5772))

    def operation(name: str, area: str = "voice", **more: Any) -> Operation:
        path = "/me/calls/{id}" if area == "voice" else "/contacts"
        return Operation(
            id=f"{area}.{name}",
            area=area,
            title=name,
            summary=f"{name} of {area}.",
            source=source,
            method="POST",
            path=path,
            responses=(Response(200, 0),),
            hazard="state",
            **more,
        )

    operations = [operation("Hold"), operation("Retrieve"), operation("List", "contacts")]
    states = {name: State(name, {"state": name}, ()) for name in ("Ringing", "Established", "Held")}
    transitions = (
        Transition("voice.Dial", "start", "Ringing", "call"),
        Transition("voice.Hold", "Established", "Held", "call"),
        Transition("voice.Retrieve", "Held", "Established", "call"),
    )
    chart = Statechart("call", "voice", "call", "call", "A call", source, states, transitions)
    rules = [
        Rule("voice.hold.state", "voice", "must", "Hold makes a call Held.", source, ("voice.Hold",), ("state.after",)),
        Rule("voice.retrieve.state", "voice", "must", "Retrieve.", source, ("voice.Retrieve",), ("state.after",)),
        Rule("voice.reply", "voice", "must", "Replies carry a statusCode.", source, (), ("response.statusCode",)),
        Rule("voice.untold", "voice", "must", "Cannot be seen.", source, (), (), "nothing shows it"),
    ]
    ambiguity = Ambiguity(
        "voice.number",
        "voice",
        "The number is printed in two ways.",
        (source,),
        (Reading("short", "without the area code", True), Reading("long", "with it", False)),
        "short",
    )
    return Contract(
        root=ROOT / "schemas",
        areas={"voice": "Voice API", "contacts": "Contacts API"},
        operations={item.id: item for item in operations},
        statecharts={"call": chart},
        rules={item.id: item for item in rules},
        ambiguities={ambiguity.id: ambiguity},
        negatives={},
        status_codes={},
        digest="d" * 64,
    )


def run_info(**changes: Any) -> RunInfo:
    """The facts of a run without a problem."""
    base = RunInfo(
        id="run-2031-05-06T07:08:09Z",
        started="2031-05-06T07:08:09.000Z",
        finished="2031-05-06T07:09:10.000Z",
        duration=61.0,
        suite_version="0.1.0",
        contract_digest="d" * 64,
        arguments=("run", "--target", "target.toml"),
        server_version="8.5.201.95",
        features=("api-voice", "api-multimedia-chat"),
        target={
            "baseUrl": "https://gws.example.com",
            "edition": "8.5",
            "users": {"agent": "agent1"},
            "hazards": ["read", "state"],
            "deadlines": {"request": 10.0, "notification": 5.0, "grace": 0.25},
        },
    )
    return replace(base, **changes)


def finding(verdict: Verdict = "passed", scenario: str = "voice.Hold/1", **changes: Any) -> Finding:
    """A finding of a check."""
    base = Finding(
        id=f"{scenario}/state.after",
        scenario=scenario,
        area="voice",
        operation="voice.Hold",
        check="state.after",
        verdict=verdict,
        level="should" if verdict == "warning" else "must",
        message="call is Held" if verdict == "passed" else f"the check {verdict}",
        expected="Held (state = Held)",
        seen="Established",
        rule="voice.hold.state",
        source=Source("Hold", (5677, 5772)),
    )
    return replace(base, **changes)


def results_of(findings: Sequence[Finding], scenarios: Sequence[Scenario] = (), **run: Any) -> Results:
    """The results of findings under the small contract."""
    return build_results(run_info(**run), findings, scenarios, small_contract())


def hold(tape: Tape, name: str = "voice.Hold/1", *, text: str = "", **info: Any) -> tuple[Scenario, int]:
    """A scenario in which an agent holds a call; the position of the notification. `text` is the server's."""
    declared = {"area": "voice", "operation": "voice.Hold", "title": f"Hold, {name}", "cast": {"self": "agent"}}
    tape.begin(name, **{**declared, **info})
    tape.step("voice.Dial", "setup", expect={"chart": "call", "state": "Established"})
    tape.request(path="/me/devices/1/calls", body={"operationName": "Dial"})
    tape.reply({"statusCode": 0})
    tape.step("voice.Hold", expect={"chart": "call", "state": "Held", "actor": "agent"})
    tape.request(body={"operationName": "Hold"})
    tape.reply({"statusCode": 0, "note": text} if text else {"statusCode": 0})
    seq = tape.told(
        {
            "messageType": "CallStateChangeMessage",
            "notificationType": "StatusChange",
            "call": {"id": "7", "state": "Held", "note": text},
        }
    )
    tape.add("step.end", {"info": {}})
    return tape.end(), seq


def world(count: int, *, text: str = "", bad_every: int = 4) -> tuple[Results, list[Scenario]]:
    """A run of `count` scenarios of which every `bad_every`th did not pass, its verdicts in turn."""
    tape, played, findings = Tape(), [], []
    turn: tuple[Verdict, ...] = ("failed", "warning", "failed", "untestable", "failed", "skipped", "error")
    checks = ("http.status", "response.statusCode", "response.schema", "notification.sent", "capabilities.after")
    for number in range(count):
        area = "contacts" if number % 5 == 4 else "voice"
        name = f"{area}/{'List' if area == 'contacts' else 'Hold'}/{number}"
        operation = "contacts.List" if area == "contacts" else ("voice.Retrieve" if number % 3 else "voice.Hold")
        item, seq = hold(
            tape, name, text=text, area=area, operation=operation, title=f"{operation} from state {number}"
        )
        played.append(item)
        evidence = (seq - 2, seq - 1, seq)
        common: dict[str, Any] = {"area": area, "operation": operation, "evidence": evidence}
        findings += [
            finding("passed", name, check=check, id=f"{name}/{check}", message="as documented", **common)
            for check in checks
        ]
        findings.append(finding("passed", name, readings=("voice.number/short",), **common))
        if number % bad_every == 0:
            verdict = turn[number // bad_every % len(turn)]
            message = f"call is not Held: state = Established {text}"
            findings.append(
                finding(verdict, name, id=f"{name}/bad", message=message, seen=text or "Established", **common)
            )
    return results_of(findings, played), played


VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})


class Page(HTMLParser):
    """Reads an HTML page: whether its elements are balanced, which addresses it names, what its scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.ids: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self._texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.text = "".join(self._texts)
        self.problems += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "action", "srcset", "data", "poster"}:
                self.addresses.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(f"{tag} {name}={value}")
            if name == "id":
                self.ids.append(value or "")
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self._open[-1:] or 'nothing'}")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["script"]:
            attrs, text = self.scripts[-1]
            self.scripts[-1] = (attrs, text + data)
        elif self._open[-1:] != ["style"]:
            self._texts.append(data)
