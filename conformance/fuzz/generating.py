"""Cases for one request: drawn by schemathesis from its description, explored, and made as small as they get."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import HypothesisException, Unsatisfiable
from schemathesis import Case, GenerationMode

from conformance.contract import cache
from conformance.fuzz.observing import Complaint

REAL = 4
"""In one of how many cases an identifier is made up although a real one is known."""
SHRINKING = 40
"""Requests that may be sent to make one finding smaller, once it was found again."""
ATTEMPTS = 150
"""Cases that may be drawn for that, those included that were sent before."""
Key = tuple[str, str]
Attempt = Callable[[Case[Any], frozenset[str]], list[Complaint]]
MODES: Mapping[str, GenerationMode] = {"positive": GenerationMode.POSITIVE, "negative": GenerationMode.NEGATIVE}


class Reproduced(Exception):  # noqa: N818 - it tells Hypothesis that the example is of interest
    """The complaint that is being made smaller came again."""


class Enough(BaseException):
    """A finding has been made smaller for long enough."""


def seed_of(seed: int, *names: str) -> int:
    """The seed of one part of a run: the same whatever else is selected."""
    return int.from_bytes(hashlib.sha256("\0".join([str(seed), *names]).encode()).digest()[:8])


def cases(
    document: Mapping[str, Any], path: str, method: str, mode: str, real: frozenset[str]
) -> st.SearchStrategy[Any]:
    """Pairs of a case and the names of those path parameters that are to have a real identifier.

    real: the path parameters for which one is known.
    """
    schema = schemathesis.openapi.from_dict(dict(document))
    strategy = schema[path][method.upper()].as_strategy(generation_mode=MODES[mode])
    if not real:
        return st.tuples(strategy, st.just(real))
    return st.tuples(strategy, st.integers(0, REAL - 1).map(lambda drawn: real if drawn else frozenset()))


def sound_case(document: Mapping[str, Any], path: str, method: str, names: Mapping[str, str], body: Any) -> Case[Any]:
    """The case that the deployment is known to understand."""
    operation = schemathesis.openapi.from_dict(dict(document))[path][method.upper()]
    given: dict[str, Any] = {"path_parameters": dict(names)}
    if body is not None:
        given |= {"body": body, "media_type": "application/json"}
    return operation.Case(**given)


def explore(strategy: st.SearchStrategy[Any], attempt: Attempt, *, seed: int, examples: int) -> None:
    """Sends up to `examples` cases. Stops early where nothing (more) can be generated."""

    @hypothesis.seed(seed)
    @quiet_settings(examples, Phase.generate)
    @hypothesis.given(drawn=strategy)
    def send(drawn: tuple[Case[Any], frozenset[str]]) -> None:
        attempt(*drawn)

    try:
        send()
    except Unsatisfiable:
        return  # a request without parameters has nothing that could be wrong


def minimise(
    strategy: st.SearchStrategy[Any], attempt: Attempt, key: Key, *, seed: int, examples: int
) -> Complaint | None:
    """Finds the smallest case that still brings a complaint; None where it did not come again.

    The same seed draws the same cases, so that the first that complained is found again and shrunk from there.
    """
    last: list[Complaint] = []
    drawn_since = 0

    @hypothesis.seed(seed)
    @quiet_settings(examples, Phase.generate, Phase.shrink)
    @hypothesis.given(drawn=strategy)
    def send(drawn: tuple[Case[Any], frozenset[str]]) -> None:
        nonlocal drawn_since
        drawn_since += bool(last)
        if drawn_since > ATTEMPTS:
            raise Enough
        for complaint in attempt(*drawn):
            if complaint.key == key:
                last[:] = [complaint]
                raise Reproduced

    # A deployment may answer differently each time: the last case that complained stands.
    with contextlib.suppress(Reproduced, Enough, HypothesisException, ExceptionGroup):
        send()
    return last[0] if last else None


def keep_nothing_here() -> None:
    """Lets Hypothesis keep its tables of characters in the user's cache: it would make a folder where the command is
    run."""
    set_hypothesis_home_dir((cache.folder() or Path(tempfile.gettempdir()) / "gws-conformance") / "hypothesis")


def quiet_settings(examples: int, *phases: Phase, steps: int = 1) -> settings:
    """Settings under which Hypothesis keeps nothing, prints nothing and has no deadline of its own."""
    return settings(
        max_examples=examples,
        phases=phases,
        database=None,
        deadline=None,
        stateful_step_count=steps,
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
