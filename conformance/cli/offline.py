"""`gws-conformance judge` and `gws-conformance cleanup`: what can be done with the folder of an earlier run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.text import Text

from conformance.cli.guard import BROKEN, UsageProblem, complain, guarded
from conformance.cli.options import BaseUrl, Json, RecordHar, TargetFile, save_har, the_contract
from conformance.cli.output import console, print_json

if TYPE_CHECKING:
    from conformance.contract import Contract
    from conformance.driver.ledger import Entry, Ledger
    from conformance.driver.stage import Stage
    from conformance.driver.target import Target
    from conformance.har.capture import Options
    from conformance.reporting import Judged, Reported

JUDGE_EPILOG = """
Examples:

    gws-conformance judge reports/2025-01-31T12-00-00/timeline.ndjson

    gws-conformance judge timeline.ndjson --output reports/again

    gws-conformance judge timeline.ndjson --json | jq .verdict

    gws-conformance judge desktop.har --output reports/desktop

    gws-conformance judge proxy.har --host gws.example.com --api-path /gws/api/v2

    gws-conformance judge reports/2025-01-31T12-00-00 --record-har run.har

A HAR is judged as far as it goes: the output, results.json and report.html list what is not judged, and why. In a
browser, export it with its bodies and, where that is offered, with cookies and credentials: they tell users apart, and
never reach a report.

Exit codes: those of the run that was recorded; of a HAR 0 where nothing deviates, 1 where something does, 3 where
nothing in it could be tested, 2 where the file cannot be read.
"""
CLEANUP_EPILOG = """
Example:

    gws-conformance cleanup reports/2025-01-31T12-00-00 --target target.toml

