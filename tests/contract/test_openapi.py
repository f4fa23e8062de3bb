"""schemas/openapi.json says what the contract says: every operation once, with its parameters, bodies and replies."""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from conformance.contract import Operation, Parameter
from conformance.contract.components import Components
from conformance.contract.openapi import shared_operations
from conformance.contract.openapi_parts import replies_of, sample_body
from conformance.contract.samples import sample_of
from tests.contract.contract_data import Data
from tests.contract.described import (
    CONTRACT,
    Place,
    at,
    component,
    description,
    objects,
    path_names,
    place_of,
    places,
    shape,
    validator,
)

OPERATIONS = list(CONTRACT.operations.values())
BODY = "/requestBody/content/application~1json/schema"
STRANGERS: list[Any] = [{"unexpected": True}, ["unexpected"], "unexpected", 7.5]


def test_the_official_validator_accepts_it() -> None:
    validate(description("openapi"))


@pytest.mark.parametrize(
    ("pointer", "key", "value"),
    [
        ("#/paths/~1me~1calls~1{id}/post", "responses", None),
        ("#/paths/~1me~1calls~1{id}/post/parameters/0", "required", False),
        ("#/paths/~1contacts/get", "operationId", "contacts.Create"),
        ("#/paths/~1contacts/get/parameters/0", "in", "nowhere"),
    ],
)
def test_the_official_validator_refuses_a_damaged_one(pointer: str, key: str, value: Any) -> None:
    damaged = copy.deepcopy(description("openapi"))
    at(damaged, pointer)[key] = value
    assert next(iter(OpenAPIV31SpecValidator(damaged).iter_errors()), None) is not None


def test_each_operation_occurs_once() -> None:
    once = dict.fromkeys(CONTRACT.operations, 1)
    listed = Counter(name for place in places() for name in place.data["x-gws-operations"])
    facts = Counter(item["x-gws-operation"] for item in objects(description("openapi")) if "x-gws-operation" in item)
    assert listed == once
    assert facts == once


def test_each_operation_stands_at_its_path_and_method() -> None:
    wrong = [
        item.id
        for item in OPERATIONS
        if (shape(place_of()[item.id].path), place_of()[item.id].method) != (shape(item.path), item.method.lower())
    ]
    assert wrong == []
    # OpenAPI takes paths that differ in names alone for one.
    paths = [shape(path) for path in description("openapi")["paths"]]
    assert len(paths) == len(set(paths))


def test_an_operation_of_its_own_keeps_its_id() -> None:
    ids = [place.data["operationId"] for place in places()]
    assert len(ids) == len(set(ids))
    for place in places():
        names = place.data["x-gws-operations"]
        alone = place.data["operationId"] == names[0]
        assert alone == (len(names) == 1), place.data["operationId"]


def test_the_facts_are_the_contracts() -> None:
    found = {item["x-gws-operation"]: item for item in objects(description("openapi")) if "x-gws-operation" in item}
    for operation in OPERATIONS:
        facts = found[operation.id]
        assert facts["x-gws-area"] == operation.area
        assert facts["x-gws-edition"] == operation.edition
        assert facts["x-gws-hazard"] == operation.hazard
        assert facts["x-gws-features"] == list(operation.features)
        assert facts["x-gws-roles"] == list(operation.roles)
        assert facts["x-gws-source"] == operation.source.as_json()
        messages = [(item["messageType"], item["to"]) for item in facts["x-gws-notifications"]]
        assert messages == [(item.message_type, item.to) for item in operation.notifications]


def test_what_8_6_removed_is_deprecated_and_names_its_replacement() -> None:
    removed = {item.id for item in OPERATIONS if item.edition == "8.5"}
    assert removed
    for place in places():
        assert place.data.get("deprecated", False) == (set(place.data["x-gws-operations"]) <= removed)
    replaced = [item for item in OPERATIONS if item.replaced_by]
    assert replaced
    for item in replaced:
        assert str(item.replaced_by) in place_of()[item.id].data["description"]


