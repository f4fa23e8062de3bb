"""`gws-conformance simulator`, `init` and `version`."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from conformance import __version__
from conformance.cli.guard import UsageProblem, guarded
from conformance.cli.options import Json, complete_fault, faults, the_contract
from conformance.cli.output import console, print_json, table

INIT_EPILOG = """
Examples:

    gws-conformance init

    gws-conformance init staging.toml --force
"""
SIMULATOR_EPILOG = """
Examples:

    gws-conformance simulator --port 8080

    gws-conformance simulator --list-faults

    gws-conformance simulator --fault voice.hold-leaves-established --no-csrf

    gws-conformance simulator --print-target > simulator.toml
"""


@guarded
def init(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write it.")] = Path("target.toml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a commented example of a target file."""
    from conformance.driver.target import EXAMPLE

    try:
        with file.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(EXAMPLE)
    except FileExistsError:
        raise UsageProblem(f"{file}: exists already; choose another name, or overwrite it with --force") from None
    except OSError as error:
        raise UsageProblem(f"{file}: cannot be written ({error.strerror}); choose another place") from None
    print(f"{file} is written. Fill it in, export the passwords it names, then: gws-conformance run --target {file}")


@guarded
def simulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to bind.")] = "127.0.0.1",
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Switch a fault on (repeatable).", autocompletion=complete_fault),
    ] = None,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="List every fault and stop.")] = False,
    print_target: Annotated[
        bool, typer.Option("--print-target", help="Print a target file for this address and stop.")
    ] = False,
    no_csrf: Annotated[bool, typer.Option("--no-csrf", help="Do without CSRF tokens.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of all identifiers.")] = 0,
    order: Annotated[str, typer.Option(metavar="ORDER", help="mixed, reply-first or events-first.")] = "mixed",
    feature_off: Annotated[
        list[str] | None, typer.Option(metavar="FEATURE", help="Disable a feature (repeatable).")
    ] = None,
    allow_origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Allow an origin for CORS (repeatable).")
    ] = None,
    session_timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="Life of an idle session.")] = 1800.0,
    as_json: Json = False,
) -> None:
    """Run the bundled server alone, until Ctrl-C."""
    if list_faults:
        _list_faults(as_json)
        return
    if print_target:
        from conformance.simulator.seed import target_toml

        print(target_toml(_address(host, port)), end="")
        return
    _check(order, feature_off or [])
    from conformance.simulator.faults import UnknownFaultError
    from conformance.simulator.server import serve
    from conformance.simulator.world import Options

    options = Options(
        seed=seed,
        csrf=not no_csrf,
        order=order,
        features_off=tuple(feature_off or ()),
        global_origins=tuple(allow_origin or ()),
        session_timeout=session_timeout,
        faults=tuple(fault or ()),
    )
    try:
        serve(host, port, options=options, announce=_announcer(as_json))
    except UnknownFaultError as error:
        raise UsageProblem(f"--fault: {error}") from None
    except OSError as error:
        raise UsageProblem(f"cannot listen on {host}:{port} ({error.strerror or error}); try --port 0") from None


def _list_faults(as_json: bool) -> None:
    if as_json:
        print_json([{"name": item.name, "usage": item.usage, "sentence": item.sentence} for item in faults()])
        return
    console().print(table(("fault", "what a client sees"), [(item.usage, item.sentence) for item in faults()]))


def _check(order: str, features_off: list[str]) -> None:
    from conformance.simulator.seed import FEATURES
    from conformance.simulator.world import ORDERS

    if order not in ORDERS:
        raise UsageProblem(f"--order: {order!r} is not one of {', '.join(ORDERS)}")
    unknown = [name for name in features_off if name not in FEATURES]
    if unknown:
        raise UsageProblem(f"--feature-off: unknown feature {unknown[0]!r}; known: {', '.join(FEATURES)}")


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announcer(as_json: bool) -> Any:
    def announce(facts: Mapping[str, Any]) -> None:
        if as_json or not sys.stdout.isatty():
            print(json.dumps(dict(facts)), flush=True)
            return
        url = facts["baseUrl"]
        console().print(Text(f"Bundled GWS server at {url}; Ctrl-C stops it.", "bold"), soft_wrap=True)
        console().print(Text(f"Test it: gws-conformance run --base-url {url}"), soft_wrap=True)

    return announce


@guarded
def version(as_json: Json = False) -> None:
    """Print the versions of the suite, of the contract and of Python."""
    contract = the_contract()
    facts = {
        "suite": __version__,
        "contract": contract.digest,
        "document": next(iter(contract.operations.values())).source.document,
        "python": platform.python_version(),
    }
    if as_json:
        print_json(facts)
        return
    print(f"gws-conformance {facts['suite']}")
    print(f"contract {facts['contract'][:12]}, after {facts['document']}")
    print(f"Python {facts['python']}")
