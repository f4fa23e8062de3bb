"""Who may perform what the documents let a deployment keep for administrators (`refuses` of a reading)."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.contract import Operation
from conformance.driver.outcomes import Untestable
from conformance.driver.plays import note_created, performer, prepare
from conformance.driver.scene import Performed, Scene


def hand_over(scene: Scene, operation: str, performed: Performed, role: str = "self") -> bool:
    """After a refusal that an allowed reading has for the role, an administrator plays it in the rest of the scenario;
    whether that is so.

    Raises:
        Untestable: the target file names no administrator.
    """
    name = scene.cast.get(role, "")
    user = scene.stage.target.users.get(name)
    body = performed.reply.json if isinstance(performed.reply.json, Mapping) else {}
    kind = user.role if user is not None else "agent"
    reading = scene.contract.refused_by(operation, kind, performed.reply.status, body.get("statusCode"))
    if reading is None or kind == "admin":
        return False
    admin = scene.cast.get("admin", "")
    if admin not in scene.stage.target.users:
        raise Untestable(
            f"{operation} is refused to {name}, as the reading {reading} allows, and the target file names nobody who "
            "may do it (add [users.admin])"
        )
    scene.stage.recorder.record("note", {"operation": operation, "text": f"{reading}: {admin} plays for {name}"})
    scene.cast[role] = admin
    return True


def find_performer(scene: Scene, operation: Operation) -> None:
    """Performs a sound request of an operation that may be kept for administrators, so that the refusals after it
    are those of their own causes; see `hand_over`.

    Raises:
        NotApplicable, Untestable: see `plays.prepare` and `hand_over`.
    """
    example = operation.examples[0] if operation.examples else None
    role = performer(operation)
    user = scene.stage.target.users.get(scene.cast.get(role, ""))
    if example is None or user is None or not scene.contract.may_be_refused(operation.id, user.role):
        return
    prepare(scene, operation, example)
    performed = scene.perform(operation.id, role=role, case="positive", example=example, label="sound")
    if performed.accepted:
        note_created(scene, operation, role, performed)
    else:
        hand_over(scene, operation.id, performed, role)
