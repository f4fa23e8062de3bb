"""Contacts: a custom contact from its creation to its end, and what may be done to the contacts of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.plays import refuse_all
from conformance.driver.probes import ask, refuse
from conformance.driver.rights import hand_over
from conformance.driver.scene import Scene
from conformance.suites._stories import Story, stories, story

AREA = "contacts"
pytestmark = pytest.mark.gws_area(AREA)

ALL_HAZARDS = ("creates", "deletes", "configures")
CUSTOM = {"type": "Custom", "limit": 100}
NUMBER, OTHER_NUMBER = "123-456-7899", "111-456-7899"


def _create(scene: Scene, case: str = "positive", **given: str) -> str:
    """Creates a custom contact, notes it in the ledger, and binds its id. Where agents may not, the administrator does,
    and plays the agent's part from then on."""
    parameters = {"name": "Conformance ${unique}", "phoneNumber": NUMBER, **given}
    performed = ask(scene, "contacts.Create", parameters, case=case, label="create")
    if not performed.accepted and hand_over(scene, "contacts.Create", performed):
        performed = ask(scene, "contacts.Create", parameters, case=case, label="create as administrator")
    actor = scene.actor("self")
    body = performed.reply.json
    identifier = body.get("id") if isinstance(body, Mapping) else None
    if not performed.accepted or not isinstance(identifier, str):
        raise Untestable(f"no custom contact was created: {performed.describe()}")
    scene.stage.ledger.add(Entry("contact", actor.name, identifier, f"DELETE /contacts/{identifier}"))
    scene.values["contact.id"] = identifier
    return identifier


def _contact_of(scene: Scene, kind: str) -> Mapping[str, Any]:
    performed = ask(scene, "contacts.List", {"type": kind, "limit": 100}, label=f"{kind} contacts")
    contacts = performed.reply.json.get("contacts") if isinstance(performed.reply.json, Mapping) else None
    if not isinstance(contacts, list) or not contacts or not isinstance(contacts[0], Mapping):
        raise Untestable(f"the contact center shows no contact of type {kind}")
    return dict(contacts[0])


@story("contacts.lifecycle[custom]", "contacts.Create", hazards=ALL_HAZARDS)
def custom(scene: Scene) -> None:
    """A created contact is listed as a custom one, an updated one with its new values, a deleted one no more."""
    _create(scene)
    ask(scene, "contacts.List", CUSTOM, label="created")
    update = {"name": "Conformance edited ${unique}", "phoneNumber": OTHER_NUMBER}
    ask(scene, "contacts.Update", update, label="update")
    ask(scene, "contacts.List", CUSTOM, label="updated")
    ask(scene, "contacts.Delete", label="delete")
    ask(scene, "contacts.List", CUSTOM, label="deleted")


@story("contacts.lifecycle[search]", "contacts.List", hazards=ALL_HAZARDS)
def search(scene: Scene) -> None:
    """A custom contact is found by its name, by its number in digits, by parts in any case, and not otherwise."""
    found = _create(scene, case="setup")
    listing = ask(scene, "contacts.List", CUSTOM, label="all")
    contacts = listing.reply.json.get("contacts", []) if isinstance(listing.reply.json, Mapping) else []
    name = next((str(item["name"]) for item in contacts if item.get("id") == found), "")
    if not name:
        raise Untestable("the created contact is not listed")
    digits = NUMBER.replace("-", "")
    matches = {"filterName": "NamesOrPhoneNumberMatches", "limit": 100}
    for label, query in (
        ("name", {"name": name, "type": "Custom", "limit": 100}),
        ("two names", {"name": f"{name},no-such-name", "limit": 100}),
        ("beginning of the name", {"name": name[:14], "limit": 100}),
        ("number", {"phoneNumber": digits, "limit": 100}),
        ("part in other case", {**matches, "filterParameters": f"*{name[12:].upper()}*"}),
        ("name and number", {**matches, "filterParameters": f"{name},{digits}"}),
        ("name and another number", {**matches, "filterParameters": f"{name},no-such-number"}),
        ("sorted", {**matches, "filterParameters": "*", "sortBy": "name", "order": "Descending"}),
    ):
        ask(scene, "contacts.List", query, label=label)
    ask(scene, "contacts.Delete", case="setup", label="delete")
    ask(scene, "contacts.List", {"name": name, "limit": 100}, label="by name after the deletion")


