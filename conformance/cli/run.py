"""`gws-conformance run`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from conformance.cli.guard import BROKEN, INTERRUPTED, UNREACHABLE, USAGE, UsageProblem, complain, guarded
from conformance.cli.options import (
    Areas,
    BaseUrl,
    RecordHar,
    TargetFile,
    complete_fault,
    complete_profile,
    faults,
    save_har,
    the_contract,
    the_profile,
)

if TYPE_CHECKING:
    from conformance.bundled import BundledServer
    from conformance.cli.interruption import Interruption
    from conformance.cli.playing import Player
    from conformance.ending import Ending
    from conformance.ensemble import Ensemble
    from conformance.opening import Plan
    from conformance.report.console import Progress
    from conformance.report.model import ProblemKind, Results
    from conformance.reporting import Reported
    from conformance.session import Session

EXTRAS = ("timeline.ndjson", "server.log", "crash.txt")
"""Files beside the reports, told where there is something in them."""
EPILOG = """
Examples:

    gws-conformance run

    gws-conformance run --target target.toml --area voice --area chat

    gws-conformance run --target target.toml --profile voice-agent --output reports/nightly

    gws-conformance run -k "Answer and not negative" --fault voice.hold-leaves-established

    gws-conformance run --area voice --record-har voice.har

    gws-conformance run --area contacts --json | jq .counts

Exit codes, which results.json repeats from the first request on:

    0  conformant

    1  not conformant, or something could not be tested

    2  usage or configuration

    3  unreachable, or nothing could be tested

    4  the suite itself failed

    130  interrupted
