"""Profiles: named selections of what a run plays, from `schemas/profiles.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.contract.errors import ContractError
from conformance.contract.files import load_checked
from conformance.contract.loader import Contract
from conformance.contract.model import Operation


@dataclass(frozen=True)
class Profile:
    """A selection: the areas that are played, and the hazards that a scenario may need at most."""

    name: str
    title: str
    description: str
    areas: tuple[str, ...]
    hazards: frozenset[str]

    def admits(self, operation: Operation | None) -> bool:
        """Whether a scenario about the operation belongs to the profile; None: one that walks through states."""
        if operation is None:
            return "state" in self.hazards
        return operation.hazard in self.hazards and (operation.needs.chart is None or "state" in self.hazards)

    def as_json(self) -> dict[str, Any]:
        """`{name, title, description, areas, hazards}`."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "areas": list(self.areas),
            "hazards": sorted(self.hazards),
        }


def load_profiles(contract: Contract) -> Mapping[str, Profile]:
    """The profiles by name, in the order written.

    Raises:
        ContractError: the file is wrong, or names an area that the contract does not have.
    """
    path = contract.root / "profiles.yaml"
    found: dict[str, Profile] = {}
    for item in load_checked(contract.root, path, "profiles.json")["profiles"]:
        name = item["name"]
        areas = tuple(item.get("areas", contract.areas))
        unknown = sorted(set(areas) - set(contract.areas))
        if unknown:
            raise ContractError(
                f"{path}: {name}: unknown area {', '.join(unknown)}; known: {', '.join(contract.areas)}"
            )
        if name in found:
            raise ContractError(f"{path}: the profile {name!r} is defined twice")
        found[name] = Profile(name, item["title"], item["description"], areas, frozenset(item["hazards"]))
    return found
