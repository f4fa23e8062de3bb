"""Pairs around whole stories: what is created and read back, who is in a call, what sessions are delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.judge.build import API, Timeline, call, call_message, chat_message, contact, entry
from tests.judge.cases import Pair

DONE = {"statusCode": 0}


def line_of(operation: str, area: str = "", **info: Any) -> Timeline:
    """A scenario of an operation's area."""
    return Timeline(f"{operation}[story]", area=area or operation.partition(".")[0], operation=operation, **info)


def did(
    line: Timeline,
    operation: str,
    method: str,
    path: str,
    body: Any = None,
    answer: Any = None,
    *,
    performer: str = "agent",
    case: str = "positive",
    mark: str = "reply",
    status: int = 200,
    text: str | None = None,
    request_text: str | None = None,
    **info: Any,
) -> Timeline:
    """An operation and its reply, in a step of its own."""
    line.step(operation, case, performer=performer, **info)
    line.ask(method, path, body, actor=performer, text=request_text)
    return line.say({**DONE, **(answer or {})}, status=status, text=text, actor=performer, mark=mark)


# -- lists and settings -------------------------------------------------------------------------------------------


def lifecycle(*shown: Mapping[str, Any], deleted: bool = False) -> Timeline:
    """A contact is created, perhaps deleted again, and the list is read."""
    line = line_of("contacts.List")
    body = {"name": "Ann", "phoneNumber": "6001"}
    did(line, "contacts.Create", "POST", "/contacts", body, {"id": "C1", "uri": f"{API}/contacts/C1"}, mark="made")
    if deleted:
        did(line, "contacts.Delete", "DELETE", "/contacts/C1", mark="deleted")
    answer = {"contacts": list(shown), "totalCount": len(shown)}
    return did(line, "contacts.List", "GET", "/contacts?fields=*&type=Custom", None, answer)


ANN = contact(1, id="C1", name="Ann", phoneNumber="6001")


def setting(read: Any, *, written: Any = ("Gold",)) -> Timeline:
    """A setting is written and read."""
    line = line_of("basics.SetVoiceSetting")
    body = {"name": "toast-filter", "value": list(written)}
    did(line, "basics.SetVoiceSetting", "POST", "/settings/voice", body, performer="admin", mark="written")
    answer = {"settings": [{"name": "toast-filter", "value": list(read)}]}
    return did(line, "basics.ListVoiceSettings", "GET", "/settings/voice", None, answer, performer="admin")


def pages(first: Sequence[int], second: Sequence[int], total: int = 4) -> Timeline:
    """Two pages that follow one another."""
    line = line_of("contacts.List")
    for offset, numbers in ((0, first), (2, second)):
        answer = {"contacts": [contact(number) for number in numbers], "totalCount": total}
        did(line, "contacts.List", "GET", f"/contacts?fields=*&offset={offset}&limit=2", None, answer)
    return line


def both_lists(uris: Sequence[str], paths: Sequence[str] | None) -> Timeline:
    """A list with and without fields."""
    line = line_of("contacts.List")
    did(line, "contacts.List", "GET", "/contacts?fields=*", None, {"contacts": [contact(1), contact(2)]}, mark="full")
    answer = {"uris": [f"{API}{uri}" for uri in uris]} | ({} if paths is None else {"paths": list(paths)})
    return did(line, "contacts.List", "GET", "/contacts", None, answer)


CONTACT_PATHS = ["/contacts/contact-1", "/contacts/contact-2"]


def features(system: Sequence[str]) -> Timeline:
    """The features of the contact center and those of the system."""
    line = line_of("basics.ListFeatures")
    did(line, "basics.ListFeatures", "GET", "/features?fields=*", None, {"features": [{"id": "api-voice"}]})
    answer = {"features": [{"id": name} for name in system]}
    return did(line, "basics.ListSystemFeatures", "GET", "/system/features?fields=*", None, answer, performer="admin")


