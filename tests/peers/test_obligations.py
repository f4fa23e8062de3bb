"""The bundled server keeps every obligation of Bayeux 1.0, seen from raw requests and frames; a faulty one is unmasked.

No package of Node is needed here.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.peers.bench import BrokenError, bench_at
from tests.peers.deployment import Deployment
from tests.peers.obligations import HTTP, NOT_PROBED, NUMBERS, OBLIGATIONS, Faulty, Obligation
from tests.peers.relay import relayed

PATIENT, IMPATIENT = 5.0, 0.3
WIRE_TESTS = Path(__file__).parents[1] / "wire"

KEPT = [
    pytest.param(obligation, transport, id=f"{obligation}-{transport}")
    for obligation in OBLIGATIONS
    for transport in obligation.transports
]
UNMASKED = [
    pytest.param(obligation, faulty, transport, id=f"{obligation}-{transport}-{faulty.name}")
    for obligation in OBLIGATIONS
    for faulty in obligation.faulty
    for transport in obligation.transports
    if transport in faulty.transports and (isinstance(faulty.how, str) or transport == HTTP)
]


@pytest.mark.parametrize(("obligation", "transport"), KEPT)
def test_obligation(gws: Deployment, obligation: Obligation, transport: str) -> None:
    with bench_at(gws, gws.notifications, transport, PATIENT) as bench:
        obligation.probe(bench)


@pytest.mark.parametrize(("obligation", "faulty", "transport"), UNMASKED)
def test_obligation_can_be_broken(gws: Deployment, obligation: Obligation, faulty: Faulty, transport: str) -> None:
    with ExitStack() as stack:
        url = gws.notifications
        if isinstance(faulty.how, str):
            gws.control("faults", on=[faulty.how])
        else:
            relay = stack.enter_context(relayed(gws.base_url, faulty.how()))
            url = relay.url + gws.notifications.removeprefix(gws.base_url)
        bench = stack.enter_context(bench_at(gws, url, transport, IMPATIENT))
        with pytest.raises(BrokenError, match=re.escape(faulty.says)):
            obligation.probe(bench)


def test_every_obligation_is_probed_or_says_why_not() -> None:
    probed = [obligation.number for obligation in OBLIGATIONS]
    assert sorted([*probed, *NOT_PROBED]) == list(NUMBERS)
    assert all(len(reason) > 20 for reason in NOT_PROBED.values())


def test_every_obligation_has_been_seen_to_fail() -> None:
    assert [str(obligation) for obligation in OBLIGATIONS if not obligation.faulty] == []


def test_every_obligation_of_the_client_has_a_test_of_ours() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(WIRE_TESTS.glob("test_*.py")))
    for obligation in OBLIGATIONS:
        assert ("C" in obligation.owed_by) == bool(obligation.ours), obligation
        assert not obligation.ours or f"def {obligation.ours}(" in text, obligation
