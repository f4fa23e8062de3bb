"""How resources and lists of them are asked for: fields, filters, sorting, paging, resolving of URIs.

Source: "Request Parameters" (lines 1343-1930), "Filtering" (1931-2013), "Filtering and sorting users by fields
and subresources" (2015-2088), "Subresources" (2090-2280), "Return Values" (2282-2455).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .context import Context
from .faults import fault
from .status import PARTIAL_SUCCESS, invalid
from .world import World

DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 100
RESERVED: Final = frozenset({"fields", "subresources", "resolveUri", "offset", "limit", "sortBy", "order"})

PAGE_SHIFTED = fault("basics.paging-off-by-one", "A page starts one record after the offset.")
WRONG_TOTAL = fault("basics.total-count-of-page", "totalCount counts the records of the page, not all.")
NO_TOTAL = fault("basics.total-count-missing", "A paged list has no totalCount.")
ORDER_IGNORED = fault("basics.order-ignored", "order=Descending sorts upwards.")
SORT_IGNORED = fault("basics.sort-ignored", "sortBy has no effect.")
SECOND_KEY_IGNORED = fault("basics.second-sort-key-ignored", "Only the first property of sortBy is looked at.")
FILTER_IGNORED = fault("basics.filter-ignored", "Filtering parameters have no effect.")
FILTERS_ORED = fault("basics.filters-ored", "Several filters are joined by or, not by and.")
BIG_LIMIT = fault("basics.limit-over-100-accepted", "A limit of more than 100 is accepted.")
BAD_NUMBER = fault("basics.bad-limit-ignored", "A limit or an offset that is no valid number is ignored.")
LIMIT_DEFAULT = fault("basics.limit-default-ignored", "Without a limit, all records are returned instead of 10.")
NO_URIS = fault("basics.uris-missing", "A list without fields has no uris.")
NO_PATHS = fault("basics.paths-missing", "A list without fields has no paths.")
URIS_INCOMPLETE = fault("basics.uris-incomplete", "A list without fields leaves out its last record.")
FIELDS_IGNORED = fault("basics.fields-ignored", "fields=a,b returns every field.")
SINGULAR_PLURAL = fault("basics.singular-named-plural", "A single resource comes under the plural name.")
NOT_RESOLVED = fault("basics.resolve-uri-ignored", "resolveUri has no effect.")
PARTIAL_LIST = fault("basics.partial-list", "A list leaves out a resource and says statusCode 7.")

Resource = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of resource: its names, and which of its properties may be sorted by (None: any own property)."""

    singular: str
    plural: str
    paged: bool = False
    sortable: Callable[[str], bool] | None = None
    subresources: Collection[str] = ()


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def values_at(resource: Any, dotted: str) -> list[Any]:
    """Every value at a dotted name, lists spread out: "skills.name" gives the names of all skills."""
    found = [resource]
    for name in dotted.split("."):
        following: list[Any] = []
        for value in found:
            if isinstance(value, Mapping) and name in value:
                inner = value[name]
                following.extend(inner if isinstance(inner, list) else [inner])
        found = following
    return found


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def matches(resource: Resource, name: str, wanted: str) -> bool:
    """Whether one of the values at `name` is `wanted`; statistics and roles take comma-separated alternatives."""
    alternatives = set(_split(wanted)) if name.startswith("statistics.") or name == "roles" else {wanted}
    return any(_text(value) in alternatives for value in values_at(resource, name))


def filtered(world: World, resources: Sequence[Resource], filters: Mapping[str, str]) -> list[Resource]:
    """The resources that satisfy every filter."""
    if not filters or world.faults.on(FILTER_IGNORED):
        return list(resources)
    combine = any if world.faults.on(FILTERS_ORED) else all
    return [r for r in resources if combine(matches(r, name, wanted) for name, wanted in filters.items())]


def _sort_key(resource: Resource, name: str) -> tuple[bool, Any]:
    """Resources without the property come last; numbers sort as numbers, text without regard to case."""
    values = values_at(resource, name)
    if not values:
        return True, ""
    # A resource with several values is placed by its smallest one.
    numeric = all(isinstance(value, (int, float)) for value in values)
    keys = [(0, float(v), "") if numeric else (1, 0.0, _text(v).casefold()) for v in values]
    return False, min(keys)


def ordered(ctx: Context, resources: list[Resource], sortable: Callable[[str], bool] | None) -> list[Resource]:
    """The resources sorted as `sortBy` and `order` ask (one order for all properties)."""
    order = ctx.query.get("order", "Ascending")
    if order not in ("Ascending", "Descending"):
        raise invalid("order", "must be Ascending or Descending")
    names = _split(ctx.query.get("sortBy", ""))
    for name in names:
        if sortable is not None and not sortable(name):
            raise invalid("sortBy", f"names a property that cannot be sorted by: {name[:64]}")
    faults = ctx.world.faults
    if not names or faults.on(SORT_IGNORED):
        return resources
    if faults.on(SECOND_KEY_IGNORED):
        names = names[:1]
    descending = order == "Descending" and not faults.on(ORDER_IGNORED)
    result = resources
    for name in reversed(names):
        present = [r for r in result if values_at(r, name)]
        absent = [r for r in result if not values_at(r, name)]
        present.sort(key=lambda r, n=name: _sort_key(r, n), reverse=descending)  # type: ignore[misc]
        result = present + absent
    return result


