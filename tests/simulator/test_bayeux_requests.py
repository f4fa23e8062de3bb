"""What a request may look like, and that every message in it is answered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.simulator.bayeux_support import CALLS, HANDSHAKE, Served

# --- requests ---------------------------------------------------------------------------------------------


def test_bare_object_is_accepted(served: Served) -> None:
    client = served.client()
    response = client.http.post(served.url, json=client.message("/meta/handshake", **HANDSHAKE))
    assert response.json()[0]["successful"] is True
    assert response.headers["content-type"] == "application/json;charset=UTF-8"


@pytest.mark.parametrize("suffix", ["/", "/handshake", "/connect", "/disconnect", "/anything"])
def test_suffixes_of_cometd_clients(served: Served, suffix: str) -> None:
    client = served.client()
    assert client.post(client.message("/meta/handshake", **HANDSHAKE), suffix=suffix).json()[0]["successful"]


def test_chunked_request_body(served: Served) -> None:
    client = served.client()
    body = json.dumps([client.message("/meta/handshake", **HANDSHAKE)]).encode()
    chunks = (body[start : start + 7] for start in range(0, len(body), 7))
    response = client.http.post(served.url, content=chunks, headers={"content-type": "application/json"})
    assert response.request.headers["transfer-encoding"] == "chunked"
    assert response.json()[0]["successful"] is True


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"5", b'["x"]', b'[{"id":"1"}]', b'[{"channel":5}]', b'{"channel":"/x","id":NaN}',
     b'{"channel":"/x","id":1e999}', b"[" * 100_000, b'\xff\xfe"'],
)  # fmt: skip
def test_malformed_body_is_http_400(served: Served, body: bytes) -> None:
    client = served.client()
    response = client.http.post(served.url, content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.content) == (400, b"")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json", 200), ("application/json; charset=UTF-8", 200), ("text/json", 200),
     ('application/json;charset="iso-8859-1"', 200), ("text/plain", 400), (None, 400),
     ("application/json;charset=rot13", 400), ("application/x-www-form-urlencoded", 400)],
)  # fmt: skip
def test_content_types(served: Served, content_type: str | None, status: int) -> None:
    client = served.client()
    headers = {} if content_type is None else {"content-type": content_type}
    body = json.dumps(client.message("/meta/handshake", **HANDSHAKE)).encode()
    assert client.http.post(served.url, content=body, headers=headers).status_code == status


def test_charset_of_the_request_is_honoured(served: Served) -> None:
    client = served.client()
    body = json.dumps({**client.message("/meta/handshake", **HANDSHAKE), "id": "é"}, ensure_ascii=False)
    for charset in ("utf-8", "iso-8859-1", "utf-16"):
        headers = {"content-type": f"application/json;charset={charset}"}
        response = client.http.post(served.url, content=body.encode(charset), headers=headers)
        assert response.json()[0]["id"] == "é"


def test_half_a_surrogate_pair_is_echoed(served: Served) -> None:
    client = served.client()
    headers = {"content-type": "application/json"}
    body = b'{"channel":"/meta/connect","id":"\\ud800"}'
    assert client.http.post(served.url, content=body, headers=headers).json()[0]["id"] == "\ud800"


def test_oversized_body_is_http_413(served: Served) -> None:
    response = served.client().http.post(
        served.url, content=b" " * (1 << 20) + b"[]", headers={"content-type": "application/json"}
    )
    assert response.status_code == 413


def test_get_is_refused(served: Served) -> None:
    assert served.client().http.get(served.url).status_code == 405


def test_credentials_are_needed(served: Served) -> None:
    response = httpx.post(served.url, json=[], headers={"x-csrf-token": "token"})
    assert response.status_code == 403
    assert response.json() == {"statusCode": 20, "statusMessage": "Access denied"}


def test_csrf_token_is_needed(served: Served) -> None:
    response = httpx.post(served.url, json=[], headers={"x-user": "alice"})
    assert (response.status_code, response.json()["statusCode"]) == (403, 3)


# --- every message is answered ----------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["connect", "disconnect", "subscribe", "unsubscribe"])
def test_messages_before_a_handshake_are_answered_with_402(served: Served, channel: str) -> None:
    client = served.client()
    message = {"id": "77", "channel": f"/meta/{channel}", "subscription": CALLS, "connectionType": "long-polling"}
    for client_id in ({}, {"clientId": "0123456789abcdef"}, {"clientId": 5}):
        reply = client.post({**message, **client_id}).json()[0]
        assert reply["successful"] is False
        assert reply["error"] == "402::Unknown client"
        assert reply["advice"] == {"reconnect": "handshake", "interval": 0}
        assert reply["id"] == "77"


def test_publish_before_a_handshake_is_answered_with_402(served: Served) -> None:
    reply = served.client().send("/service/x", data={}, clientId="none")[0]
    assert (reply["successful"], reply["error"]) == (False, "402::Unknown client")


def test_batch_is_answered_in_order_with_each_id(served: Served) -> None:
    client = served.client().start()
    messages = [
        client.message("/meta/subscribe", subscription=CALLS),
        client.message("/service/x", data={}),
        client.message("/meta/unsubscribe", subscription=CALLS),
        client.message("/meta/connect", connectionType="long-polling"),
        client.message("/meta/disconnect"),
    ]
    replies = client.post(*messages).json()
    assert [reply["id"] for reply in replies] == [message["id"] for message in messages]
    assert [reply["channel"] for reply in replies] == [message["channel"] for message in messages]
    assert all(reply["successful"] is True for reply in replies)


@pytest.mark.parametrize("identifier", ["a1", 17, 0, ""])
def test_id_is_repeated_as_it_is(served: Served, identifier: Any) -> None:
    reply = served.client().handshake(id=identifier)
    assert reply["id"] == identifier
    assert type(reply["id"]) is type(identifier)


def test_message_without_id_is_answered_without(served: Served) -> None:
    reply = served.client().post({"channel": "/meta/handshake", **HANDSHAKE}).json()[0]
    assert "id" not in reply


def test_client_id_is_in_the_handshake_reply_only(served: Served) -> None:
    client = served.client()
    assert "clientId" in client.handshake()
    replies = [client.connect()[0], client.subscribe(CALLS), client.send("/meta/disconnect")[0]]
    assert all("clientId" not in reply for reply in replies)


def test_unknown_meta_channel_is_refused(served: Served) -> None:
    reply = served.client().start().send("/meta/foo")[0]
    assert (reply["successful"], reply["error"][:4]) == (False, "403:")
