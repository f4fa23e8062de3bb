"""Sequences of requests that follow the description's links: create, read, change, delete, and what lists lead to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import hypothesis
import schemathesis
from hypothesis import Phase
from hypothesis.errors import HypothesisException
from schemathesis import Case, Response
from schemathesis.generation.stateful import APIStateMachine

from conformance.fuzz.acting import Trial
from conformance.fuzz.generating import Enough, Key, Reproduced, quiet_settings
from conformance.fuzz.observing import Complaint

STEPS = 8
"""Requests of one sequence."""
SHORTENING = 80
"""Requests that may be sent to make a sequence shorter, once it was found again."""
Step = Callable[[Case[Any]], tuple[Response, Trial | None]]


class Walk:
    """The steps of one sequence: what was sent so far."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []


def linked(document: Mapping[str, Any]) -> bool:
    """Whether a description has links at all."""
    places = (place for item in document["paths"].values() for place in item.values())
    return any(response.get("links") for place in places for response in place["responses"].values())


def walk(
    document: Mapping[str, Any],
    step: Step,
    end: Callable[[Walk], None],
    *,
    seed: int,
    examples: int,
    key: Key | None = None,
) -> list[Trial]:
    """Walks up to `examples` sequences; `end` is called after each.

    key: a complaint; the walk then looks for the shortest sequence that brings it, and answers with that, empty where
    it did not come again.
    """
    best: list[Trial] = []
    sent_since = 0
    machine = schemathesis.openapi.from_dict(dict(document)).as_state_machine()

    class Sequence(machine):  # type: ignore[misc, valid-type]
        """One sequence."""

        def setup(self) -> None:
            self.walk = Walk()

        def teardown(self) -> None:
            end(self.walk)

        def call(self, case: Case[Any], **_: Any) -> Response:
            nonlocal sent_since
            sent_since += bool(best)
            if sent_since > SHORTENING:
                raise Enough
            response, trial = step(case)
            if trial is not None:
                self.walk.trials.append(trial)
            return response

        def validate_response(self, *_: Any, **__: Any) -> None:
            if key is None or not self.walk.trials:
                return
            last = self.walk.trials[-1]
            if any(complaint.key == key for complaint in last.complaints):
                if not best or len(self.walk.trials) <= len(best):
                    best[:] = self.walk.trials
                raise Reproduced

    phases = (Phase.generate,) if key is None else (Phase.generate, Phase.shrink)
    settings = quiet_settings(examples, *phases, steps=STEPS)
    made: type[APIStateMachine] = hypothesis.seed(seed)(Sequence)
    # Found; or a deployment that answers differently each time, where the shortest sequence stands.
    with contextlib.suppress(Reproduced, Enough, HypothesisException, ExceptionGroup):
        made.run(settings=settings)
    return best


def complaint_of(trials: list[Trial], key: Key) -> Complaint | None:
    """The complaint at the end of a sequence."""
    return next((item for item in trials[-1].complaints if item.key == key), None) if trials else None
