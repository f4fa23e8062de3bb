"""A run: opens the stage, plays scenarios, has them judged as they end, and writes the reports."""

from __future__ import annotations

import contextlib
import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance import __version__
from conformance.bundled import BundledServer, BundledServerError
from conformance.contract import Contract, ContractError, load_contract
from conformance.driver.cleanup import clean_up
from conformance.driver.ledger import Ledger
from conformance.driver.outcomes import NotApplicable, Unreachable, Untestable
from conformance.driver.play import FULL_CAST, Play
from conformance.driver.scene import Scene
from conformance.driver.stage import Stage
from conformance.driver.target import Target, TargetError, load_target
from conformance.judge import Finding, judge_scenario
from conformance.judge.findings import SEVERITY
from conformance.judge.timeline import Scenario, scenario
from conformance.wire.recorder import Recorder, RecorderError

USAGE, UNREACHABLE, BROKEN = 2, 3, 4


class RunProblem(Exception):  # noqa: N818 - it is reported as a sentence, with an exit code
    """A run that cannot start. `exit_code` as documented: 2 configuration, 3 unreachable, 4 our own failure."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Ending:
    """How a scenario ended: its worst verdict and a text for people."""

    scenario: str
    verdict: str
    text: str
    findings: tuple[Finding, ...]
    duration: float


@dataclass
class Session:
    """One run against one target. Made by `Session.open`; `close` ends it and writes the reports."""

    contract: Contract
    target: Target
    stage: Stage
    recorder: Recorder
    output: Path | None
    arguments: Sequence[str] = ()
    areas: Sequence[str] = ()
    bundled: BundledServer | None = None
    findings: list[Finding] = field(default_factory=list)
    scenarios: list[Scenario] = field(default_factory=list)
    on_ending: Callable[[Ending], None] | None = None
    on_begin: Callable[[str, str], None] | None = None
    interrupted: bool = False
    problem: str | None = None
    verdict: str = ""
    identifier: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    _current: str | None = None
    _closed: bool = False
    results: Any = None

    @classmethod
    def open(
        cls,
        *,
        target_file: Path | None,
        base_url: str | None = None,
        bundled: bool = False,
        faults: Sequence[str] = (),
        server_options: Sequence[str] = (),
        output: Path | None = None,
        arguments: Sequence[str] = (),
        areas: Sequence[str] = (),
    ) -> Session:
        """Opens a run: reads the target, starts the bundled server if asked, and finds out whether a GWS answers.

        Raises:
            RunProblem: it cannot start.
        """
        server: BundledServer | None = None
        try:
            contract = load_contract()
            unknown = sorted(set(areas) - set(contract.areas))
            if unknown:
                raise RunProblem(f"unknown area {', '.join(unknown)}; known: {', '.join(contract.areas)}", USAGE)
            if output is not None:
                output.mkdir(parents=True, exist_ok=True)
            if bundled:
                options = [part for name in faults for part in ("--fault", name)]
                log = output / "server.log" if output else None
                server = BundledServer([*options, *server_options], log=log)
                server.start()
                target = server.target()
            elif target_file is not None:
                target = load_target(target_file, base_url=base_url)
            else:
                raise RunProblem("no target: give a target file, or ask for the bundled server", USAGE)
            recorder = Recorder(
                output / "timeline.ndjson" if output else None,
                info={"suite": __version__, "contract": contract.digest, "target": target.describe()},
            )
        except (ContractError, BundledServerError) as error:
            if server is not None:
                server.stop()
            raise RunProblem(str(error), BROKEN) from error
        except (TargetError, RecorderError, OSError) as error:
            if server is not None:
                server.stop()
            raise RunProblem(str(error), USAGE) from error
        ledger = Ledger(output / "ledger.ndjson" if output else None)
        stage = Stage(contract, target, recorder, ledger)
        session = cls(contract, target, stage, recorder, output, arguments, areas, server)
        try:
            stage.probe()
        except Unreachable as error:
            session.problem = str(error)
            session.close()
            raise RunProblem(str(error), UNREACHABLE) from error
        except BaseException:
            session.close()
            raise
        return session

    # -- scenarios ------------------------------------------------------------------------------------------

    def play(self, identifier: str, area: str, title: str) -> Play:
        """A play whose first act begins the scenario `identifier`."""

        def begin(info: Mapping[str, Any]) -> Scene:
            cast = {role: name for role, name in FULL_CAST.items() if name == "customer" or name in self.target.users}
            self._current = identifier
            if self.on_begin is not None:
                self.on_begin(identifier, area)
            self.recorder.begin_scenario(identifier, {"area": area, "title": title, "cast": cast, **info})
            return Scene(self.stage, identifier, cast)

        return Play(begin)

    def end(self, play: Play, problem: BaseException | None) -> Ending:
        """Cleans up after a scenario, ends and judges it."""
        name = self._current
        if name is None:
            raise RuntimeError("no scenario is running")
        began = time.monotonic()
        outcome, reason = _outcome(problem)
        scene = play.scene()
        try:
            left = clean_up(scene)
        except (Untestable, Unreachable) as error:
            left = [str(error)]
        if left:
            self.recorder.record("note", {"text": f"clean-up left: {'; '.join(left)}"[:1000]})
        self.recorder.end_scenario({"outcome": outcome, "reason": reason})
        self._current = None
        events = self.recorder.events(scenario=name)
        played = scenario(name, list(events))
        findings = judge_scenario(played, self.contract)
        self.recorder.forget(name)
        self.scenarios.append(played)
        self.findings.extend(findings)
        verdict, text = _summary(findings, reason)
        seconds = (events[-1].t - events[0].t) if events else time.monotonic() - began
        ending = Ending(name, verdict, text, tuple(findings), seconds)
        if self.on_ending is not None:
            self.on_ending(ending)
        return ending

    # -- the end --------------------------------------------------------------------------------------------

    def close(self) -> list[Path]:
        """Ends every session, stops the bundled server, writes the reports; their paths."""
        if self._closed:
            return []
        self._closed = True
        try:
            with contextlib.suppress(Unreachable, Untestable):
                self.stage.close()
            self.recorder.close()
        finally:
            if self.bundled is not None:
                self.bundled.stop()
        return self._write()

    def _write(self) -> list[Path]:
        from conformance.report.model import RunInfo, build_results
        from conformance.report.write_all import write_reports

        finished = datetime.now(UTC)
        run = RunInfo(
            id=self.identifier,
            started=self.started.isoformat(timespec="milliseconds"),
            finished=finished.isoformat(timespec="milliseconds"),
            duration=round((finished - self.started).total_seconds(), 3),
            suite_version=__version__,
            contract_digest=self.contract.digest,
            arguments=tuple(self.arguments),
            areas=tuple(self.areas),
            profile=None,
            interrupted=self.interrupted,
            problem=self.problem,
            server_version=self.stage.version,
            features=self.stage.features,
            target=self.target.describe(),
        )
        self.results = build_results(run, self.findings, self.scenarios, self.contract)
        self.verdict = self.results.verdict
        if self.output is None:
            return []
        return write_reports(self.results, self.scenarios, self.output, self.contract)


def _outcome(problem: BaseException | None) -> tuple[str, str]:
    """How a scenario ended, and why."""
    if problem is None:
        return "played", ""
    if isinstance(problem, NotApplicable):
        return "skipped", str(problem)
    if isinstance(problem, Untestable | Unreachable):
        return "untestable", str(problem)
    if isinstance(problem, KeyboardInterrupt):
        return "interrupted", "the run was interrupted"
    last = traceback.extract_tb(problem.__traceback__)[-1:]
    where = f" at {Path(last[0].filename).name}:{last[0].lineno}" if last else ""
    return "error", f"the suite broke: {type(problem).__name__}: {problem}{where}"[:600]


def _summary(findings: Sequence[Finding], reason: str) -> tuple[str, str]:
    if not findings:
        return "untestable", reason or "nothing was judged"
    worst = max(findings, key=lambda item: SEVERITY.index(item.verdict))
    lines = [
        f"{item.check}: {item.message}" + (f" (expected {item.expected}; seen {item.seen})" if item.expected else "")
        for item in findings
        if item.verdict == worst.verdict
    ]
    return worst.verdict, "\n".join(lines[:12])


def finish(session: Session, play: Play, problem: BaseException | None) -> Ending:
    """Ends the scenario of a test; see `Session.end`."""
    if isinstance(problem, KeyboardInterrupt):
        session.interrupted = True
    return session.end(play, problem)
