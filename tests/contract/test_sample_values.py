"""Made values: the same for the same name, and accepted by the schema that they are made for."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from conformance.contract import ContractError
from conformance.contract.samples import sample, sample_of

SCHEMAS: dict[str, Any] = {
    "uri": {"type": "string", "pattern": "^https?://[^\\s]+$"},
    "call": {
        "type": "object",
        "required": ["id", "uri"],
        "properties": {"id": {"type": "string"}, "uri": {"$ref": "#/components/schemas/uri"}, "mute": {"enum": ["On"]}},
    },
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("second.phoneNumber", "5002"),
        ("target.queueUri", "http://localhost:8080/api/v2/queues/target-1"),
        ("self.device.path", "/devices/self-1"),
        ("record.applicationId", 1),
        ("unique", "1"),
        ("chat.id", "chat-id-1"),
    ],
)
def test_a_placeholder_has_one_value(name: str, value: Any) -> None:
    assert sample(name) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/call"},
        {"allOf": [{"$ref": "#/components/schemas/call"}], "required": ["mute"]},
        {"type": "array", "items": {"$ref": "#/components/schemas/call"}, "minItems": 1},
        {"type": "object", "additionalProperties": {"type": "integer", "minimum": 7}, "minProperties": 1},
        {"anyOf": [{"type": "boolean"}, {"type": "string"}]},
        {"type": ["integer", "string"]},
        {"type": "object", "required": ["a"], "properties": {"a": {"const": "x"}, "b": {"type": "string"}},
         "if": {"properties": {"a": {"const": "x"}}}, "then": {"required": ["b"]}},
        {"type": "object", "required": ["a"], "properties": {"a": {"const": "x"}},
         "if": {"properties": {"a": {"const": "y"}}}, "else": {"required": ["c"], "properties": {"c": {"enum": [3]}}}},
    ],
)  # fmt: skip
def test_a_value_is_what_its_schema_asks_for(schema: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": {"schemas": SCHEMAS}})
    value = sample_of(schema, SCHEMAS)
    assert validator.is_valid(value), value
    assert not validator.is_valid(None)
    assert sample_of(schema, SCHEMAS) == value


def test_a_pattern_that_no_text_matches_is_told() -> None:
    with pytest.raises(
        ContractError, match=r"no sample text matches \^never\$: add one to conformance.contract.samples"
    ):
        sample_of({"type": "string", "pattern": "^never$"}, {})
