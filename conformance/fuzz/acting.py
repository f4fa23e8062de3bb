"""Sends generated requests as the right user, and keeps account of what they bring about."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote

from schemathesis import Case, Response

from conformance.contract import Contract, Operation
from conformance.driver.actor import Actor
from conformance.driver.intents import noting
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Unreachable
from conformance.driver.plays import performer
from conformance.driver.scene import Scene, session_for
from conformance.driver.stage import Stage
from conformance.fuzz.flaws import flaws_of, other_operation
from conformance.fuzz.judging import judge, response_of
from conformance.fuzz.life import Lives
from conformance.fuzz.observing import Complaint, Observation
from conformance.fuzz.results import Phase, Tally
from conformance.fuzz.selection import Guard
from conformance.fuzz.sending import ABSENT, Sent, wire_form
from conformance.fuzz.units import Unit
from conformance.judge.timeline import Exchange
from conformance.report.curl import curl_line
from conformance.wire.http import HttpReply

KNOCKS: Final = 3.0
"""Seconds for which a server that seems to be gone may come back."""
_LAST = re.compile(r"[^/?#]+(?=/?\Z)")


@dataclass(frozen=True)
class Trial:
    """One request that was sent, and what the checks say of its reply."""

    unit: Unit
    sent: Sent
    reply: HttpReply
    response: Response
    complaints: tuple[Complaint, ...]
    case: Case[Any]
    accepted: bool = False
    curl: str = ""
    evidence: tuple[int, ...] = ()

    @property
    def shown(self) -> str:
        """The request in a line: method, path and body."""
        body = self.sent.content
        text = body.decode("utf-8", "backslashreplace") if body else ""
        return f"{self.sent.method} {self.sent.path}" + (f" {text}" if text else "")


@dataclass
class Ground:
    """Where a unit is tried: the user's role and, for the parameters of the path, real identifiers where there are
    some. body: one that the deployment understands; sound: whether that is the whole request."""

    role: str
    names: dict[str, str] = field(default_factory=dict)
    body: Any = None
    sound: bool = False
    note: str = ""


class Hands:
    """Sends the cases of a run. One pair for the run; `scene` changes with the unit."""

    def __init__(self, stage: Stage, guard: Guard) -> None:
        self.stage, self.guard = stage, guard
        self.contract: Contract = stage.contract
        self.scene: Scene | None = None
        self.readings: list[str] = []
        self.gone: Unreachable | None = None

    def form(self, case: Case[Any], ground: Ground, real: frozenset[str]) -> Sent:
        """The request of a case, with real identifiers for the parameters `real`."""
        names = {name: ground.names[name] for name in real if name in ground.names}
        sent = wire_form(case, self.stage.target.transport.api_url)
        if not names:
            return sent
        values = {**sent.names, **names}
        path = re.sub(r"\{([^}]+)\}", lambda found: quote(values.get(found[1], ""), safe=""), case.path)
        _, mark, query = sent.path.partition("?")
        return Sent(sent.method, path + mark + query, sent.content, sent.headers, sent.value, values, sent.query)

    def send(
        self, case: Case[Any], unit: Unit, sent: Sent, role: str, tally: Tally, phase: Phase, lives: Lives | None
    ) -> Trial | None:
        """Sends a request and has its reply judged; None where it was not sent, or could not leave.

        `gone` is set where the deployment does not answer any more.

        Raises:
            Untestable: the user has no session any more and gets none.
        """
        reason = self.guard.refuses(unit, sent)
        if reason is not None:
            tally.withheld[reason] += 1
            return None
        actor = self.actor(unit, role)
        known = frozenset(self.guard.seen | self.guard.made)
        reply = self._request(actor, unit, sent)
        if reply.error is not None and reply.error.startswith("LocalProtocolError"):
            tally.withheld["HTTP cannot say it"] += 1
            return None
        _count(tally, phase)
        foreign = other_operation(unit, sent)
        flaws = () if foreign else flaws_of(self.contract, unit, sent, known)
        first = Observation(self.contract, unit, sent, reply, flaws)
        tally.accepted += first.accepted
        self._effects(actor, unit, first)
        told = tuple(lives.after(actor, first)) if lives is not None else ()
        whole = Observation(self.contract, unit, sent, reply, flaws, told)
        response = response_of(reply, sent.method)
        complaints: list[Complaint] = []
        if not foreign:
            complaints, readings = judge(case, response, whole)
            self.readings += readings
        if reply.error is not None and self.gone is None:
            self.gone = self._knock(actor)
        trial = Trial(unit, sent, reply, response, tuple(complaints), case, first.accepted)
        return self._with_evidence(trial) if complaints else trial

    def actor(self, unit: Unit, role: str) -> Actor:
        """Who performs the unit, with the session that it needs. Raises `Untestable`, `Unreachable`."""
        operation = unit.operations[0]
        assert self.scene is not None
        actor = self.scene.actor(role, session=session_for(operation.needs))
        if operation.needs.session == "none" and actor.in_session:
            self.stage.end_session(actor)
            actor = self.scene.actor(role, session=False)
        return actor

    def _request(self, actor: Actor, unit: Unit, sent: Sent) -> HttpReply:
        options: dict[str, Any] = {}
        headers = dict(sent.headers)
        if performer(unit.operations[0]) == "customer":
            options |= {"auth": "none", "csrf": False}
            if self.stage.target.contact_center_id:
                headers["ContactCenterId"] = self.stage.target.contact_center_id
        if sent.content is not None and sent.value is not ABSENT and _canonical(sent):
            options["json"] = sent.value
        elif sent.content is not None:
            options["content"] = sent.content

        def send() -> HttpReply:
            return actor.http.request(sent.method, sent.path, headers=headers or None, **options)

        return noting(self.stage, actor.name, sent.method, sent.path, options.get("json"), send)

    def _effects(self, actor: Actor, unit: Unit, seen: Observation) -> None:
        """Notes what a request brought about: what is to be undone, which ids there are, whose session is over."""
        self.guard.seen.update(_identifiers(seen.reply.json))
        if seen.code == 20 and seen.reply.status in (401, 403) and actor.role != "customer":
            self.stage.session_ended(actor, sure=False)
            return
        if not seen.accepted:
            return
        operation = unit.operations[0]
        for item in unit.operations:
            if isinstance(seen.sent.value, Mapping) and seen.sent.value.get("operationName") == item.operation_name:
                operation = item
        _session(self.stage, actor, operation)
        if unit.hazard == "creates" and seen.body is not None:
            identifier = seen.body.get("id")
            if isinstance(identifier, str) and identifier:
                self.created(actor, operation, identifier)
        if unit.hazard == "deletes" and operation.resource:
            for value in seen.sent.names.values():
                self.stage.ledger.done(operation.resource, actor.name, value)
        if seen.sent.method != "GET" and self.scene is not None:
            self.scene.absorb()

    def created(self, actor: Actor, operation: Operation, identifier: str) -> None:
        """Notes in the ledger what was created, and that it is ours."""
        self.guard.made.add(identifier)
        if operation.resource and "{" not in operation.path:
            undo = f"DELETE {operation.path}/{identifier}"
            self.stage.ledger.add(Entry(operation.resource, actor.name, identifier, undo))

    def _knock(self, actor: Actor) -> Unreachable | None:
        """After a request without a reply: says so where the deployment stays away."""
        pause, end = threading.Event(), time.monotonic() + KNOCKS
        while True:
            reply = actor.http.request("GET", "/diagnostics/version", auth="none", cookies=False, purpose="auth")
            if not reply.error:
                return None
            if time.monotonic() >= end:
                url = self.stage.target.transport.base_url
                return Unreachable(f"{url} stopped answering: {reply.error}")
            pause.wait(KNOCKS / 20)

    def _with_evidence(self, trial: Trial) -> Trial:
        """The trial with its curl line and its place in the timeline, which are known while its events are."""
        events = self.stage.recorder.events(trial.reply.request_seq - 1)
        request = next(event for event in events if event.seq == trial.reply.request_seq)
        outcome = next((event for event in events if event.seq == trial.reply.response_seq), None)
        line = curl_line(Exchange(request, outcome if not trial.reply.error else None, outcome))
        evidence = (trial.reply.request_seq, trial.reply.response_seq)
        return replace(trial, curl=line, evidence=evidence)

    def curl(self, trial: Trial) -> str:
        """The curl line of a trial of the scene that is open."""
        return trial.curl or self._with_evidence(trial).curl


def _count(tally: Tally, phase: Phase) -> None:
    if phase == "positive":
        tally.positive += 1
    elif phase == "negative":
        tally.negative += 1
    else:
        tally.sequence += 1


def _canonical(sent: Sent) -> bool:
    """Whether the JSON value says all that the body says, so that it can be recorded as JSON."""
    from conformance.wire.bodies import dump_json

    return dump_json(sent.value) == sent.content


def _session(stage: Stage, actor: Actor, operation: Operation) -> None:
    """Follows the actor's session as the generated requests begin and end it."""
    if operation.operation_name == "EndContactCenterSession":
        stage.session_ended(actor)
    elif operation.operation_name == "StartContactCenterSession":
        actor.in_session = actor.session_played = True
        stage.ledger.add(Entry("session", actor.name, actor.name, "POST /me EndContactCenterSession"))


def _identifiers(value: Any, depth: int = 0) -> Iterator[str]:
    """Every identifier that a reply shows: the values of `id`, and the last words of addresses."""
    if depth > 12:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "id" and isinstance(item, str | int):
                yield str(item)
            else:
                yield from _identifiers(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _identifiers(item, depth + 1)
    elif isinstance(value, str) and "/" in value:
        found = _LAST.search(value[-200:])
        if found:
            yield found[0]
