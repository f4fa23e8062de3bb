"""`gws-conformance fuzz`: made-up data, sound and unsound, for every documented request."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.guard import BROKEN, INTERRUPTED, UNREACHABLE, UsageProblem, complain, guarded
from conformance.cli.options import Areas, BaseUrl, Json, TargetFile, complete_fault, faults, the_contract

if TYPE_CHECKING:
    from conformance.cli.interruption import Interruption
    from conformance.contract import Operation
    from conformance.fuzz.results import FuzzResults
    from conformance.fuzz.running import FuzzPlan, FuzzRun

EPILOG = """
Examples:

    gws-conformance fuzz

    gws-conformance fuzz --area contacts --seed 7 --max-examples 100

    gws-conformance fuzz --target target.toml --area voice --output reports/fuzz

    gws-conformance fuzz --area contacts --fault generic.stack-trace

The same seed makes the same requests. Each finding has the smallest request that brings it, as a curl line.

Exit codes:

    0  nothing found

    1  findings

    2  usage or configuration

    3  unreachable, or nothing could be tested

    4  the fuzzer itself failed

    130  interrupted; what was found so far is reported
"""


@guarded
def fuzz(
    target: TargetFile = None,
    base_url: BaseUrl = None,
    area: Areas = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The same seed makes the same requests.")] = 0,
    max_examples: Annotated[
        int, typer.Option(metavar="N", min=1, max=100_000, help="Requests for each operation and kind of data.")
    ] = 25,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where timeline and reports go.", show_default="reports/fuzz-DATE-AND-TIME"),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A fault of the bundled server (repeatable); 'gws-conformance simulator --list-faults' lists them.",
            autocompletion=complete_fault,
        ),
    ] = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the figures alone.")] = False,
) -> None:
    """Send made-up data, sound and unsound, to every documented request, and report what no sound server answers.

    Without --target and --base-url the bundled server is started, fuzzed and stopped. What is created or started is
    undone at the end. Only hazards that the target file allows are used.
    """
    from conformance.fuzz.generating import keep_nothing_here
    from conformance.fuzz.running import FuzzPlan
    from conformance.opening import Plan, check_folder, read_target

    areas = tuple(dict.fromkeys(area or ()))
    the_contract(areas)
    if base_url and "@" in base_url:
        raise UsageProblem("--base-url: no credentials in the address; the target file names the users")
    bundled = target is None and not base_url
    _check_faults(fault or (), bundled)
    plan = Plan(
        target_file=target,
        base_url=base_url,
        bundled=bundled,
        faults=tuple(fault or ()),
        output=output or _default_folder(),
        arguments=tuple(sys.argv[1:]),
        areas=areas,
    )
    check_folder(plan.output)
    read_target(plan)
    keep_nothing_here()
    fuzz_plan = FuzzPlan(plan, seed, max_examples, _bundled_knows() if bundled else None)
    raise typer.Exit(_Fuzzing(fuzz_plan, quiet=quiet, as_json=as_json).go())


def _check_faults(names: Sequence[str], bundled: bool) -> None:
    if not names:
        return
    if not bundled:
        raise UsageProblem("--fault is for the bundled server that is started here: leave --target and --base-url out")
    from conformance.simulator.faults import Faults, UnknownFaultError

    faults()
    try:
        Faults(names)
    except UnknownFaultError as error:
        text = str(error).replace("`--list-faults`", "'gws-conformance simulator --list-faults'")
        raise UsageProblem(f"--fault: {text}") from None


def _default_folder() -> Path:
    name = datetime.now().astimezone().strftime("fuzz-%Y-%m-%dT%H-%M-%S")
    folder, number = Path("reports") / name, 2
    while folder.exists():
        folder, number = Path("reports") / f"{name}-{number}", number + 1
    return folder


def _bundled_knows() -> Callable[[Operation], bool]:
    """Whether the bundled server has an operation: its own table says so."""
    from conformance.simulator import server as _registers  # noqa: F401 - importing it fills the table
    from conformance.simulator.routing import find

    def knows(operation: Operation) -> bool:
        path = operation.path.replace("{", "").replace("}", "")
        found = find(path)
        names = found[0].methods.get(operation.method, {}) if found else {}
        return operation.operation_name in names or (operation.operation_name is None and None in names)

    return knows


class _Fuzzing:
    """One run, from the first line on the console to the exit code."""

    def __init__(self, plan: FuzzPlan, *, quiet: bool, as_json: bool) -> None:
        from conformance.report.console import make_console

        self._plan, self._quiet, self._as_json = plan, quiet, as_json
        self._console = make_console(stderr=as_json)  # progress is no part of the JSON
        self._run: FuzzRun | None = None

    def go(self) -> int:
        """Fuzzes, reports, prints; the exit code."""
        from conformance.cli.interruption import Interruption

        with Interruption(complain, self._at_once) as interruption:
            results = self._fuzz(interruption)
        return self._report(results)

    def _fuzz(self, interruption: Interruption) -> FuzzResults:
        from conformance.fuzz.running import FuzzRun
        from conformance.report.console import Progress

        self._run = run = FuzzRun.open(self._plan, interruption.protect)
        try:
            with Progress(self._console, total=len(run.units) + len(run.areas), quiet=self._quiet) as progress:
                run.on_begin, run.on_end = progress.begin, progress.end
                run.interrupted = lambda: interruption.requested
                run.fuzz()
        except KeyboardInterrupt:
            run.results.interrupted = True
        except Exception as error:  # noqa: BLE001 - told with the report of what was found so far
            where = run.broke(error)
            complain(
                f"this is a defect of gws-conformance: {run.results.problem}" + (f"; see {where}" if where else "")
            )
        finally:
            interruption.closing = True
            run.close()
        if interruption.requested:
            run.results.interrupted = True
        return run.results

    def _report(self, results: FuzzResults) -> int:
        from conformance.cli.output import print_json
        from conformance.fuzz.writing import print_results, write

        assert self._plan.run.output is not None
        folder = self._plan.run.output
        try:
            paths = write(results, folder)
        except OSError as error:
            complain(f"{folder}: cannot be written ({error.strerror or error}); choose another folder with --output")
            return results.exit_code or BROKEN
        with contextlib.suppress(BrokenPipeError):
            if self._as_json:
                print_json(results.as_json())
            else:
                print_results(results, self._console, paths, quiet=self._quiet)
        if results.exit_code == UNREACHABLE:
            complain(results.problem or "nothing could be tested; the operations that were left out say why")
        return results.exit_code

    def _at_once(self) -> None:
        """The second Ctrl-C: nothing is cleaned up, nothing more is written."""
        if self._run is not None:
            self._run.kill()
        hint = f"'gws-conformance cleanup {self._plan.run.output}' undoes what is left"
        os.write(2, f"gws-conformance: stopped at once; {hint}\n".encode())
        os._exit(INTERRUPTED)
