"""What is fuzzed and what is left out, what stays unsent on a live deployment, and how requests are described."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis

from conformance.contract import Operation
from conformance.driver.target import Target, parse_target
from conformance.fuzz.selection import Guard, select
from conformance.fuzz.sending import ABSENT, wire_form
from conformance.fuzz.sequences import linked
from conformance.fuzz.units import describe, describe_linked, read_description, units_of
from conformance.simulator.seed import target_toml
from tests.fuzz.fuzz_support import CONTRACT, sent, unit_of

DESCRIPTION = read_description()
FEATURES = sorted({name for item in CONTRACT.operations.values() for name in item.feature_names})


def target(*hazards: str, edition: str = "8.5") -> Target:
    made = parse_target(target_toml("http://127.0.0.1:1"), Path("test"))
    return replace(made, hazards=frozenset(hazards) or made.hazards, edition=edition)


def anything(_: Operation) -> bool:
    return True


def reasons(areas: tuple[str, ...], where: Target, knows: Any = None, features: Any = FEATURES) -> dict[str, str]:
    return select(CONTRACT, areas, where, features, knows)[1]


def test_only_hazards_that_the_target_allows() -> None:
    units, left_out = select(CONTRACT, ("contacts",), target("read", "state"), FEATURES, None)
    assert [unit.id for unit in units] == ["contacts.List"]
    assert set(left_out) == {"contacts.Create", "contacts.Update", "contacts.Delete"}
    assert "hazards.allow" in left_out["contacts.Delete"]
    units, left_out = select(CONTRACT, ("contacts",), target(), FEATURES, None)
    assert (len(units), left_out) == (4, {})


def test_each_operation_that_is_left_out_has_its_reason() -> None:
    assert "does not have it" in reasons(("contacts",), target(), lambda _: False)["contacts.List"]
    assert "api-voice" in reasons(("voice",), target(), anything, [])["voice.Hold"]
    alone = target()
    alone = replace(alone, users={name: user for name, user in alone.users.items() if name == "agent"})
    assert "[users.supervisor]" in reasons(("voice",), alone, anything)["voice.BargeIn"]
    removed = reasons(("removed",), target(edition="8.6"), anything)
    assert removed
    assert all("edition 8.5" in why for why in removed.values())


def test_a_live_deployment_is_not_asked_for_what_reaches_others() -> None:
    mails = [item.id for item in CONTRACT.operations.values() if item.area == "email" and item.hazard == "state"]
    left_out = reasons(("email",), target())
    assert mails
    assert all("people outside" in left_out[name] for name in mails)
    assert "replace settings" in reasons(("basics",), target())["basics.UpdateAccessControl"]
    assert "basics.UpdateAccessControl" not in reasons(("basics",), target(), anything)


@pytest.mark.parametrize(
    ("number", "bundled", "refused"),
    [("6100", False, False), ("911", False, True), ("vanity", False, True), ("", False, False), ("911", True, False)],
)
def test_only_known_numbers_are_dialled(number: str, bundled: bool, refused: bool) -> None:
    guard = Guard(target(), bundled=bundled)
    body = {"operationName": "Dial", "destination": {"phoneNumber": number}}
    assert (guard.refuses(unit_of("voice.Dial"), sent("voice.Dial", body, id="D")) is not None) == refused
    odd = {"operationName": "Dial", "destination": number}
    assert (guard.refuses(unit_of("voice.Dial"), sent("voice.Dial", odd, id="D")) is not None) == refused


def test_only_what_the_fuzzer_created_is_changed_or_deleted() -> None:
    guard = Guard(target(), bundled=True)
    guard.seen.update({"theirs", "ours"})
    guard.made.add("ours")
    for name in ("contacts.Delete", "contacts.Update"):
        assert guard.refuses(unit_of(name), sent(name, {"name": "A"}, id="theirs")) is not None
        assert guard.refuses(unit_of(name), sent(name, {"name": "A"}, id="ours")) is None
        assert guard.refuses(unit_of(name), sent(name, {"name": "A"}, id="nobodys")) is None


def test_an_operation_name_makes_a_unit_of_its_own() -> None:
    units = units_of(CONTRACT, lambda item: item.path == "/me/calls/{id}")
    assert len(units) == len({unit.id for unit in units}) > 20
    document = describe(DESCRIPTION, unit_of("voice.Hold"))
    schema = document["paths"]["/me/calls/{id}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/request.voice.Hold"}
    assert len(document["components"]["schemas"]) < 10


def test_links_lead_to_changes_from_creations_alone() -> None:
    units = units_of(CONTRACT, lambda item: item.area == "contacts")
    document = describe_linked(DESCRIPTION, units)
    assert linked(document)
    place = document["paths"]["/contacts"]
    assert set(place["post"]["responses"]["200"]["links"]) == {"contacts.Delete", "contacts.Update"}
    assert "links" not in place["get"]["responses"]["200"]


def test_the_wire_form_is_what_the_case_says() -> None:
    unit = unit_of("contacts.List")
    operation = schemathesis.openapi.from_dict(describe(DESCRIPTION, unit))["/contacts"]["GET"]
    case = operation.Case(query={"name": "A&B", "fields": "*"}, headers={"Authorization": "Basic x", "X-Mine": "1"})
    request = wire_form(case, "http://h/api/v2")
    assert request.path == "/contacts?name=A%26B&fields=%2A"
    assert request.query == {"name": ("A&B",), "fields": ("*",)}
    # Who asks, and how the body is framed, is the session's business.
    assert dict(request.headers) == {"X-Mine": "1"}
    assert (request.content, request.value) == (None, ABSENT)


def test_bodies_on_the_wire() -> None:
    unit = unit_of("contacts.Create")
    operation = schemathesis.openapi.from_dict(describe(DESCRIPTION, unit))["/contacts"]["POST"]
    good = wire_form(operation.Case(body={"name": "é"}, media_type="application/json"), "http://h/api/v2")
    assert (good.content, good.value, good.malformed) == ('{"name":"é"}'.encode(), {"name": "é"}, False)
    bad = wire_form(operation.Case(body=b"\xff{", media_type="application/json"), "http://h/api/v2")
    assert (bad.content, bad.value, bad.malformed) == (b"\xff{", ABSENT, True)
