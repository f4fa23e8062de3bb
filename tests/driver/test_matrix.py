"""The negative matrix: every cell of every operation is played, or says why not; and what it says is what is sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli.explaining import explain
from conformance.contract import Operation, load_contract
from conformance.driver.matrix import CELLS, UNPLAYED, matrix, withheld

CONTRACT = load_contract()
PLAYED = [operation for area in ("basics", "voice", "chat", "contacts") for operation in CONTRACT.of_area(area)]


@pytest.mark.parametrize("operation", PLAYED, ids=lambda item: item.id)
def test_every_cell_is_played_or_has_a_reason(operation: Operation) -> None:
    """The list of the requests that must be refused, whole; each parameter of it."""
    cells = matrix(CONTRACT, operation)
    assert tuple(cells) == CELLS
    for name, cell in cells.items():
        assert cell.negative == name
        assert cell.played or cell.left, f"{name} is neither played nor left out with a reason"
        assert all(len(reason) > 10 for _, reason in cell.left), name
    required = {item.name for item in operation.parameters if item.required and item.location != "path"}
    enumerated = {item.name for item in operation.parameters if item.values and item.location != "path"}
    for names, column in ((required, "missing-parameter"), (enumerated, "invalid-value")):
        told = {*cells[column].about, *(about for about, _ in cells[column].left)}
        assert names <= told or "" in told, f"{column}: {names - told}"


def test_the_matrix_is_played_where_it_says_so() -> None:
    """An operation that the general suite leaves to a story has a story of refusals."""
    import importlib
    import pkgutil

    import conformance.suites as suites

    told = ""
    for module in pkgutil.iter_modules(suites.__path__):
        if module.name.startswith("test_"):
            told += Path(str(importlib.import_module(f"conformance.suites.{module.name}").__file__)).read_text("utf-8")
    left = [item.id for item in PLAYED if item.suite is not None and item.id not in UNPLAYED]
    assert left
    for name in left:
        assert f'@story("{name}[negative]"' in told, name


@pytest.mark.parametrize(
    ("operation", "column", "about"),
    [
        ("contacts.List", "invalid-value", "roles"),
        ("basics.ListUsers", "invalid-value", "sortBy"),
        ("basics.SetVoiceSetting", "missing-parameter", "value.attachedDataKey"),
        ("basics.SetVoiceSetting", "missing-parameter", "value.displayName"),
        ("chat.AddNewDocument", "missing-parameter", "attachment"),
        ("chat.GetAttachment", "unknown-id", "attachmentId"),
        ("voice.PauseCallRecording", "wrong-state", "recording:Stopped"),
        ("voice.StartCallRecording", "wrong-state", "recording:Recording"),
        ("voice.Hold", "wrong-state", "call:Held"),
    ],
)
def test_cells_that_must_be_there(operation: str, column: str, about: str) -> None:
    """Lists of enumerated values, members of nested values, files of forms, states of regions."""
    assert about in matrix(CONTRACT, CONTRACT.operations[operation])[column].about


def test_the_states_are_those_of_which_capabilities_are_withheld() -> None:
    """A state in which an operation is attempted does not offer it."""
    for name, places in withheld(CONTRACT).items():
        capability = CONTRACT.operations[name].capability
        for chart, state in (place.split(":") for place in places):
            assert capability not in CONTRACT.statecharts[chart].states[state].offers


def test_explain_tells_the_reasons() -> None:
    """Beside what is sent stands what is not, with the reason; programs get every cell."""
    (told,) = explain("voice.ClearCall", CONTRACT)
    sections = {section.title: section.rows for section in told.sections}
    reasons = dict(sections["Not attempted"])
    assert "the page does not say who may do this" in reasons.values()
    assert any("wrong-state" in names and "no capability" in reason for names, reason in reasons.items())
    assert set(told.as_json()["refusals"]) == set(CELLS)


@pytest.mark.parametrize(
    ("area", "keyword"),
    [
        ("basics", "SetVoiceSetting and negative"),
        ("chat", "AddNewDocument and negative"),
        ("voice", "recording:Paused"),
    ],
)
def test_what_it_says_is_what_is_sent(tmp_path: Path, area: str, keyword: str) -> None:
    """The steps of a run on the sound server are those of the matrix, and each is refused."""
    from tests.cli.cli_support import call

    said = call("run", "--area", area, "-k", keyword, "--output", str(tmp_path / "out"), "--quiet")
    assert said.code == 0, said.out
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    labels = set()
    for line in (tmp_path / "out" / "timeline.ndjson").read_text("utf-8").splitlines():
        event = json.loads(line)
        if event["kind"] == "step.start" and event["payload"]["info"].get("case") in {"refusal", "withheld"}:
            info = event["payload"]["info"]
            labels.add((info["operation"], info.get("negative", "wrong-state"), info["label"].partition(":")[2]))
    assert results["verdict"] == "conformant"
    for identifier in {operation for operation, _, _ in labels}:
        cells = matrix(CONTRACT, CONTRACT.operations[identifier])
        for name, cell in cells.items():
            if name == "wrong-state":
                continue
            about = {item for operation, negative, item in labels if operation == identifier and negative == name}
            if "recording" not in keyword:
                assert about == ({*cell.about} or {""} if cell.played else set()), name
    if "recording" in keyword:
        assert {operation for operation, _, _ in labels} == {"voice.StartCallRecording", "voice.PauseCallRecording"}
