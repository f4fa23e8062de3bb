"""Every fault of the Bayeux server shows: a probe of the obligation it breaks passes without it and fails with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from starlette.requests import HTTPConnection
from starlette.routing import Router

from conformance.simulator.bayeux import BayeuxServer
from conformance.simulator.bayeux.channels import documented
from conformance.simulator.bayeux.messages import encode, parse
from conformance.simulator.bayeux.protocol import Answer, Conversation
from conformance.simulator.bayeux.registry import Registry, Settings
from conformance.simulator.bayeux.sessions import Peer, Release, Session
from conformance.simulator.clock import Clock
from conformance.simulator.faults import Faults, declared_faults

Message = dict[str, Any]
CALLS = "/v2/me/calls"
HANDSHAKE: Message = {"version": "1.0", "supportedConnectionTypes": ["long-polling"]}


class Talk:
    """A conversation with the server's protocol, without a transport."""

    def __init__(self, *faults: str) -> None:
        switched = Faults(faults)
        self.clock = Clock()
        self.registry = Registry(self.clock, Settings(), switched.on)
        self.conversation = Conversation(self.registry, documented)

    def answer(self, channel: str, user: str = "alice", browser: str | None = "b", **members: Any) -> Answer:
        message = {"id": "1", "channel": channel, **members}
        return self.conversation.answer(message, Peer(user, browser, "long-polling"), may_wait=True)

    def say(self, channel: str, user: str = "alice", browser: str | None = "b", **members: Any) -> list[Message]:
        """The messages that come back at once; none while a connect is held."""
        answer = self.answer(channel, user, browser, **members)
        return [] if answer.hold else self.conclude(answer)

    def conclude(self, answer: Answer, why: Release = Release.EVENTS) -> list[Message]:
        if answer.hold is not None and answer.session is not None:
            self.registry.let_go(answer.session, answer.hold)
        delivery = self.conversation.conclude(answer, why)
        texts = [*delivery.events, *([] if delivery.reply is None else [delivery.reply])]
        return [parse(text)[0] for text in texts]

    def start(self, *channels: str, user: str = "alice", browser: str = "b", **members: Any) -> str:
        """Handshake, subscribe, first connect; the client id."""
        client_id = str(self.say("/meta/handshake", user, browser, **HANDSHAKE, **members)[0]["clientId"])
        for channel in channels:
            self.say("/meta/subscribe", user, browser, clientId=client_id, subscription=channel)
        self.connect(client_id, user, browser)
        return client_id

    def connect(self, client_id: str, user: str = "alice", browser: str = "b", **members: Any) -> Answer:
        return self.answer("/meta/connect", user, browser, clientId=client_id, connectionType="long-polling", **members)

    def publish(self, *numbers: int, channel: str = CALLS) -> None:
        for number in numbers:
            self.registry.publish("alice", channel, {"n": number})

    def events(self, client_id: str, user: str = "alice", browser: str = "b") -> list[Any]:
        """The data of the events that the next connect brings."""
        messages = self.conclude(self.connect(client_id, user, browser))
        return [message.get("data", {}).get("n") for message in messages if message["channel"] != "/meta/connect"]


async def id_echo(talk: Talk) -> bool:
    return talk.say("/meta/handshake", **HANDSHAKE)[0].get("id") == "1"


async def successful(talk: Talk) -> bool:
    return "successful" in talk.say("/meta/connect", clientId="x")[0]


async def version(talk: Talk) -> bool:
    return talk.say("/meta/handshake", **HANDSHAKE)[0].get("version") == "1.0"


async def subscription(talk: Talk) -> bool:
    client_id = talk.start()
    verbs = ("subscribe", "unsubscribe")
    replies = [talk.say(f"/meta/{verb}", clientId=client_id, subscription=CALLS)[0] for verb in verbs]
    return all(reply.get("subscription") == CALLS for reply in replies)


async def random_ids(talk: Talk) -> bool:
    return len(talk.start()) == 32


