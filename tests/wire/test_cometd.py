from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.wire.cometd import Backoff, CometdError, CometdSession
from conformance.wire.http import Credentials, HttpSession, TransportConfig
from conformance.wire.recorder import Event, Recorder
from tests.wire.servers import Answer, BayeuxPeer, MakeSession, Message, Seen, bayeux, serving

CHANNELS = ["/v2/me/calls", "/v2/me/devices"]
Open = Callable[..., CometdSession]


class Waiter:
    """Waits no time at all, and remembers what it was asked to wait. Ends the session after `limit` waits."""

    def __init__(self, limit: int = 1000) -> None:
        self.asked: list[float] = []
        self.limit = limit

    def __call__(self, seconds: float) -> bool:
        self.asked.append(round(seconds, 6))
        return len(self.asked) >= self.limit


@pytest.fixture
def peer() -> BayeuxPeer:
    return BayeuxPeer()


@pytest.fixture
def cometd(session: MakeSession, peer: BayeuxPeer) -> Iterator[Open]:
    """Makes CometD sessions to the peer; opened unless `channels` is None."""
    made: list[CometdSession] = []
    with bayeux(peer) as server:

        def make(channels: list[str] | None = CHANNELS, **settings: Any) -> CometdSession:
            client = CometdSession(session(server.url), **settings)
            made.append(client)
            if channels is not None:
                client.open(channels, 5)
            return client

        yield make
        for client in made:
            client.close()


def of(recorder: Recorder, kind: str) -> list[dict[str, Any]]:
    return [e.payload for e in recorder.events() if e.kind == kind]


def wait_for(recorder: Recorder, kind: str, after: int = 0, **members: Any) -> Event:
    event = recorder.wait(
        lambda e: e.kind == kind and all(e.payload.get(k) == v for k, v in members.items()), after=after, deadline=5
    )
    assert event is not None, f"no {kind} with {members}"
    return event


def refuse(error: str, advice: Message | None = None) -> Callable[[Message], list[Message]]:
    def reply(message: Message) -> list[Message]:
        refused: Message = {"channel": message["channel"], "id": message.get("id"), "successful": False, "error": error}
        return [refused | ({"advice": advice} if advice is not None else {})]

    return reply


def ended(client: CometdSession) -> None:
    """Wait for the end of the listener, which a `Waiter` that has waited enough brings about."""
    assert client._listener is not None
    client._listener.join(5)
    assert not client._listener.is_alive()


UNKNOWN = [
    pytest.param("402::Unknown client", id="CometD Java"),
    pytest.param("402::session_unknown", id="CometD Node"),
    pytest.param("401:c1:Unknown client", id="Faye"),
    pytest.param("whatever", id="no code at all"),
]


# --- opening


