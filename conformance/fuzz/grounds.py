"""Brings about what a request needs before it is fuzzed: a session, a call, a chat, something of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from conformance.driver.outcomes import NotApplicable, Untestable
from conformance.driver.plays import performer, prepare
from conformance.driver.requests import build_request
from conformance.driver.scene import Scene
from conformance.driver.stage import Stage
from conformance.fuzz.acting import Ground, Hands
from conformance.fuzz.units import Unit


class Grounds:
    """Lays the ground for one unit after the other, in the scene that `hands` are in."""

    def __init__(self, stage: Stage, hands: Hands, seed: int) -> None:
        self._stage, self._hands, self._seed = stage, hands, seed

    def lay(self, unit: Unit) -> Ground:
        """Brings about what the unit needs: a session, a call, a chat; then real identifiers and a sound body.

        Raises:
            Untestable, NotApplicable: even the user is missing.
        """
        assert self._hands.scene is not None
        scene, operation = self._hands.scene, unit.operations[0]
        role = performer(operation)
        example = next((item for item in operation.examples if 0 in item.status_codes), None)
        ground = Ground(role)
        try:
            prepare(scene, operation, example)
            self._own(unit, role)
            chart = self._stage.contract.statecharts.get(((example and example.needs) or operation.needs).chart or "")
            on = chart.binds if chart is not None and chart.resource == operation.resource else None
            if on is not None and scene.bound(on, role) is None:
                on = None
            find = self._find(scene, role, absolute=operation.actor == role)
            given = example.parameters if example else {}
            request = build_request(operation, given, find, lambda name: scene.path_id(operation, name, role, on))
            matched = operation.pattern.match(request.path)
            names = unit.shared.names(operation)
            ground.names = {names[key]: value for key, value in matched.groupdict().items()} if matched else {}
            ground.body, ground.sound = request.body, not (request.content or request.params or request.headers)
            self._hands.guard.seen.update(ground.names.values())
        except (Untestable, NotApplicable) as error:
            ground.note = f"tried with made-up identifiers: {error}"
            self._hands.actor(unit, role)
        return ground

    def _find(self, scene: Scene, role: str, *, absolute: bool = False) -> Callable[[str], Any]:
        """Resolves placeholders; what is to be unique is the same in every run of one seed."""
        find = scene.lookup(role, absolute=absolute)
        counted = itertools.count(1)

        def found(name: str) -> Any:
            return f"gws-conformance-{self._seed}-{next(counted)}" if name == "unique" else find(name)

        return found

    def _own(self, unit: Unit, role: str) -> None:
        """For what changes or deletes: creates something of the kind, so that nothing of somebody else's is used.

        Raises:
            Untestable: it cannot be created.
        """
        scene, kind = self._hands.scene, unit.operations[0].resource
        if not unit.changes or "{" not in unit.path:
            return
        assert scene is not None
        collection = unit.path.rpartition("/{")[0]
        creates = next(
            (
                item
                for item in self._stage.contract.operations.values()
                if item.hazard == "creates" and item.path == collection
            ),
            None,
        )
        if creates is None or not creates.examples or not kind:
            raise Untestable(f"no documented request creates a {kind} for it")
        self._stage.require_hazard("creates")
        given = creates.examples[0].parameters
        request = build_request(
            creates, given, scene.lookup(role), lambda name: scene.path_id(creates, name, role, None)
        )
        reply = scene.send(scene.actor(role), request, purpose="auth")
        identifier = reply.json.get("id") if isinstance(reply.json, Mapping) else None
        if not isinstance(identifier, str):
            raise Untestable(f"{creates.id} gave no id")
        self._hands.created(scene.actor(role), creates, identifier)
        scene.values[f"{kind}.id"] = identifier
