"""A Node script as a test's peer: started, commanded and listened to over its standard streams."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.node import node_or_skip

HERE = Path(__file__).parent
DEADLINE = 15.0
Happening = dict[str, Any]


class PeerError(AssertionError):
    """The peer ended, refused a command, or did not come where it should; the text holds what it printed."""


class NodePeer:
    """A script of this folder, running. Thread-safe; every wait ends after `patience` seconds."""

    def __init__(self, script: str, *arguments: str) -> None:
        self.patience = DEADLINE
        self.happened: list[Happening] = []
        self._answers: dict[int, Happening] = {}
        self._errors: list[str] = []
        self._ids = itertools.count(1)
        self._changed = threading.Condition()
        self._ended = False
        self._process = subprocess.Popen(
            [node_or_skip(HERE), str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [threading.Thread(target=work, daemon=True) for work in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()
        self.wait("ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, command: str, **parameters: Any) -> Any:
        """Have a command carried out; gives its result."""
        number = next(self._ids)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"number": number, "command": command, **parameters}) + "\n")
        self._process.stdin.flush()
        self._until(lambda: number in self._answers, f"no answer to {command}")
        answer = self._answers[number]
        if "error" in answer:
            raise PeerError(f"{command}: {answer['error']}")
        return answer["result"]

    def wait(
        self,
        happened: str,
        accept: Callable[[Happening], bool] = lambda _: True,
        *,
        count: int = 1,
    ) -> list[Happening]:
        """Wait until that many things of this name have happened that are accepted; gives all of them."""
        self._until(lambda: len(self.all(happened, accept)) >= count, f"not {count} times {happened!r}")
        return self.all(happened, accept)

    def all(self, happened: str, accept: Callable[[Happening], bool] = lambda _: True) -> list[Happening]:
        """What has happened so far under this name."""
        return [fact for fact in list(self.happened) if fact["happened"] == happened and accept(fact)]

    def freeze(self) -> None:
        """Stop the process where it is, like a machine that is put to sleep."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, without a word to anybody."""
        self._process.kill()
        self._process.wait(DEADLINE)

    def stop(self) -> None:
        """End it; by force where it does not end by itself."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(DEADLINE)
        for reader in self._readers:
            reader.join(DEADLINE)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()

    def _until(self, condition: Callable[[], bool], problem: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: condition() or self._ended, self.patience)
            if condition():
                return
            latest = [json.dumps(fact)[:300] for fact in self.happened[-12:]]
        ended = "; it has ended" if self._ended else ""
        raise PeerError("\n".join([problem + ended, *latest, *self._errors[-20:]]))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            with self._changed:
                if "happened" in said:
                    self.happened.append(said)
                else:
                    self._answers[said["number"]] = said
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_errors(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line.rstrip())
