"""Checks that compare several readings of the same lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from conformance.judge.checks.states import differences
from conformance.judge.checks.story import accepted, listed, performed
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Exchange, Scenario

WINDOW = ("offset", "limit")


def _key(exchange: Exchange, without: tuple[str, ...]) -> str:
    path = urlsplit(str(exchange.request.payload.get("url", ""))).path
    rest = sorted((key, value) for key, value in exchange.query.items() if key not in without)
    return f"{path} {rest}"


@check("paging.union", "scenario", scope="scenario")
def paging_union(scenario: Scenario) -> Iterator[Outcome]:
    """Pages that follow one another hold every object once: none twice, none left out, as many as `totalCount`."""
    windows: dict[str, list[tuple[int, int, list[str], Any, Exchange]]] = {}
    for _, exchange in performed(scenario):
        query, items = exchange.query, listed(exchange)
        if not accepted(exchange) or items is None or not isinstance(exchange.body, Mapping):
            continue
        if query.get("offset", "").isdigit() and query.get("limit", "").isdigit():
            names = [str(item["id"]) for item in items]
            entry = (int(query["offset"]), int(query["limit"]), names, exchange.body.get("totalCount"), exchange)
            windows.setdefault(_key(exchange, WINDOW), []).append(entry)
    for pages in windows.values():
        if len(pages) > 1:
            yield from _covers(sorted(pages, key=lambda page: page[0]))


def _covers(pages: list[tuple[int, int, list[str], Any, Exchange]]) -> Iterator[Outcome]:
    place = 0
    for offset, limit, *_ in pages:
        if offset != place:
            return  # the windows do not follow one another: they promise nothing together
        place += limit
    total = pages[0][3]
    if isinstance(total, bool) or not isinstance(total, int) or place < total:
        return
    every = [name for page in pages for name in page[2]]
    twice = sorted({name for name in every if every.count(name) > 1})
    ok = not twice and len(every) == total
    problem = f"{bounded(twice[0], 60)} is on two pages" if twice else f"the pages hold {len(every)} of {total}"
    yield Outcome(
        ok,
        "the pages hold everything once" if ok else problem,
        f"{total} different objects",
        f"{len(set(every))} different of {len(every)}",
        evidence=tuple(seq for page in pages for seq in page[4].seqs)[:12],
    )


@check("lists.same", "scenario", scope="scenario")
def lists_same(scenario: Scenario) -> Iterator[Outcome]:
    """A list without `fields` names the objects that the same list with `fields` holds; where paths
    stand beside the URIs, each is the end of its URI."""
    plain: dict[str, Exchange] = {}
    full: dict[str, Exchange] = {}
    for _, exchange in performed(scenario):
        if accepted(exchange) and isinstance(exchange.body, Mapping):
            target = full if "fields" in exchange.query else plain
            target[_key(exchange, ("fields",))] = exchange
    for key, exchange in plain.items():
        uris, items = exchange.body.get("uris"), listed(full[key]) if key in full else None
        if not isinstance(uris, list) or items is None:
            continue
        named = sorted(str(uri).rstrip("/").rsplit("/", 1)[-1] for uri in uris)
        held = sorted(str(item["id"]) for item in items)
        yield Outcome(
            named == held,
            "both lists name the same" if named == held else f"{len(uris)} uris stand for {len(items)} objects",
            bounded(held, 200),
            bounded(named, 200),
            evidence=exchange.seqs + full[key].seqs,
        )
        paths = exchange.body.get("paths")
        if paths is None:
            yield Outcome(True, "no paths", evidence=exchange.seqs, reading="basics.paths-member/uris-only")
        elif isinstance(paths, list):
            ok = len(paths) == len(uris) and all(
                str(uri).endswith(str(path)) for uri, path in zip(uris, paths, strict=False)
            )
            yield Outcome(
                ok,
                "paths fit uris" if ok else "paths are not the ends of uris",
                bounded(uris[:2], 200),
                bounded(paths[:2], 200),
                evidence=exchange.seqs,
                reading="basics.paths-member/with-paths",
            )


@check("features.subset", "scenario", scope="scenario")
def features_subset(scenario: Scenario) -> Iterator[Outcome]:
    """Every feature of the contact center is one of the system, and the system's features stay the same, whichever of
    them the contact center has."""
    own: list[tuple[set[str], Exchange]] = []
    system: list[tuple[set[str], Exchange]] = []
    for step, exchange in performed(scenario, "basics.ListFeatures", "basics.ListSystemFeatures"):
        items = listed(exchange)
        if accepted(exchange) and items is not None:
            seen = {str(item["id"]) for item in items}
            (own if step.operation == "basics.ListFeatures" else system).append((seen, exchange))
    for features, exchange in system:
        strange = sorted({name for one, _ in own for name in one} - features)
        yield Outcome(
            not strange,
            "all features are known to the system" if not strange else f"not among the system's: {strange[0][:80]}",
            "every feature of the contact center",
            bounded(strange, 200),
            level="should",
            evidence=exchange.seqs,
        )


@check("state.recovered", "scenario", scope="scenario")
def state_recovered(scenario: Scenario) -> Iterator[Outcome]:
    """The user with all subresources shows the same devices and calls as the lists of devices and of calls do."""
    if not scenario.info.get("recovery"):
        return
    together: Exchange | None = None
    lists: dict[str, Exchange] = {}
    for step, exchange in performed(scenario, "basics.GetMe", "voice.ListDevices", "voice.ListCalls"):
        if not accepted(exchange):
            continue
        if step.operation == "basics.GetMe" and exchange.query.get("subresources") == "*":
            together = exchange
        elif step.operation != "basics.GetMe":
            lists["devices" if step.operation == "voice.ListDevices" else "calls"] = exchange
    user = together.body.get("user") if together is not None and isinstance(together.body, Mapping) else None
    if together is None or not isinstance(user, Mapping):
        return
    for name, exchange in lists.items():
        yield from _same_resources(name, user.get(name), listed(exchange), together.seqs + exchange.seqs)


def _same_resources(name: str, beside: Any, alone: Any, evidence: tuple[int, ...]) -> Iterator[Outcome]:
    items = [item for item in beside if isinstance(item, Mapping)] if isinstance(beside, list) else []
    first = {str(item.get("id")): item for item in items}
    second = {str(item.get("id")): item for item in alone or ()}
    different = sorted(first.keys() ^ second.keys())
    members = sorted({key for one in first.keys() & second.keys() for key in differences(first[one], second[one])})
    ok = not different and not members
    reason = (
        f"{name} differ in {', '.join(members)}"
        if members
        else f"{name}: only one of both shows {bounded(different, 80)}"
    )
    yield Outcome(
        ok,
        f"{name} agree" if ok else reason,
        bounded({key: {m: second[key].get(m) for m in members} for key in second}, 300),
        bounded({key: {m: first[key].get(m) for m in members} for key in first}, 300),
        evidence=evidence,
    )
