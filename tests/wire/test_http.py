from __future__ import annotations

import base64
import socket
import threading
import time
from dataclasses import replace
from typing import Any

import httpcore
import pytest

from conformance.wire.http import Credentials, HttpSession, TransportConfig
from conformance.wire.lanes import Lane
from conformance.wire.recorder import Recorder
from tests.wire.servers import PASSWORD, Answer, MakeSession, Seen, serving

OK = Answer(body={"statusCode": 0})
BASIC = "Basic " + base64.b64encode(f"agent1:{PASSWORD}".encode()).decode()


def payloads(recorder: Recorder, kind: str) -> list[dict[str, Any]]:
    return [e.payload for e in recorder.events() if e.kind == kind]


def test_an_exchange_and_its_record(session: MakeSession, recorder: Recorder) -> None:
    with serving(lambda seen: OK) as server:
        http = session(server.url, actor="agent1")
        reply = http.request("post", "/me/calls", json={"operationName": "Dial"}, params={"fields": "a b", "x": [1, 2]})
    assert (reply.status, reply.json, reply.is_json, reply.error) == (200, {"statusCode": 0}, True, None)
    assert reply.header("Content-Type") == "application/json"
    seen = server.seen[0]
    assert (seen.method, seen.target) == ("POST", "/api/v2/me/calls?fields=a%20b&x=1&x=2")
    assert seen.json == {"operationName": "Dial"}
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["authorization"] == BASIC

    request, response = recorder.events()[1:]
    assert (request.kind, request.seq, request.actor) == ("http.request", reply.request_seq, "agent1")
    assert request.payload["path"] == "/me/calls?fields=a%20b&x=1&x=2"
    assert request.payload["body"] == {"operationName": "Dial"}
    assert request.payload["headers"]["authorization"][0].startswith("Basic <secret:")
    assert (response.kind, response.seq) == ("http.response", reply.response_seq)
    assert response.payload["exchange"] == request.payload["exchange"]
    assert response.payload["body"] == {"statusCode": 0}
    assert response.payload["bytes"] == 17
    assert response.payload["elapsed"] == pytest.approx(reply.elapsed, abs=1e-6)


def test_html_and_empty_answers(session: MakeSession, recorder: Recorder) -> None:
    page = b"<html>" + b"x" * 70_000
    answers = iter([Answer(502, page, content_type="text/html"), Answer(200, b""), Answer(204, b"", content_type=None)])
    with serving(lambda seen: next(answers)) as server:
        http = session(server.url)
        html, empty, nothing = (http.request("GET", "/me") for _ in range(3))
    assert (html.status, html.is_json, html.json, len(html.text)) == (502, False, None, len(page))
    assert (empty.status, empty.text, empty.is_json) == (200, "", False)
    assert (nothing.status, nothing.error) == (204, None)
    recorded = payloads(recorder, "http.response")[0]
    assert (recorded["body"], len(recorded["text"]), recorded["truncated"], recorded["bytes"]) == (
        None,
        65_536,
        True,
        len(page),
    )


def test_large_bodies_are_cut(session: MakeSession) -> None:
    with serving(lambda seen: Answer(body=b'"' + b"x" * 100_000 + b'"')) as server:
        reply = session(server.url, max_body=5000).request("GET", "/me")
    assert (reply.truncated, len(reply.text), reply.is_json) == (True, 5000, False)


def test_chunked_answers(session: MakeSession) -> None:
    with serving(lambda seen: Answer(body={"a": list(range(100))}, chunked=7)) as server:
        assert session(server.url).request("GET", "/me").json == {"a": list(range(100))}


