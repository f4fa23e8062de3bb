"""Ctrl-C and SIGTERM: the first ends the run in order, the second at once.

A signal may come at any instruction. Where it would tear something (a line of the timeline, a clean-up, a report), it
waits until that is done.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any, Self

from conformance.wire import recorder

SIGNALS = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)
AGAIN = 0.02
"""Seconds until a signal that came while the recorder wrote is looked at again."""
_WAIT = threading.Condition.wait.__code__


class Interruption:
    """Turns the first signal into `KeyboardInterrupt` where that does no harm, and the second into `at_once`.

    Use as a context manager in the main thread.
    """

    def __init__(self, say: Callable[[str], None], at_once: Callable[[], None]) -> None:
        self._say, self._at_once = say, at_once
        self.requested = False
        self.closing = False
        self._depth = 0
        self._pending = False
        self._before: dict[int, Any] = {}
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Self:
        for number in SIGNALS:
            if number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started with nohup
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before.clear()

    @contextlib.contextmanager
    def protect(self) -> Iterator[None]:
        """A block that the first signal does not cut short; it takes effect behind the block."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._pending and self._depth == 0 and not self.closing:
            self._pending = False
            raise KeyboardInterrupt

    def hush(self) -> None:
        """In a process that was just forked: what a signal means is told by the one that it was forked from. That one
        may have been inside a protected block, or signalled; this one is neither."""
        self._say = lambda _: None
        self.requested = self._pending = False
        self._depth = 0

    def _handle(self, _: int, frame: FrameType | None) -> None:
        if self.requested:
            self._at_once()
            return
        self.requested = True
        if self.closing:
            self._say("the run is over, its reports are being written; once more stops at once")
            return
        self._say("interrupted: cleaning up and writing the reports; once more stops at once")
        self._deliver(frame)

    def _deliver(self, frame: FrameType | None) -> None:
        if self._depth:
            self._pending = True
        elif _recording(frame):
            self._later()
        else:
            raise KeyboardInterrupt

    def _later(self) -> None:
        previous = signal.getsignal(signal.SIGINT)

        def again(_: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, previous)
            self._deliver(frame)

        signal.signal(signal.SIGINT, again)
        self._timer = threading.Timer(AGAIN, _interrupt_main)
        self._timer.daemon = True
        self._timer.start()


def _interrupt_main() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        # To that very thread: it may be waiting in a system call by then, which the signal must break.
        signal.pthread_kill(main, signal.SIGINT)
    else:
        signal.raise_signal(signal.SIGINT)


def _recording(frame: FrameType | None) -> bool:
    """Whether the main thread is inside the recorder, and not only waiting there for an event."""
    if frame is not None and frame.f_code is _WAIT:
        return False
    while frame is not None:
        if frame.f_code.co_filename == recorder.__file__:
            return True
        frame = frame.f_back
    return False
