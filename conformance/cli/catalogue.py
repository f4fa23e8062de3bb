"""`gws-conformance operations` and `gws-conformance coverage`: what the contract holds, and what a run touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from conformance.cli.guard import UsageProblem, guarded
from conformance.cli.options import Areas, Json, the_contract
from conformance.cli.output import console, print_json, table

OPERATIONS_EPILOG = """
Examples:

    gws-conformance operations --area voice

    gws-conformance operations --feature api-voice-recording --role supervisor --json
"""
COVERAGE_EPILOG = """
Examples:

    gws-conformance coverage

    gws-conformance coverage reports/2025-01-31T12-00-00 --json
"""
COUNTED = (
    ("blocks", "documentedBlocks"),
    ("operations", "operations"),
    ("parameters", "parameters"),
    ("samples", "samples"),
    ("rules", "rules"),
    ("rules with checks", "rulesWithChecks"),
    ("pages", "pages"),
    ("examples", "examples"),
    ("states", "states"),
    ("transitions", "transitions"),
    ("ambiguities", "ambiguities"),
)
"""What `coverage` counts: the head of its column and its name in JSON."""
NARROW = 6
"""How many of them fit on a narrow terminal; all do on `ENOUGH` columns."""
ENOUGH = 140
NEEDED = 72
"""Columns for the ids of operations with something beside them."""
KINDS = ("operations", "transitions", "rules", "ambiguities", "samples")
RULES_COUNT = (
    "where a check that proves them had something to say of one of their operations, or of their area where they name "
    "none; those of basics hold everywhere"
)


@guarded
def operations(
    area: Areas = None,
    feature: Annotated[
        str | None, typer.Option(metavar="FEATURE", help="Only operations that need this feature.")
    ] = None,
    role: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Only operations of agent, supervisor, admin, customer or anyone."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the documented operations."""
    from conformance.contract.catalogue import entry, select

    contract = the_contract(area or ())
    _require("feature", feature, {name for item in contract.operations.values() for name in item.feature_names})
    _require("role", role, {name for item in contract.operations.values() for name in item.roles})
    selected = select(contract, area or (), feature, role)
    if as_json:
        print_json([entry(item, contract) for item in selected])
        return
    out = console()
    if out.width < NEEDED:
        # A column that does not fit would vanish without a word.
        for item in selected:
            out.print(item.id, soft_wrap=True)
            out.print(f"  {item.method} {item.path}", soft_wrap=True)
        out.print(f"\n{len(selected)} operations; 'gws-conformance explain ID' tells more of one")
        return
    if out.width < ENOUGH:
        out.print(table(("operation", "request"), [(item.id, f"{item.method} {item.path}") for item in selected]))
        out.print(f"\n{len(selected)} operations; 'gws-conformance explain ID' tells more of one")
        return
    rows = [
        (
            item.id,
            f"{item.method} {item.path}",
            item.operation_name or "",
            ", ".join((*item.features, *(["one of " + " or ".join(item.features_any)] if item.features_any else []))),
            ", ".join(item.roles),
            item.hazard,
            item.edition,
        )
        for item in selected
    ]
    out.print(table(("operation", "request", "operationName", "features", "roles", "hazard", "edition"), rows))
    out.print(f"\n{len(rows)} operations")


def _require(what: str, value: str | None, known: set[str]) -> None:
    if value is not None and value not in known:
        raise UsageProblem(f"unknown {what} {value!r}; known: {', '.join(sorted(known))}")


@guarded
def coverage(
    directory: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The folder of a run: what that run touched.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what the contract describes, by area; with the folder of a run, what that run touched of it."""
    if directory is None:
        _extent(as_json)
    else:
        _touched(directory, as_json)


def _extent(as_json: bool) -> None:
    from conformance.contract.coverage import extent, total

    by_area = {name: item.as_json() for name, item in extent(the_contract()).items()}
    everything = total(extent(the_contract()).values()).as_json()
    if as_json:
        print_json({"areas": by_area, "total": everything})
        return
    out = console()
    columns = (
        dict(COUNTED) if out.width >= ENOUGH else {**dict(COUNTED[: NARROW - 1]), "checked": COUNTED[NARROW - 1][1]}
    )
    rows = [
        (name, *(str(numbers[key]) for key in columns.values()))
        for name, numbers in [*by_area.items(), ("all", everything)]
    ]
    out.print(table(("area", *columns), rows, right=list(columns)))
    if len(columns) < len(COUNTED):
        more = ", ".join(head for head, _ in COUNTED[NARROW:])
        out.print(f"\nchecked: rules with checks. With --json or on {ENOUGH} columns also: {more}.")


def _touched(directory: Path, as_json: bool) -> None:
    path = directory / "results.json" if directory.is_dir() else directory
    # Results of before there were samples have none.
    areas = {
        name: {kind: shares.get(kind, {"touched": 0, "known": 0, "missing": []}) for kind in KINDS}
        for name, shares in _read_results(path)["coverage"].items()
    }
    if as_json:
        print_json({"areas": areas, "total": {kind: _sum(areas, kind) for kind in KINDS}})
        return
    rows = [
        (name, *(_share(shares[kind]) for kind in KINDS))
        for name, shares in [*areas.items(), ("all", {kind: _sum(areas, kind) for kind in KINDS})]
    ]
    out = console()
    out.print(table(("area", *KINDS), rows, right=KINDS))
    out.print(f"\nrules: {RULES_COUNT}")


def _sum(areas: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {
        "touched": sum(shares[kind]["touched"] for shares in areas.values()),
        "known": sum(shares[kind]["known"] for shares in areas.values()),
    }


def _share(share: Mapping[str, Any]) -> str:
    return f"{share['touched']} of {share['known']}" if share["known"] else "-"


def _read_results(path: Path) -> dict[str, Any]:
    """The results of a run. Raises `UsageProblem`."""
    hint = f"give the folder of a run; a timeline alone becomes results with 'gws-conformance judge {path.parent}/...'"
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be read ({error.strerror}); {hint}") from None
    except ValueError:
        raise UsageProblem(f"{path}: is not JSON; {hint}") from None
    if not isinstance(document, dict) or document.get("format") != "gws-conformance-results":
        raise UsageProblem(f"{path}: is not the results of a run; {hint}")
    return document
