"""What comes before a run's first scenario: the plan, the contract, the target, the folder, the bundled server."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from conformance import reporting
from conformance.bundled import BundledServer, BundledServerError, Served
from conformance.contract import Contract, ContractError, load_contract
from conformance.contract.profiles import Profile
from conformance.driver.target import Target, TargetError, load_target, parse_target
from conformance.simulator.seed import target_toml
from conformance.wire.shared import SharedTimeline

USAGE, UNREACHABLE, BROKEN, INTERRUPTED = 2, 3, 4, 130


class RunProblem(Exception):  # noqa: N818 - it is reported as a sentence, with an exit code
    """A run that cannot start. `exit_code` as documented: 2 configuration, 3 unreachable, 4 our own failure,
    130 interrupted.

    reported: what was written all the same; None where no folder was made.
    """

    def __init__(self, text: str, exit_code: int, reported: reporting.Reported | None = None) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        self.reported = reported


@dataclass(frozen=True)
class Plan:
    """What is to be run against what. Nothing is read, made or started yet.

    bundled: start the bundled server, with `faults` and `server_options`. target_file, base_url: a deployment;
    base_url alone means the users of the bundled server at another address. areas: empty for all. output: the
    folder for timeline and reports.
    """

    target_file: Path | None = None
    base_url: str | None = None
    bundled: bool = False
    faults: Sequence[str] = ()
    server_options: Sequence[str] = ()
    output: Path | None = None
    arguments: Sequence[str] = ()
    areas: Sequence[str] = ()
    profile: Profile | None = None


@dataclass(frozen=True)
class Part:
    """One of the processes that play the scenarios of a run between them, each with a bundled server of its own
    (None only where nothing is played)."""

    number: int
    timeline: SharedTimeline
    server: Served | None = None

    def file(self, output: Path, name: str) -> Path:
        """The place of a file that each process has for itself: `ledger.ndjson`, `ledger-2.ndjson` ..."""
        path = output / name
        return path if self.number == 0 else path.with_stem(f"{path.stem}-{self.number + 1}")


def contract_for(areas: Sequence[str] = ()) -> Contract:
    """The contract; the areas must be among its own. Raises `RunProblem`."""
    try:
        contract = load_contract()
    except (ContractError, OSError) as error:
        raise RunProblem(f"the contract cannot be read: {error}", USAGE) from error
    unknown = sorted(set(areas) - set(contract.areas))
    if unknown:
        raise RunProblem(f"unknown area {', '.join(unknown)}; known: {', '.join(contract.areas)}", USAGE)
    return contract


def read_target(plan: Plan) -> Target | None:
    """The target that a plan names; None for the bundled server, which must be started first. Raises `RunProblem`."""
    try:
        if plan.bundled:
            return None
        if plan.target_file is not None:
            return load_target(plan.target_file, base_url=plan.base_url)
        if plan.base_url:
            # Once for the address alone, so that a wrong one is told once; then for all that is derived from it.
            parse_target(target_toml("http://127.0.0.1"), Path("--base-url"), base_url=plan.base_url)
            return parse_target(target_toml(plan.base_url), Path("--base-url"))
    except TargetError as error:
        raise RunProblem(str(error), USAGE) from error
    raise RunProblem("no target: give a target file, or ask for the bundled server", USAGE)


def check_folder(output: Path | None) -> None:
    """Raises `RunProblem` where the folder of a run holds another run already, or is a file."""
    if output is None:
        return
    timeline = output / "timeline.ndjson"
    if timeline.exists():
        raise RunProblem(f"{timeline}: a run is kept there already; choose another folder", USAGE)
    if output.exists() and not output.is_dir():
        raise RunProblem(f"{output}: is a file; choose a folder", USAGE)


def make_folder(output: Path | None) -> None:
    """Makes the folder of a run, which must not hold another run. Raises `RunProblem`."""
    check_folder(output)
    if output is None:
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunProblem(f"{output}: cannot be made ({error.strerror}); choose another folder", USAGE) from error


def start_server(plan: Plan, warm: BundledServer | None = None, servers: int = 1) -> BundledServer:
    """The bundled server, listening, or several; `warm` is one that stands by. Raises `RunProblem`."""
    server = warm or BundledServer()
    server.options = [*(text for name in plan.faults for text in ("--fault", name)), *plan.server_options]
    server.log = plan.output / "server.log" if plan.output else None
    server.servers = servers
    try:
        server.start()
    except BundledServerError as error:
        raise RunProblem(str(error), BROKEN) from error
    except OSError as error:
        raise RunProblem(f"{error.filename}: cannot be written ({error.strerror}); free the place", USAGE) from error
    except BaseException:
        server.stop()
        raise
    return server


def failure(
    error: BaseException, contract: Contract, plan: Plan, target: Target | None, started: datetime
) -> RunProblem:
    """What to raise for a run that failed before there was a stage: reports are written for it, except where the user
    can put it right at once."""
    if isinstance(error, RunProblem) and error.exit_code == USAGE:
        return error
    if isinstance(error, KeyboardInterrupt):
        text, code = "interrupted before the first scenario", INTERRUPTED
    elif isinstance(error, RunProblem):
        text, code = str(error), error.exit_code
    else:
        path = reporting.note_crash(plan.output, "".join(traceback.format_exception(error)))
        where = f"; the traceback is in {path}" if path else ""
        text, code = f"the suite broke: {type(error).__name__}: {str(error)[:600]}{where}", BROKEN
    reported = reporting.failed_run(
        contract,
        plan.output,
        problem=None if code == INTERRUPTED else text,
        kind=None if code == INTERRUPTED else "suite error",
        interrupted=code == INTERRUPTED,
        started=started,
        arguments=plan.arguments,
        areas=plan.areas,
        profile=plan.profile.name if plan.profile else None,
        target=target.describe() if target else None,
    )
    return RunProblem(text, code, reported)