Exit codes: 0 nothing is left; 1 something is; 2 usage; 3 the deployment cannot be reached.
"""


@guarded
def judge(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="timeline.ndjson of a run, its folder, or a HAR of a browser or proxy."),
    ],
    output: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the reports there.")] = None,
    as_json: Json = False,
    host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST", help="HAR: the deployment's host (repeatable). Without it: who answers like a GWS."
        ),
    ] = None,
    api_path: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="HAR: prefix of the API. Without it: wherever /api/v2 stands in a path."),
    ] = None,
    notifications_path: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="HAR: where CometD is served, for recordings without its bodies."),
    ] = None,
    record_har: RecordHar = None,
) -> None:
    """Judge a recorded run again, or a recording of other software (HAR), without a server.

    With the contract of the run the verdicts are the run's own.
    """
    from conformance.har.reading import is_har

    path = file / "timeline.ndjson" if file.is_dir() else file
    options = {"--host": host, "--api-path": api_path, "--notifications-path": notifications_path}
    recording = not file.is_dir() and is_har(path)
    if not recording and any(options.values()):
        named = next(name for name, value in options.items() if value)
        raise UsageProblem(f"{named} is for a HAR, which {path} is not")
    if recording and record_har is not None:
        raise UsageProblem("--record-har makes a HAR of a timeline: this is one already")
    contract = the_contract()
    if recording:
        reported = _judge_har(path, _har_options(host, api_path, notifications_path), contract, output)
    else:
        reported = _judge_timeline(path, contract, output)
        if record_har is not None:
            save_har(path, record_har)
    for problem in reported.problems:
        complain(problem)
    if as_json:
        from conformance.report.json_writer import as_json as results_json

        print_json(results_json(reported.results))
    else:
        from conformance.report.console import print_summary
        from conformance.report.curl import curl_lines, curl_notes

        results = reported.results
        curls = curl_lines(results.findings, reported.scenarios)
        notes = curl_notes(results.findings, reported.scenarios, results.run.target)
        print_summary(results, curls, console(), list(reported.paths), notes=notes)
    code = reported.results.exit_code
    raise typer.Exit(BROKEN if code == 0 and reported.problems else code)


def _judge_timeline(path: Path, contract: Contract, output: Path | None) -> Reported:
    """Judges a timeline: of a run, or one that was made of a HAR."""
    from conformance import reporting
    from conformance.har.events import is_capture
    from conformance.har.judging import judge_recording
    from conformance.wire.timeline import TimelineError, read_timeline

    events = read_timeline(path)
    try:
        first = next(events)
    except TimelineError as error:
        raise _neither(path, error) from None
    recording: Mapping[str, Any] | None = None
    if is_capture(first):
        heard = judge_recording(chain([first], events), contract)
        info, judged, recording = heard.info, heard.judged, heard.recording
    else:
        info, judged = reporting.rejudge(chain([first], events), contract)
    if info.contract_digest and info.contract_digest != contract.digest:
        complain("the run was judged by another version of the contract: its verdicts may differ from these")
    _note_crashes(judged, output)
    if output is not None:
        _make_folder(output, path)
    return reporting.write(info, judged, contract, output, recording=recording)


def _judge_har(path: Path, options: Options, contract: Contract, output: Path | None) -> Reported:
    """Judges a HAR, and keeps the timeline that it was made into beside the reports: their evidence."""
    from conformance import reporting
    from conformance.har.judging import judge_recording, read_events

    if output is not None:
        _make_folder(output, path)
    events = list(read_events(path, contract, options))
    heard = judge_recording(events, contract)
    _note_crashes(heard.judged, output)
    if not heard.recording["entries"]:
        complain(f"{path}: the HAR has no entries; nothing could be tested")
    elif not heard.recording["requests"] and not heard.recording["frames"]:
        complain(f"{path}: no entry is a request to a GWS; name it with --host and --api-path")
    reported = reporting.write(heard.info, heard.judged, contract, output, recording=heard.recording)
    if output is None:
        return reported
    from conformance.report.files import write_whole

    try:
        kept = write_whole(output / "timeline.ndjson", b"".join(event.line() for event in events))
    except OSError as error:
        problem = f"{output / 'timeline.ndjson'}: cannot be written ({error.strerror}); free the place"
        return replace(reported, problems=[*reported.problems, problem])
    return replace(reported, paths=[*reported.paths, kept])


def _har_options(host: list[str] | None, api_path: str | None, notifications_path: str | None) -> Options:
    from conformance.har.capture import Options

    for name, value in (("--api-path", api_path), ("--notifications-path", notifications_path)):
        if value is not None and not value.startswith("/"):
            raise UsageProblem(f"{name} {value}: a path begins with /")
    return Options(api_path, notifications_path, tuple(host or ()))


def _neither(path: Path, error: Exception) -> Exception:
    """What to say of a file that is no timeline: that it is no HAR either."""
    if not path.is_file() or path.stat().st_size == 0:
        return error
    return UsageProblem(f"{error} It is no HAR either: a HAR is JSON that begins with the member log.")


def _note_crashes(judged: Judged, output: Path | None) -> None:
    from conformance import reporting

    for number, text in enumerate(judged.crashes):
        kept = reporting.note_crash(output, text)
        complain("a check broke" + (f"; the traceback is in {kept}" if kept else "") if number == 0 else "and another")


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
    """Undo what a killed run left: sessions, calls, chats, contacts, settings, diverted devices.

    Reads the ledgers of the run (ledger.ndjson, and ledger-2.ndjson ... where several processes played it), and goes on
    in them: it can be repeated. A ledger names its deployment; another one is refused.
    """
    from conformance.driver.ledger import read_ledgers
    from conformance.opening import Plan, read_target

    ledgers = [item for item in read_ledgers(directory) if item.open_entries()]
    undone: list[Entry] = []
    left: list[tuple[Entry, str]] = []
    if ledgers:
        if target is None and base_url is None:
            _explain_missing_target(directory, [entry for item in ledgers for entry in item.open_entries()])
        known = read_target(Plan(target_file=target, base_url=base_url))
        assert known is not None
        for ledger in ledgers:
            _check_deployment(ledger, known)
        undone, left = _undo(known, ledgers)
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


def _check_deployment(ledger: Ledger, target: Target) -> None:
    """Refuses another deployment than the run's: it knows nothing of what was made, and would call it gone."""
    from conformance.wire.config import origin_of

    known, asked = ledger.deployment, target.transport.root
    if known is None or (origin_of(known), urlsplit(known).path) == (origin_of(asked), urlsplit(asked).path):
        return
    raise UsageProblem(
        f"{ledger.path}: the run was played against {known}, not {asked}; name that deployment (where it is the same "
        "one at another address, correct baseUrl in the first line of the file)"
    )


def _undo(target: Target, ledgers: Sequence[Ledger]) -> tuple[list[Entry], list[tuple[Entry, str]]]:
    """Undoes what ledgers hold, the newest first. Raises `Unreachable`."""
    from conformance.driver.cleanup import undo
    from conformance.driver.outcomes import Untestable
    from conformance.driver.stage import Stage
    from conformance.wire.recorder import Recorder

    undone: list[Entry] = []
    left: list[tuple[Entry, str]] = []
    with Recorder(None) as recorder:
        stage = Stage(the_contract(), target, recorder, ledgers[0])
        try:
            stage.probe()
            for ledger in ledgers:
                stage.ledger = ledger
                for item in ledger.open_entries():
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
        out.print(Text(f"undone  {item}"), soft_wrap=True)
    for item, why in left:
        out.print(Text("left    ", "bold red").append(f"{item}: {why}", ""), soft_wrap=True)
    if not left:
        out.print("nothing is left" if undone else "the ledger is empty: nothing is left")