def test_cookies_are_kept_for_127_0_0_1_and_credentials_go_along(session: MakeSession) -> None:
    answer = Answer(body={}, headers=[("Set-Cookie", "JSESSIONID=one1; Path=/; Secure; Domain=.elsewhere.example")])
    with serving(lambda seen: answer) as server:
        http = session(server.url)
        for _ in range(2):
            http.request("GET", "/me")
        http.reset()
        http.request("GET", "/me")
    cookies = [seen.headers.get("cookie") for seen in server.seen]
    assert cookies == [None, "JSESSIONID=one1", None]
    assert [seen.headers["authorization"] for seen in server.seen] == [BASIC] * 3


def test_who_a_request_is_from(session: MakeSession) -> None:
    headers = [("Set-Cookie", "JSESSIONID=s1; Path=/"), ("X-CSRF-HEADER", "X-CSRF-TOKEN"), ("X-CSRF-TOKEN", "t1")]
    with serving(lambda seen: Answer(body={}, headers=headers)) as server:
        http = session(server.url)
        http.request("GET", "/me")
        for keywords in (
            {},
            {"auth": "cookie"},
            {"auth": "basic"},
            {"auth": "none"},
            {"auth": Credentials("other", "pw")},
            {"cookies": False},
            {"csrf": False},
            {"headers": {"x-csrf-token": "forged", "Authorization": None, "Content-Type": "text/plain"}},
        ):
            http.request("POST", "/me", json={}, **keywords)
    other = "Basic " + base64.b64encode(b"other:pw").decode()
    got = [
        tuple(seen.headers.get(name) for name in ("authorization", "cookie", "x-csrf-token"))
        for seen in server.seen[1:]
    ]
    cookie = "JSESSIONID=s1"
    assert got == [
        (BASIC, cookie, "t1"),
        (None, cookie, "t1"),
        (BASIC, None, "t1"),
        (None, None, None),
        (other, None, None),
        (BASIC, None, "t1"),
        (BASIC, cookie, None),
        (None, cookie, "forged"),
    ]
    assert server.seen[-1].headers["content-type"] == "text/plain"


def test_only_the_session_s_own_replies_change_the_session(session: MakeSession) -> None:
    number = iter(range(1, 100))

    def answer(seen: Seen) -> Answer:
        n = next(number)
        return Answer(
            body={},
            headers=[
                ("Set-Cookie", f"JSESSIONID=s{n}; Path=/"),
                ("X-CSRF-HEADER", "X-CSRF-TOKEN"),
                ("X-CSRF-TOKEN", f"t{n}"),
            ],
        )

    with serving(answer) as server:
        http = session(server.url)
        http.request("GET", "/me")
        for keywords in ({"auth": "basic"}, {"auth": "none"}, {"cookies": False}, {"auth": Credentials("o", "p")}):
            http.request("GET", "/me", **keywords)
        http.request("GET", "/me")
    assert server.seen[-1].headers["cookie"] == "JSESSIONID=s1"
    assert http.csrf is not None
    assert http.csrf.token == "t6"


def test_the_csrf_token_rotates_and_its_header_is_the_server_s_choice(session: MakeSession, recorder: Recorder) -> None:
    tokens = iter(["first-token-1234", "second-token-1234", None, "third-token-1234"])

    def answer(seen: Seen) -> Answer:
        token = next(tokens)
        names = [("X-CSRF-HEADER", "X-Own-Token"), ("X-CSRF-TOKEN", token)] if token else []
        return Answer(body={"echo": seen.headers.get("x-own-token")}, headers=names)

    with serving(answer) as server:
        http = session(server.url)
        http.request("GET", "/me")
        for method in ("POST", "PUT", "DELETE"):
            http.request(method, "/me", json={})
        sent = [seen.headers.get("x-own-token") for seen in server.seen]
    assert sent == [None, "first-token-1234", "second-token-1234", "second-token-1234"]
    assert http.csrf is not None
    assert (http.csrf.header, http.csrf.token) == ("X-Own-Token", "third-token-1234")
    assert "third-token-1234" not in repr(http.csrf)
    everything = b"".join(e.line() for e in recorder.events())
    assert b"-token-1234" not in everything


