"""What a state offers, and when each offer is performed."""

from __future__ import annotations

from conformance.driver.offers import Offer, offered_in, plan, stays
from tests.driver.driver_support import CONTRACT

CALL = CONTRACT.statecharts["call"]


def names(offers: tuple[Offer, ...] | list[Offer]) -> list[str]:
    """The operations' names."""
    return [item.operation.name for item in offers]


def test_what_only_samples_show_is_an_offer() -> None:
    """A transition of level `may` is not played: the offer has to be performed, as that transition says."""
    found = {item.operation.name: item for item in offered_in(CONTRACT, CALL, "Held")}
    assert set(found) == {"InitiateConference", "InitiateTransfer", "SingleStepConference"}
    way = found["InitiateConference"].transition
    assert way is not None
    assert (way.level, way.parameters) == ("may", {"destination": {"phoneNumber": "${free.phoneNumber}"}})
    assert not found["InitiateConference"].owes


def test_what_a_transition_performs_is_none() -> None:
    """Retrieve and Hangup are played as transitions from Held; Established has the way out by InitiateTransfer alone in
    its page's example."""
    assert not {"Retrieve", "Hangup"} & set(names(offered_in(CONTRACT, CALL, "Held")))
    offer = next(
        item for item in offered_in(CONTRACT, CALL, "Established") if item.operation.name == "InitiateTransfer"
    )
    assert offer.transition is None
    assert offer.owes


def test_a_chart_without_capabilities_offers_nothing() -> None:
    """Agent states are not governed by capabilities."""
    assert offered_in(CONTRACT, CONTRACT.statecharts["agent-state"], "Ready") == []


def test_the_order_of_a_visit() -> None:
    """What can be undone comes first, then who is brought in, at last what ends the visit; the rest stands alone."""
    planned = plan(CONTRACT, CONTRACT.statecharts["monitored-call"], "ListeningIn")
    assert names(planned.returning) == ["Hold", "InitiateConference", "InitiateTransfer", "SingleStepConference"]
    assert names(planned.leaving)[4:] == ["RemoveParticipantFromConference"]
    assert names(planned.alone) == ["SingleStepTransfer"]
    assert "AttachUserData" in names(planned.staying)
    assert set(names(planned.all)) == set(
        names(offered_in(CONTRACT, CONTRACT.statecharts["monitored-call"], "ListeningIn"))
    )


def test_a_device_always_comes_back() -> None:
    """The ways of a device's chart lead back from wherever an offer led: no scenario of its own is needed."""
    planned = plan(CONTRACT, CONTRACT.statecharts["monitoring"], "Coach")
    assert names(planned.returning) == ["ListenIn", "Coach", "BargeIn"]
    assert planned.alone == ()


def test_who_stays() -> None:
    """User data change nothing of a state, whichever chart begins with them; Hold does."""
    assert stays(CONTRACT, CONTRACT.operations["voice.AttachUserData"])
    assert not stays(CONTRACT, CONTRACT.operations["voice.Hold"])
    assert not stays(CONTRACT, CONTRACT.operations["voice.InitiateTransfer"])
