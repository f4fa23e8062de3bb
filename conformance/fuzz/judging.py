"""Our checks as checks of schemathesis: registered with it, and run by it on each reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response
from schemathesis.core.failures import Failure, FailureGroup

from conformance.fuzz import checks as _registers  # noqa: F401 - importing it fills CHECKS
from conformance.fuzz.observing import CHECKS, Complaint, Followed, FuzzCheck, Observation
from conformance.wire.http import HttpReply

Adapter = Callable[[CheckContext, Response, Case[Any]], bool | None]


class DeviationError(Failure):
    """A complaint as a failure of schemathesis."""

    complaint: Complaint


_kinds: dict[tuple[str, str], type[DeviationError]] = {}
_looking_at: ContextVar[tuple[Observation, list[str]]] = ContextVar("_looking_at")


def _deviation(complaint: Complaint, operation: str) -> DeviationError:
    # schemathesis takes failures of one class for the same one: each shape of cause gets a class of its own.
    kind = _kinds.setdefault(complaint.key, type("DeviationError", (DeviationError,), {}))
    failure = kind(operation=operation, title=complaint.check, message=complaint.message)
    failure.complaint = complaint
    return failure


def _adapt(item: FuzzCheck) -> Adapter:
    def adapter(_context: CheckContext, _response: Response, _case: Case[Any]) -> bool | None:
        seen, readings = _looking_at.get()
        deviations = []
        for said in item.function(seen):
            if isinstance(said, Followed):
                readings.append(said.reading)
            else:
                deviations.append(_deviation(said, seen.unit.id))
        if deviations:
            raise FailureGroup(deviations, item.id)
        return None

    adapter.__name__ = item.id.replace(".", "_").replace("-", "_")
    adapter.__doc__ = item.doc
    return adapter


_adapters: dict[str, Adapter] = {}


def adapters() -> list[Adapter]:
    """The checks as schemathesis has them; registered with it on first use."""
    for identifier, item in CHECKS.items():
        if identifier not in _adapters:
            _adapters[identifier] = _adapt(item)
            schemathesis.check(_adapters[identifier])
    return list(_adapters.values())


@dataclass(frozen=True)
class _Asked:
    """As much of a request as schemathesis asks for: nothing secret, and no body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


def response_of(reply: HttpReply, method: str) -> Response:
    """A reply as schemathesis knows it: for its checks, and for the links that read ids from it."""
    request: Any = _Asked(method, reply.url)
    kept = {"content-type", "location", "etag"}
    headers = {name: list(values) for name, values in reply.headers.items() if name in kept}
    return Response(reply.status, headers, reply.text.encode(), request, reply.elapsed, True)


def judge(case: Case[Any], response: Response, seen: Observation) -> tuple[list[Complaint], list[str]]:
    """The complaints of every check, and the readings that were followed."""
    readings: list[str] = []
    token = _looking_at.set((seen, readings))
    try:
        case.validate_response(response, checks=list(adapters()))
    except FailureGroup as group:
        found = [item.complaint for item in group.exceptions if isinstance(item, DeviationError)]
        return sorted(found, key=lambda item: item.key), readings
    finally:
        _looking_at.reset(token)
    return [], readings
