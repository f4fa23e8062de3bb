"""Follows what was created: is it there, does it show what it was given, and is it gone once it was deleted?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.contract import Contract, Operation, Source
from conformance.driver.actor import Actor
from conformance.driver.plays import collection_of
from conformance.fuzz.observing import ACCEPTED, Complaint, Observation
from conformance.judge.findings import bounded
from conformance.wire.http import HttpReply

CHECK = "fuzz.life"
CREATED = Source("Return Values", (2405, 2412))
CHANGED = Source("Return Values", (2426, 2428))
DELETED = Source("Return Values", (2418, 2420))
PAGE, PAGES = 100, 5


@dataclass
class Life:
    """One created resource: its kind, its address, and whether it could be read there."""

    kind: str
    path: str
    readable: bool = False


@dataclass
class Lives:
    """The resources that the sequences of one area created, by id. Asks the deployment after each step that matters."""

    contract: Contract
    known: dict[str, Life] = field(default_factory=dict)

    def after(self, actor: Actor, seen: Observation) -> Iterator[Complaint]:
        """What is wrong with a resource after a request about it was accepted."""
        operation = seen.unit.operations[0]
        if not seen.accepted or seen.body is None or not operation.resource:
            return
        if seen.unit.hazard == "creates":
            yield from self._created(actor, operation, seen.body)
            return
        identifier = next((value for value in seen.sent.names.values() if value in self.known), None)
        if identifier is None:
            return
        if seen.unit.hazard == "deletes":
            yield from self._deleted(actor, identifier, self.known.pop(identifier), operation)
        elif seen.unit.hazard == "configures" and isinstance(seen.sent.value, Mapping):
            yield from self._changed(actor, self.known[identifier], operation, seen.sent.value)

    def _created(self, actor: Actor, operation: Operation, body: Mapping[str, Any]) -> Iterator[Complaint]:
        identifier, path = body.get("id"), body.get("path")
        if not isinstance(identifier, str) or not identifier:
            return  # that an id is missing is seen by fuzz.schema
        address = path if isinstance(path, str) and path.startswith("/") else f"{operation.path}/{identifier}"
        life = self.known[identifier] = Life(str(operation.resource), address)
        reply = _get(actor, address)
        life.readable = _accepted(reply)
        if not life.readable:
            yield Complaint(
                CHECK,
                "created, not readable",
                "what was created cannot be read at the address that the reply gave",
                "HTTP 200 with statusCode 0",
                _told(reply),
                CREATED,
                "should",
            )

    def _changed(self, actor: Actor, life: Life, operation: Operation, sent: Mapping[str, Any]) -> Iterator[Complaint]:
        if not life.readable:
            return
        reply = _get(actor, life.path)
        shown = reply.json.get(life.kind) if isinstance(reply.json, Mapping) else None
        if not isinstance(shown, Mapping):
            return
        names = [item.name for item in operation.parameters_in("body") if sent.get(item.name) is not None]
        lost = [name for name in names if shown.get(name) != sent[name]]
        if lost:
            yield Complaint(
                CHECK,
                "change lost",
                f"the change of {', '.join(lost)} was accepted and is not there",
                bounded(repr({name: sent[name] for name in lost}), 200),
                bounded(repr({name: shown.get(name) for name in lost}), 200),
                CHANGED,
            )

    def _deleted(self, actor: Actor, identifier: str, life: Life, operation: Operation) -> Iterator[Complaint]:
        def complaint(cause: str, message: str, seen: str) -> Complaint:
            return Complaint(CHECK, cause, message, "not found (statusCode 6)", seen, DELETED)

        if life.readable:
            reply = _get(actor, life.path)
            if _accepted(reply):
                text = "what was deleted can still be read at its address"
                yield complaint("deleted, still readable", text, _told(reply))
        if identifier in self._listed(actor, life.kind):
            yield complaint("deleted, still listed", "what was deleted is still in the list", identifier)
        again = actor.http.request(operation.method, life.path, purpose="auth")
        if operation.method == "DELETE" and _accepted(again):
            yield complaint("deleted twice", "the second deletion was accepted", _told(again))

    def _listed(self, actor: Actor, kind: str) -> set[str]:
        """The ids in the documented list of a kind, as far as a few pages go."""
        collection = collection_of(self.contract, kind)
        found: set[str] = set()
        if collection is None:
            return found
        operation, member = collection
        names = {item.name for item in operation.parameters}
        for page in range(PAGES):
            params: dict[str, Any] = {"fields": "*"} if "fields" in names else {}
            if "limit" in names:
                params |= {"offset": page * PAGE, "limit": PAGE}
            reply = actor.http.request("GET", operation.path, params=params or None, purpose="auth")
            items = reply.json.get(member) if isinstance(reply.json, Mapping) else None
            listed = items if isinstance(items, list) else []
            found |= {str(item.get("id")) for item in listed if isinstance(item, Mapping)}
            if "limit" not in names or len(listed) < PAGE:
                break
        return found


def _get(actor: Actor, path: str) -> HttpReply:
    return actor.http.request("GET", path, purpose="auth")


def _accepted(reply: HttpReply) -> bool:
    code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
    return reply.status == 200 and not isinstance(code, bool) and code in ACCEPTED


def _told(reply: HttpReply) -> str:
    code = reply.json.get("statusCode") if isinstance(reply.json, Mapping) else None
    return reply.error or f"HTTP {reply.status}, statusCode {bounded(code, 20)}"
