"""Loads the contract and answers questions about it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from conformance.contract import build, cache
from conformance.contract.errors import ContractError
from conformance.contract.files import load_checked
from conformance.contract.locate import data_root
from conformance.contract.model import (
    Ambiguity,
    Negative,
    Operation,
    Rule,
    State,
    Statechart,
    StatusCode,
)
from conformance.contract.validation import Schemas


def value_at(document: Any, path: str) -> Any:
    """The value at a dotted path inside nested objects (list indices as numbers); None where it is absent."""
    value = document
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def matches(where: Mapping[str, Any], resource: Any) -> bool:
    """Whether every dotted member of `where` has that value in `resource` (None: absent or null; `*`: any value)."""
    for path, expected in where.items():
        seen = value_at(resource, path)
        if not (seen == expected or (expected == "*" and seen is not None)):
            return False
    return True


@dataclass(frozen=True)
class Contract:
    """Operations, statecharts, rules, ambiguities, the negative matrix and the schemas."""

    root: Path
    areas: Mapping[str, str]
    operations: Mapping[str, Operation]
    statecharts: Mapping[str, Statechart]
    rules: Mapping[str, Rule]
    ambiguities: Mapping[str, Ambiguity]
    negatives: Mapping[str, Negative]
    status_codes: Mapping[int, StatusCode]
    digest: str

    @cached_property
    def schemas(self) -> Schemas:
        """The JSON Schemas, compiled on first use."""
        return Schemas(self.root)

    @cached_property
    def charted(self) -> tuple[str, ...]:
        """The resources that have statecharts."""
        return tuple(dict.fromkeys(chart.resource for chart in self.statecharts.values()))

    @cached_property
    def _refusing(self) -> Mapping[tuple[str, str], str]:
        """The allowed reading by which an operation may be refused to a role, by (operation, role)."""
        return {
            (operation, role): f"{item.id}/{reading.id}"
            for item in self.ambiguities.values()
            for reading in item.readings
            if reading.allowed
            for operation in reading.operations
            for role in reading.roles
        }

    def refused_by(self, operation: str, role: str, http: int, status_code: object) -> str | None:
        """The allowed reading that a refusal for lack of permission follows (`ambiguity/reading`): 3 or 5, with HTTP
        403 or, by basics.error-http/always-200, with 200. None where no reading lets the role be refused."""
        if http not in (200, 403) or status_code not in (3, 5):
            return None
        return self._refusing.get((operation, role))

    def may_be_refused(self, operation: str, role: str) -> bool:
        """Whether an allowed reading keeps an operation from a role."""
        return (operation, role) in self._refusing

    @cached_property
    def _features_by_reading(self) -> Mapping[str, Mapping[str, str]]:
        """By area: the features that an allowed reading asks for, each with that reading."""
        found: dict[str, dict[str, str]] = {}
        for item in self.ambiguities.values():
            for reading in item.readings:
                for name in reading.features if reading.allowed else ():
                    found.setdefault(item.area, {})[name] = f"{item.id}/{reading.id}"
        return found

    def features_of(self, item: Operation | Statechart) -> Mapping[str, str]:
        """The features without which a deployment need not have an operation or a resource with this chart, each with
        the reading that asks for it (`ambiguity/reading`), or an empty text where its page does."""
        return {**self._features_by_reading.get(item.area, {}), **dict.fromkeys(item.features, "")}

    def of_area(self, *areas: str) -> list[Operation]:
        """The operations of the areas, in the order written; all when none is named."""
        return [item for item in self.operations.values() if not areas or item.area in areas]

    def charts_of(self, resource: str) -> list[Statechart]:
        """The statecharts of a resource."""
        return [item for item in self.statecharts.values() if item.resource == resource]

    def operations_on(self, chart: Statechart) -> list[Operation]:
        """The operations whose `{id}` is the chart's resource: those that a state may offer or withhold."""
        return [
            item
            for item in self.operations.values()
            if item.resource == chart.resource
            and item.method == "POST"
            and item.operation_name
            and any(p.location == "path" and p.of == chart.resource for p in item.parameters)
        ]

    def states_of(self, resource: str, value: Any) -> list[tuple[Statechart, State]]:
        """Every (chart, state) whose `where` the resource's value satisfies."""
        return [
            (chart, state)
            for chart in self.charts_of(resource)
            for state in chart.states.values()
            if matches(state.where, value)
        ]

    def by_capability(self, name: str, resource: str) -> Operation | None:
        """The operation that a capability of the resource's list stands for."""
        for item in self.operations.values():
            if item.capability == name and item.resource == resource:
                return item
        return None

    def recognise(self, method: str, path: str, body: Any) -> Operation | None:
        """The operation of a request: method, path (relative to `/api/v2`, query ignored), `operationName`."""
        name = body.get("operationName") if isinstance(body, Mapping) else None
        plain = path.split("?", 1)[0]
        candidates = [item for item in self.operations.values() if item.method == method and item.pattern.match(plain)]
        exact = [item for item in candidates if item.operation_name == name]
        # The more literal path is meant (/me/channels/voice rather than /me/channels/{id}), then the fitting body.
        fit = [(item.path.count("{"), len(self.schemas.validate_request(item, body or {})), item) for item in exact]
        return min(fit, key=lambda one: one[:2])[2] if fit else None


