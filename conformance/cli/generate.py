"""`gws-conformance generate`: the OpenAPI and AsyncAPI descriptions, made from the contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.cli.guard import UsageProblem, guarded
from conformance.cli.options import Json, the_contract
from conformance.cli.output import print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.contract.descriptions import Freshness

EPILOG = """
Examples:

    gws-conformance generate

    gws-conformance generate --check

    gws-conformance generate --output build/descriptions

Exit codes: 0 written, or --check found both fresh; 1 --check found a difference; 2 usage.
"""


@guarded
def generate(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; say whether the files there are what the contract gives.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder of the files (default: the contract's own).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make openapi.json (the requests) and asyncapi.json (the notifications) from the contract."""
    from conformance.contract import descriptions

    contract = the_contract()
    folder = output or contract.root
    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"--output {folder}: is no folder; name one, or one that is to be made")
    made = descriptions.generate(contract)
    try:
        found = descriptions.compare(folder, made)
        if not check:
            _write(folder, made)
    except OSError as error:
        raise UsageProblem(
            f"{error.filename or folder}: {'cannot be read' if check else 'cannot be written'} ({error.strerror}); "
            "name another folder with --output"
        ) from None
    if as_json:
        print_json({"written": not check, "files": [item.as_json() for item in found]})
    else:
        _print(found, check, "" if output is None else f" --output {output}")
    if check and any(item.verdict != "fresh" for item in found):
        raise typer.Exit(1)


def _write(folder: Path, made: Mapping[str, str]) -> None:
    from conformance.report.files import write_whole

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        write_whole(folder / name, text.encode())


def _print(found: list[Freshness], check: bool, arguments: str) -> None:
    for item in found:
        if check:
            print(f"{item.verdict:8}{item.path}")
            for line in item.differences:
                print(f"        {line}")
        else:
            print(f"{'same' if item.verdict == 'fresh' else 'written':8}{item.path}")
    if check and any(item.verdict != "fresh" for item in found):
        print(f"make them again with 'gws-conformance generate{arguments}'")
