"""schemas/asyncapi.json says what the contract says of notifications, in AsyncAPI's own dialect of JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.contract.contract_data import Data
from tests.contract.described import CONTRACT, at, description, objects

MESSAGES = CONTRACT.schemas.names("messages")


def payload_validator(name: str) -> Draft7Validator:
    document = description("asyncapi")
    schema = document["components"]["messages"][name]["payload"]
    return Draft7Validator(
        {**schema, "components": document["components"]} if "$ref" not in schema else _wrapped(schema)
    )


def _wrapped(reference: Data) -> Data:
    # In draft 7 nothing beside a reference counts, not even where references lead.
    return {"allOf": [reference], "components": description("asyncapi")["components"]}


def test_every_message_is_described() -> None:
    assert set(description("asyncapi")["components"]["messages"]) == set(MESSAGES)


def test_every_notification_of_an_operation_has_its_channel() -> None:
    document = description("asyncapi")
    carried = {item["address"]: set(item["messages"]) for item in document["channels"].values()}
    caused = 0
    for operation in CONTRACT.operations.values():
        for item in operation.notifications:
            assert item.message_type in carried[item.channel], operation.id
            assert operation.id in document["components"]["messages"][item.message_type]["x-gws-operations"]
            caused += 1
    assert caused > 500


def test_every_channel_is_received() -> None:
    document = description("asyncapi")
    received = {item["channel"]["$ref"]: item for item in document["operations"].values()}
    assert {f"#/channels/{name}" for name in document["channels"]} == set(received)
    for reference, operation in received.items():
        assert operation["action"] == "receive"
        listed = {item["$ref"] for item in operation["messages"]}
        assert listed == {f"{reference}/messages/{name}" for name in at(document, reference)["messages"]}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_payload_is_accepted_as_the_contract_says(name: str) -> None:
    check = payload_validator(name)
    (example,) = description("asyncapi")["components"]["messages"][name]["examples"]
    payload = example["payload"]
    assert CONTRACT.schemas.validate("message", name, payload) == []
    assert check.is_valid(payload)
    refused = 0
    strangers: list[Any] = [7.5, "no such", {}, []]
    for mutant in [[payload], *({**payload, key: stranger} for key in payload for stranger in strangers)]:
        accepted = CONTRACT.schemas.validate("message", name, mutant) == []
        assert check.is_valid(mutant) == accepted, mutant
        refused += not accepted
    for key in payload:
        mutant = {other: value for other, value in payload.items() if other != key}
        accepted = CONTRACT.schemas.validate("message", name, mutant) == []
        assert check.is_valid(mutant) == accepted, mutant
    assert refused > 1


def test_a_call_inside_its_message_is_checked() -> None:
    """A schema beside which something is said is checked all the same."""
    check = payload_validator("CallStateChangeMessage")
    (example,) = description("asyncapi")["components"]["messages"]["CallStateChangeMessage"]["examples"]
    payload = example["payload"]
    wrong: Any = {**payload, "call": {**payload["call"], "deviceUri": "nowhere"}}
    assert check.is_valid(payload)
    assert not check.is_valid(wrong)


def test_reference_ids_correlate() -> None:
    messages = description("asyncapi")["components"]["messages"]
    tied = {name for name in MESSAGES if "correlationId" in messages[name]}
    assert "UcsOperationResponse" in tied
    assert "TwitterOperationResponse" in tied  # its members stand in a schema that it refers to
    assert "ServiceStateChangeMessage" not in tied
    assert "IMLogUpdateMessage" not in tied


def test_nothing_points_outside_and_nothing_stands_beside_a_reference() -> None:
    schemas = description("asyncapi")["components"]["schemas"]
    for item in objects(description("asyncapi")):
        if isinstance(item.get("$ref"), str):
            assert item["$ref"].startswith("#/"), item
            at(description("asyncapi"), item["$ref"])
    beside = [item for item in objects(schemas) if "$ref" in item and len(item) > 1 and isinstance(item["$ref"], str)]
    assert beside == []
