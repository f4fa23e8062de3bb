"""How much of the documents the contract describes, by area: what `gws-conformance coverage` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from conformance.contract.loader import Contract
from conformance.contract.model import Operation, Parameter, Statechart


@dataclass(frozen=True)
class AreaExtent:
    """The extent of one area.

    pages: pages of the documents that entries cite. blocks: places of the documents that entries describe, each a
    range of lines: requests, rows of parameters, samples, states, transitions, sentences. operations, parameters
    (members of objects included), examples (ways in which the suite performs them). samples: printed requests, replies,
    notifications and resources that an entry cites by their lines. states, transitions: of the statecharts. checked:
    rules that some check proves.
    """

    pages: int
    blocks: int
    operations: int
    parameters: int
    examples: int
    samples: int
    states: int
    transitions: int
    rules: int
    checked: int
    ambiguities: int

    def as_json(self) -> dict[str, int]:
        """The numbers by name; `blocks` is `documentedBlocks`, `checked` is `rulesWithChecks`."""
        out = {item.name: int(getattr(self, item.name)) for item in fields(self)}
        out["documentedBlocks"] = out.pop("blocks")
        out["rulesWithChecks"] = out.pop("checked")
        return out


def extent(contract: Contract) -> dict[str, AreaExtent]:
    """The extent of each area, in the contract's order."""
    return {area: _area(contract, area) for area in contract.areas}


def total(extents: Iterable[AreaExtent]) -> AreaExtent:
    """The sum of several areas. A page or sample that two areas cite counts twice."""
    listed = list(extents)
    return AreaExtent(*(sum(getattr(item, field.name) for item in listed) for field in fields(AreaExtent)))


def _area(contract: Contract, area: str) -> AreaExtent:
    operations = contract.of_area(area)
    charts = [item for item in contract.statecharts.values() if item.area == area]
    rules = [item for item in contract.rules.values() if item.area == area]
    sources = [
        *(item.source for item in operations),
        *(item.source for item in charts),
        *(item.source for item in rules),
    ]
    samples = {lines for item in operations for lines in _samples(item)} | {
        lines for chart in charts for lines in _chart_samples(chart)
    }
    return AreaExtent(
        pages=len({item.page for item in sources}),
        blocks=len({item.lines for item in sources} | samples | set(_cited(operations, charts))),
        operations=len(operations),
        parameters=sum(_parameters(operation.parameters) for operation in operations),
        examples=sum(len(item.examples) for item in operations),
        samples=len(samples),
        states=sum(len(item.states) for item in charts),
        transitions=sum(len(item.transitions) for item in charts),
        rules=len(rules),
        checked=sum(bool(item.checks) for item in rules),
        ambiguities=sum(item.area == area for item in contract.ambiguities.values()),
    )


def _parameters(parameters: Iterable[Parameter]) -> int:
    return sum(1 + _parameters(item.members) for item in parameters)


def _cited(operations: Iterable[Operation], charts: Iterable[Statechart]) -> Iterator[tuple[int, int]]:
    """The lines of parameters and transitions."""
    for operation in operations:
        yield from _rows(operation.parameters)
    for chart in charts:
        yield from (item.lines for item in chart.transitions if item.lines is not None)


def _rows(parameters: Iterable[Parameter]) -> Iterator[tuple[int, int]]:
    for item in parameters:
        if item.lines is not None:
            yield item.lines
        yield from _rows(item.members)


def _samples(operation: Operation) -> Iterator[tuple[int, int]]:
    for group in (operation.responses, operation.notifications, operation.examples):
        yield from (item.lines for item in group if item.lines is not None)


def _chart_samples(chart: Statechart) -> Iterator[tuple[int, int]]:
    yield from (item.lines for item in chart.states.values() if item.lines is not None)
