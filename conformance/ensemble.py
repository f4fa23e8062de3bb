"""A run that several processes play between them, each against a bundled server of its own; one conducts and reports.

The suites are collected once, then the players are forked. All write the same timeline as things happen; each judges
its scenarios and hands what it found to the conductor, through a pipe. A deployment is never tested so: its users can
play one scenario at a time.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import selectors
import signal
import struct
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from conformance import __version__, reporting
from conformance.bundled import BundledServer
from conformance.driver.ledger import Ledger, LedgerError
from conformance.ending import Ending
from conformance.judge import Finding
from conformance.judge.timeline import Scenario, scenario
from conformance.opening import (
    BROKEN,
    USAGE,
    Part,
    Plan,
    RunProblem,
    contract_for,
    failure,
    make_folder,
    start_server,
)
from conformance.report.model import ProblemKind, RunInfo
from conformance.report.write_all import ReportError
from conformance.session import GC_THRESHOLD, Session
from conformance.wire.recorder import Event, Recorder, RecorderError
from conformance.wire.shared import CAN_SHARE, SharedTimeline

WORTH = 40
"""Scenarios for which a further process is worth its start."""
MOST = 8
"""Processes that are started unasked. A player mostly waits for its server: a core has room for two."""
_LENGTH = struct.Struct("=Q")
_CHUNK = 1 << 18


class Interruptible(Protocol):
    """What is needed of the handling of signals, see `conformance.cli.interruption`."""

    def protect(self) -> contextlib.AbstractContextManager[object]:
        """A block that a signal does not cut short."""

    def hush(self) -> None:
        """From now on interruptions are told by another process."""


@dataclass(frozen=True)
class Left:
    """The last word of a player: what it knows of the run, why it ended early (a problem with its exit code), what
    broke outside any scenario, and whether it was interrupted."""

    facts: RunInfo | None
    problem: str | None = None
    exit_code: int = 0
    broke: tuple[str, ...] = ()
    interrupted: bool = False


@dataclass
class _Player:
    pid: int
    pipe: int
    buffer: bytearray = field(default_factory=bytearray)
    left: Left | None = None


Send = Callable[[tuple[Any, ...]], None]
Act = Callable[[Part, Send], Left]


def players_for(plan: Plan, scenarios: int, wanted: int | None) -> int:
    """How many processes should play: 1 where it would not pay, or cannot be."""
    if not plan.bundled or plan.output is None or not CAN_SHARE:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(wanted or min(2 * cores, MOST), scenarios // WORTH))


class Ensemble:
    """The conductor: has what `Session` has for those who start a run, except the stage.

    Raises `RunProblem` where the folder or the timeline cannot be made.
    """

    def __init__(self, plan: Plan, players: int, interruption: Interruptible) -> None:
        assert plan.output is not None, "the players share a timeline, which needs a folder"
        self.plan, self.players = plan, players
        self.contract = contract_for(plan.areas)
        self._interruption = interruption
        make_folder(plan.output)
        try:
            Ledger(plan.output / "ledger.ndjson")  # so that it is there even where no player came to begin its own
            self.timeline = SharedTimeline(plan.output / "timeline.ndjson", players)
            info = {"suite": __version__, "contract": self.contract.digest, "players": players}
            self.recorder = Recorder(None, shared=self.timeline, info=info)
        except (OSError, RecorderError, LedgerError) as error:
            raise RunProblem(f"{plan.output}: the timeline cannot be made ({error}); free the place", USAGE) from error
        self.on_begin: Callable[[str, str], None] | None = None
        self.on_ending: Callable[[Ending], None] | None = None
        self.interrupted = False
        self.problem: str | None = None
        self.problem_kind: ProblemKind | None = None
        self.reported: reporting.Reported | None = None
        self.broke: list[str] = []
        self._facts: RunInfo | None = None
        self._left: tuple[str, ...] = ()
        self._first = Session.blank_facts(self.contract, plan)
        self._played: dict[str, tuple[Scenario, Sequence[Finding]]] = {}
        self._crashes: list[str] = []
        self._running: dict[int, _Player] = {}
        self._servers: BundledServer | None = None
        self._asked = False  # whether the players were asked to end

    # -- playing --------------------------------------------------------------------------------------------

    def start_servers(self, warm: BundledServer | None = None) -> None:
        """Starts a bundled server for each player; `warm` is one that stands by.

        Raises:
            RunProblem: they did not start; the reports, which say so, are written.
        """
        started = datetime.now(UTC)
        try:
            with self._interruption.protect():
                self._servers = start_server(self.plan, warm, self.players)
        except RunProblem as problem:
            raise failure(problem, self.contract, self.plan, None, started) from problem

    def play(self, act: Act, scenarios: int) -> None:
        """Forks the players, each of which does `act`, and listens until all have left. `scenarios`: how many they
        have to play between them; where one is missing in the end, the run is no run."""
        # What is there now stays, for the players too; and what they tell stays until the reports are written.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        try:
            with self._interruption.protect():
                for number in range(self.players):
                    served = self._servers.served[number] if self._servers is not None else None
                    self._start(Part(number, self.timeline, served), act)
            self._listen()
        except BaseException:
            self.kill()  # whatever broke here: nobody would hear them any more
            raise
        missing = scenarios - len(self._played)
        if missing and self.problem is None and not self.interrupted and not self.broke:
            self.problem = f"{missing} of {scenarios} scenarios were not played, and nobody said why"
            self.problem_kind = "suite error"

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            for pipe in self._running:
                selector.register(pipe, selectors.EVENT_READ)
            while self._running:
                try:
                    ready = [key.fd for key, _ in selector.select()]
                    with self._interruption.protect():
                        for pipe in ready:
                            self._read(pipe, selector)
                except KeyboardInterrupt:
                    self.interrupted = True
                    self._stop()

    def _start(self, part: Part, act: Act) -> None:
        reader, writer = os.pipe()
        # A signal waits until the player is ready to take it for its own.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        try:
            pid = os.fork()
            if pid == 0:
                os.close(reader)
                _be_player(part, act, writer, self._interruption, before)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(writer)
        self._running[reader] = _Player(pid, reader)

    def _read(self, pipe: int, selector: selectors.BaseSelector) -> None:
        player = self._running[pipe]
        data = os.read(pipe, _CHUNK)
        player.buffer += data
        while len(player.buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(player.buffer)
            if len(player.buffer) < _LENGTH.size + length:
                break
            frame = pickle.loads(bytes(player.buffer[_LENGTH.size : _LENGTH.size + length]))  # noqa: S301 - our own child
            del player.buffer[: _LENGTH.size + length]
            self._handle(player, frame)
        if not data:
            selector.unregister(pipe)
            os.close(pipe)
            del self._running[pipe]
            _, status = os.waitpid(player.pid, 0)
            self._ended(player, status)

    def _handle(self, player: _Player, frame: tuple[Any, ...]) -> None:
        match frame:
            case ("opened", RunInfo() as facts):
                if self._facts is None:
                    self._facts = facts
                    self.recorder.record(reporting.FACTS, self.facts().as_json())
            case ("begin", str(name), str(area)):
                if self.on_begin is not None:
                    self.on_begin(name, area)
            case ("ended", Ending() as ending, list(events), list(crashes)):
                played = scenario(ending.scenario, [Event(*item) for item in events])
                self._played[ending.scenario] = played, ending.findings
                self._crashes += crashes
                if self.on_ending is not None:
                    self.on_ending(ending)
            case ("left", Left() as left):
                player.left = left
            case _:
                raise AssertionError(f"unknown frame {frame[0]!r:.40}")

    def _ended(self, player: _Player, status: int) -> None:
        """A player is gone: one that had to end early ends the run."""
        left = player.left
        if left is None:
            code = os.waitstatus_to_exitcode(status)
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            left = Left(None, f"a process of the run ended {how}", BROKEN)
        elif left.interrupted and not self._asked:
            left = replace(left, problem=left.problem or "a process of the run was interrupted", exit_code=BROKEN)
        self.broke += left.broke
        self._left += left.facts.left if left.facts is not None else ()
        if left.problem is not None and not self.interrupted and self.problem is None:
            kind = left.facts.problem_kind if left.facts is not None else None
            self.problem = left.problem
            self.problem_kind = kind or ("unreachable" if left.exit_code == 3 else "suite error")
        if left.problem is not None or left.broke:
            self._stop()

    def _stop(self) -> None:
        """Asks the players that are left to end in order; once, as a second signal would end them at once."""
        if self._asked:
            return
        self._asked = True
        for player in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(player.pid, signal.SIGINT)

    def kill(self) -> None:
        """Ends the players and their servers at once. Safe in a signal handler."""
        for player in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(player.pid, signal.SIGKILL)
        if self._servers is not None:
            self._servers.kill()

    # -- the end --------------------------------------------------------------------------------------------

    def facts(self) -> RunInfo:
        """What the run knows of itself by now."""
        now = Session.blank_facts(self.contract, self.plan)
        known = self._facts or now
        return replace(
            known,
            id=self._first.id,
            started=self._first.started,
            finished=now.finished,
            duration=round(self._first.seconds_until(now), 3),
            interrupted=self.interrupted,
            problem=self.problem,
            problem_kind=self.problem_kind,
            left=self._left,
        )

    def close(self) -> None:
        """Ends the timeline and writes the reports.

        Raises:
            ReportError: after all the others were written, when one could not be.
        """
        with self._interruption.protect():
            info = self.facts()
            try:
                info = reporting.run_info_from(self.recorder.record(reporting.FACTS, info.as_json()).payload)
                self.recorder.close()
                if self.recorder.failure is not None and self.problem is None:
                    self.problem, self.problem_kind = self.recorder.failure, "unwritable"
                    info = self.facts()
            except RecorderError as error:
                self.problem, self.problem_kind = f"the recorder broke: {error}"[:600], "suite error"
                info = self.facts()
            judged = reporting.Judged(crashes=self._crashes)
            for played, findings in sorted(self._played.values(), key=lambda item: item[0].order):
                judged.scenarios.append(played)
                judged.findings.extend(findings)
            self.reported = reporting.write(info, judged, self.contract, self.plan.output)
            if self._servers is not None:
                self._servers.stop()  # its players have asked them to end before: here they are waited for
        if self.reported.problems:
            raise ReportError(self.reported.problems, self.reported.paths)


def _be_player(
    part: Part, act: Act, pipe: int, interruption: Interruptible, signals: set[int | signal.Signals]
) -> None:
    """The life of a forked player, which begins with signals blocked; `signals` is the mask to live with. Never
    returns."""
    code = BROKEN
    try:
        os.setsid()  # Ctrl-C at a terminal reaches the conductor alone, who passes it on
        interruption.hush()

        def send(frame: tuple[Any, ...]) -> None:
            content = pickle.dumps(frame, pickle.HIGHEST_PROTOCOL)
            with interruption.protect():
                rest = memoryview(_LENGTH.pack(len(content)) + content)
                while rest:
                    rest = rest[os.write(pipe, rest) :]

        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
            left = act(part, send)
        except KeyboardInterrupt:
            left = Left(None, interrupted=True)
        except RunProblem as problem:
            left = Left(None, str(problem), problem.exit_code)
        except BrokenPipeError:
            raise
        except BaseException:  # noqa: BLE001 - whatever broke, the conductor tells it with the reports
            left = Left(None, broke=(traceback.format_exc(),))
        with interruption.protect():
            send(("left", left))
        code = 0
    finally:
        # Without the conductor there is nobody to report to; the server ends with this process.
        os._exit(code)


def ended_frame(session: Session, ending: Ending) -> tuple[Any, ...]:
    """What a player tells of a scenario that has ended; the player itself keeps nothing of it."""
    played = session.judged.scenarios.pop()
    crashes = list(session.judged.crashes)
    session.judged.findings.clear()
    session.judged.crashes.clear()
    events = [
        (event.seq, event.t, event.wall, event.actor, event.scenario, event.step, event.kind, event.payload)
        for event in played.events
        if isinstance(event, Event)
    ]
    return ("ended", ending, events, crashes)
