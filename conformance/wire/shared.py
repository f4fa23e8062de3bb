"""One timeline written by several processes: each line as it happens, in one order, without gaps.

The processes are forked from the one that made it. `seq` and the newest time lie in memory that they share, and so
does the number of tasks that were taken; whoever appends or takes holds a lock on the file, which the operating system
frees when its holder dies.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

try:
    import fcntl
except ImportError:  # no such locks, and no fork either
    fcntl = None  # type: ignore[assignment]

_STATE = struct.Struct("=Qd")
_TAKEN = struct.Struct("=Q")

CAN_SHARE = fcntl is not None and hasattr(os, "fork")
"""Whether this system has what it takes."""


class SharedTimeline:
    """The file, which must not exist yet, and the state that its writers share. `start` is a monotonic time.

    parts: processes that number exchanges and sessions, besides the one that makes this. Raises `OSError`.
    """

    def __init__(self, path: Path, parts: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("xb").close()
        self.path, self.parts = path, parts
        self.start = time.monotonic()
        self._memory = mmap.mmap(-1, _STATE.size + _TAKEN.size)

    def open(self) -> FileIO:
        """The file for one process: a lock holds off the others only where each has opened it for itself."""
        return self.path.open("ab", buffering=0)

    @contextmanager
    def turn(self, file: FileIO) -> Iterator[tuple[int, float]]:
        """Have the file for oneself; gives `seq` and time of the newest event."""
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            seq, t = _STATE.unpack_from(self._memory)
            yield seq, t
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)

    def take(self) -> int:
        """0, 1, 2 ...: each number once, to whichever process asks. They share what is to be done by it."""
        with self.open() as file, self.turn(file):
            (number,) = _TAKEN.unpack_from(self._memory, _STATE.size)
            _TAKEN.pack_into(self._memory, _STATE.size, number + 1)
        return int(number)

    def advance(self, seq: int, t: float) -> None:
        """Within a turn: an event was written."""
        _STATE.pack_into(self._memory, 0, seq, t)
