"""How replies leave: head and body in one packet, where uvicorn would send two."""

from __future__ import annotations

import asyncio
from typing import Any, cast


class _Joining:
    """A transport that holds back what is written within one turn of the loop, and sends it at the turn's end.

    uvicorn writes the head of a reply and then its body. Sent one by one they would wake the client twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = b"".join(self._held), []
            self._transport.write(held)


def http_protocol() -> type[asyncio.Protocol] | str:
    """What uvicorn is to speak HTTP with: httptools where it is there (half the work of h11), else its own choice."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return "auto"

    class Protocol(HttpToolsProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(cast("asyncio.Transport", _Joining(transport)))

    return Protocol
