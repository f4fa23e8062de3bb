"""`gws-conformance explain`."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from conformance.cli.guard import UsageProblem, guarded
from conformance.cli.options import Json, complete_id, the_contract
from conformance.cli.output import console, print_json, table

if TYPE_CHECKING:
    from conformance.cli.explaining import Explanation

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
    as_json: Json = False,
) -> None:
    """Show what is checked and why, with the pages that say so."""
    from conformance.cli import explaining

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
    for number, item in enumerate(found):
        _print(item, first=number == 0)


def _print(item: Explanation, *, first: bool) -> None:
    out = console()
    if not first:
        out.print()
    out.print(Text(item.id, "bold").append(f"  {item.kind}", "cyan").append(f"  {item.title}"), soft_wrap=True)
    _rows(item.facts)
    for section in item.sections:
        if section.rows:
            out.print(Text(section.title, "bold"))
            _rows(section.rows)


def _rows(rows: tuple[tuple[str, str], ...]) -> None:
    shown = [(Text(f"  {name}", "dim"), text) for name, text in rows if text or name]
    shown = [row for row in shown if row[1]]
    if shown:
        grid = table(("", ""), shown)
        grid.show_header = False
        console().print(grid)
