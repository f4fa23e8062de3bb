"""Operations that a deployment keeps for administrators: who plays then."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.outcomes import Untestable
from conformance.driver.probes import ask
from conformance.driver.rights import hand_over
from conformance.driver.scene import Performed, Scene
from tests.driver.driver_support import TARGET, QuietStage, scene

ADMIN = TARGET + '[users.admin]\nuser_name = "admin1"\npassword = "secret-admin"\n'
CAST = {"self": "agent", "second": "second_agent", "admin": "admin"}
GIVEN = {"name": "a", "phoneNumber": "1"}


def refused(code: int, text: str = ADMIN) -> tuple[Scene, Performed]:
    """A contact that an agent is not allowed to create."""
    answer: dict[str, Any] = {"statusCode": code, "statusMessage": "no"}
    stage = QuietStage(lambda *_: answer, text=text)
    told = scene(stage, CAST)
    stage.http["agent"].actor = "agent"
    return told, ask(told, "contacts.Create", GIVEN)


@pytest.mark.parametrize("code", [3, 5])
def test_an_administrator_takes_over_where_a_reading_has_the_refusal(code: int) -> None:
    told, performed = refused(code)
    assert hand_over(told, "contacts.Create", performed)
    assert told.cast["self"] == "admin"


@pytest.mark.parametrize(("operation", "code"), [("contacts.Create", 1), ("contacts.Create", 0), ("contacts.List", 5)])
def test_other_answers_change_nobody(operation: str, code: int) -> None:
    told, performed = refused(code)
    assert not hand_over(told, operation, performed)
    assert told.cast["self"] == "agent"


def test_without_an_administrator_it_is_untestable_and_says_why() -> None:
    told, performed = refused(5, TARGET)
    with pytest.raises(Untestable, match=r"contacts.permissions/agents-read allows.*users\.admin"):
        hand_over(told, "contacts.Create", performed)