def test_opening_handshakes_subscribes_and_connects(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    client = cometd()
    assert (client.state, client.client_id, client.subscriptions) == ("connected", "client1", CHANNELS)
    assert client.handshake_reply is not None
    assert client.handshake_reply["version"] == "1.0"
    peer.until(lambda: len(peer.sent("/meta/connect")) == 2)
    first, subscribe, quick, held = (frame[0] for frame in peer.frames)
    assert [len(frame) for frame in peer.frames] == [1, 1, 1, 1], "nothing is sent beside a handshake"
    assert (first["channel"], first["version"], first.get("clientId")) == ("/meta/handshake", "1.0", None)
    assert (subscribe["channel"], subscribe["subscription"]) == ("/meta/subscribe", CHANNELS)
    assert (quick["connectionType"], quick["advice"]) == ("long-polling", {"timeout": 0})
    assert "advice" not in held
    assert {m["clientId"] for m in (subscribe, quick, held)} == {"client1"}
    assert len({m["id"] for m in (first, subscribe, quick, held)}) == 4
    states = [(s["from"], s["to"]) for s in of(recorder, "cometd.state")]
    assert states == [("disconnected", "connecting"), ("connecting", "connected")]


@pytest.mark.parametrize(
    "reply",
    [refuse("403:array:no"), lambda m: Answer(500, b""), lambda m: Answer(400, b"<html>"), lambda m: []],
    ids=["refused", "500", "400", "unanswered"],
)
def test_servers_that_refuse_an_array_get_one_message_a_channel(peer: BayeuxPeer, cometd: Open, reply: Any) -> None:
    peer.script("/meta/subscribe", reply)
    client = cometd()
    assert client.state == "connected"
    assert [m["subscription"] for m in peer.sent("/meta/subscribe")] == [CHANNELS, *CHANNELS]


def test_one_channel_goes_as_a_string(peer: BayeuxPeer, cometd: Open) -> None:
    cometd(["/**"])
    assert [m["subscription"] for m in peer.sent("/meta/subscribe")] == ["/**"]


def test_refused_channels_are_named_and_the_session_is_left(peer: BayeuxPeer, cometd: Open) -> None:
    peer.script("/meta/subscribe", refuse("403::no"), lambda m: [peer.sound(m)], refuse("403:denied:not\nyours"))
    with pytest.raises(CometdError, match=r"^subscribe to /meta/x: refused: 403:denied:not yours$"):
        cometd(["/v2/me/calls", "/meta/x"])
    assert len(peer.sent("/meta/disconnect")) == 1


@pytest.mark.parametrize(
    "reply, reason",
    [
        (refuse("403::denied"), "handshake: refused: 403::denied"),
        (refuse("403::denied", {"reconnect": "none"}), "handshake: refused: 403::denied"),
        (lambda m: Answer(403, b"Missing or invalid Csrf token"), "handshake: HTTP 403 without Bayeux messages"),
        (lambda m: Answer(200, b"[]"), "handshake: the server did not answer it"),
        (lambda m: None, "handshake: RemoteProtocolError"),
        (lambda m: [{"channel": "/meta/handshake", "successful": True}], "without a clientId"),
        (
            lambda m: [
                {"channel": "/meta/handshake", "successful": True, "clientId": "c", "supportedConnectionTypes": ["x"]}
            ],
            "does not offer long-polling",
        ),
    ],
)
def test_a_failed_handshake_is_told(peer: BayeuxPeer, cometd: Open, reply: Any, reason: str) -> None:
    peer.script("/meta/handshake", reply)
    client = cometd(None)
    with pytest.raises(CometdError, match=reason):
        client.open(CHANNELS, 5)
    assert (client.state, client.client_id) == ("disconnected", None)
    client.open(CHANNELS, 5)
    assert client.state == "connected", "it can be tried again"


def test_a_negotiated_handshake_goes_on(peer: BayeuxPeer, cometd: Open) -> None:
    again = refuse("token, please", {"reconnect": "handshake", "interval": 0})
    peer.script("/meta/handshake", again, again)
    waiter = Waiter()
    assert cometd(wait=waiter).state == "connected"
    assert len(peer.sent("/meta/handshake")) == 3
    assert waiter.asked[:2] == [0.0, 0.1]


def test_a_server_that_holds_the_first_connect_is_sound(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    peer.script("/meta/connect", lambda m: peer.connect({**m, "advice": {}}))
    client = cometd(network_delay=0.2)
    assert client.state == "connected"
    peer.publish(CHANNELS[0], {"n": 1})
    wait_for(recorder, "cometd.event", data={"n": 1})


def test_a_refused_first_connect_is_told(peer: BayeuxPeer, cometd: Open) -> None:
    peer.script("/meta/connect", refuse("403::no", {"reconnect": "none"}))
    with pytest.raises(CometdError, match="neither to retry nor to handshake; last: connect: refused: 403::no"):
        cometd()


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (lambda _: Answer(503, body={"statusCode": 4}), "connect: the server did not answer it: HTTP 503"),
        (lambda _: Answer(403, body=b"no"), "connect: HTTP 403"),
        (refuse("402::unknown"), "connect: refused: 402::unknown"),
        (refuse("402::unknown", {"reconnect": "handshake", "interval": 0}), "connect: refused: 402::unknown"),
    ],
    ids=["503", "403", "unsuccessful", "handshake-advised"],
)
def test_a_first_connect_that_keeps_failing_is_told_with_its_reason(
    peer: BayeuxPeer, cometd: Open, reply: Any, says: str
) -> None:
    peer.script("/meta/connect", *[reply] * 500)
    with pytest.raises(CometdError, match=says):
        cometd(network_delay=0.4)


