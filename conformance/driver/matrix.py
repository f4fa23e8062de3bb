"""The negative matrix, whole: for each operation and kind of bad request what is played, or why nothing is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from conformance.contract import Contract, Operation, Parameter
from conformance.driver.negatives import CLOSED, refusables
from conformance.driver.plays import performer
from conformance.driver.requests import build_request
from conformance.driver.state_plays import withheld_in

CELLS = (
    "no-credentials",
    "wrong-credentials",
    "missing-csrf-token",
    "missing-parameter",
    "invalid-value",
    "unknown-id",
    "wrong-role",
    "wrong-state",
    "malformed-json",
    "wrong-content-type",
    "method-not-allowed",
    "oversized-url",
)
"""The kinds of bad requests, by the ids of their negatives."""

UNPLAYED: Mapping[str, str] = {
    "basics.ListRecordings": "the documents name this request and nothing of its reply: a deployment need not have it",
}
"""Operations without a matrix."""
OPEN = "takes the names of members, which the page does not list in full; what an unknown one brings is not written"
ROLES_UNSTATED = "the page does not say who may do this"


@dataclass(frozen=True)
class Cell:
    """One kind of bad request for one operation: what is attempted (empty where the kind itself says it), and for
    what is left out, the reason by what it is about (empty: the whole cell)."""

    negative: str
    played: bool
    about: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()


def matrix(contract: Contract, operation: Operation) -> dict[str, Cell]:
    """The cells of an operation, one for each of `CELLS`."""
    reason = _unplayed(operation)
    if reason:
        return {name: Cell(name, False, left=(("", reason),)) for name in CELLS}
    found = sent(contract, operation)
    return {name: _cell(contract, operation, name, found.get(name)) for name in CELLS}


def _unplayed(operation: Operation) -> str:
    if not operation.examples:
        return "the documents give no request that could be made wrong"
    return UNPLAYED.get(operation.id, "")


def sent(contract: Contract, operation: Operation) -> dict[str, tuple[str, ...]]:
    """What `refusables` makes of the operation's first example: by negative, what the requests are about."""
    identifiers: dict[str, str] = {}

    def identify(name: str) -> str:
        identifiers[name] = f"the-{name}"
        return identifiers[name]

    given = operation.examples[0].parameters
    sound = build_request(operation, given, lambda name: name, identify)
    for parameter in operation.parameters_in("path"):
        if parameter.type == "id":
            identifiers.setdefault(parameter.name, str(given.get(parameter.name, "")).strip("${}"))
    found: dict[str, list[str]] = {}
    for case in refusables(contract, operation, sound, csrf=True, identifiers=identifiers):
        found.setdefault(case.negative, []).append(case.label.partition(":")[2])
    return {name: tuple(filter(None, about)) for name, about in found.items()}


def _cell(contract: Contract, operation: Operation, name: str, about: tuple[str, ...] | None) -> Cell:
    if name == "wrong-role":
        reason = _role_reason(operation)
        return Cell(name, not reason, left=(("", reason),) if reason else ())
    if name == "wrong-state":
        states = withheld(contract).get(operation.id, ())
        return Cell(name, bool(states), states, () if states else (("", _state_reason(operation)),))
    left = tuple(_left_out(operation, name, about or ()))
    if about is None and not left:
        left = (("", _reason(operation, name)),)
    return Cell(name, about is not None, about or (), left)


def _left_out(operation: Operation, name: str, about: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The parameters of which a cell has nothing, with the reason."""
    if name not in {"missing-parameter", "invalid-value"}:
        return
    for dotted, parameter in _parameters(operation.parameters):
        if dotted in about or parameter.location == "path":
            continue
        if name == "missing-parameter" and parameter.required:
            yield dotted, "the example that is made wrong does not have the value that it belongs to"
        elif name == "invalid-value" and parameter.values:
            yield dotted, _value_reason(parameter)


def _value_reason(parameter: Parameter) -> str:
    if parameter.type == "boolean":
        return "true and false are all that JSON has: another type is sent instead"
    if parameter.location == "query" and parameter.type not in CLOSED:
        return OPEN
    return "the example that is made wrong does not have the value that it belongs to"


def _parameters(listed: tuple[Parameter, ...], prefix: str = "") -> Iterator[tuple[str, Parameter]]:
    for parameter in listed:
        yield f"{prefix}{parameter.name}", parameter
        yield from _parameters(parameter.members, f"{prefix}{parameter.name}.")


def _reason(operation: Operation, name: str) -> str:
    anyone = "anyone" in operation.roles
    body = bool(operation.parameters_in("form"))
    return {
        "no-credentials": "it needs no credentials",
        "wrong-credentials": "it needs no credentials",
        "missing-csrf-token": "it needs no credentials" if anyone else f"{operation.method} needs no token",
        "missing-parameter": "nothing in it is required",
        "invalid-value": "no page lists values for it",
        "unknown-id": "no id is in its path",
        "malformed-json": "its body is a form" if body else "it has no body",
        "wrong-content-type": "its body is a form" if body else "it has no body",
    }.get(name, "")


def _role_reason(operation: Operation) -> str:
    """As `plays.refuse_all` attempts it: by an agent, else by an administrator."""
    if "anyone" in operation.roles:
        return "everybody may do this"
    if not operation.roles_stated:
        return ROLES_UNSTATED
    if {"agent", "admin"} <= set(operation.roles):
        return "agents and administrators may do this, and supervisors are agents"
    return ""


def _state_reason(operation: Operation) -> str:
    if operation.needs.chart is None and operation.method == "GET":
        return "reading belongs to no state"
    if operation.capability is None:
        return "the documents name no capability for it, so that no state is known to withhold it"
    if operation.resource == "device":
        return "every state offers it, or asks for what the device is already, which no page says to be refused"
    return "no state that can be reached withholds it"


@dataclass(frozen=True)
class _ByDigest:
    contract: Any

    def __hash__(self) -> int:
        return hash(self.contract.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByDigest) and other.contract.digest == self.contract.digest


@lru_cache(maxsize=4)
def _withheld(known: _ByDigest) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for chart in known.contract.statecharts.values():
        for state in chart.states:
            if not reachable(known.contract, chart.name, state):
                continue
            for operation in withheld_in(known.contract, chart, state):
                if performer(operation) in {"self", chart.owner}:
                    found.setdefault(operation.id, []).append(f"{chart.name}:{state}")
    return {name: tuple(states) for name, states in found.items()}


def withheld(contract: Contract) -> dict[str, tuple[str, ...]]:
    """The states (`chart:State`) in which an operation is attempted though it is not offered, by the operation's id."""
    return _withheld(_ByDigest(contract))


def reachable(contract: Contract, chart: str, state: str) -> bool:
    """Whether a state is reached by acting, and a resource is there then."""
    where = contract.statecharts[chart].states[state].where
    if where.get("state", "") is None or where.get("id", "") is None:
        return False
    try:
        contract.statecharts[chart].path(state)
    except KeyError:
        return False
    return True
