"""Judges a recording: from the file to findings, and to the list of what nothing could be said about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from conformance import __version__, reporting
from conformance.contract import Contract
from conformance.har.acts import act_of, customers, recognised
from conformance.har.capture import Capture, Ledger, Options, deployments, read_capture
from conformance.har.carried import carriage, counts, not_here, shares
from conformance.har.events import Story, events_of, is_capture, scenarios_of
from conformance.har.pages import pages_of
from conformance.har.people import NOBODY, people_of
from conformance.har.sessions import Sessions
from conformance.har.steps import Step, steps_of
from conformance.judge import Finding, Scenario
from conformance.judge.timeline import Event as Line
from conformance.report.model import RunInfo
from conformance.wire.timeline import Event

RECORDING = "recording"


@dataclass(frozen=True)
class Heard:
    """What judging a recording has come to. recording: the member `recording` of `results.json`."""

    info: RunInfo
    judged: reporting.Judged
    recording: Mapping[str, Any]


def read_events(path: Path, contract: Contract, options: Options | None = None) -> Iterator[Event]:
    """A HAR as the events of a timeline, secrets replaced.

    Raises:
        HarError: it cannot be read.
    """
    capture = read_capture(path, options or Options())
    parts = deployments(capture)
    stories = [tell(part, contract, _hosts(part) if len(parts) > 1 else "") for part in parts]
    for story in stories:
        _note(capture.unjudged, story)
    return events_of(stories, _info(capture, stories, contract))


def _hosts(capture: Capture) -> str:
    return ", ".join(origin.partition("://")[2] for origin in capture.origins)


def tell(capture: Capture, contract: Contract, label: str = "") -> Story:
    """Recognises operations, users, sessions and steps in what was said with one deployment. label: see `Pages`."""
    operations = recognised(capture.entries, capture.paths, contract)
    people = people_of(capture.entries, capture.frames, customers(operations, capture.entries))
    acts = [
        act_of(entry, people.actor(entry), capture.paths[entry.number], operations.get(entry.number))
        for entry in capture.entries
        if entry.number in capture.paths
    ]
    sessions = Sessions(capture.entries, capture.frames, people)
    pages = pages_of(capture.log.pages, capture.entries, label)
    steps = steps_of(acts, sessions, contract, pages, people.supervisors())
    return Story(capture, people, acts, sessions, steps, pages, not_here(capture, people, acts, sessions))


def _note(ledger: Ledger, story: Story) -> None:
    """Writes down what nothing, or not all, is said about."""
    for act in story.acts:
        name = act.asked.get("operationName")
        shown = f"{act.entry.method} {act.path.partition('?')[0]}" + (f" {name}" if isinstance(name, str) else "")
        if act.unjudged:
            ledger.note("request", act.unjudged, shown)
        elif not act.accepted:
            ledger.note("refusal", "whether it had to be refused only its sender knows; its form is judged", shown)
        if act.actor == NOBODY and not act.unjudged:
            ledger.note("request", "it is not known whose it is: it carries neither cookie nor credentials", shown)
    for step in story.steps:
        if step.act is None:
            ledger.note(
                "notification",
                "nothing in the recording explains it: only its form is judged",
                str(step.arrivals[0].channel),
                len(step.arrivals),
            )
        elif _owes(step) and not step.info["listening"]:
            operation = step.act.operation
            ledger.note(
                "missing notification",
                "the recording does not hold all that was told until a second later, or the page promises less for "
                "some parameters",
                operation.id if operation is not None else "",
            )
    for session in story.sessions.all:
        for frame in session.frames:
            if frame.lost:
                ledger.note("CometD frame", frame.lost, session.name)


def _owes(step: Step) -> bool:
    operation = step.act.operation if step.act is not None and step.act.accepted and not step.silent else None
    if operation is None or step.info["case"] == "withheld":
        return False
    return any(item.to == "self" and item.level == "must" for item in operation.notifications)


def _info(capture: Capture, stories: Sequence[Story], contract: Contract) -> dict[str, Any]:
    """What `run.start` says: the recording, and what is not judged of it."""
    acts = [act for story in stories for act in story.acts]
    sessions = [session for story in stories for session in story.sessions.all]
    recording = {
        "file": capture.path.name,
        "version": capture.log.version,
        "creator": capture.log.creator,
        "browser": capture.log.browser,
        "entries": capture.total,
        "requests": len(acts),
        "judged": sum(not act.unjudged for act in acts),
        "frames": sum(len(item) for item in capture.frames.values()),
        "notifications": sum(len(story.sessions.arrivals) for story in stories),
        "users": sorted({act.actor for act in acts} | {item.actor for item in sessions}),
        "unjudged": [item.as_json() for item in capture.unjudged.listed()],
    }
    return {
        "suite": __version__,
        "contract": contract.digest,
        "target": {"baseUrl": ", ".join(capture.origins)} if capture.origins else {},
        RECORDING: recording,
    }


def judge_recording(events: Iterable[Line], contract: Contract) -> Heard:
    """Judges the events of a recording. The same events and the same contract give the same findings.

    What the recording cannot carry is not among the findings; it is listed in `recording`.
    """
    stream = iter(events)
    first = next(stream, None)
    if first is None or not is_capture(first):
        raise ValueError("the events are not those of a recording")
    told: Mapping[str, Any] = first.payload["info"]
    kept = list(chain([first], stream))
    recording = dict(told.get(RECORDING) or {})
    judged = reporting.Judged()
    missing: list[Mapping[str, str]] = []
    for scenario in scenarios_of(kept):
        here: Mapping[str, str] = scenario.info.get("notHere") or {}
        missing.append(here)
        before = len(judged.findings)
        judged.add(scenario, contract)
        judged.findings[before:] = [
            item for item in judged.findings[before:] if item.verdict == "error" or _counts(item, scenario, here)
        ]
    recording["checks"] = _told_of(missing)
    return Heard(_run_info(kept, told), judged, recording)


def _told_of(missing: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Which checks the recording carries; `missing` are those that single scenarios cannot, with the reason."""
    known = shares()
    reasons = {name: reason for here in missing for name, reason in here.items() if carriage(name).carried}
    nowhere = {name for name in reasons if all(name in here for here in missing)}
    somewhere = [
        {"check": name, "reason": f"not in every scenario: {reasons[name]}"}
        for name in sorted(reasons.keys() - nowhere)
    ]
    whole = [name for name in known["carried"] if name not in reasons]
    part = [item for item in known["inPart"] if item["check"] not in reasons]
    none = [{"check": name, "reason": reasons[name]} for name in sorted(nowhere)]
    return {"carried": whole, "inPart": part + somewhere, "notCarried": known["notCarried"] + none}


def _counts(finding: Finding, scenario: Scenario, here: Mapping[str, str]) -> bool:
    """Whether a finding is one that the recording can carry."""
    return carriage(finding.check).carried and finding.check not in here and counts(finding, scenario)


def _run_info(events: list[Line], told: Mapping[str, Any]) -> RunInfo:
    first, last = events[0], events[-1]
    return RunInfo(
        id="",
        started=str(getattr(first, "wall", "")),
        finished=str(getattr(last, "wall", "")),
        duration=last.t,
        suite_version=str(told.get("suite", "")),
        contract_digest=str(told.get("contract", "")),
        target=told.get("target") or {},
    )
