"""Basics: pages, filters, sorting, fields, subresources and links, of lists read in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from conformance.driver.outcomes import Untestable
from conformance.driver.play import Play
from conformance.driver.plays import pick
from conformance.driver.probes import ask, refuse
from conformance.driver.scene import Performed, Scene
from conformance.suites._stories import Story, stories, story

AREA = "basics"
pytestmark = pytest.mark.gws_area(AREA)

PAGE, MOST_PAGES = 3, 40
LISTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("basics.ListUsers", "admin", {"limit": 100}),
    ("basics.ListQueues", "self", {}),
    ("basics.ListSkills", "admin", {}),
    ("basics.ListMySkills", "self", {}),
    ("basics.ListDevices", "admin", {}),
    ("basics.ListFeatures", "self", {}),
    ("basics.ListServices", "self", {}),
    ("basics.ListSystemFeatures", "admin", {}),
    ("basics.ListRoutingTemplates", "admin", {"channel": "voice"}),
)


def _total(performed: Performed) -> int:
    body = performed.reply.json
    total = body.get("totalCount") if isinstance(body, Mapping) else None
    if isinstance(total, bool) or not isinstance(total, int):
        raise Untestable("the list has no totalCount: its pages cannot be counted")
    return total


def _turn_pages(scene: Scene, operation: str, role: str, given: Mapping[str, Any]) -> None:
    """Reads a list page by page, to its end and one page beyond."""
    first = ask(scene, operation, {**given, "offset": 0, "limit": PAGE}, role=role, label="page 1")
    total = _total(first)
    size = max(PAGE, -(-total // MOST_PAGES))
    if size != PAGE:
        ask(scene, operation, {**given, "offset": 0, "limit": size}, role=role, label="larger page 1")
    for number, offset in enumerate(range(size, total + size, size), start=2):
        ask(scene, operation, {**given, "offset": offset, "limit": size}, role=role, label=f"page {number}")


@story("basics.paging[users]", "basics.ListUsers")
def user_pages(scene: Scene) -> None:
    """The pages of the list of users hold every user once."""
    _turn_pages(scene, "basics.ListUsers", "admin", {"fields": "*"})


@story("basics.paging[sorted-users]", "basics.ListUsers")
def sorted_pages(scene: Scene) -> None:
    """The pages of a sorted list hold every user once, and one page of everything has the same order."""
    given = {"fields": "*", "sortBy": "lastName,firstName", "order": "Descending"}
    _turn_pages(scene, "basics.ListUsers", "admin", given)
    ask(scene, "basics.ListUsers", {**given, "limit": 100}, role="admin", label="one page")


@story("basics.paging[contacts]", "contacts.List")
def contact_pages(scene: Scene) -> None:
    """The pages of the list of contacts hold every contact once."""
    _turn_pages(scene, "contacts.List", "self", {})


@story("basics.paging[filtered]", "basics.ListUsers")
def filtered_pages(scene: Scene) -> None:
    """totalCount counts the objects that fit the filter, and their pages hold each of them once."""
    _turn_pages(scene, "basics.ListUsers", "admin", {"fields": "*", "roles": "ROLE_AGENT"})


@story("basics.paging[limits]", "basics.ListUsers")
def limits(scene: Scene) -> None:
    """A limit or an offset that is no whole number within its range is refused; 101 may count as 100."""
    for value in (0, -1):
        refuse(
            scene,
            "invalid-value",
            "basics.ListUsers",
            {"fields": "*", "limit": value},
            role="admin",
            label=f"limit {value}",
        )
    refuse(scene, "invalid-value", "basics.ListUsers", {"fields": "*", "offset": -1}, role="admin", label="offset -1")
    for name in ("limit", "offset"):
        given = {"fields": "*", name: "many"}
        refuse(scene, "wrong-type", "basics.ListUsers", given, role="admin", label=f"{name} many")
    refuse(scene, "page-too-large", "basics.ListUsers", {"fields": "*", "limit": 101}, role="admin", label="limit 101")
    refuse(scene, "page-too-large", "contacts.List", {"limit": 101}, label="contacts: limit 101")
    ask(scene, "basics.ListUsers", {"fields": "*", "limit": 100}, role="admin", label="limit 100")
    ask(scene, "basics.ListUsers", {"fields": "*", "limit": 1}, role="admin", label="limit 1")


@story("basics.sorting[several-fields]", "basics.ListUsers")
def several_fields(scene: Scene) -> None:
    """Users sort by their last names and, among equals, by their first names, upwards and downwards."""
    for order in ("Ascending", "Descending"):
        given = {"fields": "*", "limit": 100, "sortBy": "lastName,firstName", "order": order}
        ask(scene, "basics.ListUsers", given, role="admin", label=order)
    ask(scene, "basics.ListUsers", {"fields": "*", "limit": 100, "sortBy": "firstName"}, role="admin", label="default")


@story("basics.filters[combined]", "basics.ListUsers")
def combined(scene: Scene) -> None:
    """Several filters hold together, on users, on queues, on routing templates."""
    found = ask(
        scene, "basics.ListUsers", {"fields": "*", "limit": 100, "roles": "ROLE_AGENT"}, role="admin", label="agents"
    )
    users = found.reply.json.get("users") if isinstance(found.reply.json, Mapping) else None
    if isinstance(users, list) and users and isinstance(users[0], Mapping):
        name = {"lastName": users[0].get("lastName"), "enabled": "true", "roles": "ROLE_AGENT"}
        ask(scene, "basics.ListUsers", {"fields": "*", "limit": 100, **name}, role="admin", label="three filters")
    templates = {"fields": "*", "channel": "voice", "version": "1.0.0"}
    ask(scene, "basics.ListRoutingTemplates", templates, role="admin", label="templates")
    queue = pick(scene, "queue")
    both = {"fields": "*", "channel": str(queue.get("channel")), "name": str(queue.get("name"))}
    ask(scene, "basics.ListQueues", both, label="queue")
    ask(scene, "basics.ListQueues", {**both, "name": "no-such-queue"}, label="no queue")


@story("basics.fields[unknown]", "basics.ListQueues")
def unknown_field(scene: Scene) -> None:
    """A field that nothing has brings nothing, beside one that is there and alone."""
    ask(scene, "basics.ListQueues", {"fields": "id,name,noSuchField"}, label="beside others")
    queue = pick(scene, "queue")
    ask(scene, "basics.GetQueue", {"id": str(queue["id"]), "fields": "id,name,noSuchField"}, label="of one queue")


@story("basics.lists[uris]", "basics.ListUsers")
def uris(scene: Scene) -> None:
    """A list without fields names the objects that the same list with fields holds, by uris and by paths."""
    for operation, role, given in LISTS:
        name = operation.partition(".")[2]
        ask(scene, operation, given, role=role, label=f"{name} as uris")
        ask(scene, operation, {**given, "fields": "*"}, role=role, label=f"{name} as objects")


@story("basics.subresources[users]", "basics.GetUser")
def subresources(scene: Scene) -> None:
    """The collections of a user come along as asked: none, one, two, all."""
    user = pick(scene, "user", "admin")
    for asked in ("", "skills", "devices", "skills,devices", "*"):
        given = {"id": str(user["id"]), **({"subresources": asked} if asked else {})}
        ask(scene, "basics.GetUser", given, role="admin", label=asked or "none")
        ask(scene, "basics.GetMe", {key: value for key, value in given.items() if key != "id"}, label=f"me {asked}")


@story("basics.links[queue]", "basics.GetQueue")
def links(scene: Scene) -> None:
    """resolveUri adds the objects that the named URIs of a queue lead to, and no others."""
    queue = pick(scene, "queue")
    for asked in ("phoneNumberUri", "routingTemplateUri", "phoneNumberUri,routingTemplateUri", "*"):
        ask(scene, "basics.GetQueue", {"id": str(queue["id"]), "resolveUri": asked}, label=asked)
    ask(scene, "basics.GetQueue", {"id": str(queue["id"])}, label="unresolved")


@pytest.mark.parametrize("told", stories(__name__))
def test_story(play: Play, told: Story) -> None:
    """Lists and what can be asked of them."""
    told.play(play)
