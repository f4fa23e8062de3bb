"""The server as a process and as a thread, over real sockets."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from conformance.simulator.app import Application
from conformance.simulator.server import main, running
from conformance.simulator.world import Options

AGENT = ("agent1", "password1")


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server as a process of its own, and its base URL."""
    command = [sys.executable, "-m", "conformance.simulator", "--port", "0", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            facts = json.loads(server.stdout.readline())
            assert facts["pid"] == server.pid
            assert facts["baseUrl"].endswith(f":{facts['port']}")
            yield server, facts["baseUrl"]
        finally:
            server.kill()


class Listener:
    """A client with a CometD session, enough to hold a connect."""

    def __init__(self, base_url: str) -> None:
        self.http = httpx.Client(base_url=base_url, auth=AGENT, timeout=30)
        self.token = {"X-CSRF-TOKEN": self.http.get("/api/v2/me").headers["X-CSRF-TOKEN"]}
        handshake = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        self.client_id = self.say(handshake)[0]["clientId"]
        self.connect(timeout=0)

    def say(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """One Bayeux message; what comes back."""
        answer = self.http.post("/api/v2/notifications", json=[message], headers=self.token)
        assert answer.status_code == 200
        replies: list[dict[str, Any]] = answer.json()
        return replies

    def subscribe(self, channel: str) -> None:
        """Subscribe to a channel."""
        message = {"channel": "/meta/subscribe", "clientId": self.client_id, "subscription": channel}
        assert self.say(message)[0]["successful"] is True

    def connect(self, **advice: int) -> list[dict[str, Any]]:
        """Wait for events."""
        message = {"channel": "/meta/connect", "clientId": self.client_id, "connectionType": "long-polling"}
        return self.say({**message, "advice": advice} if advice else message)


def _until_connect_is_held(base_url: str) -> None:
    """Wait until the server holds a connect: a second listener is not needed, its state tells."""
    deadline = time.monotonic() + 10
    while not any(s["connectHeld"] for s in httpx.get(f"{base_url}/__simulator/state").json()["cometd"]):
        assert time.monotonic() < deadline, "no connect is held"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_within_a_second_though_a_connect_is_held(number: signal.Signals) -> None:
    with process() as (server, base_url):
        listener = Listener(base_url)
        held = threading.Thread(target=listener.connect)
        held.start()
        _until_connect_is_held(base_url)
        started = time.monotonic()
        server.send_signal(number)
        assert server.wait(10) == 0
        assert time.monotonic() - started < 1.5
        held.join(10)
        assert not held.is_alive()


def test_the_server_ends_with_its_parent_when_asked_to() -> None:
    with process("--exit-with-parent") as (server, base_url):
        assert httpx.get(f"{base_url}/api/v2/diagnostics/version").status_code == 200
        assert server.stdin is not None
        server.stdin.close()
        assert server.wait(10) == 0


def test_options_of_the_command_line_reach_the_server() -> None:
    arguments = ("--no-csrf", "--fault", "basics.me-is-another-user", "--features-off", "api-voice,api-ucs-voice")
    with (
        process(*arguments, "--allow-origin", "https://a.example") as (_, base_url),
        httpx.Client(base_url=f"{base_url}/api/v2", auth=AGENT) as client,
    ):
        reply = client.get("/me", headers={"Origin": "https://a.example"})
        assert reply.json()["user"]["userName"] == "agent2"
        assert "X-CSRF-TOKEN" not in reply.headers
        assert reply.headers["access-control-allow-origin"] == "https://a.example"
        assert reply.json()["user"]["uri"].startswith(base_url)
        assert client.get("/features/api-voice").status_code == 404


def test_a_fault_can_kill_the_process() -> None:
    with process("--fault", "generic.die-after:1") as (server, base_url):
        assert httpx.get(f"{base_url}/api/v2/diagnostics/version").status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{base_url}/api/v2/diagnostics/version")
        assert server.wait(10) == 70


@pytest.mark.parametrize(
    "arguments, hint",
    [
        (["--fault", "no.such"], "no.such"),
        (["--fault", "generic.drop-member"], "needs an argument"),
        (["--features-off", "no-such"], "no-such"),
        (["--port", "70000"], "65535"),
        (["--order", "random"], "mixed"),
        (["--port", "PORT"], "cannot listen"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as ended:
            main([port if argument == "PORT" else argument for argument in arguments])
    assert ended.value.code == 2
    assert hint in capsys.readouterr().err


def test_faults_and_a_target_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-faults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == sorted(lines)
    assert any(line.startswith("basics.filter-ignored\t") for line in lines)
    assert main(["--print-target", "--port", "1234"]) == 0
    assert 'base_url = "http://127.0.0.1:1234"' in capsys.readouterr().out


def test_a_service_change_reaches_a_subscriber_over_cometd() -> None:
    with running() as server:
        listener = Listener(server.base_url)
        listener.subscribe("/notifications/services")
        changed = httpx.post(f"{server.base_url}/__simulator/services", json={"type": "Voice", "state": "Inactive"})
        assert changed.status_code == 200
        events = [m for m in listener.connect() if m["channel"] == "/notifications/services"]
        assert [event["data"]["service"]["state"] for event in events] == ["Inactive"]
        assert events[0]["data"]["messageType"] == "ServiceStateChangeMessage"


def test_a_late_notification_comes_when_the_clock_is_advanced() -> None:
    with running(Options(faults=("generic.notification-late",))) as server:
        listener = Listener(server.base_url)
        listener.subscribe("/v2/me/**")
        user = next(iter(server.world.users.values()))
        server.call(lambda: server.world.publish(user, "/v2/me/calls", {"messageType": "X"}))
        assert [m["channel"] for m in listener.connect(timeout=0)] == ["/meta/connect"]
        assert httpx.post(f"{server.base_url}/__simulator/clock", json={"advance": 5}).status_code == 200
        assert "/v2/me/calls" in [m["channel"] for m in listener.connect()]


@pytest.mark.parametrize("order, first", [("events-first", "notifications"), ("reply-first", "voice")])
def test_a_held_connect_and_the_reply_leave_in_the_order_asked_for(
    monkeypatch: pytest.MonkeyPatch, order: str, first: str
) -> None:
    sent: list[str] = []
    plain = Application.__call__

    async def noting(self: Application, scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.body":
                sent.append(scope["path"].rpartition("/")[2])
            await send(message)

        await plain(self, scope, receive, note if scope["type"] == "http" else send)

    monkeypatch.setattr(Application, "__call__", noting)
    with running(Options(order=order)) as server:
        listener = Listener(server.base_url)
        listener.subscribe("/v2/me/**")
        with httpx.Client(base_url=server.base_url, auth=AGENT, cookies=listener.http.cookies) as other:
            other.headers.update(listener.token)
            session = {"operationName": "StartContactCenterSession", "channels": ["voice"]}
            assert other.post("/api/v2/me", json=session).status_code == 200
            listener.connect(timeout=0)
            held = threading.Thread(target=listener.connect)
            held.start()
            _until_connect_is_held(server.base_url)
            sent.clear()
            ready = other.post("/api/v2/me/channels/voice", json={"operationName": "Ready"})
            assert ready.status_code == 200
            held.join(10)
    order_seen = [name for name in sent if name in ("notifications", "voice")]
    assert order_seen[0] == first
    assert set(order_seen) == {"notifications", "voice"}


def test_garbage_does_not_stop_the_server() -> None:
    with running() as server:
        host, port = server.base_url.removeprefix("http://").split(":")
        for garbage in (b"\x00\xff garbage\r\n\r\n", b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n"):
            with socket.create_connection((host, int(port)), timeout=10) as raw:
                raw.sendall(garbage)
                assert raw.recv(64).startswith(b"HTTP/1.1 400")
        assert httpx.get(f"{server.base_url}/api/v2/diagnostics/version").status_code == 200


def test_many_clients_are_served_at_once() -> None:
    with running() as server:
        codes: list[int] = []

        def ask() -> None:
            with httpx.Client(base_url=server.base_url, auth=AGENT) as client:
                codes.extend(client.get("/api/v2/me").status_code for _ in range(10))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert codes == [200] * 80
