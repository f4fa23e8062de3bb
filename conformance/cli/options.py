"""Options that several commands share, and what a shell may complete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from conformance.contract import Contract
    from conformance.contract.profiles import Profile


def the_contract(areas: Sequence[str] = ()) -> Contract:
    """The contract; `areas` must be among its own. Raises `RunProblem`."""
    from conformance.opening import contract_for

    return contract_for(areas)


def the_profile(name: str | None, contract: Contract) -> Profile | None:
    """The profile of that name. Raises `UsageProblem`, `ContractError`."""
    from conformance.cli.guard import UsageProblem
    from conformance.contract.profiles import load_profiles

    if name is None:
        return None
    known = load_profiles(contract)
    if name not in known:
        raise UsageProblem(f"unknown profile {name!r}; known: {', '.join(known)}")
    return known[name]


def save_har(timeline: Path | None, path: Path) -> None:
    """Writes a timeline as HAR. Raises `UsageProblem`."""
    from conformance.cli.guard import UsageProblem
    from conformance.har.writing import write_har

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_har(timeline, path)
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be written ({error.strerror or error}); choose another file") from None


def complete_area(incomplete: str) -> list[str]:
    """Areas of the contract."""
    return [name for name in the_contract().areas if name.startswith(incomplete)]


def complete_profile(incomplete: str) -> list[str]:
    """Names of profiles."""
    from conformance.contract.profiles import load_profiles

    return [name for name in load_profiles(the_contract()) if name.startswith(incomplete)]


def complete_id(incomplete: str) -> list[str]:
    """Everything that `explain` knows."""
    from conformance.cli.explaining import known_ids

    return [name for name in known_ids(the_contract()) if name.startswith(incomplete)]


def complete_fault(incomplete: str) -> list[str]:
    """Faults of the bundled server."""
    return [item.name for item in faults() if item.name.startswith(incomplete)]


def faults() -> Sequence[Fault]:
    """Every fault that the bundled server knows, sorted by name."""
    from conformance.simulator import server as _declares  # noqa: F401 - importing the areas declares their faults
    from conformance.simulator.faults import declared_faults

    return declared_faults()


if TYPE_CHECKING:
    from conformance.simulator.faults import Fault

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", metavar="AREA", help="Only this area (repeatable).", autocompletion=complete_area),
]
RecordHar = Annotated[
    Path | None,
    typer.Option("--record-har", metavar="FILE", help="Write everything that was said as HAR 1.2, secrets replaced."),
]
TargetFile = Annotated[
    Path | None, typer.Option("--target", metavar="FILE", help="Target file ('gws-conformance init' writes one).")
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="Replaces base_url of the target file. Without --target: a bundled server that was started elsewhere, "
        "with its own users.",
    ),
]
