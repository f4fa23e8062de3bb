"""Checks of plural resources: fields, paging, sorting, filters, subresources. Each reads the request's own query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract import value_at
from conformance.judge.context import JUDGED, StepContext
from conformance.judge.findings import Outcome, bounded, check

CONTROL = frozenset({"fields", "offset", "limit", "sortBy", "order", "subresources", "resolveUri", "search", "index"})
MAXIMUM_LIMIT = 100
DEFAULT_LIMIT = 10


def _items(context: StepContext) -> tuple[str, list[Mapping[str, Any]]] | None:
    """The collection of an accepted GET: the member's name and its resources."""
    exchange, operation = context.exchange, context.operation
    if exchange is None or operation is None or operation.method != "GET" or not context.accepted:
        return None
    if not isinstance(exchange.body, Mapping):
        return None
    names = [member.name for item in operation.responses for member in item.members if member.list]
    for name in names:
        value = exchange.body.get(name)
        if isinstance(value, list):
            return name, [item for item in value if isinstance(item, Mapping)]
    return None


def _has(context: StepContext, *names: str) -> bool:
    operation = context.operation
    return operation is not None and any(item.name in names for item in operation.parameters_in("query"))


@check("paging.window", *JUDGED)
def paging_window(context: StepContext) -> Iterator[Outcome]:
    """A page holds at most `limit` items (10 unless told, never above 100), and exactly as many as `totalCount`
    leaves after `offset`."""
    found, exchange = _items(context), context.exchange
    if found is None or exchange is None or not _has(context, "limit") or not isinstance(exchange.body, Mapping):
        return
    name, items = found
    query = exchange.query
    total = exchange.body.get("totalCount")
    if "limit" not in query and "offset" not in query and total is None:
        return
    limit = int(query["limit"]) if query.get("limit", "").isdigit() else DEFAULT_LIMIT
    offset = int(query["offset"]) if query.get("offset", "").isdigit() else 0
    limit = min(limit, MAXIMUM_LIMIT)
    if isinstance(total, int) and not isinstance(total, bool):
        wanted = max(0, min(limit, total - offset))
        stated = "limit" in query
        ok = len(items) == wanted or (not stated and len(items) == max(0, total - offset))
        yield Outcome(
            ok,
            "page as large as it should be" if ok else f"{len(items)} {name} in a page that should hold {wanted}",
            f"{wanted} (offset {offset}, limit {limit}, totalCount {total})",
            str(len(items)),
            evidence=exchange.seqs,
        )
    else:
        ok = len(items) <= limit
        yield Outcome(ok, "page within its limit", f"at most {limit}", str(len(items)), evidence=exchange.seqs)


@check("paging.totalCount", *JUDGED)
def paging_total_count(context: StepContext) -> Iterator[Outcome]:
    """A read with paging returns `totalCount`, a whole number that is not smaller than the page."""
    found, exchange = _items(context), context.exchange
    if found is None or exchange is None or not isinstance(exchange.body, Mapping):
        return
    if not {"limit", "offset"} & exchange.query.keys() or not _has(context, "limit"):
        return
    total = exchange.body.get("totalCount")
    ok = isinstance(total, int) and not isinstance(total, bool) and total >= len(found[1])
    yield Outcome(
        ok,
        "totalCount counts all" if ok else "totalCount is missing or smaller than the page",
        f"a number, at least {len(found[1])}",
        bounded(total, 60),
        evidence=exchange.seqs,
    )


@check("sorting.order", *JUDGED)
def sorting_order(context: StepContext) -> Iterator[Outcome]:
    """The collection is sorted by `sortBy`, ascending unless `order` says Descending."""
    found, exchange = _items(context), context.exchange
    if found is None or exchange is None or "sortBy" not in exchange.query:
        return
    keys = [key for key in exchange.query["sortBy"].split(",") if key]
    rows = [[value_at(item, key) for key in keys] for item in found[1]]
    if len(rows) < 2 or any(not isinstance(value, str | int | float | bool) for row in rows for value in row):
        return
    descending = exchange.query.get("order") == "Descending"
    exact = _sorted(rows, descending, fold=False)
    ok = exact or _sorted(rows, descending, fold=True)
    yield Outcome(
        ok,
        "sorted as asked" if ok else f"not sorted by {bounded(exchange.query['sortBy'], 80)}",
        "Descending" if descending else "Ascending",
        bounded([row[0] for row in rows], 200),
        evidence=exchange.seqs,
    )


def _sorted(rows: list[list[Any]], descending: bool, *, fold: bool) -> bool:
    def key(row: list[Any]) -> list[Any]:
        return [value.casefold() if fold and isinstance(value, str) else value for value in row]

    folded = [key(row) for row in rows]
    try:
        return folded == sorted(folded, reverse=descending)
    except TypeError:
        return False


