"""What a state offers and no transition of its chart is played for: which operations, and when each is performed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from conformance.contract import Contract, Operation, Statechart, Transition
from conformance.contract.matching import relative_role
from conformance.contract.placeholders import placeholders

BRANCHING = frozenset({"InitiateConference", "InitiateTransfer", "Invite", "Consult"})
"""They begin something beside the resource, which can be ended again."""
RETURNING = frozenset({*BRANCHING, "Hold"})
"""After them the resource can be brought back to where it was."""
WIDENING = frozenset({"SingleStepConference"})
"""They bring one more party in, whose phone is not free for another offer; they come after those that can be undone."""


@dataclass(frozen=True)
class Offer:
    """An operation that a state offers. `transition`: how the chart has it performed, where that is no more than
    something which samples show (`may`); without one it is performed as its page does."""

    operation: Operation
    transition: Transition | None = None

    @property
    def owes(self) -> bool:
        """Whether the notifications of its page are owed: the chart says where the documents do not tell what comes."""
        return self.transition is None


@dataclass(frozen=True)
class Plan:
    """When the offers of a state are performed: `staying`, before what is withheld is attempted; `returning` after it,
    each but the last followed by the way back; then `last`, with which the visit ends; `alone`, in scenarios of their
    own."""

    staying: tuple[Offer, ...] = ()
    returning: tuple[Offer, ...] = ()
    last: Offer | None = None
    alone: tuple[Offer, ...] = ()

    @cached_property
    def leaving(self) -> tuple[Offer, ...]:
        """What a visit performs after all else."""
        return (*self.returning, self.last) if self.last is not None else self.returning

    @property
    def all(self) -> tuple[Offer, ...]:
        """Every offer, in whichever scenario."""
        return (*self.staying, *self.leaving, *self.alone)


def loops_in(contract: Contract, chart: Statechart, state_name: str) -> list[Transition]:
    """The transitions from a state to itself that bring nobody else into play: they can follow one another."""
    return [
        item
        for item in chart.transitions
        if item.source == item.target == state_name and item.level != "may" and not _involves(contract, item, chart)
    ]


def _involves(contract: Contract, item: Transition, chart: Statechart) -> bool:
    operation = contract.operations.get(item.by)
    named = {name.split(".")[0] for name in placeholders(item.parameters)}
    if not item.parameters and operation is not None and operation.examples:
        heads = {name.split(".")[0] for name in placeholders(operation.examples[0].parameters)}
        named = {relative_role(item.actor, head) for head in heads}  # an example speaks as its performer
    return bool((named - {chart.owner, item.actor}) & {"self", "second", "third", "supervisor"})


def performs(chart: Statechart, item: Transition, state_name: str, operation: str) -> bool:
    """Whether a transition has the owner perform the operation on the chart's resource in that state."""
    here = item.source == state_name and item.actor == chart.owner and item.on in (None, chart.binds)
    return here and item.by == operation


def offered_in(contract: Contract, chart: Statechart, state_name: str) -> list[Offer]:
    """The offers of a state that no transition of the chart is played for: those of level `may` are not played."""
    if not chart.capabilities:
        return []
    found = []
    for name in chart.states[state_name].offers:
        operation = contract.by_capability(name, chart.resource)
        if operation is None:
            continue
        ways = [item for item in chart.transitions if performs(chart, item, state_name, operation.id)]
        if all(item.level == "may" for item in ways) and (ways or operation.examples):
            found.append(Offer(operation, ways[0] if ways else None))
    return found


def plan(contract: Contract, chart: Statechart, state_name: str) -> Plan:
    """When each offer of a state is performed."""
    offers = offered_in(contract, chart, state_name)
    staying = tuple(item for item in offers if stays(contract, item.operation))
    others = [item for item in offers if item not in staying]
    returning = [item for item in others if _returns(chart, item)]
    returning.sort(key=lambda item: item.operation.operation_name in WIDENING)
    out = [item for item in others if item not in returning]
    return Plan(staying, tuple(returning), out[-1] if out else None, tuple(out[:-1]))


def stays(contract: Contract, operation: Operation) -> bool:
    """Whether an operation leaves its resource in the state it was in, in every chart that has it."""
    moves = [
        item
        for chart in contract.statecharts.values()
        for item in chart.transitions
        if item.by == operation.id and item.source != "start"
    ]
    return bool(moves) and all(item.source == item.target and item.level != "may" for item in moves)


def _returns(chart: Statechart, offer: Offer) -> bool:
    name = offer.operation.operation_name
    # A device goes back by the ways of its chart. Who is brought in by a page's example may be needed by another one.
    return name in RETURNING or chart.resource == "device" or (name in WIDENING and offer.transition is not None)
