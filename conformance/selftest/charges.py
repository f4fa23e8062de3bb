"""What is to be tried: the declared faults, the instances of generic ones, and the scenarios that can see each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from conformance.contract import load_contract
from conformance.selftest.expectations import Expectation, expectation_of, load_expectations
from conformance.selftest.hunt import candidates, likely_first
from conformance.selftest.matrix import Entry, Matrix, load_matrix
from conformance.selftest.playables import Playable, playables
from conformance.selftest.trial import Charge
from conformance.simulator import server as _declares  # noqa: F401 - importing the areas declares their faults
from conformance.simulator.faults import declared_faults

AREAS = ("basics", "voice", "chat", "contacts")
HOME = {"bayeux": "basics"}
"""Areas of faults that are not areas of the suites."""


class SelectionError(Exception):
    """What was asked for does not exist; the text names it and what does."""


@dataclass(frozen=True)
class Docket:
    """All faults with all that is known of them. declared: how each is written, with its sentence."""

    declared: Mapping[str, str]
    matrix: Matrix
    expectations: Mapping[str, Expectation]
    operations: tuple[str, ...] = ()

    @classmethod
    def read(cls) -> Self:
        """From the bundled server's declarations and the files beside this module.

        Raises:
            MatrixError: the files cannot be used.
        """
        declared = {item.usage: item.sentence for item in declared_faults()}
        return cls(declared, load_matrix(), load_expectations(), tuple(load_contract().operations))

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """Every fault as on a command line: those that take an argument with the arguments that the matrix plays."""
        plain = {name for name in self.declared if not _takes_argument(name)}
        return tuple(sorted(plain | set(instances(self.matrix))))

    def select(self, areas: Collection[str] = (), faults: Sequence[str] = ()) -> list[Charge]:
        """The charges for a selection; for all faults where nothing is selected.

        Raises:
            SelectionError: there is no such area or fault.
        """
        unknown = sorted(set(areas) - set(AREAS))
        if unknown:
            raise SelectionError(f"unknown area {', '.join(unknown)}; areas with faults: {', '.join(AREAS)}")
        charges = [self.charge(name) for name in dict.fromkeys(faults or self.faults)]
        return [item for item in charges if not areas or item.area in areas]

    def charge(self, fault: str, only: str = "") -> Charge:
        """A fault with the scenarios that the matrix names, or with one of them. Raises `SelectionError`."""
        sentence = sentence_of(fault, self.declared)
        entries = [item for item in self.matrix.of(fault) if only in {"", item.scenario}]
        scenarios = tuple(playables()[name] for name in dict.fromkeys(item.scenario for item in entries))
        return Charge(
            fault,
            sentence,
            area_of(fault, scenarios),
            self.expected(fault),
            scenarios,
            frozenset(item.scenario for item in entries if item in self.witnesses),
            patience=max((item.patience for item in entries if item.patience), default=None),
            argument=self.matrix.equivalent.get(fault, ""),
        )

    def expected(self, fault: str) -> Expectation | None:
        """What a finding must name to have seen the fault; None where nobody has said so."""
        return expectation_of(fault, self.expectations, self.operations)

    def elsewhere(self, charge: Charge) -> tuple[Playable, ...]:
        """Other scenarios that may see a fault, the likely ones first."""
        # The operations that are expected tell where to look as well as the sentence does.
        hint = " ".join((charge.sentence, *(charge.expectation.operations if charge.expectation else ())))
        others = [item for item in candidates(charge.fault, self.matrix) if item not in charge.scenarios]
        return tuple(likely_first(charge.fault, hint, others))

    @cached_property
    def witnesses(self) -> frozenset[Entry]:
        """For each check the entry that proves that it can fail: the first one of the file."""
        first: dict[str, Entry] = {}
        for item in self.matrix.entries:
            first.setdefault(item.check, item)
        return frozenset(first.values())


def instances(matrix: Matrix) -> list[str]:
    """The generic faults and those with arguments that the matrix plays, as on a command line."""
    named = [item.fault for item in matrix.entries] + list(matrix.equivalent)
    return sorted({name for name in named if ":" in name or name.startswith("generic.")})


def area_of(fault: str, scenarios: Sequence[Playable] = ()) -> str:
    """The area that a fault counts for: its own, or for a generic one that of the scenario that sees it."""
    name = fault.partition(".")[0]
    if name in AREAS or name in HOME:
        return HOME.get(name, name)
    return scenarios[0].area if scenarios else AREAS[0]


def sentence_of(fault: str, declared: Mapping[str, str]) -> str:
    """The sentence of a fault that is written with or without its argument.

    Raises:
        SelectionError: there is no such fault, or it needs an argument, or takes none.
    """
    name, colon, argument = fault.partition(":")
    usage = next((one for one in declared if one.split(":")[0].split("[")[0] == name), None)
    if usage is None:
        raise SelectionError(f"unknown fault {name!r}; 'gws-conformance simulator --list-faults' prints the known ones")
    if colon and not _takes_argument(usage):
        raise SelectionError(f"fault {name!r} takes no argument")
    if not argument and _takes_argument(usage) and "[:" not in usage:
        raise SelectionError(f"fault {name!r} needs an argument: {usage}")
    return declared[usage]


def _takes_argument(usage: str) -> bool:
    return ":" in usage


def family(fault: str) -> str:
    """`generic` for what bends any message, `behavioural` for what was written by hand."""
    return "generic" if fault.startswith("generic.") else "behavioural"
