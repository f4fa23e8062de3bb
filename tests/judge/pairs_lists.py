"""Pairs around reads: windows, order, filters, fields, subresources, links."""

from __future__ import annotations

from typing import Any

from tests.judge.build import API, Timeline, contact
from tests.judge.cases import Pair


def page(query: str, *numbers: int, total: Any = None, items: list[Any] | None = None) -> Timeline:
    """A page of contacts."""
    body: dict[str, Any] = {"statusCode": 0, "contacts": [contact(n) for n in numbers] if items is None else items}
    if total is not None:
        body["totalCount"] = total
    line = Timeline("contacts.List[page]", area="contacts", operation="contacts.List").step("contacts.List")
    return line.ask("GET", f"/contacts?{query}").say(body)


def user(query: str, **members: Any) -> Timeline:
    """GET /me."""
    line = Timeline("basics.GetMe[made]", area="basics", operation="basics.GetMe").step("basics.GetMe")
    shown = {"id": "U1", "userName": "agent1", "uri": f"{API}/users/U1", "path": "/users/U1", **members}
    return line.ask("GET", f"/me{query}").say({"statusCode": 0, "user": shown})


def named(*names: str) -> list[dict[str, Any]]:
    """Contacts with these names."""
    return [contact(number, name=name) for number, name in enumerate(names)]


PAIRS = [
    Pair(
        "paging.window",
        lambda: page("fields=*&offset=1&limit=2", 1, 2, total=5),
        lambda: page("fields=*&offset=1&limit=2", 1, 2, 3, total=5),
        "3 contacts in a page that should hold 2",
        "contacts.List",
    ),
    Pair(
        "paging.totalCount",
        lambda: page("fields=*&limit=2", 1, 2, total=5),
        lambda: page("fields=*&limit=2", 1, 2),
        "totalCount is missing",
        "contacts.List",
    ),
    Pair(
        "sorting.order",
        lambda: page("fields=*&sortBy=name", items=named("ann", "Bob", "cleo")),
        lambda: page("fields=*&sortBy=name", items=named("ann", "cleo", "Bob")),
        "not sorted by name",
        "contacts.List",
    ),
    Pair(
        "sorting.order",
        lambda: page("fields=*&sortBy=name&order=Descending", items=named("b", "a")),
        lambda: page("fields=*&sortBy=name&order=Descending", items=named("a", "b")),
        "not sorted by name",
        "contacts.List",
        name="descending",
    ),
    Pair(
        "filter.matches",
        lambda: page("fields=*&name=ann,bob", items=named("Ann", "bob")),
        lambda: page("fields=*&name=ann,bob", items=named("Ann", "cleo")),
        "1 of 2 have another name",
        "contacts.List",
    ),
    Pair(
        "fields.selected",
        lambda: page("fields=name,type", items=[{"id": "1", "name": "Ann", "type": "Custom"}]),
        lambda: page("fields=name,type", items=[contact(1)]),
        "members nobody asked for: phoneNumber",
        "contacts.List",
    ),
    Pair(
        "subresources.selected",
        lambda: user("?subresources=skills", skills=[]),
        lambda: user("?subresources=skills"),
        "subresource skills is missing",
        "basics.GetMe",
        name="asked",
    ),
    Pair(
        "subresources.selected",
        lambda: user(""),
        lambda: user("", skills=[]),
        "skills came without being asked for",
        "basics.GetMe",
        name="unasked",
    ),
    Pair(
        "resolveUri.resolved",
        lambda: user("?resolveUri=deviceUri", deviceUri=f"{API}/devices/D1", device={"id": "D1"}),
        lambda: user("?resolveUri=deviceUri", deviceUri=f"{API}/devices/D1"),
        "deviceUri was not resolved",
        "basics.GetMe",
    ),
]
