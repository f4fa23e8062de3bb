"""What checks share: the operation of a step, its example, its documented replies and notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from conformance.contract import Contract, Example, Notification, Operation, Response, value_at
from conformance.contract.matching import relative_role
from conformance.contract.placeholders import resolve
from conformance.judge.timeline import Exchange, Step

JUDGED = ("positive", "transition", "offered")


@dataclass(frozen=True)
class StepContext:
    """A step together with what the contract says of it."""

    step: Step
    contract: Contract

    @cached_property
    def operation(self) -> Operation | None:
        """The step's operation; None when the contract does not have it (a timeline of another version)."""
        return self.contract.operations.get(self.step.operation)

    @cached_property
    def example(self) -> Example | None:
        """The example that the step performs."""
        name = self.step.info.get("example")
        if self.operation is None or not name:
            return None
        found = next((item for item in self.operation.examples if item.name == name), None)
        if found is not None and self.step.info.get("plain"):
            found = replace(found, notifications=None)
        return found

    @property
    def exchange(self) -> Exchange | None:
        """The operation's own exchange."""
        return self.step.main

    @cached_property
    def status_codes(self) -> tuple[int, ...]:
        """The status codes that the step's example should be answered with."""
        return self.example.status_codes if self.example else (0,)

    @cached_property
    def responses(self) -> tuple[Response, ...]:
        """The documented replies whose status code the example may have."""
        if self.operation is None:
            return ()
        wanted = {str(code) for code in self.status_codes}
        return tuple(
            item
            for item in self.operation.responses
            if item.status_code is None or item.empty or str(item.status_code) in wanted
        )

    @cached_property
    def response(self) -> Response | None:
        """The documented reply that the recorded one follows: the HTTP status and the statusCode agree."""
        exchange = self.exchange
        if exchange is None:
            return None
        fits = [
            item
            for item in self.responses
            if item.http == exchange.status
            and (
                (item.empty and not exchange.body and not exchange.text.strip())
                or (not item.empty and (item.status_code is None or item.status_code == exchange.status_code))
            )
        ]
        if not fits:
            return None
        clean = [item for item in fits if not self._violates(item, exchange)]
        if clean:
            return clean[0]
        # None is kept: the one that was meant is that of which most is there.
        body = exchange.body if isinstance(exchange.body, Mapping) else {}
        return max(fits, key=lambda item: sum(member.name in body for member in item.members))

    def _violates(self, item: Response, exchange: Exchange) -> bool:
        if item.empty or self.operation is None:
            return False
        return bool(self.contract.schemas.validate_response(self.operation, item, exchange.body))

    @cached_property
    def refused_by(self) -> str | None:
        """The allowed reading by which the performer may be refused the operation, where the reply does that.

        Actors are called after their role in the target file; whoever is no administrator and no supervisor is an
        agent.
        """
        exchange = self.exchange
        if exchange is None:
            return None
        name = self.step.performer.partition("+")[0]
        role = name if name in {"admin", "supervisor"} else "agent"
        return self.contract.refused_by(self.step.operation, role, exchange.status, exchange.status_code)

    @cached_property
    def may_be_refused(self) -> str | None:
        """The allowed reading `refused` of the ambiguity that the performed transition follows: it may be offered and
        refused all the same."""
        named = str(self.step.info.get("transition") or "")
        chart = self.contract.statecharts.get(named.partition(":")[0])
        way = next((item for item in chart.transitions if str(item) == named), None) if chart is not None else None
        unclear = self.contract.ambiguities.get((way.reading if way and way.reading else "").partition("/")[0])
        readings = unclear.readings if unclear is not None else ()
        found = next((item for item in readings if item.id == "refused" and item.allowed), None)
        return f"{unclear.id}/{found.id}" if unclear is not None and found is not None else None

    @cached_property
    def accepted(self) -> bool:
        """Whether the server said yes: HTTP 2xx with statusCode 0 or 7 (or a documented reply without one)."""
        exchange = self.exchange
        if exchange is None or not 200 <= exchange.status < 300:
            return False
        code = exchange.status_code
        return code in (0, 7, "0", "7") or (code is None and self.response is not None)

    def lookup(self, name: str) -> Any:
        """The value of a placeholder: from the request itself, or as the driver resolved it.

        Raises:
            KeyError: the timeline does not hold it.
        """
        if name.startswith("request."):
            found = value_at(self.exchange.sent if self.exchange else None, name.removeprefix("request."))
        else:
            values = self.step.info.get("values", {})
            found = values.get(name) if isinstance(values, Mapping) else None
        if found is None:
            raise KeyError(name)
        return found

    @cached_property
    def expected(self) -> tuple[tuple[str, Notification], ...]:
        """The documented notifications as (actor, notification), placeholders resolved where the timeline allows."""
        if self.operation is None:
            return ()
        listed = self.operation.notifications
        if self.example is not None and self.example.notifications is not None:
            listed = self.example.notifications
        out = []
        role = str(self.step.info.get("role", "self"))
        for item in listed:
            actor = self.step.actor_of(relative_role(role, item.to))
            if actor is not None:
                out.append((actor, replace(item, values=self._resolved(item.values))))
        return tuple(out)

    def takes_part(self, actor: str) -> bool:
        """Whether an actor is owed what an operation tells others.

        A `plain` step performs the operation elsewhere than its page does, so that the page's other parties are
        only owed something when they were told of the resource before.
        """
        if not self.step.info.get("plain") or actor == self.step.performer:
            return True
        known = self.step.info.get("known")
        theirs = known.get(actor, ()) if isinstance(known, Mapping) else ()
        return self.resource_id is not None and self.resource_id in theirs

    def _resolved(self, values: Mapping[str, Any]) -> dict[str, Any]:
        out = {}
        for path, value in values.items():
            try:
                out[path] = resolve(value, self.lookup)
            except KeyError:
                continue  # the example does not send that parameter: nothing is expected of it
        return out

    @property
    def resource_id(self) -> str | None:
        """The id of the resource that the step is about, as the driver bound it."""
        resource = self.step.info.get("resource")
        return str(resource["id"]) if isinstance(resource, Mapping) and resource.get("id") else None