async def unique_ids(talk: Talk) -> bool:
    return talk.start() != talk.start()


async def shared_transport(talk: Talk) -> bool:
    reply = talk.say("/meta/handshake", version="1.0", supportedConnectionTypes=["callback-polling"])[0]
    return reply["successful"] is False


async def keeps_queued(talk: Talk) -> bool:
    client_id = talk.start(CALLS)
    talk.publish(1)
    return talk.events(client_id) == [1]


async def no_duplicates(talk: Talk) -> bool:
    client_id = talk.start(CALLS)
    talk.publish(1)
    return talk.events(client_id) == [1]


async def order(talk: Talk) -> bool:
    client_id = talk.start(CALLS)
    talk.publish(1, 2, 3)
    return talk.events(client_id) == [1, 2, 3]


async def data(talk: Talk) -> bool:
    client_id = talk.start(CALLS)
    talk.publish(1)
    return "data" in talk.conclude(talk.connect(client_id))[0]


async def privacy(talk: Talk) -> bool:
    client_id = talk.start("/**", user="bob", browser="c")
    talk.publish(1)
    return talk.events(client_id, "bob", "c") == []


async def one_copy(talk: Talk) -> bool:
    client_id = talk.start(CALLS, "/**")
    talk.publish(1)
    return talk.events(client_id) == [1]


async def unsubscribe(talk: Talk) -> bool:
    client_id = talk.start(CALLS)
    reply = talk.say("/meta/unsubscribe", clientId=client_id, subscription=CALLS)[0]
    talk.publish(1)
    return reply["successful"] is True and talk.events(client_id) == []


async def one_segment(talk: Talk) -> bool:
    client_id = talk.start("/v2/*")
    talk.publish(1)
    return talk.events(client_id) == []


async def meta_refused(talk: Talk) -> bool:
    reply = talk.say("/meta/subscribe", clientId=talk.start(), subscription="/meta/*")[0]
    return reply["successful"] is False


async def unknown_client(talk: Talk) -> bool:
    messages = [talk.say("/meta/subscribe", clientId="never", subscription=CALLS)[0]]
    messages += talk.say("/meta/connect", clientId="never", connectionType="long-polling")
    return all(message["successful"] is False for message in messages)


async def cookie(talk: Talk) -> bool:
    client_id = talk.start()
    return (
        talk.say("/meta/subscribe", browser=None, clientId=client_id, subscription=CALLS)[0]["successful"] is False
        and talk.say("/meta/subscribe", "bob", clientId=client_id, subscription=CALLS)[0]["successful"] is False
    )


async def advice(talk: Talk) -> bool:
    reply = talk.say("/meta/connect", clientId="never", connectionType="long-polling")[0]
    return bool(reply.get("advice", {}).get("reconnect") == "handshake")


async def disconnect_releases(talk: Talk) -> bool:
    client_id = talk.start()
    held = talk.connect(client_id).hold
    talk.say("/meta/disconnect", clientId=client_id)
    return held is not None and held.released.done() and held.released.result() is Release.DISCONNECTED


async def disconnect_answered(talk: Talk) -> bool:
    return len(talk.say("/meta/disconnect", clientId=talk.start())) == 1


async def timeout_advice(talk: Talk) -> bool:
    client_id = talk.start()
    return talk.connect(client_id, advice={"timeout": 0}).hold is None


async def one_connect(talk: Talk) -> bool:
    client_id = talk.start()
    older = talk.connect(client_id).hold
    newer = talk.connect(client_id).hold
    return older is not None and newer is not None and older.released.done() and not newer.released.done()


async def expiry(talk: Talk) -> bool:
    client_id = talk.start()
    talk.clock.advance(11)
    return talk.say("/meta/connect", clientId=client_id, connectionType="long-polling") != []


async def multiple_clients(talk: Talk) -> bool:
    first, second = talk.start(), talk.start()
    assert talk.connect(first).hold is not None
    return talk.connect(second).hold is None


