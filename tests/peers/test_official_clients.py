"""The official CometD client works with the bundled server: the newest generation, and the one that desktops ship."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.peers.deployment import Deployment, Json
from tests.peers.desktop import Desktop, Variant, replies_to
from tests.peers.node_peer import DEADLINE, NodePeer
from tests.peers.relay import Cut, relayed

CALLS, DEVICES, SERVICES = "/v2/me/calls", "/v2/me/devices", "/notifications/services"


VARIANTS = [Variant("3", "long-polling"), Variant("9", "long-polling"), Variant("9", "websocket")]
POLLING = [variant for variant in VARIANTS if variant.transport == "long-polling"]


Make = Callable[..., Desktop]


@pytest.fixture(scope="module")
def processes() -> Iterator[dict[tuple[str, str], NodePeer]]:
    """The processes of the clients, by generation and user; each is used by one test at a time."""
    running: dict[tuple[str, str], NodePeer] = {}
    yield running
    for node in running.values():
        node.stop()


@pytest.fixture
def desktop(gws: Deployment, processes: dict[tuple[str, str], NodePeer]) -> Iterator[Make]:
    """Makes desktops: desktop(variant, user_name, url)."""
    made: list[Desktop] = []

    def make(variant: Variant, user_name: str = "agent1", url: str | None = None) -> Desktop:
        key = (variant.generation, user_name)
        if key not in processes:
            processes[key] = NodePeer("official_client.mjs", variant.generation)
        made.append(Desktop(variant, gws.agent(user_name), processes[key], url or gws.notifications))
        return made[-1]

    yield make
    for each in made:
        each.node.patience = DEADLINE
        each.node.thaw()
        each.node.ask("forget")
        each.node.happened.clear()


every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=str)
every_generation = pytest.mark.parametrize("variant", POLLING, ids=str)


@every_variant
def test_handshake(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    reply = one.start()
    assert reply["version"] == "1.0"
    assert variant.transport in reply["supportedConnectionTypes"]
    gws.until_held()
    status = one.status()
    assert (status["status"], status["transport"]) == ("connected", variant.transport)
    assert status["clientId"] == reply["clientId"]
    assert [session["transport"] for session in gws.sessions()] == [variant.transport]


def story(data: list[Json]) -> list[tuple[str, str]]:
    """Call notifications in short."""
    return [(entry["notificationType"], entry["call"]["state"]) for entry in data]


def settled(call: Json) -> Json:
    """A call without what may differ between two looks at one state: the time, and the order of capabilities."""
    return {**call, "duration": "", "capabilities": sorted(call["capabilities"])}


def converse(gws: Deployment, one: Desktop, two: Desktop) -> tuple[list[Json], list[Json]]:
    """A call from one agent to the other, held once and ended; gives what each was told of it."""
    call = one.agent.dial(two.agent.number)
    two.events(1, CALLS)
    two.agent.do("Answer", call)
    established = one.events(2, CALLS)[-1]["call"]
    (seen,) = one.agent.calls()
    assert settled(seen) == settled(established)
    one.agent.do("Hold", call)
    one.events(3, CALLS)
    one.agent.do("Retrieve", call)
    one.events(4, CALLS)
    two.agent.do("Hangup", call)
    gws.control("services", type="Chat", state="Inactive")
    for desktop in (one, two):
        desktop.events(1, SERVICES)
    told = one.events(5, CALLS), two.events(3, CALLS)
    assert {entry["call"]["id"] for entry in told[0] + told[1]} == {call}
    return told


@every_variant
@pytest.mark.parametrize(
    "channels", [("/v2/me/*", SERVICES), (CALLS, SERVICES), ("/**",)], ids=["wildcard", "single-topics", "everything"]
)
def test_events_of_a_call(gws: Deployment, desktop: Make, variant: Variant, channels: tuple[str, ...]) -> None:
    one, two = desktop(variant), desktop(variant, "agent2")
    for each in (one, two):
        each.start(*channels)
    callers, callees = converse(gws, one, two)
    assert story(callers) == [
        ("StatusChange", "Dialing"),
        ("StatusChange", "Established"),
        ("StatusChange", "Held"),
        ("StatusChange", "Established"),
        ("StatusChange", "Released"),
    ]
    assert [state for _, state in story(callees)] == ["Ringing", "Established", "Released"]
    for entry, number in [*((entry, one.agent.number) for entry in callers), (callees[0], two.agent.number)]:
        assert (entry["messageType"], entry["phoneNumber"]) == ("CallStateChangeMessage", number)
    # Nothing was told twice, and nothing of the one to the other.
    assert (len(callers), len(callees)) == (5, 3)


@every_variant
def test_single_topics_bring_nothing_else(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    one.start(DEVICES, SERVICES)
    call = one.agent.dial("5002")
    one.agent.do("Hangup", call)
    gws.control("services", type="Chat", state="Inactive")
    one.events(1, SERVICES)
    assert {fact["channel"] for fact in one.all("event")} <= {DEVICES, SERVICES}


@every_variant
def test_expiry(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one, two = desktop(variant), desktop(variant, "agent2")
    first = one.start("/v2/me/*", SERVICES)["clientId"]
    gws.until_held()
    one.node.freeze()
    gws.expire_everybody()
    one.node.thaw()
    one.wait("got", lambda fact: str(fact["message"].get("error", "")).startswith("402:"))
    one.wait("got", replies_to("/meta/subscribe"), count=4)
    assert len(one.got("/meta/handshake")) == 2
    gws.until_held()
    status = one.status()
    assert (status["status"], status["clientId"] == first) == ("connected", False)
    two.start("/v2/me/*", SERVICES)
    callers, _ = converse(gws, one, two)
    assert [state for _, state in story(callers)] == ["Dialing", "Established", "Held", "Established", "Released"]


@every_variant
def test_advice_retry(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    one.start(SERVICES)
    for count, state in enumerate(("Inactive", "Active", "Inactive"), 1):
        gws.until_held()
        gws.control("services", type="Chat", state=state)
        one.events(count)
    gws.until_held()
    assert {reply["advice"]["reconnect"] for reply in one.got("/meta/connect") if "advice" in reply} == {"retry"}
    assert len(one.sent("/meta/handshake")) == 1
    # `interval: 0` is taken at its word.
    assert all(fact["delay"] > 1000 for fact in one.node.all("timer"))


@every_generation
def test_advice_interval(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    one.start(SERVICES)
    gws.until_held()
    one.start(SERVICES, name="second tab")
    # The server holds no second connect of one browser: come back in 2 seconds, it says.
    one.node.wait("timer", lambda fact: fact["delay"] == 2000)
    assert one.got("/meta/connect", "second tab")[-1]["advice"]["multiple-clients"] is True
    before = len(one.sent("/meta/connect", "second tab"))
    gws.control("services", type="Chat", state="Inactive")
    one.events(1)
    assert (len(one.sent("/meta/connect", "second tab")), one.all("event", "second tab")) == (before, [])
    assert one.node.ask("hurry", delay=2000) == 1
    assert one.events(1, name="second tab")[0]["service"]["state"] == "Inactive"


@every_variant
def test_advice_handshake(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    one.start(SERVICES)
    gws.until_held()
    one.node.freeze()
    gws.expire_everybody()
    one.node.thaw()
    one.wait("got", replies_to("/meta/handshake"), count=2)
    gws.until_held()
    refused = [reply for reply in one.got("/meta/connect") if not reply["successful"]]
    assert [reply["advice"]["reconnect"] for reply in refused] == ["handshake"]
    assert len(one.sent("/meta/handshake")) == 2


@every_generation
def test_advice_none(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    # The client offers its transport under a name that the server does not know.
    one.create(called="carrier-pigeon")
    reply = one.ask("handshake")
    assert (reply["successful"], reply["advice"]["reconnect"]) == (False, "none")
    assert one.sent("/meta/handshake")[0]["supportedConnectionTypes"] == ["carrier-pigeon"]
    assert one.status()["status"] == "disconnected"
    assert one.sent("/meta/connect") == []
    assert len(one.sent("/meta/handshake")) == 1


@every_variant
def test_disconnect(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    one.start("/v2/me/*")
    gws.until_held()
    assert one.ask("disconnect")["successful"] is True
    gws.until(lambda sessions: sessions == [], "nobody is left")
    one.wait("got", lambda fact: fact["message"].get("advice", {}).get("reconnect") == "none")
    assert one.status()["status"] == "disconnected"
    assert len(one.got("/meta/connect")) == len(one.sent("/meta/connect"))


@every_generation
@pytest.mark.parametrize("missing", ["Authorization", "X-CSRF-TOKEN"])
def test_credentials_and_token_are_needed(gws: Deployment, desktop: Make, variant: Variant, missing: str) -> None:
    one = desktop(variant)
    headers = {name: value for name, value in one.agent.headers.items() if name != missing}
    if missing == "Authorization":
        del headers["Cookie"]
    one.create(headers=headers)
    reply = one.ask("handshake")
    assert reply["successful"] is False
    assert reply["failure"]["httpCode"] == 403
    assert gws.sessions() == []


@every_generation
def test_cookie_alone_is_enough(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one = desktop(variant)
    one.start(SERVICES, headers={**one.agent.cookie, **one.agent.csrf})
    gws.control("services", type="Chat", state="Inactive")
    assert one.events(1)[0]["service"]["state"] == "Inactive"


@every_variant
def test_acknowledgement(gws: Deployment, desktop: Make, variant: Variant) -> None:
    one, two = desktop(variant), desktop(variant, "agent2")
    for each in (one, two):
        assert each.start("/v2/me/*", SERVICES, ack=True)["ext"] == {"ack": True}
    assert [session["acknowledges"] for session in gws.sessions()] == [True, True]
    callers, callees = converse(gws, one, two)
    assert (len(callers), len(callees)) == (5, 3)
    gws.until_held(2)
    batches = [reply["ext"]["ack"] for reply in one.got("/meta/connect")]
    assert batches == list(range(1, len(batches) + 1))
    # Each connect confirms the batch that the one before brought; the first has none to confirm yet.
    assert [message["ext"]["ack"] for message in one.sent("/meta/connect")][1:] == batches
    # What was confirmed does not wait any more.
    assert [session["queued"] for session in gws.sessions()] == [0, 0]


@every_generation
@pytest.mark.parametrize("ack", [True, False], ids=["acknowledged", "not-acknowledged"])
def test_a_reply_that_is_lost_on_its_way(gws: Deployment, desktop: Make, variant: Variant, ack: bool) -> None:
    cut = Cut()
    with relayed(gws.base_url, cut) as relay:
        one = desktop(variant, url=relay.url + gws.notifications.removeprefix(gws.base_url))
        one.start(SERVICES, ack=ack)
        gws.until_held()
        cut.next_with(SERVICES)
        gws.control("services", type="Chat", state="Inactive")
        cut.wait()
        gws.until_held()
        gws.control("services", type="Chat", state="Active")
        # With acknowledgements nothing is lost; without them the event went the way of its reply.
        expected = ["Inactive", "Active"] if ack else ["Active"]
        assert [data["service"]["state"] for data in one.events(len(expected))] == expected
        one.ask("disconnect")


SHIPPED, NEWEST = POLLING
NOTICED: dict[str, tuple[str, Callable[[Deployment, Make], None]]] = {
    "bayeux.no-successful": ("'successful'", lambda gws, make: test_handshake(gws, make, NEWEST)),
    "bayeux.duplicates": ("Dialing", lambda gws, make: test_events_of_a_call(gws, make, SHIPPED, (CALLS, SERVICES))),
    "generic.mute-notifications": (
        "not 1 times 'event'",
        lambda gws, make: test_events_of_a_call(gws, make, NEWEST, ("/**",)),
    ),
    "bayeux.accepts-unknown-client": ("not 1 times 'got'", lambda gws, make: test_expiry(gws, make, SHIPPED)),
    "bayeux.multiple-clients-ignored": (
        "not 1 times 'timer'",
        lambda gws, make: test_advice_interval(gws, make, NEWEST),
    ),
    "bayeux.no-shared-transport-accepted": ("(False, 'retry')", lambda gws, make: test_advice_none(gws, make, SHIPPED)),
    "bayeux.holds-connect-after-disconnect": (
        "not 1 times 'got'",
        lambda gws, make: test_disconnect(gws, make, NEWEST),
    ),
    "basics.csrf-not-required": (
        "True is False",
        lambda gws, make: test_credentials_and_token_are_needed(gws, make, NEWEST, "X-CSRF-TOKEN"),
    ),
    "basics.cookie-ignored": ("'successful': False", lambda gws, make: test_cookie_alone_is_enough(gws, make, NEWEST)),
    "bayeux.ack-never-resends": (
        "not 2 times 'event'",
        lambda gws, make: test_a_reply_that_is_lost_on_its_way(gws, make, NEWEST, True),
    ),
}


@pytest.mark.parametrize("fault", NOTICED)
def test_a_faulty_server_is_noticed(gws: Deployment, desktop: Make, fault: str) -> None:
    said, try_it = NOTICED[fault]

    def impatient(variant: Variant, user_name: str = "agent1", url: str | None = None) -> Desktop:
        made = desktop(variant, user_name, url)
        made.node.patience = 0.5
        return made

    gws.control("faults", on=[fault])
    with pytest.raises((AssertionError, KeyError)) as noticed:
        try_it(gws, impatient)
    assert said in str(noticed.value)
    gws.control("faults", off=["*"])