def test_opening_twice_is_refused(cometd: Open) -> None:
    client = cometd()
    with pytest.raises(CometdError, match="open: the session is connected already"):
        client.open(CHANNELS, 5)


# --- events


@pytest.mark.parametrize("after", [False, True], ids=["before the connect reply", "after it"])
def test_events_are_recorded_each_once_with_their_frame(
    peer: BayeuxPeer, cometd: Open, recorder: Recorder, after: bool
) -> None:
    peer.after = after
    cometd()
    peer.publish(CHANNELS[0], {"n": 1})
    first = wait_for(recorder, "cometd.event")
    frame = next(e for e in recorder.events() if e.seq == first.payload["frame"])
    assert frame.kind == "cometd.receive"
    assert frame.payload["messages"][first.payload["index"]] == {"channel": CHANNELS[0], "data": {"n": 1}}
    assert frame.payload["status"] == 200
    assert first.payload["index"] == (1 if after else 0)
    assert "id" not in first.payload


def test_duplicates_and_ids_equal_to_ours_are_delivered_as_they_come(
    peer: BayeuxPeer, cometd: Open, recorder: Recorder
) -> None:
    cometd()
    peer.until(lambda: len(peer.sent("/meta/connect")) == 2)
    ours = peer.sent("/meta/connect")[-1]["id"]
    with peer.changed:
        peer.events += [{"channel": CHANNELS[0], "data": {"n": 1}, "id": ours}] * 2
        peer.changed.notify_all()
    peer.until(lambda: len(peer.sent("/meta/connect")) == 3)
    events = of(recorder, "cometd.event")
    assert [(e["data"], e["id"], e["index"]) for e in events] == [({"n": 1}, ours, 0), ({"n": 1}, ours, 1)]


