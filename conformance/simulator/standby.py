"""A server that is ready before it is known what it is to be, and several that start as one.

What costs time is Python's start and the modules: half a second of it. Where a server stands by, they are there when
its arguments come, as one line of JSON on standard input; where several are asked for, they are there once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import traceback
from collections.abc import Callable
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT)


def read_arguments() -> list[str] | None:
    """The arguments, once they are there; None where standard input ended before.

    Raises:
        ValueError: the line is not a JSON array of strings.
    """
    line = b""
    while not line.endswith(b"\n"):
        # One by one: what follows the line, its end above all, is for whoever watches the parent.
        piece = os.read(0, 1)
        if not piece:
            return None
        line += piece
    arguments = json.loads(line)
    if not isinstance(arguments, list) or not all(isinstance(item, str) for item in arguments):
        raise ValueError("not a JSON array of strings")
    return arguments


def redirect_errors(path: str) -> None:
    """Standard error goes to a file. Raises `OSError`."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 2)
    os.close(file)


def serve_each(count: int, serve: Callable[[], None]) -> None:
    """Does `serve` in `count` processes of their own, and waits until all have ended. Signals are passed on."""
    children: list[int] = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _be_one(serve)
        children.append(pid)

    def pass_on(number: int, _: FrameType | None) -> None:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)

    for number in _ENDING:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    while children:
        ended, _ = os.wait()
        children.remove(ended)


def _be_one(serve: Callable[[], None]) -> None:
    """The life of a forked server. Never returns."""
    code = 1
    try:
        serve()
        code = 0
    except Exception:  # noqa: BLE001 - the process ends here; its log has the reason
        traceback.print_exc()
    finally:
        os._exit(code)
