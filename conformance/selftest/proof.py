"""The self-test as a whole: what is to be played, the playing, and the kill matrix that comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from conformance.selftest.charges import Docket
from conformance.selftest.killmatrix import KillMatrix, Row, Sound
from conformance.selftest.trial import Charge, Complaint, Trial
from conformance.selftest.workers import Done, FaultTask, Manner, SoundPart, SoundTask, Task, WorkerError, work_off

CHUNK = 12
"""Scenarios that the sound server plays in one go."""


@dataclass
class Proof:
    """One run of the self-test. `faults`, `areas`: empty for all. repeat: how often the sound server plays what the
    faulty ones play. Progress is told to `tell` as it comes."""

    areas: Sequence[str] = ()
    faults: Sequence[str] = ()
    jobs: int = 2
    every: bool = False
    repeat: int = 1
    search: float = 20.0
    arguments: Sequence[str] = ()
    tell: Callable[[Charge, Trial], None] | None = None
    tell_sound: Callable[[SoundPart], None] | None = None
    charges: list[Charge] = field(default_factory=list)
    interrupted: bool = False
    problem: str = ""
    unreachable: bool = False
    _trials: dict[str, Trial] = field(default_factory=dict)
    _sound: list[SoundPart] = field(default_factory=list)
    _sound_seconds: float = 0.0
    _start: float = field(default_factory=time.monotonic)
    _started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def prepare(self) -> None:
        """Finds out what is to be played.

        Raises:
            SelectionError: there is no such area or fault.
            MatrixError: the files of the self-test cannot be used.
        """
        self.charges = Docket.read().select(self.areas, self.faults)

    @property
    def scenarios(self) -> tuple[str, ...]:
        """What the sound server plays: everything that a fault is to be seen by."""
        return tuple(sorted({item.id for charge in self.charges for item in charge.scenarios}))

    @property
    def tasks(self) -> list[Task]:
        """What the workers do: the sound server first, then the faults, slow ones first."""
        names = self.scenarios
        chunks = [names[first : first + CHUNK] for first in range(0, len(names), CHUNK)]
        sound: list[Task] = [SoundTask(chunk) for _ in range(self.repeat) for chunk in chunks]
        ordered = sorted(self.charges, key=lambda item: (-(item.patience or 0.0), bool(item.scenarios)))
        return sound + [FaultTask(item.fault) for item in ordered]

    def play(self) -> None:
        """Plays it all. An interruption or a broken worker ends it early; what was found so far is kept."""
        by_name = {item.fault: item for item in self.charges}
        try:
            for done in work_off(self.tasks, jobs=self.jobs, manner=Manner(self.every, self.search)):
                self._note(done, by_name)
        except KeyboardInterrupt:
            self.interrupted = True
        except WorkerError as error:
            self.problem, self.unreachable = str(error), error.unreachable

    def _note(self, done: Done, by_name: dict[str, Charge]) -> None:
        if isinstance(done, SoundPart):
            self._sound.append(done)
            self._sound_seconds = time.monotonic() - self._start
            if self.tell_sound is not None:
                self.tell_sound(done)
        else:
            self._trials[done.fault] = done
            if self.tell is not None:
                self.tell(by_name[done.fault], done)

    def result(self) -> KillMatrix:
        """What has come of it so far."""
        return KillMatrix(
            rows=[Row(item, self._trials.get(item.fault)) for item in self.charges],
            sound=self._sound_result(),
            started=self._started.isoformat(timespec="milliseconds"),
            duration=time.monotonic() - self._start,
            jobs=self.jobs,
            arguments=tuple(self.arguments),
            whole=not self.areas and not self.faults and not self.interrupted and not self.problem,
            interrupted=self.interrupted,
            problem=self.problem,
            unreachable=self.unreachable,
        )

    def _sound_result(self) -> Sound:
        complaints: list[Complaint] = [item for part in self._sound for item in part.complaints]
        disturbed = {name: why for part in self._sound for name, why in part.disturbed.items()}
        played = sum(part.scenarios for part in self._sound)
        return Sound(played, self.repeat, complaints, disturbed, self._sound_seconds)
