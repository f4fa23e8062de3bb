"""Tries many faults at the same time: each worker process has a bundled server of its own."""

from __future__ import annotations

import signal
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from conformance.bundled import BundledServerError
from conformance.selftest.bench import Bench
from conformance.selftest.charges import Docket
from conformance.selftest.playables import playables
from conformance.selftest.trial import Complaint, Court, Trial

PATIENCE = 0.3
"""Seconds to wait for what a fault keeps back; what the sound server says comes in a few hundredths."""
SOUND_PATIENCE = 2.0
"""Seconds to wait for a notification of the sound server: it comes, and a busy machine is no reason to blame it."""
FAREWELL = 10.0


class WorkerError(Exception):
    """A worker could not begin, or broke; the text holds its traceback. `unreachable`: its server did not start."""

    def __init__(self, text: str, *, unreachable: bool = False) -> None:
        super().__init__(text)
        self.unreachable = unreachable


@dataclass(frozen=True)
class FaultTask:
    """To do: one fault, as on a command line."""

    fault: str


@dataclass(frozen=True)
class SoundTask:
    """To do: these scenarios on the sound server."""

    scenarios: tuple[str, ...]


@dataclass(frozen=True)
class SoundPart:
    """Done: what the sound server was blamed for in that many scenarios, and those that were not judged."""

    scenarios: int
    complaints: tuple[Complaint, ...] = ()
    disturbed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Broken:
    text: str
    unreachable: bool


@dataclass(frozen=True)
class Manner:
    """How faults are tried; see `Court`."""

    every: bool = False
    search: float = 20.0


Task = FaultTask | SoundTask
Done = Trial | SoundPart


def work_off(tasks: Sequence[Task], *, jobs: int, manner: Manner) -> Iterator[Done]:
    """What came of the tasks, as they are done. Closing the generator early ends the workers and their servers.

    Raises:
        WorkerError: a worker broke; the others are ended.
    """
    context = get_context("spawn")
    waiting = deque(tasks)
    workers: dict[Connection, SpawnProcess] = {}
    try:
        for _ in range(min(jobs, len(waiting))):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, manner), daemon=True)
            process.start()
            theirs.close()
            workers[ours] = process
            ours.send(waiting.popleft())
        busy = set(workers)
        while busy:
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                yield _received(pipe)
                if waiting:
                    pipe.send(waiting.popleft())
                else:
                    pipe.send(None)
                    busy.discard(pipe)
        for process in workers.values():
            process.join(FAREWELL)
    finally:
        for pipe, process in workers.items():
            process.terminate()
            pipe.close()


def _received(pipe: Connection) -> Done:
    try:
        answer = pipe.recv()
    except (EOFError, OSError):
        raise WorkerError("a worker process ended without a word") from None
    if isinstance(answer, _Broken):
        raise WorkerError(answer.text, unreachable=answer.unreachable)
    assert isinstance(answer, Trial | SoundPart)
    return answer


def _serve(pipe: Connection, manner: Manner) -> None:
    """A worker's life: one server, one task after another. Ctrl-C is the parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        docket = Docket.read()
        with Bench(patience=PATIENCE) as bench:
            court = Court(bench, manner.every, manner.search, docket.elsewhere)
            while (task := pipe.recv()) is not None:
                if isinstance(task, SoundTask):
                    pipe.send(_sound(bench, task.scenarios))
                else:
                    pipe.send(court.try_fault(docket.charge(task.fault)))
    except (EOFError, BrokenPipeError):
        return  # the parent is gone
    except Exception as error:  # noqa: BLE001 - the parent tells it
        pipe.send(_Broken(traceback.format_exc(), isinstance(error, BundledServerError)))


def _sound(bench: Bench, scenarios: Sequence[str]) -> SoundPart:
    """Plays scenarios without a fault."""
    complaints: list[Complaint] = []
    disturbed: dict[str, str] = {}
    usual, bench.patience = bench.patience, SOUND_PATIENCE
    try:
        with closing(bench.play([], [playables()[name] for name in scenarios])) as plays:
            for item in plays:
                complaints += [Complaint(one, "anything: the server is sound") for one in item.complaints]
                if item.verdict in {"untestable", "error"}:
                    disturbed[item.scenario] = f"{item.verdict}: {item.text[:300]}"
    finally:
        bench.patience = usual
    return SoundPart(len(scenarios), tuple(complaints), disturbed)