@pytest.mark.parametrize("name", ["Host", "Authorization", "content-length", "bad name", "x\ty", ""])
def test_a_hostile_csrf_header_name_is_not_used(session: MakeSession, name: str) -> None:
    with serving(lambda seen: Answer(body={}, headers=[("X-CSRF-HEADER", name), ("X-CSRF-TOKEN", "t")])) as server:
        http = session(server.url)
        http.request("GET", "/me")
        assert http.csrf is None
        assert http.request("POST", "/me", json={}).status == 200


def test_redirects_within_the_origin_are_followed_and_recorded(session: MakeSession, recorder: Recorder) -> None:
    def answer(seen: Seen) -> Answer:
        places = {"/api/v2/me": (301, "/moved"), "/moved": (307, "here?x=1"), "/api/v2/see": (303, "/here?x=2")}
        if seen.target in places:
            status, location = places[seen.target]
            return Answer(status, headers=[("Location", location), ("Set-Cookie", "hop=1; Path=/")])
        return Answer(body={"method": seen.method, "target": seen.target})

    with serving(answer) as server:
        http = session(server.url)
        got, posted, seen_other = (
            http.request("GET", "/me"),
            http.request("POST", "/me", json={}),
            http.request("PUT", "/see", json={}),
        )
    assert got.json == {"method": "GET", "target": "/here?x=1"}
    assert posted.json == {"method": "GET", "target": "/here?x=1"}
    assert seen_other.json == {"method": "GET", "target": "/here?x=2"}
    assert [s.target for s in server.seen[:3]] == ["/api/v2/me", "/moved", "/here?x=1"]
    assert server.seen[1].headers["authorization"] == BASIC
    assert "hop=1" in server.seen[1].headers["cookie"]
    assert got.request_seq < got.response_seq - 3, "from the first request to the last reply"
    assert [p["status"] for p in payloads(recorder, "http.response")[:3]] == [301, 307, 200]


def test_307_keeps_method_and_body(session: MakeSession) -> None:
    def answer(seen: Seen) -> Answer:
        return Answer(307, headers=[("Location", "/to")]) if seen.target != "/to" else Answer(body={"got": seen.json})

    with serving(answer) as server:
        reply = session(server.url).request("POST", "/me", json={"a": 1})
    assert reply.json == {"got": {"a": 1}}


def test_redirects_elsewhere_are_returned_unfollowed(session: MakeSession) -> None:
    with serving(lambda seen: OK) as elsewhere:
        places = [
            f"{elsewhere.url}/steal",
            f"//127.0.0.1:{elsewhere.port}/steal",
            f"http://localhost:{elsewhere.port}/steal",
            "https://127.0.0.1/steal",
            "http://[broken",
        ]
        answers = iter(Answer(302, headers=[("Location", place)]) for place in places)
        with serving(lambda seen: next(answers)) as server:
            http = session(server.url)
            statuses = [http.request("GET", "/me").status for _ in places]
    assert statuses == [302] * len(places)
    assert elsewhere.seen == []


def test_redirects_in_a_circle_end(session: MakeSession) -> None:
    with serving(lambda seen: Answer(302, headers=[("Location", seen.target)])) as server:
        assert session(server.url).request("GET", "/me").status == 302
    assert len(server.seen) == 6


def test_other_origins_are_never_asked(session: MakeSession) -> None:
    with serving(lambda seen: OK) as elsewhere, serving(lambda seen: OK) as server:
        http = session(server.url)
        assert http.request("GET", f"{server.url}/api/v2/users/1").status == 200
        for url in (f"{elsewhere.url}/x", f"http://127.0.0.1:{server.port}@127.0.0.1:{elsewhere.port}/x"):
            reply = http.request("GET", url)
            assert reply.status == 0
            assert reply.error is not None
            assert "another origin" in reply.error
    assert elsewhere.seen == []


