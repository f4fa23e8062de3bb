"""`gws-conformance judge` and `gws-conformance cleanup`: what can be done with the folder of an earlier run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from conformance.cli.guard import BROKEN, UsageProblem, complain, guarded
from conformance.cli.options import BaseUrl, Json, TargetFile, the_contract
from conformance.cli.output import console, print_json

if TYPE_CHECKING:
    from conformance.driver.ledger import Entry, Ledger
    from conformance.driver.stage import Stage
    from conformance.driver.target import Target

JUDGE_EPILOG = """
Examples:

    gws-conformance judge reports/2025-01-31T12-00-00/timeline.ndjson

    gws-conformance judge timeline.ndjson --output reports/again

    gws-conformance judge timeline.ndjson --json | jq .verdict

Exit codes: those of the run that was recorded.
"""
CLEANUP_EPILOG = """
Example:

    gws-conformance cleanup reports/2025-01-31T12-00-00 --target target.toml

Exit codes: 0 nothing is left; 1 something is; 2 usage; 3 the deployment cannot be reached.
"""


@guarded
def judge(
    timeline: Annotated[Path, typer.Argument(metavar="TIMELINE", help="timeline.ndjson of a run, or its folder.")],
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the reports there.")] = None,
    as_json: Json = False,
) -> None:
    """Judge a recorded run again, without a server.

    With the contract of the run the verdicts are the run's own.
    """
    from conformance import reporting
    from conformance.report.json_writer import as_json as results_json
    from conformance.wire.timeline import read_timeline

    contract = the_contract()
    path = timeline / "timeline.ndjson" if timeline.is_dir() else timeline
    info, judged = reporting.rejudge(read_timeline(path), contract)
    if info.contract_digest and info.contract_digest != contract.digest:
        complain("the run was judged by another version of the contract: its verdicts may differ from these")
    for number, text in enumerate(judged.crashes):
        kept = reporting.note_crash(output, text)
        complain("a check broke" + (f"; the traceback is in {kept}" if kept else "") if number == 0 else "and another")
    if output is not None:
        _make_folder(output, path)
    reported = reporting.write(info, judged, contract, output)
    for problem in reported.problems:
        complain(problem)
    if as_json:
        print_json(results_json(reported.results))
    else:
        from conformance.report.console import print_summary
        from conformance.report.curl import curl_lines

        curls = curl_lines(reported.results.findings, reported.scenarios)
        print_summary(reported.results, curls, console(), list(reported.paths))
    code = reported.results.exit_code
    raise typer.Exit(BROKEN if code == 0 and reported.problems else code)


def _make_folder(output: Path, timeline: Path) -> None:
    if output.resolve() == timeline.parent.resolve():
        raise UsageProblem(f"--output {output}: the reports of the run are there; choose another folder")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"{output}: cannot be made ({error.strerror}); choose another folder") from None


@guarded
def cleanup(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the run.")],
    target: TargetFile = None,
    base_url: BaseUrl = None,
    as_json: Json = False,
) -> None:
    """Undo what a killed run left: sessions, calls, chats, contacts, settings.

    Reads the ledger of the run, and goes on in it: it can be repeated.
    """
    from conformance.driver.ledger import read_ledger
    from conformance.opening import Plan, read_target

    ledger = read_ledger(directory / "ledger.ndjson" if directory.is_dir() else directory)
    entries = ledger.open_entries()
    undone: list[Entry] = []
    left: list[tuple[Entry, str]] = []
    if entries:
        if target is None and base_url is None:
            _explain_missing_target(directory, entries)
        known = read_target(Plan(target_file=target, base_url=base_url))
        assert known is not None
        undone, left = _undo(known, ledger, entries)
    _print(undone, left, as_json)
    if left:
        raise typer.Exit(1)


def _explain_missing_target(directory: Path, entries: list[Entry]) -> None:
    things = ", ".join(f"{item.kind} {item.id}" for item in entries[:5])
    more = f" and {len(entries) - 5} more" if len(entries) > 5 else ""
    raise UsageProblem(
        f"{directory}: {things}{more} may be left; name the deployment with --target "
        "(a bundled server that the run started itself ended with it, and nothing is left)"
    )


def _undo(target: Target, ledger: Ledger, entries: list[Entry]) -> tuple[list[Entry], list[tuple[Entry, str]]]:
    """Undoes the entries, the newest first. Raises `Unreachable`."""
    from conformance.driver.cleanup import undo
    from conformance.driver.outcomes import Untestable
    from conformance.driver.stage import Stage
    from conformance.wire.recorder import Recorder

    undone: list[Entry] = []
    left: list[tuple[Entry, str]] = []
    with Recorder(None) as recorder:
        stage = Stage(the_contract(), target, recorder, ledger)
        try:
            stage.probe()
            for item in entries:
                try:
                    gone = undo(stage, item)
                except Untestable as error:
                    left.append((item, str(error)))
                else:
                    (undone.append(item) if gone else left.append((item, "the deployment refuses")))
        finally:
            _leave(stage)
    return undone, left


def _leave(stage: Stage) -> None:
    for actor in stage.opened():
        actor.close()


def _print(undone: list[Entry], left: list[tuple[Entry, str]], as_json: bool) -> None:
    def shown(item: Entry) -> dict[str, Any]:
        return {"kind": item.kind, "actor": item.actor, "id": item.id}

    if as_json:
        print_json(
            {"undone": [shown(item) for item in undone], "left": [{**shown(item), "reason": why} for item, why in left]}
        )
        return
    out = console()
    for item in undone:
        out.print(Text(f"undone  {item.kind} {item.id} of {item.actor}"), soft_wrap=True)
    for item, why in left:
        out.print(
            Text("left    ", "bold red").append(f"{item.kind} {item.id} of {item.actor}: {why}", ""), soft_wrap=True
        )
    if not left:
        out.print("nothing is left" if undone else "the ledger is empty: nothing is left")