"""


@guarded
def run(
    target: TargetFile = None,
    base_url: BaseUrl = None,
    area: Areas = None,
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A named selection of areas and hazards.", autocompletion=complete_profile),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where timeline and reports go.", show_default="reports/DATE-AND-TIME"),
    ] = None,
    expression: Annotated[
        str | None, typer.Option("-k", metavar="EXPR", help="Only scenarios whose id matches, as with pytest -k.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A fault of the bundled server (repeatable); 'gws-conformance simulator --list-faults' lists them.",
            autocompletion=complete_fault,
        ),
    ] = None,
    record_har: RecordHar = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=64,
            metavar="N",
            help="Processes that play at once, each with a bundled server of its own; a deployment is tested by one.",
            show_default="2 a core, 8 at most",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json instead of the summary.")] = False,
) -> None:
    """Test a deployment and write the reports.

    Without --target and --base-url the bundled server is started, tested and stopped.
    """
    from conformance.opening import Plan, check_folder, read_target

    areas = tuple(area or ())
    contract = the_contract(areas)
    selected = the_profile(profile, contract)
    if selected is not None:
        outside = [name for name in areas if name not in selected.areas]
        if outside:
            _refuse(f"the profile {selected.name} does not have the area {', '.join(outside)}")
        areas = areas or selected.areas
    if base_url and "@" in base_url:
        _refuse("--base-url: no credentials in the address; the target file names the users")
    bundled = target is None and not base_url
    _check_faults(fault or (), bundled)
    if jobs is not None and jobs > 1 and not bundled:
        _refuse("--jobs is for the bundled server: the users of a deployment can play one scenario at a time")
    plan = Plan(
        target_file=target,
        base_url=base_url,
        bundled=bundled,
        faults=tuple(fault or ()),
        output=output or _default_folder(),
        arguments=tuple(sys.argv[1:]),
        areas=areas,
        profile=selected,
    )
    # What is wrong with these is told before anything is made or collected.
    check_folder(plan.output)
    read_target(plan)
    if record_har is not None:
        save_har(None, record_har)  # a run that is killed leaves a valid file, and a wrong path is told at once
    raise typer.Exit(_Run(plan, quiet or as_json, record_har, jobs, as_json).go(expression))


def _refuse(text: str) -> None:
    from conformance.cli.guard import UsageProblem

    raise UsageProblem(text)


def _check_faults(names: Sequence[str], bundled: bool) -> None:
    if not names:
        return
    if not bundled:
        _refuse("--fault is for the bundled server that a run starts itself: leave --target and --base-url out")
    from conformance.simulator.faults import Faults, UnknownFaultError

    faults()
    try:
        Faults(names)
    except UnknownFaultError as error:
        _refuse(f"--fault: {error}".replace("`--list-faults`", "'gws-conformance simulator --list-faults'"))


def _default_folder() -> Path:
    name = datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S")
    folder, number = Path("reports") / name, 2
    while folder.exists():
        folder, number = Path("reports") / f"{name}-{number}", number + 1
    return folder


@dataclass
class _Run:
    """One run, from the first line on the console to the exit code."""

    plan: Plan
    quiet: bool
    record_har: Path | None = None
    jobs: int | None = None
    as_json: bool = False
    console: Console = field(init=False)
    session: Session | Ensemble | None = None
    reported: Reported | None = None
    _progress: Progress | None = None
    _warm: BundledServer | None = None

    def __post_init__(self) -> None:
        from conformance.report.console import make_console

        self.console = make_console()

    def go(self, expression: str | None) -> int:
        """Plays, reports, prints; the exit code."""
        from conformance.cli.interruption import Interruption
        from conformance.cli.playing import Player
        from conformance.session import Session

        with Interruption(complain, self._at_once) as interruption, self._standing_by():
            player = Player(
                lambda count: self._open(count, interruption),
                self.plan.profile,
                open_ensemble=lambda count: self._conduct(count, interruption),
                open_part=lambda part: Session.open(self.plan, protect=interruption.protect, part=part),
                interrupted=lambda: interruption.requested,
            )
            code = self._play(player, expression, interruption)
            code = self._save_har(code)
        self._print()
        return code

    def _save_har(self, code: int) -> int:
        """Makes a HAR of the timeline, however the run ended; the exit code."""
        if self.record_har is None or self.plan.output is None:
            return code
        try:
            save_har(self.plan.output / "timeline.ndjson", self.record_har)
        except UsageProblem as error:
            complain(str(error))
            return code or BROKEN
        return code

    # -- playing --------------------------------------------------------------------------------------------

    def _play(self, player: Player, expression: str | None, interruption: Interruption) -> int:
        from conformance.cli.playing import play_suites

        broken: BaseException | None = None
        try:
            play_suites(player, self.plan.areas, expression)
        except KeyboardInterrupt:
            pass
        except Exception as error:  # noqa: BLE001 - told below, with the reports of what was played
            broken = error
        finally:
            interruption.closing = True
            if self._progress is not None:
                self._progress.close()
        if player.usage is not None:
            complain(player.usage)
            return USAGE
        if player.problem is not None:
            self.reported = player.problem.reported
            complain(str(player.problem))
            return player.problem.exit_code
        if self.session is None:
            return self._nothing_opened(player, broken, interruption)
        if interruption.requested:
            self.session.interrupted = True
        return self._close(self.session, player, broken)

    def _open(self, count: int, interruption: Interruption) -> Session:
        from conformance.session import Session

        self._announce(count)
        warm, self._warm = self._warm, None
        self.session = session = Session.open(self.plan, protect=interruption.protect, warm=warm)
        self._follow(session, count)
        return session

    def _conduct(self, count: int, interruption: Interruption) -> Ensemble | None:
        from conformance.ensemble import Ensemble, players_for

        players = players_for(self.plan, count, self.jobs)
        if players == 1:
            return None
        self._announce(count)
        self.session = ensemble = Ensemble(self.plan, players, interruption)
        warm, self._warm = self._warm, None
        ensemble.start_servers(warm)
        self._follow(ensemble, count)
        return ensemble

    @contextlib.contextmanager
    def _standing_by(self) -> Iterator[None]:
        """While the suites are collected a bundled server may start."""
        from conformance.bundled import BundledServer, BundledServerError

        if self.plan.bundled:
            self._warm = BundledServer()
            with contextlib.suppress(BundledServerError):  # it is tried again, and told, when a server is needed
                self._warm.warm()
        try:
            yield
        finally:
            if self._warm is not None:
                self._warm.stop()

    def _follow(self, session: Session | Ensemble, count: int) -> None:
        """Shows how far the run is."""
        from conformance.report.console import Progress

        self._progress = progress = Progress(self.console, total=count, quiet=self.quiet)
        progress.__enter__()

        def begin(scenario: str, _: str) -> None:
            with self._tolerant():
                progress.begin(scenario)

        def ended(ending: Ending) -> None:
            with self._tolerant():
                progress.end(ending.verdict)

        session.on_begin, session.on_ending = begin, ended

    def _announce(self, count: int) -> None:
        if self.quiet:
            return
        where = str(self.plan.target_file or self.plan.base_url or "the bundled server")
        with self._tolerant():
            self.console.print(
                Text(f"{_scenarios(count)} against {where}; reports in {self.plan.output}"), soft_wrap=True
            )

    @contextlib.contextmanager
    def _tolerant(self) -> Iterator[None]:
        """A reader of our output that has gone away does not end the run."""
        try:
            yield
        except BrokenPipeError:
            self.quiet = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    # -- the end --------------------------------------------------------------------------------------------

    def _nothing_opened(self, player: Player, broken: BaseException | None, interruption: Interruption) -> int:
        """The run came to no session: interrupted, nothing selected, or our own defect."""
        from conformance import reporting
        from conformance.opening import make_folder

        contract = the_contract()
        make_folder(self.plan.output)
        kind: ProblemKind = "nothing tested"
        text, code = "no scenario is selected; look at -k, --area and --profile", UNREACHABLE
        if interruption.requested:
            text, code = "interrupted before the first scenario", INTERRUPTED
        elif broken is not None or player.broke:
            text, kind, code = self._defect(player, broken), "suite error", BROKEN
        self.reported = reporting.failed_run(
            contract,
            self.plan.output,
            problem=None if code == INTERRUPTED else text,
            kind=None if code == INTERRUPTED else kind,
            interrupted=code == INTERRUPTED,
            arguments=self.plan.arguments,
            areas=self.plan.areas,
            profile=self.plan.profile.name if self.plan.profile else None,
        )
        complain(text)
        return code

    def _close(self, session: Session | Ensemble, player: Player, broken: BaseException | None) -> int:
        from conformance.report.write_all import ReportError

        defect = (broken is not None or bool(player.broke)) and session.recorder.failure is None
        if defect:
            text = self._defect(player, broken)
            if session.problem is None:
                session.problem, session.problem_kind = text, "suite error"
            complain(text)
        with contextlib.suppress(ReportError):  # they are in `reported.problems`
            session.close()
        self.reported = session.reported
        if self.reported is None:
            return BROKEN
        for problem in self.reported.problems:
            complain(problem)
        if session.problem is not None and not defect:
            complain(session.problem)
        code = self.reported.results.exit_code
        return BROKEN if code == 0 and self.reported.problems else code

    def _defect(self, player: Player, broken: BaseException | None) -> str:
        """Keeps the tracebacks of what broke; the sentence that says so."""
        import traceback

        from conformance.reporting import note_crash

        texts = list(player.broke)
        if broken is not None:
            texts.append("".join(traceback.format_exception(broken)))
        clean = self.session.recorder.redactor.text if self.session else str
        path = note_crash(self.plan.output, clean("\n\n".join(texts)))
        last = texts[0].strip().splitlines()[-1][:200]
        return f"the suite itself broke: {last}" + (f"; the traceback is in {path}" if path else "")

    def _print(self) -> None:
        if self.reported is None:
            return
        from conformance.report.console import print_summary
        from conformance.report.curl import curl_lines, curl_notes

        results, paths = self.reported.results, list(self.reported.paths)
        with self._tolerant():
            if self.as_json:
                self._print_results()
                return
            if self.quiet:
                self._print_verdict(results, paths)
                return
            curls = curl_lines(results.findings, self.reported.scenarios)
            notes = curl_notes(results.findings, self.reported.scenarios, results.run.target)
            print_summary(results, curls, self.console, paths, notes=notes)
            if self.record_har is not None:
                self.console.print(Text(f"  {self.record_har}"), soft_wrap=True)
            for extra in ((self.plan.output or Path()) / name for name in EXTRAS):
                if extra.exists() and extra.stat().st_size:
                    self.console.print(Text(f"  {extra}"), soft_wrap=True)

    def _print_results(self) -> None:
        """The document that was written, to the byte; nothing where it could not be written, which was told."""
        path = (self.plan.output or Path()) / "results.json"
        if path.is_file():
            sys.stdout.flush()
            sys.stdout.buffer.write(path.read_bytes())
            sys.stdout.flush()

    def _print_verdict(self, results: Results, paths: Sequence[Path]) -> None:
        where = f"; reports in {paths[0].parent}" if paths else ""
        self.console.print(Text(f"{results.verdict}{where}"), soft_wrap=True)

    def _at_once(self) -> None:
        """The second Ctrl-C: nothing is cleaned up, nothing more is written."""
        if sys.stdout.isatty():
            os.write(1, b"\x1b[?25h\n")  # the live line hides the cursor
        if self.session is not None:
            self.session.kill()
        file = f" --target {self.plan.target_file}" if self.plan.target_file else ""
        hint = f"'gws-conformance cleanup {self.plan.output}{file}' undoes what is left"
        os.write(2, f"gws-conformance: stopped at once; {hint}\n".encode())
        os._exit(INTERRUPTED)


def _scenarios(count: int) -> str:
    return f"{count} scenario{'' if count == 1 else 's'}"
