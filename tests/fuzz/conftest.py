"""The server that the fuzzing tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.fuzz_support import Bench, bench


@pytest.fixture(scope="module")
def served() -> Iterator[Bench]:
    with bench() as made:
        yield made