def recovery(beside: Sequence[Mapping[str, Any]]) -> Timeline:
    """The calls beside the user, and the list of calls."""
    line = line_of("basics.GetMe", recovery=True)
    did(line, "basics.GetMe", "GET", "/me?subresources=*", None, {"user": {"id": "U1", "calls": list(beside)}})
    return did(line, "voice.ListCalls", "GET", "/me/calls?fields=*", None, {"calls": [call("Held")]}, mark="list")


# -- services --------------------------------------------------------------------------------------------------------


def down(kind: str = "Chat", *, ok: bool = True) -> Timeline:
    """A back end goes down, or the stimulus that stops it fails; nothing was told of it yet."""
    line = line_of("basics.ListServices").step(case="stimulus", performer="stimulus", label="service-state")
    line.add("stimulus", {"name": "service-state", "parameters": {"type": kind, "state": "Inactive"}}, mark="stimulus")
    line.add("stimulus.done", {"name": "service-state", "ok": ok})
    return line


def told_down(line: Timeline, state: str = "Inactive", channel: str = "/notifications/services") -> Timeline:
    """The change of the service is told."""
    service = {"id": "S1", "type": "Chat", "state": state}
    return line.tell({"messageType": "ServiceStateChangeMessage", "service": service}, channel)


def listed_down(state: str) -> Timeline:
    """The change is told, and the services are read afterwards."""
    answer = {"services": [{"id": "S1", "type": "Chat", "state": state}]}
    return did(told_down(down()), "basics.ListServices", "GET", "/services?fields=*", None, answer)


def partial(**answer: Any) -> Timeline:
    """A session on voice and chat while chat is down."""
    body = {"operationName": "StartContactCenterSession", "channels": ["voice", "chat"]}
    line = told_down(down())
    return did(line, "voice.StartContactCenterSession", "POST", "/me", body, answer)


SUCCEEDED = [{"channel": "voice", "statusCode": 0}]
FAILED = [{"channel": "chat", "statusCode": 17, "statusMessage": "Chat is not available"}]


# -- calls -----------------------------------------------------------------------------------------------------------


def with_parties(*numbers: str) -> list[dict[str, Any]]:
    """An established call with these other parties."""
    return [call("Established", participants=[{"phoneNumber": number, "digits": number} for number in numbers])]


def looks(first: Sequence[str], second: Sequence[str]) -> Timeline:
    """Two parties read their calls at the same moment."""
    line = line_of("voice.ListCalls")
    for performer, number, others in (("agent", "5001", first), ("second_agent", "5002", second)):
        did(
            line,
            "voice.ListCalls",
            "GET",
            "/me/calls?fields=*",
            None,
            {"calls": with_parties(*others)},
            performer=performer,
            case="probe",
            mark=performer,
            look=1,
            number=number,
        )
    return line


def removed(*there: tuple[str, str]) -> Timeline:
    """An agent removes 5003 from a conference; then these actors (with their numbers) find it among their calls."""
    line = owners(line_of("voice.RemoveParticipantFromConference"))
    line.step("voice.CompleteConference", "setup").tell(call_message("Established"), mark="conference")
    body = {"operationName": "RemoveParticipantFromConference", "participant": "5003"}
    resource = {"binding": "call", "id": "CALL1"}
    operation = "voice.RemoveParticipantFromConference"
    did(line, operation, "POST", "/me/calls/CALL1", body, mark="removed", resource=resource)
    for performer, number in there:
        answer = {"calls": [call("Established")]}
        look: dict[str, Any] = {"look": 1, "number": number}
        did(line, "voice.ListCalls", "GET", "/me/calls", None, answer, performer=performer, case="probe", **look)
    return line


def logged_out(state: str) -> Timeline:
    """The device of an agent after the end of the session."""
    line = line_of("voice.EndContactCenterSession")
    did(line, "voice.EndContactCenterSession", "POST", "/me", {"operationName": "EndContactCenterSession"}, mark="end")
    devices = [{"id": "D1", "phoneNumber": "5001", "userState": {"state": state}}]
    return did(line, "voice.ListDevices", "GET", "/me/devices?fields=*", None, {"devices": devices})


