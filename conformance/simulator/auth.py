"""Who is asking: Basic credentials, HTTP sessions (cookie JSESSIONID) and the Csrf token that lives with them.

Source: "Making a Request" (lines 523-730), "Cross-Site Request Forgery protection" (lines 3012-3085).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import uuid
from typing import Final

from starlette.requests import HTTPConnection

from .faults import fault
from .models import HttpSession, User
from .status import FORBIDDEN, NOT_AUTHENTICATED, ApiError
from .world import World

COOKIE: Final = "JSESSIONID"
CSRF_HEADER: Final = "X-CSRF-TOKEN"
CSRF_MESSAGE: Final = "Missing or invalid Csrf token"
SET_COOKIE_KEY: Final = "gws.set-cookie"

CSRF_ANY_SESSION = fault("basics.csrf-without-cookie", "A Csrf token is accepted without its session's cookie.")
CSRF_NOT_REQUIRED = fault("basics.csrf-not-required", "Requests that modify data need no Csrf token.")
CSRF_NOT_GIVEN = fault("basics.csrf-headers-missing", "A GET does not return X-CSRF-HEADER and X-CSRF-TOKEN.")
CSRF_CHANGES = fault("basics.csrf-token-rotates", "Every GET silently invalidates the session's Csrf token.")
NO_AUTH = fault("basics.no-auth-needed", "Requests without credentials are answered as the first agent's.")
ANY_PASSWORD = fault("basics.any-password", "A wrong password is accepted.")
COOKIE_IGNORED = fault("basics.cookie-ignored", "A request with only the session's cookie is not authenticated.")
DENIED_CODE = fault("basics.denied-with-code-5", "A request without credentials is refused with statusCode 5.")


def denied(world: World) -> ApiError:
    """The refusal of a request that nobody is logged in for."""
    code = 5 if world.faults.on(DENIED_CODE) else NOT_AUTHENTICATED
    return ApiError(code, "Access denied", http=403)


def cookie_of(connection: HTTPConnection, name: str = COOKIE) -> str | None:
    """The value of a cookie; hand-parsed, because it is needed on every request."""
    header = connection.headers.get("cookie")
    if header is None:
        return None
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value.strip('"')
    return None


def authenticate(world: World, connection: HTTPConnection) -> tuple[User, HttpSession]:
    """The user and the HTTP session of a request; ApiError 20 when there is neither.

    Credentials win over the cookie; a cookie of the same user keeps its session. A new session leaves its cookie
    in `connection.scope["gws.set-cookie"]`, from where the outermost layer puts it into the reply.
    """
    session = _session(world, cookie_of(connection))
    authorization = connection.headers.get("authorization")
    if authorization is None:
        if session is not None and not world.faults.on(COOKIE_IGNORED):
            session.last_used = world.clock.monotonic()
            return world.users[session.user_id], session
        if world.faults.on(NO_AUTH):
            user = next(iter(world.users.values()))
            return user, _open(world, user, connection)
        raise denied(world)
    user = _verify(world, authorization)
    if session is not None and session.user_id == user.id:
        session.last_used = world.clock.monotonic()
        return user, session
    return user, _open(world, user, connection)


def _session(world: World, cookie: str | None) -> HttpSession | None:
    session = world.sessions.get(cookie) if cookie else None
    if session is None:
        return None
    if world.clock.monotonic() - session.last_used > world.options.session_timeout:
        world.sessions.pop(session.id, None)
        return None
    return session


def _open(world: World, user: User, connection: HTTPConnection) -> HttpSession:
    _expire(world)
    session = HttpSession(
        id=secrets.token_hex(16),
        user_id=user.id,
        csrf_token=str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        last_used=world.clock.monotonic(),
    )
    world.sessions[session.id] = session
    connection.scope[SET_COOKIE_KEY] = f"{COOKIE}={session.id}; Path=/; HttpOnly"
    return session


def _expire(world: World) -> None:
    """Drop expired sessions once there are many: a client without cookies opens one with every request."""
    if len(world.sessions) < 1000:
        return
    oldest = world.clock.monotonic() - world.options.session_timeout
    for session in [s for s in world.sessions.values() if s.last_used < oldest]:
        del world.sessions[session.id]
    while len(world.sessions) >= 5000:
        del world.sessions[next(iter(world.sessions))]


def _verify(world: World, authorization: str) -> User:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise denied(world)
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise denied(world) from None
    user_name, colon, password = decoded.partition(":")
    user = world.user_by_name(user_name)
    if not colon or user is None or not user.enabled:
        raise denied(world)
    same = hmac.compare_digest(user.password.encode(), password.encode())
    if not same and not world.faults.on(ANY_PASSWORD):
        raise denied(world)
    return user


def check_csrf(world: World, connection: HTTPConnection, session: HttpSession) -> None:
    """Refuse (HTTP 403) a request whose Csrf token is missing, wrong, or not its cookie's.

    The page names the HTTP status and the text; statusCode 3 ("forbidden") is this server's choice.
    """
    if not world.options.csrf or world.faults.on(CSRF_NOT_REQUIRED):
        return
    token = connection.headers.get(CSRF_HEADER)
    if token is not None:
        if world.faults.on(CSRF_ANY_SESSION):
            if any(known.csrf_token == token for known in world.sessions.values()):
                return
        elif cookie_of(connection) == session.id and hmac.compare_digest(token.encode(), session.csrf_token.encode()):
            return
    raise ApiError(FORBIDDEN, CSRF_MESSAGE, http=403)


def csrf_headers(world: World, session: HttpSession) -> list[tuple[bytes, bytes]]:
    """The two headers that tell a client the token, for replies to GET."""
    if not world.options.csrf or world.faults.on(CSRF_NOT_GIVEN):
        return []
    headers = [
        (b"x-csrf-header", CSRF_HEADER.encode()),
        (b"x-csrf-token", session.csrf_token.encode()),
    ]
    if world.faults.on(CSRF_CHANGES):
        session.csrf_token = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    return headers
