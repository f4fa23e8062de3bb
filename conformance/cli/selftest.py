"""`gws-conformance selftest`: proves that the suite sees what it should see."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.guard import BROKEN, INTERRUPTED, USAGE, UsageProblem, complain, guarded, stop
from conformance.cli.options import complete_fault

if TYPE_CHECKING:
    from conformance.selftest.killmatrix import KillMatrix
    from conformance.selftest.proof import Proof

EPILOG = """
Examples:

    gws-conformance selftest

    gws-conformance selftest --area voice --jobs 2

    gws-conformance selftest --fault voice.hold-leaves-established --all

    gws-conformance selftest --repeat 20 --output reports/selftest

Exit codes:

    0  every fault is killed, or equivalent with an argument; the sound server is not blamed

    1  a fault survives, or is seen for a wrong reason; the sound server is blamed; a check sees no fault

    2  usage

    3  the bundled server does not start

    4  the self-test itself failed

    130  interrupted; the files hold what was played so far
"""


@guarded
def selftest(
    area: Annotated[
        list[str] | None, typer.Option("--area", metavar="AREA", help="Only the faults of this area (repeatable).")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="NAME",
            help="Only this fault (repeatable); 'gws-conformance simulator --list-faults' lists them.",
            autocompletion=complete_fault,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the kill matrix goes.", show_default="reports/selftest-DATE-AND-TIME"),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="Servers at the same time.")] = 2,
    repeat: Annotated[
        int, typer.Option(metavar="N", min=0, max=1000, help="How often the sound server plays the same scenarios.")
    ] = 1,
    every: Annotated[
        bool, typer.Option("--all", help="Play all scenarios that can see a fault, not only until one has seen it.")
    ] = False,
    search: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0, max=3600, help="How long to look elsewhere for a fault that nobody has seen."
        ),
    ] = 20.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the kill matrix as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the figures alone.")] = False,
) -> None:
    """Play every fault of the bundled server and see which check notices it, and why.

    Writes the kill matrix: fault by check, the reason, and what survived.
    """
    from conformance.selftest.matrix import MatrixError
    from conformance.selftest.proof import Proof

    folder = output or _default_folder()
    _check_folder(folder)
    proof = Proof(
        areas=tuple(area or ()),
        faults=tuple(fault or ()),
        jobs=jobs,
        every=every,
        repeat=repeat,
        search=search,
        arguments=tuple(sys.argv[1:]),
    )
    try:
        matrix = _play(proof, quiet=quiet, as_json=as_json)
    except MatrixError as error:
        stop(str(error), USAGE)
    raise typer.Exit(_finish(matrix, folder, proof, quiet=quiet, as_json=as_json))


def _prepare(proof: Proof) -> None:
    from conformance.selftest.charges import SelectionError

    try:
        proof.prepare()
    except SelectionError as error:
        raise UsageProblem(str(error)) from error
    if not proof.charges:
        raise UsageProblem("no fault is selected: --fault and --area have nothing in common")


def _play(proof: Proof, *, quiet: bool, as_json: bool) -> KillMatrix:
    """Prepares and plays; an interruption at any time ends it with what there is by then."""
    from conformance.cli.interruption import Interruption
    from conformance.report.console import make_console
    from conformance.selftest.telling import Progress

    def at_once() -> None:
        os.write(2, b"gws-conformance: stopped at once; nothing was written\n")
        os._exit(INTERRUPTED)

    with Interruption(complain, at_once) as interruption:
        try:
            _prepare(proof)
            # Progress is no part of the JSON.
            console = make_console(stderr=as_json)
            progress = Progress(console, len(proof.charges), len(proof.scenarios) * proof.repeat, quiet=quiet)
            proof.tell, proof.tell_sound = progress.fault, progress.sound
            proof.play()
        except KeyboardInterrupt:
            proof.interrupted = True
        interruption.closing = True
        if interruption.requested:
            proof.interrupted = True
    return proof.result()


def _finish(matrix: KillMatrix, folder: Path, proof: Proof, *, quiet: bool, as_json: bool) -> int:
    """Writes and prints; the exit code."""
    from conformance.cli.output import console, print_json
    from conformance.selftest.page import write
    from conformance.selftest.telling import print_matrix

    try:
        paths = write(matrix, folder)
    except OSError as error:
        complain(f"{folder}: cannot be written ({error.strerror or error}); choose another folder with --output")
        return BROKEN
    if as_json:
        print_json(matrix.as_json())
    else:
        print_matrix(matrix, console(), paths, quiet=quiet)
    if proof.problem:
        complain(f"the self-test broke: {proof.problem.strip().splitlines()[-1][:300]}")
    return matrix.exit_code


def _check_folder(folder: Path) -> None:
    """What cannot become a folder is told before anything is played."""
    place = next((one for one in (folder, *folder.parents) if one.exists()), Path())
    if not place.is_dir():
        raise UsageProblem(f"{folder}: {place} is no folder; choose another one with --output")
    if not os.access(place, os.W_OK):
        raise UsageProblem(f"{folder}: {place} cannot be written; choose another folder with --output")


def _default_folder() -> Path:
    return Path("reports") / datetime.now().astimezone().strftime("selftest-%Y-%m-%dT%H-%M-%S")
