"""The Bayeux server's fixtures: a listening uvicorn, servers below paths of their own, a WebSocket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.simulator.bayeux_support import Host, Served, Socket


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    server = Host()
    yield server
    server.stop()


@pytest.fixture
def make(host: Host) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def build(**options: Any) -> Served:
        made.append(Served(host, **options))
        return made[-1]

    yield build
    for served in made:
        served.close()


@pytest.fixture
def served(make: Callable[..., Served]) -> Served:
    return make()


@pytest.fixture
def socket(served: Served) -> Iterator[Socket]:
    client = Socket(served)
    with client.ws:
        yield client
