"""Everything that the reference prints in the lines of an area is answered for by an entry of the contract."""

from __future__ import annotations

import pytest

from tests.contract.accounting import COUNTERS, account, addresses, is_parameter_table, names_of
from tests.contract.contract_data import areas, errata, lines_of, operations
from tests.contract.reference import Row, path_of, required_reference, same_path


@pytest.mark.parametrize("area", sorted(areas()))
def test_everything_printed_is_accounted_for(area: str) -> None:
    reference = required_reference()
    counts: dict[str, str] = {}
    open_items: list[str] = []
    for kind in COUNTERS:
        items = account(reference, area, kind)
        missing = [item for item in items if item.answer is None]
        counts[kind] = f"{len(items) - len(missing)}/{len(items)}"
        open_items += [f"{kind} at {item.lines}: {item.text}" for item in missing]
    print(f"{area}: " + ", ".join(f"{kind} {count}" for kind, count in counts.items()))
    assert open_items == []


def test_the_areas_have_something_to_account_for() -> None:
    reference = required_reference()
    for area in {entry.area for entry in operations()}:
        assert sum(len(account(reference, area, kind)) for kind in ("sample", "request line")) > 2, area


def test_nothing_stands_outside_of_the_areas() -> None:
    """The lines of no area: the contents of the document, and what is left between pages."""
    reference = required_reference()
    taken = sorted(lines for ranges in areas().values() for lines in ranges)
    starts = [1, *(last + 1 for _, last in taken)]
    ends = [*(first - 1 for first, _ in taken), len(reference)]
    outside = [(start, end) for start, end in zip(starts, ends, strict=True) if start <= end]
    assert (1, taken[0][0] - 1) in outside
    found = [item for lines in outside for counter in COUNTERS.values() for item in counter(reference, lines)]
    assert found == []


def test_errata_stand_over_what_they_are_about() -> None:
    reference = required_reference()
    kinds = {
        "url": ("Request URL", "request line"),
        "row": ("parameter", "field"),
        "operationName": ("operationName",),
        "messageType": ("messageType",),
        "features": ("Required features",),
    }
    stale = []
    for entry in errata():
        first, last = lines_of(entry.data)
        if entry.data["kind"] in kinds and entry.area in areas():
            items = [item for kind in kinds[entry.data["kind"]] for item in account(reference, entry.area, kind)]
            if entry.data["kind"] == "url" and "/" in reference.text((first, last)):
                continue
            if not any(first <= item.lines[1] and item.lines[0] <= last for item in items):
                stale.append(f"{entry.file}: {entry.data['kind']} {first}-{last}")
    assert stale == []


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/api/v2/me/devices/{id}/calls", "/me/devices/{}/calls"),
        ("http://127.0.0.1:8080/api/v2/settings/voice", "/settings/voice"),
        (".../api/v2/queues/<queue_id>?fields=*", "/queues/{}"),
        ("api/v2/me", "/me"),
        ("/api/v2/contacts", "/contacts"),
        ("/settings/access-control", "/settings/access-control"),
    ],
)
def test_paths_are_read_from_printed_urls(url: str, path: str) -> None:
    assert path_of(url) == path


def test_a_path_has_the_shape_of_its_template() -> None:
    assert same_path("/me/calls/{id}", "/me/calls/012")
    assert not same_path("/me/calls/{id}", "/me/calls")
    assert not same_path("/me/calls/{id}", "/me/chats/012")


def test_parameter_tables_are_told_by_their_header() -> None:
    assert is_parameter_table(Row(1, ("Parameter", "Value"), ("key", "text")))
    assert not is_parameter_table(Row(1, ("Topic", "Description"), ("/v2/me/calls", "text")))


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        (("operationName", "Ready"), ["Ready"]),
        (("operationName", "FindPhoneCall", "Yes"), ["FindPhoneCall"]),
        (("operationName", "String", "CancelRecord", "Yes"), ["CancelRecord"]),
        (("operationName", "Add. Other valid values are: AddChat and AddEmail."), ["Add", "AddChat", "AddEmail"]),
    ],
)
def test_names_are_read_from_their_column(cells: tuple[str, ...], names: list[str]) -> None:
    assert names_of(Row(1, ("Parameter", "Value"), cells)) == names


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("/api/v2/me/calls/{id}", ["/api/v2/me/calls/{id}"]),
        ("/api/v2/me/ workbins/{id}", ["/api/v2/me/workbins/{id}"]),
        ("`/api/v2/users`,", ["/api/v2/users"]),
        ("/users/{id}/settings or /me/settings", ["/users/{id}/settings", "/me/settings"]),
        ("/api/v2/me/workbins OR /api/v2/workbins", ["/api/v2/me/workbins", "/api/v2/workbins"]),
    ],
)
def test_addresses_are_read_from_a_cell(cell: str, found: list[str]) -> None:
    assert addresses(cell) == found
