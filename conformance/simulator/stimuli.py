"""Stimuli: what happens from outside the API (a customer calls, types, hangs up), asked for by the control API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .world import World

Stimulus = Callable[[World, dict[str, Any]], Awaitable[dict[str, Any]]]

_stimuli: dict[str, Stimulus] = {}


def stimulus(name: str) -> Callable[[Stimulus], Stimulus]:
    """Register `async def (world, params) -> dict` under a name; it refuses by raising ApiError."""

    def register(fn: Stimulus) -> Stimulus:
        if _stimuli.setdefault(name, fn) is not fn:
            raise ValueError(f"stimulus {name!r} is registered twice")
        return fn

    return register


def find_stimulus(name: str) -> Stimulus | None:
    """The stimulus of this name."""
    return _stimuli.get(name)


def stimulus_names() -> list[str]:
    """All names, sorted."""
    return sorted(_stimuli)
