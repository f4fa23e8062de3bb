"""Pairs around what calls, chats and contacts say of themselves, and clients that hold no connect."""

from __future__ import annotations

from typing import Any

from tests.judge.build import Timeline, call, call_message, chat, chat_message, contact, entry, person
from tests.judge.cases import Pair
from tests.judge.pairs_stories import did, line_of

POLLER = "agent+2"


# -- lists -----------------------------------------------------------------------------------------------------------


def ended_call(listed: bool) -> Timeline:
    """A call is released, and the calls are read."""
    line = line_of("voice.ListCalls").step("voice.Hangup").tell(call_message("Released"), mark="ended")
    answer = {"calls": [call("Released")] if listed else []}
    return did(line, "voice.ListCalls", "GET", "/me/calls?fields=*", None, answer)


def ended_chat(listed: bool) -> Timeline:
    """A chat is completed, and the chats are read."""
    line = line_of("chat.List").step("chat.Complete").tell(chat_message("Completed"), "/v2/me/chats", mark="ended")
    answer = {"chats": [chat("Completed")] if listed else []}
    return did(line, "chat.List", "GET", "/me/chats?fields=*", None, answer)


def _user(number: int, units: tuple[str, ...], *roles: str) -> dict[str, Any]:
    return contact(number, type="User", businessUnits=[{"name": name} for name in units], roles=list(roles))


WHOLE = [_user(1, ("A",), "ROLE_AGENT"), _user(2, ("A", "B"), "ROLE_AGENT", "ROLE_SUPERVISOR"), contact(3)]


def filtered(query: str, *numbers: int) -> Timeline:
    """All contacts, and those that a filter lets through."""
    line = line_of("contacts.List")
    did(line, "contacts.List", "GET", "/contacts?limit=100", None, {"contacts": WHOLE, "totalCount": 3}, mark="whole")
    found = [WHOLE[number - 1] for number in numbers]
    answer = {"contacts": found, "totalCount": len(found)}
    return did(line, "contacts.List", "GET", f"/contacts?limit=100&{query}", None, answer)


def long_page(count: int, query: str = "") -> Timeline:
    """A page of a long list."""
    answer = {"contacts": [contact(number) for number in range(count)], "totalCount": 140}
    return did(line_of("contacts.List"), "contacts.List", "GET", f"/contacts{query}", None, answer)


def available(state: str) -> Timeline:
    """A contact who is shown as available."""
    channel = {"channel": "voice", "available": True, "userState": {"state": state}}
    answer = {"contacts": [contact(1, type="User", availability={"channels": [channel]})], "totalCount": 1}
    return did(line_of("contacts.List"), "contacts.List", "GET", "/contacts?limit=100", None, answer)


# -- customers and chats ---------------------------------------------------------------------------------------------


def _polled(line: Timeline, path: str, answer: dict[str, Any], mark: str = "reply") -> Timeline:
    line.step("", "probe", performer="customer")
    line.ask("GET", path, actor="customer", headers={}, purpose="auth")
    return line.say({"statusCode": 0, **answer}, actor="customer", mark=mark)


def customers_state(state: str) -> Timeline:
    """A customer asks for the chat that an agent is in."""
    line = line_of("chat.Accept").step("chat.Accept").tell(chat_message("Chatting"), "/v2/me/chats")
    return _polled(line, "/chats/C1", {"chat": {"id": "C1", "state": state}})


def customers_messages(*second: int) -> Timeline:
    """A customer asks twice for new messages."""
    line = _polled(line_of("chat.Accept"), "/chats/C1/messages", {"messages": [entry(1), entry(2)]}, mark="first")
    return _polled(line, "/chats/C1/messages", {"messages": [entry(index) for index in second]})


def nicknamed(shown: str) -> Timeline:
    """An agent accepts under a nickname."""
    body = {"operationName": "Accept", "nickname": "agent-nick"}
    line = did(line_of("chat.Accept"), "chat.Accept", "POST", "/me/chats/CHAT1", body)
    return line.tell(chat_message("Chatting", participants=[person(shown)]), "/v2/me/chats")


def supervised(mode: str, *joined: str) -> Timeline:
    """Two chats of a monitored agent; the supervisor is in some of them."""
    body = {"operationName": "Monitor", "supervisorMonitoringMode": mode}
    line = line_of("chat.Monitor")
    did(line, "chat.Monitor", "POST", "/users/U1/channels/chat", body, performer="supervisor")
    for name in ("C1", "C2"):
        line.step("chat.Accept").tell(chat_message("Chatting", identifier=name), "/v2/me/chats")
        if name in joined:
            line.tell(chat_message("Chatting", identifier=name), "/v2/me/chats", actor="supervisor", mark=name)
    return line


