"""Starts and stops the bundled server as a process of its own."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from conformance.driver.target import Target, parse_target
from conformance.simulator.seed import target_toml

START_DEADLINE = 20.0
STOP_DEADLINE = 5.0


class BundledServerError(Exception):
    """The bundled server did not start; the text says what it printed."""


class BundledServer:
    """The bundled server on a free port of the loopback interface, for the length of a `with` block."""

    def __init__(self, options: Sequence[str] = (), *, log: Path | None = None) -> None:
        self._options = list(options)
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id, 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the server and waits until it listens.

        Raises:
            BundledServerError: it did not.
        """
        errors: Any = self._log.open("w", encoding="utf-8") if self._log else subprocess.DEVNULL
        # -P: a module of the same name in the current folder must not be taken for ours.
        module = [sys.executable, "-P", "-m", "conformance.simulator"]
        command = [*module, "--port", "0", "--exit-with-parent", *self._options]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=dict(os.environ),
                # Ctrl-C at a terminal reaches the whole group: the server must outlive the clean-up.
                start_new_session=True,
            )
        finally:
            if self._log:
                errors.close()
        try:
            line = self._first_line()
        except BaseException:
            self.stop()
            raise
        try:
            self.base_url = str(json.loads(line)["baseUrl"])
        except (ValueError, KeyError, TypeError):
            self.stop()
            said = line.strip()[:200] or self._last_words() or "it said nothing"
            hint = f"; see {self._log}" if self._log else ""
            raise BundledServerError(f"the bundled server did not start: {said}{hint}") from None

    def _first_line(self) -> str:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        end = time.monotonic() + START_DEADLINE
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if selector.select(max(0.0, end - time.monotonic())):
                return process.stdout.readline()
        return ""

    def _last_words(self) -> str:
        """The last line of the log: the error that ended the server."""
        try:
            lines = self._log.read_text("utf-8", errors="replace").split("\n") if self._log else []
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
                process.kill()
                process.wait(STOP_DEADLINE)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()

    def kill(self) -> None:
        """Ends the server at once. Safe in a signal handler."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def target(self) -> Target:
        """The target that describes the bundled server."""
        return parse_target(target_toml(self.base_url), Path("<bundled server>"))
