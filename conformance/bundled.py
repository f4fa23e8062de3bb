"""Starts and stops the bundled server as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from conformance.driver.target import Target, parse_target
from conformance.simulator.seed import target_toml

START_DEADLINE = 20.0
STOP_DEADLINE = 5.0


class BundledServerError(Exception):
    """The bundled server did not start; the text says what it printed."""


@dataclass(frozen=True)
class Served:
    """One of several servers that were started together, as those see it who did not start it."""

    base_url: str
    pid: int

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def stop(self) -> None:
        """Asks the server to end; whoever started it waits for that."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the server at once. Safe in a signal handler."""
        self._signal(signal.SIGKILL)

    def target(self) -> Target:
        """The target that describes the server."""
        return parse_target(target_toml(self.base_url), Path("<bundled server>"))

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class BundledServer:
    """The bundled server on a free port of the loopback interface, for the length of a `with` block; with `servers`,
    so many of them (`served`), each on a port of its own."""

    def __init__(self, options: Sequence[str] = (), *, log: Path | None = None, servers: int = 1) -> None:
        self.options, self.log, self.servers = list(options), log, servers
        self._process: subprocess.Popen[bytes] | None = None
        self.served: tuple[Served, ...] = ()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Where the (first) server is, empty before the start."""
        return self.served[0].base_url if self.served else ""

    @property
    def pid(self) -> int:
        """The process id, 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def warm(self) -> None:
        """Begins to start before it is known what is wanted: `options`, `log` and `servers` may be set until `start`.

        Raises:
            BundledServerError: no process can be made.
        """
        # -P: a module of the same name in the current folder must not be taken for ours.
        command = [sys.executable, "-P", "-m", "conformance.simulator", "--standby"]
        try:
            errors: Any = self.log.open("ab") if self.log else subprocess.DEVNULL
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=dict(os.environ),
                    # Ctrl-C at a terminal reaches the whole group: the server must outlive the clean-up.
                    start_new_session=True,
                )
            finally:
                if self.log:
                    errors.close()
        except BlockingIOError as error:
            raise BundledServerError(f"the bundled server did not start: {error.strerror}") from None

    def start(self) -> None:
        """Starts the server, or lets the one that stands by begin, and waits until all listen.

        Raises:
            BundledServerError: it did not.
            OSError: the log cannot be written.
        """
        if self.log:
            self.log.open("wb").close()
        stood_by = self._process is not None
        try:
            lines = self._begin()
            if not lines and stood_by:
                self.stop()
                self._process = None
                lines = self._begin()  # once more, so that what is wrong gets into the log
        except BaseException:
            self.stop()
            raise
        try:
            self.served = tuple(Served(str(facts["baseUrl"]), int(facts["pid"])) for facts in map(json.loads, lines))
        except (ValueError, KeyError, TypeError):
            self.served = ()
        if len(self.served) < self.servers:
            self.served = ()
            self.stop()
            said = b" ".join(lines).decode("utf-8", "replace").strip()[:200] or self._last_words() or "it said nothing"
            hint = f"; see {self.log}" if self.log else ""
            raise BundledServerError(f"the bundled server did not start: {said}{hint}")

    def _begin(self) -> list[bytes]:
        """Gives a process its arguments; the lines that it says, one a server, empty where it ended instead."""
        if self._process is None:
            self.warm()
        process = self._process
        assert process is not None
        assert process.stdin is not None
        arguments = ["--port", "0", "--exit-with-parent", "--servers", str(self.servers), *self.options]
        if self.log:
            arguments += ["--log", str(self.log.absolute())]
        try:
            process.stdin.write(json.dumps(arguments).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return []
        return self._lines(process)

    def _lines(self, process: subprocess.Popen[bytes]) -> list[bytes]:
        assert process.stdout is not None
        end = time.monotonic() + START_DEADLINE
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while said.count(b"\n") < self.servers and selector.select(max(0.0, end - time.monotonic())):
                data = os.read(process.stdout.fileno(), 4096)
                if not data:
                    break
                said += data
        return said.splitlines()

    def _last_words(self) -> str:
        """The last line of the log: the error that ended the server."""
        try:
            lines = self.log.read_text("utf-8", errors="replace").split("\n") if self.log else []
        except OSError:
            return ""
        return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")

    def stop(self) -> None:
        """Stops the server; kills it when it does not stop by itself."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                self.kill()  # those that were started together too: one of them may be what does not end
                process.wait(STOP_DEADLINE)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def kill(self) -> None:
        """Ends the server at once, with all that were started together. Safe in a signal handler."""
        for one in self.served:
            one.kill()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def target(self) -> Target:
        """The target that describes the (first) server."""
        return self.served[0].target()
