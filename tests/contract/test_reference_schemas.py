"""The schemas are sharp, and two validators read them alike."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.contract.accounting import account
from tests.contract.classify import accepted_by, classify, schema_of
from tests.contract.contract_data import areas, engines, json_schemas, lines_of
from tests.contract.mutants import allowed_types, damaged, damages, mutants, rejected, valid_readings
from tests.contract.reference import required_reference

ENOUGH = 0.95


def test_damaged_samples_are_rejected() -> None:
    """At least 95 % of the mutants of each schema: a wrong type, an unknown value, a missing required member."""
    shares: dict[str, list[bool]] = defaultdict(list)
    survivors: dict[str, list[str]] = defaultdict(list)
    for mutant in mutants(required_reference()):
        seen = rejected(mutant)
        shares[mutant.owner].append(seen)
        if not seen:
            survivors[mutant.owner].append(f"{mutant.kind} {mutant.where} (sample at {mutant.line})")
    total = [seen for share in shares.values() for seen in share]
    print(f"{sum(total)} of {len(total)} mutants rejected, {sum(total) / len(total):.1%}")
    blunt = {owner: survivors[owner] for owner, share in sorted(shares.items()) if sum(share) / len(share) < ENOUGH}
    assert blunt == {}


def test_every_message_schema_is_proved_by_print() -> None:
    """By a sample that follows it, or by a table of its members where the reference has no sample."""
    reference = required_reference()
    followed = {schema for _, schema in valid_readings(reference)}
    tables = [item.lines[0] for area in areas() for item in account(reference, area, "field")]
    bare = []
    for uri, schema in json_schemas().items():
        if not uri.startswith("gws:messages/") or uri in followed:
            continue
        first, last = lines_of(schema["x-source"])
        # A message of a part of the document that is no area yet: its sample stands where its source says.
        beside = [
            reading
            for sample in reference.samples((1, len(reference)))
            if first <= sample.lines[1] and sample.lines[0] <= last
            for reading in classify(sample)
            if (schema["$id"] in dict(reading.schemas).values()) and accepted_by(reading)
        ]
        if not beside and not any(first <= line <= last for line in tables):
            bare.append(uri)
    assert bare == []


def test_two_validators_agree() -> None:
    reference = required_reference()
    cases = [(schema, reading.value, reading.sample.lines[0]) for reading, schema in valid_readings(reference)]
    cases += [(mutant.schema, mutant.value, mutant.line) for mutant in mutants(reference)]
    assert len(cases) > 100
    differ = [
        f"{name}: sample at {line}"
        for name, value, line in cases
        if engines().python(schema_of(name)).is_valid(value) != engines().rust(schema_of(name)).is_valid(value)
    ]
    assert differ == []


SCHEMA = {
    "type": "object",
    "required": ["state"],
    "properties": {"state": {"enum": ["On", "Off"]}, "calls": {"type": "array", "items": {"type": "integer"}}},
}


def test_damages_reach_every_described_member() -> None:
    found = {(kind, path) for _, kind, path, _ in damages({"state": "On", "calls": [1], "more": 1}, SCHEMA, "own")}
    assert found == {
        ("required", ("state",)),
        ("type", ("state",)),
        ("enum", ("state",)),
        ("type", ("calls",)),
        ("type", ("calls", 0)),
    }


@pytest.mark.parametrize(("kind", "result"), [("required", {"calls": [1]}), ("type", {"state": 7.5, "calls": [1]})])
def test_damage_changes_a_copy(kind: str, result: object) -> None:
    value = {"state": "On", "calls": [1]}
    assert damaged(value, ("state",), kind, 7.5) == result
    assert value == {"state": "On", "calls": [1]}


def test_types_are_read_through_references_and_choices() -> None:
    assert allowed_types({"$ref": "gws:resources/common.json#/$defs/id"}, "own") == {"string"}
    assert allowed_types({"oneOf": [{"type": "object"}, {"const": "x"}]}, "own") == {"object", "string"}
    assert allowed_types({"description": "anything"}, "own") is None