def test_transport_errors_are_returned_and_recorded(session: MakeSession, recorder: Recorder) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    refused = session(f"http://127.0.0.1:{port}").request("GET", "/me")
    assert refused.status == 0
    assert refused.error is not None
    assert refused.error.startswith("ConnectError: ")
    with serving(lambda seen: None if seen.target.endswith("silent") else Answer(body=b"half", promise=100)) as server:
        http = session(server.url)
        silent, half = http.request("GET", "/silent"), http.request("GET", "/half")
        http.close()
        closed = http.request("GET", "/me")
    errors = [silent.error, half.error, closed.error]
    assert [str(error).partition(":")[0] for error in errors] == [
        "RemoteProtocolError",
        "RemoteProtocolError",
        "RuntimeError",
    ]
    recorded = payloads(recorder, "http.error")
    assert [p["error"] for p in recorded] == [refused.error, *errors]
    assert len(payloads(recorder, "http.request")) == 4, "what could not be sent is an exchange too"


def test_a_server_that_does_not_answer_meets_the_timeout(session: MakeSession) -> None:
    release = threading.Event()

    def answer(seen: Seen) -> Answer:
        release.wait(10)
        return OK

    with serving(answer) as server:
        start = time.monotonic()
        reply = session(server.url).request("GET", "/me", timeout=0.1)
        took = time.monotonic() - start
        release.set()
    assert reply.error is not None
    assert reply.error.startswith("ReadTimeout")
    assert took < 3


def test_a_dripping_server_meets_the_timeout(session: MakeSession) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not stop.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    reply = session(f"http://127.0.0.1:{listener.getsockname()[1]}").request("GET", "/me", timeout=0.2)
    stop.set()
    thread.join(5)
    listener.close()
    assert reply.error is not None
    assert reply.error.startswith("BodyTimeout")


def test_secrets_in_errors_and_echoes_are_hidden(session: MakeSession, recorder: Recorder) -> None:
    def answer(seen: Seen) -> Answer:
        return Answer(500, f"cannot log in agent1 with {PASSWORD} ({seen.headers['authorization']})".encode())

    with serving(answer) as server:
        reply = session(server.url).request("POST", "/me", json={"agentLoginPassword": PASSWORD, "n": PASSWORD})
    assert PASSWORD in reply.text, "the caller sees what came"
    assert PASSWORD not in repr(reply)
    everything = b"".join(e.line() for e in recorder.events()).decode()
    assert PASSWORD not in everything
    assert BASIC.removeprefix("Basic ") not in everything


def test_raw_content_goes_out_as_it_is(session: MakeSession, recorder: Recorder) -> None:
    with serving(lambda seen: OK) as server:
        http = session(server.url)
        http.request("POST", "/me", content=b'{"a":1,"a":')
        http.request("POST", "/me")
        http.request("POST", "/me", json=None)
    assert [seen.body for seen in server.seen] == [b'{"a":1,"a":', b"", b"null"]
    recorded = payloads(recorder, "http.request")
    assert [(p["body"], p["text"]) for p in recorded] == [(None, '{"a":1,"a":'), (None, None), (None, None)]
    with pytest.raises(TypeError, match="not both"):
        http.request("POST", "/me", json={}, content=b"")


def test_paths_outside_the_api_are_recorded_from_the_root(session: MakeSession, recorder: Recorder) -> None:
    with serving(lambda seen: OK) as server:
        http = session(server.url, notifications_path="/genesys/cometd")
        http.request("POST", http.config.notifications_url, json=[], purpose="cometd")
        http.request("GET", "/diagnostics/version", auth="none")
    assert [(p["path"], p["purpose"]) for p in payloads(recorder, "http.request")] == [
        ("/genesys/cometd", "cometd"),
        ("/diagnostics/version", "api"),
    ]