class _Documents:
    """The checked documents below a folder, remembered from an earlier time or read now."""

    def __init__(self, root: Path, digest: str) -> None:
        self._root, self._digest = root, digest
        self._known = cache.recall(digest)
        self._read: dict[str, Any] = {}

    def one(self, path: Path, format_name: str) -> Any:
        name = path.relative_to(self._root).as_posix()
        if self._known is not None and name in self._known:
            return self._known[name]
        self._read[name] = load_checked(self._root, path, format_name)
        return self._read[name]

    def parts(self, folder: str, format_name: str) -> Iterable[tuple[Path, Any]]:
        for path in sorted((self._root / folder).glob("*.yaml")):
            yield path, self.one(path, format_name)

    def keep(self) -> None:
        if self._read:
            cache.remember(self._digest, {**(self._known or {}), **self._read})


def _add(target: dict[str, Any], key: str, value: Any, path: Path) -> None:
    if key in target:
        raise ContractError(f"{path}: {key!r} is defined twice; ids are unique")
    target[key] = value


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in {".yaml", ".json"} and path.name not in {"openapi.json", "asyncapi.json"}:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def load_contract(root: Path | None = None) -> Contract:
    """The contract under `root` (default: the shipped one), checked against its formats.

    Raises:
        ContractError: a file is wrong; the text names file, line and key.
    """
    return _load(root or data_root("schemas"))


@functools.cache
def _load(root: Path) -> Contract:
    digest = _digest(root)
    documents = _Documents(root, digest)
    areas: dict[str, str] = {}
    operations: dict[str, Operation] = {}
    for path, raw in documents.parts("operations", "operations.json"):
        areas.setdefault(raw["area"], raw["title"])
        for item in raw["operations"]:
            _add(operations, item["id"], build.operation(raw["area"], item), path)
    charts: dict[str, Statechart] = {}
    for path, raw in documents.parts("statecharts", "statechart.json"):
        _add(charts, raw["chart"], build.statechart(raw), path)
    rules: dict[str, Rule] = {}
    for path, raw in documents.parts("rules", "rules.json"):
        for item in raw["rules"]:
            _add(rules, item["id"], build.rule(raw["area"], item), path)
    ambiguities: dict[str, Ambiguity] = {}
    for path, raw in documents.parts("ambiguities", "ambiguities.json"):
        for item in raw["ambiguities"]:
            _add(ambiguities, item["id"], build.ambiguity(raw["area"], item), path)
    negatives, codes = _tables(root, documents)
    documents.keep()
    return Contract(root, areas, operations, charts, rules, ambiguities, negatives, codes, digest)


def _tables(root: Path, documents: _Documents) -> tuple[dict[str, Negative], dict[int, StatusCode]]:
    negatives: dict[str, Negative] = {}
    codes: dict[int, StatusCode] = {}
    path = root / "negatives.yaml"
    for item in documents.one(path, "negatives.json")["negatives"]:
        _add(negatives, item["id"], build.negative(item), path)
    raw = documents.one(root / "status-codes.yaml", "status-codes.json")
    page = raw["source"]["page"]
    for item in raw["codes"]:
        codes[item["code"]] = StatusCode(
            item["code"], item["meaning"], build.source({"page": page, "lines": item["source"]})
        )
    return negatives, codes
