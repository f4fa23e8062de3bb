"""One connection to the server, used for one request at a time.

A session has one lane for its requests; a CometD session over long-polling has a second one for its held connect.
So a session never has more than two requests under way (Bayeux 1.0, HTTP Transport), and a held connect delays nobody.

Beneath is httpcore, the engine of httpx: redirects, cookies and authentication, which httpx would add, are the
session's own affair here, and thousands of exchanges a run make the difference felt.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from conformance.wire.config import TransportConfig

# Shorter than any server keeps an idle connection open: a request must not be lost to a connection closed under it.
_KEEPALIVE = 2.0
_HEAD = 1 << 16
"""Bytes of a request that are held back for more to come."""

TransportErrors = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    httpx.InvalidURL,
    OSError,
)
"""What `Lane.stream` raises, and reading the reply's body."""


class LaneBusy(Exception):  # noqa: N818 - a condition of the exchange, reported under this name
    """The lane's request before this one did not end in time."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """A reply whose body is still to be read. `headers` has lower-case names and lists of values."""

    status: int
    headers: dict[str, list[str]]
    chunks: Iterator[bytes]

    def header(self, name: str) -> str:
        """The values of a header (its name in lower case), joined as HTTP joins them; empty where it is absent."""
        return ", ".join(self.headers.get(name, ()))


class Lane:
    """A place that holds at most one connection and can be aborted from another thread."""

    def __init__(self, config: TransportConfig) -> None:
        self._lock = threading.Lock()
        self._stream: httpcore.NetworkStream | None = None
        self._waiting = False
        self.aborted = False
        self._pool = _pool(config, _Backend(self._connected))

    @contextmanager
    def turn(self, timeout: float) -> Iterator[None]:
        """Have the lane for oneself. Raises `LaneBusy` where it is not free within `timeout` seconds."""
        if not self._lock.acquire(timeout=timeout):
            raise LaneBusy("the request before this one is still under way")
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def stream(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None, timeout: float
    ) -> Iterator[RawReply]:
        """Send a request; gives the reply with its body still to be read. Raises `TransportErrors`."""
        request = httpcore.Request(
            method.encode("ascii"),
            _address(url),
            headers=_framed(headers, content),
            content=content,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout)},
        )
        self._waiting = True
        try:
            response = self._pool.handle_request(request)
        finally:
            self._waiting = False
        try:
            yield RawReply(response.status, _grouped(response.headers), response.iter_stream())
        finally:
            response.close()

    @property
    def silent(self) -> bool:
        """Whether a request waits for a reply of which nothing is there yet: neither in the hands of its thread nor,
        where that did not come to its turn, in those of the operating system."""
        stream = self._stream
        return self._waiting and stream is not None and not stream.get_extra_info("is_readable")

    def abort(self) -> None:
        """End the request under way, if any, at once: its thread sees a broken connection."""
        self.aborted = True
        connection = self._stream.get_extra_info("socket") if self._stream is not None else None
        if not isinstance(connection, socket.socket):
            return
        # Closing a socket does not wake a thread that reads from it; shutting it down does. The plain socket's
        # method, because the one of a TLS socket would first take the TLS state away from under the reader.
        try:
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
        except OSError:
            # It is closed already, which is what was wanted.
            return

    def close(self) -> None:
        """Close the connection. A request under way is aborted."""
        self.abort()
        self._pool.close()

    def _connected(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        if self.aborted:
            self.abort()


class _Backend(httpcore.SyncBackend):
    """Tells of each connection that is made, so that it can be aborted."""

    def __init__(self, connected: Callable[[httpcore.NetworkStream], None]) -> None:
        self._tell = connected

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options), self._tell)


class _Stream(httpcore.NetworkStream):
    """Sends head and body of a request at once, where httpcore would send two packets: the server need not wake twice.
    What is held back goes out before a reply is waited for."""

    def __init__(self, stream: httpcore.NetworkStream, connected: Callable[[httpcore.NetworkStream], None]) -> None:
        self._stream, self._tell = stream, connected
        self._held = b""
        connected(stream)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with contextlib.suppress(httpcore.WriteError):
            self._flush(timeout)  # as httpcore has it: a server may answer and close before it has read everything
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer
        if len(self._held) > _HEAD:
            self._flush(timeout)

    def _flush(self, timeout: float | None) -> None:
        held, self._held = self._held, b""
        if held:
            self._stream.write(held, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._tell)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _pool(config: TransportConfig, backend: httpcore.NetworkBackend) -> httpcore.ConnectionPool:
    shared: dict[str, Any] = {
        "ssl_context": config.ssl_context(),
        "max_connections": 1,
        "max_keepalive_connections": 1,
        "keepalive_expiry": _KEEPALIVE,
        "network_backend": backend,
    }
    if config.proxy is None:
        return httpcore.ConnectionPool(**shared)
    proxy = httpx.Proxy(config.proxy)
    return httpcore.HTTPProxy(proxy_url=_core(proxy.url), proxy_auth=proxy.raw_auth, **shared)


@lru_cache(maxsize=2048)
def _address(url: str) -> httpcore.URL:
    return _core(httpx.URL(url))


def _core(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _framed(headers: dict[str, str], content: bytes | None) -> list[tuple[bytes, bytes]]:
    """The headers as they go out; a body has its length whatever the caller took away, else it could not be sent."""
    out = [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
    if content is not None and not any(name.lower() == b"content-length" for name, _ in out):
        out.append((b"Content-Length", str(len(content)).encode("ascii")))
    return out


def _grouped(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name.decode("ascii", "replace").lower(), []).append(_text(value))
    return grouped


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
