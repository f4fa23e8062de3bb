"""How much of the contract a run has touched: operations, transitions, rules, ambiguities and samples, by area."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.contract import Contract, Statechart, Transition
from conformance.judge.engine import SILENT_CASES
from conformance.judge.findings import Finding, Verdict
from conformance.judge.timeline import Scenario, Step

EXECUTED: frozenset[Verdict] = frozenset({"passed", "failed", "warning"})
"""Verdicts of a check that had something to look at."""
KINDS = ("operations", "transitions", "rules", "ambiguities", "samples")
EVERYWHERE = "*"
"""The area of the rules of basics: envelopes, status codes and sessions are the same whatever is asked."""


PERFORMED = frozenset({"positive", "transition", "offered", "state"})
"""Cases that perform an operation as its page does."""


@dataclass(frozen=True)
class Share:
    """Touched of known; `missing` are the ids that were not touched."""

    touched: int
    known: int
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """`{touched, known, missing}`."""
        return {"touched": self.touched, "known": self.known, "missing": list(self.missing)}


@dataclass(frozen=True)
class AreaCoverage:
    """The shares of one area. Rules count where some check proves them; the others are no business of a run. Samples
    are the documented ways to send an operation, called `operation[example]`."""

    operations: Share
    transitions: Share
    rules: Share
    ambiguities: Share
    samples: Share = Share(0, 0)

    def as_json(self) -> dict[str, Any]:
        """One share for each kind."""
        return {kind: getattr(self, kind).as_json() for kind in KINDS}


class TransitionLog:
    """Gathers, scenario by scenario, which transitions of the charts and which samples were performed and judged."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._known = {str(item) for chart in contract.statecharts.values() for item in chart.transitions}
        self.touched: set[str] = set()
        self.samples: set[str] = set()

    def add(self, scenario: Scenario) -> None:
        """Takes in a scenario. A step may name its `transition`; otherwise it is known by what it did and expected,
        and by the state that the step before has led to."""
        states: dict[str, str] = {}
        for step in scenario.steps:
            judged = step.case not in SILENT_CASES and bool(step.exchanges or step.delivered)
            example = str(step.info.get("example") or "")
            if judged and example and step.case in PERFORMED and step.main is not None:
                self.samples.add(f"{step.operation}[{example}]")
            named = str(step.info.get("transition") or "")
            if judged and named in self._known:
                self.touched.add(named)
            expect = step.info.get("expect")
            chart = self._contract.statecharts.get(str(expect.get("chart"))) if isinstance(expect, Mapping) else None
            if not isinstance(expect, Mapping) or chart is None:
                continue
            target = str(expect.get("state"))
            if judged and not named:
                self.touched |= {str(item) for item in _fitting(chart, step, states.get(chart.name, "start"), target)}
            states[chart.name] = target


def _fitting(chart: Statechart, step: Step, source: str, target: str) -> Sequence[Transition]:
    fits = [item for item in chart.transitions if item.target == target and _does(item, step)]
    exact = [item for item in fits if item.source == source]
    return exact or (fits if len(fits) == 1 else [])


def _does(transition: Transition, step: Step) -> bool:
    if ":" in transition.by:
        return not step.operation and step.performer == transition.by.partition(":")[0]
    return step.operation == transition.by and str(step.info.get("role", "self")) == transition.actor


def coverage(
    contract: Contract,
    findings: Iterable[Finding],
    transitions: Iterable[str],
    readings: Iterable[str],
    samples: Iterable[str] = (),
) -> dict[str, AreaCoverage]:
    """The shares by area, in the contract's order.

    transitions: those performed and judged (`TransitionLog.touched`). readings: ids of ambiguities that were met.
    samples: those performed and judged (`TransitionLog.samples`).
    An operation is touched when a check had something to say of it; a rule when a check that proves it had: about one
    of its operations or, where it names none, in its own area (anywhere, for the rules of basics: they hold
    everywhere). What a negative of the matrix proves counts only where that negative was sent.
    """
    kept = list(findings)
    executed = {(item.check, item.operation) for item in kept if item.verdict in EXECUTED}
    # What readings a scenario shows says nothing of the operation that it is called after.
    operations = {operation for check, operation in executed if check != "reading.allowed"}
    rules = set(_proven(contract, [item for item in kept if item.verdict in EXECUTED]))
    performed, met = set(transitions), set(readings)
    known = {
        "operations": [(item.area, item.id) for item in contract.operations.values()],
        "transitions": [(chart.area, str(t)) for chart in contract.statecharts.values() for t in chart.transitions],
        "rules": [(item.area, item.id) for item in contract.rules.values() if item.checks],
        "ambiguities": [(item.area, item.id) for item in contract.ambiguities.values()],
        "samples": [
            (item.area, f"{item.id}[{example.name}]")
            for item in contract.operations.values()
            for example in item.examples
        ],
    }
    touched = {"operations": operations, "transitions": performed, "rules": rules, "ambiguities": met}
    touched["samples"] = set(samples)
    areas = dict.fromkeys([*contract.areas, *(area for pairs in known.values() for area, _ in pairs)])
    return {
        area: AreaCoverage(*(_share([name for of, name in known[kind] if of == area], touched[kind]) for kind in KINDS))
        for area in areas
    }


def _proven(contract: Contract, executed: Iterable[Finding]) -> Iterator[str]:
    """The rules that one of their checks has spoken for."""
    of_negatives = {item.rule for item in contract.negatives.values() if item.rule}
    by_operation: set[tuple[str, str]] = set()
    by_area: set[tuple[str, str]] = set()
    named: set[str] = set()
    for item in executed:
        operation = contract.operations.get(item.operation)
        by_operation.add((item.check, item.operation))
        by_area |= {(item.check, area) for area in (item.area, operation.area if operation else item.area, EVERYWHERE)}
        if item.rule:
            named.add(item.rule)
    for rule in contract.rules.values():
        checks = rule.checks
        if rule.id in named:
            yield rule.id
            continue
        if rule.id in of_negatives:
            checks = tuple(name for name in checks if not name.startswith("refusal."))
        area = EVERYWHERE if rule.area == "basics" else rule.area
        if rule.operations:
            spoken = any((check, operation) in by_operation for check in checks for operation in rule.operations)
        else:
            spoken = any((check, area) in by_area for check in checks)
        if spoken:
            yield rule.id


def total(shares: Iterable[Share]) -> Share:
    """The sum of shares, without the names."""
    listed = list(shares)
    return Share(sum(item.touched for item in listed), sum(item.known for item in listed))


def _share(names: Sequence[str], touched: set[str]) -> Share:
    unique = list(dict.fromkeys(names))
    missing = tuple(name for name in unique if name not in touched)
    return Share(len(unique) - len(missing), len(unique), missing)
