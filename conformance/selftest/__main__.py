"""`python -m conformance.selftest`: looks for scenarios that see a fault, and writes them into the matrix.

`gws-conformance selftest` plays the matrix; this is how a new fault finds its way into it.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from conformance.judge import Finding
from conformance.selftest.charges import Docket, SelectionError
from conformance.selftest.hunt import Hunted
from conformance.selftest.matrix import Entry, Matrix, dump_matrix
from conformance.selftest.measure import hunt_all


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
    """Exit code 0 when every fault was seen, 1 otherwise, 2 for faults that do not exist."""
    parser = argparse.ArgumentParser(prog="python -m conformance.selftest", description=__doc__)
    parser.add_argument("--area", action="append", default=[], help="only the faults of these areas")
    parser.add_argument("--fault", action="append", default=[], help="only these faults, written as on a command line")
    parser.add_argument("--jobs", type=int, default=2, help="servers and processes at the same time")
    parser.add_argument("--kills", type=int, default=1, help="how many scenarios are to see each fault")
    parser.add_argument(
        "--learn", metavar="FILE", help="write the matrix with what was found (matrix.yaml beside this)"
    )
    options = parser.parse_args(arguments)
    docket = Docket.read()
    try:
        chosen = [item.fault for item in docket.select(options.area, options.fault)]
    except SelectionError as error:
        print(error, file=sys.stderr)
        return 2
    start, results = time.monotonic(), []
    for item in hunt_all(chosen, jobs=options.jobs, kills=options.kills):
        results.append(item)
        print(line(item), flush=True)
    killed = sum(item.killed for item in results)
    print(f"{len(results)} faults, {killed} seen, {time.monotonic() - start:.0f} s")
    if options.learn:
        entries = learn(results, docket.matrix)
        Path(options.learn).write_text(dump_matrix(entries, docket.matrix.equivalent), "utf-8")
    return 0 if killed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
