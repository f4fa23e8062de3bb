"""The command line: one application, one module a group of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from conformance import __version__
from conformance.cli import catalogue, explain, fuzz, generate, offline, run, selftest, server, validate

app = typer.Typer(
    name="gws-conformance",
    epilog="Start with 'gws-conformance run': it tests the bundled server.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=run.EPILOG)(run.run)
app.command("init", epilog=server.INIT_EPILOG)(server.init)
app.command("simulator", epilog=server.SIMULATOR_EPILOG)(server.simulator)
app.command("operations", epilog=catalogue.OPERATIONS_EPILOG)(catalogue.operations)
app.command("explain", epilog=explain.EPILOG)(explain.explain)
app.command("coverage", epilog=catalogue.COVERAGE_EPILOG)(catalogue.coverage)
app.command("validate", epilog=validate.EPILOG)(validate.validate)
app.command("generate", epilog=generate.EPILOG)(generate.generate)
app.command("judge", epilog=offline.JUDGE_EPILOG)(offline.judge)
app.command("cleanup", epilog=offline.CLEANUP_EPILOG)(offline.cleanup)
app.command("fuzz", epilog=fuzz.EPILOG)(fuzz.fuzz)
app.command("selftest", epilog=selftest.EPILOG)(selftest.selftest)
app.command("version")(server.version)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gws-conformance {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Conformance suite for Genesys Web Services: REST, CometD notifications, states and capabilities."""
