"""The server's clock: real time plus what the control API has advanced it by."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(order=True)
class Timer:
    """A callback that is due at a reading of `Clock.monotonic()`."""

    due: float
    order: int
    fn: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Forget the callback; harmless when it has run."""
        self.cancelled = True


class Clock:
    """Time as the server sees it. Callbacks run in the event loop's thread, in the order they fall due."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._timers: list[Timer] = []
        self._order = itertools.count()
        self._wakeup: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        """The date and time, aware, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset)

    def milliseconds(self) -> int:
        """Milliseconds since the epoch, for the documents' numeric timestamps."""
        return int((time.time() + self._offset) * 1000)

    def monotonic(self) -> float:
        """Seconds that only ever grow, for durations."""
        return time.monotonic() + self._offset

    def call_later(self, seconds: float, fn: Callable[[], None]) -> Timer:
        """Run `fn` when `seconds` have passed on this clock, or at once when the clock is advanced over it."""
        timer = Timer(self.monotonic() + seconds, next(self._order), fn)
        heapq.heappush(self._timers, timer)
        self.arm()
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` have passed on this clock."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not done.done():
                done.set_result(None)

        timer = self.call_later(seconds, wake)
        try:
            await done
        finally:
            timer.cancel()

    def advance(self, seconds: float) -> None:
        """Move the clock forward; callbacks that fall due on the way run now, each at its own time."""
        if seconds < 0:
            raise ValueError("the clock cannot go back")
        target = self.monotonic() + seconds
        while self._timers and self._timers[0].due <= target:
            timer = heapq.heappop(self._timers)
            self._offset += max(0.0, timer.due - self.monotonic())
            _run(timer)
        self._offset += max(0.0, target - self.monotonic())
        self.arm()

    def arm(self) -> None:
        """Ask the running event loop to wake this clock for its next timer (nothing happens outside a loop)."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        if self._timers:
            delay = max(0.0, self._timers[0].due - self.monotonic())
            self._wakeup = loop.call_later(delay, self._ring)

    def clear(self) -> None:
        """Forget every timer; each says so."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None

    def _ring(self) -> None:
        self._wakeup = None
        while self._timers and self._timers[0].due <= self.monotonic():
            _run(heapq.heappop(self._timers))
        self.arm()


def _run(timer: Timer) -> None:
    if timer.cancelled:
        return
    try:
        timer.fn()
    except Exception:  # noqa: BLE001 - a failing callback must not stop the clock; it is reported instead
        print(traceback.format_exc(), file=sys.stderr, flush=True)
