"""A scenario on the stage: who plays, what they do, step by step. Nothing here judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.contract import Contract, Example, Needs, Operation, State, Statechart, Transition, matches
from conformance.contract.placeholders import placeholders
from conformance.driver.actor import Actor
from conformance.driver.intents import noting
from conformance.driver.ledger import Entry
from conformance.driver.lookup import actor_value, lookup
from conformance.driver.moves import UNJUDGED, move, reach
from conformance.driver.outcomes import Untestable
from conformance.driver.requests import Request, build_request
from conformance.driver.stage import Stage
from conformance.driver.waiting import await_binding, await_documented, await_state, quiet
from conformance.wire.http import HttpReply

USERS = {"self": "agent", "second": "second_agent", "third": "third_agent", "public": "public_agent"}
"""The names of a target file's users where a scenario's role is called otherwise."""


@dataclass(frozen=True)
class Performed:
    """What came of a step: the reply, and whether the server said yes."""

    reply: HttpReply
    step: int

    @property
    def accepted(self) -> bool:
        """HTTP 2xx, and statusCode 0 or 7 where the body has one."""
        code = self.reply.json.get("statusCode") if isinstance(self.reply.json, Mapping) else None
        return 200 <= self.reply.status < 300 and code in (0, 7, None, "0", "7")

    def describe(self) -> str:
        """The reply in a few words."""
        if self.reply.error:
            return self.reply.error
        body = self.reply.json if isinstance(self.reply.json, Mapping) else {}
        message = str(body.get("statusMessage") or "")[:160]
        return f"HTTP {self.reply.status}, statusCode {body.get('statusCode')!r:.20}" + (
            f": {message}" if message else ""
        )


def session_for(needs: Needs) -> bool | None:
    """What an operation says of a contact-centre session, as `Stage.actor` takes it."""
    return False if needs.session == "none" else True if needs.session else None


class Scene:
    """One scenario. `cast` maps roles (`self`, `second`, `third`, `supervisor`, `admin`) to the target's users."""

    def __init__(self, stage: Stage, scenario: str, cast: Mapping[str, str]) -> None:
        self.stage = stage
        self.scenario = scenario
        self.cast = dict(cast)
        self.contract: Contract = stage.contract
        self.bindings: dict[tuple[str, str], str] = {}
        self.values: dict[str, Any] = {}
        self.seen = stage.recorder.last_seq
        self.binding = ""
        self.known: dict[str, set[str]] = {}
        self.unsettled = True
        stage.watch()

    # -- who ---------------------------------------------------------------------------------------------------

    def actor(self, role: str = "self", *, session: bool | None = None) -> Actor:
        """The actor that plays a role; `session` as for `Stage.actor`.

        Raises:
            Untestable: nobody in the target file can play it.
        """
        name = self.cast.get(role)
        if name is None:
            user = USERS.get(role, role)
            raise Untestable(f"nobody plays {role!r}: add [users.{user}] to the target file")
        return self.stage.actor(name, session=session)

    def roles(self) -> list[str]:
        """The roles whose actors are open."""
        open_names = {actor.name for actor in self.stage.opened() if actor.me}
        return [role for role, name in self.cast.items() if name in open_names]

    # -- what is known ------------------------------------------------------------------------------------------

    def absorb(self) -> None:
        """Takes in the notifications that arrived since the last call and binds new resources."""
        by_name = {actor.name: actor for actor in self.stage.opened()}
        for event in self.stage.recorder.events(self.seen):
            self.seen = event.seq
            actor = by_name.get(event.actor or "")
            if event.kind != "cometd.event" or actor is None:
                continue
            actor.absorb(event)
            for kind in ("call", "chat"):
                for identifier in actor.resources[kind].keys() & self.stage.past:
                    del actor.resources[kind][identifier]  # late news of an earlier scenario
                for identifier, resource in actor.resources[kind].items():
                    self._bind_new(actor, kind, identifier, resource)

    def _bind_new(self, actor: Actor, kind: str, identifier: str, resource: Mapping[str, Any]) -> None:
        known = self.known.setdefault(actor.name, set())
        if identifier in known or identifier in self.stage.past:
            return
        known.add(identifier)
        binding = self.binding or kind
        if binding == "call" and self._busy(actor):
            binding = "consult"  # a second call beside one that is still there
        chart = next((item for item in self.contract.statecharts.values() if item.binds == binding), None)
        if chart is None or chart.resource != kind:
            binding = kind
        for role, name in self.cast.items():
            if name == actor.name:
                self.bindings[(role, binding)] = identifier
        if self.stage.may("state"):  # otherwise it is none of ours
            self.stage.ledger.add(Entry(kind, actor.name, identifier, str(resource.get("uri", ""))[:300]))

    def _busy(self, actor: Actor) -> bool:
        """Whether the actor's first call is still there."""
        for role, name in self.cast.items():
            first = actor.resources["call"].get(self.bindings.get((role, "call"), ""))
            if name == actor.name and first is not None and first.get("state") != "Released":
                return True
        return False

    def bound(self, binding: str, role: str = "self") -> str | None:
        """The id of the resource bound to a name for a role."""
        return self.bindings.get((role, binding))

    def resource(self, binding: str, role: str = "self") -> dict[str, Any] | None:
        """The latest state of a bound resource as its actor was told."""
        self.absorb()
        kind = self.kind_of(binding)
        identifier = self.bound(binding, role)
        if kind == "device":
            device = self.actor(role, session=False).device
            return dict(device) if device else None
        name = self.cast.get(role, "")
        found = next((actor for actor in self.stage.opened() if actor.name == name), None)
        return found.latest(kind, identifier) if found else None

    def kind_of(self, binding: str) -> str:
        for chart in self.contract.statecharts.values():
            if chart.binds == binding:
                return chart.resource
        return binding

    def lookup(self, performer: str, *, absolute: bool = False) -> Callable[[str], Any]:
        """See `lookup.lookup`."""
        return lookup(self, performer, absolute=absolute)

    # -- acting -------------------------------------------------------------------------------------------------

    def perform(
        self,
        operation_id: str,
        *,
        role: str = "self",
        case: str = "setup",
        example: Example | None = None,
        parameters: Mapping[str, Any] | None = None,
        on: str | None = None,
        expect: tuple[Statechart, State, str] | None = None,
        label: str = "",
        transition: str = "",
        level: str = "must",
        plain: bool = False,
        wait: bool = True,
        owes: bool = True,
        after: Callable[[Performed, int], None] | None = None,
    ) -> Performed:
        """Performs an operation as a role and waits for what it should cause. The step is recorded for the judge.

        `transition`: the id of the one that this is. `plain`: the example is performed from elsewhere than it was
        written for, so that the notifications which it promises (instead of the operation's own) are not owed. `owes`:
        False where the documents do not tell what comes of it: no notification is owed.

        Raises:
            Untestable: the request cannot be built.
        """
        operation = self.contract.operations[operation_id]
        actor = self.actor(role, session=session_for(operation.needs))
        self.absorb()
        if plain and example is not None:
            example = replace(example, notifications=None)
        given = dict(example.parameters if example else {})
        given.update(parameters or {})
        if case not in UNJUDGED:
            self.settle()
        find = self.lookup(role, absolute=bool(parameters) or operation.actor == role)
        request = build_request(operation, given, find, lambda name: self.path_id(operation, name, role, on))
        self.stage.require_safe(request.method, operation.hazard == "read")
        binding = on or operation.resource or ""
        declared = self._declare(operation, actor, role, case, example, binding, expect, label)
        if transition:
            declared["transition"] = transition
        if not owes:
            declared["owes"] = False
        number = self.stage.recorder.begin_step({**declared, "level": level, "plain": plain})
        start = self.stage.recorder.last_seq
        reply = self.send(actor, request)
        performed = Performed(reply, number)
        if wait:
            await_documented(self, operation, example, role, start, performed, expect, request, on if plain else None)
        if after is not None:
            after(performed, start)
        self.absorb()
        self.stage.recorder.end_step({})
        self.unsettled = self.unsettled or case in UNJUDGED
        if operation.operation_name == "EndContactCenterSession" and performed.accepted:
            self.stage.session_ended(actor)
        elif operation.operation_name == "StartContactCenterSession" and performed.accepted:
            actor.in_session = actor.session_played = True
        return performed

    def send(self, actor: Actor, request: Request, **options: Any) -> HttpReply:
        """Sends a request over the actor's HTTP session; the ledger knows before what it may leave behind."""
        extra: dict[str, Any] = dict(options)
        if request.content is not None:
            extra["content"] = request.content
        elif request.body is not None:
            extra["json"] = request.body
        headers = {**request.headers, **extra.pop("headers", {})}
        params = request.params or None

        def send() -> HttpReply:
            return actor.http.request(request.method, request.path, params=params, headers=headers or None, **extra)

        return noting(self.stage, actor.name, request.method, request.path, request.body, send)

    def path_id(self, operation: Operation, name: str, role: str, on: str | None) -> str:
        """The id that stands for a path parameter. Raises `Untestable` when there is none."""
        parameter = next(item for item in operation.parameters_in("path") if item.name == name)
        of = on or parameter.of or operation.resource or ""
        if parameter.of == "device":
            return str(actor_value(self, role, "device.id", f"{role}.device.id"))
        identifier = self.bound(of, role)
        if identifier is None and parameter.of == "user":
            return str(actor_value(self, role, "user.id", f"{role}.user.id"))
        if identifier is None and self.kind_of(of) in {"call", "chat"}:
            identifier = await_binding(self, of, role)
        if identifier is None:
            value = self.values.get(f"{of}.id")
            if value is None:
                raise Untestable(f"{operation.id} needs the id of a {of}, and there is none")
            return str(value)
        return identifier

    def _declare(
        self,
        operation: Operation,
        actor: Actor,
        role: str,
        case: str,
        example: Example | None,
        binding: str,
        expect: tuple[Statechart, State, str] | None,
        label: str,
    ) -> dict[str, Any]:
        listed = operation.notifications
        if example is not None and example.notifications is not None:
            listed = example.notifications
        values: dict[str, Any] = {}
        find = self.lookup(role, absolute=operation.actor == role)
        for item in listed:
            for name in placeholders(item.values):
                if not name.startswith("request.") and name not in values:
                    try:
                        values[name] = find(name)
                    except (KeyError, Untestable):
                        continue  # not known before the operation; the judge then expects nothing of it
        identifier = self.bound(binding, role)
        resource = self.resource(binding, role) if binding in self._bindings_of(role) else None
        declared: dict[str, Any] = {
            "operation": operation.id,
            "case": case,
            "performer": actor.name,
            "role": role,
            "label": label,
            "example": example.name if example else None,
            "values": values,
            "resource": {"binding": binding, "id": identifier} if identifier else None,
            "listening": [item.name for item in self.stage.opened() if item.cometd is not None],
            "known": {item.name: sorted(self._known_ids(item)) for item in self.stage.opened() if item.me},
        }
        if resource is not None and isinstance(resource.get("capabilities"), list):
            declared["offered"] = [str(name) for name in resource["capabilities"]]
        if expect is not None:
            chart, state, sees = expect
            before = self.resource(chart.binds, sees)
            declared["expect"] = {
                "moved": before is None or not matches(state.where, before),
                "chart": chart.name,
                "state": state.name,
                "actor": self.cast.get(sees),
                "id": self.bound(chart.binds, sees) if chart.resource in {"call", "chat"} else None,
            }
        return declared

    def _bindings_of(self, role: str) -> set[str]:
        return {name for owner, name in self.bindings if owner == role} | {"device"}

    def _known_ids(self, actor: Actor) -> set[str]:
        device = actor.device or {}
        return self.known.get(actor.name, set()) | ({str(device["id"])} if device.get("id") else set())

    def settle(self) -> None:
        """Before the first judged step after preparations: lets the notifications that these caused arrive."""
        if self.unsettled or self.stage.stirred:
            self.quiet()
        self.unsettled = self.stage.stirred = False

    def quiet(self) -> None:
        """See `waiting.quiet`."""
        quiet(self)

    def await_state(self, chart: Statechart, state: State, role: str, *, after: int = 0) -> bool:
        """See `waiting.await_state`."""
        return await_state(self, chart, state, role, after=after)

    def move(
        self, transition: Transition, *, case: str = "setup", label: str = "", level: str = "must"
    ) -> Performed | None:
        """See `moves.move`."""
        return move(self, transition, case=case, label=label, level=level)

    def reach(self, chart_name: str, state_name: str) -> None:
        """See `moves.reach`."""
        reach(self, chart_name, state_name)
