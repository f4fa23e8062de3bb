"""Several people on calls: what the scenarios of the Voice API do with more than one call and more than two parties.
Nothing here judges."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from conformance.contract import matches
from conformance.driver.outcomes import Untestable
from conformance.driver.probes import ask, resource_with, wait_for
from conformance.driver.scene import Performed, Scene

_LOOKS = itertools.count(1)


def gather(scene: Scene, *roles: str) -> None:
    """Brings roles on stage, listening and in a session, and lets what their coming causes arrive."""
    for role in roles:
        scene.actor(role)
    scene.settle()


def know_devices(scene: Scene, *roles: str) -> None:
    """Has each role read its devices, so that the timeline tells whose number and whose device is whose."""
    for role in roles:
        ask(scene, "voice.ListDevices", {"fields": "*"}, role=role, case="probe", label=f"devices of {role}")


def live(scene: Scene, role: str, binding: str = "call", **where: Any) -> str:
    """Binds the newest call of a role that is not released and has these values; waits for it to be told.

    Raises:
        Untestable: the role was told of no such call in time.
    """
    start = scene.stage.recorder.last_seq
    found = _find(scene, role, where)
    if found is None:
        wait_for(scene, role, f"call {sorted(where)}", lambda _: _find(scene, role, where) is not None, start)
        found = _find(scene, role, where)
    if found is None:
        raise Untestable(f"{role} was told of no call that is {where or 'live'}")
    scene.bindings[(role, binding)] = found
    return found


def _find(scene: Scene, role: str, where: Mapping[str, Any]) -> str | None:
    scene.absorb()
    calls = scene.actor(role, session=False).resources["call"]
    for identifier, call in reversed(calls.items()):
        if call.get("state") != "Released" and matches(where, call):
            return str(identifier)
    return None


def act(scene: Scene, role: str, name: str, *, on: str = "call", label: str = "", **given: Any) -> Performed:
    """An operation on a call that is judged by its page, though it is performed elsewhere than there."""
    return scene.perform(
        f"voice.{name}",
        role=role,
        case="positive",
        parameters=given,
        on=on,
        label=label or f"{role} {name}",
        plain=True,
    )


def ring(scene: Scene, caller: str, called: str, *, label: str = "", **given: Any) -> None:
    """One role calls another and both have the call, bound as `call`."""
    number = {"phoneNumber": f"${{{called}.phoneNumber}}"}
    scene.perform(
        "voice.Dial",
        role=caller,
        case="positive",
        parameters={"destination": number, **given},
        label=label or f"{caller} dials {called}",
        plain=True,
    )
    live(scene, caller, state="Dialing")
    live(scene, called, state="Ringing")


def connect(scene: Scene, caller: str, called: str, *, label: str = "", **given: Any) -> None:
    """One role calls another, who answers."""
    ring(scene, caller, called, label=label, **given)
    pick_up(scene, called, caller, label=f"{label or called} answers")


def pick_up(scene: Scene, called: str, *others: str, label: str = "") -> None:
    """A role answers the call that rings at it; others are told that it is established."""
    live(scene, called, state="Ringing")
    act(scene, called, "Answer", label=label or f"{called} answers")
    for role in (called, *others):
        until(scene, role, state="Established")


def until(scene: Scene, role: str, binding: str = "call", **where: Any) -> None:
    """Waits until the newest that a role was told of a call has these values (dotted names; None: absent)."""

    def there(_: Mapping[str, Any] | None = None) -> bool:
        return matches(where, scene.resource(binding, role) or {})

    if not there():
        wait_for(scene, role, f"call with {sorted(where)}", there, scene.stage.recorder.last_seq)


def told_released(scene: Scene, role: str, identifier: str) -> None:
    """Waits until a role has been told that a call is over."""
    wait_for(scene, role, "released call", resource_with("call", {"id": identifier, "state": "Released"}))


def look(scene: Scene, *roles: str, label: str) -> None:
    """Has each role read its calls at the same moment, when nothing is on its way any more."""
    scene.quiet()
    number = next(_LOOKS)
    for role in roles:
        own = (scene.actor(role, session=False).device or {}).get("phoneNumber")
        info = {"look": number, "number": own}
        ask(scene, "voice.ListCalls", {"fields": "*"}, role=role, case="probe", label=f"{label}: {role}", info=info)