def no_longer_supervised(*joined: str) -> Timeline:
    """A chat of an agent whose monitoring was cancelled."""
    body = {"operationName": "CancelSupervisorMonitoring"}
    line = line_of("chat.CancelSupervisorMonitoring")
    did(line, "chat.CancelSupervisorMonitoring", "POST", "/users/U1/channels/chat", body, performer="supervisor")
    line.step("chat.Accept").tell(chat_message("Chatting"), "/v2/me/chats", mark="agent")
    for actor in joined:
        line.tell(chat_message("Chatting"), "/v2/me/chats", actor=actor)
    return line


def disturbed(offered: bool) -> Timeline:
    """A customer comes while the agent is not to be disturbed."""
    body = {"operationName": "DoNotDisturbOn"}
    operation = "agent-control.DoNotDisturbOn"
    path = "/users/U1/channels/chat"
    line = did(line_of(operation, area="chat"), operation, "POST", path, body, performer="supervisor")
    line.step("", "stimulus", performer="customer")
    return line.tell(chat_message("Invited" if offered else "Completed"), "/v2/me/chats")


def withdrawn(joined: bool) -> Timeline:
    """An agent accepts an invitation that was withdrawn."""
    line = line_of("chat.CancelConsult")
    did(line, "chat.CancelConsult", "POST", "/me/chats/CHAT1", {"operationName": "CancelConsult"}, mark="cancelled")
    body = {"operationName": "Accept", "nickname": "second"}
    did(line, "chat.Accept", "POST", "/me/chats/CHAT1", body, performer="second_agent", case="withheld")
    state = "Chatting" if joined else "Completed"
    return line.tell(chat_message(state), "/v2/me/chats", actor="second_agent")


# -- calls -----------------------------------------------------------------------------------------------------------


def from_outside(kind: str) -> Timeline:
    """A customer calls."""
    line = line_of("voice.Answer").step("", "stimulus", performer="stimulus")
    line.add("stimulus", {"name": "inbound-call", "parameters": {"to": "5001"}})
    line.add("stimulus.done", {"name": "inbound-call", "ok": True})
    return line.tell(call_message("Ringing", callType=kind))


def lasting(second: str) -> Timeline:
    """The calls are read twice, three seconds apart."""
    line = line_of("voice.ListCalls")
    for seconds in ("1", second):
        answer = {"calls": [call("Established", duration=seconds)]}
        did(line, "voice.ListCalls", "GET", "/me/calls?fields=*", None, answer, case="probe").later(3.0)
    return line


def disposed(key: str) -> Timeline:
    """A disposition under a key of its own."""
    body = {"operationName": "SetCallDisposition", "disposition": "Sale", "dispositionKey": "Outcome"}
    line = did(line_of("voice.SetCallDisposition"), "voice.SetCallDisposition", "POST", "/me/calls/CALL1", body)
    return line.tell(call_message("Established", "AttachedDataChanged", userData={key: "Sale"}))


def public(*offered: str) -> Timeline:
    """A call rings at a device of the public network."""
    answer = {"devices": [{"id": "D1", "telephonyNetwork": "Public"}]}
    line = did(line_of("voice.Dial"), "voice.ListDevices", "GET", "/me/devices?fields=*", None, answer, case="probe")
    return line.step("voice.Dial").tell(call_message("Ringing", capabilities=list(offered)))


def scope(state: str, kind: str = "Agent") -> Timeline:
    """A monitored agent hands a call over."""
    body = {"operationName": "ListenIn", "supervisorMonitoringScope": kind}
    line = line_of("voice.ListenIn", monitored="second_agent")
    did(line, "voice.ListenIn", "POST", "/me/devices/D5", body, performer="supervisor")
    line.step("voice.SingleStepTransfer", performer="second_agent")
    line.tell(call_message("Released"), actor="second_agent", mark="left")
    line.tell(call_message("Established"), actor="agent", mark="caller")
    return line.tell(call_message(state), actor="supervisor", mark="supervisor")


def again(status: int, code: int) -> Timeline:
    """An agent who is Ready asks for Ready."""
    device = {"id": "D1", "userState": {"state": "Ready"}}
    line = (
        line_of("voice.Ready")
        .step("voice.Ready")
        .tell({"messageType": "DeviceStateChangeMessage", "devices": [device]}, "/v2/me/devices")
    )
    line.step("voice.Ready", "probe").ask("POST", "/me/devices/D1", {"operationName": "Ready"})
    return line.say({"statusCode": code}, status=status)


# -- CometD ----------------------------------------------------------------------------------------------------------


def _poll(line: Timeline, *messages: dict[str, Any]) -> Timeline:
    line.step("", "probe", performer=POLLER)
    return line.ask("POST", "/notifications", list(messages), actor=POLLER)


