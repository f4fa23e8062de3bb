"""The requests of a recording as operations of the contract, and what can be said of each by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.contract import Contract, Operation
from conformance.har.entries import Entry
from conformance.har.people import CUSTOMER

MODIFYING = frozenset({"POST", "PUT", "DELETE", "PATCH"})
FIRST = ("basics", "voice", "chat", "contacts")
"""Areas whose operations checks know by name: another page that describes the same request gives way."""
STATE_CODES = frozenset({2, 3})
"""Codes of a refusal for the state that a resource is in (Return Values, lines 2299-2300)."""
ENDS = "EndContactCenterSession"


@dataclass(frozen=True)
class Act:
    """A request, its reply, and the operation that it is. path: relative to the API, with the query. unjudged: why
    nothing is said of it; empty where something is."""

    entry: Entry
    actor: str
    path: str
    operation: Operation | None
    unjudged: str = ""

    @property
    def user(self) -> str:
        """The user, whichever of the sessions it was."""
        return self.actor.partition("+")[0]

    @property
    def start(self) -> float:
        """Seconds since the epoch when the request began."""
        return self.entry.start

    @property
    def reply(self) -> Mapping[str, Any]:
        """The reply's JSON object; empty where it is none."""
        body = self.entry.body.json if self.entry.body is not None else None
        return body if isinstance(body, Mapping) else {}

    @property
    def asked(self) -> Mapping[str, Any]:
        """The request's JSON object; empty where it is none."""
        body = self.entry.asked.json if self.entry.asked is not None else None
        return body if isinstance(body, Mapping) else {}

    @property
    def accepted(self) -> bool:
        """Whether the server said yes: HTTP 2xx, and a statusCode of 0 or 7 or none at all."""
        return 200 <= self.entry.status < 300 and self.reply.get("statusCode") in (0, 7, "0", "7", None)

    @property
    def refused(self) -> bool:
        """Whether the server said no, in an envelope or by its status."""
        return self.entry.status >= 400 or (self.entry.status >= 200 and bool(self.reply) and not self.accepted)

    @property
    def modifies(self) -> bool:
        """Whether it may change something."""
        return self.entry.method in MODIFYING

    @property
    def identifier(self) -> str | None:
        """The id in the path of the resource that the operation is about."""
        if self.operation is None:
            return None
        found = self.operation.pattern.match(self.path.partition("?")[0])
        names = [item.name for item in self.operation.parameters_in("path") if item.of == self.operation.resource]
        return found.group(names[-1]) if found is not None and names and names[-1] in found.groupdict() else None


def names_state(body: Any) -> bool:
    """Whether a refusal's body gives the state as its reason, and not the missing token, which has the same code."""
    if not isinstance(body, Mapping):
        return False
    code = body.get("statusCode")
    return isinstance(code, int) and code in STATE_CODES and "csrf" not in str(body.get("statusMessage", "")).lower()


class Recogniser:
    """Finds the operation of a request as `Contract.recognise` does, among those that can be meant; where several pages
    describe one and the same request, the reply decides."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._by_shape: dict[tuple[str, str | None, int], list[Operation]] = {}
        for item in contract.operations.values():
            key = (item.method, item.operation_name, item.path.rstrip("/").count("/"))
            self._by_shape.setdefault(key, []).append(item)

    def operation(self, entry: Entry, path: str) -> Operation | None:
        """The operation; None where the contract has none of this method, path and operationName."""
        body = entry.asked.json if entry.asked is not None else None
        name = body.get("operationName") if isinstance(body, Mapping) else None
        plain = path.partition("?")[0].rstrip("/")
        key = (entry.method, name if isinstance(name, str) else None, plain.count("/"))
        fit = [item for item in self._by_shape.get(key, ()) if item.pattern.match(plain)]
        if len(fit) < 2:
            return fit[0] if fit else None
        violations = self._contract.schemas.validate_request
        ranked = [(item.path.count("{"), len(violations(item, body or {})), item) for item in fit]
        best = min(rank[:2] for rank in ranked)
        equal = [item for *rank, item in ranked if tuple(rank) == best]
        return min(equal, key=lambda item: (item.area not in FIRST, self._deviates(item, entry)))

    def _deviates(self, operation: Operation, entry: Entry) -> int:
        """How far the reply is from what the operation's page shows."""
        body = entry.body.json if entry.body is not None else None
        listed = [item for item in operation.responses if item.http == entry.status and not item.empty]
        return min(
            (len(self._contract.schemas.validate_response(operation, item, body)) for item in listed), default=99
        )


def recognised(entries: Sequence[Entry], paths: Mapping[int, str], contract: Contract) -> dict[int, Operation]:
    """The operations of requests, by the number of the entry."""
    known = Recogniser(contract)
    out = {}
    for entry in entries:
        found = known.operation(entry, paths[entry.number]) if entry.number in paths else None
        if found is not None:
            out[entry.number] = found
    return out


def customers(operations: Mapping[int, Operation], entries: Sequence[Entry]) -> set[int]:
    """The entries that only a customer makes: operations of the customer's API, without anybody's session."""
    by_number = {item.number: item for item in entries}
    return {
        number
        for number, operation in operations.items()
        if operation.actor == CUSTOMER and not by_number[number].header("authorization")
    }


def act_of(entry: Entry, actor: str, path: str, operation: Operation | None) -> Act:
    """An entry of the API as an act, with the reason where nothing can be said of it."""
    return Act(entry, actor, path, operation, _why_not(entry, operation))


def _why_not(entry: Entry, operation: Operation | None) -> str:
    if entry.method == "OPTIONS":
        return "a browser's question before another request (CORS preflight)"
    if entry.status == 0:
        return "no reply is recorded"
    if entry.lost:
        return entry.lost
    if entry.cached:
        return "the reply came from the browser's cache"
    if 300 <= entry.status < 400:
        return "the reply is a redirect"
    if operation is None:
        return "the contract has no operation with this method, path and operationName: of a refusal the form is judged"
    if entry.body is not None and entry.body.truncated:
        return "the recording cuts the body of the reply"
    return ""
