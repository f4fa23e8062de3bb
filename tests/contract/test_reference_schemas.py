"""The schemas are sharp, and two validators read them alike."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.contract.classify import schema_of
from tests.contract.contract_data import engines, json_schemas
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


def test_every_message_schema_has_a_sample() -> None:
    """A schema that no sample follows was not proved by this."""
    followed = {schema for _, schema in valid_readings(required_reference())}
    messages = {uri for uri in json_schemas() if uri.startswith("gws:messages/")}
    assert messages - followed == set()


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
