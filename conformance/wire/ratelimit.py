"""A token bucket that all sessions to one target share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class RateLimiter:
    """At most `rate` requests a second, after a burst of at most `burst`. Thread-safe and fair: each caller takes the
    next free place in line and waits for its time. Clock and waiter (seconds) can be replaced in tests."""

    def __init__(
        self,
        rate: float,
        burst: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("rate must be above 0 and burst at least 1")
        self._interval = 1 / rate
        self._slack = (burst - 1) / rate
        self._clock, self._wait = clock, wait
        self._lock = threading.Lock()
        self._next = clock() - self._slack

    def acquire(self, timeout: float) -> bool:
        """Wait for one's turn. False, and no place taken, where the turn is more than `timeout` seconds away."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._slack)
            delay = turn - now
            if delay > timeout:
                return False
            self._next = turn + self._interval
        if delay > 0:
            self._wait(delay)
        return True
