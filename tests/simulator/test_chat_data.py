"""User data, disposition, comment, focus and attachments of a chat."""

from __future__ import annotations

import pytest

from conformance.simulator.seed import SEEDED_DOCUMENT_ID
from tests.simulator.chat_support import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_attach_update_delete_user_data(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "AttachUserData", userData={"UserData1": "DATA1", "UserData2": 123456789})
    assert bench.chat("agent1", chat_id)["userData"] == {"UserData1": "DATA1", "UserData2": 123456789}
    bench.op("agent1", chat_id, "UpdateUserData", userData={"UserData1": 987654321})
    assert bench.chat("agent1", chat_id)["userData"] == {"UserData1": 987654321, "UserData2": 123456789}
    bench.op("agent1", chat_id, "DeleteUserData", keys=["UserData2", "neverThere"])
    assert bench.chat("agent1", chat_id)["userData"] == {"UserData1": 987654321}
    assert bench.kinds("agent1") == ["PropertiesUpdated"] * 3
    assert bench.last("agent1", "PropertiesUpdated")["chat"]["userData"] == {"UserData1": 987654321}
    references = [event["referenceId"] for event in bench.events("agent1")]
    assert len(set(references)) == 3


def test_other_agents_see_the_change_without_the_reference(bench: Bench) -> None:
    chat_id = bench.conference()
    bench.op("agent1", chat_id, "AttachUserData", userData={"k": "v"})
    assert "referenceId" in bench.last("agent1", "PropertiesUpdated")
    event = bench.last("agent2", "PropertiesUpdated")
    assert event["chat"]["userData"] == {"k": "v"}
    assert "referenceId" not in event


@pytest.mark.parametrize(
    "operation_name, parameters, code",
    [
        ("AttachUserData", {}, 1),
        ("AttachUserData", {"userData": {}}, 1),
        ("AttachUserData", {"userData": "k=v"}, 10),
        ("UpdateUserData", {}, 1),
        ("DeleteUserData", {}, 1),
        ("DeleteUserData", {"keys": "UserData1"}, 10),
        ("DeleteUserData", {"keys": [1]}, 10),
        ("SetDisposition", {}, 1),
        ("SetDisposition", {"disposition": "a", "dispositionKey": 1}, 10),
        ("AddComment", {}, 1),
        ("SetInFocus", {}, 1),
        ("SetInFocus", {"inFocus": "maybe"}, 10),
    ],
)
def test_bad_parameters(bench: Bench, operation_name: str, parameters: dict[str, object], code: int) -> None:
    chat_id = bench.chatting()
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", operation_name, **parameters) == (400, code)
    assert bench.events("agent1") == []


def test_disposition_goes_into_the_user_data(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SetDisposition", disposition="IssueResolved")
    assert bench.last("agent1", "PropertiesUpdated")["chat"]["userData"] == {"DispositionCode": "IssueResolved"}
    bench.op("agent1", chat_id, "SetDisposition", disposition="again", dispositionKey="DISP_KEY")
    assert bench.chat("agent1", chat_id)["userData"] == {"DispositionCode": "IssueResolved", "DISP_KEY": "again"}


def test_the_servers_disposition_key_is_an_option(bench: Bench) -> None:
    bench.stimulus("chat-options", dispositionKey="Outcome")
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SetDisposition", disposition="done")
    assert bench.chat("agent1", chat_id)["userData"] == {"Outcome": "done"}


def test_comment(bench: Bench) -> None:
    chat_id = bench.chatting()
    assert "comment" not in bench.chat("agent1", chat_id)
    bench.op("agent1", chat_id, "AddComment", comment="Some text")
    assert bench.last("agent1", "PropertiesUpdated")["chat"]["comment"] == "Some text"


def test_set_in_focus_causes_no_notification(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "SetInFocus", inFocus=True)
    assert bench.events("agent1") == []
    assert bench.state.chats[chat_id].legs[bench.user("agent1").id].in_focus


@pytest.mark.parametrize(
    "operation_name, parameters",
    [
        ("AttachUserData", {"userData": {"k": "v"}}),
        ("UpdateUserData", {"userData": {"k": "v"}}),
        ("DeleteUserData", {"keys": ["k"]}),
        ("SetDisposition", {"disposition": "d"}),
        ("AddComment", {"comment": "c"}),
    ],
)
def test_data_can_be_changed_after_leaving(bench: Bench, operation_name: str, parameters: dict[str, object]) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "Leave")
    bench.mark()
    bench.op("agent1", chat_id, operation_name, **parameters)
    assert bench.kinds("agent1") == ["PropertiesUpdated"]
    assert bench.last("agent1", "PropertiesUpdated")["chat"]["state"] == "LeftChat"


# --- attachments --------------------------------------------------------------------------------------------


def upload(bench: Bench, chat_id: str, name: str = "notes.txt", content: bytes = b"some bytes") -> dict[str, object]:
    files = {"attachment": (name, content, "text/plain")}
    response = bench.request("agent1", "POST", f"/me/chats/{chat_id}/attachments", files=files)
    assert response.status_code == 200, response.text
    reply: dict[str, object] = response.json()
    return reply


