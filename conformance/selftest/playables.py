"""The scenarios of the suites as values: found by pytest's own collection, played without it."""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

SUITES = "conformance.suites"


class CollectionError(Exception):
    """The suites cannot be collected, or a test of theirs cannot be played without pytest."""


@dataclass(frozen=True)
class Playable:
    """One scenario: `function(play=..., **arguments)` plays it."""

    id: str
    area: str
    title: str
    function: Callable[..., None]
    arguments: Mapping[str, Any]


class _Collector:
    """A pytest plugin that keeps what was collected."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keeps the items."""
        self.items = list(session.items)


@cache
def playables() -> Mapping[str, Playable]:
    """Every scenario of the suites by its id, in the order of the suites.

    Raises:
        CollectionError: pytest cannot collect them, or a test asks for another fixture than `play`.
    """
    collector, output = _Collector(), io.StringIO()
    options = ["--collect-only", "--quiet", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", "/dev/null"]
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = pytest.main([*options, "--pyargs", SUITES], plugins=[collector])
    if code != pytest.ExitCode.OK:
        raise CollectionError(f"pytest cannot collect {SUITES}: {output.getvalue()[-600:]}")
    # pytest stands in for a parameter set that is empty with one item that it skips.
    items = [item for item in collector.items if item.get_closest_marker("skip") is None]
    found = [_playable(item) for item in items if isinstance(item, pytest.Function)]
    return {item.id: item for item in found}


def _playable(item: pytest.Function) -> Playable:
    marker = item.get_closest_marker("gws_area")
    area = str(marker.args[0]) if marker else ""
    arguments = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    wanted = set(inspect.signature(item.function).parameters) - {"play"}
    if wanted != set(arguments):
        raise CollectionError(f"{item.nodeid} asks for {', '.join(sorted(wanted ^ set(arguments)))} beside `play`")
    name = item.callspec.id if hasattr(item, "callspec") else item.name.removeprefix("test_")
    identifier = name if "." in name or ":" in name else f"{area}.{name}"
    return Playable(identifier, area, (item.function.__doc__ or "").strip(), item.function, arguments)
