"""What a handshake is answered, as Bayeux 1.0 obliges a server and as CometD for Java 3.1 does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.simulator.bayeux_support import CALLS, HANDSHAKE, Served, Socket


def test_handshake_reply(served: Served) -> None:
    reply = served.client().send("/meta/handshake", **HANDSHAKE)[0]
    assert reply.pop("clientId")
    assert reply == {
        "id": "1",
        "channel": "/meta/handshake",
        "successful": True,
        "version": "1.0",
        "minimumVersion": "1.0",
        "supportedConnectionTypes": ["websocket", "long-polling"],
        "advice": {"reconnect": "retry", "interval": 0, "timeout": 20000},
    }


def test_client_ids_are_random_and_unique(served: Served) -> None:
    ids = {served.client().handshake()["clientId"] for _ in range(20)}
    assert len(ids) == 20
    assert all(len(client_id) == 32 and client_id.isalnum() for client_id in ids)
    # Random in every place: no character stands still.
    assert all(len({client_id[place] for client_id in ids}) > 1 for place in range(32))


@pytest.mark.parametrize("offered", [["callback-polling"], [], None, "long-polling", [{"a": 1}]])
def test_handshake_without_a_shared_transport_fails(served: Served, offered: Any) -> None:
    reply = served.client().handshake(supportedConnectionTypes=offered)
    assert reply["successful"] is False
    assert "clientId" not in reply
    assert reply["error"].startswith("403::")
    assert reply["advice"] == {"reconnect": "none"}
    assert reply["version"] == "1.0"


@pytest.mark.parametrize(("minimum", "successful"), [("1.0", True), ("0.9", True), ("2.0", False)])
def test_handshake_minimum_version(served: Served, minimum: str, successful: bool) -> None:
    assert served.client().handshake(minimumVersion=minimum)["successful"] is successful


def test_handshake_makes_the_rest_of_its_request_ignored(served: Served) -> None:
    client = served.client().start()
    other = client.message("/meta/subscribe", subscription=CALLS)
    replies = client.post(other, client.message("/meta/handshake", **HANDSHAKE)).json()
    assert [reply["channel"] for reply in replies] == ["/meta/handshake"]
    assert served.publish(1) == 0


def test_websocket_is_not_offered_when_it_is_off(make: Callable[..., Served]) -> None:
    served = make(transports=("long-polling",))
    assert served.client().handshake()["supportedConnectionTypes"] == ["long-polling"]
    with pytest.raises(InvalidStatus):
        Socket(served)