def started_twice(*, told: bool) -> Timeline:
    """A session starts for an agent who is logged in."""
    line = line_of("voice.StartContactCenterSession").step("voice.Ready", "setup")
    device = {"id": "D1", "phoneNumber": "5001", "userState": {"state": "Ready"}}
    data = {"messageType": "DeviceStateChangeMessage", "devices": [device]}
    line.tell(data, "/v2/me/devices", mark="ready")
    body = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
    did(line, "voice.StartContactCenterSession", "POST", "/me", body)
    return line.tell(data, "/v2/me/devices") if told else line


def owners(line: Timeline) -> Timeline:
    """Everybody's devices are read, so that numbers and devices have owners."""
    for number, performer in enumerate(("agent", "second_agent", "supervisor"), start=1):
        device: dict[str, Any] = {"id": f"D{number}", "phoneNumber": f"500{number}"}
        did(line, "voice.ListDevices", "GET", "/me/devices?fields=*", None, {"devices": [device]}, performer=performer)
    return line


def device_told(line: Timeline, **members: Any) -> Timeline:
    """The second agent's device changes."""
    device: dict[str, Any] = {"id": "D2", "phoneNumber": "5002", "userState": {"state": "Ready"}, **members}
    line.step("voice.ForwardCallsOn", "setup", performer="second_agent")
    data = {"messageType": "DeviceStateChangeMessage", "devices": [device]}
    return line.tell(data, "/v2/me/devices", actor="second_agent", mark="device")


def rings(*actors: str, **device: Any) -> Timeline:
    """A call to the second agent's device rings at these actors."""
    line = device_told(owners(line_of("voice.Dial")), **device)
    did(line, "voice.Dial", "POST", "/me/devices/D1/calls", {"destination": {"phoneNumber": "5002"}})
    for actor in actors:
        line.tell(call_message("Ringing"), actor=actor)
    return line


def rejected(*after: tuple[str, str]) -> Timeline:
    """An agent rejects a call of a queue; then these actors are told of the call in these states."""
    line = line_of("voice.Reject", next_agent=True)
    did(line, "voice.Reject", "POST", "/me/calls/CALL1", {"operationName": "Reject"})
    line.tell(call_message("Released"), mark="rejected")
    for actor, state in after:
        line.tell(call_message(state), actor=actor)
    return line


def monitored(mode: str, *with_supervisor: bool) -> Timeline:
    """Calls of a monitored agent, some with the supervisor in them."""
    line = owners(line_of("voice.ListenIn"))
    body = {"targetDeviceUri": f"{API}/devices/D1", "supervisorMonitoringMode": mode}
    did(line, "voice.ListenIn", "POST", "/me/devices/D3", body, performer="supervisor", mark="monitoring")
    for number, there in enumerate(with_supervisor, start=1):
        line.step("voice.Answer", "setup").tell(call_message("Established", identifier=f"CALL{number}"))
        if there:
            line.tell(call_message("Established", identifier=f"CALL{number}"), actor="supervisor")
    return line


# -- data ------------------------------------------------------------------------------------------------------------


def toasted(state: str = "Ringing", data: Mapping[str, Any] | None = None, **members: Any) -> Timeline:
    """A filter for toast and case is set, a call with user data comes, the second agent is told of it."""
    line = line_of("basics.SetVoiceSetting")
    for kind in ("toast", "case"):
        body = {"name": f"{kind}-filter", "value": [{"attachedDataKey": "Segment", "displayName": "Customer"}]}
        did(line, "basics.SetVoiceSetting", "POST", "/settings/voice", body, performer="admin")
    dialed = {"destination": {"phoneNumber": "5002"}, "userData": {"Segment": "Gold", "Other": "1"}}
    did(line, "voice.Dial", "POST", "/me/devices/D1/calls", dialed)
    shown = {"Segment": "Gold", "Other": "1"} if data is None else data
    return line.tell(call_message(state, userData=shown, **members), actor="second_agent")


ENTRY = [{"key": "Segment", "displayName": "Customer", "value": "Gold"}]