async def acknowledgement(talk: Talk) -> bool:
    client_id = talk.start(CALLS, ext={"ack": True})
    talk.publish(1)
    assert talk.events(client_id) == [1]
    return talk.events(client_id) == [1]


PROBES: dict[str, Callable[[Talk], Coroutine[Any, Any, bool]]] = {
    "bayeux.no-id-echo": id_echo,
    "bayeux.no-successful": successful,
    "bayeux.no-version": version,
    "bayeux.no-subscription-echo": subscription,
    "bayeux.predictable-client-ids": random_ids,
    "bayeux.same-client-id": unique_ids,
    "bayeux.no-shared-transport-accepted": shared_transport,
    "bayeux.loses-queued": keeps_queued,
    "bayeux.duplicates": no_duplicates,
    "bayeux.wrong-order": order,
    "bayeux.no-data": data,
    "bayeux.leaks-to-other-users": privacy,
    "bayeux.copy-per-subscription": one_copy,
    "bayeux.ignores-unsubscribe": unsubscribe,
    "bayeux.wildcard-two-segments": one_segment,
    "bayeux.meta-subscribe-allowed": meta_refused,
    "bayeux.accepts-unknown-client": unknown_client,
    "bayeux.client-id-suffices": cookie,
    "bayeux.no-advice-on-402": advice,
    "bayeux.holds-connect-after-disconnect": disconnect_releases,
    "bayeux.no-disconnect-reply": disconnect_answered,
    "bayeux.ignores-timeout-advice": timeout_advice,
    "bayeux.two-connects-held": one_connect,
    "bayeux.never-expires": expiry,
    "bayeux.multiple-clients-ignored": multiple_clients,
    "bayeux.ack-never-resends": acknowledgement,
}
OVER_HTTP = {"bayeux.arrays-refused", "bayeux.malformed-accepted"}


@pytest.mark.parametrize("name", PROBES)
def test_fault_breaks_its_obligation(name: str) -> None:
    async def probe(*faults: str) -> bool:
        return await PROBES[name](Talk(*faults))

    assert asyncio.run(probe()) is True
    assert asyncio.run(probe(name)) is False


def test_every_fault_is_probed() -> None:
    declared = {fault.name for fault in declared_faults() if fault.name.startswith("bayeux.")}
    assert declared == {*PROBES, *OVER_HTTP}


def _post(fault: str, content: str) -> tuple[int, str]:
    def authenticate(_: HTTPConnection) -> tuple[str, str]:
        return "alice", "session"

    server = BayeuxServer(
        clock=Clock(),
        authenticate=authenticate,
        check_csrf=lambda request, session_id: None,
        faults_on=Faults([fault] if fault else []).on,
    )

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(Router(server.routes("/notifications")))
        async with httpx.AsyncClient(transport=transport, base_url="http://gws") as client:
            headers = {"content-type": "application/json"}
            return await client.post("/notifications", content=content, headers=headers)

    response = asyncio.run(post())
    return response.status_code, response.text


def test_arrays_refused() -> None:
    message = encode({"channel": "/meta/handshake", **HANDSHAKE})
    assert _post("", f" [{message}]")[0] == 200
    assert _post("bayeux.arrays-refused", f" [{message}]") == (400, "")
    assert _post("bayeux.arrays-refused", message)[0] == 200


def test_malformed_accepted() -> None:
    assert _post("", "{") == (400, "")
    assert _post("bayeux.malformed-accepted", "{") == (200, "[]")


def test_never_expiring_sessions_do_not_keep_the_timer_busy() -> None:
    async def work() -> None:
        talk = Talk("bayeux.never-expires")
        session = talk.registry.by_id(talk.start())
        assert isinstance(session, Session)
        talk.clock.advance(3600)
        talk.registry.sweep()
        before = time.process_time()
        for _ in range(1000):
            await asyncio.sleep(0)
        assert time.process_time() - before < 1
        assert talk.registry.knows(session)

    asyncio.run(work())
