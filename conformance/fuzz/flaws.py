"""What is wrong with a request by the documents, and whether they say that it must be refused.

The fuzzer does not believe the generator, whose schemas are stricter than the pages in places (a minimal length, a
type inside a list): a request counts as bad only for what a page says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.contract import Contract, Operation, Parameter
from conformance.contract.validation import parameter_schema
from conformance.fuzz.sending import ABSENT, Sent
from conformance.fuzz.units import Unit

_WORD = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")
_CHECKS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "number": (int, float),
    "integer": (int,),
}


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong: the row of the negative matrix, the parameter, and whether the page states it.

    inferred: the page does not say that the parameter is required, or what null for it means. reading: by which the
    parameter is read as the contract does; another one may not look at it.
    """

    negative: str
    parameter: str
    inferred: bool = False
    reading: str | None = None

    @property
    def label(self) -> str:
        """`missing-parameter:destination.phoneNumber`."""
        return f"{self.negative}:{self.parameter}" if self.parameter else self.negative


def flaws_of(contract: Contract, unit: Unit, sent: Sent, known: frozenset[str]) -> tuple[Flaw, ...]:
    """What is wrong with a request for every operation that it may stand for.

    known: identifiers of the deployment that were seen; any other identifier is one that nothing has.
    """
    sets = [list(_flaws(unit, item, sent, known)) for item in unit.operations]
    common = [flaw for flaw in sets[0] if all(any(flaw.label == one.label for one in other) for other in sets[1:])]
    found = {flaw.label: flaw for flaw in common if flaw.negative in contract.negatives}
    return tuple(found.values())


def _flaws(unit: Unit, operation: Operation, sent: Sent, known: frozenset[str]) -> Iterator[Flaw]:
    yield from _path_flaws(unit, operation, sent, known)
    if operation.method == "GET":
        yield from _query_flaws(operation, sent)
    elif not operation.parameters_in("form") and (operation.operation_name or operation.parameters_in("body")):
        yield from _body_flaws(unit, operation, sent)


def _path_flaws(unit: Unit, operation: Operation, sent: Sent, known: frozenset[str]) -> Iterator[Flaw]:
    names = unit.shared.names(operation)
    for parameter in operation.parameters_in("path"):
        value = sent.names.get(names.get(parameter.name, parameter.name), "")
        # Anything but a plain word may mean something else to a server that takes paths apart.
        if parameter.type == "id" and parameter.of and value not in known and _WORD.match(value):
            yield Flaw("unknown-id", parameter.name)


def _query_flaws(operation: Operation, sent: Sent) -> Iterator[Flaw]:
    for parameter in operation.parameters_in("query"):
        values = sent.query.get(parameter.name, ())
        if not values and parameter.required:
            yield Flaw("missing-parameter", parameter.name, not parameter.stated)
        if len(values) != 1 or not values[0]:
            continue  # several values, or an empty one: no page says what these mean
        if parameter.values and parameter.type == "string" and values[0] not in map(str, parameter.values):
            yield Flaw("invalid-value", parameter.name)
        elif parameter.type == "integer" and "." not in parameter.name and not _numeric(values[0]):
            yield Flaw("wrong-type", parameter.name)


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _body_flaws(unit: Unit, operation: Operation, sent: Sent) -> Iterator[Flaw]:
    if sent.malformed:
        yield Flaw("malformed-json", "")
        return
    body = sent.value
    if body is ABSENT or body is None:
        body = {}
    if not isinstance(body, Mapping):
        yield Flaw("wrong-type", "(body)")
        return
    if operation.operation_name and unit.named and unit.shared.discriminated:
        name = body.get("operationName")
        if name is None:
            yield Flaw("missing-parameter", "operationName", inferred=True)
        elif name not in unit.rivals:
            yield Flaw("unknown-operation-name", "operationName")
    for parameter in operation.parameters_in("body"):
        yield from _member_flaws(parameter, body, "")


def _member_flaws(parameter: Parameter, holder: Mapping[str, Any], parent: str) -> Iterator[Flaw]:
    dotted = f"{parent}.{parameter.name}" if parent else parameter.name
    value = holder.get(parameter.name)
    if value is None:
        if parameter.required:
            inferred = not parameter.stated or parameter.name in holder
            yield Flaw("missing-parameter", dotted, inferred, parameter.reading)
        return
    if parameter.values is not None and parameter.type not in {"array", "boolean"}:
        if not any(value == item and isinstance(value, bool) == isinstance(item, bool) for item in parameter.values):
            yield Flaw("invalid-value", dotted, reading=parameter.reading)
        return
    if not fits(parameter, value):
        yield Flaw("wrong-type", dotted, reading=parameter.reading)
    elif isinstance(value, Mapping):
        for member in parameter.members:
            yield from _member_flaws(member, value, dotted)


def fits(parameter: Parameter, value: Any) -> bool:
    """Whether a value has the JSON type of the samples. `1.0` is an integer, and a boolean is no number."""
    wanted = parameter_schema(parameter).get("type")
    names = [wanted] if isinstance(wanted, str) else wanted
    return not names or any(_is(name, value) for name in names)


def _is(name: str, value: Any) -> bool:
    if name == "null":
        return value is None
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _CHECKS.get(name, (object,)))


def other_operation(unit: Unit, sent: Sent) -> bool:
    """Whether the request came out as another operation of the same place: it is none of this unit's."""
    if not unit.shared.discriminated or not isinstance(sent.value, Mapping):
        return False
    name = sent.value.get("operationName")
    return isinstance(name, str) and name in unit.rivals and name not in {op.operation_name for op in unit.operations}