def test_every_parameter_is_there_under_its_name() -> None:
    for operation in OPERATIONS:
        names = path_names(operation)
        there = {(item["in"], item["name"]): item for item in place_of()[operation.id].data.get("parameters", ())}
        alone = len(place_of()[operation.id].data["x-gws-operations"]) == 1
        for item in operation.parameters_in("path", "query", "header"):
            if item.name == "Content-Type":
                continue
            found = there[item.location, names.get(item.name, item.name) if item.location == "path" else item.name]
            # Where others share the request, nothing that one of them can do without is required.
            assert item.required or not found["required"], (operation.id, item.name)
            assert not alone or found["required"] == item.required, (operation.id, item.name)


def test_each_file_is_a_part_of_a_form() -> None:
    forms = [(item, p) for item in OPERATIONS for p in item.parameters_in("form")]
    assert forms
    for operation, parameter in forms:
        content = place_of()[operation.id].data["requestBody"]["content"]["multipart/form-data"]
        schema = at(description("openapi"), content["schema"]["$ref"])
        assert schema["properties"][parameter.name]["format"] == "binary"


def test_an_operation_name_leads_to_its_schema_and_to_no_other() -> None:
    shared = [item for item in shared_operations(CONTRACT) if item.discriminated]
    assert len(shared) > 20
    for item in shared:
        body = place_of()[item.operations[0].id].body
        assert body is not None
        mapping = body["discriminator"]["mapping"]
        assert set(mapping) == {operation.operation_name for operation in item.operations}
        assert [one["$ref"] for one in body["oneOf"]] == list(mapping.values())
        for name, reference in mapping.items():
            schema = at(description("openapi"), reference)
            assert schema["properties"]["operationName"]["const"] == name
            assert "operationName" in schema["required"]


def _bodies(operation: Operation) -> list[Data]:
    """The bodies of the examples that the contract says are accepted; operations without examples have none."""
    return [sample_body(operation, item) for item in operation.examples if 0 in item.status_codes]


BODIED = [item for item in OPERATIONS if item.operation_name or item.parameters_in("body")]


@pytest.mark.parametrize("operation", BODIED, ids=lambda item: item.id)
def test_a_body_is_accepted_where_the_contract_accepts_it_and_its_mutants_are_not(operation: Operation) -> None:
    place = place_of()[operation.id]
    assert place.body is not None
    whole = validator(f"{place.pointer}{BODY}")
    own = validator(component(f"request.{operation.id}"))
    bodies = _bodies(operation)
    assert bodies
    for body in bodies:
        assert CONTRACT.schemas.validate_request(operation, body) == []
        assert own.is_valid(body)
        assert whole.is_valid(body)
    refused = 0
    for mutant in itertools.chain.from_iterable(_mutants(operation, body) for body in bodies):
        accepted = CONTRACT.schemas.validate_request(operation, mutant) == []
        assert own.is_valid(mutant) == accepted, mutant
        refused += not accepted
    assert refused > 0
    if operation.operation_name:
        for body in bodies:
            assert not whole.is_valid({**body, "operationName": "NoSuchOperation"})


def _mutants(operation: Operation, body: Data) -> Iterator[Any]:
    """The body as something else, without a member, and with a member of another type or an unknown value."""
    yield [body]
    for name in body:
        yield {key: value for key, value in body.items() if key != name}
    for parameter in operation.parameters_in("body"):
        for stranger in STRANGERS:
            yield {**body, parameter.name: stranger}
        for inner in parameter.members:
            yield from _inner(body, parameter, inner)


def _inner(body: Data, outer: Parameter, inner: Parameter) -> Iterator[Data]:
    there = body.get(outer.name)
    if isinstance(there, dict):
        yield {**body, outer.name: {key: value for key, value in there.items() if key != inner.name}}
        for stranger in STRANGERS:
            yield {**body, outer.name: {**there, inner.name: stranger}}


