"""Fixtures of the wire's tests. Every timeline that a test records is checked, line by line, against its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from conformance.wire.http import Credentials, HttpSession, TransportConfig
from conformance.wire.recorder import Recorder, read_timeline
from tests.wire.servers import PASSWORD, MakeSession

SCHEMA = Path(__file__).parents[2] / "schemas" / "formats" / "timeline.json"


@pytest.fixture(scope="session")
def line_validator() -> Any:
    schema = json.loads(SCHEMA.read_text())
    jsonschema_rs.meta.validate(schema)
    return jsonschema_rs.validator_for(schema)


@pytest.fixture
def recorder(tmp_path: Path, line_validator: Any) -> Iterator[Recorder]:
    path = tmp_path / "timeline.ndjson"
    with Recorder(path) as made:
        yield made
    assert PASSWORD not in path.read_text()
    for event in read_timeline(path):
        for error in line_validator.iter_errors(json.loads(event.line())):
            pytest.fail(f"seq {event.seq}, {event.kind}: {error.message}")


@pytest.fixture
def session(recorder: Recorder) -> Iterator[MakeSession]:
    """Makes HTTP sessions: session(url, user_name=..., any setting of TransportConfig)."""
    with ExitStack() as stack:

        def make(url: str, *, user_name: str = "agent1", actor: str = "agent", **settings: Any) -> HttpSession:
            config = TransportConfig(url, **{"timeout": 5.0, **settings})
            return stack.enter_context(HttpSession(config, Credentials(user_name, PASSWORD), recorder, actor=actor))

        yield make