def test_events_in_any_reply_are_delivered(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    client = cometd()
    event = {"channel": CHANNELS[0], "data": {"n": 5}}
    peer.script("/meta/subscribe", lambda m: [peer.sound(m), event])
    client.subscribe(["/v2/me/chats"])
    assert [e["data"] for e in of(recorder, "cometd.event")] == [{"n": 5}]
    assert client.subscriptions == [*CHANNELS, "/v2/me/chats"]


def test_frames_of_odd_shapes_are_kept(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    cometd()
    peer.until(lambda: len(peer.sent("/meta/connect")) == 2)
    odd = ["junk", None, {"channel": 5}, {"channel": "/x"}, {"channel": "/meta/connect", "successful": True}]
    peer.script("/meta/connect", lambda m: Answer(body=odd))
    peer.publish(CHANNELS[0], {})
    wait_for(recorder, "cometd.error", error="entry 0 of a frame is no object")
    peer.until(lambda: len(peer.sent("/meta/connect")) == 4)
    events = of(recorder, "cometd.event")
    assert [(e["channel"], e["data"]) for e in events] == [(CHANNELS[0], {}), (None, None), ("/x", None)]
    assert odd in [frame["messages"] for frame in of(recorder, "cometd.receive")]


def test_replies_without_ids_or_in_a_bare_object_are_understood(
    peer: BayeuxPeer, cometd: Open, recorder: Recorder
) -> None:
    def bare(message: Message) -> Answer:
        reply = peer.sound(message)
        del reply["id"]
        return Answer(body=reply, chunked=5)

    peer.script("/meta/handshake", bare)
    peer.script("/meta/subscribe", bare)
    peer.script("/meta/connect", bare)
    assert cometd().state == "connected"


# --- advice


@pytest.mark.parametrize("error", UNKNOWN)
def test_advice_handshake_makes_a_new_session_with_the_same_subscriptions(
    peer: BayeuxPeer, cometd: Open, recorder: Recorder, error: str
) -> None:
    client = cometd()
    peer.script("/meta/connect", refuse(error, {"reconnect": "handshake", "interval": 0}))
    peer.publish(CHANNELS[0], {"n": 1})
    wait_for(recorder, "cometd.state", to="rehandshaking")
    assert client.wait_until(["connected"], 5)
    assert client.client_id == "client2"
    assert [m["subscription"] for m in peer.sent("/meta/subscribe")] == [CHANNELS, CHANNELS]
    assert peer.sent("/meta/subscribe")[-1]["clientId"] == "client2"
    peer.publish(CHANNELS[0], {"n": 2})
    wait_for(recorder, "cometd.event", data={"n": 2})
    states = [s["to"] for s in of(recorder, "cometd.state")]
    assert states == ["connecting", "connected", "connecting", "rehandshaking", "connecting", "connected"]


def test_advice_none_is_the_end(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    client = cometd()
    peer.script("/meta/connect", refuse("x", {"reconnect": "none"}))
    peer.publish(CHANNELS[0], {"n": 1})
    assert client.wait_until(["broken"], 5)
    count = len(peer.frames)
    client.disconnect()
    assert client.state == "disconnected"
    assert len(peer.frames) == count + 1, "a farewell, and neither a retry nor a handshake"


def test_a_negative_interval_is_the_end(peer: BayeuxPeer, cometd: Open) -> None:
    client = cometd()
    peer.script("/meta/connect", lambda m: [{**peer.sound(m), "advice": {"reconnect": "retry", "interval": -1}}])
    peer.publish(CHANNELS[0], {"n": 1})
    assert client.wait_until(["broken"], 5)


def test_the_interval_is_honoured_and_the_newest_advice_wins(peer: BayeuxPeer, cometd: Open) -> None:
    waiter = Waiter(limit=3)
    many = {"reconnect": "retry", "interval": 2000, "multiple-clients": True}
    peer.script(
        "/meta/connect",
        lambda m: [{**peer.sound(m), "advice": many}],
        lambda m: [peer.sound(m)],
        lambda m: [{**peer.sound(m), "advice": {"timeout": 5000}}],
        lambda m: [{**peer.sound(m), "advice": {"interval": 700}}],
    )
    client = cometd(wait=waiter)
    ended(client)
    assert len(peer.sent("/meta/connect")) == 4
    assert waiter.asked == [2.0, 2.0, 0.7], "an advice without interval has the default one, 0"
    assert not client.advice.multiple_clients


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(refuse("402::Unknown client"), id="refused without advice"),
        pytest.param(lambda m: None, id="connection lost"),
        pytest.param(lambda m: Answer(500, b""), id="empty 500"),
        pytest.param(lambda m: Answer(503, b"<html>"), id="html"),
        pytest.param(lambda m: [], id="no reply"),
    ],
)
def test_failures_back_off_and_end_at_the_bound(
    peer: BayeuxPeer, cometd: Open, recorder: Recorder, failure: Any
) -> None:
    waiter = Waiter()
    client = cometd(wait=waiter, backoff=Backoff(initial=0.1, maximum=1.0, attempts=6))
    peer.script("/meta/connect", *[failure] * 7)
    peer.publish(CHANNELS[0], {"n": 1})
    assert client.wait_until(["broken"], 5)
    assert waiter.asked == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert "7 failures in a row" in of(recorder, "cometd.state")[-1]["reason"]
    assert sum(e["error"].startswith("connect: ") for e in of(recorder, "cometd.error")) == 7
    with pytest.raises(CometdError, match="open: the session is broken already"):
        client.open(CHANNELS, 1)


def test_success_ends_the_back_off_and_no_event_is_lost(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    waiter = Waiter()
    client = cometd(wait=waiter)
    dead: Any = lambda m: Answer(500, b"")  # noqa: E731
    peer.script("/meta/connect", dead, dead)
    peer.publish(CHANNELS[0], {"n": 1})
    # The state itself may be over before anybody looks.
    wait_for(recorder, "cometd.state", reason="connect: HTTP 500 without Bayeux messages")
    peer.publish(CHANNELS[0], {"n": 2})
    wait_for(recorder, "cometd.event", data={"n": 2})
    assert client.wait_until(["connected"], 5)
    peer.script("/meta/connect", dead)
    peer.publish(CHANNELS[0], {"n": 3})
    peer.until(lambda: not peer.scripts["/meta/connect"])
    peer.publish(CHANNELS[0], {"n": 4})
    wait_for(recorder, "cometd.event", data={"n": 4})
    assert waiter.asked == [0.1, 0.2, 0.1]
    assert [e["data"]["n"] for e in of(recorder, "cometd.event")] == [1, 2, 3, 4]
    after_failure = peer.sent("/meta/connect")[3]
    assert after_failure["advice"] == {"timeout": 0}, "success is to be known soon"


def test_a_failing_second_handshake_backs_off_and_succeeds(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    waiter = Waiter()
    client = cometd(wait=waiter)
    peer.script("/meta/connect", refuse("402", {"reconnect": "handshake"}))
    peer.script("/meta/handshake", lambda m: Answer(503, b""), refuse("later", {"reconnect": "retry", "interval": 500}))
    peer.publish(CHANNELS[0], {"n": 1})
    wait_for(recorder, "cometd.state", to="rehandshaking")
    assert client.wait_until(["connected"], 5)
    assert waiter.asked == [0.2, 0.9]
    assert client.client_id == "client2"


def test_a_second_handshake_refused_for_good_is_the_end(peer: BayeuxPeer, cometd: Open) -> None:
    client = cometd()
    peer.script("/meta/connect", refuse("402", {"reconnect": "handshake"}))
    peer.script("/meta/handshake", refuse("no", {"reconnect": "none"}))
    peer.publish(CHANNELS[0], {"n": 1})
    assert client.wait_until(["broken"], 5)
    assert len(peer.sent("/meta/handshake")) == 2


def test_handshakes_without_headway_are_bounded(peer: BayeuxPeer, cometd: Open) -> None:
    waiter = Waiter()
    client = cometd(wait=waiter, backoff=Backoff(attempts=4))
    peer.script("/meta/connect", *[lambda m: [{**peer.sound(m), "advice": {"reconnect": "handshake"}}]] * 9)
    peer.publish(CHANNELS[0], {"n": 1})
    assert client.wait_until(["broken"], 5)
    assert len(peer.sent("/meta/handshake")) == 5


def test_a_server_that_holds_nothing_is_not_flooded(peer: BayeuxPeer, cometd: Open) -> None:
    waiter = Waiter(limit=4)
    peer.hold = 0.0
    ended(cometd(wait=waiter))
    assert len(peer.sent("/meta/connect")) == 1 + 5 + 4
    assert waiter.asked == [0.1, 0.2, 0.4, 0.8]


# --- sending


def test_publish_batch_and_unsubscribe(peer: BayeuxPeer, cometd: Open) -> None:
    client = cometd()
    verdict = client.publish("/service/x", {"a": 1})
    published = peer.sent("/service/x")[0]
    assert verdict == {"channel": "/service/x", "id": published["id"], "successful": True}
    assert (published["clientId"], published["data"]) == ("client1", {"a": 1})
    peer.script("/silent", lambda m: [])
    replies = client.batch([{"channel": "/silent", "data": 1}, {"channel": "/loud", "data": 2, "id": "own"}])
    assert replies[0] is None
    assert replies[1] is not None
    assert replies[1]["id"] == "own"
    client.unsubscribe(CHANNELS[:1])
    assert client.subscriptions == CHANNELS[1:]
    peer.script("/meta/unsubscribe", refuse("404::none"))
    with pytest.raises(CometdError, match="unsubscribe to /nope: refused: 404::none"):
        client.unsubscribe(["/nope"])
    peer.script("/broken", lambda m: None)
    with pytest.raises(CometdError, match="batch: RemoteProtocolError"):
        client.publish("/broken", 1)


def test_probes_go_out_untouched_and_change_nothing(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    client = cometd()
    peer.until(lambda: peer.held == 1 and len(peer.sent("/meta/connect")) == 2)
    event = {"channel": CHANNELS[0], "data": {"piggyback": True}}
    peer.script("/meta/connect", lambda m: [event, *refuse("402", {"reconnect": "handshake", "interval": 9000})(m)])
    before = client.advice
    replies = client.raw([{"channel": "/meta/connect", "clientId": "forged"}])
    assert peer.frames[-1] == [{"channel": "/meta/connect", "clientId": "forged"}]
    assert [r["error"] for r in replies] == ["402"]
    assert client.advice == before
    assert client.client_id == "client1"
    assert [e["data"] for e in of(recorder, "cometd.event")] == [{"piggyback": True}]


def test_probes_may_be_bare_objects_and_rubbish(session: MakeSession, recorder: Recorder) -> None:
    peer = BayeuxPeer()

    def picky(seen: Seen) -> Answer | None:
        return peer(seen) if seen.body.startswith(b"[") else Answer(400, b"")

    with serving(picky) as server:
        client = CometdSession(session(server.url))
        client.open(CHANNELS, 5)
        assert client.raw({"channel": "/meta/connect"}) == []
        frame = client.raw_frame(b'{"a"')
        client.abandon()
        peer.close()
    assert (frame.status, frame.messages) == (400, [])
    bodies = [seen.body for seen in server.seen]
    assert b'{"channel":"/meta/connect"}' in bodies
    assert b'{"a"' in bodies
    assert '{"a"' in [p.get("text") for p in of(recorder, "cometd.send")]


def test_closed_sessions_say_so(cometd: Open) -> None:
    client = cometd(None)
    for call in (
        lambda: client.subscribe(["/x"]),
        lambda: client.unsubscribe(["/x"]),
        lambda: client.publish("/x", 1),
        lambda: client.raw([]),
    ):
        with pytest.raises(CometdError, match="the session is disconnected"):
            call()


def test_never_more_than_two_requests_and_one_connect(session: MakeSession, peer: BayeuxPeer) -> None:
    with bayeux(peer) as server:
        http = session(server.url)
        client = CometdSession(http)
        client.open(CHANNELS, 5)
        threads = [
            threading.Thread(target=lambda n=n: [client.publish("/service/x", n) for _ in range(5)]) for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for n in range(20):
            peer.publish(CHANNELS[0], {"n": n})
            http.request("POST", "/notifications", content=b"[]")
        for thread in threads:
            thread.join(10)
        client.disconnect()
        assert server.most_at_once == 2
        assert peer.most_held == 1
        held = {s.connection for s in server.seen if b"/meta/connect" in s.body}
        rest = {s.connection for s in server.seen if b"/meta/connect" not in s.body}
        assert not held & rest, "the held connect has a connection of its own"


def test_every_request_carries_credentials_cookies_and_token(session: MakeSession) -> None:
    peer = BayeuxPeer()
    headers = [("Set-Cookie", "JSESSIONID=abc1; Path=/"), ("X-CSRF-HEADER", "X-CSRF-TOKEN"), ("X-CSRF-TOKEN", "t1")]

    def guarded(seen: Seen) -> Answer | None:
        if seen.method == "GET":
            return Answer(body={"statusCode": 0}, headers=headers)
        if seen.headers.get("x-csrf-token") != "t1" or seen.headers.get("cookie") != "JSESSIONID=abc1":
            return Answer(403, b"Missing or invalid Csrf token")
        return peer(seen)

    with serving(guarded) as server:
        http = session(server.url)
        client = CometdSession(http)
        with pytest.raises(CometdError, match="HTTP 403"):
            client.open(CHANNELS, 5)
        http.request("GET", "/me")
        client.open(CHANNELS, 5)
        client.publish("/x", 1)
        client.disconnect()
        peer.close()
    assert all(seen.headers["authorization"].startswith("Basic ") for seen in server.seen)


# --- acknowledgement


def test_batches_are_acknowledged_and_resent_ones_delivered_again(
    peer: BayeuxPeer, cometd: Open, recorder: Recorder
) -> None:
    peer.acks = True
    cometd(ack=True, wait=Waiter())
    peer.until(lambda: len(peer.sent("/meta/connect")) == 2)
    # The server sends a batch whose reply is lost on the way, and sends it again.
    lost = {"channel": CHANNELS[0], "data": {"n": 1}}
    peer.script("/meta/connect", lambda m: None, lambda m: [lost, {**peer.sound(m), "ext": {"ack": 9}}])
    peer.publish(CHANNELS[0], {"n": 0})
    wait_for(recorder, "cometd.event", data={"n": 1})
    peer.until(lambda: len(peer.sent("/meta/connect")) >= 5)
    assert peer.sent("/meta/handshake")[0]["ext"] == {"ack": True}
    acknowledged = [m["ext"]["ack"] for m in peer.sent("/meta/connect")[:5]]
    assert acknowledged == [-1, 1, 2, 2, 9]


def test_no_acknowledgement_without_agreement(peer: BayeuxPeer, cometd: Open) -> None:
    cometd(ack=True)
    peer.until(lambda: len(peer.sent("/meta/connect")) == 2)
    assert all("ext" not in m for m in peer.sent("/meta/connect"))


# --- ending


def test_disconnect_releases_the_held_connect(peer: BayeuxPeer, cometd: Open, recorder: Recorder) -> None:
    client = cometd()
    peer.until(lambda: peer.held == 1 and len(peer.sent("/meta/connect")) == 2)
    start = time.monotonic()
    client.disconnect()
    assert time.monotonic() - start < 1
    assert (client.state, client.client_id, client.subscriptions) == ("disconnected", None, [])
    assert peer.sent("/meta/disconnect")[0]["clientId"] == "client1"
    assert len(peer.sent("/meta/connect")) == 2
    client.disconnect()
    assert len(peer.sent("/meta/disconnect")) == 1
    assert of(recorder, "cometd.error") == []
    peer.released = False
    client.open(CHANNELS, 5)
    assert client.state == "connected"


def test_disconnect_does_not_hang_on_a_server_that_keeps_the_connect(
    peer: BayeuxPeer, cometd: Open, recorder: Recorder
) -> None:
    client = cometd()
    peer.script("/meta/disconnect", lambda m: [{"channel": m["channel"], "id": m["id"], "successful": True}])
    peer.until(lambda: peer.held == 1 and len(peer.sent("/meta/connect")) == 2)
    start = time.monotonic()
    client.disconnect()
    assert time.monotonic() - start < 2.5
    assert client.state == "disconnected"
    ended(client)
    assert "still holds the connect" in of(recorder, "cometd.error")[-1]["error"]


def test_disconnect_does_not_hang_on_a_server_that_says_nothing(peer: BayeuxPeer, cometd: Open) -> None:
    client = cometd()
    silent = threading.Event()
    peer.script("/meta/disconnect", lambda m: [{"waited": silent.wait(5)}])
    start = time.monotonic()
    client.disconnect()
    assert time.monotonic() - start < 2.5
    silent.set()
    assert client.state == "disconnected"


def test_abandoning_says_nothing_to_the_server(peer: BayeuxPeer, cometd: Open) -> None:
    client = cometd()
    peer.until(lambda: peer.held == 1 and len(peer.sent("/meta/connect")) == 2)
    start = time.monotonic()
    client.abandon()
    assert time.monotonic() - start < 1.5
    assert peer.sent("/meta/disconnect") == []
    assert client.state == "disconnected"


def test_a_dying_server_breaks_the_session_in_the_end(session: MakeSession, recorder: Recorder) -> None:
    peer = BayeuxPeer()
    with bayeux(peer) as server:
        client = CometdSession(session(server.url), wait=Waiter(), backoff=Backoff(attempts=3))
        client.open(CHANNELS, 5)
        peer.until(lambda: peer.held == 1)
        server.app = lambda seen: None
    assert client.wait_until(["broken"], 5)
    client.disconnect()
    assert client.state == "disconnected"


def test_sessions_have_names_of_their_own(cometd: Open, recorder: Recorder) -> None:
    assert [cometd().session, cometd().session] == ["agent/1", "agent/2"]


def test_a_recorder_closed_too_early_ends_the_listener_quietly(session: MakeSession, peer: BayeuxPeer) -> None:
    early = Recorder(None)
    with bayeux(peer) as server:
        http = HttpSession(TransportConfig(server.url), Credentials("a", "bcdefg"), early, actor="a")
        client = CometdSession(http)
        client.open(CHANNELS, 5)
        early.close()
        peer.publish(CHANNELS[0], {})
        ended(client)
        http.close()