def attached(after: Mapping[str, Any], operation: str = "AttachUserData", **body: Any) -> Timeline:
    """User data before and after an operation."""
    line = line_of(f"voice.{operation}").step("voice.Dial", "setup").tell(call_message(userData={"A": "1"}), mark="was")
    did(line, f"voice.{operation}", "POST", "/me/calls/CALL1", {"operationName": operation, **body})
    return line.tell(call_message(userData=dict(after)))


def chat_attached(after: Mapping[str, Any]) -> Timeline:
    """The same with a chat."""
    line = line_of("chat.AttachUserData").step("chat.Accept", "setup")
    line.tell(chat_message(userData={"A": "1"}), "/v2/me/chats", mark="was")
    body = {"operationName": "AttachUserData", "userData": {"B": "2"}}
    did(line, "chat.AttachUserData", "POST", "/me/chats/CHAT1", body)
    return line.tell(chat_message(userData=dict(after)), "/v2/me/chats")


EVERY = [entry(index, text=f"text {index}") for index in (1, 2, 3)]


def window(*shown: int) -> Timeline:
    """The whole transcript, then a window from index 2 with one message."""
    line = line_of("chat.GetMessages")
    did(line, "chat.GetMessages", "GET", "/me/chats/CHAT1/messages", None, {"messages": EVERY}, mark="whole")
    answer = {"messages": [entry(index, text=f"text {index}") for index in shown]}
    return did(line, "chat.GetMessages", "GET", "/me/chats/CHAT1/messages?startIndex=2&count=1", None, answer)


def document(text: str) -> Timeline:
    """A document goes up and comes down."""
    form = "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--"
    line = line_of("chat.GetAttachment")
    did(line, "chat.AddNewDocument", "POST", "/me/chats/CHAT1/attachments", request_text=form, mark="up")
    return did(line, "chat.GetAttachment", "GET", "/me/chats/CHAT1/attachments/A1", text=text)


def taken_off(*left: str) -> Timeline:
    """A document is taken off a chat, and the agent is told which are left."""
    line = line_of("chat.RemoveAttachment")
    body = {"operationName": "RemoveAttachment", "documentId": "A1"}
    did(line, "chat.RemoveAttachment", "POST", "/me/chats/CHAT1", body)
    attachments = [{"id": name, "name": "a.txt"} for name in left]
    return line.tell(chat_message(kind="AttachmentRemoved", attachments=attachments), "/v2/me/chats")


# -- deliveries ------------------------------------------------------------------------------------------------------


def subscribed(pattern: str, *events: tuple[str, str]) -> Timeline:
    """A further session of the agent subscribes; then these sessions are delivered an event on these channels."""
    line = line_of("basics.GetMe").step(case="probe")
    opened = {"session": "agent+2/1", "from": "disconnected", "to": "connecting", "reason": "open"}
    line.add("cometd.state", opened, "agent+2")
    asked = {"channel": "/meta/subscribe", "id": "1", "clientId": "c2", "subscription": pattern}
    line.frame("send", asked, actor="agent+2", session="agent+2/1")
    line.frame("receive", {**asked, "successful": True}, actor="agent+2", session="agent+2/1")
    line.step("voice.Ready", "setup")
    for session, channel in events:
        line.tell(call_message(), channel, actor=session.partition("/")[0], session=session, mark=session)
    return line


def stranger(*, successful: bool) -> Timeline:
    """A message with a client id that was never given."""
    line = line_of("basics.GetMe", bayeux=True, strangers=["nobody"]).step(case="probe")
    asked = {"channel": "/meta/subscribe", "id": "5", "clientId": "nobody", "subscription": "/v2/me/*"}
    line.frame("send", asked)
    return line.frame("receive", {"channel": "/meta/subscribe", "id": "5", "successful": successful})


