"""Voice notifications as a CometD client receives them."""

from __future__ import annotations

from typing import Any

from tests.simulator.voice_support import Actor, Bench

URL = "/api/v2/notifications"


def bayeux(actor: Actor, **message: Any) -> list[dict[str, Any]]:
    """Send one Bayeux message, give what comes back."""
    response = actor.bench.client.post(URL, json=[message], auth=(actor.name, actor.password))
    assert response.status_code == 200, response.text
    answer: list[dict[str, Any]] = response.json()
    return answer


def subscribed(actor: Actor, channel: str) -> str:
    """A Bayeux session of the actor that listens to the channel; gives its client id."""
    types = ["long-polling"]
    (hello,) = bayeux(actor, channel="/meta/handshake", version="1.0", supportedConnectionTypes=types, id="1")
    client_id: str = hello["clientId"]
    (reply,) = bayeux(actor, channel="/meta/subscribe", clientId=client_id, subscription=channel, id="2")
    assert reply["successful"]
    return client_id


def received(actor: Actor, client_id: str) -> list[dict[str, Any]]:
    """What waits for the session."""
    advice = {"timeout": 0}
    messages = bayeux(
        actor, channel="/meta/connect", clientId=client_id, connectionType="long-polling", id="3", advice=advice
    )
    return [message for message in messages if not message["channel"].startswith("/meta/")]


def test_each_agent_receives_her_own_view_of_the_call() -> None:
    bench = Bench()
    one, two, three = bench.agents[:3]
    clients = {actor.name: subscribed(actor, "/v2/me/*") for actor in (one, two, three)}
    for actor in (one, two, three):
        received(actor, clients[actor.name])
    call = one.dial(two.number)
    (dialing,) = received(one, clients[one.name])
    (ringing,) = received(two, clients[two.name])
    assert received(three, clients[three.name]) == []
    assert dialing["channel"] == ringing["channel"] == "/v2/me/calls"
    assert (dialing["data"]["call"]["state"], ringing["data"]["call"]["state"]) == ("Dialing", "Ringing")
    assert dialing["data"]["call"]["id"] == ringing["data"]["call"]["id"] == call
    assert dialing["data"]["phoneNumber"] == one.number
    two.state("Ready")
    (device,) = received(two, clients[two.name])
    assert device["channel"] == "/v2/me/devices"
    assert device["data"]["messageType"] == "DeviceStateChangeMessage"
