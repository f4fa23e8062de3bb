"""Cross-Origin Resource Sharing: which origins may read replies, and the headers that say so.

Source: "Cross-Origin Resource Sharing" (lines 2948-3010). A request of an origin that is not allowed is served
without the headers, as CORS filters do: the browser then withholds the reply. The page is silent about it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.types import Scope, Send

from .faults import fault
from .status import OUT_OF_RANGE, ApiError, invalid
from .world import World

GROUP: Final = "access-control"
SETTING: Final = "allowedOrigins"
ANY_ORIGIN = fault("basics.cors-any-origin", "Every origin is allowed to read replies.")
NO_CORS = fault("basics.cors-headers-missing", "An allowed origin gets no CORS headers.")
STAR_ACCEPTED = fault("basics.cors-star-accepted", 'The allowed origin "*" is accepted.')
WILDCARD_LITERAL = fault("basics.cors-wildcard-literal", "A wildcard in an allowed origin matches nothing.")

_ORIGIN = re.compile(r"(https?)://([A-Za-z0-9.*-]+)(:\d{1,5})?\Z")
_METHODS: Final = b"GET,POST,PUT,DELETE,OPTIONS"
_ALLOW_HEADERS: Final = b"Authorization,Content-Type,X-CSRF-TOKEN,X-CSRF-HEADER,Accept,Origin,X-Requested-With"
_EXPOSE: Final = b"X-CSRF-HEADER,X-CSRF-TOKEN"


def check_origins(world: World, value: Any) -> list[str]:
    """The value of the setting, checked: origins whose host may hold wildcards beside a domain name.

    Raises ApiError 10 for anything else, "*" alone included.
    """
    if not isinstance(value, list) or not all(isinstance(origin, str) for origin in value):
        raise invalid("value", "must be an array of origins")
    for origin in value:
        if origin == "*" and world.faults.on(STAR_ACCEPTED):
            continue
        match = _ORIGIN.match(origin)
        labels = match.group(2).split(".") if match else []
        # "https://*" and "https://*.*" name no domain: the wildcard must stand inside one.
        if not match or "" in labels or all("*" in label for label in labels[-2:]):
            raise ApiError(OUT_OF_RANGE, "An allowed origin is scheme://domain; '*' only inside a domain name")
    return list(value)


def _matches(pattern: str, origin: str) -> bool:
    if pattern == origin or pattern == "*":
        return True
    expression = re.escape(pattern).replace(r"\*", r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
    return re.fullmatch(expression, origin, re.IGNORECASE) is not None


def is_allowed(world: World, origin: str) -> bool:
    """Whether the global list or the contact centre's list holds this origin."""
    if world.faults.on(ANY_ORIGIN):
        return True
    own: list[str] = world.settings.get(GROUP, {}).get(SETTING, [])
    if world.faults.on(WILDCARD_LITERAL):
        return origin in own
    return any(_matches(pattern, origin) for pattern in (*world.options.global_origins, *own))


def cors_headers(world: World, scope: Scope) -> list[tuple[bytes, bytes]]:
    """The CORS headers of a reply; empty without an Origin or for an origin that is not allowed."""
    origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
    if origin is None or world.faults.on(NO_CORS) or not is_allowed(world, origin.decode("latin-1")):
        return []
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _EXPOSE),
        (b"vary", b"Origin"),
    ]
    if scope["method"] == "OPTIONS":
        headers += [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _ALLOW_HEADERS),
            (b"access-control-max-age", b"1800"),
        ]
    return headers


async def serve_preflight(send: Send) -> None:
    """Answer OPTIONS: never authenticated, since browsers send preflights without credentials."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
