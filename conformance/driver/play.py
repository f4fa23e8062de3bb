"""What a suite's test gets: one scenario, and the plays that can be put on in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.contract import Example, Operation, Statechart, Transition
from conformance.driver import plays, state_plays
from conformance.driver.offers import Offer
from conformance.driver.rights import find_performer
from conformance.driver.scene import Performed, Scene

FULL_CAST = {
    "self": "agent",
    "second": "second_agent",
    "third": "third_agent",
    "public": "public_agent",
    "supervisor": "supervisor",
    "admin": "admin",
    "customer": "customer",
}


class Play:
    """One scenario. Its first call names it, so that the timeline knows operation and area from the start."""

    def __init__(self, begin: Callable[[Mapping[str, Any]], Scene]) -> None:
        self._begin = begin
        self._scene: Scene | None = None

    def scene(self, **info: Any) -> Scene:
        """The scenario's scene; the first call begins the scenario with `info` (operation, title, bayeux ...)."""
        if self._scene is None:
            self._scene = self._begin(info)
        return self._scene

    def example(self, operation: Operation, example: Example) -> None:
        """See `plays.play_example`."""
        plays.play_example(self.scene(operation=operation.id, title=operation.title), operation, example)

    def refusals(self, operation: Operation) -> None:
        """See `plays.play_refusals`; by an administrator where `rights.find_performer` finds that none else may."""
        scene = self.scene(operation=operation.id, title=operation.title)
        find_performer(scene, operation)
        plays.play_refusals(scene, operation)

    def state(self, chart: Statechart, state: str) -> None:
        """See `state_plays.play_state`."""
        state_plays.play_state(self.scene(operation="", title=f"{chart.title}: {state}"), chart, state)

    def transition(self, transition: Transition) -> None:
        """See `state_plays.play_transition`."""
        operation = transition.by if ":" not in transition.by else ""
        state_plays.play_transition(self.scene(operation=operation, title=str(transition)), transition)

    def offered(self, chart: Statechart, state: str, offer: Offer) -> None:
        """See `state_plays.play_offered`."""
        scene = self.scene(operation=offer.operation.id, title=f"{offer.operation.title} in {state}")
        state_plays.play_offered(scene, chart, state, offer)

    def perform(self, operation_id: str, **options: Any) -> Performed:
        """See `Scene.perform`; judged as a positive case unless told otherwise."""
        return self.scene(operation=operation_id).perform(operation_id, **{"case": "positive", **options})
