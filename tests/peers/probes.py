"""One probe for each obligation of Bayeux 1.0: a raw talk with a server that raises `BrokenError` where it is not kept.

Where the obligation is the client's, the probe looks at the other side of it: what a server must do so that a client
that keeps it fares well, or what it does with a client that does not.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from tests.peers.bench import CALLS, HANDSHAKE, SERVICES, Bench, Talk, owe
from tests.peers.raw import Message, RawHttp, is_event

META_REQUESTS = ("connect", "subscribe", "unsubscribe", "disconnect")
BITS = 128


def refused(reply: Message) -> bool:
    """Whether a reply says no."""
    return reply.get("successful") is False


def request(talk: Talk, name: str, **members: Any) -> Message:
    """A meta request that is complete but for what `members` change."""
    extra = {"connect": {"connectionType": talk.wire.transport, "advice": {"timeout": 0}}}.get(name, {})
    if name.endswith("subscribe"):
        extra = {"subscription": SERVICES}
    return talk.message(f"/meta/{name}", **{**extra, **members})


def two_requests_at_once(bench: Bench) -> None:
    """1: a client has at most two requests under way, so a server must answer the second beside a held connect."""
    talk = bench.talk().start(SERVICES)
    held = talk.hold()
    beside = talk.wire.begin(talk.message("/meta/subscribe", subscription=CALLS))
    owe(beside.wait(bench.patience), "a request beside the held connect is not answered")
    owe(held.wait(0) is None, "the second request ends the held connect")
    bench.event()
    owe([event for event in held.wait(bench.patience) or [] if is_event(event)], "the held connect brings no event")


def long_polling(bench: Bench) -> None:
    """2: long-polling is there on both sides."""
    talk = bench.talk()
    offered = talk.handshake(supportedConnectionTypes=["long-polling"]).get("supportedConnectionTypes")
    owe(isinstance(offered, list) and "long-polling" in offered, "long-polling is not offered")
    owe(talk.connect().get("successful") is True, "a long-polling connect fails")


def answers_without_handshake(bench: Bench) -> None:
    """4: messages of nobody are answered, at least with an error."""
    talk = bench.talk()
    for name in META_REQUESTS:
        reply = talk.reply(request(talk, name, clientId="never-given-out"))
        owe(refused(reply), f"{name} without a handshake is granted")
        owe("error" in reply, f"{name} without a handshake is refused without an error")
    owe(refused(talk.reply(talk.message("/service/x", clientId="never-given-out", data={}))), "a publish is granted")


def repeats_ids(bench: Bench) -> None:
    """6: a meta reply repeats the request's id."""
    talk = bench.talk()
    owe(talk.handshake(id="first-1").get("id") == "first-1", "handshake: the id is not repeated")
    for name in META_REQUESTS:
        message = request(talk, name)
        owe(talk.reply(message).get("id") == message["id"], f"{name}: the id is not repeated")


def client_ids(bench: Bench) -> None:
    """8: client ids are unique and carry 128 random bits."""
    talk = bench.talk()
    given = [str(talk.handshake().get("clientId")) for _ in range(8)]
    owe(len(set(given)) == len(given), "a client id is given twice")
    # What does not vary carries nothing; of what varies, each place carries as much as its alphabet allows.
    alphabet = len(set("".join(given)))
    varying = sum(len(set(column)) > 1 for column in zip(*given, strict=False))
    owe(varying * math.log2(max(alphabet, 2)) >= BITS, f"client ids like {given[0]!r} hold fewer than {BITS} bits")


def arrays(bench: Bench) -> None:
    """9: an array of messages is accepted, and each is answered."""
    talk = bench.talk()
    sent = talk.wire.begin(talk.message("/meta/handshake", **HANDSHAKE))
    owe(sent.wait(bench.patience), "an array of one message is refused")
    talk.start()
    messages = [request(talk, name) for name in ("subscribe", "unsubscribe")]
    replies = talk.ask(*messages)
    owe([reply.get("channel") for reply in replies] == [m["channel"] for m in messages], "an array is half answered")


def version(bench: Bench) -> None:
    """10: the handshake reply names a version, whether it grants the handshake or not."""
    for types in (["long-polling", "websocket"], ["carrier-pigeon"]):
        named = bench.talk().handshake(supportedConnectionTypes=types).get("version")
        owe(isinstance(named, str) and re.fullmatch(r"\d+(\.\w+)*", named), "the handshake reply has no version")


def needs_client_id(bench: Bench) -> None:
    """11: a client names itself in every message but the handshake; one that does not, or lies, is refused."""
    talk = bench.talk().start(SERVICES)
    for name in META_REQUESTS:
        message = request(talk, name)
        del message["clientId"]
        owe(refused(talk.reply(message)), f"{name} without a client id is granted")
        owe(refused(talk.reply({**message, "clientId": "made-up"})), f"{name} with a made-up client id is granted")
    other = bench.talk("agent2").start()
    stolen = request(other, "subscribe", clientId=talk.client_id, subscription="/v2/me/*")
    owe(refused(other.reply(stolen)), "another user's client id is accepted")


