"""Sends the cases that Hypothesis draws, for one unit or for sequences, and gathers what the checks say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from schemathesis import Case, Response

from conformance.contract import Operation
from conformance.driver.outcomes import Unreachable, Untestable
from conformance.driver.plays import performer
from conformance.fuzz.acting import Ground, Hands, Trial
from conformance.fuzz.generating import Key
from conformance.fuzz.judging import response_of
from conformance.fuzz.life import Lives
from conformance.fuzz.observing import Complaint
from conformance.fuzz.results import FuzzResults, Phase, Tally
from conformance.fuzz.sending import ABSENT, Sent
from conformance.fuzz.units import Unit
from conformance.wire.http import HttpReply

REVIVALS = 3
"""How often what a unit is about is brought back after an accepted request took it elsewhere."""
NO_REPLY = HttpReply(0, {}, "", None, False, 0.0, 0, 0, "not sent", "http://localhost/")


class Host(Protocol):
    """The run that attempts belong to."""

    hands: Hands
    results: FuzzResults

    @property
    def stopped(self) -> bool:
        """Whether the unit is over."""

    def stop(self, error: BaseException) -> None:
        """Notes why no more requests are sent."""

    def revive(self, unit: Unit, ground: Ground) -> None:
        """Brings back what an accepted request took elsewhere."""


@dataclass
class Gathered:
    """What came of one unit and phase so far: for each complaint the first trial that brought it, and how many did."""

    first: dict[Key, Trial] = field(default_factory=dict)
    alike: dict[Key, int] = field(default_factory=dict)
    remembered: dict[Any, Trial | None] = field(default_factory=dict)

    def add(self, trial: Trial) -> None:
        """Keeps what the checks said of a trial."""
        for complaint in trial.complaints:
            self.first.setdefault(complaint.key, trial)
            self.alike[complaint.key] = self.alike.get(complaint.key, 0) + 1


class Attempt:
    """Sends the cases of one unit and phase, each different one once; answers with the complaints."""

    def __init__(self, run: Host, unit: Unit, ground: Ground, phase: Phase, tally: Tally, gathered: Gathered) -> None:
        self._run, self._unit, self._ground, self._phase = run, unit, ground, phase
        self._tally, self._gathered = tally, gathered
        self._stale, self._revived = False, 0
        self.left: int | None = None
        self.last: dict[Key, Trial] = {}

    def __call__(self, case: Case[Any], real: frozenset[str]) -> list[Complaint]:
        if self._run.stopped:
            return []
        try:
            trial = self._try(case, real)
        except Exception as error:  # noqa: BLE001 - the run raises it when Hypothesis is done
            self._run.stop(error)
            return []
        if trial is None:
            return []
        for complaint in trial.complaints:
            self.last[complaint.key] = trial
        return list(trial.complaints)

    def _try(self, case: Case[Any], real: frozenset[str]) -> Trial | None:
        sent = self._run.hands.form(case, self._ground, real)
        remembered = self._gathered.remembered
        signature = (real, _without(sent, self._ground.names, real))
        if signature in remembered:
            return remembered[signature]
        if self.left is not None:
            if self.left <= 0:
                return None
            self.left -= 1
        if self._stale and self._revived < REVIVALS:
            self._stale, self._revived = False, self._revived + 1
            self._run.revive(self._unit, self._ground)
            sent = self._run.hands.form(case, self._ground, real)
        trial = remembered[signature] = self._send(case, sent)
        if self._run.hands.gone is not None:
            self._run.stop(self._run.hands.gone)
        if trial is not None:
            self._gathered.add(trial)
            live = self._unit.operations[0].needs.chart is not None and self._unit.method != "GET"
            live = live or (self._unit.changes and self._unit.hazard == "deletes")
            self._stale = self._stale or (live and bool(real) and trial.accepted)
        return trial

    def _send(self, case: Case[Any], sent: Sent) -> Trial | None:
        return self._run.hands.send(case, self._unit, sent, self._ground.role, self._tally, self._phase, None)

    def again(self, trial: Trial, key: Key) -> bool:
        """Whether the same request brings the complaint once more."""
        if self._run.stopped:
            return False
        try:
            second = self._send(trial.case, trial.sent)
        except (Unreachable, Untestable) as error:
            self._run.stop(error)
            return False
        return second is not None and any(item.key == key for item in second.complaints)


def _without(sent: Sent, names: dict[str, str], real: frozenset[str]) -> tuple[Any, ...]:
    """A request's signature in which identifiers that were put in are left out: they change when a call is new."""
    method, path, content, headers = sent.signature
    for name in real:
        path = path.replace(names.get(name, "\0"), f"{{{name}}}")
    return method, path, content, headers


class Step:
    """Sends the steps of sequences."""

    def __init__(self, run: Host, units: Sequence[Unit], lives: Lives, gathered: Gathered | None) -> None:
        self._run, self._lives, self.gathered = run, lives, gathered
        self.steps: list[Trial] = []
        self.sequences: dict[Key, list[Trial]] = {}
        self._places: dict[tuple[str, str], list[Unit]] = {}
        for unit in units:
            self._places.setdefault((unit.path, unit.method), []).append(unit)

    def __call__(self, case: Case[Any]) -> tuple[Response, Trial | None]:
        nothing = response_of(NO_REPLY, case.method)
        if self._run.stopped:
            return nothing, None
        try:
            trial = self._send(case)
        except Exception as error:  # noqa: BLE001 - the run raises it when Hypothesis is done
            self._run.stop(error)
            return nothing, None
        if self._run.hands.gone is not None:
            self._run.stop(self._run.hands.gone)
        if trial is None:
            return nothing, None
        self.steps.append(trial)
        if self.gathered is not None:
            self.gathered.add(trial)
            for complaint in trial.complaints:
                self.sequences.setdefault(complaint.key, list(self.steps))
        return trial.response, trial

    def _send(self, case: Case[Any]) -> Trial | None:
        hands, group = self._run.hands, self._places[case.path, case.method]
        sent = hands.form(case, Ground(""), frozenset())
        unit = next((one for one in group if _is(one.operations[0], sent)), group[0])
        tally = self._run.results.tallies.setdefault(unit.id, Tally(unit.id, unit.area))
        return hands.send(case, unit, sent, performer(unit.operations[0]), tally, "sequence", self._lives)


def _is(operation: Operation, sent: Sent) -> bool:
    value = None if sent.value is ABSENT else sent.value
    return isinstance(value, dict) and value.get("operationName") == operation.operation_name
