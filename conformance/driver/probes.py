"""What scenarios of their own need beside the plays: single requests with their own headers and sessions, operations
that must be refused, provoked deployments. Nothing here judges."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from conformance.contract import Operation
from conformance.contract.loader import value_at
from conformance.contract.matching import relative_role, resources_in, same_kind
from conformance.driver.intents import noting
from conformance.driver.ledger import Entry
from conformance.driver.outcomes import Untestable
from conformance.driver.plays import await_error
from conformance.driver.requests import build_request
from conformance.driver.scene import Performed, Scene, session_for
from conformance.driver.stimuli import unbound
from conformance.wire.cometd import CometdError, CometdSession
from conformance.wire.http import HttpReply, HttpSession
from conformance.wire.recorder import Event


def ask(
    scene: Scene,
    operation_id: str,
    given: Mapping[str, Any] | None = None,
    *,
    role: str = "self",
    case: str = "positive",
    label: str = "",
    negative: str | None = None,
    http: HttpSession | None = None,
    on: str | None = None,
    listen: bool = False,
    info: Mapping[str, Any] | None = None,
    **options: Any,
) -> Performed:
    """One request of an operation, recorded as a step. With `listen` the step lasts until the documented notifications
    have come and nothing follows them, otherwise nothing is waited for.

    `http`: another HTTP session than the role's own; `options` go to `HttpSession.request` (auth, cookies, headers,
    csrf), where `method` and `path` replace the operation's own; `info` is added to the step's own. With
    `case="refusal"`, `negative` names the entry of schemas/negatives.yaml that says how it is refused.

    Raises:
        Untestable: the request cannot be built.
    """
    operation = scene.contract.operations[operation_id]
    needs_session = False if role in {"admin", "customer"} else session_for(operation.needs)
    session = http or scene.actor(role, session=needs_session).http
    request = build_request(
        operation,
        dict(given or {}),
        scene.lookup(role, absolute=True),
        lambda name: scene.path_id(operation, name, role, on),
    )
    method, path = str(options.pop("method", request.method)), str(options.pop("path", request.path))
    scene.stage.require_safe(method, operation.hazard == "read" and method == operation.method)
    if case != "setup":
        scene.settle()
    number = scene.stage.recorder.begin_step(
        {
            "operation": operation_id,
            "case": case,
            "label": label or negative or "",
            "negative": negative,
            "performer": session.actor,
            "role": role,
            "features": list(scene.stage.features),
            **(info or {}),
        }
    )
    headers = {**request.headers, **options.pop("headers", {})}
    extra: dict[str, Any] = dict(options)
    if request.content is not None:
        extra["content"] = request.content
    elif request.body is not None:
        extra["json"] = request.body
    start = scene.stage.recorder.last_seq

    def send() -> HttpReply:
        return session.request(method, path, params=request.params or None, headers=headers or None, **extra)

    reply = noting(scene.stage, session.actor, method, path, request.body, send)
    performed = Performed(reply, number)
    if listen:
        _listen(scene, operation, role, performed, start)
    scene.absorb()
    scene.stage.recorder.end_step({})
    return performed


def _listen(scene: Scene, operation: Operation, role: str, performed: Performed, start: int) -> None:
    for item in operation.notifications if performed.accepted else ():
        to = relative_role(role, item.to)
        if item.level != "may" and not item.reading and not item.when and to in scene.roles():
            wait_for(scene, to, item.label(), partial(same_kind, item), start)
    scene.quiet()


def refuse(
    scene: Scene, negative: str, operation_id: str, given: Mapping[str, Any] | None = None, **how: Any
) -> Performed:
    """A request that must be refused as the named entry of schemas/negatives.yaml says; see `ask`."""
    return ask(scene, operation_id, given, case="refusal", negative=negative, **how)


def attempt(
    scene: Scene,
    operation_id: str,
    given: Mapping[str, Any] | None = None,
    *,
    role: str = "self",
    on: str | None = None,
    label: str = "",
) -> Performed:
    """An operation that must be refused, at once or by an error over CometD."""
    return scene.perform(
        operation_id,
        role=role,
        case="withheld",
        parameters=given or {},
        on=on,
        label=label or operation_id.partition(".")[2],
        wait=False,
        after=lambda done, start: await_error(scene, done, start),
    )


def wait_for(scene: Scene, role: str, kind: str, wanted: Callable[[Mapping[str, Any]], bool], after: int = 0) -> bool:
    """Waits until a role, or an actor of that name, has been told something; False when it did not come in time.

    `kind` is a few words for the patience that scenarios share; `wanted` looks at a notification's `data`.
    """
    name, patience = scene.cast.get(role, role), scene.stage.patience

    def fits(event: Event) -> bool:
        data = event.payload.get("data") if event.kind == "cometd.event" and event.actor == name else None
        return isinstance(data, Mapping) and wanted(data)

    found = scene.stage.recorder.wait(fits, after=after, deadline=patience.for_kind(kind))
    if found is None:
        patience.missed(kind)
    else:
        patience.came(kind)
    scene.absorb()
    return found is not None


def resource_with(resource: str, values: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bool]:
    """A test for `wait_for`: the notification carries a resource of this kind with these values at dotted paths."""

    def fits(data: Mapping[str, Any]) -> bool:
        return any(
            all(value_at(item, path) == value for path, value in values.items())
            for item in resources_in(data, resource)
        )

    return fits


def provoke(scene: Scene, name: str, parameters: Mapping[str, Any], back: Mapping[str, Any]) -> None:
    """Provokes a change of the deployment, recorded as a step, and notes in the ledger that `back` undoes it.

    Raises:
        Untestable: the target file binds nothing to the stimulus, or it failed.
    """
    stage = scene.stage
    stage.require_hazard("state", "a stimulus")
    if name not in stage.target.stimuli:
        raise Untestable(unbound(name))
    entry = Entry("stimulus", "stimulus", f"{name} {json.dumps(parameters)}", f"{name} {json.dumps(back)}")
    stage.ledger.add(entry)
    scene.settle()
    start = _begin_stimulus(scene, name)
    try:
        stage.stimulate(name, parameters)
        _await_service(scene, name, parameters, start)
    finally:
        stage.recorder.end_step({})


def take_back(scene: Scene) -> None:
    """Takes back, in a step of their own, the changes of the deployment that were provoked.

    Raises:
        Untestable: a stimulus failed; what follows would be judged on a deployment that is not as it should be.
    """
    stage = scene.stage
    start = _begin_stimulus(scene, "take back")
    try:
        for entry in stage.ledger.open_entries("stimulus"):
            name, _, back = entry.undo.partition(" ")
            stage.stimulate(name, json.loads(back))
            stage.ledger.done(entry.kind, entry.actor, entry.id)
            _await_service(scene, name, json.loads(back), start)
    finally:
        stage.recorder.end_step({})


def _begin_stimulus(scene: Scene, label: str) -> int:
    recorder = scene.stage.recorder
    recorder.begin_step({"operation": "", "case": "stimulus", "performer": "stimulus", "label": label})
    return recorder.last_seq


def _await_service(scene: Scene, name: str, parameters: Mapping[str, Any], start: int) -> None:
    """After a service was stopped or started, waits until the actor in the middle has been told."""
    if name == "service-state" and "self" in scene.roles():
        wait_for(scene, "self", "service state", resource_with("service", dict(parameters)), start)


@contextmanager
def own_session(scene: Scene, role: str = "self") -> Iterator[HttpSession]:
    """Another HTTP session of the same user, with cookies of its own; in the timeline its name ends with `+2`.

    Raises:
        Untestable: the target has no such user.
    """
    name = scene.cast.get(role, role)
    user = scene.stage.target.users.get(name)
    if user is None:
        raise Untestable(f"the target file names no user {name!r} (add [users.{name}])")
    session = HttpSession(scene.stage.target.transport, user.credentials, scene.stage.recorder, actor=f"{name}+2")
    try:
        yield session
    finally:
        session.close()


@contextmanager
def own_cometd(scene: Scene, channels: list[str], role: str = "self") -> Iterator[CometdSession]:
    """Another CometD session of the same user, in an HTTP session of its own, subscribed to `channels`.

    Raises:
        Untestable: it cannot be opened.
    """
    with own_session(scene, role) as http:
        http.request("GET", "/me", purpose="auth")
        session = CometdSession(http)
        try:
            session.open(channels, scene.stage.target.transport.timeout)
        except CometdError as error:
            raise Untestable(f"no further CometD session for {http.actor}: {error}") from error
        try:
            yield session
        finally:
            session.close()


def drop(session: CometdSession, channel: str) -> None:
    """Unsubscribes from a channel.

    Raises:
        Untestable: the server refuses that.
    """
    try:
        session.unsubscribe([channel])
    except CometdError as error:
        raise Untestable(f"no unsubscribe from {channel}: {error}") from error
