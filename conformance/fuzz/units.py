"""What is fuzzed: documented requests one by one, each with a description of its own out of `openapi.json`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.contract import Contract, Operation
from conformance.contract.components import ROOT
from conformance.contract.files import read_json
from conformance.contract.locate import data_root
from conformance.contract.openapi import Shared, shared_operations

JSON = "application/json"
SCALAR: Mapping[str, Any] = {"type": ["string", "integer", "boolean"]}
CHANGING = frozenset({"deletes", "configures"})
"""Hazards of requests that get identifiers only of what the fuzzer itself created."""


@dataclass(frozen=True)
class Unit:
    """One request with the documented operations that it may stand for.

    id: the operation's own, or the shared request's where nothing in the request tells them apart. path: with the names
    of the description. rivals: every `operationName` that the documents know at this place.
    """

    id: str
    path: str
    method: str
    operations: tuple[Operation, ...]
    shared: Shared
    rivals: frozenset[str]

    @property
    def area(self) -> str:
        """The area of its first operation."""
        return self.operations[0].area

    @property
    def hazard(self) -> str:
        """The worst hazard of its operations."""
        order = ("read", "state", "creates", "configures", "deletes")
        return max((item.hazard for item in self.operations), key=order.index)

    @property
    def changes(self) -> bool:
        """Whether it changes or deletes, as a whole, what its path names."""
        return self.hazard in CHANGING and not self.named

    @property
    def named(self) -> bool:
        """Whether `operationName` tells what it is."""
        return all(item.operation_name for item in self.operations)


def read_description() -> dict[str, Any]:
    """`schemas/openapi.json`, as `gws-conformance generate` made it."""
    description: dict[str, Any] = read_json(data_root("schemas") / "openapi.json")
    return description


def units_of(contract: Contract, wanted: Callable[[Operation], bool]) -> list[Unit]:
    """The units of all operations that are wanted, in the contract's order.

    An `operationName` makes a unit of its own. Where query or body say what is meant, all that share the request are
    one.
    """
    order = {name: place for place, name in enumerate(contract.operations)}
    found = []
    for shared in shared_operations(contract):
        kept = [item for item in shared.operations if wanted(item)]
        if not kept:
            continue
        names = frozenset(str(item.operation_name) for item in shared.operations if item.operation_name)
        whole = Unit(shared.id, shared.path, shared.method, tuple(kept), shared, names)
        if not shared.discriminated:
            # What the others that share the request allow is allowed here too: nothing tells them apart.
            others = tuple(item for item in shared.operations if item not in kept)
            identifier = shared.id if len(kept) > 1 else kept[0].id
            found.append(replace(whole, id=identifier, operations=(*kept, *others)))
            continue
        for name in dict.fromkeys(item.operation_name for item in kept):
            same = tuple(item for item in kept if item.operation_name == name)
            found.append(replace(whole, id=same[0].id, operations=same))
    return sorted(found, key=lambda unit: order[unit.operations[0].id])


def describe(description: Mapping[str, Any], unit: Unit, sound: Any = None) -> dict[str, Any]:
    """A description of this request alone; `sound` is a body that the deployment is known to understand."""
    return _document(description, [(unit, _narrowed(description, [unit], sound, links=False))])


def describe_linked(description: Mapping[str, Any], units: Sequence[Unit]) -> dict[str, Any]:
    """A description of several requests with the links between them, for sequences.

    What changes or deletes is led to by what created it alone, never by a list of what was there before.
    """
    grouped: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        grouped.setdefault((unit.path, unit.method), []).append(unit)
    known = {_place(description, group[0])["operationId"]: group for group in grouped.values()}
    places = []
    for group in grouped.values():
        place = _narrowed(description, group, None, links=True)
        for response in place["responses"].values():
            links = {name: link for name, link in response.get("links", {}).items() if link["operationId"] in known}
            if not any(unit.hazard == "creates" for unit in group):
                links = {
                    name: link
                    for name, link in links.items()
                    if not any(unit.changes for unit in known[link["operationId"]])
                }
            response.pop("links", None)
            if links:
                response["links"] = links
        places.append((group[0], place))
    return _document(description, places)


def _place(description: Mapping[str, Any], unit: Unit) -> Mapping[str, Any]:
    place: Mapping[str, Any] = description["paths"][unit.path][unit.method.lower()]
    return place


def _narrowed(description: Mapping[str, Any], units: Sequence[Unit], sound: Any, *, links: bool) -> dict[str, Any]:
    """A copy of the request's description in which only these units are possible."""
    place = copy.deepcopy(dict(_place(description, units[0])))
    place.pop("security", None)
    success = place["responses"].get("200", {"description": "As documented."})
    kept = {
        key: success[key]
        for key in (("description", "content", "links") if links else ("description",))
        if key in success
    }
    place["responses"] = {"200": kept}
    content = place.get("requestBody", {}).get("content", {}).get(JSON)
    if content is not None and units[0].named and units[0].shared.discriminated:
        mapping = content["schema"]["discriminator"]["mapping"]
        chosen = [{"$ref": mapping[str(unit.operations[0].operation_name)]} for unit in units]
        content["schema"] = chosen[0] if len(chosen) == 1 else {"oneOf": chosen}
        content.pop("examples", None)
    if content is not None and sound is not None:
        content["examples"] = {"sound": {"value": sound}}
    return place


def _document(description: Mapping[str, Any], places: Iterable[tuple[Unit, dict[str, Any]]]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for unit, place in places:
        paths.setdefault(unit.path, {})[unit.method.lower()] = place
    everything = description["components"]["schemas"]
    needed: dict[str, Any] = {}
    waiting = sorted(_references(paths))
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed[name] = _plainer(everything[name]) if name.startswith("request.") else everything[name]
            waiting += sorted(_references(everything[name]))
    return {
        "openapi": description["openapi"],
        "info": description["info"],
        "paths": paths,
        "components": {"schemas": dict(sorted(needed.items()))},
    }


def _plainer(schema: Any) -> Any:
    """A copy of a request's schema in which members that no page names are scalars: trees of them prove no more, and
    drawing them is most of a run's work."""
    if isinstance(schema, list):
        return [_plainer(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    out = {key: value if key in {"const", "enum", "examples"} else _plainer(value) for key, value in schema.items()}
    if out.get("type") == "object":
        out.setdefault("additionalProperties", dict(SCALAR))
    return out


def _references(value: Any) -> set[str]:
    """The names of the components that a part of a description refers to."""
    if isinstance(value, Mapping):
        own = value.get("$ref")
        found = {own.removeprefix(ROOT)} if isinstance(own, str) and own.startswith(ROOT) else set()
        return found.union(*(_references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(item) for item in value))
    return set()
