"""The bundled server that all these tests share; each finds it as it was at the start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.bundled import BundledServer
from tests.peers.deployment import Deployment


@pytest.fixture(scope="session")
def served() -> Iterator[Deployment]:
    with BundledServer() as server:
        deployment = Deployment(server)
        yield deployment
        deployment.close()


@pytest.fixture
def gws(served: Deployment) -> Iterator[Deployment]:
    yield served
    served.reset()
