"""Contacts: the custom ones that clients manage, and the users, queues and business units that are contacts, too.

Source: "Contacts API" (lines 38115-38974). "Create a custom contact" shows a `path` below /contact, "Update" and
"Delete" use /contacts: this server answers with the one that can be followed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, cast

from .contact_filters import CUSTOM, Contact, select
from .context import Context
from .faults import fault
from .listing import Kind, one, ordered, page, selected
from .models import ROLE_ADMIN, Queue, User
from .resources import SWITCH_NAME, linked
from .routing import operation
from .status import FORBIDDEN, NO_PERMISSION, READ_ONLY, ApiError, invalid, missing, not_found
from .world import World

KIND: Final = Kind("contact", "contacts", True, lambda name: name == "name")
MAX_TEXT: Final = 255

STILL_READABLE = fault("contacts.deleted-still-readable", "A deleted custom contact can still be read.")
STILL_LISTED = fault("contacts.deleted-still-listed", "A deleted custom contact stays in the list.")
OTHERS_UPDATED = fault("contacts.update-of-others-accepted", "PUT on a User or Queue contact gives statusCode 0.")
OTHERS_DELETED = fault("contacts.delete-of-others-accepted", "DELETE on a User or Queue contact gives statusCode 0.")
NO_ID = fault("contacts.create-without-id", "The reply to a creation has no id, uri and path.")
UPDATE_LOST = fault("contacts.update-lost", "PUT is accepted and changes nothing.")
UPDATE_ERASES = fault("contacts.update-erases", "PUT of the name alone takes the phone number away.")
NAME_OPTIONAL = fault("contacts.name-not-required", "A contact without a name is created.")
NOT_AVAILABLE = fault("contacts.availability-missing", "The availability of agents who are logged in is not shown.")
ALWAYS_AVAILABLE = fault("contacts.availability-wrong", "An agent who is not ready is shown as available.")
TYPE_NAME = fault("contacts.type-lower-case", 'The type of contacts is written "custom", "queue", "user".')
AGENTS_READ = fault("contacts.agents-read", "Agents and supervisors may read contacts and change none.")
ABSENT_AVAILABLE = fault("contacts.availability-of-absent", "Users who are not logged in have availability, too.")
UNSORTED = fault("contacts.sort-ignored", "sortBy=name has no effect.")


@dataclass
class CustomContact:
    """A contact that a client has created."""

    id: str
    name: str
    phone_number: str
    deleted: bool = False


@dataclass
class ContactsState:
    """The custom contacts, and which users belong to which virtual agent group (user name -> groups)."""

    custom: dict[str, CustomContact] = field(default_factory=dict)
    virtual_agent_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)


def create(world: World) -> ContactsState:  # noqa: ARG001 - the signature of all areas
    """The area's state: one virtual agent group, no custom contacts."""
    return ContactsState(virtual_agent_groups={"agent1": ("Sales VAG",), "agent2": ("Sales VAG",)})


def state_of(world: World) -> ContactsState:
    """The area's state (the world keeps it untyped)."""
    return cast(ContactsState, world.contacts)


# --- resources ---------------------------------------------------------------------------------------------


def _availability(world: World, user: User) -> dict[str, Any] | None:
    """Only for a user who has a device and is logged in (line 38336)."""
    if user.device is None or world.faults.on(NOT_AVAILABLE):
        return None
    channel: dict[str, Any] | None = world.voice.channel_resource(user)
    state = ((channel or {}).get("userState") or {}).get("state")
    out = channel is None or state in (None, "LoggedOut", "Logout", "Offline")
    if out and world.faults.on(ABSENT_AVAILABLE):
        number = user.device.phone_number
        return {"channels": [{"channel": "voice", "available": False, "phoneNumber": number}]}
    if out or channel is None:
        return None
    ready = (state == "Ready" and channel["userActivity"] == "Idle") or world.faults.on(ALWAYS_AVAILABLE)
    return {
        "channels": [
            {
                "channel": "voice",
                "available": ready,
                "phoneNumber": user.device.phone_number,
                "userActivity": channel["userActivity"],
                "userState": channel["userState"],
            }
        ]
    }