def whole_advice(bench: Bench) -> None:
    """12: newer advice replaces older, so each one that a server gives must be whole."""
    talk = bench.talk()
    replies = [talk.handshake(), talk.connect(), talk.connect()]
    advices = [reply["advice"] for reply in replies if "advice" in reply]
    owe(advices, "a client is never advised")
    for advice in advices:
        owe(advice.get("reconnect") == "retry", "an advice leaves out whether to retry")
        owe({"interval", "timeout"} <= set(advice), "an advice leaves out interval or timeout")


def advises_handshake(bench: Bench) -> None:
    """13: with `reconnect: handshake` a client must handshake; a server gives it, and a mere retry stays refused."""
    talk = bench.talk().start()
    former, talk.client_id = talk.client_id, "forgotten"
    for _ in range(2):
        reply = talk.connect()
        owe(refused(reply), "a session that is not there is connected")
        owe(reply.get("advice", {}).get("reconnect") == "handshake", "an unknown client is not told to handshake")
    talk.start(SERVICES)
    owe(talk.client_id != former, "the new handshake gives the old client id")
    bench.event()
    owe(len(talk.events()) == 1, "the new session receives nothing")


def advises_none(bench: Bench) -> None:
    """14: with `reconnect: none` a client is done; a server says so where the session ends, and means it."""
    talk = bench.talk().start()
    held = talk.hold()
    talk.meta("disconnect")
    replies = held.wait(bench.patience) or []
    advised = [reply.get("advice", {}).get("reconnect") for reply in replies if reply["channel"] == "/meta/connect"]
    owe(advised == ["none"], f"the connect that a disconnect ends advises {advised}")
    owe(refused(talk.connect()), "a session goes on after its disconnect")


def timeout_advice(bench: Bench) -> None:
    """15: the client's `timeout` advice is honoured."""
    talk = bench.talk()
    talk.handshake()
    # The first one is answered at once anyway, by servers like CometD's.
    for _ in range(2):
        sent = talk.wire.begin(request(talk, "connect"))
        owe(sent.wait(bench.patience), "a connect is held though the client advised a timeout of 0")


def interval(bench: Bench) -> None:
    """16: a client waits the `interval`; a server that advises one keeps the session for that long, and a while."""
    first = bench.talk().start()
    first.hold()
    second = bench.beside(first).start()
    advised = second.connect().get("advice", {}).get("interval")
    owe(isinstance(advised, int) and advised > 0, "no interval is advised")
    bench.gws.control("clock", advance=int(advised or 0) / 1000 + 8)
    owe(second.connect().get("successful") is True, "a client that keeps the advised interval is forgotten")


def connection_type(bench: Bench) -> None:
    """17: a connect names its connectionType; one that does not, or names an unknown one, is refused."""
    talk = bench.talk().start()
    bare = talk.message("/meta/connect", advice={"timeout": 0})
    owe(refused(talk.reply(bare)), "a connect without connectionType is granted")
    owe(refused(talk.connect(connectionType="carrier-pigeon")), "a connect of an unknown connectionType is granted")


def data(bench: Bench) -> None:
    """18: publish and delivery carry `data`."""
    talk = bench.talk().start(SERVICES)
    owe(refused(talk.reply(talk.message("/service/x"))), "a publish without data is granted")
    bench.event()
    events = talk.events()
    owe(events, "the event does not come")
    owe(all(isinstance(event.get("data"), dict) for event in events), "an event has no data")


def successful(bench: Bench) -> None:
    """19: every meta and publish reply says whether it was successful."""
    talk = bench.talk()
    replies = [talk.handshake()]
    messages = [request(talk, name) for name in META_REQUESTS[:3]]
    messages += [talk.message("/service/x", data={}), request(talk, "disconnect"), request(talk, "connect")]
    replies += [talk.reply(message) for message in messages]
    for reply in replies:
        owe(isinstance(reply.get("successful"), bool), f"a reply on {reply['channel']} has no successful")


def subscription(bench: Bench) -> None:
    """20: `subscription` comes back in the replies to subscribe and unsubscribe, one or an array, granted or not."""
    talk = bench.talk().start()
    for name in ("subscribe", "unsubscribe"):
        for wanted in (SERVICES, [SERVICES, CALLS], "/meta/connect"):
            reply = talk.meta(name, subscription=wanted)
            owe(reply.get("subscription") == wanted, f"the reply to {name} does not repeat the subscription")
    owe(talk.meta("subscribe", subscription=[SERVICES, CALLS]).get("successful"), "an array is not accepted")


