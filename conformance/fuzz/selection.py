"""Which operations are fuzzed, which are left out, and why; and which requests stay unsent on a live deployment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from conformance.contract import Contract, Operation
from conformance.driver.play import FULL_CAST
from conformance.driver.plays import performer
from conformance.driver.target import Target
from conformance.fuzz.sending import Sent
from conformance.fuzz.units import Unit, units_of

OUTSIDE = frozenset(
    {"email", "sms", "twitter", "facebook", "facebook-session", "outbound", "openmedia", "workitem", "im"}
)
"""Areas whose operations may reach people who have nothing to do with the test."""
DIALLED = frozenset({"phonenumber", "forwardto", "number", "destination", "participant", "dialednumber"})
Knows = Callable[[Operation], bool]


def select(
    contract: Contract, areas: Collection[str], target: Target, features: Collection[str], knows: Knows | None
) -> tuple[list[Unit], dict[str, str]]:
    """The units to fuzz, and for each operation of these areas that is left out the reason.

    knows: whether the bundled server has an operation; None for a deployment, on which more is left out.
    """
    left_out: dict[str, str] = {}

    def wanted(operation: Operation) -> bool:
        if areas and operation.area not in areas:
            return False
        reason = _reason(operation, target, features, knows)
        if reason is not None:
            left_out[operation.id] = reason
        return reason is None

    units = []
    for unit in units_of(contract, wanted):
        if unit.hazard in target.hazards:
            units.append(unit)
        else:
            reason = f"the same request may be another operation, of the hazard {unit.hazard!r}, which is not allowed"
            left_out.update((item.id, reason) for item in unit.operations if not areas or item.area in areas)
    return units, dict(sorted(left_out.items()))


def _reason(operation: Operation, target: Target, features: Collection[str], knows: Knows | None) -> str | None:
    """Why an operation is left out, None where it is not."""
    if knows is not None and not knows(operation):
        return "the bundled server does not have it"
    if operation.edition not in {"both", target.edition}:
        return f"it belongs to edition {operation.edition}, the target is {target.edition}"
    if operation.hazard not in target.hazards:
        return f"the target file does not allow the hazard {operation.hazard!r} (add it to hazards.allow)"
    missing = [name for name in operation.features if name not in features]
    if missing:
        return f"the contact centre does not have the feature {', '.join(missing)}"
    if operation.features_any and not set(operation.features_any) & set(features):
        return f"the contact centre has none of the features {', '.join(operation.features_any)}"
    name = FULL_CAST[performer(operation)]
    if name != "customer" and name not in target.users:
        return f"the target file names no user {name!r} (add [users.{name}])"
    return None if knows is not None else _too_bold(operation)


def _too_bold(operation: Operation) -> str | None:
    """What is not done to a live deployment even where its hazard is allowed."""
    if operation.area in OUTSIDE and operation.hazard != "read":
        return "made-up data may reach people outside; only the bundled server is asked for it"
    if operation.hazard == "configures" and operation.resource != "contact":
        return "made-up data would replace settings of the deployment; only the bundled server is asked for it"
    return None


class Guard:
    """Decides which generated requests are not sent. `made`: identifiers of what the fuzzer created itself; `seen`: all
    that the deployment has shown; `numbers`: those that may be dialled.

    bundled: the server belongs to the run, and there is nobody whom a call could reach.
    """

    def __init__(self, target: Target, *, bundled: bool) -> None:
        numbers = (target.external_number, target.queue_number, target.unassigned_number)
        self.numbers = {item for item in numbers if item}
        self._bundled = bundled
        self.made: set[str] = set()
        self.seen: set[str] = set()

    def refuses(self, unit: Unit, sent: Sent) -> str | None:
        """Why a request is not sent, None where it is."""
        if unit.changes and any(value in self.seen - self.made for value in sent.names.values()):
            return "it would change what the fuzzer has not created"
        if not self._bundled and unit.hazard != "read":
            strange = [value for value in numbers_in(sent.value) if _dialable(value) and value not in self.numbers]
            if strange:
                return "the number is none of the target file: it may be somebody's"
        return None


def _dialable(value: Any) -> bool:
    return not isinstance(value, str) or any(character.isalnum() for character in value)


def numbers_in(value: Any) -> Iterator[Any]:
    """Everything in a body that a telephone could be asked to dial."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if str(key).lower() in DIALLED and not isinstance(item, Mapping | list | None):
                yield item
            else:
                yield from numbers_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers_in(item)
