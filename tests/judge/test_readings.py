"""Readings that a scenario shows: each told apart from the others of its ambiguity, and those not allowed complained
of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.judge.readings import followed
from tests.judge.build import API, CONTRACT, Timeline, call_message, chat_message, contact, entry, log, person
from tests.judge.pairs_stories import line_of

Make = Callable[[], Timeline]
FULL = ["Invite", "SendMessage", "Leave", "Complete"]
SUPERVISED = ["Leave", "SwitchToCoach", "SwitchToBargeIn"]


def asked(operation: str, body: Any, path: str = "/x", *, sent: Any = None, status: int = 200, **info: Any) -> Timeline:
    """One step of an operation and its reply."""
    actor = str(info.get("performer", "agent"))
    line = line_of(operation).step(operation, **info).ask("POST" if sent else "GET", path, sent, actor=actor)
    return line.say(body, status=status, actor=actor)


def of_call(state: str = "Held", kind: str = "StatusChange", **members: Any) -> Timeline:
    """A notification with a call."""
    return line_of("voice.Hold").step("voice.Hold").tell(call_message(state, kind, **members))


def shown(state: str, kind: str = "StatusChange", **members: Any) -> dict[str, Any]:
    """A ChatStateChangeMessage, also with a state that the chart of a chat does not have."""
    message = chat_message("Chatting", kind, **members)
    message["chat"]["state"] = state
    return message


def of_chat(state: str = "Chatting", kind: str = "StatusChange", **members: Any) -> Timeline:
    """A notification with a chat."""
    return line_of("chat.Accept").step("chat.Accept").tell(shown(state, kind, **members), "/v2/me/chats")


def of_log(*entries: Any) -> Timeline:
    """A notification with entries of a transcript."""
    return line_of("chat.SendMessage").step("chat.SendMessage").tell(log(*entries), "/v2/me/chats")


def of_device(operation: str, *states: str, sent: Any = None, code: int = 0, **info: Any) -> Timeline:
    """An operation, its reply, and the agent states that the device shows."""
    line = asked(operation, {"statusCode": code}, "/me", sent=sent or {"operationName": "X"}, **info)
    for state in states:
        device = {"id": "D1", "userState": {"state": state}}
        line.tell({"messageType": "DeviceStateChangeMessage", "devices": [device]}, "/v2/me/devices")
    return line


def contacts(query: str, *items: Any, **info: Any) -> Timeline:
    """A list of contacts."""
    return asked("contacts.List", {"statusCode": 0, "contacts": list(items), "totalCount": 9}, query, **info)


def user(**members: Any) -> dict[str, Any]:
    """A contact that is a user with all its members."""
    full = {"employeeId": "1", "emailAddress": "", "businessUnits": [], "roles": ["ROLE_AGENT"]}
    return {key: value for key, value in contact(1, type="User", **{**full, **members}).items() if value is not None}


def said(operation: str, *states: str, actor: str = "second_agent", sent: Any = None, **info: Any) -> Timeline:
    """An operation on a chat, and the states that an actor is told of."""
    line = asked(operation, {"statusCode": 0}, "/me/chats/CHAT1", sent=sent or {"operationName": "X"}, **info)
    for state in states:
        line.tell(shown(state), "/v2/me/chats", actor=actor)
    return line


def updated(name_only: Any, *, code: int = 0) -> Timeline:
    """A contact is created, its name alone updated, and the list read."""
    line = asked("contacts.Create", {"statusCode": 0, "id": "C1"}, sent={"name": "A", "phoneNumber": "1-2"})
    line.step("contacts.Update").ask("PUT", "/contacts/C1", {"name": "B"}).say({"statusCode": code})
    line.step("contacts.List").ask("GET", "/contacts")
    return line.say({"statusCode": 0, "contacts": [contact(1, id="C1", name="B", phoneNumber=name_only)]})


def referred(*numbers: Any) -> Timeline:
    """An invitation with a referenceId, and what the inviting agent is told."""
    line = asked(
        "chat.Invite", {"statusCode": 0, "referenceId": 7}, "/me/chats/CHAT1", sent={"operationName": "Invite"}
    )
    for number in numbers:
        members = {} if number is None else {"referenceId": number}
        line.tell(chat_message("Chatting", "ParticipantsUpdated", **members), "/v2/me/chats")
    return line


def mode(*more: str) -> list[str]:
    """What a supervisor who barges in is offered."""
    return ["Leave", "SwitchToMonitor", "SwitchToCoach", "SendMessage", *more]


OK = {"statusCode": 0}
STATUS = {"statusCode": 2, "statusMessage": "no"}
CASES: list[tuple[str, Make]] = [
    ("basics.envelope/data", of_call),
    ("basics.status-code-type/number", lambda: asked("basics.GetMe", OK)),
    ("basics.status-code-type/string", lambda: asked("basics.GetMe", {"statusCode": "0"})),
    ("basics.status-member/status-code", lambda: asked("chat.Reject", OK)),
    ("basics.status-member/status", lambda: asked("chat.Reject", {"status": 0})),
    ("basics.empty-success/body", lambda: asked("chat.Reject", OK)),
    ("basics.empty-success/empty", lambda: asked("chat.Reject", None)),
    ("basics.wrong-state/state", lambda: asked("voice.Hold", STATUS, case="withheld", status=400)),
    ("basics.wrong-state/forbidden", lambda: asked("voice.Hold", {"statusCode": 3}, case="withheld", status=403)),
    (
        "basics.wrong-state/asynchronous",
        lambda: asked("voice.Hold", OK, case="withheld").tell({"messageType": "ErrorMessage"}),
    ),
    (
        "basics.unknown-id-code/not-found",
        lambda: asked("voice.Hold", {"statusCode": 6}, case="refusal", negative="unknown-id", status=404),
    ),
    (
        "basics.unknown-id-code/action",
        lambda: asked("voice.Hold", {"statusCode": 15}, case="refusal", negative="unknown-id", status=400),
    ),
    ("basics.csrf-off/absent", lambda: asked("basics.GetMe", OK)),
    ("basics.reference-id/echoed", lambda: referred(7)),
    ("basics.reference-id/absent", lambda: referred(None)),
    ("basics.timestamps/as-printed", lambda: of_log(entry(1))),
    ("basics.timestamps/seconds", lambda: of_log(entry(1, timestampSeconds=1389261492))),
    ("basics.capability-names/as-printed", lambda: of_chat(capabilities=["InFocus"])),
    ("chat.capability-names/operation-name", lambda: of_chat(capabilities=["SwitchToBargeIn"])),
    ("basics.unlisted-capabilities/never-listed", lambda: of_call("Established")),
    ("basics.unlisted-capabilities/listed", lambda: of_call("Established", capabilities=["Hold", "ClearCall"])),
    ("basics.create-response/all-three", lambda: asked("contacts.Create", {**OK, "id": 1, "uri": 1, "path": "/x"})),
    ("basics.create-response/as-sampled", lambda: asked("contacts.Create", {**OK, "id": 1})),
    ("basics.paging-search/indexed", lambda: contacts("/contacts?limit=1")),
    ("basics.paging-search/ignored", lambda: asked("contacts.List", {**OK, "contacts": []}, "/contacts?limit=1")),
    ("basics.total-count/paged", lambda: asked("basics.ListUsers", {**OK, "uris": [], "totalCount": 0}, "/users")),
    ("basics.total-count/when-asked", lambda: asked("basics.ListUsers", {**OK, "uris": []}, "/users")),
    ("basics.paths-member/with-paths", lambda: asked("basics.ListUsers", {**OK, "uris": [], "paths": []}, "/users")),
    ("basics.paths-member/uris-only", lambda: asked("basics.ListUsers", {**OK, "uris": []}, "/users")),
    ("basics.mandatory-filter/optional", lambda: asked("basics.ListQueues", {**OK, "uris": []}, "/queues")),
    ("basics.mandatory-filter/mandatory", lambda: asked("basics.ListQueues", {"statusCode": 1}, "/queues")),
    ("basics.object-wrapper/wrapped", lambda: asked("basics.GetUser", {**OK, "user": {}})),
    ("basics.object-wrapper/bare", lambda: asked("basics.GetUser", {"id": "U1"})),
    ("basics.settings-key/present", lambda: asked("basics.GetVoiceSettings", {**OK, "settings": [], "key": "name"})),
    ("basics.settings-key/defaulted", lambda: asked("basics.GetVoiceSettings", {**OK, "settings": []})),
    ("basics.access-control-body/wrapped", lambda: asked("basics.CreateAccessControl", OK, sent={"settings": {}})),
    ("basics.access-control-body/bare", lambda: asked("basics.CreateAccessControl", OK, sent={"name": "x"})),
    ("basics.recovered-call-id/uuid", of_call),
    ("basics.recovered-call-id/opaque", lambda: of_call(callUuid="OTHER")),
    ("voice.call-states/five", of_call),
    ("voice.call-states/more", lambda: of_call("Queued")),
    ("voice.call-id/uuid", of_call),
    ("voice.call-id/connection-id", lambda: of_call(identifier="00d4f80cd5677a27", callUuid="OTHER")),
    ("voice.call-id/opaque", lambda: of_call(callUuid="OTHER")),
    ("voice.path-slash/slash", of_call),
    ("voice.path-slash/bare", lambda: of_call(path="calls/CALL1")),
    (
        "voice.mute-capability/conference",
        lambda: of_call("Established", participants=["1", "2"], capabilities=["Hold", "MuteCall"]),
    ),
    ("voice.mute-capability/owner", lambda: of_call("Established", participants=["1", "2"], capabilities=["Hold"])),
    ("voice.recording-states/established-alone", lambda: of_call(recordingState="Stopped")),
    (
        "voice.recording-states/every-state",
        lambda: of_call(recordingState="Stopped", capabilities=["Retrieve", "StartCallRecording"]),
    ),
    ("voice.supervisor-listening/listening", lambda: of_call("Established", supervisorListeningIn=True)),
    (
        "voice.supervisor-listening/as-printed",
        lambda: of_call("Established", supervisorMonitoringState={"state": "ListenIn"}),
    ),
    (
        "voice.session-channels/multimedia",
        lambda: asked("voice.StartContactCenterSession", {"statusCode": 7, "failed": [{"channel": "multimedia"}]}),
    ),
    (
        "voice.session-channels/own-name",
        lambda: asked("voice.StartContactCenterSession", {"statusCode": 7, "failed": [{"channel": "chat"}]}),
    ),
    ("voice.session-devices/alternate-number", lambda: asked("voice.StartContactCenterSession", OK)),
    ("voice.session-devices/always", lambda: asked("voice.StartContactCenterSession", {**OK, "devices": []})),
    ("voice.end-session-notification/logged-out", lambda: of_device("voice.EndContactCenterSession", "LoggedOut")),
    ("voice.repeat-state/notified", lambda: of_device("voice.Ready", "Ready", expect={"moved": False})),
    ("voice.repeat-state/silent", lambda: of_device("voice.Ready", expect={"moved": False})),
    ("voice.wrap-up-time/optional", lambda: asked("voice.AfterCallWork", OK)),
    ("voice.wrap-up-time/required", lambda: asked("voice.AfterCallWork", {"statusCode": 1}, status=400)),
    ("voice.reject-direct/refused", lambda: asked("voice.Reject", STATUS, case="withheld")),
    (
        "voice.reject-direct/asynchronous",
        lambda: asked("voice.Reject", OK, case="withheld").tell({"messageType": "ErrorMessage"}),
    ),
    ("voice.disposition-parameters/optional", lambda: asked("voice.SetCallDisposition", OK, sent={"disposition": "a"})),
    (
        "voice.disposition-parameters/required",
        lambda: asked("voice.SetCallDisposition", {"statusCode": 1}, sent={"disposition": "a"}, status=400),
    ),
    ("chat.chatting-capabilities/full", lambda: of_chat(capabilities=FULL)),
    ("chat.chatting-capabilities/full-with-notices", lambda: of_chat(capabilities=[*FULL, "SendUrl"])),
    ("chat.left-chat-capabilities/data", lambda: of_chat("LeftChat", capabilities=["Complete", "SetDisposition"])),
    (
        "chat.left-chat-capabilities/data-and-short",
        lambda: of_chat("LeftChat", capabilities=["Transfer", "SetDisposition"]),
    ),
    ("chat.left-chat-capabilities/short", lambda: of_chat("LeftChat", capabilities=["Transfer"])),
    ("chat.unlisted-capabilities/never-listed", of_chat),
    ("chat.unlisted-capabilities/listed", lambda: of_chat(capabilities=[*FULL, "UploadFile"])),
    ("chat.leave-and-complete/no-operation", of_chat),
    ("chat.leave-and-complete/listed", lambda: of_chat(capabilities=[*FULL, "LeaveAndComplete"])),
    ("chat.notification-types/samples", lambda: of_chat(kind="AttachmentAdded")),
    ("chat.notification-types/state-changed", lambda: of_chat("Revoked", "StateChanged")),
    ("chat.attachments-empty/absent", lambda: of_chat(kind="AttachmentRemoved")),
    ("chat.attachments-empty/empty", lambda: of_chat(kind="AttachmentRemoved", attachments=[])),
    ("chat.attachment-location/chat", lambda: of_chat(attachments=[{"uri": f"{API}/chats/CHAT1/attachments/A"}])),
    ("chat.attachment-location/root", lambda: of_chat(attachments=[{"uri": f"{API}/attachments/A"}])),
    ("chat.invited-sample/print-error", lambda: of_chat(participants=[person("a"), person("b")])),
    ("chat.invited-sample/as-printed", lambda: of_chat(participants=[person("a"), person("a")])),
    ("chat.monitor-capabilities/table", lambda: of_chat(capabilities=SUPERVISED)),
    ("chat.monitor-capabilities/table-and-data", lambda: of_chat(capabilities=[*SUPERVISED, "AttachUserData"])),
    ("chat.monitor-capabilities/sample", lambda: of_chat(capabilities=[*SUPERVISED, "SendMessage"])),
    ("chat.coach-capabilities/table", lambda: of_chat(capabilities=["SwitchToMonitor", "SwitchToBargeIn"])),
    ("chat.coach-capabilities/with-sending", lambda: of_chat(capabilities=["SwitchToMonitor", "SendMessage"])),
    ("chat.barge-in-capabilities/with-comment", lambda: of_chat(capabilities=mode("AddComment"))),
    ("chat.barge-in-capabilities/without-comment", lambda: of_chat(capabilities=mode())),
    ("chat.timestamps/space", lambda: of_log(entry(1))),
    ("chat.timestamps/iso", lambda: of_log(entry(1, timestamp="2014-01-09T11:58:12"))),
    ("chat.timestamps/joined", lambda: of_log(entry(1, timestamp="2014-01-0911:58:12"))),
    ("chat.invite-url/me", lambda: said("chat.Invite")),
    ("chat.invite-url/plain", lambda: asked("chat.Invite", OK, "/chats/CHAT1", sent={"operationName": "Invite"})),
    ("chat.invite-join/after-accept", lambda: said("chat.Invite", "Invited")),
    ("chat.invite-join/at-once", lambda: said("chat.Invite", "Chatting")),
    ("chat.transfer-notifications/completed-and-invited", lambda: said("chat.Transfer", "Completed", actor="agent")),
    ("chat.transfer-notifications/left-chat", lambda: said("chat.Transfer", "LeftChat", "Completed", actor="agent")),
    ("chat.cancelled-invitation/revoked", lambda: said("chat.CancelConsult", "Revoked")),
    ("chat.cancelled-invitation/completed", lambda: said("chat.CancelConsult", "Completed")),
    ("chat.cancelled-invitation/silent", lambda: said("chat.CancelConsult")),
    ("chat.cancel-after-accept/refused", lambda: asked("chat.CancelConsult", STATUS, case="withheld", status=400)),
    ("chat.complete-in-conference/ends-for-all", lambda: said("chat.Complete", "Chatting", "Completed")),
    ("chat.complete-in-conference/leaves-others", lambda: said("chat.Complete", "Chatting")),
    (
        "chat.intrude-without-monitoring/mode-is-enough",
        lambda: said("chat.Intrude", performer="supervisor", monitored=False),
    ),
    (
        "chat.intrude-without-monitoring/needs-monitoring",
        lambda: asked("chat.Intrude", STATUS, performer="supervisor", monitored=False, status=400),
    ),
    (
        "chat.supervisor-leaves/completed",
        lambda: said("chat.Leave", "Completed", actor="supervisor", performer="supervisor"),
    ),
    (
        "chat.supervisor-leaves/revoked",
        lambda: said("chat.Leave", "Revoked", actor="supervisor", performer="supervisor"),
    ),
    ("contacts.create-response/plural", lambda: asked("contacts.Create", {**OK, "path": "/contacts/1"})),
    ("contacts.create-response/singular", lambda: asked("contacts.Create", {**OK, "path": "/contact/1"})),
    ("contacts.phone-numbers/array-for-users", lambda: contacts("/contacts", user(phoneNumbers=[]))),
    ("contacts.phone-numbers/single", lambda: contacts("/contacts", user())),
    ("contacts.employee-members/all", lambda: contacts("/contacts", user())),
    ("contacts.employee-members/some", lambda: contacts("/contacts", user(employeeId=None))),
    ("contacts.business-unit/four-types", lambda: contacts("/contacts?type=BusinessUnit", {"type": "BusinessUnit"})),
    ("contacts.business-unit/three-types", lambda: contacts("/contacts?type=BusinessUnit")),
    ("contacts.sort/any-field", lambda: contacts("/contacts?sortBy=a", {"a": "1"}, {"a": "2"})),
    ("contacts.sort/name-only", lambda: contacts("/contacts?sortBy=a", {"a": "2"}, {"a": "1"})),
    ("contacts.permissions/agents-write", lambda: asked("contacts.Create", OK)),
    ("contacts.permissions/agents-read", lambda: asked("contacts.Create", {"statusCode": 5}, status=403)),
    ("contacts.phone-digits/index-only", lambda: updated("1-2", code=2)),
    ("contacts.phone-digits/stored-stripped", lambda: updated("12", code=2)),
    ("contacts.partial-update/merge", lambda: updated("1-2")),
    ("contacts.partial-update/replace", lambda: updated("")),
    ("contacts.partial-update/refuse", lambda: updated("1-2", code=1)),
]


@pytest.mark.parametrize(("reading", "make"), CASES, ids=[name for name, _ in CASES])
def test_the_reading_is_seen_and_no_other(reading: str, make: Make) -> None:
    """What a scenario shows is named, and none of the readings that it is told apart from."""
    ambiguity = reading.rpartition("/")[0]
    assert [name for name in followed(make().scenario) if name.rpartition("/")[0] == ambiguity] == [reading]


def test_readings_are_those_of_the_contract() -> None:
    """No name that the ambiguities do not have."""
    known = {f"{item.id}/{one.id}" for item in CONTRACT.ambiguities.values() for one in item.readings}
    assert {name for name, _ in CASES} - known == set()


def test_a_finding_records_the_readings() -> None:
    """The readings of a scenario are in its finding, and so in the report."""
    finding = of_call().finding("reading.allowed")
    assert finding.verdict == "passed"
    assert {"basics.envelope/data", "voice.call-states/five"} <= set(finding.readings)


def test_further_call_states_are_no_violation() -> None:
    """The table does not close the list of call states: a state of the server's own is a reading."""
    data = call_message("Queued")
    assert CONTRACT.schemas.validate("message", "CallStateChangeMessage", data) == []
    assert of_call("Queued").finding("reading.allowed").verdict == "passed"


