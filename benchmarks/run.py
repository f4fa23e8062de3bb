"""What a run costs. `make bench`, or `python -m benchmarks.run --help`.

Three questions:

1. *A run beside its exchanges.* The ratio is the wall time of the command `gws-conformance run` against the bundled
   server (from the start of the process to its end: loading the contract, starting the server, every scenario with
   its CometD sessions and its waiting, judging, writing the reports) over the time that plain httpx needs for the
   same exchanges, CometD included, against fresh bundled servers with the same seed (see `benchmarks.replay`). A run
   is played by several processes unless `--jobs 1` is given, the replay by one. With several rounds each side counts
   with its median.
2. *The judge's throughput*, on the timeline that the run recorded.
3. *What our CometD session adds* to the latency of a notification (see `benchmarks.notification`).

Figures of a busy machine are worth little; nothing here is a test.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.judging import Judged, judging
from benchmarks.notification import Latency, latency
from benchmarks.replay import Replayed, replay

COMMAND = Path(sys.executable).with_name("gws-conformance")
TARGET_RATIO = 1.5


@dataclass(frozen=True)
class Cost:
    """Wall time of the runs and of their replays, in seconds, and what the last replay was like."""

    run_seconds: tuple[float, ...]
    replay_seconds: tuple[float, ...]
    scenarios_seconds: float
    exit_code: int
    replayed: Replayed

    @property
    def ratio(self) -> float:
        """Median of the runs over median of the replays."""
        return statistics.median(self.run_seconds) / statistics.median(self.replay_seconds)


def cost(folder: Path, rounds: int, areas: Sequence[str], jobs: int | None) -> Cost:
    """Runs the suite and replays its exchanges, `rounds` times in turn. The last timeline stays in `folder`."""
    runs, replays = [], []
    for number in range(rounds):
        output = folder / f"run-{number + 1}"
        command = [str(COMMAND), "run", "--quiet", "--output", str(output)]
        command += [part for area in areas for part in ("--area", area)]
        command += ["--jobs", str(jobs)] if jobs else []
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        runs.append(time.perf_counter() - began)
        if done.returncode not in (0, 1):
            raise SystemExit(f"the run ended with exit code {done.returncode}:\n{done.stderr[-2000:]}")
        replayed = replay(output / "timeline.ndjson")
        replays.append(replayed.seconds)
    return Cost(tuple(runs), tuple(replays), _scenarios_seconds(output), done.returncode, replayed)


def _scenarios_seconds(output: Path) -> float:
    results = json.loads((output / "results.json").read_text("utf-8"))
    return float(sum(item["duration"] for item in results["scenarios"]))


def table(spent: Cost, judged: Judged, delays: Latency) -> Table:
    """The figures for people."""
    out = Table("", "measured", "of what", title="gws-conformance benchmarks", title_justify="left")
    runs, replays = statistics.median(spent.run_seconds), statistics.median(spent.replay_seconds)
    again = spent.replayed
    out.add_row("run", f"{runs:.2f} s", f"gws-conformance run, exit code {spent.exit_code}")
    out.add_row("  of it, scenarios", f"{spent.scenarios_seconds:.2f} s", f"{judged.scenarios} scenarios")
    out.add_row(
        "replay", f"{replays:.2f} s", f"{again.exchanges} exchanges and {again.stimuli} stimuli with plain httpx"
    )
    out.add_row(
        "  alike", f"{again.alike / max(1, again.exchanges):.1%}", "replies with the recorded status and statusCode"
    )
    out.add_row("  CometD", str(again.cometd), f"of the exchanges; {again.left_out} requests are not replayed")
    verdict = "within" if spent.ratio <= TARGET_RATIO else "above"
    out.add_row(
        "ratio", f"{spent.ratio:.2f}", f"run over replay; {verdict} the target of {TARGET_RATIO}", end_section=True
    )
    events, findings = judged.events / judged.judge_seconds, judged.findings / judged.judge_seconds
    out.add_row("judge", f"{judged.judge_seconds:.2f} s", f"{judged.events} events, {judged.findings} findings")
    out.add_row("  throughput", f"{events:,.0f} events/s", f"{findings:,.0f} findings/s")
    out.add_row(
        "  reading", f"{judged.events / judged.read_seconds:,.0f} events/s", "timeline.ndjson", end_section=True
    )
    for name, item in (("plain httpx", delays.plain), ("CometD session", delays.ours)):
        out.add_row(
            f"notification, {name}", f"{item.median:.2f} ms", f"95 %: {item.p95:.2f} ms, worst: {item.worst:.2f}"
        )
    out.add_row("  added", f"{delays.added:+.2f} ms", f"to the median, over {delays.notifications} notifications")
    return out


def as_json(spent: Cost, judged: Judged, delays: Latency) -> dict[str, Any]:
    """The figures for machines; seconds, except for the latencies, which are milliseconds."""
    return {
        "python": platform.python_version(),
        "run": {**asdict(spent), "ratio": spent.ratio, "targetRatio": TARGET_RATIO},
        "judge": {
            **asdict(judged),
            "events_per_second": judged.events / judged.judge_seconds,
            "findings_per_second": judged.findings / judged.judge_seconds,
        },
        "notification": {**asdict(delays), "added": delays.added},
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="What a run costs.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=1, metavar="N", help="runs and replays, in turn (default: 1)")
    parser.add_argument("--area", action="append", default=[], help="run only this area (repeatable)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes that play the run (default: the run's own)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the reports of the runs in this folder")
    chosen = parser.parse_args()
    if chosen.rounds < 1:
        parser.error("--rounds must be at least 1")
    with tempfile.TemporaryDirectory(prefix="gws-conformance-bench-") as temporary:
        folder = chosen.keep or Path(temporary)
        spent = cost(folder, chosen.rounds, chosen.area, chosen.jobs)
        judged = judging(folder / f"run-{chosen.rounds}" / "timeline.ndjson")
        delays = latency()
    if chosen.json:
        json.dump(as_json(spent, judged, delays), sys.stdout, indent=1)
        print()
    else:
        Console().print(table(spent, judged, delays))


if __name__ == "__main__":
    main()
