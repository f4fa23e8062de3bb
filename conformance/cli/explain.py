"""`gws-conformance explain`."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from conformance.cli.guard import UsageProblem, guarded
from conformance.cli.options import Json, complete_id, the_contract
from conformance.cli.output import console, print_json

EPILOG = """
Examples:

    gws-conformance explain voice.Answer

    gws-conformance explain call

    gws-conformance explain notification.order

    gws-conformance explain contacts.create-response --json
"""


@guarded
def explain(
    identifier: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="An operation, resource, message, statechart, rule, check, ambiguity or negative case.",
            autocompletion=complete_id,
        ),
    ],
    full: Annotated[bool, typer.Option("--full", help="Show everything, however long.")] = False,
    as_json: Json = False,
) -> None:
    """Show what is checked and why, with the pages that say so, on one screen."""
    from conformance.cli import explaining
    from conformance.cli.screen import LINES, screen

    contract = the_contract()
    found = explaining.explain(identifier, contract)
    if not found:
        known = explaining.known_ids(contract)
        near = difflib.get_close_matches(identifier, known, n=5, cutoff=0.5)
        near = near or [name for name in known if identifier.lower() in name.lower()][:5]
        hint = f"; did you mean {', '.join(near)}?" if near else "; 'gws-conformance operations' lists the operations"
        raise UsageProblem(f"nothing is called {identifier!r}{hint}")
    if as_json:
        print_json([item.as_json() for item in found])
        return
    out = console()
    # An id may belong to a rule and an ambiguity: they share the screen, with an empty line between.
    height = None if full else LINES // len(found) - (len(found) > 1)
    for number, item in enumerate(found):
        if number:
            out.print()
        for line in screen(item, out.width, height):
            out.print(line, soft_wrap=True)
