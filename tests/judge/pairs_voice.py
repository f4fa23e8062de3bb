"""Pairs around one operation of voice: replies, notifications, states, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.judge.build import API, Timeline, call, call_message, offers
from tests.judge.cases import Pair

HOLD = {"operationName": "Hold"}
DONE = {"statusCode": 0}
EXPECT = {"chart": "call", "state": "Held", "actor": "agent", "id": "CALL1", "moved": True}


def hold(
    body: Any = DONE,
    *,
    status: int = 200,
    text: str | None = None,
    content_type: str | None = None,
    told: Mapping[str, Any] | None = None,
    channel: str = "/v2/me/calls",
    wait: float = 0.0,
    twice: bool = False,
    also: Mapping[str, Any] | None = None,
    case: str = "transition",
    **info: Any,
) -> Timeline:
    """Hold of an established call; everything is as documented unless told otherwise."""
    line = Timeline("call:Established-Hold-Held", operation="voice.Hold")
    declared = {
        "expect": EXPECT,
        "offered": offers("call", "Established"),
        "deadline": 1.5,
        "resource": {"binding": "call", "id": "CALL1"},
        "known": {"agent": ["CALL1"], "second_agent": ["CALL1"]},
        **info,
    }
    line.step("voice.Hold", case, **declared).ask("POST", "/me/calls/CALL1", HOLD)
    headers = {"content-type": [content_type]} if content_type else None
    line.say(body, status=status, text=text, headers=headers)
    data = call_message("Held") if told is None else told
    line.later(wait)
    if data:
        line.tell(data, channel)
    if twice:
        line.tell(data, channel, mark="again")
    if also:
        line.tell(also, mark="also")
    return line


def unanswered() -> Timeline:
    """Hold without a reply."""
    line = Timeline(operation="voice.Hold").step("voice.Hold", "positive")
    return line.ask("POST", "/me/calls/CALL1", HOLD).lost("ReadTimeout")


def held(**members: Any) -> Timeline:
    """Hold, told with a call that has these members."""
    return hold(told=call_message("Held", **members))


def me(body: Any) -> Timeline:
    """GET /me."""
    line = Timeline("basics.GetMe[positive]", area="basics", operation="basics.GetMe").step("basics.GetMe")
    return line.ask("GET", "/me").say(body)


USER = {"id": "U1", "userName": "agent1", "uri": f"{API}/users/U1", "path": "/users/U1", "roles": ["ROLE_AGENT"]}


def dial(data: Mapping[str, Any], *, later_first: bool = False) -> Timeline:
    """Dial with user data; the second agent is called."""
    line = Timeline("voice.Dial[userData]", operation="voice.Dial")
    line.step("voice.Dial", example="userData", values={"second.phoneNumber": "5002"}, deadline=1.5)
    body = {"operationName": "Dial", "destination": {"phoneNumber": "5002"}, "userData": {"CustomerSegment": "Gold"}}
    line.ask("POST", "/me/devices/D1/calls", body).say(DONE)
    return line.tell(data)


def dialing(**members: Any) -> dict[str, Any]:
    """What a caller is told of a dialed call."""
    return call_message("Dialing", **{"userData": {"CustomerSegment": "Gold"}, **members})


def consult(*states: str) -> Timeline:
    """InitiateTransfer: the call is held, then the other number dialed."""
    line = Timeline("voice.InitiateTransfer[positive]", operation="voice.InitiateTransfer")
    line.step("voice.InitiateTransfer", example="positive")
    body = {"operationName": "InitiateTransfer", "destination": {"phoneNumber": "5003"}}
    line.ask("POST", "/me/calls/CALL1", body).say(DONE)
    for number, state in enumerate(states, start=1):
        line.tell(call_message(state, identifier="CALL1" if state == "Held" else "CALL2"), mark=f"told{number}")
    return line


def probe(latest: Mapping[str, Any], calls: list[Any], *, final: bool = False) -> Timeline:
    """A read of the calls, compared with the last notification."""
    line = Timeline("call:Held", operation="voice.ListCalls")
    line.step(
        "voice.ListCalls", "probe", label="get", latest={"resource": "call", "value": dict(latest), "final": final}
    )
    return line.ask("GET", "/me/calls?fields=*").say({"statusCode": 0, "calls": calls})


def refusal(
    body: Any,
    *,
    status: int = 400,
    text: str | None = None,
    negative: str = "missing-parameter",
    operation: str = "voice.Dial",
    told: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **info: Any,
) -> Timeline:
    """A request that must be refused."""
    line = Timeline(f"{operation}[negative]", operation=operation)
    extra: dict[str, Any] = {"before": before} if before is not None else {}
    line.step(operation, "refusal", negative=negative, label=f"{negative}:destination", **extra, **info)
    line.ask("POST", "/me/devices/D1/calls", {"operationName": operation.partition(".")[2]})
    line.say(body, status=status, text=text)
    if told is not None:
        line.tell(told)
    return line.done(after=after) if after is not None else line


MISSING = {"statusCode": 1, "statusMessage": "destination is missing"}


def withheld(body: Any = None, *, status: int = 409, told: Mapping[str, Any] | None = None) -> Timeline:
    """Answer of a held call."""
    line = Timeline("call:Held!withheld").step("voice.Answer", "withheld", label="Answer")
    line.ask("POST", "/me/calls/CALL1", {"operationName": "Answer"})
    line.say({"statusCode": 18, "statusMessage": "Invalid state"} if body is None else body, status=status)
    return line.tell(told) if told is not None else line


ERROR = {"messageType": "ErrorMessage", "errorMessage": "Invalid state", "errorCode": 1}
LATE = "the slowest notification took"

PAIRS = [
    Pair("http.status", hold, lambda: hold(status=500), "HTTP status 500 where 200", "voice.Hold"),
    Pair("http.status", hold, unanswered, "no HTTP reply", "voice.Hold", name="unanswered"),
    Pair("response.body", hold, lambda: hold(text="<html>"), "not a JSON object", "voice.Hold", name="html"),
    Pair("response.body", hold, lambda: hold(content_type="text/plain"), "Content-Type says", "voice.Hold"),
    Pair("response.statusCode", hold, lambda: hold({}), "no statusCode", "voice.Hold", name="absent"),
    Pair("response.statusCode", hold, lambda: hold({"statusCode": "zero"}), "not a number", "voice.Hold", name="text"),
    Pair(
        "response.statusCode",
        hold,
        lambda: hold({"statusCode": 4, "statusMessage": "boom"}),
        "statusCode 4 where 0 is documented: boom",
        "voice.Hold",
        name="other",
    ),
    Pair(
        "response.statusMessage",
        hold,
        lambda: hold({"statusCode": 0, "statusMessage": "OK"}),
        "beside statusCode 0",
        "voice.Hold",
        name="beside",
    ),
    Pair(
        "response.statusMessage",
        lambda: refusal(MISSING),
        lambda: refusal({"statusCode": 1}),
        "without a statusMessage",
        "voice.Dial",
        name="absent",
    ),
    Pair(
        "response.member",
        lambda: me({"statusCode": 0, "user": USER}),
        lambda: me({"statusCode": 0, "users": [USER]}),
        "lacks user",
        "basics.GetMe",
    ),
    Pair(
        "response.schema",
        lambda: me({"statusCode": 0, "user": USER}),
        lambda: me({"statusCode": 0, "user": {**USER, "userName": 5}}),
        "/user/userName",
        "basics.GetMe",
    ),
    Pair(
        "response.error-only",
        lambda: refusal(MISSING),
        lambda: refusal({**MISSING, "details": {}}),
        "carries details",
        "voice.Dial",
    ),
    Pair("notification.sent", hold, lambda: hold(told={}), "Held reached agent", "voice.Hold"),
    Pair("notification.channel", hold, lambda: hold(channel="/v2/me/devices"), "arrived on", "voice.Hold", "told"),
    Pair(
        "notification.type",
        hold,
        lambda: hold(also={"messageType": "Surprise"}),
        "messageType 'Surprise' is not documented",
        "voice.Hold",
        "also",
    ),
    Pair("notification.schema", hold, lambda: held(mute="Maybe"), "data/call/mute", "voice.Hold", "told"),
    Pair(
        "notification.identity",
        hold,
        lambda: held(uri=f"{API}/me/calls/OTHER"),
        "uri names another resource than id",
        "voice.Hold",
        "told",
    ),
    Pair(
        "notification.values",
        lambda: dial(dialing()),
        lambda: dial(dialing(userData={"CustomerSegment": "Silver"})),
        "call.userData.CustomerSegment is Silver",
        "voice.Dial",
        "told",
    ),
    Pair(
        "notification.order",
        lambda: consult("Held", "Dialing"),
        lambda: consult("Dialing", "Held"),
        "notifications reached agent in another order than documented",
        "voice.InitiateTransfer",
        "told1",
        "warning",
    ),
    Pair("notification.count", hold, lambda: hold(twice=True), "delivered twice to agent", "voice.Hold", "again"),
    Pair(
        "notification.unexpected",
        hold,
        lambda: hold(also=call_message("Released", identifier="CALL1")),
        "Released reached agent, which nothing documented explains",
        "voice.Hold",
        "also",
        "warning",
    ),
    Pair("notification.unexpected", hold, lambda: hold(also=ERROR), "ErrorMessage", "voice.Hold", "also", name="error"),
    Pair("latency.deadline", hold, lambda: hold(wait=2.0), LATE, "voice.Hold", "request", "warning"),
    Pair(
        "state.after",
        hold,
        lambda: hold(told=call_message("Established")),
        "not Held: state = Established",
        "voice.Hold",
        "told",
    ),
    Pair("state.after", hold, lambda: hold(told={}), "no notification showed agent", "voice.Hold", name="silent"),
    Pair(
        "capabilities.after",
        hold,
        lambda: held(capabilities=[*offers("call", "Held"), "Answer"]),
        "call Held of agent has Answer too many",
        "voice.Hold",
        "told",
        name="extra",
    ),
    Pair(
        "capabilities.after",
        hold,
        lambda: held(capabilities=[item for item in offers("call", "Held") if item != "Retrieve"]),
        "call Held of agent lacks Retrieve",
        "voice.Hold",
        "told",
        name="missing",
    ),
    Pair(
        "capability.honoured",
        hold,
        lambda: hold({"statusCode": 18, "statusMessage": "no"}, status=409, told={}),
        "Hold is offered but was refused",
        "voice.Hold",
    ),
    Pair(
        "capability.honoured",
        hold,
        lambda: hold(told=ERROR),
        "Hold is offered but was refused",
        "voice.Hold",
        "told",
        name="asynchronously",
    ),
    Pair(
        "capability.withheld",
        withheld,
        lambda: withheld(DONE, status=200),
        "Answer is not offered but was accepted",
        "voice.Answer",
    ),
    Pair(
        "get.agrees",
        lambda: probe(call("Held"), [call("Held")]),
        lambda: probe(call("Held"), [call("Established")]),
        "GET and notification differ in ",
        "voice.ListCalls",
        name="other",
    ),
    Pair(
        "get.agrees",
        lambda: probe(call("Released"), [], final=True),
        lambda: probe(call("Held"), []),
        "the call is missing from the GET",
        "voice.ListCalls",
        name="missing",
    ),
    Pair(
        "refusal.status",
        lambda: refusal(MISSING),
        lambda: refusal(DONE, status=200),
        "the request was accepted",
        "voice.Dial",
        name="accepted",
    ),
    Pair(
        "refusal.status",
        lambda: refusal(MISSING),
        lambda: refusal(MISSING, status=500),
        "was answered with HTTP 500",
        "voice.Dial",
        name="other",
    ),
    Pair(
        "refusal.status",
        lambda: refusal(MISSING, inferred=True),
        lambda: refusal(DONE, status=200, inferred=True),
        "the request was accepted",
        "voice.Dial",
        verdict="warning",
        name="inferred",
    ),
    Pair(
        "refusal.statusCode",
        lambda: refusal(MISSING),
        lambda: refusal({"statusCode": 20, "statusMessage": "Access denied"}),
        "statusCode 20",
        "voice.Dial",
    ),
    Pair(
        "refusal.internals",
        lambda: refusal(MISSING),
        lambda: refusal({"statusCode": 1, "statusMessage": "NPE\n\tat com.vendor.Server(Server.java:7)"}),
        "stack trace",
        "voice.Dial",
        verdict="warning",
    ),
    Pair(
        "refusal.unchanged",
        lambda: refusal(MISSING),
        lambda: refusal(MISSING, told=call_message("Dialing")),
        "agent was told of a change: CallStateChangeMessage",
        "voice.Dial",
        "told",
        name="told",
    ),
    Pair(
        "refusal.unchanged",
        lambda: withheld(DONE, status=200, told=ERROR),
        lambda: withheld(DONE, status=200, told=ERROR).tell(call_message("Established"), mark="moved"),
        "agent was told of a change: CallStateChangeMessage StatusChange",
        "voice.Answer",
        "moved",
        name="asynchronously",
    ),
    Pair(
        "refusal.unchanged",
        lambda: refusal(MISSING, before={"state": "Ready"}, after={"state": "Ready"}),
        lambda: refusal(MISSING, before={"state": "Ready"}, after={"state": "NotReady"}),
        "changed state",
        "voice.Dial",
        name="read",
    ),
]
