"""Contacts: filters held against the whole list, availability, and lists that are longer than a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.probes import ask
from conformance.driver.rights import hand_over
from conformance.driver.scene import Performed, Scene
from conformance.suites._stories import Story, stories, story

AREA = "contacts"
pytestmark = pytest.mark.gws_area(AREA)

EVERYTHING = {"limit": 100}
LARGEST = 100
ALL_HAZARDS = ("creates", "deletes", "configures")


def _contacts(performed: Performed) -> list[Mapping[str, Any]]:
    found = performed.reply.json.get("contacts") if isinstance(performed.reply.json, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


@story("contacts.filters[whole]", "contacts.List")
def filters(scene: Scene) -> None:
    """What a filter lets through is all that fits it: one of several roles, one of the units, and not the excluded."""
    whole = _contacts(ask(scene, "contacts.List", EVERYTHING, label="all"))
    for roles in ("ROLE_SUPERVISOR", "ROLE_AGENT,ROLE_SUPERVISOR", "ROLE_ADMIN,ROLE_AGENT"):
        ask(scene, "contacts.List", {**EVERYTHING, "roles": roles}, label=f"roles {roles}")
    units = [
        [
            str(unit["name"])
            for unit in contact.get("businessUnits") or ()
            if isinstance(unit, Mapping) and "name" in unit
        ]
        for contact in whole
    ]
    several = next((names for names in units if len(names) > 1), None)
    if several is None:
        return  # nobody is in two units: the excluding filter overrides nothing
    include, exclude = {"includeUsersInBusinessUnits": several[0]}, {"excludeUsersInBusinessUnits": several[1]}
    ask(scene, "contacts.List", {**EVERYTHING, **include}, label="in one unit")
    ask(scene, "contacts.List", {**EVERYTHING, **include, **exclude}, label="in one and not in another")


@story("contacts.availability[not-ready]", "contacts.List", features=("api-voice",), hazards=("state",))
def availability(scene: Scene) -> None:
    """An agent who is not ready is not shown as available to those who look for somebody."""
    scene.actor("second")
    scene.reach("agent-state", "NotReady")
    ask(scene, "contacts.List", {**EVERYTHING, "type": "User"}, role="second", label="all users")
    given = {**EVERYTHING, "availability.channels.voice": "true"}
    ask(scene, "contacts.List", given, role="second", label="those who are available")


@story("contacts.availability[logged-out]", "contacts.List", features=("api-voice",), hazards=("state",))
def logged_out(scene: Scene) -> None:
    """An agent whose session has ended is listed without availability."""
    second = scene.actor("second")
    name = str(second.me.get("userName"))
    ask(scene, "contacts.List", {**EVERYTHING, "type": "User"}, label="while the other is logged in")
    ended = scene.perform("voice.EndContactCenterSession", role="second")
    if not ended.accepted:
        raise Untestable(f"the session of {second.name} did not end: {ended.describe()}")
    given = {**EVERYTHING, "type": "User"}
    ask(scene, "contacts.List", given, label="after the end of its session", info={"away": [name]})


@story("contacts.paging[long]", "contacts.List", hazards=ALL_HAZARDS)
def long_list(scene: Scene) -> None:
    """A list of more than a hundred contacts comes by ten, or by a hundred at most."""
    shown = ask(scene, "contacts.List", {"limit": 1}, label="how many")
    total = shown.reply.json.get("totalCount") if isinstance(shown.reply.json, Mapping) else None
    if not isinstance(total, int):
        raise Untestable("the list of contacts has no totalCount")
    for number in range(total, LARGEST + 1):
        given = {"name": f"Conformance ${{unique}} {number}", "phoneNumber": "123-456-7899"}
        made = ask(scene, "contacts.Create", given, case="setup", label="another contact")
        if not made.accepted and hand_over(scene, "contacts.Create", made):
            made = ask(scene, "contacts.Create", given, case="setup", label="another contact")
        body = made.reply.json
        identifier = body.get("id") if isinstance(body, Mapping) else None
        if not made.accepted or not isinstance(identifier, str):
            raise Untestable(f"no custom contact was created: {made.describe()}")
        actor = scene.actor("self")
        scene.stage.ledger.add(Entry("contact", actor.name, identifier, f"DELETE /contacts/{identifier}"))
    ask(scene, "contacts.List", label="without a limit")
    ask(scene, "contacts.List", {"limit": LARGEST}, label="a hundred")
    # More than that may be refused, or be a hundred: only what comes is looked at.
    ask(scene, "contacts.List", {"limit": LARGEST + 1}, case="probe", label="one more")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Lists of contacts."""
    told.play(play)