def test_a_new_document_is_added_and_downloaded(bench: Bench) -> None:
    chat_id = bench.chatting()
    reply = upload(bench, chat_id)
    event = bench.last("agent1", "AttachmentAdded")
    assert event["messageType"] == "ChatStateChangeMessage"
    assert reply == {"statusCode": 0, "referenceId": event["referenceId"]}
    (attachment,) = event["chat"]["attachments"]
    assert (attachment["name"], attachment["mime"], attachment["size"]) == ("notes.txt", "text/plain", 10)
    assert attachment["path"] == f"/attachments/{attachment['id']}"
    assert attachment["uri"].endswith(f"/api/v2/chats/{chat_id}/attachments/{attachment['id']}")
    download = bench.request("agent1", "GET", f"/chats/{chat_id}/attachments/{attachment['id']}")
    assert download.content == b"some bytes"
    assert download.headers["content-type"].startswith("text/plain")
    assert bench.request("agent1", "GET", attachment["path"]).content == b"some bytes"


def test_paths_in_the_name_of_a_file_are_cut_off(bench: Bench) -> None:
    chat_id = bench.chatting()
    upload(bench, chat_id, name="..\\..\\secret/evil.txt")
    assert bench.chat("agent1", chat_id)["attachments"][0]["name"] == "evil.txt"


def test_an_attachment_is_only_for_those_who_have_the_chat(bench: Bench) -> None:
    chat_id = bench.chatting()
    upload(bench, chat_id)
    attachment_id = bench.chat("agent1", chat_id)["attachments"][0]["id"]
    for path in (f"/chats/{chat_id}/attachments/{attachment_id}", f"/attachments/{attachment_id}"):
        assert bench.request("agent2", "GET", path).json()["statusCode"] == 6
    assert bench.request("agent1", "GET", f"/chats/{chat_id}/attachments/none").json()["statusCode"] == 6


def test_bad_uploads(bench: Bench) -> None:
    chat_id = bench.chatting()
    path = f"/me/chats/{chat_id}/attachments"
    wrong_field = bench.request("agent1", "POST", path, files={"file": ("a.txt", b"x", "text/plain")})
    assert (wrong_field.status_code, wrong_field.json()["statusCode"]) == (400, 1)
    as_json = bench.request("agent1", "POST", path, json={"attachment": "x"})
    assert (as_json.status_code, as_json.json()["statusCode"]) == (415, 10)
    broken = bench.request(
        "agent1", "POST", path, content=b"no form", headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert (broken.status_code, broken.json()["statusCode"]) in ((400, 10), (400, 1))
    assert bench.events("agent1") == []


def test_an_existing_document_is_linked_and_removed(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "AddAttachment", documentId=SEEDED_DOCUMENT_ID, name="prices.txt")
    event = bench.last("agent1", "AttachmentAdded")
    assert isinstance(event["referenceId"], int)
    (attachment,) = event["chat"]["attachments"]
    assert (attachment["id"], attachment["name"]) == (SEEDED_DOCUMENT_ID, "prices.txt")
    bench.op("agent1", chat_id, "RemoveAttachment", documentId=SEEDED_DOCUMENT_ID)
    assert "attachments" not in bench.last("agent1", "AttachmentRemoved")["chat"]
    bench.op("agent1", chat_id, "AddAttachment", documentId=SEEDED_DOCUMENT_ID)


def test_a_document_that_nothing_links_is_removed_from_the_database(bench: Bench) -> None:
    chat_id = bench.chatting()
    upload(bench, chat_id)
    document_id = bench.chat("agent1", chat_id)["attachments"][0]["id"]
    bench.op("agent1", chat_id, "RemoveAttachment", documentId=document_id)
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", "AddAttachment", documentId=document_id) == (404, 6)


def test_a_file_is_sent_and_taken_back(bench: Bench) -> None:
    chat_id = bench.chatting()
    upload(bench, chat_id)
    document_id = bench.chat("agent1", chat_id)["attachments"][0]["id"]
    bench.mark()
    bench.op("agent1", chat_id, "UploadFile", documentId=document_id, uploadType="file-system", uploadPath="/x")
    (message,) = bench.said("agent1")
    assert (message["type"], message["noticeText"]) == ("SystemCommand", "file-uploaded")
    assert message["attachment"]["id"] == document_id
    file_id = message["attachment"]["fileId"]
    bench.op("agent1", chat_id, "DeleteFile", fileId=file_id)
    deleted = bench.said("agent1")[-1]
    assert (deleted["noticeText"], deleted["attachment"]) == ("file-deleted", {"fileId": file_id})
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", "DeleteFile", fileId=file_id) == (404, 6)


def test_only_a_linked_document_can_be_sent(bench: Bench) -> None:
    chat_id = bench.chatting()
    bench.op("agent1", chat_id, "UploadFile", documentId=SEEDED_DOCUMENT_ID)
    assert bench.kinds("agent1") == ["Error"]


@pytest.mark.parametrize(
    "operation_name, parameters, status",
    [
        ("AddAttachment", {}, (400, 1)),
        ("AddAttachment", {"documentId": "none"}, (404, 6)),
        ("AddAttachment", {"documentId": SEEDED_DOCUMENT_ID, "size": "big"}, (400, 10)),
        ("RemoveAttachment", {"documentId": "none"}, (404, 6)),
        ("RemoveAttachment", {}, (400, 1)),
        ("UploadFile", {}, (400, 1)),
        ("UploadFile", {"documentId": SEEDED_DOCUMENT_ID, "uploadType": "carrier-pigeon"}, (400, 10)),
        ("DeleteFile", {}, (400, 1)),
    ],
)
def test_bad_attachment_parameters(
    bench: Bench, operation_name: str, parameters: dict[str, object], status: tuple[int, int]
) -> None:
    chat_id = bench.chatting()
    assert bench.refusal("agent1", f"/me/chats/{chat_id}", operation_name, **parameters) == status
