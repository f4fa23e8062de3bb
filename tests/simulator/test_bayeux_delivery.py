"""Connects, and the events that they bring: held, in order, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.simulator.bayeux_support import CALLS, DEADLINE, Message, Served, numbers


def test_connect_is_held_until_an_event_comes(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    assert served.publish(1) == 1
    event, reply = future.result(DEADLINE)
    assert event == {"channel": CALLS, "data": {"n": 1}}
    assert (reply["channel"], reply["successful"]) == ("/meta/connect", True)


def test_events_come_before_the_reply_in_order_and_once(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()

    def publish_three() -> None:
        for number in (1, 2, 3):
            served.bayeux.publish("alice", CALLS, {"n": number})

    served.call(publish_three)
    messages = future.result(DEADLINE)
    assert numbers(messages) == [1, 2, 3]
    assert messages[-1]["channel"] == "/meta/connect"
    assert numbers(client.connect(advice={"timeout": 0})) == []


def test_connect_is_answered_when_the_timeout_is_over(make: Callable[..., Served]) -> None:
    served = make(timeout_ms=120)
    client = served.client().start(CALLS)
    before = time.monotonic()
    messages = client.connect()
    assert time.monotonic() - before >= 0.119
    assert [message["successful"] for message in messages] == [True]


def test_held_connect_follows_the_server_clock(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    served.advance(40)
    assert [message["successful"] for message in future.result(DEADLINE)] == [True]


def test_first_connect_is_not_held_and_client_advice_is_answered(served: Served) -> None:
    client = served.client()
    client.handshake()
    before = time.monotonic()
    reply = client.connect(advice={"timeout": 0})[0]
    assert time.monotonic() - before < 5
    assert reply["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 20000}


@pytest.mark.parametrize("timeout", [0, 50])
def test_timeout_advice_of_the_client_is_honoured(served: Served, timeout: int) -> None:
    client = served.client().start(CALLS)
    before = time.monotonic()
    assert client.connect(advice={"timeout": timeout})[0]["successful"] is True
    assert timeout / 1000 - 0.001 <= time.monotonic() - before < 5


@pytest.mark.parametrize("timeout", [True, -1, "0", None, 10**9])
def test_odd_timeout_advice_leaves_the_default(make: Callable[..., Served], timeout: Any) -> None:
    served = make(timeout_ms=60)
    client = served.client().start(CALLS)
    before = time.monotonic()
    assert client.connect(advice={"timeout": timeout})[0]["successful"] is True
    assert 0.059 <= time.monotonic() - before < 5


@pytest.mark.parametrize("members", [{}, {"connectionType": "websocket"}, {"connectionType": 1}])
def test_connection_type_is_checked(served: Served, members: Message) -> None:
    reply = served.client().start().send("/meta/connect", **members)[0]
    assert (reply["successful"], reply["error"]) == (False, "400::connection_type_invalid")


def test_older_of_two_connects_is_answered_http_500_empty(served: Served) -> None:
    client = served.client().start(CALLS)
    older = served.pool.submit(client.post, client.message("/meta/connect", connectionType="long-polling"))
    served.until_held()
    newer = served.pool.submit(client.connect)
    response = older.result(DEADLINE)
    assert (response.status_code, response.content) == (500, b"")
    served.until_held()
    served.publish(1)
    assert numbers(newer.result(DEADLINE)) == [1]


def test_connect_beside_other_messages_is_not_held(served: Served) -> None:
    client = served.client().start()
    connect_message = client.message("/meta/connect", connectionType="long-polling")
    before = time.monotonic()
    replies = client.post(client.message("/meta/subscribe", subscription=CALLS), connect_message).json()
    assert time.monotonic() - before < 5
    assert [reply["successful"] for reply in replies] == [True, True]


def test_overlapping_subscriptions_deliver_one_copy(served: Served) -> None:
    client = served.client().start(CALLS, "/v2/me/*", "/v2/me/**", "/**")
    assert served.publish(1) == 1
    assert numbers(client.connect()) == [1]


def test_events_wait_between_connects(served: Served) -> None:
    client = served.client().start(CALLS)
    for number in range(5):
        served.publish(number)
    assert numbers(client.connect()) == [0, 1, 2, 3, 4]


def test_waiting_events_travel_with_another_reply(served: Served) -> None:
    client = served.client().start(CALLS)
    served.publish(1)
    messages = client.send("/meta/subscribe", subscription="/v2/me/chats")
    assert numbers(messages) == [1]
    assert messages[-1]["channel"] == "/meta/subscribe"
    assert numbers(client.connect(advice={"timeout": 0})) == []


@pytest.mark.parametrize("acknowledged", [False, True])
def test_stream_of_events_arrives_once_and_in_order(served: Served, acknowledged: bool) -> None:
    client = served.client().start(CALLS, ext={"ack": acknowledged})
    publishing = served.pool.submit(lambda: [served.publish(number) for number in range(300)])
    received: list[int] = []
    batch = 1
    while len(received) < 300:
        messages = client.connect(ext={"ack": batch})
        received += numbers(messages)
        batch = messages[-1].get("ext", {}).get("ack", 0)
    assert received == list(range(300))
    assert publishing.result(DEADLINE) == [1] * 300
    assert numbers(client.connect(ext={"ack": batch}, advice={"timeout": 0})) == []


def test_event_is_a_copy_of_the_data_at_its_time(served: Served) -> None:
    client = served.client().start(CALLS)
    data = {"n": 1}

    def publish_and_change() -> None:
        served.bayeux.publish("alice", CALLS, data)
        data["n"] = 2

    served.call(publish_and_change)
    assert numbers(client.connect()) == [1]


def test_queue_is_bounded_and_the_client_learns_of_the_loss(make: Callable[..., Served]) -> None:
    served = make(max_queue=3)
    client = served.client().start(CALLS)
    assert [served.publish(number) for number in range(4)] == [1, 1, 1, 0]
    assert client.connect()[0]["error"] == "402::Unknown client"


def test_client_that_hangs_up_loses_nothing(served: Served) -> None:
    client = served.client().start(CALLS)
    with pytest.raises(httpx.ReadTimeout):
        client.http.post(served.url, json=[client.message("/meta/connect", connectionType="long-polling")], timeout=0.1)
    served.until_held(0)
    served.publish(1)
    assert numbers(client.connect()) == [1]


def test_events_reach_the_sessions_of_one_user(served: Served) -> None:
    alice, alice_too, bob = served.client(), served.client(), served.client("bob")
    for client in (alice, alice_too, bob):
        client.start("/**")
    assert served.publish(1) == 2
    assert served.call(lambda: served.bayeux.publish_all("/notifications/services", {"n": 2})) == 3
    assert [numbers(client.connect()) for client in (alice, alice_too, bob)] == [[1, 2], [1, 2], [2]]