def batch(status: int, *answers: dict[str, Any]) -> Timeline:
    """An array of a subscription."""
    line = _poll(
        Timeline("basics.cometd[made]", area="basics", polling=True), {"channel": "/meta/subscribe", "id": "1"}
    )
    return line.say(list(answers), status=status, actor=POLLER)


def queued(*kept: dict[str, Any]) -> Timeline:
    """A session subscribes, something happens, the session connects."""
    line = Timeline("basics.cometd[made]", area="basics", polling=True)
    _poll(line, {"channel": "/meta/subscribe", "id": "1", "subscription": "/v2/me/calls"})
    reply = {"channel": "/meta/subscribe", "id": "1", "successful": True, "subscription": "/v2/me/calls"}
    line.say([reply], actor=POLLER, mark="subscribed")
    line.step("voice.Hold").tell(call_message())
    _poll(line, {"channel": "/meta/connect", "id": "2", "advice": {"timeout": 0}})
    return line.say(
        [*kept, {"channel": "/meta/connect", "id": "2", "successful": True}], actor=POLLER, mark="connected"
    )


def asked_at_once(seconds: float) -> Timeline:
    """A connect that asks not to be held."""
    line = Timeline("basics.cometd[made]", area="basics", bayeux=True, deadline=1.0).step(case="probe")
    line.frame("send", {"channel": "/meta/connect", "id": "2", "clientId": "c1", "advice": {"timeout": 0}})
    return line.later(seconds).frame("receive", {"channel": "/meta/connect", "id": "2", "successful": True})


def left(released: bool) -> Timeline:
    """A disconnect while a connect is held."""
    line = Timeline("basics.cometd[made]", area="basics", bayeux=True).step(case="probe")
    line.frame("send", {"channel": "/meta/connect", "id": "2", "clientId": "c1"}, mark="held")
    line.frame("send", {"channel": "/meta/disconnect", "id": "3", "clientId": "c1"})
    line.frame("receive", {"channel": "/meta/disconnect", "id": "3", "successful": True})
    if released:
        line.frame("receive", {"channel": "/meta/connect", "id": "2", "successful": True}, mark="released")
    return line


def polled_at_once(seconds: float) -> Timeline:
    """A connect of a client that holds none."""
    line = Timeline("basics.cometd[made]", area="basics", polling=True)
    _poll(line, {"channel": "/meta/connect", "id": "1", "advice": {"timeout": 0}}).later(seconds)
    return line.say([{"channel": "/meta/connect", "id": "1"}], actor=POLLER)


EVENT = {"channel": "/v2/me/calls", "data": call_message()}


def logged_out(**members: Any) -> Timeline:
    """The list of users after the session of one of them has ended."""
    line = Timeline("contacts.availability[made]", area="contacts", operation="contacts.List")
    line.step("contacts.List", away=["agent2"]).ask("GET", "/contacts?type=User")
    shown = contact(1, type="User", userName="agent2", **members)
    return line.say({"statusCode": 0, "contacts": [shown], "totalCount": 1})


def stopped_forwarding(**members: Any) -> Timeline:
    """ForwardCallsOff, and what the device shows of it."""
    line = Timeline("voice.ForwardCallsOff[made]", operation="voice.ForwardCallsOff").step("voice.ForwardCallsOff")
    line.ask("POST", "/me/devices/D1", {"operationName": "ForwardCallsOff"}).say({"statusCode": 0})
    device = {"id": "D1", "doNotDisturb": "Off", **members}
    return line.tell({"messageType": "DeviceStateChangeMessage", "devices": [device]}, "/v2/me/devices")


