"""Timelines by hand: a few lines say what actors asked, what a server answered and what it told them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from conformance.contract import load_contract
from conformance.judge import Finding, judge_scenario
from conformance.judge.timeline import Scenario, scenario

CONTRACT = load_contract()
BASE = "https://gws.example.com"
API = f"{BASE}/api/v2"
CAST = {
    "self": "agent",
    "second": "second_agent",
    "supervisor": "supervisor",
    "admin": "admin",
    "customer": "customer",
}
FEATURES = sorted({name for item in CONTRACT.operations.values() for name in item.features})
JSON = "application/json"
LOGGED_IN = {
    "authorization": ["Basic <secret:agent password basic#1>"],
    "cookie": ["JSESSIONID=<secret:cookie#1>"],
}


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


class Timeline:
    """Records one scenario. `marks` keeps places by name, for tests that ask where a finding points."""

    def __init__(self, name: str = "voice.made[up]", *, area: str = "voice", cast: Any = None, **info: Any) -> None:
        self.name = name
        self.events: list[FakeEvent] = []
        self.marks: dict[str, int] = {}
        self._seq, self._t = 0, 0.0
        self._step: int | None = None
        self._exchange = 0
        declared = {"area": area, "title": name, "cast": CAST if cast is None else cast, **info}
        self.add("scenario.start", {"id": name, "info": declared})

    def add(self, kind: str, payload: Mapping[str, Any], actor: str | None = None, mark: str = "") -> Self:
        """Records an event, 10 ms after the one before."""
        self._seq += 1
        self._t = round(self._t + 0.01, 6)
        event = FakeEvent(self._seq, self._t, actor, self.name, self._step, kind, payload)
        self.events.append(event)
        if mark:
            self.marks[mark] = event.seq
        return self

    def later(self, seconds: float) -> Self:
        """Lets time pass."""
        self._t += seconds
        return self

    def step(self, operation: str = "", case: str = "positive", performer: str = "agent", **info: Any) -> Self:
        """Begins a step; a step before it ends."""
        if self._step is not None and self.events[-1].kind != "step.end":
            self.done()
        self._step = (self._step or 0) + 1
        declared = {
            "operation": operation,
            "case": case,
            "performer": performer,
            "role": "self",
            "label": "",
            "features": FEATURES,
            "listening": list(CAST.values()),
            **info,
        }
        return self.add("step.start", {"info": declared})

    def done(self, **info: Any) -> Self:
        """Ends the step."""
        return self.add("step.end", {"info": info})

    def outside(self) -> Self:
        """What follows is recorded outside any step, as after `done`."""
        self._step = None
        return self

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        actor: str = "agent",
        headers: Mapping[str, Sequence[str]] | None = None,
        mark: str = "request",
        **payload: Any,
    ) -> Self:
        """A request below the API."""
        self._exchange += 1
        full = {
            "exchange": self._exchange,
            "method": method,
            "url": API + path,
            "path": path,
            "headers": dict(LOGGED_IN if headers is None else headers),
            "body": body,
            "text": None,
            "purpose": "api",
        }
        return self.add("http.request", {**full, **payload}, actor, mark)

    def say(
        self,
        body: Any = None,
        *,
        status: int = 200,
        text: str | None = None,
        headers: Mapping[str, Sequence[str]] | None = None,
        actor: str = "agent",
        mark: str = "reply",
        exchange: int | None = None,
    ) -> Self:
        """The reply to the last request."""
        told = {"content-type": [JSON if text is None else "text/html"]} | dict(headers or {})
        payload = {
            "exchange": exchange or self._exchange,
            "status": status,
            "headers": told,
            "body": body if text is None else None,
            "text": text,
            "json": text is None and body is not None,
            "bytes": 10,
            "truncated": False,
            "elapsed": 0.01,
        }
        return self.add("http.response", payload, actor, mark)

    def lost(self, error: str = "ReadTimeout", *, actor: str = "agent", mark: str = "reply") -> Self:
        """No reply came."""
        return self.add("http.error", {"exchange": self._exchange, "error": error}, actor, mark)

    def tell(
        self, data: Any, channel: str = "/v2/me/calls", *, actor: str = "agent", session: str = "", mark: str = "told"
    ) -> Self:
        """A CometD event."""
        payload = {"session": session or f"{actor}/1", "channel": channel, "data": data, "frame": self._seq, "index": 0}
        return self.add("cometd.event", payload, actor, mark)

    def frame(
        self, kind: str, *messages: Mapping[str, Any], actor: str = "agent", session: str = "", mark: str = ""
    ) -> Self:
        """A CometD frame: `send` or `receive`."""
        payload: dict[str, Any] = {"session": session or f"{actor}/1", "transport": "long-polling"}
        if kind == "receive":
            payload["status"] = 200
        return self.add(f"cometd.{kind}", {**payload, "messages": list(messages)}, actor, mark or kind)

    def end(self, outcome: str = "played", reason: str = "") -> Self:
        """Ends the scenario."""
        if self._step is not None and self.events[-1].kind != "step.end":
            self.done()
        self._step = None
        return self.add("scenario.end", {"id": self.name, "info": {"outcome": outcome, "reason": reason}})

    @property
    def scenario(self) -> Scenario:
        """What the judge reads of it; ended, unless it was interrupted on purpose."""
        if self.events[-1].kind not in {"scenario.end", "run.end"}:
            self.end()
        return scenario(self.name, list(self.events))

    def findings(self) -> list[Finding]:
        """What the judge says of it."""
        return judge_scenario(self.scenario, CONTRACT)

    def finding(self, check: str) -> Finding:
        """What one check says of it. Raises `AssertionError` when it says nothing or speaks twice."""
        found = [item for item in self.findings() if item.check == check]
        assert len(found) == 1, f"{check} speaks {len(found)} times in {self.name}"
        return found[0]


# -- resources as a sound server shows them --------------------------------------------------------------------------


def offers(chart: str, state: str) -> list[str]:
    """The capabilities that a state of a chart offers, with those of the regions that are at rest."""
    every = set(CONTRACT.statecharts[chart].states[state].offers)
    return sorted(every)


def call(state: str = "Held", *, identifier: str = "CALL1", **members: Any) -> dict[str, Any]:
    """A call."""
    capabilities = offers("call", state) if state in CONTRACT.statecharts["call"].states else []
    resource = {
        "id": identifier,
        "state": state,
        "callUuid": identifier,
        "connId": "00d4f80cd5677a27",
        "participants": [{"e164Number": "", "formattedPhoneNumber": "5002", "phoneNumber": "5002", "digits": "5002"}],
        "dnis": "5002",
        "callType": "Internal",
        "capabilities": capabilities,
        "duration": "0",
        "mute": "Off",
        "supervisorListeningIn": False,
        "monitoredUserMuted": False,
        "monitoring": False,
        "deviceUri": f"{API}/devices/D1",
        "uri": f"{API}/me/calls/{identifier}",
        "path": f"/calls/{identifier}",
        **members,
    }
    return {key: value for key, value in resource.items() if value is not None}


def call_message(state: str = "Held", kind: str = "StatusChange", **members: Any) -> dict[str, Any]:
    """A CallStateChangeMessage."""
    return {"messageType": "CallStateChangeMessage", "notificationType": kind, "call": call(state, **members)}


def person(name: str = "agent-nick", kind: str = "Agent", visibility: str | None = "All") -> dict[str, Any]:
    """A participant of a chat."""
    out = {"id": f"P-{name}", "participantId": f"P-{name}", "nickname": name, "type": kind}
    return out if visibility is None else {**out, "visibility": visibility}


def chat(state: str = "Chatting", *, identifier: str = "CHAT1", **members: Any) -> dict[str, Any]:
    """A chat."""
    return {
        "id": identifier,
        "state": state,
        "capabilities": offers("chat", state),
        "participants": [person("visitor", "Customer"), person()],
        "userData": {},
        "chatType": "Inbound",
        "uri": f"{API}/chats/{identifier}",
        "path": f"/chats/{identifier}",
        **members,
    }


def chat_message(state: str = "Chatting", kind: str = "StatusChange", **members: Any) -> dict[str, Any]:
    """A ChatStateChangeMessage."""
    extra = {"referenceId": members.pop("referenceId")} if "referenceId" in members else {}
    resource = chat(state, **members)
    return {"messageType": "ChatStateChangeMessage", "notificationType": kind, "chat": resource, **extra}


def entry(index: int, kind: str = "Text", text: str | None = None, **members: Any) -> dict[str, Any]:
    """One entry of a transcript."""
    visibility = members.pop("visibility", "All")
    out = {
        "index": index,
        "type": kind,
        "from": members.pop("sender", person()),
        "visibility": visibility,
        "timestamp": "2014-01-09 11:58:12.035+0200",
        "timestampSeconds": 1389261492035,
        **members,
    }
    return out if text is None else {**out, "text": text}


def log(*entries: Mapping[str, Any], identifier: str = "CHAT1") -> dict[str, Any]:
    """A MessageLogUpdated."""
    return {
        "messageType": "MessageLogUpdated",
        "notificationType": "NewMessages",
        "messages": list(entries),
        "chatUri": f"{API}/chats/{identifier}",
        "chatPath": f"/chats/{identifier}",
    }


def contact(number: int, **members: Any) -> dict[str, Any]:
    """A contact."""
    identifier = f"contact-{number}"
    return {
        "id": identifier,
        "type": "Custom",
        "name": f"Name {number:02}",
        "phoneNumber": f"600{number}",
        "uri": f"{API}/contacts/{identifier}",
        "path": f"/contacts/{identifier}",
        **members,
    }