def _user_contact(world: World, user: User) -> Contact:
    numbers = [user.device.phone_number] if user.device is not None else []
    resource: dict[str, Any] = {"id": user.id, "name": user.user_name, "type": "User"}
    if numbers:
        resource["phoneNumbers"] = [
            {"phoneNumber": number, "description": "", "switchName": SWITCH_NAME} for number in numbers
        ]
    resource |= {
        "userName": user.user_name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "employeeId": user.employee_id,
        "emailAddress": user.email_address,
        "businessUnits": [{"name": name} for name in user.business_units],
        "roles": list(user.roles),
        **linked(world, f"/contacts/{user.id}"),
    }
    availability = _availability(world, user)
    if availability is not None:
        resource["availability"] = availability
    return Contact(
        resource,
        texts=(user.first_name, user.last_name, user.user_name, *numbers),
        numbers=tuple(numbers),
        channels=("voice", "chat") if numbers else (),
        business_units=user.business_units,
        virtual_agent_groups=state_of(world).virtual_agent_groups.get(user.user_name, ()),
    )


def _queue_contact(world: World, queue: Queue) -> Contact:
    resource = {
        "id": queue.id,
        "name": queue.name,
        "type": "Queue",
        "phoneNumber": queue.phone_number,
        "switchName": SWITCH_NAME,
        **linked(world, f"/contacts/{queue.id}"),
    }
    return Contact(resource, (queue.name, queue.phone_number), (queue.phone_number,), (queue.channel,))


def _custom_contact(world: World, contact: CustomContact) -> Contact:
    resource = {
        "id": contact.id,
        "name": contact.name,
        "type": CUSTOM,
        "phoneNumber": contact.phone_number,
        **linked(world, f"/contacts/{contact.id}"),
    }
    return Contact(resource, (contact.name, contact.phone_number), (contact.phone_number,))


def _unit_contact(world: World, unit_id: str, name: str) -> Contact:
    resource = {"id": unit_id, "name": name, "type": "BusinessUnit", **linked(world, f"/objects/{unit_id}")}
    return Contact(resource, (name,), business_units=(name,))


def _all(world: World, kind: str | None) -> list[Contact]:
    """Every contact, or those of a type. Business units are given only when their type is asked for."""
    if kind == "BusinessUnit":
        return [_unit_contact(world, unit_id, name) for unit_id, name in world.business_units.items()]
    listed = world.faults.on(STILL_LISTED)
    return [
        *(_user_contact(world, user) for user in world.users.values()),
        *(_queue_contact(world, queue) for queue in world.queues.values()),
        *(_custom_contact(world, c) for c in state_of(world).custom.values() if listed or not c.deleted),
    ]


# --- operations --------------------------------------------------------------------------------------------


def _shown(ctx: Context, contact: Contact) -> dict[str, Any]:
    resource = selected(ctx, contact.resource)
    if ctx.world.faults.on(TYPE_NAME) and "type" in resource:
        resource = {**resource, "type": resource["type"].lower()}
    return resource


@operation("GET", "/contacts")
async def get_contacts(ctx: Context) -> dict[str, Any]:
    """The contacts that satisfy every filter ("Get contacts", lines 38340-38400)."""
    found = select(ctx, _all(ctx.world, ctx.query.get("type")))
    by_id = {contact.resource["id"]: contact for contact in found}
    resources = [contact.resource for contact in found]
    in_order = ordered(ctx, resources, KIND.sortable)
    if ctx.world.faults.on(UNSORTED):
        in_order = resources
    part, total = page(ctx, in_order, always=True)
    return {"contacts": [_shown(ctx, by_id[resource["id"]]) for resource in part], **total}


def _find(ctx: Context) -> Contact | CustomContact:
    """The contact of the path: a CustomContact that exists, or a contact of another type; ApiError 6."""
    world, contact_id = ctx.world, ctx.path["id"]
    custom = state_of(world).custom.get(contact_id)
    if custom is not None and not custom.deleted:
        return custom
    if contact_id in world.users:
        return _user_contact(world, world.users[contact_id])
    if contact_id in world.queues:
        return _queue_contact(world, world.queues[contact_id])
    raise not_found("This contact")


