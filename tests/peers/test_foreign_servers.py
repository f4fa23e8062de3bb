"""Our CometD session works with Bayeux servers that others have written: CometD for Node, and Faye."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.wire import bayeux_link
from conformance.wire.bayeux_messages import Acknowledgement, Message, Pending, read_advice
from conformance.wire.cometd import CometdError, CometdSession
from conformance.wire.cometd_log import CometdLog
from conformance.wire.cookies import CookieStore
from conformance.wire.recorder import Event, Recorder
from tests.peers.foreign import CALLS, DEADLINE, DEVICES, Foreign, Kind
from tests.peers.node_peer import NodePeer
from tests.peers.relay import Cut, relayed

COMETD, FAYE, FAYE_SOCKET = Kind("cometd", "long-polling"), Kind("faye", "long-polling"), Kind("faye", "websocket")
KINDS = [COMETD, FAYE, FAYE_SOCKET]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
by_name_and_address = pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])


Serve = Callable[..., Foreign]


@pytest.fixture(scope="module")
def processes() -> Iterator[dict[str, NodePeer]]:
    """The process of each kind of server; each is used by one test at a time."""
    running: dict[str, NodePeer] = {}
    yield running
    for node in running.values():
        node.stop()


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(tmp_path / "timeline.ndjson") as made:
        yield made


@pytest.fixture
def serve(processes: dict[str, NodePeer], recorder: Recorder) -> Iterator[Serve]:
    """Starts foreign servers: serve(kind)."""
    made: list[Foreign] = []

    def start(kind: Kind, **settings: Any) -> Foreign:
        if kind.server not in processes:
            processes[kind.server] = NodePeer("bayeux_server.mjs", kind.server)
        made.append(Foreign(kind, processes[kind.server], recorder, **settings))
        return made[-1]

    yield start
    for foreign in made:
        foreign.node.patience = DEADLINE
        foreign.close()
        foreign.node.happened.clear()


def states(recorder: Recorder) -> list[str]:
    return [event.payload["to"] for event in recorder.events() if event.kind == "cometd.state"]


@every_kind
@by_name_and_address
def test_a_whole_session(serve: Serve, recorder: Recorder, kind: Kind, host: str) -> None:
    foreign = serve(kind)
    client = foreign.session(CALLS, DEVICES, http=foreign.http(host))
    assert foreign.until_held() == [client.client_id]
    foreign.publish(1, 2, 3)
    assert foreign.received(3) == [1, 2, 3]
    client.unsubscribe([CALLS])
    foreign.publish(4)
    foreign.publish(5, channel=DEVICES)
    assert foreign.received(4) == [1, 2, 3, 5]
    name = client.client_id
    client.disconnect()
    foreign.node.wait("gone", lambda fact: fact == {"happened": "gone", "clientId": name, "expired": False})
    assert states(recorder) == ["connecting", "connected", "disconnected"]
    assert [event.payload["error"] for event in recorder.events() if event.kind == "cometd.error"] == []


@every_kind
def test_wildcards(serve: Serve, kind: Kind) -> None:
    foreign = serve(kind)
    foreign.session("/v2/me/*")
    foreign.publish(1)
    foreign.publish(2, channel="/v2/me/calls/deeper")
    foreign.publish(3, channel=DEVICES)
    assert foreign.received(2) == [1, 3]


@pytest.mark.parametrize(("kind", "place"), [(COMETD, "before"), (FAYE, "after")], ids=["before", "after"])
def test_events_before_and_after_the_connect_reply(serve: Serve, kind: Kind, place: str) -> None:
    foreign = serve(kind)
    client = foreign.session(CALLS)
    for number in (1, 2):
        foreign.until_held()
        foreign.publish(number)
        foreign.received(number)
    assert foreign.received(2) == [1, 2]
    orders = [["/meta/connect", CALLS], [CALLS, "/meta/connect"]]
    expected = orders[place == "before"]
    assert [[message["channel"] for message in frame] for frame in foreign.frames()] == [expected, expected]
    assert client.state == "connected"


@every_kind
def test_copies_for_overlapping_subscriptions(serve: Serve, kind: Kind) -> None:
    foreign = serve(kind)
    foreign.session(CALLS, "/v2/me/*", "/v2/**")
    foreign.publish(1)
    foreign.publish(2, channel="/v2/other")
    # What the server sends several times is recorded several times: whether that is right is not ours to say here.
    assert foreign.received(4 if kind is COMETD else 2) == ([1, 1, 1, 2] if kind is COMETD else [1, 2])


@pytest.mark.parametrize("kind", [FAYE, FAYE_SOCKET], ids=str)
def test_event_ids_equal_to_ours(serve: Serve, recorder: Recorder, kind: Kind) -> None:
    foreign = serve(kind)
    client = foreign.session(CALLS)
    for number in (1, 2):
        foreign.until_held()
        sent = [event.payload["messages"][0] for event in recorder.events() if event.kind == "cometd.send"]
        held = [message["id"] for message in sent if message["channel"] == "/meta/connect"][-1]
        foreign.publish(number, id=held)
        assert foreign.received(number) == list(range(1, number + 1))
        ids = [event.payload["id"] for event in recorder.events() if event.kind == "cometd.event"]
        assert ids[-1] == held
    # The same once more: Faye gives the publisher's message, id and all, back to the publisher.
    verdict = client.publish(CALLS, {"n": 3})
    assert verdict is not None
    assert (verdict["successful"], "data" in verdict) == (True, False)
    assert foreign.received(3) == [1, 2, 3]
    assert (client.state, states(recorder)) == ("connected", ["connecting", "connected"])


def test_second_session_with_the_same_cookie(serve: Serve) -> None:
    foreign = serve(COMETD)
    asked: list[float] = []
    ring = threading.Event()

    def wait(seconds: float) -> bool:
        asked.append(seconds)
        ring.wait(foreign.patience)
        return False

    http = foreign.http()
    first = foreign.session(CALLS, http=http)
    foreign.until_held()
    second = foreign.session(CALLS, http=http, wait=wait)
    end = time.monotonic() + foreign.patience
    while not second.advice.multiple_clients or not asked:
        assert time.monotonic() < end, second.advice
        threading.Event().wait(0.003)
    assert (first.advice.multiple_clients, asked) == (False, [2.0])
    foreign.publish(1)
    assert foreign.received(1, first) == [1]
    assert foreign.received(0, second) == []
    ring.set()
    assert foreign.received(1, second) == [1]


@pytest.mark.parametrize("kind", [FAYE, FAYE_SOCKET], ids=str)
def test_second_session_where_cookies_do_not_matter(serve: Serve, kind: Kind) -> None:
    foreign = serve(kind)
    http = foreign.http()
    first, second = foreign.session(CALLS, http=http), foreign.session(CALLS, http=http)
    foreign.until_held(2)
    foreign.publish(1)
    assert (foreign.received(1, first), foreign.received(1, second)) == ([1], [1])


@every_kind
@by_name_and_address
def test_expiry(serve: Serve, recorder: Recorder, kind: Kind, host: str) -> None:
    foreign = serve(kind)
    client = foreign.session(CALLS, DEVICES, http=foreign.http(host))
    first = client.client_id
    foreign.until_held()
    foreign.publish(1)
    assert foreign.received(1) == [1]
    foreign.until_held()
    foreign.node.ask("hangUp")
    if kind.transport == "long-polling":
        # These servers learn that a connection is gone only when they use it.
        foreign.publish(2)
        foreign.until_held(0)
    foreign.node.ask("advance", milliseconds=60_000)
    foreign.node.wait("gone", lambda fact: fact == {"happened": "gone", "clientId": first, "expired": True})
    foreign.node.ask("answerAgain")
    foreign.node.wait("subscribed", lambda fact: fact["clientId"] != first, count=2)
    foreign.publish(3)
    foreign.publish(4, channel=DEVICES)
    assert foreign.received(3) == [1, 3, 4]
    assert client.client_id != first
    assert client.wait_until(["connected"], DEADLINE)
    assert states(recorder)[-3:] == ["rehandshaking", "connecting", "connected"]


@pytest.mark.parametrize(
    ("kind", "ack", "kept"),
    [(COMETD, False, [3, 4]), (COMETD, True, [2, 3, 4]), (FAYE, False, [3, 4]), (FAYE_SOCKET, False, [2, 3, 4])],
    ids=["cometd", "cometd-acknowledged", "faye-long-polling", "faye-websocket"],
)
def test_restart_of_what_stands_before_the_server(serve: Serve, kind: Kind, ack: bool, kept: list[int]) -> None:
    foreign = serve(kind)
    client = foreign.session(CALLS, ack=ack)
    name = client.client_id
    foreign.until_held()
    foreign.publish(1)
    assert foreign.received(1) == [1]
    foreign.until_held()
    foreign.node.ask("hangUp")
    # The first goes the way of the connection that is gone, unless the server noticed or waits for acknowledgement.
    foreign.publish(2)
    foreign.until_held(0)
    foreign.publish(3, 4)
    foreign.node.ask("answerAgain")
    assert foreign.received(1 + len(kept)) == [1, *kept]
    foreign.until_held()
    foreign.publish(5)
    assert foreign.received(2 + len(kept)) == [1, *kept, 5]
    assert client.client_id == name


@every_kind
def test_restart_of_the_server(serve: Serve, recorder: Recorder, kind: Kind) -> None:
    with NodePeer("bayeux_server.mjs", kind.server) as node:
        foreign = Foreign(kind, node, recorder)
        client = foreign.session(CALLS, DEVICES)
        first = client.client_id
        foreign.until_held()
        foreign.publish(1)
        assert foreign.received(1) == [1]
        foreign.until_held()
        node.kill()
    backlog = [{"channel": CALLS, "data": {"n": 2}}, {"channel": CALLS, "data": {"n": 3}}]
    again = serve(kind, port=foreign.port, backlog=backlog)
    assert again.received(3) == [1, 2, 3]
    assert again.until_held() == [client.client_id]
    assert client.client_id != first
    again.publish(4, channel=DEVICES)
    assert again.received(4) == [1, 2, 3, 4]
    foreign.leave()


@pytest.mark.parametrize("ack", [True, False], ids=["acknowledged", "not-acknowledged"])
def test_a_reply_that_is_lost_on_its_way(serve: Serve, ack: bool) -> None:
    foreign = serve(COMETD)
    cut = Cut()
    with relayed(f"http://127.0.0.1:{foreign.port}", cut) as relay:
        client = foreign.session(CALLS, http=foreign.http(url=relay.url), ack=ack)
        foreign.until_held()
        cut.next_with(CALLS)
        foreign.publish(1)
        cut.wait()
        foreign.until_held()
        foreign.publish(2)
        expected = [1, 2] if ack else [2]
        assert foreign.received(len(expected)) == expected
        foreign.until_held()
        client.close()


@dataclass(frozen=True)
class Slip:
    """A mistake that a Bayeux client can make: what of ours is replaced by what, and the test that sees it."""

    place: Any
    name: str
    mistake: Any
    seen_by: Callable[[Serve, Recorder], None]
    says: str


def takes_replies_by_id_alone(messages: Any, waiting: Any, lenient: bool) -> dict[int, Pending]:
    """Whatever carries the id of a request answers it."""
    ids = {pending.message.get("id"): pending for pending in waiting if not pending.done.is_set()}
    return {
        index: ids[message.get("id")]
        for index, message in reversed(list(enumerate(messages)))
        if message.get("id") in ids
    }


def overlooks_events_behind_replies(self: CometdLog, message: Message, frame: Event, index: int) -> None:
    """Only what stands first in a frame is an event."""
    if index == 0:
        RECORDS_EVENT(self, message, frame, index)


RECORDS_EVENT = CometdLog.event
SLIPS = {
    "forgets-cookies": Slip(
        CookieStore, "header", lambda *_: None, lambda s, r: test_a_whole_session(s, r, COMETD, "127.0.0.1"), "402"
    ),
    "takes-replies-by-id-alone": Slip(
        bayeux_link,
        "match_replies",
        takes_replies_by_id_alone,
        lambda s, r: test_event_ids_equal_to_ours(s, r, FAYE),
        "'connecting', 'connected', 'connecting', 'connected'",
    ),
    "overlooks-events-behind-replies": Slip(
        CometdLog,
        "event",
        overlooks_events_behind_replies,
        lambda s, r: test_events_before_and_after_the_connect_reply(s, FAYE, "after"),
        "[] == [1, 2]",
    ),
    "does-not-subscribe-again": Slip(
        CometdSession,
        "subscriptions",
        property(lambda _: []),
        lambda s, r: test_expiry(s, r, FAYE_SOCKET, "localhost"),
        "not 2 times 'subscribed'",
    ),
    "keeps-no-interval": Slip(
        bayeux_link,
        "read_advice",
        lambda raw, transport: read_advice({**raw, "interval": 0}, transport),
        lambda s, r: test_second_session_with_the_same_cookie(s),
        "2.0",
    ),
    "does-not-acknowledge": Slip(
        Acknowledgement,
        "negotiate",
        lambda self, reply: None,
        lambda s, r: test_a_reply_that_is_lost_on_its_way(s, True),
        "[1, 1, 2] == [1, 2]",
    ),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_faulty_client_is_noticed(
    serve: Serve, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    slip = SLIPS[name]

    def impatient(kind: Kind, **settings: Any) -> Foreign:
        made = serve(kind, **settings)
        made.patience = made.node.patience = 0.5
        return made

    monkeypatch.setattr(slip.place, slip.name, slip.mistake)
    with pytest.raises((AssertionError, CometdError)) as noticed:
        slip.seen_by(impatient, recorder)
    assert slip.says in str(noticed.value)