@story("contacts.lifecycle[total]", "contacts.List", hazards=ALL_HAZARDS)
def total(scene: Scene) -> None:
    """totalCount counts what was created and not what was deleted, whatever the page."""
    for label in ("before", "created", "deleted"):
        if label == "created":
            for _ in range(2):
                _create(scene, case="setup")
        elif label == "deleted":
            ask(scene, "contacts.Delete", case="setup", label="delete")
        ask(scene, "contacts.List", {"type": "Custom", "offset": 0, "limit": 1}, label=f"{label}: a page of one")
        ask(scene, "contacts.List", {"type": "Custom", "offset": 1, "limit": 100}, label=f"{label}: the rest")
        ask(scene, "contacts.List", CUSTOM, label=f"{label}: all")


@story("contacts.lifecycle[others]", "contacts.Update", hazards=ALL_HAZARDS)
def others(scene: Scene) -> None:
    """The contacts that users and queues are can be neither updated nor deleted, and stay as they are."""
    _create(scene, case="setup")
    for kind in ("User", "Queue"):
        contact = _contact_of(scene, kind)
        given = {"id": str(contact["id"]), "name": "Conformance", "phoneNumber": OTHER_NUMBER}
        refuse(scene, "not-custom", "contacts.Update", given, label=f"update a {kind}")
        refuse(scene, "not-custom", "contacts.Delete", {"id": given["id"]}, label=f"delete a {kind}")
        ask(scene, "contacts.List", {"type": kind, "limit": 100}, label=f"{kind} contacts afterwards")


@story("contacts.lifecycle[deleted-twice]", "contacts.Delete", hazards=ALL_HAZARDS)
def deleted_twice(scene: Scene) -> None:
    """A contact that was deleted can be neither updated nor deleted again."""
    _create(scene, case="setup")
    ask(scene, "contacts.Delete", label="delete")
    refuse(scene, "unknown-id", "contacts.Delete", label="delete again")
    given = {"name": "Conformance", "phoneNumber": OTHER_NUMBER}
    refuse(scene, "unknown-id", "contacts.Update", given, label="update afterwards")
    ask(scene, "contacts.List", CUSTOM, label="afterwards")


@story("contacts.lifecycle[unsaid]", "contacts.Update", hazards=ALL_HAZARDS)
def unsaid(scene: Scene) -> None:
    """An update of the name alone, and a sort by another field: what comes is not written; the list shows it."""
    _create(scene, case="setup")
    ask(scene, "contacts.Update", {"name": "Conformance renamed ${unique}"}, case="probe", label="the name alone")
    ask(scene, "contacts.List", CUSTOM, label="renamed")
    ask(scene, "contacts.List", {"limit": 100, "sortBy": "firstName"}, case="probe", label="by the first name")


@story("contacts.Update[positive]", "contacts.Update", hazards=ALL_HAZARDS)
def update(scene: Scene) -> None:
    """Every documented way to update a custom contact, on one that the run created."""
    operation = scene.contract.operations["contacts.Update"]
    _create(scene, case="setup")
    for example in operation.examples:
        scene.perform(operation.id, case="positive", example=example, label=example.name)
        ask(scene, "contacts.List", CUSTOM, label=f"after {example.name}")


@story("contacts.Delete[positive]", "contacts.Delete", hazards=ALL_HAZARDS)
def delete(scene: Scene) -> None:
    """Every documented way to delete a custom contact, on ones that the run created."""
    operation = scene.contract.operations["contacts.Delete"]
    for example in operation.examples:
        _create(scene, case="setup")
        scene.perform(operation.id, case="positive", example=example, label=example.name)
        ask(scene, "contacts.List", CUSTOM, label=f"after {example.name}")


@story("contacts.Update[negative]", "contacts.Update", hazards=ALL_HAZARDS)
def update_refusals(scene: Scene) -> None:
    """Updates that must be refused are refused, and change nothing."""
    _create(scene, case="setup")
    operation = scene.contract.operations["contacts.Update"]
    refuse_all(scene, operation, operation.examples[0])
    ask(scene, "contacts.List", CUSTOM, label="unchanged")


@story("contacts.Delete[negative]", "contacts.Delete", hazards=ALL_HAZARDS)
def delete_refusals(scene: Scene) -> None:
    """Deletions that must be refused are refused, and delete nothing."""
    _create(scene, case="setup")
    operation = scene.contract.operations["contacts.Delete"]
    refuse_all(scene, operation, operation.examples[0])
    ask(scene, "contacts.List", CUSTOM, label="unchanged")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Custom contacts."""
    told.play(play)