def _number(ctx: Context, name: str, default: int, lowest: int, highest: int | None) -> int:
    text = ctx.query.get(name)
    if text is None:
        return default
    whole = text.isascii() and text.isdigit() and len(text) <= 9
    if ctx.world.faults.on(BAD_NUMBER) and (not whole or int(text) < lowest):
        return default
    if not whole:
        raise invalid(name, "must be a whole number, not negative")
    value = int(text)
    if value < lowest or (highest is not None and value > highest):
        raise invalid(name, f"must be at least {lowest}" + (f" and at most {highest}" if highest else ""))
    return value


def page(ctx: Context, resources: list[Resource], *, always: bool) -> tuple[list[Resource], dict[str, Any]]:
    """The page that `offset` and `limit` ask for, and the member `totalCount`.

    Kinds that are not always paged are given whole unless one of the two parameters is there: the pages
    contradict each other on which resources support paging (lines 1611 and 1625).
    """
    faults = ctx.world.faults
    offset = _number(ctx, "offset", 0, 0, None)
    limit = _number(ctx, "limit", DEFAULT_LIMIT, 1, None if faults.on(BIG_LIMIT) else MAX_LIMIT)
    asked = "offset" in ctx.query or "limit" in ctx.query
    if not always and not asked:
        return resources, {}
    if "limit" not in ctx.query and faults.on(LIMIT_DEFAULT):
        limit = len(resources)
    if faults.on(PAGE_SHIFTED):
        offset += 1
    part = resources[offset : offset + limit]
    if faults.on(NO_TOTAL):
        return part, {}
    return part, {"totalCount": len(part) if faults.on(WRONG_TOTAL) else len(resources)}


def selected(ctx: Context, resource: Resource, keep: Collection[str] = ()) -> Resource:
    """The fields that `fields` asks for (all of them without it or with *), and those in `keep`."""
    wanted = ctx.query.get("fields")
    if wanted is None or ctx.world.faults.on(FIELDS_IGNORED):
        return resource
    names = _split(wanted)
    if "*" in names:
        return resource
    return {name: value for name, value in resource.items() if name in names or name in keep}


def asked_subresources(ctx: Context, known: Collection[str]) -> list[str]:
    """The subresources that the request asks for; unknown names are left out."""
    names = _split(ctx.query.get("subresources", ""))
    return list(known) if "*" in names else [name for name in known if name in names]


def resolved(ctx: Context, resource: Resource) -> Resource:
    """The resource with the ones its `...Uri` properties point to, as `resolveUri` asks."""
    names = _split(ctx.query.get("resolveUri", ""))
    if not names or ctx.world.faults.on(NOT_RESOLVED):
        return resource
    result = dict(resource)
    for name, uri in resource.items():
        if name.endswith("Uri") and isinstance(uri, str) and ("*" in names or name in names):
            target = ctx.world.linked.get(uri.removeprefix(ctx.world.api_uri))
            if target is not None:
                result[name.removesuffix("Uri")] = target()
    return result


def one(ctx: Context, kind: Kind, resource: Resource, keep: Collection[str] = ()) -> dict[str, Any]:
    """The reply to a request for one resource: it comes under the singular of its name."""
    name = kind.plural if ctx.world.faults.on(SINGULAR_PLURAL) else kind.singular
    return {name: selected(ctx, resolved(ctx, resource), keep)}


def many(
    ctx: Context, kind: Kind, resources: Sequence[Resource], *, paths: Sequence[str] | None = None
) -> dict[str, Any]:
    """The reply to a request for a list: `uris` and `paths`, or the resources when `fields` or `subresources` asks.

    `resources` hold what can be filtered and sorted by, asked-for subresources included. `paths` gives the paths of
    resources that do not hold their own `path`.
    """
    world = ctx.world
    by_id = {id(r): path for r, path in zip(resources, paths, strict=True)} if paths is not None else {}
    filters = {name: value for name, value in ctx.query.items() if name not in RESERVED and _known(resources, name)}
    found = ordered(ctx, filtered(world, resources, filters), kind.sortable)
    status: dict[str, Any] = {}
    if world.faults.on(PARTIAL_LIST) and len(found) > 1:
        found, status = found[:-1], {"statusCode": PARTIAL_SUCCESS}
    found, total = page(ctx, found, always=kind.paged)
    if "fields" in ctx.query or "subresources" in ctx.query:
        keep = asked_subresources(ctx, kind.subresources)
        drop = set(kind.subresources) - set(keep)
        shown = [{k: v for k, v in resolved(ctx, r).items() if k not in drop} for r in found]
        return {**status, kind.plural: [selected(ctx, r, keep) for r in shown], **total}
    own_paths = [by_id.get(id(r)) or r["path"] for r in found]
    if world.faults.on(URIS_INCOMPLETE):
        own_paths = own_paths[:-1]
    reply: dict[str, Any] = dict(status)
    if not world.faults.on(NO_URIS):
        reply["uris"] = [world.uri(path) for path in own_paths]
    if not world.faults.on(NO_PATHS):
        reply["paths"] = own_paths
    return {**reply, **total}


def _known(resources: Sequence[Resource], name: str) -> bool:
    """Whether a query parameter names a property; others (say, a cache-buster) do not filter."""
    top = name.split(".")[0]
    return any(top in resource for resource in resources)