def test_who_refuses_and_accepts_the_same_follows_no_reading() -> None:
    """An agent may either change contacts or not."""
    line = asked("contacts.Create", {"statusCode": 5, "statusMessage": "no"}, sent={"name": "a"}, status=403)
    line.step("contacts.Delete").ask("DELETE", "/contacts/1").say(OK)
    finding = line.finding("reading.allowed")
    assert (finding.verdict, "both" in finding.message) == ("warning", True)


@pytest.mark.parametrize(
    ("performer", "code", "verdict"),
    [("agent", 5, "passed"), ("supervisor", 3, "passed"), ("admin", 5, "failed"), ("agent", 2, "failed")],
)
def test_a_refusal_that_a_reading_allows(performer: str, code: int, verdict: str) -> None:
    """Administrators alone may change contacts: that an agent is refused follows a reading."""
    body = {"statusCode": code, "statusMessage": "no"}
    line = asked("contacts.Create", body, "/contacts", sent={"name": "a"}, status=403, performer=performer)
    found = {item.check: item for item in line.findings()}
    for check in ("http.status", "response.statusCode"):
        assert found[check].verdict == verdict, found[check].message
        assert ("contacts.permissions/agents-read" in found[check].readings) is (verdict == "passed")


def test_an_envelope_is_not_taken_for_plain_text() -> None:
    """Of two readings that a refusal fits the one is followed that says its statusCode."""
    message = {"statusCode": 5, "statusMessage": "Missing or invalid Csrf token"}
    line = asked("voice.Ready", message, status=403, case="refusal", negative="missing-csrf-token")
    assert line.finding("refusal.statusCode").readings == ("basics.csrf-body/envelope",)
