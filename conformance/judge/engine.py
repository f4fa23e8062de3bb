"""Runs the checks over scenarios. Pure: the same events and the same contract give the same findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from conformance.contract import Contract
from conformance.judge import checks as _registered  # noqa: F401 - importing registers the checks
from conformance.judge.context import StepContext
from conformance.judge.findings import CHECKS, Check, Finding, Outcome, Verdict, bounded, rule_for
from conformance.judge.timeline import Event, Scenario, Step, scenarios

SILENT_CASES = frozenset({"setup", "cleanup", "stimulus"})
ABOUT_REPLIES = frozenset({"http.status", "refusal.status"})
"""The checks that say whether a reply came, and with which HTTP status: all that a step which was cut short shows."""


def judge(events: Iterable[Event], contract: Contract) -> Iterator[Finding]:
    """The findings of a whole timeline, scenario by scenario."""
    for item in scenarios(events):
        yield from judge_scenario(item, contract)


def judge_scenario(scenario: Scenario, contract: Contract) -> list[Finding]:
    """The findings of one scenario: one for each check and judged step, and one when it could not be played.

    Of a step that was cut short, or whose request nobody answered, the HTTP status alone is judged, and only where it
    is known; of a scenario that something from outside has ended, no story as a whole.
    """
    findings = list(_ending(scenario))
    for step in scenario.steps:
        if step.case not in SILENT_CASES:
            findings.extend(_judge_step(step, scenario, contract))
    for item in CHECKS.values():
        if item.scope == "scenario" and not scenario.cut:
            findings.extend(_finding(item, list(item.function(scenario)), scenario, None, contract))
    return _told_apart(findings)


def _told_apart(findings: list[Finding]) -> list[Finding]:
    """Unique ids: the second finding of one check about steps without labels of their own gets `#2`, and so on."""
    seen: dict[str, int] = {}
    out = []
    for item in findings:
        seen[item.id] = seen.get(item.id, 0) + 1
        out.append(item if seen[item.id] == 1 else replace(item, id=f"{item.id}#{seen[item.id]}"))
    return out


def _ending(scenario: Scenario) -> Iterator[Finding]:
    """The finding for a scenario that was skipped, could not be brought about, broke, or was interrupted."""
    outcome = scenario.outcome
    verdict = str(outcome.get("outcome", "interrupted"))
    kinds: dict[str, Verdict] = {"skipped": "skipped", "untestable": "untestable", "error": "error"}
    if verdict == "played":
        return
    kind = kinds.get(verdict, "untestable")
    reason = str(outcome.get("reason") or "the run ended before the scenario did")
    last = (scenario.events[-1].seq,) if scenario.events else ()
    yield Finding(
        id=f"{scenario.id}/scenario",
        scenario=scenario.id,
        area=scenario.area,
        operation=str(scenario.info.get("operation") or ""),
        check="scenario",
        verdict=kind,
        level="must",
        message=bounded(reason),
        evidence=last,
    )


def _judge_step(step: Step, scenario: Scenario, contract: Contract) -> Iterator[Finding]:
    main, cut = step.main, step.abandoned or (scenario.cut and not step.ended)
    if cut and (main is None or (main.response is None and main.error is None)):
        return  # the reply was on its way
    context = StepContext(step, contract)
    for item in CHECKS.values():
        if (cut or step.unanswered) and item.id not in ABOUT_REPLIES:
            continue  # nobody waited for what should come of it, or it could not come
        if item.scope == "step" and step.case in item.cases:
            yield from _finding(item, list(item.function(context)), scenario, step, contract)


def _finding(
    item: Check, outcomes: list[Outcome], scenario: Scenario, step: Step | None, contract: Contract
) -> Iterator[Finding]:
    """One finding from a check's outcomes: the worst of them speaks, all of its evidence is kept."""
    if not outcomes:
        return
    outcomes = [_barred(one, contract) if one.ok and one.reading else one for one in outcomes]
    if step is not None and step.info.get("level") == "should":
        outcomes = [replace(one, level="should") if one.level == "must" else one for one in outcomes]
    worst = max(outcomes, key=_weight)
    operation = (step.operation if step else "") or str(scenario.info.get("operation") or "")
    rule, source = worst.rule, worst.source
    if rule is None:
        rule, general = rule_for(contract, item.id, operation)
        source = source or general
    elif source is None and rule in contract.rules:
        source = contract.rules[rule].source
    described = contract.operations.get(operation)
    label = str(step.info.get("label") or "") if step else ""
    bad = [one for one in outcomes if not one.ok]
    message = worst.message if len(bad) < 2 else f"{worst.message} (and {len(bad) - 1} more)"
    yield Finding(
        id="/".join(part for part in (scenario.id, label, item.id) if part),
        scenario=scenario.id,
        area=scenario.area,
        operation=operation,
        check=item.id,
        verdict=_verdict(worst),
        level=worst.level,
        message=bounded(message),
        expected=bounded(worst.expected),
        seen=bounded(worst.seen),
        rule=rule,
        source=source or (described.source if described else None),
        evidence=tuple(sorted({seq for one in (bad or outcomes[:1]) for seq in one.evidence}))[:12],
        readings=tuple(sorted({one.reading for one in outcomes if one.reading})),
    )


def _barred(outcome: Outcome, contract: Contract) -> Outcome:
    """An outcome that shows a reading which the contract does not allow: what is wrong is that reading."""
    name, _, which = (outcome.reading or "").rpartition("/")
    ambiguity = contract.ambiguities.get(name)
    reading = next((item for item in ambiguity.readings if item.id == which), None) if ambiguity else None
    if ambiguity is None or reading is None or reading.allowed:
        return outcome
    allowed = "; ".join(item.text for item in ambiguity.readings if item.allowed)
    text = f"{outcome.reading} is not allowed: {reading.text}"
    source = outcome.source or ambiguity.sources[0]
    return replace(outcome, ok=False, message=text, expected=allowed, seen=reading.text, level="should", source=source)


def _weight(outcome: Outcome) -> int:
    if outcome.ok:
        return 0
    return {"may": 1, "should": 2, "must": 3}[outcome.level]


def _verdict(outcome: Outcome) -> Verdict:
    if outcome.ok or outcome.level == "may":
        return "passed"
    return "warning" if outcome.level == "should" else "failed"