@operation("GET", "/contacts/{id}")
async def get_contact(ctx: Context) -> dict[str, Any]:
    """One contact: what the `uri` of a contact points to; no page describes it."""
    gone = state_of(ctx.world).custom.get(ctx.path["id"])
    if gone is not None and ctx.world.faults.on(STILL_READABLE):
        return one(ctx, KIND, _custom_contact(ctx.world, gone).resource)
    found = _find(ctx)
    contact = _custom_contact(ctx.world, found) if isinstance(found, CustomContact) else found
    return one(ctx, KIND, contact.resource)


def _bounded(name: str, value: str) -> str:
    if len(value) > MAX_TEXT or any(ord(c) < 32 for c in value):
        raise invalid(name, f"must be at most {MAX_TEXT} printable characters")
    return value


def _phone_number(value: str) -> str:
    if not any(c.isalnum() for c in value):
        raise invalid("phoneNumber", "must hold at least one digit")
    return _bounded("phoneNumber", value)


def _check_role(ctx: Context) -> None:
    """The pages name no role for changing contacts, so everybody may."""
    if ctx.world.faults.on(AGENTS_READ) and not ctx.user.has_role(ROLE_ADMIN):
        raise ApiError(NO_PERMISSION, "Contacts are changed by administrators alone")


@operation("POST", "/contacts")
async def create_contact(ctx: Context) -> dict[str, Any]:
    """Create a custom contact ("Create a custom contact", line 38867)."""
    _check_role(ctx)
    ctx.optional("type", str, (CUSTOM,))
    if ctx.world.faults.on(NAME_OPTIONAL):
        name = ctx.optional("name", str, default="")
    else:
        name = _bounded("name", ctx.required("name", str))
    number = _phone_number(ctx.required("phoneNumber", str))
    contact = CustomContact(ctx.world.ids.uuid(), name, number)
    state_of(ctx.world).custom[contact.id] = contact
    if ctx.world.faults.on(NO_ID):
        return {}
    path = f"/contacts/{contact.id}"
    return {"id": contact.id, "path": path, "contact": contact.id, "uri": ctx.uri(path)}


def _refuse_read_only(ctx: Context, contact: CustomContact) -> None:
    fixed = {"id": contact.id, "type": CUSTOM, **linked(ctx.world, f"/contacts/{contact.id}")}
    for name, value in fixed.items():
        if name in ctx.body and ctx.body[name] != value:
            raise ApiError(READ_ONLY, f"Property '{name}' is read-only")


@operation("PUT", "/contacts/{id}")
async def update_contact(ctx: Context) -> None:
    """Update a custom contact ("Update a custom contact", line 38909)."""
    _check_role(ctx)
    contact = _find(ctx)
    if not isinstance(contact, CustomContact):
        if ctx.world.faults.on(OTHERS_UPDATED):
            return
        raise ApiError(FORBIDDEN, "Only custom contacts can be updated")
    _refuse_read_only(ctx, contact)
    name, number = ctx.optional("name", str), ctx.optional("phoneNumber", str)
    if name is None and number is None:
        raise missing("name")
    if name == "":
        raise invalid("name", "must not be empty")
    new_name = contact.name if name is None else _bounded("name", name)
    new_number = contact.phone_number if number is None else _phone_number(number)
    if ctx.world.faults.on(UPDATE_LOST):
        return
    contact.name = new_name
    contact.phone_number = "" if number is None and ctx.world.faults.on(UPDATE_ERASES) else new_number


@operation("DELETE", "/contacts/{id}")
async def delete_contact(ctx: Context) -> None:
    """Delete a custom contact ("Delete a custom contact", line 38947)."""
    _check_role(ctx)
    contact = _find(ctx)
    if isinstance(contact, CustomContact):
        contact.deleted = True
        if not (ctx.world.faults.on(STILL_READABLE) or ctx.world.faults.on(STILL_LISTED)):
            del state_of(ctx.world).custom[contact.id]
    elif not ctx.world.faults.on(OTHERS_DELETED):
        raise ApiError(FORBIDDEN, "Only custom contacts can be deleted")
