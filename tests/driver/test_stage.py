"""The stage: patience that runs out in bounded time, features, hazards, stimuli, what customers send."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.driver.outcomes import NotApplicable
from conformance.driver.stage import PATIENT_MISSES, Patience
from tests.driver.driver_support import CONTRACT, QuietStage


def test_patience_runs_out_by_kind() -> None:
    """After a few misses of one kind the wait for it is short; other kinds still get their time."""
    patience = Patience(1.0)
    for _ in range(PATIENT_MISSES):
        assert patience.for_kind("Held") == 1.0
        patience.missed("Held")
    assert patience.for_kind("Held") == pytest.approx(0.02)
    assert patience.for_kind("Ringing") == 1.0


def test_patience_runs_out_for_all() -> None:
    """A server that never notifies is not waited for again and again, whatever it is to notify."""
    patience = Patience(1.0)
    for number in range(3 * PATIENT_MISSES):
        patience.missed(f"kind {number}")
    assert patience.for_kind("another") == pytest.approx(0.02)


def test_patience_comes_back() -> None:
    """Once something of a kind came, the deadline is the whole one again."""
    patience = Patience(1.0)
    for _ in range(10):
        patience.missed("Held")
    patience.came("Held")
    assert patience.for_kind("Held") == 1.0


def test_either_reading_of_what_opens_the_chats_may_skip_them() -> None:
    """By one reading chats need api-multimedia-chat, by the other api-multimedia: without either they may be absent."""
    stage = QuietStage()
    monitor, chart = CONTRACT.operations["chat.Monitor"], CONTRACT.statecharts["chat"]
    dial = CONTRACT.operations["voice.Dial"]
    every = stage.features
    stage.require_features_of(monitor, chart, dial)
    stage.features = tuple(name for name in every if name != "api-multimedia-chat")
    for item in (monitor, chart):
        with pytest.raises(NotApplicable, match=r"api-multimedia-chat \(by chat\.feature-name/chat\)"):
            stage.require_features_of(dial, item)
    stage.features = tuple(name for name in every if name != "api-multimedia")
    with pytest.raises(NotApplicable, match=r"api-multimedia \(by chat\.feature-name/general\)"):
        stage.require_features_of(chart)
    assert stage.lacks(monitor) == ["api-multimedia"]
    assert stage.lacks(dial) == []


def test_the_time_lost_is_bounded() -> None:
    """A thousand notifications that never come cost a few deadlines, not a thousand."""
    patience, lost = Patience(1.0), 0.0
    for number in range(1000):
        kind = f"kind {number % 50}"
        lost += patience.for_kind(kind)
        patience.missed(kind)
    assert lost < 1.0 * (3 * PATIENT_MISSES + 1) + 1000 * 0.02


def test_what_is_not_there_is_skipped() -> None:
    """Features that are missing and hazards that are not allowed end a scenario without blame."""
    stage = QuietStage()
    stage.features = ("api-voice",)
    stage.require_features(("api-voice",))
    stage.require_hazard("state")
    with pytest.raises(NotApplicable, match="does not have the feature api-multimedia"):
        stage.require_features(("api-voice", "api-multimedia"))
    stage.require_any_feature(())
    stage.require_any_feature(("api-multimedia", "api-voice"))
    with pytest.raises(NotApplicable, match="none of the features api-multimedia, api-ucs-voice"):
        stage.require_any_feature(("api-multimedia", "api-ucs-voice"))
    with pytest.raises(NotApplicable, match=r"hazard 'deletes' \(add it to hazards.allow\)"):
        stage.require_hazard("deletes")


def test_a_customer_has_no_credentials() -> None:
    """A customer's request names the contact center and nothing of an agent."""
    stage = QuietStage()
    asked: list[dict[str, Any]] = []
    customer = stage.customer()

    def request(method: str, path: str, **options: Any) -> Any:
        asked.append({"method": method, "path": path, **options})
        from tests.driver.driver_support import FakeHttp

        return FakeHttp(lambda *_: {"statusCode": 0, "id": "C-1"}).request(method, path)

    customer.http.close()
    customer.http.request = request  # type: ignore[method-assign]
    assert stage.customer_request("POST", "/chats", {"operationName": "RequestChat"})["id"] == "C-1"
    assert asked[0]["headers"] == {"ContactCenterId": "cc-1"}
    assert asked[0]["auth"] == "none"
    assert asked[0]["csrf"] is False
