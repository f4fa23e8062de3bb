"""Errors become one sentence on standard error and an exit code; a defect of ours leaves its traceback in a file."""

from __future__ import annotations

import functools
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, ParamSpec, TypeVar

import typer

USAGE, UNREACHABLE, BROKEN, INTERRUPTED = 2, 3, 4, 130

P = ParamSpec("P")
R = TypeVar("R")


class UsageProblem(Exception):  # noqa: N818 - it is reported as a sentence, with an exit code
    """What was asked for cannot be done as it was asked for. The text says why and what would help."""


def complain(text: str) -> None:
    """A sentence on standard error, without characters that a terminal obeys."""
    from conformance.report.text import safe

    print(f"gws-conformance: {safe(text, 4000)}", file=sys.stderr)


def stop(text: str, code: int) -> NoReturn:
    """Says why, and ends with that exit code."""
    complain(text)
    raise typer.Exit(code)


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """Wraps a command: the errors that users cause, or can put right, exit 2; an unexpected one exits 4."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except UsageProblem as error:
            stop(str(error), USAGE)
        except Exception as error:  # noqa: BLE001 - the last place where a defect can be told in a sentence
            code = _code_of(error)
            if code is not None:
                stop(str(error), code)
            where = _keep(traceback.format_exc())
            stop(f"this is a defect of gws-conformance: {_short(error)}; the traceback is in {where}", BROKEN)

    return wrapper


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}"


def _code_of(error: Exception) -> int | None:
    """The exit code of an error whose text is a sentence for users; None for a defect of ours."""
    # Imported late: a command that succeeds does not pay for them.
    from conformance.contract.errors import ContractError
    from conformance.driver.ledger import LedgerError
    from conformance.driver.outcomes import Unreachable
    from conformance.driver.target import TargetError
    from conformance.har.reading import HarError
    from conformance.opening import RunProblem
    from conformance.report.write_all import ReportError
    from conformance.wire.recorder import RecorderError
    from conformance.wire.timeline import TimelineError

    if isinstance(error, RunProblem):
        return error.exit_code
    if isinstance(error, Unreachable):
        return UNREACHABLE
    unreadable = ContractError | TargetError | TimelineError | HarError | LedgerError
    return USAGE if isinstance(error, unreadable | RecorderError | ReportError) else None


def _keep(text: str) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", prefix="gws-conformance-crash-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
    ) as file:
        file.write(text)
    return Path(file.name)
