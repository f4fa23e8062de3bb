"""A warm bundled server whose faults are switched while it runs, and scenarios played against it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from conformance.bundled import BundledServer
from conformance.contract import load_contract
from conformance.driver.ledger import Ledger
from conformance.driver.outcomes import Unreachable, Untestable
from conformance.driver.stage import Patience, Stage
from conformance.judge import Finding
from conformance.selftest.playables import Playable
from conformance.session import Session, finish
from conformance.wire.recorder import Recorder

PATIENCE = 0.8
"""Seconds to wait for a notification: the server is on this machine, and what a fault keeps back never comes. What is
late is judged by the target's own deadline."""


class BenchError(Exception):
    """The bundled server does not do what the bench asks it to."""


@dataclass(frozen=True)
class Played:
    """What came of one scenario: its findings, and why it was not judged where it was not."""

    scenario: str
    findings: tuple[Finding, ...]
    verdict: str
    text: str

    @property
    def complaints(self) -> tuple[Finding, ...]:
        """What a check says against the server."""
        return tuple(item for item in self.findings if item.verdict in {"failed", "warning"})


@dataclass
class Bench:
    """One bundled server for many short runs. Use it as a context manager."""

    patience: float = PATIENCE
    server: BundledServer = field(default_factory=BundledServer)

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    def control(self, method: str, action: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A request of the server's control API.

        Raises:
            BenchError: the server refuses, or is gone.
        """
        url = f"{self.server.base_url}/__simulator/{action}"
        try:
            reply = httpx.request(method, url, json=body, timeout=10, trust_env=False)
            answer = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            raise BenchError(f"{method} {action}: {type(error).__name__}: {error}") from error
        if reply.status_code != 200 or not isinstance(answer, dict):
            raise BenchError(f"{method} {action}: HTTP {reply.status_code}: {reply.text[:200]}")
        return answer

    def declared(self) -> dict[str, str]:
        """The faults that the server knows: how each is written, and what a client sees of it."""
        return dict(self.control("GET", "faults")["declared"])

    @contextmanager
    def faulty(self, *faults: str, late: bool = False) -> Iterator[Session]:
        """A fresh run against the seeded server with these faults on; they are off again afterwards.

        late: the faults go on when everybody has logged in and listens, for faults that keep everybody out.

        Raises:
            BenchError: the server does not know a fault, or is gone.
            Unreachable: with the fault on, no run can begin.
        """
        self.restore()
        target = self.server.target()
        contract = load_contract()
        recorder = Recorder(None)
        stage = Stage(contract, target, recorder, Ledger(None))
        stage.patience = Patience(self.patience)
        try:
            if not late:
                self._switch(faults)
            stage.probe()
            if late:
                for name in target.users:
                    stage.actor(name)
                self._switch(faults)
            yield Session(contract, target, stage, recorder)
        finally:
            if self.server.alive:
                self.control("POST", "faults", {"off": ["*"]})
                with suppress(Untestable, Unreachable):  # what the fault left behind goes with the next reset
                    stage.close()
            recorder.close()

    def _switch(self, faults: Sequence[str]) -> None:
        if faults:
            self.control("POST", "faults", {"on": list(faults)})

    def restore(self) -> None:
        """Puts the server into its seeded state; starts another one where a fault has killed it."""
        with suppress(BenchError):
            self.control("POST", "reset", {})
            return
        self.server.stop()
        self.server = BundledServer()
        self.server.start()

    def play(self, faults: Sequence[str], scenarios: Iterable[Playable], *, late: bool = False) -> Generator[Played]:
        """Plays scenarios one after another with the faults on. Raises as `faulty` does."""
        with self.faulty(*faults, late=late) as session:
            for item in scenarios:
                yield perform(session, item)
                if session.problem is not None:
                    return


def perform(session: Session, item: Playable) -> Played:
    """Plays and judges one scenario."""
    play = session.play(item.id, item.area, item.title)
    problem: BaseException | None = None
    try:
        item.function(play=play, **item.arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - however a test ends, the scenario is ended and judged
        problem = error
    ending = finish(session, play, problem)
    return Played(item.id, ending.findings, ending.verdict, ending.text)
