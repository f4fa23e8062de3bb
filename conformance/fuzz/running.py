"""A fuzzing run: opens the deployment, tries each unit, makes the findings small, and leaves everything as it was."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from conformance import __version__, reporting
from conformance.bundled import BundledServer
from conformance.contract import Contract
from conformance.driver.cleanup import clean_up, settle, undo
from conformance.driver.ledger import Ledger
from conformance.driver.outcomes import NotApplicable, Unreachable, Untestable
from conformance.driver.play import FULL_CAST
from conformance.driver.plays import performer
from conformance.driver.scene import Scene
from conformance.driver.stage import Stage
from conformance.driver.target import Target
from conformance.fuzz.acting import Ground, Hands, Trial
from conformance.fuzz.attempts import Attempt, Gathered, Step
from conformance.fuzz.generating import MODES, SHRINKING, Key, cases, explore, minimise, seed_of, sound_case
from conformance.fuzz.grounds import Grounds
from conformance.fuzz.life import Lives
from conformance.fuzz.observing import Complaint
from conformance.fuzz.results import FuzzFinding, FuzzResults, Phase, Tally
from conformance.fuzz.selection import Guard, Knows, numbers_in, select
from conformance.fuzz.sequences import Walk, complaint_of, linked, walk
from conformance.fuzz.units import Unit, describe, describe_linked, read_description
from conformance.judge.findings import SEVERITY, Verdict, bounded
from conformance.opening import (
    INTERRUPTED,
    UNREACHABLE,
    USAGE,
    Plan,
    RunProblem,
    contract_for,
    make_folder,
    read_target,
    start_server,
)
from conformance.wire.recorder import Recorder, RecorderError

KEPT = 12
"""Findings of one unit and phase that are made small; more of them have one cause."""
Protect = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class FuzzPlan:
    """What is to be fuzzed. run: target, faults of the bundled server, areas, folder. examples: cases for each unit and
    kind of data. knows: as for `selection.select`."""

    run: Plan
    seed: int = 0
    examples: int = 25
    knows: Knows | None = None


class FuzzRun:
    """One run, made by `open`; `fuzz` does it, `close` ends it whatever happened."""

    def __init__(
        self, plan: FuzzPlan, contract: Contract, target: Target, recorder: Recorder, protect: Protect
    ) -> None:
        self.plan, self.contract, self.target, self.recorder, self._protect = plan, contract, target, recorder, protect
        output = plan.run.output
        self.stage = Stage(contract, target, recorder, Ledger(output / "ledger.ndjson" if output else None))
        self.guard = Guard(target, bundled=plan.knows is not None)
        self.hands = Hands(self.stage, self.guard)
        self._grounds = Grounds(self.stage, self.hands, plan.seed)
        self.units: list[Unit] = []
        self.results = FuzzResults(self._facts())
        self.bundled: BundledServer | None = None
        self.interrupted: Callable[[], bool] = lambda: False
        self.on_begin: Callable[[str], None] = lambda _: None
        self.on_end: Callable[[Verdict], None] = lambda _: None
        self._description = read_description()
        self._began = time.monotonic()
        self._stopped: BaseException | None = None
        self._scenario: str | None = None
        self._stepping = False

    @classmethod
    def open(cls, plan: FuzzPlan, protect: Protect = contextlib.nullcontext) -> Self:
        """Starts or finds the deployment and chooses what to fuzz. Raises `RunProblem`."""
        contract = contract_for(plan.run.areas)
        target = read_target(plan.run)
        make_folder(plan.run.output)
        server: BundledServer | None = None
        run: Self | None = None
        try:
            if target is None:
                server = start_server(plan.run)
                target = server.target()
            run = cls(plan, contract, target, _recorder(plan, contract, target), protect)
            run.bundled = server
            run.stage.probe()
        except BaseException as error:
            if run is not None:
                run.close()
            elif server is not None:
                server.stop()
            if isinstance(error, KeyboardInterrupt):
                raise RunProblem("interrupted before the first request", INTERRUPTED) from error
            if isinstance(error, Unreachable):
                raise RunProblem(str(error), UNREACHABLE) from error
            raise
        run.units, run.results.left_out = select(contract, plan.run.areas, target, run.stage.features, plan.knows)
        run.results.run = run._facts()
        return run

    def _facts(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "duration": 0.0,
            "suiteVersion": __version__,
            "contractDigest": self.contract.digest,
            "schemathesis": version("schemathesis"),
            "hypothesis": version("hypothesis"),
            "arguments": [self.recorder.redactor.text(item) for item in plan.run.arguments],
            "areas": list(plan.run.areas),
            "seed": plan.seed,
            "maxExamples": plan.examples,
            "serverVersion": self.stage.version,
            "target": self.target.describe(),
        }

    # -- the run ----------------------------------------------------------------------------------------------

    def fuzz(self) -> None:
        """Tries every unit, then the sequences of every area. Ends early, and says so, where the deployment is gone."""
        try:
            for unit in self.units:
                self._scene(f"fuzz[{unit.id}]", unit.area, unit.id, lambda unit=unit: self._unit(unit))  # type: ignore[misc]
            for area in self.areas:
                self._scene(f"fuzz[{area}: sequences]", area, "", lambda area=area: self._sequences(area))  # type: ignore[misc]
        except Unreachable as error:
            self.results.problem = str(error)
        except KeyboardInterrupt:
            self.results.interrupted = True

    @property
    def areas(self) -> list[str]:
        """The areas of the units."""
        return list(dict.fromkeys(unit.area for unit in self.units))

    def _scene(self, name: str, area: str, operation: str, act: Callable[[], None]) -> None:
        """A scenario of the timeline around an act, with the clean-up at its end."""
        if self.interrupted():
            raise KeyboardInterrupt
        self.on_begin(name.removeprefix("fuzz[").removesuffix("]"))
        cast = {role: user for role, user in FULL_CAST.items() if user == "customer" or user in self.target.users}
        facts = {
            "area": area,
            "title": name,
            "operation": operation,
            "cast": cast,
            "features": list(self.stage.features),
        }
        self.recorder.begin_scenario(name, facts)
        self.hands.scene = scene = Scene(self.stage, name, cast)
        before = len(self.results.findings)
        self._stopped = None
        try:
            act()
        finally:
            with self._protect():
                self._end_step()
                self._clean(scene)
                self.recorder.end_scenario({"outcome": "played", "reason": ""})
                self.recorder.forget(name)
                self.hands.scene = None
        self.results.readings.update(self.hands.readings)
        self.hands.readings.clear()
        new = list(self.results.findings.values())[before:]
        verdicts: list[Verdict] = ["passed", *(item.verdict for item in new)]
        self.on_end(max(verdicts, key=SEVERITY.index))

    def _clean(self, scene: Scene) -> None:
        try:
            self.results.cleanup += [text for text in clean_up(scene) if text not in self.results.cleanup]
        except (Untestable, Unreachable) as error:
            self.results.cleanup.append(str(error))
        finally:
            self._end_step()

    # -- one unit ---------------------------------------------------------------------------------------------

    def _unit(self, unit: Unit) -> None:
        tally = self.results.tallies.setdefault(unit.id, Tally(unit.id, unit.area))
        try:
            ground = self._grounds.lay(unit)
        except (Untestable, NotApplicable) as error:
            tally.note = f"nobody could try it: {error}"
            return
        tally.note = ground.note
        self.guard.numbers.update(str(item) for item in numbers_in(ground.body))
        document = describe(self._description, unit, ground.body)
        for mode in MODES:
            phase: Phase = "positive" if mode == "positive" else "negative"
            self._mode(unit, ground, document, phase, tally)

    def _mode(self, unit: Unit, ground: Ground, document: dict[str, Any], phase: Phase, tally: Tally) -> None:
        plan, gathered = self.plan, Gathered()
        seed = seed_of(plan.seed, unit.id, phase)
        strategy = cases(document, unit.path, unit.method, phase, frozenset(ground.names))
        attempt = Attempt(self, unit, ground, phase, tally, gathered)
        self._begin_step(unit, phase, ground.role)
        with self._keeping(gathered, phase):
            if phase == "positive" and ground.sound:
                case = sound_case(document, unit.path, unit.method, ground.names, ground.body)
                attempt(case, frozenset(ground.names))
            explore(strategy, attempt, seed=seed, examples=plan.examples)
            self._raise_stopped()
        for number, (key, trial) in enumerate(list(gathered.first.items())):
            if self._known(unit, key):
                continue
            small: Trial | None = None
            if number < KEPT:
                attempt.left = SHRINKING
                minimise(strategy, attempt, key, seed=seed, examples=plan.examples)
                small = attempt.last.get(key)
            self._raise_stopped()
            self._found(unit, key, [small or trial], phase, gathered.alike[key], attempt.again(small or trial, key))
        self._end_step()

    @contextlib.contextmanager
    def _keeping(self, gathered: Gathered, phase: Phase) -> Iterator[None]:
        """What was seen counts although the rest is cut short: it is told as it is, not made small."""
        try:
            yield
        except BaseException:
            for key, trial in gathered.first.items():
                if not self._known(trial.unit, key):
                    self._found(trial.unit, key, [trial], phase, gathered.alike[key], False)
            raise

    def _known(self, unit: Unit, key: Key) -> bool:
        return f"{unit.id}:{key[0]}:{key[1]}" in self.results.findings

    def _found(self, unit: Unit, key: Key, trials: Sequence[Trial], phase: Phase, alike: int, repeated: bool) -> None:
        complaint = complaint_of(list(trials), key)
        assert complaint is not None
        text = self.recorder.redactor.text
        clean = Complaint(
            complaint.check,
            complaint.cause,
            text(complaint.message),
            text(complaint.expected),
            text(complaint.seen),
            complaint.source,
            complaint.level,
            complaint.rule,
        )
        finding = FuzzFinding(
            operation=unit.id,
            area=unit.area,
            complaint=clean,
            phase=phase,
            seed=self.plan.seed,
            request=text(bounded(trials[-1].shown, 600)),
            curls=tuple(self.hands.curl(trial) for trial in trials),
            evidence=tuple(seq for trial in trials for seq in trial.evidence),
            repeated=repeated,
            alike=alike,
        )
        self.results.findings.setdefault(finding.id, finding)

    # -- what attempts ask for ---------------------------------------------------------------------------------

    def revive(self, unit: Unit, ground: Ground) -> None:
        """Brings a call or chat back that an accepted request took elsewhere."""
        assert self.hands.scene is not None
        self._end_step()
        self._clean(self.hands.scene)
        ground.names = self._grounds.lay(unit).names or ground.names
        self._begin_step(unit, "positive", ground.role)

    # -- sequences --------------------------------------------------------------------------------------------

    def _sequences(self, area: str) -> None:
        units = [unit for unit in self.units if unit.area == area and not self._customers(unit)]
        document = describe_linked(self._description, units) if units else {"paths": {}}
        if not linked(document):
            return
        gathered, seed = Gathered(), seed_of(self.plan.seed, area, "sequence")
        step = Step(self, units, Lives(self.contract), gathered)
        self._begin_step(units[0], "sequence", performer(units[0].operations[0]))
        examples = self.plan.examples

        def end(_: Walk) -> None:
            step.steps = []
            self._end_walk()

        with self._keeping(gathered, "sequence"):
            walk(document, step, end, seed=seed, examples=examples)
            self._raise_stopped()
        step.gathered = None
        for number, (key, trial) in enumerate(list(gathered.first.items())):
            if self._known(trial.unit, key):
                continue
            small: list[Trial] = []
            if number < KEPT:
                small = walk(document, step, end, seed=seed, examples=examples, key=key)
            self._raise_stopped()
            trials = small or step.sequences[key]
            self._found(trials[-1].unit, key, trials, "sequence", gathered.alike[key], bool(small))
        self._end_step()

    @staticmethod
    def _customers(unit: Unit) -> bool:
        return performer(unit.operations[0]) == "customer"

    def _end_walk(self) -> None:
        """Deletes what a sequence created, so that the next one begins where it did."""
        if self._stopped is not None:
            return
        for entry in self.stage.ledger.open_entries():
            if entry.kind not in {"session", "call", "chat", "stimulus"} and entry.id in self.guard.made:
                undo(self.stage, entry)

    # -- the record -------------------------------------------------------------------------------------------

    def _begin_step(self, unit: Unit, label: str, role: str) -> None:
        self._end_step()
        name = FULL_CAST[role]
        facts = {"operation": unit.id, "case": "fuzz", "performer": name, "role": role, "label": label}
        self.recorder.begin_step(facts)
        self._stepping = True

    def _end_step(self) -> None:
        if self._stepping:
            self._stepping = False
            self.recorder.end_step({})

    def stop(self, error: BaseException) -> None:
        """Notes why no more requests are sent: Hypothesis must not take it for a finding."""
        self._stopped = self._stopped or error

    @property
    def stopped(self) -> bool:
        """Whether the unit is over.

        Raises:
            KeyboardInterrupt: the run was interrupted, and what ran just then swallowed that.
        """
        if self.interrupted():
            raise KeyboardInterrupt
        return self._stopped is not None

    def _raise_stopped(self) -> None:
        error, self._stopped = self._stopped, None
        if isinstance(error, Untestable):
            return  # the user is out; the next unit tries to bring it in again
        if error is not None:
            raise error

    # -- the end ----------------------------------------------------------------------------------------------

    def broke(self, error: BaseException) -> Path | None:
        """Notes a defect of ours; where its traceback is kept."""
        text = self.recorder.redactor.text("".join(traceback.format_exception(error)))
        self.results.broke = True
        self.results.problem = self.recorder.redactor.text(f"{type(error).__name__}: {str(error)[:300]}")
        return reporting.note_crash(self.plan.run.output, text)

    def close(self) -> None:
        """Ends every session, undoes what is left, closes the timeline and stops the bundled server."""
        with self._protect():
            try:
                self.results.cleanup += [str(entry) for entry in settle(self.stage)]
                self.stage.close()
            except (Unreachable, Untestable) as error:
                if self.results.problem is None and not self.results.interrupted:
                    self.results.cleanup.append(str(error))
            except RecorderError as error:
                self.results.problem = self.results.problem or str(error)
            finally:
                with contextlib.suppress(RecorderError):
                    self.recorder.close()
                if self.bundled is not None:
                    self.bundled.stop()
                self.results.run["duration"] = round(time.monotonic() - self._began, 3)

    def kill(self) -> None:
        """Ends the bundled server at once. Safe in a signal handler."""
        if self.bundled is not None:
            self.bundled.kill()


def _recorder(plan: FuzzPlan, contract: Contract, target: Target) -> Recorder:
    info = {"suite": __version__, "contract": contract.digest, "target": target.describe(), "fuzz": {"seed": plan.seed}}
    output = plan.run.output
    try:
        return Recorder(output / "timeline.ndjson" if output else None, info=info)
    except RecorderError as error:
        raise RunProblem(str(error), USAGE) from error
