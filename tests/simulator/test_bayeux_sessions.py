"""The end of a session, the cookies that it hangs on, and its acknowledgements."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.bayeux_support import CALLS, DEADLINE, HANDSHAKE, Served, numbers

# --- the end of a session ---------------------------------------------------------------------------------


def test_disconnect_releases_the_held_connect(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    assert client.send("/meta/disconnect")[0]["successful"] is True
    reply = future.result(DEADLINE)[-1]
    assert (reply["successful"], reply["advice"]["reconnect"]) == (True, "none")
    assert client.connect()[0]["error"] == "402::Unknown client"


def test_session_expires_without_a_connect(make: Callable[..., Served]) -> None:
    served = make(interval_ms=500, max_interval_ms=10000)
    client = served.client().start(CALLS)
    served.advance(10.4)
    assert client.connect(advice={"timeout": 0})[0]["successful"] is True
    served.advance(10.6)
    reply = client.connect()[0]
    assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")
    assert served.publish(1) == 0


def test_other_messages_do_not_keep_a_session_alive(served: Served) -> None:
    client = served.client().start(CALLS)
    served.advance(6)
    assert client.subscribe("/v2/me/chats")["successful"] is True
    served.advance(6)
    assert client.subscribe("/v2/me/emails")["error"] == "402::Unknown client"


def test_session_without_any_request_is_forgotten_by_the_timer(served: Served) -> None:
    served.client().start(CALLS)
    served.advance(25)
    assert served.call(served.bayeux.client_ids) == []


def test_held_connect_keeps_its_session(make: Callable[..., Served]) -> None:
    served = make(timeout_ms=60000)
    client = served.client().start(CALLS)
    future = client.waiting()
    served.advance(30)
    assert served.publish(1) == 1
    assert numbers(future.result(DEADLINE)) == [1]


def test_a_reset_of_the_clock_loses_no_deadline(served: Served) -> None:
    client = served.client().start(CALLS)
    served.call(served.clock.clear)
    future = client.waiting()
    served.advance(25)
    assert [message["successful"] for message in future.result(DEADLINE)] == [True]
    served.until_held(0)
    served.advance(11)
    assert served.call(served.bayeux.client_ids) == []


def test_expire_and_drop_user(served: Served) -> None:
    alice, bob = served.client().start(), served.client("bob").start()
    held, held_too = alice.waiting(), bob.waiting()
    assert served.call(lambda: served.bayeux.expire(alice.client_id)) is True
    assert served.call(lambda: served.bayeux.expire(alice.client_id)) is False
    served.call(lambda: served.bayeux.drop_user("bob"))
    for future in (held, held_too):
        reply = future.result(DEADLINE)[0]
        assert (reply["error"], reply["advice"]["reconnect"]) == ("402::Unknown client", "handshake")
    assert served.call(served.bayeux.snapshot) == []


def test_shutdown_releases_held_connects_and_holds_no_more(served: Served) -> None:
    client = served.client().start(CALLS)
    future = client.waiting()
    served.host.run(served.bayeux.shutdown())
    assert future.result(DEADLINE)[0]["successful"] is True
    before = time.monotonic()
    assert client.connect(advice={})[0]["advice"]["interval"] == 1000
    assert time.monotonic() - before < 5


# --- cookies ----------------------------------------------------------------------------------------------


def test_browser_cookie_is_set_once(served: Served) -> None:
    client = served.client()
    first = client.post(client.message("/meta/handshake", **HANDSHAKE))
    second = client.post(client.message("/meta/handshake", **HANDSHAKE))
    cookie = first.headers["set-cookie"]
    assert cookie.startswith("BAYEUX_BROWSER=")
    assert "Path=/" in cookie
    assert "HttpOnly" in cookie
    assert "set-cookie" not in second.headers


def test_client_id_without_its_cookie_is_unknown(served: Served) -> None:
    client = served.client().start(CALLS)
    stranger = served.client()
    stranger.client_id = client.client_id
    assert stranger.connect()[0]["error"] == "402::Unknown client"
    stranger.handshake()
    stranger.client_id = client.client_id
    assert stranger.connect()[0]["error"] == "402::Unknown client"


def test_client_id_of_another_user_is_unknown(served: Served) -> None:
    client = served.client().start(CALLS)
    stranger = served.client("bob")
    stranger.http.cookies = client.http.cookies
    stranger.client_id = client.client_id
    assert stranger.connect()[0]["error"] == "402::Unknown client"


def test_second_session_of_a_browser_is_not_held(served: Served) -> None:
    first = served.client().start(CALLS)
    second = served.client()
    second.http.cookies = first.http.cookies
    second.start(CALLS)
    future = first.waiting()
    reply = second.connect()[-1]
    assert reply["successful"] is True
    assert reply["advice"] == {"reconnect": "retry", "interval": 2000, "timeout": 20000, "multiple-clients": True}
    assert served.publish(1) == 2
    assert numbers(future.result(DEADLINE)) == [1]
    # Nothing of the first session is held any more: the second goes back to long polling, and is told so.
    messages = second.connect()
    assert numbers(messages) == [1]
    assert messages[-1]["advice"] == {"reconnect": "retry", "interval": 0, "timeout": 20000}
    waiting = second.waiting()
    served.publish(2)
    assert "advice" not in waiting.result(DEADLINE)[-1]


# --- acknowledgement extension ----------------------------------------------------------------------------


def test_acknowledged_events_are_resent_until_confirmed(served: Served) -> None:
    client = served.client()
    assert client.handshake(ext={"ack": True})["ext"] == {"ack": True}
    client.subscribe(CALLS)
    assert client.connect(ext={"ack": 0})[-1]["ext"] == {"ack": 1}
    served.publish(1)
    lost = client.connect(ext={"ack": 1})
    assert (numbers(lost), lost[-1]["ext"]) == ([1], {"ack": 2})
    served.publish(2)
    again = client.connect(ext={"ack": 1})
    assert (numbers(again), again[-1]["ext"]) == ([1, 2], {"ack": 3})
    confirmed = client.connect(ext={"ack": 3}, advice={"timeout": 0})
    assert (numbers(confirmed), confirmed[-1]["ext"]) == ([], {"ack": 4})


def test_acknowledged_events_travel_with_connects_only(served: Served) -> None:
    client = served.client().start(CALLS, ext={"ack": True})
    served.publish(1)
    assert numbers(client.send("/meta/subscribe", subscription="/v2/me/chats")) == []
    assert numbers(client.connect(ext={"ack": 1})) == [1]


def test_acknowledged_session_is_woken_by_an_event(served: Served) -> None:
    client = served.client().start(CALLS, ext={"ack": True})
    future = served.pool.submit(client.connect, ext={"ack": 1})
    served.until_held()
    served.publish(1)
    assert numbers(future.result(DEADLINE)) == [1]


@pytest.mark.parametrize("ext", [{}, {"ack": False}, {"ack": 1}, None, "ack"])
def test_acknowledgement_is_for_those_who_ask(served: Served, ext: Any) -> None:
    client = served.client()
    assert "ext" not in client.handshake(ext=ext)
    assert "ext" not in client.connect()[0]