def test_sessions_that_share_a_configuration_share_its_rate(recorder: Recorder) -> None:
    config = TransportConfig("http://127.0.0.1:1", rate=0.01, timeout=1)
    with (
        HttpSession(config, None, recorder, actor="a") as one,
        HttpSession(config, None, recorder, actor="b") as two,
        HttpSession(replace(config, rate=None), None, recorder, actor="c") as three,
    ):
        errors = [str(http.request("GET", "/me").error).partition(":")[0] for http in (one, two, three)]
    assert errors == ["ConnectError", "TimeoutError", "ConnectError"]


def test_one_connection_is_reused_and_one_request_is_under_way_at_a_time(session: MakeSession) -> None:
    release = threading.Event()

    def answer(seen: Seen) -> Answer:
        if seen.target.endswith("slow"):
            release.wait(10)
        return OK

    with serving(answer) as server:
        http = session(server.url)
        threads = [threading.Thread(target=http.request, args=("GET", "/slow")) for _ in range(3)]
        for thread in threads:
            thread.start()
        server.wait_for(lambda seen: len(seen) == 1)
        busy = http.request("GET", "/quick", timeout=0.05)
        release.set()
        for thread in threads:
            thread.join(5)
    assert busy.error is not None
    assert busy.error.startswith("LaneBusy")
    assert server.most_at_once == 1
    assert len({seen.connection for seen in server.seen}) == 1


def test_an_aborted_lane_ends_its_request_at_once(session: MakeSession) -> None:
    release = threading.Event()

    def answer(seen: Seen) -> Answer:
        release.wait(10)
        return OK

    replies = []
    with serving(answer) as server:
        http = session(server.url)
        lane = http.open_lane()
        thread = threading.Thread(target=lambda: replies.append(http.request("GET", "/me", lane=lane, timeout=30)))
        thread.start()
        server.wait_for(lambda seen: len(seen) == 1)
        start = time.monotonic()
        lane.abort()
        thread.join(5)
        took = time.monotonic() - start
        lane.close()
        release.set()
    assert took < 2
    assert replies[0].error is not None


def silent(lane: Lane) -> bool:
    return lane.silent


def test_a_lane_is_silent_while_nothing_of_the_reply_is_there(session: MakeSession) -> None:
    release = threading.Event()

    def answer(seen: Seen) -> Answer:
        release.wait(10)
        return OK

    with serving(answer) as server:
        http = session(server.url)
        lane = http.open_lane()
        assert not silent(lane), "no request is under way"
        thread = threading.Thread(target=lambda: http.request("GET", "/me", lane=lane, timeout=30))
        thread.start()
        server.wait_for(lambda seen: len(seen) == 1)
        assert silent(lane)
        release.set()
        thread.join(5)
        assert not silent(lane), "the reply was read"
        lane.close()


def test_a_lane_is_not_silent_when_a_reply_waits_to_be_read(session: MakeSession) -> None:
    """As on a busy machine, where the thread that reads is not in its turn."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        http = session(f"http://127.0.0.1:{server.getsockname()[1]}")
        lane = http.open_lane()
        lane._waiting = True
        lane._stream = httpcore.SyncBackend().connect_tcp("127.0.0.1", server.getsockname()[1])
        connection, _ = server.accept()
        assert silent(lane)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        end = time.monotonic() + 5
        while silent(lane) and time.monotonic() < end:
            threading.Event().wait(0.001)
        assert not silent(lane)
        connection.close()
        lane._waiting = False
        lane.close()


def test_a_proxy_gets_the_request_and_its_own_credentials(session: MakeSession, recorder: Recorder) -> None:
    with serving(lambda seen: OK) as proxy:
        http = session("http://gws.example", proxy=f"http://user:proxy-password@127.0.0.1:{proxy.port}")
        reply = http.request("GET", "/me")
    assert reply.status == 200
    seen = proxy.seen[0]
    assert seen.target == "http://gws.example/api/v2/me"
    assert seen.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"user:proxy-password").decode()
    assert b"proxy-password" not in b"".join(e.line() for e in recorder.events())