def test_the_examples_shown_are_accepted() -> None:
    shown = 0
    for place in places():
        media = place.data.get("requestBody", {}).get("content", {}).get("application/json", {})
        for name, item in media.get("examples", {}).items():
            assert validator(f"{place.pointer}{BODY}").is_valid(item["value"]), name
            shown += 1
    assert shown > 300


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda item: item.id)
def test_a_reply_is_accepted_as_the_contract_says(operation: Operation) -> None:
    schemas = description("openapi")["components"]["schemas"]
    responses = place_of()[operation.id].data["responses"]
    components = Components(CONTRACT.schemas.documents)
    for response in operation.responses:
        entry = responses[str(response.http)]
        if response.raw:
            assert "*/*" in entry["content"]
            continue
        if response.empty:
            assert "empty" in entry["description"]
            continue
        there = f"{place_of()[operation.id].pointer}/responses/{response.http}/content/application~1json/schema"
        check = validator(there)
        made = _reply_named(operation, response, components)
        body = sample_of(at(description("openapi"), made["$ref"]), schemas)
        assert CONTRACT.schemas.validate_response(operation, response, body) == []
        assert check.is_valid(body)
        assert not check.is_valid([body])
        if response.status_code is not None:
            assert not validator(made["$ref"]).is_valid({**body, "statusCode": "none"})


def _reply_named(operation: Operation, response: Any, components: Components) -> dict[str, str]:
    index = operation.responses.index(response)
    reference: dict[str, str] = replies_of(operation, components)[index]["schema"]
    return reference


def test_the_samples_of_components_are_valid() -> None:
    shown = [item for item in description("openapi")["components"]["schemas"].items() if "examples" in item[1]]
    assert len(shown) > 100
    for name, schema in shown:
        for value in schema["examples"]:
            assert validator(component(name)).is_valid(value), name


def test_a_refusal_is_described_for_every_request() -> None:
    refused = validator(component("reply.refused"))
    assert refused.is_valid({"statusCode": 6, "statusMessage": "no such call"})
    assert not refused.is_valid({"statusCode": 0, "statusMessage": "all is well"})
    assert not refused.is_valid({"statusCode": 6})
    for place in places():
        assert {"4XX", "5XX"} <= place.data["responses"].keys()


def test_customers_and_strangers_need_no_credentials() -> None:
    for operation in OPERATIONS:
        open_to_all = set(operation.roles) <= {"customer", "anyone"}
        assert (place_of()[operation.id].data["security"] == []) == open_to_all, operation.id


def test_links_lead_to_requests_that_need_what_they_give() -> None:
    by_id = {place.data["operationId"]: place for place in places()}
    leads: set[tuple[str, str]] = set()
    for place in places():
        for response in place.data["responses"].values():
            for link in response.get("links", {}).values():
                target = by_id[link["operationId"]]
                needed = {f"path.{p['name']}" for p in target.data["parameters"] if p["in"] == "path"}
                assert needed == link["parameters"].keys(), place.data["operationId"]
                leads.add((_request(place), _request(target)))
    assert {
        ("POST /contacts", "PUT /contacts/{id}"),
        ("POST /contacts", "DELETE /contacts/{id}"),
        ("POST /chats", "POST /chats/{id}"),
        ("POST /me/settings/{groupName}", "DELETE /me/settings/{groupName}"),
        ("POST /settings", "POST /settings/{groupName}"),
        ("GET /me/calls", "POST /me/calls/{id}"),
    } <= leads
    # A device that everybody can see is nobody's to give away; what 8.6 removed is not led to.
    assert ("GET /devices", "DELETE /me/devices/{id}") not in leads
    removed = {_request(place) for place in places() if place.data.get("deprecated")}
    assert not [target for _, target in leads if target in removed]


def _request(place: Place) -> str:
    return f"{place.method.upper()} {place.path}"


def test_nothing_points_outside() -> None:
    for item in objects(description("openapi")):
        if isinstance(item.get("$ref"), str):
            assert item["$ref"].startswith("#/"), item
            at(description("openapi"), item["$ref"])
