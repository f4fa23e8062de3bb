"""The recorder: writes the timeline as it happens, and lets others wait for what they expect in it."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import SEEK_END, FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from conformance.wire.redaction import Redactor
from conformance.wire.shared import SharedTimeline
from conformance.wire.timeline import FORMAT, VERSION, Event, TimelineError, read_timeline

__all__ = ["Event", "Recorder", "RecorderClosedError", "RecorderError", "TimelineError", "read_timeline"]


_ACTIVITY = frozenset({"http.response", "http.error", "cometd.event"})


class RecorderError(RuntimeError):
    """The recorder cannot do what it is asked to; the text names the file or the misuse."""


class RecorderClosedError(RecorderError):
    """Something was to be recorded after `close`."""


class Recorder:
    """Records events in memory and, where a path is given, as NDJSON: one unbuffered write a line, so that a killed
    process leaves at most its last line cut. Thread-safe.

    `path` must not exist yet: a timeline is evidence and is never overwritten. Raises `RecorderError` where the file
    cannot be made. Where it cannot be written any more, `failure` says so: it keeps the lines that it has, and events
    are in memory alone, so that what was begun can be cleaned up; but no further scenario begins.

    shared: instead of a path, a timeline that other processes write too. `part` is the number of this one, from 0: it
    goes on in the timeline; None for the one that begins and ends it.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        redactor: Redactor | None = None,
        info: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        shared: SharedTimeline | None = None,
        part: int | None = None,
    ) -> None:
        self._shared, self._part = shared, part
        self._parts = shared.parts if shared is not None and part is not None else 1
        self.redactor = redactor if redactor is not None else Redactor(part=part or 0, parts=self._parts)
        self._clock, self._wall = clock, wall
        self._start = clock() if shared is None else shared.start
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._last_seq = 0
        self._last_t = 0.0
        self._active = 0.0
        self._scenario: str | None = None
        self._step: int | None = None
        self._steps = 0
        self._ordinals: dict[str, int] = {}
        self._closed = False
        self.failure: str | None = None
        self.path = path if shared is None else shared.path
        self._file = shared.open() if shared is not None else _create(path) if path is not None else None
        self._spent: FileIO | None = None
        if part is None:
            self.record("run.start", {"format": FORMAT, "version": VERSION, "info": dict(info or {})})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def record(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        actor: str | None = None,
        recorded: Mapping[str, Any] | None = None,
    ) -> Event:
        """Record an event with a redacted copy of its payload. Raises `RecorderClosedError` after `close`.

        recorded: members that were taken from an event recorded before, and so need no second redaction.
        """
        # The time is taken first: redacting a large body must not look like latency of the server.
        t = self._clock() - self._start
        clean = self.redactor.value(payload)
        if recorded is not None:
            clean.update(recorded)
        name = self.redactor.text(actor) if actor is not None else None
        with self._changed:
            return self._append(kind, clean, name, t)

    def wait(self, predicate: Callable[[Event], bool], *, after: int = 0, deadline: float) -> Event | None:
        """The first event with `seq` > `after` that the predicate accepts: at once if it is there, else as soon as it
        is recorded; None after `deadline` seconds, or as soon as the recorder is closed."""
        end = time.monotonic() + deadline
        cursor = after
        while True:
            with self._changed:
                fresh = self._since(cursor)
                while not fresh:
                    remaining = end - time.monotonic()
                    if remaining <= 0 or self._closed:
                        return None
                    self._changed.wait(remaining)
                    fresh = self._since(cursor)
            # Outside the lock: a predicate may take its time, or record.
            for event in fresh:
                if predicate(event):
                    return event
            cursor = fresh[-1].seq

    def events(self, since: int = 0, scenario: str | None = None) -> list[Event]:
        """The events in memory with `seq` > `since`, of one scenario or of all."""
        with self._changed:
            return [e for e in self._since(since) if scenario is None or e.scenario == scenario]

    def forget(self, scenario: str | None) -> int:
        """Drop the events of a finished scenario (None: those outside any) from memory, not from the file; answers how
        many. Raises `RecorderError` for the scenario that is running."""
        with self._changed:
            if scenario is not None and scenario == self._scenario:
                raise RecorderError(f"the scenario {scenario!r} is still running: end it before forgetting it")
            kept = [event for event in self._events if event.scenario != scenario]
            dropped = len(self._events) - len(kept)
            self._events = kept
            return dropped

    @property
    def last_seq(self) -> int:
        """The `seq` of the newest event."""
        with self._changed:
            return self._last_seq

    @property
    def idle(self) -> float:
        """Seconds since the server last answered or notified."""
        with self._changed:
            return self._clock() - self._start - self._active

    def ordinal(self, name: str) -> int:
        """1, 2, 3 ... for each name: identifies exchanges and sessions within this timeline. Processes that share a
        timeline take turns: of two, one counts 1, 3, 5 ..."""
        with self._changed:
            number = self._ordinals[name] = self._ordinals.get(name, 0) + 1
            return 1 + (number - 1) * self._parts + (self._part or 0)

    def begin_scenario(self, scenario: str, info: Mapping[str, Any] | None = None) -> Event:
        """Record `scenario.start`; every event until `end_scenario` carries the scenario's id."""
        clean = self.redactor.value({"id": scenario, "info": info or {}})
        with self._changed:
            if self._scenario is not None:
                raise RecorderError(f"scenario {scenario!r} begins inside {self._scenario!r}: end that one first")
            if self.failure is not None:
                raise RecorderError(self.failure)
            self._scenario, self._step, self._steps = clean["id"], None, 0
            return self._append("scenario.start", clean)

    def end_scenario(self, info: Mapping[str, Any] | None = None) -> Event:
        """Record `scenario.end`. A step that is still open is ended first, marked as abandoned."""
        clean = self.redactor.value({"info": info or {}})
        with self._changed:
            if self._scenario is None:
                raise RecorderError("end_scenario without begin_scenario")
            if self._step is not None:
                self.end_step({"abandoned": True})
            event = self._append("scenario.end", {"id": self._scenario, **clean})
            self._scenario = None
            return event

    def begin_step(self, info: Mapping[str, Any] | None = None) -> int:
        """Record `step.start` and answer the step's number: 1, 2, 3 ... within its scenario."""
        clean = self.redactor.value({"info": info or {}})
        with self._changed:
            if self._step is not None:
                raise RecorderError(f"a step begins inside step {self._step}: end that one first")
            self._steps += 1
            self._step = self._steps
            self._append("step.start", clean)
            return self._step

    def end_step(self, info: Mapping[str, Any] | None = None) -> Event:
        """Record `step.end`."""
        clean = self.redactor.value({"info": info or {}})
        with self._changed:
            if self._step is None:
                raise RecorderError("end_step without begin_step")
            event = self._append("step.end", clean)
            self._step = None
            return event

    @contextmanager
    def scenario(self, scenario: str, **info: Any) -> Iterator[None]:
        """`begin_scenario` and `end_scenario` around a block."""
        self.begin_scenario(scenario, info)
        try:
            yield
        finally:
            self.end_scenario()

    @contextmanager
    def step(self, **info: Any) -> Iterator[int]:
        """`begin_step` and `end_step` around a block; gives the step's number."""
        number = self.begin_step(info)
        try:
            yield number
        finally:
            self.end_step()

    def close(self) -> None:
        """Record `run.end` and close the file. Doing it twice is harmless."""
        with self._changed:
            if self._closed:
                return
            if self._part is None:
                self._append("run.end", {"events": 0})
            self._closed = True
            for file in (self._file, self._spent):
                if file is not None:
                    file.close()
            self._changed.notify_all()

    def _append(self, kind: str, payload: dict[str, Any], actor: str | None = None, t: float | None = None) -> Event:
        if self._closed:
            raise RecorderClosedError(f"{kind} was to be recorded after the timeline was closed")
        at = self._clock() - self._start if t is None else t
        if self._shared is None or self._file is None:
            event = self._next(self._last_seq, self._last_t, kind, payload, actor, at)
        else:
            with self._shared.turn(self._file) as (seq, last):
                event = self._next(seq, last, kind, payload, actor, at)
                if self.failure is None:
                    self._shared.advance(event.seq, event.t)
        self._last_seq, self._last_t = event.seq, event.t
        if kind in _ACTIVITY:
            self._active = event.t
        self._events.append(event)
        self._changed.notify_all()
        return event

    def _next(self, seq: int, last: float, kind: str, payload: dict[str, Any], actor: str | None, at: float) -> Event:
        """Writes the event that follows `seq`, recorded at `last`."""
        if kind == "run.end":
            payload = {"events": seq + 1}
        event = Event(
            seq + 1,
            max(last, round(at, 6)),
            self._wall().isoformat(timespec="milliseconds")[:23] + "Z",
            actor,
            self._scenario,
            self._step,
            kind,
            payload,
        )
        if self._file is not None:
            self._write(event.line())
        return event

    def _write(self, line: bytes) -> None:
        assert self._file is not None
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            written = len(line) - len(rest)
            with suppress(OSError):
                if written:  # nothing may follow a line that is cut
                    self._file.truncate(self._file.seek(0, SEEK_END) - written)
            self.failure = f"the timeline cannot be written ({error.strerror}): {self.path}; free space there"
            self._spent, self._file = self._file, None

    def _since(self, seq: int) -> list[Event]:
        if not self._events or self._events[-1].seq <= seq:
            return []
        return self._events[bisect_right(self._events, seq, key=lambda event: event.seq) :]


def _create(path: Path) -> FileIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: an event is in the hands of the operating system before the next one happens.
        return path.open("xb", buffering=0)
    except OSError as error:
        if not path.exists():
            raise RecorderError(
                f"{path}: cannot be made ({error.strerror}). Choose a path that can be written."
            ) from error
        raise RecorderError(f"{path}: exists already. Choose another path, or move that file away.") from error
