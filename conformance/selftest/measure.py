"""Hunts for many faults: each worker process has a bundled server of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from conformance.selftest.bench import Bench
from conformance.selftest.charges import Docket
from conformance.selftest.hunt import Hunted, Hunter, candidates

_hunter: Hunter | None = None
_docket: Docket | None = None


def _open() -> None:
    """A worker's own server and hunter, for all the faults that it gets; the server ends with its parent."""
    global _hunter, _docket
    _docket = Docket.read()
    bench = Bench()
    bench.__enter__()
    _hunter = Hunter(bench, _docket.expected)


def _work(fault: str, kills: int) -> Hunted:
    assert _hunter is not None
    assert _docket is not None
    sentence = _docket.charge(fault).sentence
    return _hunter.hunt(fault, sentence, candidates(fault, _docket.matrix), kills=kills)


def hunt_all(faults: Sequence[str], *, jobs: int = 2, kills: int = 1) -> Iterator[Hunted]:
    """What came of each fault (as written on a command line), as they are done: the area's scenarios are played until
    `kills` of them complain for the right reason."""
    context = get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context, initializer=_open) as pool:
        pending = [pool.submit(_work, name, kills) for name in faults]
        for future in as_completed(pending):
            yield future.result()
