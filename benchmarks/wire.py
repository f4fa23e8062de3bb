"""What the wire costs: time per request beyond plain httpx, and latency that a CometD session adds to a notification.

    python benchmarks/wire.py [requests] [notifications]

Everything runs against a trivial server on this machine, in a process of its own; figures are medians of several
rounds that alternate between the candidates, so that a busy machine troubles them alike.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import httpx

from conformance.wire.cometd import CometdSession
from conformance.wire.http import Credentials, HttpSession, TransportConfig
from conformance.wire.recorder import Event, Recorder

ROUNDS = 7
ME = json.dumps(
    {
        "statusCode": 0,
        "user": {
            "id": "63630bbebf4840d7a0bffd6312bc29ff",
            "userName": "agent1",
            "firstName": "First",
            "lastName": "Last",
            "roles": ["ROLE_AGENT"],
            "enabled": True,
            "uri": "http://127.0.0.1/api/v2/users/63630bbebf4840d7a0bffd6312bc29ff",
        },
    }
).encode()


def serve(pipe: Connection) -> None:
    """One thread a connection, replies ready made; a connect that is held answers as soon as the pipe says so."""
    import threading

    listener = socket.create_server(("127.0.0.1", 0))
    pipe.send(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=converse, args=(connection, pipe), daemon=True).start()


def converse(connection: socket.socket, pipe: Connection) -> None:
    buffer = b""
    while True:
        while b"\r\n\r\n" not in buffer:
            data = connection.recv(65536)
            if not data:
                return
            buffer += data
        head, _, buffer = buffer.partition(b"\r\n\r\n")
        length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
        while len(buffer) < length:
            buffer += connection.recv(65536)
        body, buffer = buffer[:length], buffer[length:]
        reply = bayeux(json.loads(body), pipe) if b"/notifications" in head else ME
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: JSESSIONID=1h49t997p4mgc1e108bz0cjntr;"
            b" Path=/\r\nX-CSRF-HEADER: X-CSRF-TOKEN\r\nX-CSRF-TOKEN: e2fcfafd-c600-4156-88ae-ca56babd24e1\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(reply), reply)
        )


def bayeux(messages: list[dict[str, object]], pipe: Connection) -> bytes:
    message = messages[0]
    reply = {"channel": message["channel"], "id": message["id"], "successful": True}
    events: list[dict[str, object]] = []
    if message["channel"] == "/meta/handshake":
        reply |= {"clientId": "c1", "version": "1.0", "advice": {"reconnect": "retry", "interval": 0, "timeout": 30000}}
    if message["channel"] == "/meta/connect" and "advice" not in message:
        pipe.recv()
        events = [{"channel": "/v2/me/calls", "data": {"sent": time.monotonic(), "state": "Ringing"}}]
    return json.dumps([*events, reply]).encode()


def timed(call: Callable[[], object], count: int) -> float:
    """Seconds per call."""
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def overhead(port: int, count: int, folder: Path) -> None:
    url = f"http://127.0.0.1:{port}"
    body = {"operationName": "Ready"}
    with (
        Recorder(folder / "timeline.ndjson") as recorder,
        httpx.Client(auth=("agent1", "secret"), verify=False) as plain,
    ):
        session = HttpSession(TransportConfig(url), Credentials("agent1", "secret-password"), recorder, actor="agent1")

        def bare() -> object:
            return plain.post(f"{url}/api/v2/me", json=body).json()

        def ours() -> object:
            return session.request("POST", "/me", json=body).json

        for call in (bare, ours):
            timed(call, 50)
        rounds = [(timed(bare, count), timed(ours, count)) for _ in range(ROUNDS)]
        session.close()
    httpx_ms, ours_ms = (statistics.median(column) * 1000 for column in zip(*rounds, strict=True))
    print(f"request: httpx {httpx_ms:.3f} ms, HttpSession {ours_ms:.3f} ms, added {ours_ms - httpx_ms:+.3f} ms")


def latency(port: int, pipe: Connection, count: int, folder: Path) -> None:
    with Recorder(folder / "notifications.ndjson") as recorder:
        http = HttpSession(
            TransportConfig(f"http://127.0.0.1:{port}"),
            Credentials("agent1", "secret-password"),
            recorder,
            actor="agent1",
        )
        session = CometdSession(http)
        session.open(["/v2/me/*"], deadline=5)
        seen, delays = recorder.last_seq, []
        for _ in range(count):
            pipe.send("go")
            event = recorder.wait(is_notification, after=seen, deadline=5)
            arrived = time.monotonic()
            assert event is not None, "a notification did not arrive"
            seen = event.seq
            delays.append(arrived - event.payload["data"]["sent"])
        session.abandon()
        http.close()
    delays.sort()
    print(
        f"notification, sent by the server to waited for: median {statistics.median(delays) * 1000:.3f} ms, "
        f"95 % {delays[int(len(delays) * 0.95)] * 1000:.3f} ms, worst {delays[-1] * 1000:.3f} ms"
    )


def is_notification(event: Event) -> bool:
    return event.kind == "cometd.event"


def main() -> None:
    requests, notifications = (int(arg) for arg in (sys.argv[1:] + ["300", "500"][len(sys.argv) - 1 :]))
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        port = ours.recv()
        with tempfile.TemporaryDirectory() as folder:
            overhead(port, requests, Path(folder))
            latency(port, ours, notifications, Path(folder))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
