"""Plays many faults: each worker process has a bundled server of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from conformance.selftest.bench import Bench
from conformance.selftest.hunt import Hunted, Hunter, candidates
from conformance.selftest.matrix import load_matrix

_hunter: Hunter | None = None


def _open() -> None:
    """A worker's own server and hunter, for all the faults that it gets; the server ends with its parent."""
    global _hunter
    bench = Bench()
    bench.__enter__()
    _hunter = Hunter(bench)


def _work(fault: str, sentence: str, kills: int, known: bool, everywhere: bool) -> Hunted:
    assert _hunter is not None
    matrix = load_matrix()
    entries = matrix.of(fault)
    if entries and known:
        hunted = _hunter.expected(fault, sentence, entries)
        if hunted.killed or not everywhere:
            return hunted
    return _hunter.hunt(fault, sentence, candidates(fault, matrix), kills=kills)


def measure(
    faults: Sequence[tuple[str, str]], *, jobs: int = 2, kills: int = 1, known: bool = True, full: bool = True
) -> Iterator[Hunted]:
    """What came of each fault (as written on a command line, with its sentence), as they are done.

    known: play what the matrix expects first, and take only complaints as expected. full: where that fails or is not
    asked for, play the area's scenarios until `kills` of them complain.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context, initializer=_open) as pool:
        pending = [pool.submit(_work, name, sentence, kills, known, full) for name, sentence in faults]
        for future in as_completed(pending):
            yield future.result()
