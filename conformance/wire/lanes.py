"""One connection to the server, used for one request at a time.

A session has one lane for its requests; a CometD session over long-polling has a second one for its held connect.
So a session never has more than two requests under way (Bayeux 1.0, HTTP Transport), and a held connect delays nobody.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from conformance.wire.config import TransportConfig

# Shorter than any server keeps an idle connection open: a request must not be lost to a connection closed under it.
_KEEPALIVE = 2.0


class LaneBusy(Exception):  # noqa: N818 - a condition of the exchange, reported under this name
    """The lane's request before this one did not end in time."""


class Lane:
    """A place that holds at most one connection and can be aborted from another thread."""

    def __init__(self, config: TransportConfig) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self.aborted = False
        # The transport below httpx.Client: redirects, cookies and authentication are the session's own affair here.
        self._transport = httpx.HTTPTransport(
            verify=config.ssl_context(),
            proxy=config.proxy,
            trust_env=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEEPALIVE),
        )

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
    ) -> Iterator[httpx.Response]:
        """Send a request; gives the reply with its body still to be read. Raises what httpx raises."""
        extensions = {"timeout": httpx.Timeout(timeout).as_dict(), "trace": self._trace}
        request = httpx.Request(method, url, headers=headers, content=content, extensions=extensions)
        response = self._transport.handle_request(request)
        try:
            yield response
        finally:
            response.close()

    def abort(self) -> None:
        """End the request under way, if any, at once: its thread sees a broken connection."""
        self.aborted = True
        for connection in self._sockets:
            # Closing a socket does not wake a thread that reads from it; shutting it down does. The plain socket's
            # method, because the one of a TLS socket would first take the TLS state away from under the reader.
            try:
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            except OSError:
                # It is closed already, which is what was wanted.
                continue

    def close(self) -> None:
        """Close the connection. A request under way is aborted."""
        self.abort()
        self._transport.close()

    def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            connection = info["return_value"].get_extra_info("socket")
            if isinstance(connection, socket.socket):
                self._sockets = [connection]
                if self.aborted:
                    self.abort()
