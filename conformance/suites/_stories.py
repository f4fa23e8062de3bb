"""Scenarios of their own: what the generic plays cannot derive from the contract, told in a few steps each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from conformance.driver.play import Play
from conformance.driver.scene import Scene


@dataclass(frozen=True)
class Story:
    """A scenario: its id, what it is mainly about, what it needs of the deployment, and the function that plays it."""

    id: str
    operation: str
    features: tuple[str, ...]
    hazards: tuple[str, ...]
    info: Mapping[str, Any]
    function: Callable[[Scene], None]

    def play(self, play: Play) -> None:
        """Puts it on; the judge reads its timeline afterwards."""
        title = " ".join((self.function.__doc__ or self.id).split())
        scene = play.scene(operation=self.operation, title=title, **self.info)
        operation = scene.contract.operations.get(self.operation)
        if operation is not None:
            scene.stage.require_features_of(operation)
        scene.stage.require_features(self.features)
        for hazard in self.hazards:
            scene.stage.require_hazard(hazard)
        self.function(scene)


_TOLD: dict[str, list[Story]] = {}


def story(
    identifier: str,
    operation: str = "",
    *,
    features: tuple[str, ...] = (),
    hazards: tuple[str, ...] = (),
    **info: Any,
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Registers a function as a scenario; its docstring is the title. `info` is the scenario's, for the checks."""

    def register(function: Callable[[Scene], None]) -> Callable[[Scene], None]:
        told = _TOLD.setdefault(function.__module__, [])
        if any(item.id == identifier for item in told):
            raise ValueError(f"story {identifier!r} is told twice")
        told.append(Story(identifier, operation, features, hazards, info, function))
        return function

    return register


def stories(module: str) -> list[Any]:
    """The stories that a module has told so far, as parameters of its test."""
    return [pytest.param(item, id=item.id) for item in _TOLD.get(module, [])]
