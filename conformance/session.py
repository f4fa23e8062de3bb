"""A run: opens the stage, plays scenarios, has them judged as they end, and writes the reports."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from conformance import __version__, reporting
from conformance.bundled import BundledServer, Served
from conformance.contract import Contract
from conformance.driver.cleanup import clean_up, settle
from conformance.driver.ledger import Ledger, LedgerError
from conformance.driver.outcomes import Unreachable, Untestable
from conformance.driver.play import FULL_CAST, Play
from conformance.driver.scene import Scene
from conformance.driver.stage import Stage
from conformance.driver.target import Target
from conformance.ending import Ending, outcome_of, summary_of
from conformance.judge.timeline import scenario
from conformance.opening import (
    BROKEN,
    INTERRUPTED,
    UNREACHABLE,
    USAGE,
    Part,
    Plan,
    RunProblem,
    contract_for,
    failure,
    make_folder,
    read_target,
    start_server,
)
from conformance.report.model import ProblemKind, Results, RunInfo
from conformance.report.write_all import ReportError
from conformance.wire.recorder import Recorder, RecorderClosedError, RecorderError

CHAT = "chat"
"""The area whose scenarios follow one another with the first agent Ready for chats."""
KNOCKS = 3.0
"""Seconds for which a server that seems to be gone may come back."""
Protect = Callable[[], AbstractContextManager[object]]

GC_THRESHOLD = 50_000
LEFT = 200
"""Characters with which a thing that could not be undone is told."""


@dataclass
class Session:
    """One run against one target. Made by `Session.open`; `close` ends it and writes the reports.

    protect: entered around what an interruption must not cut short (cleaning up, ending sessions, writing reports).
    """

    contract: Contract
    target: Target
    stage: Stage
    recorder: Recorder
    plan: Plan = field(default_factory=Plan)
    bundled: BundledServer | Served | None = None
    judged: reporting.Judged = field(default_factory=reporting.Judged)
    on_ending: Callable[[Ending], None] | None = None
    on_begin: Callable[[str, str], None] | None = None
    protect: Protect = contextlib.nullcontext
    part: Part | None = None
    interrupted: bool = False
    problem: str | None = None
    problem_kind: ProblemKind | None = None
    identifier: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    reported: reporting.Reported | None = None
    _current: str | None = None
    _closed: bool = False
    _left: tuple[str, ...] = ()

    @classmethod
    def open(
        cls,
        plan: Plan,
        *,
        protect: Protect = contextlib.nullcontext,
        part: Part | None = None,
        warm: BundledServer | None = None,
    ) -> Self:
        """Opens a run: reads the target, starts the bundled server if asked, and finds out whether a GWS answers.

        What the user got wrong is told before a folder is made; every later failure leaves reports.
        part: this is one of the processes of a run, whose reports are another's affair. warm: a bundled server that
        stands by.

        Raises:
            RunProblem: it cannot start.
        """
        contract = contract_for(plan.areas)
        # The contract stays for good: the collector need not look at it again and again.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        target = read_target(plan)
        if part is None:
            make_folder(plan.output)
        server: BundledServer | Served | None = part.server if part is not None else None
        started = datetime.now(UTC)
        try:
            if target is None:
                if server is None:
                    server = start_server(plan, warm)
                target = server.target()
            if plan.profile is not None:
                target = replace(target, hazards=target.hazards & plan.profile.hazards)
            session = cls._on_stage(contract, target, plan, protect, part)
        except BaseException as error:
            if server is not None:
                server.stop()
            if part is not None:
                raise
            with protect():
                raise failure(error, contract, plan, target, started) from error
        session.bundled = server
        session._probe()
        return session

    @classmethod
    def _on_stage(
        cls, contract: Contract, target: Target, plan: Plan, protect: Protect, part: Part | None = None
    ) -> Self:
        output = plan.output
        info = {"suite": __version__, "contract": contract.digest, "target": target.describe()}
        ledger = output / "ledger.ndjson" if output else None
        try:
            if part is not None:
                recorder = Recorder(None, shared=part.timeline, part=part.number)
                ledger = part.file(part.timeline.path.parent, "ledger.ndjson")
            else:
                recorder = Recorder(output / "timeline.ndjson" if output else None, info=info)
            stage = Stage(contract, target, recorder, Ledger(ledger))
        except (RecorderError, LedgerError) as error:
            raise RunProblem(str(error), USAGE) from error
        return cls(contract, target, stage, recorder, plan, protect=protect, part=part)

    def _probe(self) -> None:
        try:
            self.stage.probe()
            if self.part is None:
                self.recorder.record(reporting.FACTS, self.facts().as_json())
        except BaseException as error:
            code = self._probe_failed(error)
            if self.part is not None:
                self.leave()
                raise RunProblem(self.problem or "interrupted before the first scenario", code) from error
            with contextlib.suppress(ReportError):  # `reported` tells what could not be written
                self.close()
            raise RunProblem(self.problem or "interrupted before the first scenario", code, self.reported) from error

    def _probe_failed(self, error: BaseException) -> int:
        """Notes why the run ends here; its exit code."""
        if isinstance(error, KeyboardInterrupt):
            self.interrupted = True
            return INTERRUPTED
        if not isinstance(error, Unreachable):
            self.broke("the probe", error)
            return BROKEN
        self.problem, self.problem_kind = str(error), "unreachable"
        if self.plan.base_url and self.plan.target_file is None and "credentials" in self.problem:
            self.problem += " (without --target the users of the bundled server are used)"
        return UNREACHABLE

    @property
    def output(self) -> Path | None:
        """The folder of timeline and reports."""
        return self.plan.output

    @property
    def results(self) -> Results | None:
        """What the run has come to; None before `close`."""
        return self.reported.results if self.reported else None

    @property
    def verdict(self) -> str:
        """The verdict of the run, empty before `close`."""
        return self.reported.results.verdict if self.reported else ""

    # -- scenarios ------------------------------------------------------------------------------------------

    def play(self, identifier: str, area: str, title: str, order: int | None = None) -> Play:
        """A play whose first act begins the scenario `identifier`; `order` is its place among all of the run."""

        def begin(info: Mapping[str, Any]) -> Scene:
            cast = {role: name for role, name in FULL_CAST.items() if name == "customer" or name in self.target.users}
            if self._current != identifier:
                if self.on_begin is not None:
                    self.on_begin(identifier, area)
                facts = {
                    "area": area,
                    "title": title,
                    "cast": cast,
                    "features": list(self.stage.features),
                    "deadline": self.target.notification_deadline,
                }
                if order is not None:
                    facts["order"] = order
                if area != CHAT:
                    self.stage.leave_chats()
                with self.protect():
                    self.recorder.begin_scenario(identifier, {**facts, **info})
                    self._current = identifier
            return Scene(self.stage, identifier, cast)

        return Play(begin)

    def end(self, play: Play, problem: BaseException | None) -> Ending:
        """Cleans up after a scenario, ends and judges it; then sees whether the deployment is still there."""
        if self._current is None:
            # Something happened before the first act: the scenario begins, so that it is told.
            play.scene()
            problem = problem or RuntimeError("the test ended without an act")
        with self.protect():
            ending = self._end(play, problem)
            if self.on_ending is not None:
                self.on_ending(ending)  # what the timeline holds as ended is told, whatever comes
        return ending

    def _end(self, play: Play, problem: BaseException | None) -> Ending:
        name = self._current
        assert name is not None
        outcome, reason = outcome_of(problem)
        if self.stage.gone is not None and isinstance(problem, Unreachable):
            outcome = "unreachable"
        if problem is not None:
            self._abandon_step()
        if problem is not None and outcome == "error":
            self.note_crash(f"playing {name}", problem)
        left = self._clean_up(play.scene())
        if left:
            self.recorder.record("note", {"text": f"clean-up left: {'; '.join(left)}"[:1000]})
        self.recorder.end_scenario({"outcome": outcome, "reason": reason})
        self._current = None
        events = self.recorder.events(scenario=name)
        known = len(self.judged.crashes)
        findings = self.judged.add(scenario(name, list(events)), self.contract)
        for text in self.judged.crashes[known:]:
            reporting.note_crash(self.output, self.recorder.redactor.text(text))
        self.recorder.forget(name)
        if any(event.kind == "http.error" for event in events):
            self._knock(name)
        self._note_unwritable(problem)
        verdict, text = summary_of(findings, reason)
        return Ending(name, verdict, text, tuple(findings), events[-1].t - events[0].t)

    def _abandon_step(self) -> None:
        """Ends the step in which something happened: the clean-up is a step of its own."""
        try:
            self.recorder.end_step({"abandoned": True})
        except RecorderClosedError:
            raise
        except RecorderError:
            return  # no step was open

    def _clean_up(self, scene: Scene) -> list[str]:
        try:
            return clean_up(scene)
        except (Untestable, Unreachable, LedgerError) as error:
            return [str(error)]
        except RecorderError:
            raise
        except Exception as error:  # noqa: BLE001 - our own defect; the ledger keeps what is left, the run goes on
            self.note_crash(f"cleaning up after {scene.scenario}", error)
            return [f"the clean-up broke: {type(error).__name__}"]

    def _knock(self, name: str) -> None:
        """After a request without a reply: a deployment that stays away ends the run as `unreachable`."""
        if not self.stage.opened() or self.problem is not None:
            return
        pause = threading.Event()
        end = time.monotonic() + KNOCKS
        error = self.stage.gone
        while error is None or self.stage.gone is None:
            error = self.stage.knock()
            if error is None:
                return
            if time.monotonic() >= end:
                break
            pause.wait(KNOCKS / 20)
        url = self.target.transport.base_url
        self.problem = f"{url} stopped answering in the scenario {name}: {error}"
        self.stage.gone = error
        self.problem_kind = "unreachable"

    def _note_unwritable(self, problem: BaseException | None = None) -> None:
        """A run whose evidence cannot be written any more ends."""
        text = self.recorder.failure or (str(problem) if isinstance(problem, LedgerError) else None)
        if text is not None and self.problem is None:
            self.problem, self.problem_kind = text, "unwritable"

    def note_crash(self, what: str, error: BaseException) -> Path | None:
        """Keeps the traceback of a defect of ours beside the reports."""
        text = "".join(traceback.format_exception(error))
        return reporting.note_crash(self.output, self.recorder.redactor.text(f"{what}\n{text}"))

    def broke(self, what: str, error: BaseException) -> None:
        """Notes that the suite itself broke: the run's verdict says so."""
        self.note_crash(what, error)
        if self.problem is None:
            text = self.recorder.redactor.text(f"{type(error).__name__}: {error}")
            self.problem, self.problem_kind = f"{what} broke: {text}"[:600], "suite error"

    # -- the end --------------------------------------------------------------------------------------------

    def close(self) -> list[Path]:
        """Ends every session, stops the bundled server, writes the reports; their paths.

        Raises:
            ReportError: after all the others were written, when one could not be.
        """
        if self._closed:
            return []
        self._closed = True
        with self.protect():
            self._leave()
            info = self.facts()
            try:
                # Judging the timeline again must come to the same: the facts that count are those that it holds.
                info = reporting.run_info_from(self.recorder.record(reporting.FACTS, info.as_json()).payload)
                self.recorder.close()
                if self.recorder.failure is not None:
                    self._note_unwritable()
                    info = self.facts()
            except RecorderError as error:
                self.broke("the recorder", error)
                info = self.facts()
            finally:
                if self.bundled is not None:
                    self.bundled.stop()
            self.reported = reporting.write(info, self.judged, self.contract, self.output)
        if self.reported.problems:
            raise ReportError(self.reported.problems, self.reported.paths)
        return list(self.reported.paths)

    def kill(self) -> None:
        """Ends the bundled server at once. Safe in a signal handler."""
        if self.bundled is not None:
            self.bundled.kill()

    def leave(self) -> None:
        """Ends every session and stops the bundled server; whoever collects the parts of the run reports."""
        self._closed = True
        with self.protect():
            try:
                self._leave()
                self.recorder.close()
            finally:
                if self.bundled is not None:
                    self.bundled.stop()

    def _leave(self) -> None:
        try:
            settle(self.stage)
            self.stage.close()
        except (Unreachable, Untestable, LedgerError):
            pass  # it is gone, or cannot be written; the ledger keeps what is left
        except Exception as error:  # noqa: BLE001 - the reports are written whatever happens
            self.broke("ending the sessions", error)
        if self.bundled is None or self.bundled.alive:
            text = self.recorder.redactor.text
            self._left = tuple(text(str(entry))[:LEFT] for entry in self.stage.ledger.open_entries())

    @staticmethod
    def blank_facts(contract: Contract, plan: Plan) -> RunInfo:
        """What is known of a run that begins now, before anybody has asked the deployment."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return RunInfo(
            id=uuid.uuid4().hex[:12],
            started=now,
            finished=now,
            duration=0.0,
            suite_version=__version__,
            contract_digest=contract.digest,
            arguments=tuple(plan.arguments),
            areas=tuple(plan.areas),
            profile=plan.profile.name if plan.profile else None,
        )

    def facts(self) -> RunInfo:
        """What the run knows of itself by now."""
        finished = datetime.now(UTC)
        return RunInfo(
            id=self.identifier,
            started=self.started.isoformat(timespec="milliseconds"),
            finished=finished.isoformat(timespec="milliseconds"),
            duration=round((finished - self.started).total_seconds(), 3),
            suite_version=__version__,
            contract_digest=self.contract.digest,
            arguments=tuple(self.plan.arguments),
            areas=tuple(self.plan.areas),
            profile=self.plan.profile.name if self.plan.profile else None,
            interrupted=self.interrupted,
            problem=self.problem,
            problem_kind=self.problem_kind,
            server_version=self.stage.version,
            features=tuple(self.stage.features),
            target=self.target.describe(),
            left=self._left,
        )


def finish(session: Session, play: Play, problem: BaseException | None) -> Ending:
    """Ends the scenario of a test; see `Session.end`."""
    if isinstance(problem, KeyboardInterrupt):
        session.interrupted = True
    return session.end(play, problem)
