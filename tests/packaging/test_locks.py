"""The lock files pin everything, fit `pyproject.toml`, and know no place but the default package index."""

from __future__ import annotations

import re

import pytest
from packaging.utils import canonicalize_name

from tests.packaging.project import LOCKS, asked_for, lock, lock_text


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes(name: str) -> None:
    pins = lock(name)
    assert pins
    assert [key for key, pin in pins.items() if not pin.version or not pin.hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_index_address_and_no_path(name: str) -> None:
    lines = lock_text(name).splitlines()
    places = re.compile(r"://|--(extra-)?index|--find-links|--trusted|--editable|^-|\s@\s|(^|[\s\"'=])[/~.]+/")
    assert [line for line in lines if places.search(line)] == []


@pytest.mark.parametrize("name", LOCKS)
def test_what_the_project_asks_for_is_pinned_within_its_bounds(name: str) -> None:
    pins = lock(name)
    missing = [item.name for item in asked_for(name) if canonicalize_name(item.name) not in pins]
    assert missing == [], "run 'make lock'"
    outside = [
        f"{item} is pinned to {pins[canonicalize_name(item.name)].version}"
        for item in asked_for(name)
        if not item.specifier.contains(pins[canonicalize_name(item.name)].version, prereleases=True)
    ]
    assert outside == [], "run 'make lock'"


def test_one_version_of_each_package() -> None:
    versions: dict[str, set[str]] = {}
    for name in LOCKS:
        for key, pin in lock(name).items():
            versions.setdefault(key, set()).add(pin.version)
    assert {key: found for key, found in versions.items() if len(found) > 1} == {}


def test_what_a_run_needs_holds_no_tool_of_the_developers() -> None:
    tools = {canonicalize_name(item.name) for item in asked_for("dev")} - {
        canonicalize_name(item.name) for item in asked_for("run")
    }
    # What pytest brings along is a part of a run.
    assert sorted(tools & lock("run").keys()) == ["packaging"]
