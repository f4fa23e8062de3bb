"""Something done by a forked process while this one does something else."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_CHUNK = 1 << 16


@dataclass
class Aside:
    """What the other process had to say; `ended`: whether it came to its end, else `said` is why not."""

    said: str = ""
    ended: bool = False


def can_do_aside() -> bool:
    """Whether this process may fork: others of its threads might hold locks, which the fork would keep for ever."""
    return hasattr(os, "fork") and threading.active_count() == 1


@contextlib.contextmanager
def do_aside(work: Callable[[], str]) -> Iterator[Aside]:
    """While the block runs, another process does `work`; behind the block the result tells what that returned."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _do(work, writer)
    os.close(writer)
    result = Aside()
    try:
        yield result
    finally:
        with os.fdopen(reader, "rb") as pipe:
            result.said = pipe.read().decode("utf-8", "replace")
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        result.ended = code == 0
        if code:
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            result.said = f"the process that was to write it ended {how}"


def _do(work: Callable[[], str], pipe: int) -> None:
    """The life of the other process. Never returns."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a report that has been begun is finished, as in the first process
        said = memoryview(work().encode("utf-8", "replace"))
        while said:
            said = said[os.write(pipe, said[:_CHUNK]) :]
        code = 0
    finally:
        os._exit(code)