PAIRS = [
    Pair("lists.ended", lambda: ended_call(False), lambda: ended_call(True), "still listed", "voice.ListCalls"),
    Pair("lists.ended", lambda: ended_chat(False), lambda: ended_chat(True), "Completed", "chat.List", name="chat"),
    Pair(
        "filter.complete",
        lambda: filtered("roles=ROLE_AGENT,ROLE_SUPERVISOR", 1, 2),
        lambda: filtered("roles=ROLE_AGENT,ROLE_SUPERVISOR", 2),
        "1 contacts that fit roles",
        "contacts.List",
    ),
    Pair(
        "filter.complete",
        lambda: filtered("includeUsersInBusinessUnits=A&excludeUsersInBusinessUnits=B", 1),
        lambda: filtered("includeUsersInBusinessUnits=A&excludeUsersInBusinessUnits=B", 1, 2),
        "1 contacts that do not fit",
        "contacts.List",
        name="excluded",
    ),
    Pair("paging.maximum", lambda: long_page(10), lambda: long_page(11), "without a limit", "contacts.List"),
    Pair(
        "paging.maximum",
        lambda: long_page(100, "?limit=101"),
        lambda: long_page(101, "?limit=101"),
        "limit 101",
        "contacts.List",
        name="larger",
    ),
    Pair(
        "availability.fits",
        lambda: available("Ready"),
        lambda: available("NotReady"),
        "not ready",
        "contacts.List",
        verdict="warning",
    ),
    Pair(
        "availability.absent",
        logged_out,
        lambda: logged_out(availability={"channels": []}),
        "not logged in and has availability",
        "contacts.List",
    ),
    Pair(
        "reading.allowed",
        stopped_forwarding,
        lambda: stopped_forwarding(forwardTo="5003"),
        "voice.forward-off-sample/as-printed is not allowed",
        "voice.ForwardCallsOff",
        verdict="warning",
    ),
    Pair(
        "customer.told",
        lambda: customers_state("Chatting"),
        lambda: customers_state("WaitingForAgent"),
        "GetChat shows another state",
        "chat.Accept",
    ),
    Pair(
        "customer.told",
        lambda: customers_messages(3),
        lambda: customers_messages(2, 3),
        "GetMessages without index",
        "chat.Accept",
        name="messages",
    ),
    Pair(
        "participants.nickname",
        lambda: nicknamed("agent-nick"),
        lambda: nicknamed("agent1"),
        "nickname",
        "chat.Accept",
    ),
    Pair(
        "monitoring.chats",
        lambda: supervised("NextChat", "C1"),
        lambda: supervised("NextChat", "C1", "C2"),
        "with NextChat supervisor was in 2 of 2 chats",
        "chat.Monitor",
    ),
    Pair(
        "monitoring.chats",
        lambda: supervised("AllChats", "C1", "C2"),
        lambda: supervised("AllChats", "C1"),
        "with AllChats",
        "chat.Monitor",
        name="all",
    ),
    Pair(
        "monitoring.chats",
        lambda: no_longer_supervised(),
        lambda: no_longer_supervised("supervisor"),
        "after the cancelling",
        "chat.CancelSupervisorMonitoring",
        name="cancelled",
    ),
    Pair(
        "channel.respected",
        lambda: disturbed(False),
        lambda: disturbed(True),
        "who has DoNotDisturb on",
        "agent-control.DoNotDisturbOn",
        verdict="warning",
    ),
    Pair(
        "consult.cancelled",
        lambda: withdrawn(False),
        lambda: withdrawn(True),
        "after CancelConsult second_agent",
        "chat.CancelConsult",
        "cancelled",
    ),
    Pair(
        "call.type",
        lambda: from_outside("Inbound"),
        lambda: from_outside("Outbound"),
        "a call from outside",
        "voice.Answer",
        "told",
        verdict="warning",
    ),
    Pair("call.duration", lambda: lasting("4"), lambda: lasting("1"), "does not grow", "voice.ListCalls"),
    Pair(
        "disposition.key",
        lambda: disposed("Outcome"),
        lambda: disposed("DispositionCode"),
        "not under the dispositionKey Outcome",
        "voice.SetCallDisposition",
    ),
    Pair(
        "capability.public",
        lambda: public("AttachUserData"),
        lambda: public("Answer"),
        "Public device offers Answer",
        "voice.Dial",
        "told",
    ),
    Pair(
        "monitoring.scope",
        lambda: scope("Released"),
        lambda: scope("Established"),
        "with the scope Agent supervisor",
        "voice.ListenIn",
        "left",
    ),
    Pair(
        "monitoring.scope",
        lambda: scope("Established", "Call"),
        lambda: scope("Released", "Call"),
        "with the scope Call supervisor is no more in the call",
        "voice.ListenIn",
        "left",
        name="call",
    ),
    Pair("states.repeated", lambda: again(200, 0), lambda: again(400, 2), "Ready was refused", "voice.Ready"),
    Pair(
        "bayeux.batch",
        lambda: batch(200, {"channel": "/meta/subscribe", "id": "1"}),
        lambda: batch(400),
        "answered with HTTP 400",
    ),
    Pair(
        "bayeux.batch",
        lambda: batch(200, {"channel": "/meta/subscribe", "id": "1"}),
        lambda: batch(200),
        "/meta/subscribe in an array",
        name="unanswered",
    ),
    Pair("bayeux.queued", lambda: queued(EVENT), lambda: queued(), "was lost while no connect was waiting", at="told"),
    Pair("bayeux.timely", lambda: asked_at_once(0.5), lambda: asked_at_once(3.0), "timeout 0 was held", at="receive"),
    Pair(
        "bayeux.timely",
        lambda: left(True),
        lambda: left(False),
        "not answered after the disconnect",
        at="held",
        name="disconnect",
    ),
    Pair(
        "bayeux.timely",
        lambda: polled_at_once(0.5),
        lambda: polled_at_once(3.0),
        "timeout 0 was held",
        name="polled",
    ),
]
