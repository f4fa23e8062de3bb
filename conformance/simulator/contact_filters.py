"""The filters of GET /contacts.

Source: "Get contacts", table of parameters (lines 38352-38390). All filters given must hold; an unknown parameter
does not filter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from .context import Context
from .faults import fault
from .status import invalid, missing

CUSTOM: Final = "Custom"
TYPES: Final = ("User", "Queue", CUSTOM, "BusinessUnit")
ROLES: Final = ("ROLE_ADMIN", "ROLE_AGENT", "ROLE_SUPERVISOR", "ROLE_APIUSER")
NAMES_OR_NUMBERS: Final = "NamesOrPhoneNumberMatches"
AVAILABILITY: Final = "availability.channels."

FILTER_IGNORED = fault("contacts.filter-ignored", "The filters of GET /contacts have no effect.")
TYPE_IGNORED = fault("contacts.type-filter-ignored", "type= does not filter contacts.")
CASE_MATTERS = fault("contacts.search-case-sensitive", "NamesOrPhoneNumberMatches looks at upper and lower case.")
WILDCARD_OFF = fault("contacts.search-wildcard-literal", "The wildcard * finds nothing.")
SEARCH_ORED = fault("contacts.search-parameters-ored", "One of several filterParameters is enough.")
PREFIX_NAME = fault("contacts.name-filter-matches-prefix", "name= also finds names that only begin so.")
EXCLUDE_LOSES = fault("contacts.exclude-overridden", "An include filter wins over the exclude filter.")
ROLES_ALL = fault("contacts.roles-filter-needs-all", "roles= wants every role, not one of them.")


@dataclass(frozen=True)
class Contact:
    """A contact resource and what it can be found by: `texts` are its names and numbers as they are written."""

    resource: dict[str, Any]
    texts: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    business_units: tuple[str, ...] = ()
    virtual_agent_groups: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """User, Queue, Custom or BusinessUnit."""
        kind: str = self.resource["type"]
        return kind


Predicate = Callable[[Contact], bool]


def _list(ctx: Context, name: str) -> list[str]:
    return [part.strip() for part in ctx.query.get(name, "").split(",") if part.strip()]


@lru_cache(maxsize=256)
def _pattern(text: str, wildcard: bool, ignore_case: bool) -> re.Pattern[str]:
    expression = ".*".join(re.escape(part) for part in re.split(r"\*+", text)) if wildcard else re.escape(text)
    return re.compile(expression, re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL)


def _any_matches(pattern: re.Pattern[str], texts: Iterable[str]) -> bool:
    """Whole texts or their parts between spaces and underscores (line 38136: "_" separates tokens)."""
    return any(
        pattern.fullmatch(text) or any(pattern.fullmatch(token) for token in re.split(r"[\s_]+", text))
        for text in texts
    )


def digits(number: str) -> str:
    """A phone number as it is indexed: nothing but letters and digits (line 38356)."""
    return "".join(c for c in number if c.isalnum())


def _search(ctx: Context) -> Predicate:
    faults = ctx.world.faults
    if ctx.query["filterName"] != NAMES_OR_NUMBERS:
        raise invalid("filterName", f"must be {NAMES_OR_NUMBERS}")
    parameters = _list(ctx, "filterParameters")
    if not parameters:
        raise missing("filterParameters")
    patterns = [
        _pattern(parameter[:256], not faults.on(WILDCARD_OFF), not faults.on(CASE_MATTERS)) for parameter in parameters
    ]
    combine = any if faults.on(SEARCH_ORED) else all

    def found(contact: Contact) -> bool:
        texts = (*contact.texts, *(digits(number) for number in contact.numbers))
        return combine(_any_matches(pattern, texts) for pattern in patterns)

    return found


def _in_groups(wanted: Sequence[str], groups: Iterable[str], *, wildcard: bool) -> bool:
    return any(_pattern(name, wildcard, False).fullmatch(group) for name in wanted for group in groups)


def _group_filters(ctx: Context) -> Iterable[Predicate]:
    """Include and exclude filters over business units and virtual agent groups; exclusion wins."""
    kinds: tuple[tuple[str, bool, bool, bool], ...] = (
        # (name of the filter, for users alone, wildcards, virtual agent groups)
        ("BusinessUnits", False, True, False),
        ("UsersInBusinessUnits", True, True, False),
        ("BusinessUnitsExactMatch", False, False, False),
        ("VirtualAgentGroupsExactMatch", False, False, True),
    )
    for suffix, users_only, wildcard, virtual in kinds:
        include, exclude = _list(ctx, f"include{suffix}"), _list(ctx, f"exclude{suffix}")
        if include or exclude:
            overridden = bool(include) and ctx.world.faults.on(EXCLUDE_LOSES)
            yield _group_filter(include, [] if overridden else exclude, users_only, wildcard, virtual)


def _group_filter(
    include: Sequence[str], exclude: Sequence[str], users_only: bool, wildcard: bool, virtual: bool
) -> Predicate:
    def holds(contact: Contact) -> bool:
        if users_only and contact.type != "User":
            return False
        groups = contact.virtual_agent_groups if virtual else contact.business_units
        if exclude and _in_groups(exclude, groups, wildcard=wildcard):
            return False
        return not include or _in_groups(include, groups, wildcard=wildcard)

    return holds


def _is_available(contact: Contact, channel: str) -> bool:
    channels = contact.resource.get("availability", {}).get("channels", [])
    return any(c["channel"] == channel and c["available"] for c in channels)


def _availability_filters(ctx: Context) -> Iterable[Predicate]:
    for name, text in ctx.query.items():
        if not name.startswith(AVAILABILITY):
            continue
        channel, wanted = name.removeprefix(AVAILABILITY), text.lower()
        if wanted not in ("true", "false"):
            raise invalid(name[:64], "must be true or false")
        # "If a channel is not available due to feature restrictions, Web Services ignores the filter".
        feature = "api-voice" if channel == "voice" else f"api-multimedia-{channel}"
        if feature in ctx.world.features:
            yield lambda c, channel=channel, wanted=wanted: (  # type: ignore[misc]
                c.type == "User" and _is_available(c, channel) == (wanted == "true")
            )


def _predicates(ctx: Context) -> Iterable[Predicate]:
    query, faults = ctx.query, ctx.world.faults
    if "type" in query:
        if query["type"] not in TYPES:
            raise invalid("type", "must be one of " + ", ".join(TYPES))
        if not faults.on(TYPE_IGNORED):
            yield lambda c: c.type == query["type"]
    if "name" in query:
        names = _list(ctx, "name")
        if faults.on(PREFIX_NAME):
            yield lambda c: any(c.resource["name"].startswith(name) for name in names)
        else:
            yield lambda c: c.resource["name"] in names
    if "phoneNumber" in query:
        numbers = _list(ctx, "phoneNumber")
        yield lambda c: any("*" in numbers or digits(number) in numbers for number in c.numbers)
    if "channel" in query:
        channels = _list(ctx, "channel")
        yield lambda c: any(channel in channels for channel in c.channels)
    if "roles" in query:
        roles = _list(ctx, "roles")
        unknown = [role for role in roles if role not in ROLES]
        if unknown:
            raise invalid("roles", "must be of " + ", ".join(ROLES))
        combine = all if faults.on(ROLES_ALL) else any
        yield lambda c: combine(role in c.resource.get("roles", ()) for role in roles)
    if "filterName" in query:
        yield _search(ctx)
    yield from _group_filters(ctx)
    yield from _availability_filters(ctx)


def select(ctx: Context, contacts: Sequence[Contact]) -> list[Contact]:
    """The contacts for which every filter of the request holds; ApiError 1 or 10 for a filter that is wrong."""
    predicates = list(_predicates(ctx))
    if ctx.world.faults.on(FILTER_IGNORED):
        return list(contacts)
    return [contact for contact in contacts if all(predicate(contact) for predicate in predicates)]
