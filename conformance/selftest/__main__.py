"""`python -m conformance.selftest`: plays every fault of the bundled server and prints the kill matrix."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.judge import Finding
from conformance.selftest.bench import Bench
from conformance.selftest.hunt import Hunted
from conformance.selftest.matrix import Entry, Matrix, dump_matrix, load_matrix
from conformance.selftest.measure import measure


def learn(results: Sequence[Hunted], matrix: Matrix) -> tuple[Entry, ...]:
    """The matrix's entries, those of hunted faults replaced by the most telling complaint that was found; a check that
    would have no entry gets one."""
    hunted = {item.fault for item in results if item.killed}
    entries = [item for item in matrix.entries if item.fault not in hunted]
    entries += [_entry(item.fault, item.kills[0]) for item in results if item.killed]
    for item in results:
        for finding in item.kills[1:]:
            if all(entry.check != finding.check for entry in entries):
                entries.append(_entry(item.fault, finding))
    return tuple(entries)


def _entry(fault: str, finding: Finding) -> Entry:
    return Entry(fault, finding.scenario, finding.check, finding.operation, gist(finding.message))


def gist(message: str) -> str:
    """The longest part of a message that is the same in every run: without ids and numbers."""
    parts = re.split(r"\S*(?:[0-9a-f]{8}-|[0-9]|[0-9A-Z]{12,})\S*|\(and .* more\)", message)
    return max((part.strip(" :;,'\"()[]{}") for part in parts), key=len)[:70].strip()


def line(item: Hunted) -> str:
    """One line of the kill matrix."""
    if item.killed:
        best = item.kills[0]
        checks = ", ".join(dict.fromkeys(one.check for one in item.kills))
        return f"killed    {item.fault:45} {best.scenario} | {checks} | {best.operation} | {best.message[:160]}"
    note = item.stopped or next(iter(item.seen.values()), "")
    return f"SURVIVED  {item.fault:45} {item.played} scenarios{f', {len(item.seen)} disturbed: {note}' if note else ''}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when every fault is killed or known to be equivalent, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m conformance.selftest", description=__doc__)
    parser.add_argument("--area", action="append", default=[], help="only the faults of these areas")
    parser.add_argument("--fault", action="append", default=[], help="only these faults, written as on a command line")
    parser.add_argument("--jobs", type=int, default=2, help="servers and processes at the same time")
    parser.add_argument("--kills", type=int, default=1, help="how many scenarios are to see each fault")
    parser.add_argument("--hunt", action="store_true", help="play all scenarios, whatever the matrix expects")
    parser.add_argument("--learn", metavar="FILE", help="write the matrix that was found")
    options = parser.parse_args(arguments)
    matrix = load_matrix()
    with Bench() as bench:
        declared = bench.declared()
    # A fault with an argument is played as the matrix writes it.
    plain = {name: text for name, text in declared.items() if ":" not in name and "[" not in name}
    bound = {item.fault: declared_text(item.fault, declared) for item in matrix.entries if item.fault not in plain}
    every = plain | bound
    chosen = {name: every.get(name, declared_text(name, declared)) for name in options.fault} or {
        name: text for name, text in every.items() if not options.area or name.partition(".")[0] in options.area
    }
    start = time.monotonic()
    results = []
    for item in measure(
        sorted(chosen.items()), jobs=options.jobs, kills=options.kills, known=not options.hunt, full=True
    ):
        results.append(item)
        print(line(item), flush=True)
    survivors = [item.fault for item in results if not item.killed]
    unexplained = [name for name in survivors if name not in matrix.equivalent]
    print(
        f"{len(results)} faults, {len(results) - len(survivors)} killed, {len(survivors)} survived "
        f"({len(survivors) - len(unexplained)} of them equivalent), {time.monotonic() - start:.0f} s"
    )
    if options.learn:
        Path(options.learn).write_text(dump_matrix(learn(results, matrix), matrix.equivalent), "utf-8")
    return 1 if unexplained else 0


def declared_text(fault: str, declared: dict[str, str]) -> str:
    """The sentence of a fault that is written with its argument."""
    name, _, argument = fault.partition(":")
    for usage, sentence in declared.items():
        if usage.split(":")[0].split("[")[0] == name:
            return f"{sentence} {argument}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
