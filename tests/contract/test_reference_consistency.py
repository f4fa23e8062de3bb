"""The contract's data agrees with itself and with the lines it cites."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.contract.contract_data import (
    CHECKS,
    SCHEMAS,
    Data,
    Entry,
    ambiguities,
    areas,
    charts,
    errata,
    inside,
    is_reference,
    json_schemas,
    lines_of,
    message_ids,
    operations,
    read_yaml,
    rules,
    walk,
    yaml_files,
)
from tests.contract.reference import Lines, Reference, plain, required_reference

FORMATS = {
    "operations": "operations.json",
    "statecharts": "statechart.json",
    "rules": "rules.json",
    "ambiguities": "ambiguities.json",
    "errata": "errata.json",
}
TABLES = {"negatives.yaml": "negatives.json", "status-codes.yaml": "status-codes.json"}
FILES = [(path, form) for folder, form in FORMATS.items() for path in yaml_files(folder)]
FILES += [(SCHEMAS / name, form) for name, form in TABLES.items()]

ACTORS = {"self", "second", "third", "supervisor", "customer"}
PLACEHOLDER = re.compile(r"\$\{([A-Za-z][\w-]*)((?:\.[\w-]+)*)\}")


def negatives() -> list[Data]:
    found: list[Data] = read_yaml(SCHEMAS / "negatives.yaml")["negatives"]
    return found


def readings() -> set[str]:
    return {f"{entry.id}/{reading['id']}" for entry in ambiguities() for reading in entry.data["readings"]}


def cited(data: Any, path: str = "") -> Iterator[tuple[str, Data, Lines]]:
    """Every structure with a source, with its path and the lines."""
    for where, value in walk(data, path):
        if isinstance(value, dict) and "source" in value:
            source = value["source"]
            if isinstance(source, dict) and is_reference(source):
                yield where, value, lines_of(source)
            elif isinstance(source, list):
                yield where, value, (int(source[0]), int(source[1]))


@pytest.mark.parametrize(("path", "form"), FILES, ids=lambda value: getattr(value, "name", None))
def test_files_have_their_format(path: Any, form: str) -> None:
    formats = [json.loads(file.read_text()) for file in (SCHEMAS / "formats").glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in formats
    )
    validator = Draft202012Validator({"$ref": f"gws:formats/{form}"}, registry=registry)
    errors = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(read_yaml(path))]
    assert errors == []


def test_json_schemas_are_schemas() -> None:
    for uri, schema in json_schemas().items():
        Draft202012Validator.check_schema(schema)
        folder, name = uri.removeprefix("gws:").split("/")
        assert (SCHEMAS / folder / name).is_file(), uri


@pytest.mark.parametrize("entries", [operations, rules, ambiguities])
def test_ids_are_unique_and_name_their_area(entries: Any) -> None:
    ids = Counter(entry.id for entry in entries())
    assert [name for name, count in ids.items() if count > 1] == []
    assert [entry.id for entry in entries() if entry.id.split(".")[0] != entry.area] == []


def test_negatives_are_unique_and_have_their_rule() -> None:
    ids = Counter(negative["id"] for negative in negatives())
    assert [name for name, count in ids.items() if count > 1] == []
    known = {entry.id for entry in rules()}
    assert [negative["rule"] for negative in negatives() if negative["rule"] not in known] == []


def test_rules_name_operations_and_checks_that_exist() -> None:
    known = {entry.id for entry in operations()}
    unknown = [
        f"{entry.id}: {name}"
        for entry in rules()
        for names, values in ((known, entry.data.get("operations", [])), (CHECKS, entry.data.get("checks", [])))
        for name in values
        if name not in names
    ]
    assert unknown == []


def test_ambiguities_name_operations_that_exist() -> None:
    known = {entry.id for entry in operations()}
    unknown = [
        f"{entry.id}: {name}"
        for entry in ambiguities()
        for name in entry.data.get("operations", [])
        if name not in known
    ]
    assert unknown == []


def test_ambiguities_that_are_referred_to_exist() -> None:
    known = {entry.id for entry in ambiguities()}
    named = [(entry.id, name) for entry in operations() for name in entry.data.get("ambiguities", [])]
    named += [(entry.file, entry.data["ambiguity"]) for entry in errata() if "ambiguity" in entry.data]
    assert [f"{where}: {name}" for where, name in named if name not in known] == []


def test_readings_that_are_referred_to_exist() -> None:
    places: list[tuple[str, Any]] = [(entry.id, entry.data) for entry in operations()]
    places += [(entry.file, entry.data) for entry in charts()]
    places += [(f"negatives {negative['id']}", negative) for negative in negatives()]
    unknown = [
        f"{where}: {value['reading']}"
        for where, data in places
        for _, value in walk(data)
        if isinstance(value, dict) and value.get("reading") not in (None, *readings())
    ]
    assert unknown == []


def test_the_simulator_follows_a_reading_that_is_allowed() -> None:
    wrong = [
        entry.id
        for entry in ambiguities()
        if entry.data["simulator"] not in {one["id"] for one in entry.data["readings"] if one["allowed"]}
    ]
    assert wrong == []


def test_capabilities_of_charts_are_operations() -> None:
    """Every name in a capability list is the capability of an operation, or an ambiguity speaks of it."""
    known = {entry.data.get("capability", entry.data.get("operationName")) for entry in operations()}
    spoken = " ".join(json.dumps(entry.data) for entry in ambiguities())
    unknown = {
        f"{entry.file}: {name}"
        for entry in charts()
        for state in entry.data["states"]
        for name in (*state["offers"], *state.get("may", []))
        if name not in known and name not in spoken
    }
    assert sorted(unknown) == []


def test_charts_name_operations_and_states_that_exist() -> None:
    known = {entry.id for entry in operations()}
    wrong = []
    for entry in charts():
        states = {state["name"] for state in entry.data["states"]} | {"start"}
        for transition in entry.data["transitions"]:
            by = transition["by"]
            if by not in known and by.split(":")[0] not in ("customer", "stimulus"):
                wrong.append(f"{entry.file}: {by}")
            wrong += [f"{entry.file}: {transition[end]}" for end in ("from", "to") if transition[end] not in states]
    assert wrong == []


def test_operations_need_charts_and_states_that_exist() -> None:
    states = {(entry.data["chart"], state["name"]) for entry in charts() for state in entry.data["states"]}
    wrong = [
        f"{entry.id}: {value['needs']}"
        for entry in operations()
        for _, value in walk(entry.data)
        if isinstance(value, dict) and "chart" in value.get("needs", {})
        if (value["needs"]["chart"], value["needs"].get("state")) not in states
    ]
    assert wrong == []


def test_resources_that_are_named_have_a_schema() -> None:
    missing = sorted(
        {
            f"{entry.id}: {value['resource']}"
            for entry in operations()
            for _, value in walk(entry.data)
            if isinstance(value, dict) and isinstance(value.get("resource"), str)
            if f"gws:resources/{value['resource']}.json" not in json_schemas()
        }
    )
    assert missing == []


def test_message_types_have_channels() -> None:
    silent = [name for name in message_ids() if not json_schemas()[f"gws:messages/{name}.json"].get("x-channels")]
    assert silent == []


def test_notifications_have_a_message_and_one_of_its_channels() -> None:
    wrong = []
    for entry in operations():
        for where, value in walk(entry.data):
            if not (isinstance(value, dict) and "messageType" in value and "channel" in value):
                continue
            schema = json_schemas().get(f"gws:messages/{value['messageType']}.json", {})
            if value["channel"] not in schema.get("x-channels", []):
                wrong.append(f"{entry.id} {where}: {value['messageType']} on {value['channel']}")
    assert wrong == []


def test_placeholders_are_well_formed() -> None:
    roots = ACTORS | {"free", "target", "unique", "request", "message"}
    roots |= {str(entry.data.get("binds", entry.data["resource"])) for entry in charts()}
    roots |= {str(entry.data["resource"]) for entry in operations() if "resource" in entry.data}
    malformed = []
    for entry in (*operations(), *charts()):
        for where, value in walk(entry.data):
            if not isinstance(value, str) or "$" not in value:
                continue
            names = [found.group(1) for found in PLACEHOLDER.finditer(value)]
            if "$" in PLACEHOLDER.sub("", value) or not set(names) <= roots:
                malformed.append(f"{entry.file} {entry.data.get('id', '')} {where}: {value}")
    assert malformed == []


def test_sources_lie_inside_the_areas() -> None:
    """What an operation cites lies in the lines of some area."""
    everywhere = [lines for ranges in areas().values() for lines in ranges]
    outside = []
    for entry in operations():
        for where, _, (first, last) in cited(entry.data):
            if not (inside(first, everywhere) and inside(last, everywhere)):
                outside.append(f"{entry.id} {where or 'source'}: {first}-{last}")
    assert outside == []


def _text(reference: Reference, lines: Lines) -> str:
    return plain(reference.text(lines)).casefold()


def _names(where: str, value: Data, operation: Data) -> list[str]:
    """The names of which the cited lines must mention one; empty when any text will do."""
    if where == "":
        path = [part for part in str(operation["request"]).split("/") if part and not part.startswith("{")]
        return [str(operation.get("operationName") or path[-1]), str(operation["title"])]
    if where.startswith("parameters") and value.get("in") != "path":
        return [str(value["name"]).rsplit(".", 1)[-1]]
    if where.startswith("parameters"):
        return ["/", "{"]
    if "messageType" in value:
        return [str(value[key]) for key in ("messageType", "notificationType", "state", "resource") if key in value]
    return []


def test_citations_mention_what_they_are_cited_for() -> None:
    reference = required_reference()
    wrong = []
    for entry in operations():
        for where, value, lines in cited(entry.data):
            text = _text(reference, lines)
            names = _names(where, value, entry.data)
            if not text.strip() or (names and not any(name.casefold() in text for name in names)):
                wrong.append(f"{entry.id} {where or 'source'} {lines}: none of {names}")
    assert wrong == []


def test_states_are_cited_where_they_are_shown() -> None:
    """States without a resource show nothing; the others show their name, a value or a capability."""
    reference = required_reference()
    wrong = []
    for entry in charts():
        for state in entry.data["states"]:
            if "source" not in state or all(value is None for value in state["where"].values()):
                continue
            text = _text(reference, (state["source"][0], state["source"][1]))
            names = [str(value) for value in state["where"].values() if value is not None]
            names += [*state["offers"], *re.findall(r"[A-Z][a-z]{3,}", state["name"])]
            if not any(name.casefold() in text for name in names):
                wrong.append(f"{entry.file} {state['name']}: {state['source']}")
    assert wrong == []


def test_pages_are_titles_of_the_document() -> None:
    """The page of a citation stands alone on a line, at or before what is cited."""
    reference = required_reference()
    first_seen: dict[str, int] = {}
    for number, line in reference.numbered((1, len(reference))):
        first_seen.setdefault(line.strip().strip("#*").strip().casefold(), number)
    entries: list[tuple[str, Any]] = [
        (entry.id if "id" in entry.data else entry.file, entry.data)
        for entry in (*operations(), *rules(), *ambiguities(), *charts())
    ]
    entries += [(f"negatives {negative['id']}", negative) for negative in negatives()]
    wrong = []
    for where, data in entries:
        for _, value in walk(data):
            if isinstance(value, dict) and {"page", "lines"} <= set(value) and is_reference(value):
                first, last = lines_of(value)
                if first_seen.get(str(value["page"]).casefold(), len(reference) + 1) > last:
                    wrong.append(f"{where}: {value['page']} {first}-{last}")
                if not 1 <= first <= last <= len(reference) or not reference.text((first, last)).strip():
                    wrong.append(f"{where}: {first}-{last}")
    assert wrong == []


def test_status_codes_are_those_of_the_table() -> None:
    reference = required_reference()
    table = read_yaml(SCHEMAS / "status-codes.yaml")
    rows = [row for row in reference.rows(lines_of(table["source"])) if row.header[0] == "Code"]
    printed = {int(row.cells[0]): row.line for row in rows}
    assert printed == {code["code"]: code["source"][0] for code in table["codes"]}
    assert len(printed) == 21


def test_an_entry_knows_its_lines() -> None:
    entry = Entry("basics", "f", {"id": "basics.X", "source": {"page": "P", "lines": [3, 4]}})
    assert (entry.id, entry.lines) == ("basics.X", (3, 4))


HEADINGS = frozenset(
    ("overview", "important", "note", "description", "operations", "parameters", "request", "requests", "response")
) | {"http response", "notification", "sample", "samples", "example", "examples"}


def test_citations_are_of_more_than_a_heading() -> None:
    """What a rule or an ambiguity cites says something, beside titles and what every page begins with."""
    reference = required_reference()
    empty = []
    for entry in (*rules(), *ambiguities(), *operations()):
        for _, value in walk(entry.data):
            if not (isinstance(value, dict) and {"page", "lines"} <= set(value) and is_reference(value)):
                continue
            texts = [plain(line).strip("`#* ") for _, line in reference.numbered(lines_of(value))]
            headings = HEADINGS | {str(value["page"]).casefold(), ""}
            if all(text.casefold() in headings or "is part of the" in text for text in texts):
                empty.append(f"{entry.id}: {value['page']} {value['lines']}")
    assert empty == []