@check("filter.matches", *JUDGED)
def filter_matches(context: StepContext) -> Iterator[Outcome]:
    """A filter named after a field lets only those resources through whose field has that value."""
    found, exchange = _items(context), context.exchange
    if found is None or exchange is None:
        return
    for key, wanted in exchange.query.items():
        if key in CONTROL or not wanted or "*" in wanted:
            continue
        allowed = {part.casefold() for part in wanted.split(",")}
        wrong = []
        judged = False
        for item in found[1]:
            values = _values(item, key)
            if not values:
                continue
            judged = True
            if not any(_plain(key, value) in allowed for value in values):
                wrong.append(item)
        if judged:
            yield Outcome(
                not wrong,
                f"only {key} = {wanted}" if not wrong else f"{len(wrong)} of {len(found[1])} have another {key}",
                f"{bounded(key, 60)} = {bounded(wanted, 80)}",
                bounded([_values(item, key) for item in wrong[:3]], 200),
                evidence=exchange.seqs,
            )


def _plain(key: str, value: Any) -> str:
    """A value as it is compared: numbers are indexed without anything but letters and digits (lines 2062, 38356)."""
    text = str(value).casefold()
    number = key.rpartition(".")[2] == "phoneNumber"
    return "".join(letter for letter in text if letter.isalnum()) if number else text


def _values(item: Any, path: str) -> list[Any]:
    """The values at a dotted path, through lists: `skills.name` is every skill's name."""
    head, _, rest = path.partition(".")
    value = item.get(head) if isinstance(item, Mapping) else None
    if value is None:
        return []
    branches = value if isinstance(value, list) else [value]
    if not rest:
        return branches
    return [leaf for branch in branches for leaf in _values(branch, rest)]


@check("fields.selected", *JUDGED)
def fields_selected(context: StepContext) -> Iterator[Outcome]:
    """`fields` with names returns those members and no others (`id`, `uri`, `path` may stand beside them)."""
    exchange = context.exchange
    found = _items(context)
    if found is None or exchange is None:
        return
    wanted = exchange.query.get("fields")
    if not wanted or wanted == "*":
        return
    names = {part.strip() for part in wanted.split(",")}
    allowed = names | {"id", "uri", "path"} | set(exchange.query.get("subresources", "").split(","))
    extra = sorted({str(key) for item in found[1] for key in item if key not in allowed})
    yield Outcome(
        not extra,
        "only the fields asked for" if not extra else f"members nobody asked for: {', '.join(extra)[:200]}",
        ", ".join(sorted(names)),
        bounded(", ".join(extra), 200),
        evidence=exchange.seqs,
    )


@check("subresources.selected", *JUDGED)
def subresources_selected(context: StepContext) -> Iterator[Outcome]:
    """`subresources` with names brings each of them; without the parameter skills and devices are not there."""
    exchange, operation = context.exchange, context.operation
    if exchange is None or operation is None or not _has(context, "subresources") or not context.accepted:
        return
    found = _items(context)
    items: list[Any] = list(found[1]) if found else []
    if found is None and isinstance(exchange.body, Mapping):
        items = [value for key, value in exchange.body.items() if key != "statusCode" and isinstance(value, Mapping)]
    asked = exchange.query.get("subresources", "")
    for item in items[:5]:
        if asked and asked != "*":
            missing = [name for name in asked.split(",") if name in {"skills", "devices"} and name not in item]
            yield Outcome(
                not missing,
                "subresources present" if not missing else f"subresource {', '.join(missing)} is missing",
                asked,
                bounded(", ".join(map(str, item)), 200),
                evidence=exchange.seqs,
            )
        elif not asked:
            extra = [name for name in ("skills", "devices") if name in item]
            yield Outcome(
                not extra,
                "no subresources unasked" if not extra else f"{', '.join(extra)} came without being asked for",
                "no skills, no devices",
                bounded(", ".join(map(str, item)), 200),
                evidence=exchange.seqs,
            )


@check("resolveUri.resolved", *JUDGED)
def resolve_uri(context: StepContext) -> Iterator[Outcome]:
    """`resolveUri` brings the object behind each URI member that was named (or behind all, with `*`)."""
    exchange = context.exchange
    if exchange is None or not context.accepted or not isinstance(exchange.body, Mapping):
        return
    asked = exchange.query.get("resolveUri")
    if not asked:
        return
    for resource in [value for value in exchange.body.values() if isinstance(value, Mapping)]:
        links = [key for key in resource if key.endswith("Uri") and len(key) > 3]
        wanted = links if asked == "*" else [key for key in asked.split(",") if key in resource]
        missing = [key for key in wanted if key.removesuffix("Uri") not in resource]
        if wanted:
            yield Outcome(
                not missing,
                "links resolved" if not missing else f"{', '.join(missing)} was not resolved",
                ", ".join(key.removesuffix("Uri") for key in wanted),
                bounded(", ".join(map(str, resource)), 200),
                evidence=exchange.seqs,
            )
