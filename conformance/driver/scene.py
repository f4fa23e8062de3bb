"""A scenario on the stage: who plays, what they do, step by step. Nothing here judges."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conformance.contract import Contract, Example, Notification, Operation, State, Statechart, Transition, matches
from conformance.contract.loader import value_at
from conformance.contract.matching import relative_role, same_kind, values_differ
from conformance.contract.placeholders import placeholders, resolve
from conformance.driver.actor import TRACKED, Actor
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.requests import Request, build_request
from conformance.driver.stage import Stage
from conformance.wire.http import HttpReply
from conformance.wire.recorder import Event

ERRORS = ("ErrorMessage",)
MAXIMUM_GRACES = 10
LASTING = frozenset({"Monitor", "Coach", "BargeIn"})
UNJUDGED = frozenset({"setup", "cleanup", "stimulus"})


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


class Scene:
    """One scenario. `cast` maps roles (`self`, `second`, `third`, `supervisor`, `admin`) to the target's users."""

    def __init__(self, stage: Stage, scenario: str, cast: Mapping[str, str]) -> None:
        self.stage = stage
        self.scenario = scenario
        self.cast = dict(cast)
        self.contract: Contract = stage.contract
        self.bindings: dict[tuple[str, str], str] = {}
        self.values: dict[str, Any] = {}
        self._seen = stage.recorder.last_seq
        self._binding = ""
        self._known: dict[str, set[str]] = {}
        self._unsettled = True

    # -- who ---------------------------------------------------------------------------------------------------

    def actor(self, role: str = "self", *, session: bool = True) -> Actor:
        """The actor that plays a role.

        Raises:
            Untestable: nobody in the target file can play it.
        """
        name = self.cast.get(role)
        if name is None:
            raise Untestable(f"nobody plays {role!r} in this scenario")
        return self.stage.actor(name, session=session)

    def roles(self) -> list[str]:
        """The roles whose actors are open."""
        open_names = {actor.name for actor in self.stage.opened() if actor.me}
        return [role for role, name in self.cast.items() if name in open_names]

    # -- what is known ------------------------------------------------------------------------------------------

    def absorb(self) -> None:
        """Takes in the notifications that arrived since the last call and binds new resources."""
        by_name = {actor.name: actor for actor in self.stage.opened()}
        for event in self.stage.recorder.events(self._seen):
            self._seen = event.seq
            actor = by_name.get(event.actor or "")
            if event.kind != "cometd.event" or actor is None:
                continue
            actor.absorb(event)
            for kind in ("call", "chat"):
                for identifier, resource in actor.resources[kind].items():
                    self._bind_new(actor, kind, identifier, resource)

    def _bind_new(self, actor: Actor, kind: str, identifier: str, resource: Mapping[str, Any]) -> None:
        known = self._known.setdefault(actor.name, set())
        if identifier in known:
            return
        known.add(identifier)
        binding = self._binding or kind
        if binding == "call" and self._busy(actor):
            binding = "consult"  # a second call beside one that is still there
        chart = next((item for item in self.contract.statecharts.values() if item.binds == binding), None)
        if chart is None or chart.resource != kind:
            binding = kind
        for role, name in self.cast.items():
            if name == actor.name:
                self.bindings[(role, binding)] = identifier
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
        kind = self._kind_of(binding)
        identifier = self.bound(binding, role)
        if kind == "device":
            device = self.actor(role, session=False).device
            return dict(device) if device else None
        name = self.cast.get(role, "")
        found = next((actor for actor in self.stage.opened() if actor.name == name), None)
        return found.latest(kind, identifier) if found else None

    def _kind_of(self, binding: str) -> str:
        for chart in self.contract.statecharts.values():
            if chart.binds == binding:
                return chart.resource
        return binding

    def lookup(self, performer: str, *, absolute: bool = False) -> Any:
        """The function that resolves placeholders as the performer's operation means them.

        `absolute`: roles are the scenario's own, as in a chart's transitions and in a supervisor's operations.
        """

        def find(name: str) -> Any:
            head, _, rest = name.partition(".")
            if name == "unique":
                return f"gws-conformance-{uuid.uuid4().hex[:12]}"
            if head == "target":
                return self._target_value(name)
            if name in self.values:
                return self.values[name]
            if head == "message":
                self.absorb()
                return value_at(self.actor(performer).last_message, rest)
            if head in {"self", "second", "third", "supervisor", "admin", "customer"}:
                return self._actor_value(head if absolute else relative_role(performer, head), rest, name)
            return self._resource_value(head, rest, performer, name)

        return find

    def _target_value(self, name: str) -> Any:
        target = self.stage.target
        known = {
            "target.queueName": target.chat_queue,
            "target.queueNumber": target.queue_number,
            "target.externalNumber": target.external_number,
            "target.unassignedNumber": target.unassigned_number,
            "target.documentId": target.document_id,
        }
        value = known.get(name)
        if value is None:
            raise Untestable(f"the target file does not give {name} (see [numbers], [queues] and document_id)")
        return value

    def _actor_value(self, role: str, rest: str, name: str) -> Any:
        actor = self.actor(role)
        device = actor.device or {}
        if rest == "phoneNumber":
            value: Any = device.get("phoneNumber")
        elif rest == "nickname":
            value = actor.nickname
        elif rest.startswith("device."):
            value = self._addressed("devices", device).get(rest.removeprefix("device."))
        elif rest.startswith("user."):
            value = value_at(self._addressed("users", actor.me), rest.removeprefix("user."))
        else:
            value = value_at({**actor.me, "userName": actor.me.get("userName")}, rest)
        if value is None:
            raise Untestable(f"{name} is not known: {actor.name} has none")
        return value

    def _resource_value(self, binding: str, rest: str, performer: str, name: str) -> Any:
        if binding == "device":
            return self._actor_value(performer, f"device.{rest}", name)
        found = self.resource(binding, performer)
        if rest.startswith("participants.") and found is not None:
            return self._participant(found, rest, performer)
        if found is None:
            others = (self.resource(binding, role) for role in self.cast if self.bound(binding, role))
            found = next((item for item in others if item is not None), None)
        if rest == "id" and self.bound(binding, performer):
            return self.bound(binding, performer)
        value = value_at(self._addressed(f"{self._kind_of(binding)}s", found or {}), rest)
        if value is None:
            raise KeyError(name)
        return value

    def _addressed(self, collection: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        """A resource with `path` and `uri`, made of its id where the server did not send them."""
        out = dict(resource)
        if out.get("id"):
            out.setdefault("path", f"/{collection}/{out['id']}")
            out.setdefault("uri", f"{self.stage.target.transport.api_url}{out['path']}")
        return out

    def _participant(self, resource: Mapping[str, Any], rest: str, performer: str) -> Any:
        _, role, member = (*rest.split("."), "participantId")[:3]
        for item in resource.get("participants") or ():
            if not isinstance(item, Mapping):
                continue
            if role == "customer" and item.get("type") in {"Customer", "Client", "External"}:
                return item.get(member)
            if role != "customer":
                actor = self.actor(relative_role(performer, role))
                names = {actor.nickname, str(actor.me.get("userName")), str(actor.me.get("firstName"))}
                number = (actor.device or {}).get("phoneNumber")
                if item.get("nickname") in names or (number and item.get("phoneNumber") == number):
                    return item.get(member)
        raise Untestable(
            f"no participant {role!r} in the {', '.join(map(str, resource.get('participants') or ['list']))}"[:200]
        )

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
        level: str = "must",
        plain: bool = False,
        wait: bool = True,
        after: Callable[[Performed, int], None] | None = None,
    ) -> Performed:
        """Performs an operation as a role and waits for what it should cause. The step is recorded for the judge.

        `plain`: the example is performed from elsewhere than it was written for, so that the notifications which
        it promises (instead of the operation's own) are not owed.

        Raises:
            Untestable: the request cannot be built.
        """
        operation = self.contract.operations[operation_id]
        needs_session = operation.needs.session != "none"
        actor = self.actor(role, session=needs_session)
        self.absorb()
        if plain and example is not None:
            example = replace(example, notifications=None)
        given = dict(example.parameters if example else {})
        given.update(parameters or {})
        if case not in UNJUDGED:
            self.settle()
        find = self.lookup(role, absolute=bool(parameters) or operation.actor == role)
        request = build_request(operation, given, find, lambda name: self.path_id(operation, name, role, on))
        binding = on or operation.resource or ""
        declared = self._declare(operation, actor, role, case, example, binding, expect, label)
        number = self.stage.recorder.begin_step({**declared, "level": level, "plain": plain})
        start = self.stage.recorder.last_seq
        reply = self.send(actor, request)
        performed = Performed(reply, number)
        if wait:
            self._await(operation, example, role, start, performed, expect, request, on if plain else None)
        if after is not None:
            after(performed, start)
        self.absorb()
        self.stage.recorder.end_step({})
        self._unsettled = self._unsettled or case in UNJUDGED
        if performed.accepted and operation.operation_name in LASTING and request.path.endswith("/channels/chat"):
            undo = f"POST {request.path} CancelSupervisorMonitoring"
            self.stage.ledger.add(Entry("monitoring", actor.name, request.path, undo))
        if operation.operation_name == "EndContactCenterSession" and performed.accepted:
            self.stage.session_ended(actor)
        elif operation.operation_name == "StartContactCenterSession" and performed.accepted:
            actor.in_session = True
            self.stage.ledger.add(Entry("session", actor.name, actor.name, "POST /me EndContactCenterSession"))
        return performed

    @staticmethod
    def send(actor: Actor, request: Request, **options: Any) -> HttpReply:
        """Sends a request over the actor's HTTP session."""
        extra: dict[str, Any] = dict(options)
        if request.content is not None:
            extra["content"] = request.content
        elif request.body is not None:
            extra["json"] = request.body
        headers = {**request.headers, **extra.pop("headers", {})}
        return actor.http.request(
            request.method, request.path, params=request.params or None, headers=headers or None, **extra
        )

    def path_id(self, operation: Operation, name: str, role: str, on: str | None) -> str:
        """The id that stands for a path parameter. Raises `Untestable` when there is none."""
        parameter = next(item for item in operation.parameters_in("path") if item.name == name)
        of = on or parameter.of or operation.resource or ""
        if parameter.of == "device":
            return str(self._actor_value(role, "device.id", f"{role}.device.id"))
        identifier = self.bound(of, role)
        if identifier is None and parameter.of == "user":
            return str(self._actor_value(role, "user.id", f"{role}.user.id"))
        if identifier is None and self._kind_of(of) in {"call", "chat"}:
            identifier = self._await_binding(of, role)
        if identifier is None:
            value = self.values.get(f"{of}.id")
            if value is None:
                raise Untestable(f"{operation.id} needs the id of a {of}, and there is none")
            return str(value)
        return identifier

    def _await_binding(self, binding: str, role: str) -> str | None:
        """Waits until the actor has been told of a resource: what another actor caused may still be on its way."""
        patience = self.stage.patience
        until = time.monotonic() + patience.for_kind(f"binding {binding}")
        while (identifier := self.bound(binding, role)) is None:
            left = until - time.monotonic()
            arrived = left > 0 and self.stage.recorder.wait(
                lambda event: event.kind == "cometd.event", after=self._seen, deadline=left
            )
            if not arrived:
                patience.missed(f"binding {binding}")
                return None
            self.absorb()
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
            "features": list(self.stage.features),
            "deadline": self.stage.target.notification_deadline,
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
        return self._known.get(actor.name, set()) | ({str(device["id"])} if device.get("id") else set())

    # -- waiting ------------------------------------------------------------------------------------------------

    def _await(
        self,
        operation: Operation,
        example: Example | None,
        role: str,
        start: int,
        performed: Performed,
        expect: tuple[Statechart, State, str] | None,
        request: Request,
        shared: str | None,
    ) -> None:
        if not performed.accepted:
            return
        parties = {name: self._known.get(name, set()) for name in self.cast.values()}
        identifier = self.bound(shared, role) if shared else None
        listed = operation.notifications
        if example is not None and example.notifications is not None:
            listed = example.notifications
        for item in listed:
            name = self.cast.get(relative_role(role, item.to))
            if item.level == "may" or item.reading or item.when or name is None or not self._listens(name):
                continue
            if identifier and name != self.cast.get(role) and identifier not in parties.get(name, set()):
                continue  # performed elsewhere than on its page: this actor was never told of the resource
            values = self._expected_values(item, role, operation, request)
            if not self._await_event(name, item, start, values):
                break
        if expect is not None:
            self.await_state(*expect, after=start)

    def _listens(self, name: str) -> bool:
        return any(actor.name == name and actor.cometd is not None for actor in self.stage.opened())

    def _expected_values(self, item: Notification, role: str, operation: Operation, request: Request) -> dict[str, Any]:
        """The documented values of a notification, as far as they can be known."""
        find = self.lookup(role, absolute=operation.actor == role)

        def known(name: str) -> Any:
            if not name.startswith("request."):
                return find(name)
            value = value_at(request.body, name.removeprefix("request."))
            if value is None:
                raise KeyError(name)
            return value

        out = {}
        for path, value in item.values.items():
            try:
                out[path] = resolve(value, known)
            except (KeyError, Untestable):
                continue  # not part of this request: nothing is expected of it
        return out

    def _await_event(self, name: str, expected: Notification, start: int, values: Mapping[str, Any]) -> bool:
        """Waits for one notification; False when an asynchronous error makes further waiting pointless."""
        failed = False

        def wanted(event: Event) -> bool:
            nonlocal failed
            if event.kind != "cometd.event":
                return False
            data = event.payload.get("data")
            if isinstance(data, Mapping) and expected.message_type not in ERRORS:
                failed = data.get("messageType") in ERRORS or data.get("notificationType") == "Error"
            same = event.actor == name and same_kind(expected, data) and not values_differ(values, data)
            return failed or same

        patience = self.stage.patience
        found = self.stage.recorder.wait(wanted, after=start, deadline=patience.for_kind(expected.label()))
        if found is None:
            patience.missed(expected.label())
        else:
            patience.came(expected.label())
        return not failed

    def await_state(self, chart: Statechart, state: State, role: str, *, after: int = 0) -> bool:
        """Waits until the resource that a role sees under the chart's binding is in the state."""
        key = f"{chart.name}:{state.name}"
        until = time.monotonic() + self.stage.patience.for_kind(key)
        seq = max(after, 0)
        while True:
            resource = self.resource(chart.binds, role)
            if matches(state.where, resource or {}):
                self.stage.patience.came(key)
                return True
            seq = self.stage.recorder.last_seq if seq == 0 else seq
            left = until - time.monotonic()
            if left <= 0:
                self.stage.patience.missed(key)
                return False
            event = self.stage.recorder.wait(lambda item: item.kind == "cometd.event", after=self._seen, deadline=left)
            if event is None and time.monotonic() >= until:
                self.stage.patience.missed(key)
                return False

    def settle(self) -> None:
        """Before the first judged step after preparations: lets the notifications that these caused arrive."""
        if self._unsettled:
            self.quiet()
        self._unsettled = False

    def quiet(self) -> None:
        """Listens until nothing has come for the configured grace, so that what must not come has the time to."""
        grace, recorder = self.stage.target.grace, self.stage.recorder
        until = time.monotonic() + MAXIMUM_GRACES * grace
        while grace > 0 and time.monotonic() < until:
            last = recorder.last_seq
            if recorder.wait(lambda event: event.kind == "cometd.event", after=last, deadline=grace) is None:
                break
        self.absorb()

    # -- moving through charts ----------------------------------------------------------------------------------

    def move(
        self, transition: Transition, *, case: str = "setup", label: str = "", level: str = "must"
    ) -> Performed | None:
        """Carries out one transition of a chart. None for a stimulus or a customer's act.

        Raises:
            Untestable: it cannot be carried out.
        """
        chart = self.contract.statecharts[transition.chart]
        state = chart.states[transition.target]
        self._binding = chart.binds  # new resources are bound to this name, also when they are told of late
        if ":" in transition.by:
            self._provoke(transition, (chart, state, chart.owner), case, label, level)
            return None
        operation = self.contract.operations[transition.by]
        example = operation.examples[0] if operation.examples and not transition.parameters else None
        on = transition.on or (chart.binds if operation.resource == chart.resource else None)
        return self.perform(
            transition.by,
            role=transition.actor,
            case=case,
            example=example,
            parameters=transition.parameters,
            on=on,
            expect=(chart, state, chart.owner),
            label=label,
            level=level,
            plain=True,
        )

    def _provoke(
        self, transition: Transition, expect: tuple[Statechart, State, str], case: str, label: str, level: str
    ) -> None:
        """A stimulus, or a customer's request, and what should come of it."""
        kind, _, name = transition.by.partition(":")
        chart, state, owner = expect
        parameters = self._resolved(transition.parameters)
        declared = {
            "operation": "",
            "case": "stimulus" if case == "setup" else case,
            "label": label,
            "performer": kind,
            "level": level,
            "features": list(self.stage.features),
            "expect": {
                "chart": chart.name,
                "state": state.name,
                "actor": self.cast.get(owner),
                "id": None,
                "moved": not matches(state.where, self.resource(chart.binds, owner) or {}),
            },
        }
        if case not in UNJUDGED:
            self.settle()
        self.stage.recorder.begin_step(declared)
        try:
            if kind == "customer":
                self._customer(name, parameters)
            else:
                self.stage.stimulate(name, parameters)
            self.await_state(chart, state, owner)
        finally:
            self.stage.recorder.end_step({})
        self._unsettled = self._unsettled or case in UNJUDGED

    def _resolved(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return dict(resolve(parameters, self.lookup("self", absolute=True)))
        except KeyError as error:
            raise Untestable(f"{error.args[0]} is not known in this scenario") from None

    def _customer(self, name: str, parameters: Mapping[str, Any]) -> None:
        if name == "RequestChat":
            body = {"nickname": "customer", "subject": "conformance", **parameters, "operationName": name}
            if self.stage.target.chat_queue:
                body.setdefault("endpoint", self.stage.target.chat_queue)
            reply = self.stage.customer_request("POST", "/chats", body)
            self.values["customer.chat.id"] = str(reply.get("id", ""))
            return
        identifier = self.values.get("customer.chat.id")
        if not identifier:
            raise Untestable(f"the customer has no chat to {name} in")
        self.stage.customer_request("POST", f"/chats/{identifier}", {**parameters, "operationName": name})

    def reach(self, chart_name: str, state_name: str) -> None:
        """Brings the resource of a chart to a state by the shortest way, by acting.

        Raises:
            Untestable: a step on the way was refused or did not have its effect; names the step.
        """
        chart = self.contract.statecharts[chart_name]
        self.stage.require_features(chart.features)
        if chart.resource == "device" and state_name in chart.states:
            device = self.resource(chart.binds, chart.owner)
            if device is not None and matches(chart.states[state_name].where, device):
                return
        if chart.base is not None:
            self.reach(*chart.base)
        try:
            way = chart.path(state_name)
        except KeyError as error:
            raise Untestable(str(error.args[0])) from None
        for transition in way:
            current = self.resource(chart.binds, chart.owner)
            target = chart.states[transition.target]
            settled = transition.source == "start" and chart.resource == "device" and current is not None
            if settled and matches(target.where, current):
                continue
            performed = self.move(transition)
            after = self.resource(chart.binds, chart.owner) or {}
            if performed is not None and not performed.accepted:
                raise Untestable(
                    f"{state_name} of chart {chart_name} was not reached: {transition} was refused: "
                    f"{performed.describe()}"
                )
            if not matches(target.where, after):
                seen = {path: value_at(after, path) for path in target.where}
                raise Untestable(
                    f"{state_name} of chart {chart_name} was not reached: after {transition} the resource shows {seen}"[
                        :400
                    ]
                )

    def charts_for(self, kinds: Sequence[str] = TRACKED) -> list[Statechart]:
        """The charts of the tracked resources."""
        return [chart for chart in self.contract.statecharts.values() if chart.resource in kinds]