PAIRS = [
    Pair("lifecycle.consistent", lambda: lifecycle(ANN), lifecycle, "C1 is not in the list", "contacts.List"),
    Pair(
        "lifecycle.consistent",
        lambda: lifecycle(deleted=True),
        lambda: lifecycle(ANN, deleted=True),
        "the deleted contact C1 is still listed",
        "contacts.List",
        name="deleted",
    ),
    Pair(
        "settings.kept",
        lambda: setting(["Gold"]),
        lambda: setting(["Silver"]),
        "toast-filter is not what was written",
        "basics.SetVoiceSetting",
    ),
    Pair(
        "paging.union",
        lambda: pages([1, 2], [3, 4]),
        lambda: pages([1, 2], [2, 3]),
        "contact-2 is on two pages",
        "contacts.List",
        name="twice",
    ),
    Pair(
        "paging.union",
        lambda: pages([1, 2], [3, 4]),
        lambda: pages([1, 2], [4]),
        "the pages hold 3 of 4",
        "contacts.List",
        name="lost",
    ),
    Pair(
        "lists.same",
        lambda: both_lists(CONTACT_PATHS, CONTACT_PATHS),
        lambda: both_lists(CONTACT_PATHS[:1], CONTACT_PATHS[:1]),
        "1 uris stand for 2 objects",
        "contacts.List",
        name="uris",
    ),
    Pair(
        "lists.same",
        lambda: both_lists(CONTACT_PATHS, None),
        lambda: both_lists(CONTACT_PATHS, CONTACT_PATHS[::-1]),
        "paths are not the ends of uris",
        "contacts.List",
        name="paths",
    ),
    Pair(
        "features.subset",
        lambda: features(["api-voice", "api-multimedia"]),
        lambda: features(["api-multimedia"]),
        "not among the system's: api-voice",
        "basics.ListFeatures",
        verdict="warning",
    ),
    Pair(
        "state.recovered",
        lambda: recovery([call("Held")]),
        lambda: recovery([call("Established")]),
        "calls differ in",
        "basics.GetMe",
        name="state",
    ),
    Pair(
        "state.recovered",
        lambda: recovery([call("Held")]),
        lambda: recovery([]),
        "only one of both shows",
        "basics.GetMe",
        name="missing",
    ),
    Pair(
        "service.told",
        lambda: told_down(down()),
        down,
        "no ServiceStateChangeMessage told that Chat is Inactive",
        "basics.ListServices",
        "stimulus",
        name="silent",
    ),
    Pair(
        "service.told",
        lambda: listed_down("Inactive"),
        lambda: listed_down("Active"),
        "Chat is listed in another state",
        "basics.ListServices",
        name="listed",
    ),
    Pair(
        "partial.told",
        lambda: partial(statusCode=7, succeeded=SUCCEEDED, failed=FAILED),
        lambda: partial(statusCode=7, succeeded=SUCCEEDED),
        "the partial success is not told in full",
        "basics.ListServices",
    ),
    Pair(
        "call.parties",
        lambda: looks(["5002"], ["5001"]),
        lambda: looks(["5002"], []),
        "the call of second_agent does not name 5001",
        "voice.ListCalls",
        "second_agent",
        name="missing",
    ),
    Pair(
        "call.parties",
        lambda: looks(["5002"], ["5001"]),
        lambda: looks(["5002", "5001"], ["5001"]),
        "the call of agent names 5001",
        "voice.ListCalls",
        "agent",
        name="self",
    ),
    Pair(
        "call.left",
        lambda: removed(("agent", "5001")),
        lambda: removed(("agent", "5001"), ("supervisor", "5003")),
        "after RemoveParticipantFromConference supervisor is in the call still",
        "voice.RemoveParticipantFromConference",
    ),
    Pair(
        "session.logged-out",
        lambda: logged_out("LoggedOut"),
        lambda: logged_out("Ready"),
        "after the end of the session agent is still Ready",
        "voice.EndContactCenterSession",
    ),
    Pair(
        "session.no-repeat",
        lambda: started_twice(told=False),
        lambda: started_twice(told=True),
        "agent, who is Ready, was told of a new login",
        "voice.StartContactCenterSession",
        "told",
    ),
    Pair(
        "device.respected",
        lambda: rings("supervisor", forwardTo="5003"),
        lambda: rings("second_agent", forwardTo="5003"),
        "a call rang at second_agent in spite of the forwarding",
        "voice.Dial",
        name="forward",
    ),
    Pair(
        "device.respected",
        lambda: rings(doNotDisturb="On"),
        lambda: rings("second_agent", doNotDisturb="On"),
        "whose device has Do Not Disturb on",
        "voice.Dial",
        verdict="warning",
        name="dnd",
    ),
    Pair(
        "queue.returned",
        lambda: rejected(("second_agent", "Ringing")),
        lambda: rejected(("second_agent", "Released")),
        "its caller was released",
        "voice.Reject",
        name="released",
    ),
    Pair(
        "queue.returned",
        lambda: rejected(("second_agent", "Ringing")),
        rejected,
        "it rang at nobody",
        "voice.Reject",
        name="silent",
    ),
    Pair(
        "monitoring.span",
        lambda: monitored("NextCall", True, False),
        lambda: monitored("NextCall", True, True),
        "with NextCall supervisor was in 2 of 2 calls",
        "voice.ListenIn",
        "monitoring",
    ),
    Pair(
        "toast.data",
        lambda: toasted(toast=ENTRY),
        toasted,
        "toast of the Ringing call of second_agent is not so",
        "basics.SetVoiceSetting",
        "told",
        name="missing",
    ),
    Pair(
        "toast.data",
        lambda: toasted(toast=ENTRY),
        lambda: toasted(toast=ENTRY, case=ENTRY),
        "a Ringing call has case data already",
        "basics.SetVoiceSetting",
        "told",
        name="early",
    ),
    Pair(
        "toast.data",
        lambda: toasted(toast=ENTRY),
        lambda: toasted(data={"Segment": "Gold"}, toast=ENTRY),
        "userData of the call of second_agent lacks Other",
        "basics.SetVoiceSetting",
        "told",
        name="filtered",
    ),
    Pair(
        "userData.merged",
        lambda: attached({"A": "1", "B": "2"}, userData={"B": "2"}),
        lambda: attached({"B": "2"}, userData={"B": "2"}),
        "after AttachUserData agent sees other user data",
        "voice.AttachUserData",
        "told",
        name="attach",
    ),
    Pair(
        "userData.merged",
        lambda: attached({}, "DeleteUserDataPair", key="A"),
        lambda: attached({"A": "1"}, "DeleteUserDataPair", key="A"),
        "after DeleteUserDataPair agent sees other user data",
        "voice.DeleteUserDataPair",
        "told",
        name="delete",
    ),
    Pair(
        "userData.merged",
        lambda: chat_attached({"A": "1", "B": "2"}),
        lambda: chat_attached({"A": "1"}),
        "after AttachUserData agent sees other user data",
        "chat.AttachUserData",
        "told",
        name="chat",
    ),
    Pair("transcript.window", lambda: window(2), lambda: window(1), "other messages than those", "chat.GetMessages"),
    Pair(
        "attachment.listed",
        lambda: taken_off("A2"),
        lambda: taken_off("A2", "A1"),
        "agent's chat still lists the removed document",
        "chat.RemoveAttachment",
        "told",
    ),
    Pair("attachment.same", lambda: document("hello"), lambda: document("hell"), "not what was", "chat.GetAttachment"),
    Pair(
        "bayeux.delivery",
        lambda: subscribed("/v2/me/*", ("agent/1", "/v2/me/calls"), ("agent+2/1", "/v2/me/calls")),
        lambda: subscribed("/v2/me/*", ("agent/1", "/v2/me/calls")),
        "an event on /v2/me/calls did not reach agent+2/1",
        "basics.GetMe",
        "agent/1",
        name="lost",
    ),
    Pair(
        "bayeux.delivery",
        lambda: subscribed("/v2/me/chats", ("agent+2/1", "/v2/me/chats")),
        lambda: subscribed("/v2/me/chats", ("agent+2/1", "/v2/me/calls")),
        "which it did not ask for",
        "basics.GetMe",
        "agent+2/1",
        name="unasked",
    ),
    Pair(
        "bayeux.refused",
        lambda: stranger(successful=False),
        lambda: stranger(successful=True),
        "accepted: a message on /meta/subscribe with a client id that was never given",
        "basics.GetMe",
        "receive",
    ),
]