def nothing_beside_a_handshake(bench: Bench) -> None:
    """21: nothing travels beside a handshake; what does is not carried out."""
    talk = bench.talk().start()
    smuggled = request(talk, "subscribe")
    sent = talk.wire.begin(talk.message("/meta/handshake", **HANDSHAKE), smuggled, awaited=1)
    replies = sent.wait(bench.patience)
    owe(replies, "a handshake is not answered when something travels beside it")
    granted = [reply["channel"] for reply in replies or [] if reply.get("successful")]
    owe(granted == ["/meta/handshake"], "what travels beside a handshake is carried out")
    subscribed = [channel for session in bench.gws.sessions() for channel in session["subscriptions"]]
    owe(not subscribed, "what travels beside a handshake is carried out, and nobody is told")


def no_shared_transport(bench: Bench) -> None:
    """22: a handshake without a shared transport is unsuccessful."""
    reply = bench.talk().handshake(supportedConnectionTypes=["carrier-pigeon"])
    owe(refused(reply), "a handshake that shares no transport is granted")
    owe("clientId" not in reply, "an unsuccessful handshake gives a client id")
    owe("error" in reply, "an unsuccessful handshake has no error")


def one_connect(bench: Bench) -> None:
    """23: one connect at a time: a newer one ends the older, and takes the events."""
    talk = bench.talk().start(SERVICES)
    older = talk.hold()
    newer = talk.wire.begin(talk.message("/meta/connect", connectionType=talk.wire.transport))
    # A reply, an HTTP error, a broken connection: any end will do.
    owe(older.wait(bench.patience) is not None, "the older of two connects is still held")
    bench.gws.until_held(1)
    bench.event()
    got = talk.wire.events(bench.patience) or newer.wait(bench.patience) or []
    owe(any(is_event(message) for message in got), "the newer of two connects brings no event")


def answers_all(bench: Bench) -> None:
    """24: connect, disconnect, subscribe and unsubscribe are answered, each with its own reply."""
    talk = bench.talk().start()
    for name in META_REQUESTS:
        message = request(talk, name)
        reply = talk.reply(message)
        owe(reply["channel"] == message["channel"], f"{name} is answered on {reply['channel']}")


def forgets_the_silent(bench: Bench) -> None:
    """25: a client that does not connect in time is gone."""
    talk = bench.talk().start(SERVICES)
    bench.gws.control("clock", advance=60)
    owe(refused(talk.meta("subscribe", subscription=CALLS)), "a client that was silent for a minute is still there")
    reply = talk.connect()
    owe(refused(reply), "a client that was silent for a minute is connected again")
    owe(reply.get("advice", {}).get("reconnect") == "handshake", "a forgotten client is not told to handshake")


def releases_on_disconnect(bench: Bench) -> None:
    """26: a disconnect ends the connect that is held."""
    talk = bench.talk().start()
    held = talk.hold()
    talk.meta("disconnect")
    owe(held.wait(bench.patience) is not None, "the connect is still held after the disconnect")


def json_posts(bench: Bench) -> None:
    """28: messages are posted as application/json, and the replies come as such."""
    talk = bench.talk()
    assert isinstance(talk.wire, RawHttp)
    body = json.dumps([talk.message("/meta/handshake", **HANDSHAKE)]).encode()
    for content_type in ("application/json", "application/json;charset=UTF-8"):
        posted = talk.wire.post(body, content_type)
        replies = posted.wait(bench.patience)
        owe(replies and replies[0].get("successful"), f"a POST of {content_type} is not answered")
        owe(posted.content_type.startswith("application/json"), f"the reply comes as {posted.content_type}")


def two_sessions_of_a_browser(bench: Bench) -> None:
    """29: of two sessions in one browser only one has its connect held; the other is told `multiple-clients`."""
    first = bench.talk().start(SERVICES)
    held = first.hold()
    second = bench.beside(first).start(SERVICES)
    sent = second.wire.begin(second.message("/meta/connect", connectionType="long-polling"))
    replies = sent.wait(bench.patience)
    owe(replies is not None, "the second session's connect is held too")
    advice = (replies or [{}])[-1].get("advice", {})
    owe(advice.get("multiple-clients") is True, "the second session is not told of multiple clients")
    owe(advice.get("interval", 0) > 0, "the second session is told of no interval")
    bench.event()
    both = [held.wait(bench.patience) or [], second.ask(request(second, "connect"))]
    owe(all(any(is_event(message) for message in got) for got in both), "a session of two receives nothing")


def wildcards(bench: Bench) -> None:
    """30: `*` stands for one segment, `**` for any depth, both at the end only."""
    narrow, wide, deep = (bench.talk().start(pattern) for pattern in ("/v2/*", "/v2/me/*", "/v2/**"))
    bench.ring()
    owe(wide.events(), "* does not match one segment")
    owe(deep.events(), "** does not match two segments")
    # It has had as much time as the others.
    got = narrow.wire.events(0) or narrow.ask(request(narrow, "connect"))
    owe(not any(is_event(message) for message in got), "* matches more than one segment")
    for pattern in ("/v2/*/calls", "/**/calls"):
        owe(refused(narrow.meta("subscribe", subscription=pattern)), f"{pattern} is granted")
