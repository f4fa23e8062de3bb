"""One actor's HTTP session: authentication, cookies, the CSRF token, redirects, bounds, and the record of it all.

Sources: Web Services API Reference, "Making a Request" (lines 518-690), "Interpreting a response" (lines 692-960),
"Cross-Site Request Forgery protection" and "Cookie support" (lines 3008-3534).
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import quote, urlencode, urljoin

import httpx

from conformance.wire.bodies import MAX_RECORDED_TEXT, BodyTimeout, dump_json, parse_body, read_bounded
from conformance.wire.config import ConfigError, Credentials, TransportConfig, origin_of
from conformance.wire.cookies import CookieStore
from conformance.wire.lanes import Lane, LaneBusy, TransportErrors
from conformance.wire.ratelimit import RateLimiter
from conformance.wire.recorder import Recorder
from conformance.wire.replies import HttpReply, Purpose, describe_error, request_payload, response_payload

__all__ = [
    "UNSET",
    "ConfigError",
    "Credentials",
    "CsrfToken",
    "HttpReply",
    "HttpSession",
    "RateLimiter",
    "TransportConfig",
]

Auth = Literal["session", "basic", "cookie", "none"]
Params = Mapping[str, Any] | Sequence[tuple[str, Any]]

MAX_REDIRECTS = 5
_MODIFYING = frozenset({"POST", "PUT", "DELETE", "PATCH"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}\Z")
_HEADER_VALUE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,4095}\Z")
# A server names its CSRF header; these it may not name: they would carry the token where it does harm.
_RESERVED = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length"}
    | {"content-type", "cookie", "expect", "host", "proxy-authorization", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "user-agent"}
)


class _Unset(Enum):
    UNSET = "unset"


UNSET: Final = _Unset.UNSET
"""No JSON body at all (None would be the body `null`)."""


@dataclass(frozen=True, slots=True)
class CsrfToken:
    """The header that a modifying request must carry, and its value."""

    header: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Call:
    """A request as it was asked for."""

    method: str
    url: str
    content: bytes | None
    recorded_body: Any
    recorded_text: str | None
    headers: Mapping[str, str | None]
    auth: Auth | Credentials
    csrf: bool
    cookies: bool
    purpose: Purpose
    timeout: float
    lane: Lane

    @property
    def joins_session(self) -> bool:
        """Whether the reply's cookies and CSRF token belong to the session."""
        return self.cookies and self.auth in ("session", "cookie")


class HttpSession:
    """The HTTP session of one actor. Transport errors are returned and recorded, never raised; usable from several
    threads, one request at a time (a lane of its own excepted).

    Raises `ConfigError` (from `config`) for files that cannot be used.
    """

    def __init__(
        self,
        config: TransportConfig,
        credentials: Credentials | None,
        recorder: Recorder,
        *,
        actor: str,
    ) -> None:
        self.config, self.credentials, self.recorder, self.actor = config, credentials, recorder, actor
        if credentials is not None:
            recorder.redactor.add_credentials(credentials.user_name, credentials.password, f"{actor} password")
        if config.proxy is not None:
            proxy = httpx.URL(config.proxy)
            if proxy.password:
                recorder.redactor.add_credentials(proxy.username, proxy.password, "proxy password")
        self.on_failure: Callable[[HttpReply], None] | None = None
        """Called with what a request other than CometD's came to, where no reply came; it may raise."""
        self._origin = origin_of(config.root)
        self._cookies = CookieStore()
        self._csrf: CsrfToken | None = None
        self._state = threading.Lock()
        self._closed = False
        self._lane = self.open_lane()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def csrf(self) -> CsrfToken | None:
        """The newest CSRF header and token of the session, if the server gave one."""
        with self._state:
            return self._csrf

    def open_lane(self) -> Lane:
        """A further connection for `request(lane=...)`; whoever opens it closes it."""
        return Lane(self.config)

    def reset(self) -> None:
        """Forget the session: cookies and CSRF token. The server is not told."""
        self._cookies.clear()
        with self._state:
            self._csrf = None

    def close(self) -> None:
        """Close the connection. Later requests are answered with an error."""
        self._closed = True
        self._lane.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = UNSET,
        content: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
        params: Params | None = None,
        auth: Auth | Credentials = "session",
        csrf: bool = True,
        cookies: bool = True,
        purpose: Purpose = "api",
        timeout: float | None = None,
        lane: Lane | None = None,
    ) -> HttpReply:
        """Send a request and wait for the whole reply.

        path: relative to the API (`/me/calls`), or an absolute URL of the same origin (a resource's `uri`); anything
        else is answered with an error, unsent.
        json or content: the body; content goes out as it is. headers: added; None takes a header away.
        auth: `session` sends Basic credentials and cookies, as real desktops do; `cookie` the cookies alone; `basic`
        or other `Credentials` the credentials alone; `none` neither. Only replies to the first two, and only with
        `cookies`, change the session. csrf: send the token with modifying requests (never with other credentials).
        timeout: seconds for each exchange as a whole. lane: a connection from `open_lane`.
        """
        if json is not UNSET and content is not None:
            raise TypeError("give json or content, not both")
        body = dump_json(json) if json is not UNSET else content
        call = _Call(
            method=method.upper(),
            url=self.url_of(path, params),
            content=body,
            recorded_body=None if json is UNSET else json,
            recorded_text=None if content is None else content.decode("utf-8", "replace")[:MAX_RECORDED_TEXT],
            headers=dict(headers or {}),
            auth=auth,
            csrf=csrf,
            cookies=cookies,
            purpose=purpose,
            timeout=self.config.timeout if timeout is None else timeout,
            lane=lane if lane is not None else self._lane,
        )
        try:
            with call.lane.turn(call.timeout):
                reply = self._follow(call)
        except LaneBusy as error:
            reply = self._unsent(call, error)
        if reply.error and purpose != "cometd" and self.on_failure is not None:
            self.on_failure(reply)
        return reply

    def url_of(self, path: str, params: Params | None = None) -> str:
        """The URL of a path relative to the API; absolute URLs stay as they are."""
        url = path if re.match(r"https?://", path, re.IGNORECASE) else self.config.api_url + path
        if params:
            query = urlencode(list(params.items()) if isinstance(params, Mapping) else params, True, quote_via=quote)
            url += ("&" if "?" in url else "?") + query
        return url

    def session_headers(self, url: str, method: str = "GET") -> dict[str, str]:
        """The session's Authorization, Cookie and CSRF headers, for a connection that is made elsewhere (WebSocket)."""
        headers = {"Authorization": self.credentials.basic()} if self.credentials is not None else {}
        cookie = self._cookies.header(url)
        if cookie is not None:
            headers["Cookie"] = cookie
        token = self.csrf
        if token is not None and method in _MODIFYING:
            headers[token.header] = token.token
        return headers

    def take_over(self, url: str, headers: Mapping[str, list[str]]) -> None:
        """Keep the cookies and the CSRF token of a reply's headers (lower-case names), and tell the redactor."""
        redactor = self.recorder.redactor
        for cookie in self._cookies.store(url, headers.get("set-cookie", ())):
            # Other cookies can hold ordinary words (a language, a theme), which must not vanish from bodies.
            if cookie.name.upper() == "JSESSIONID" or len(cookie.value) >= 16:
                redactor.discover(cookie.value, "cookie")
        names, tokens = headers.get("x-csrf-header"), headers.get("x-csrf-token")
        name = names[-1].strip() if names else None
        if name is not None and name.lower() != "x-csrf-token":
            tokens = headers.get(name.lower()) or tokens
        if name is None or not tokens or not _TOKEN.match(name) or name.lower() in _RESERVED:
            return
        token = tokens[-1].strip()
        if not _HEADER_VALUE.match(token):
            return
        redactor.watch_header(name)
        redactor.discover(token, "token")
        with self._state:
            self._csrf = CsrfToken(name, token)

    def _follow(self, call: _Call) -> HttpReply:
        first_seq = None
        for hop in range(MAX_REDIRECTS + 1):
            reply = self._exchange(call, first_seq)
            first_seq = reply.request_seq
            onward = self._redirect(call, reply) if hop < MAX_REDIRECTS else None
            if onward is None:
                return reply
            call = onward
        raise AssertionError("unreachable: the last hop returns")

    def _redirect(self, call: _Call, reply: HttpReply) -> _Call | None:
        """The request that a redirect asks for; None where the reply is none, or leads to another origin."""
        location = reply.header("location")
        if reply.status not in (301, 302, 303, 307, 308) or not location:
            return None
        try:
            url = urljoin(call.url, location)
            if origin_of(url) != self._origin or "@" in url.partition("://")[2].partition("/")[0]:
                return None
        except ValueError:
            return None
        becomes_get = reply.status == 303 or (reply.status in (301, 302) and call.method == "POST")
        if call.method == "HEAD" or not becomes_get:
            return replace(call, url=url)
        return replace(call, url=url, method="GET", content=None, recorded_body=None, recorded_text=None)

    def _exchange(self, call: _Call, first_seq: int | None) -> HttpReply:
        """One request and its reply, both recorded."""
        refusal = self._refusal(call)
        if refusal is not None:
            return self._unsent(call, refusal, first_seq)
        headers = self._headers(call)
        exchange = self.recorder.ordinal("exchange")
        sent = self.recorder.record("http.request", self._request_payload(call, exchange, headers), actor=self.actor)
        start = time.monotonic()
        try:
            with call.lane.stream(call.method, call.url, headers, call.content, call.timeout) as response:
                raw, truncated = read_bounded(
                    response.chunks,
                    response.header("content-encoding"),
                    self.config.max_body,
                    start + call.timeout,
                )
        except (*TransportErrors, zlib.error, BodyTimeout) as error:
            return self._failed(call, error, exchange, first_seq or sent.seq, time.monotonic() - start)
        except RuntimeError as error:
            # httpcore on a connection that another thread has closed meanwhile; anything else is a defect of ours.
            if not self._closed and not call.lane.aborted:
                raise
            return self._failed(call, error, exchange, first_seq or sent.seq, time.monotonic() - start)
        elapsed = time.monotonic() - start
        status, reply_headers = response.status, response.headers
        body = parse_body(raw, response.header("content-type"), truncated)
        if call.joins_session:
            self.take_over(call.url, reply_headers)
        payload = response_payload(exchange, status, reply_headers, body, elapsed)
        if call.purpose == "cometd" and body.is_json:
            payload["body"] = None  # the messages stand in the cometd.receive that follows
        received = self.recorder.record("http.response", payload, actor=self.actor)
        return HttpReply(
            status=status,
            headers=reply_headers,
            text=body.text,
            json=body.json,
            is_json=body.is_json,
            elapsed=elapsed,
            request_seq=first_seq or sent.seq,
            response_seq=received.seq,
            error=None,
            url=call.url,
            truncated=body.truncated,
        )

    def _refusal(self, call: _Call) -> Exception | None:
        """Why a request must not leave, if so."""
        if self._closed:
            return RuntimeError("the session is closed")
        try:
            if origin_of(call.url) != self._origin or "@" in call.url.partition("://")[2].partition("/")[0]:
                return ValueError("the URL leads to another origin than base_url: requests go to the target alone")
        except ValueError:
            return ValueError("the URL cannot be taken apart")
        limiter = self.config.limiter
        if limiter is not None and not limiter.acquire(call.timeout):
            return TimeoutError("the rate limit leaves no place within the timeout")
        return None

    def _headers(self, call: _Call) -> dict[str, str]:
        headers = {
            "Host": _host(call.url),
            "User-Agent": self.config.user_agent,
            "Accept": "application/json, */*;q=0.5",
            "Accept-Encoding": "gzip, deflate",
        }
        if call.content is not None:
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(call.content))
        elif call.method in _MODIFYING:
            headers["Content-Length"] = "0"
        headers |= self._credentials_of(call)
        for name, value in call.headers.items():
            for present in [key for key in headers if key.lower() == name.lower()]:
                del headers[present]
            if value is not None:
                headers[name] = value
        return headers

    def _credentials_of(self, call: _Call) -> dict[str, str]:
        if isinstance(call.auth, Credentials):
            redactor = self.recorder.redactor
            redactor.add_credentials(call.auth.user_name, call.auth.password, f"{self.actor} other password")
            return {"Authorization": call.auth.basic()}
        every = self.session_headers(call.url, call.method)
        wanted = set()
        if call.auth in ("session", "basic"):
            wanted.add("Authorization")
        if call.auth in ("session", "cookie") and call.cookies:
            wanted.add("Cookie")
        token = self.csrf
        if call.csrf and token is not None and call.auth != "none":
            wanted.add(token.header)
        return {name: value for name, value in every.items() if name in wanted}

    def _request_payload(self, call: _Call, exchange: int, headers: Mapping[str, str]) -> dict[str, Any]:
        return request_payload(
            exchange,
            call.method,
            call.url,
            self.path_of(call.url),
            headers,
            # The messages of a CometD request stand in the cometd.send beside it.
            body=call.recorded_body if call.purpose != "cometd" else None,
            text=call.recorded_text,
            purpose=call.purpose,
        )

    def path_of(self, url: str) -> str:
        """A URL's path and query, relative to the API path where it lies below it."""
        api = self.config.api_url
        if url.startswith((api + "/", api + "?")) or url == api:
            return url[len(api) :] or "/"
        rest = url.partition("://")[2]
        return "/" + rest.partition("/")[2]

    def _failed(self, call: _Call, error: Exception, exchange: int, request_seq: int, elapsed: float) -> HttpReply:
        text = describe_error(error, self.recorder)
        event = self.recorder.record("http.error", {"exchange": exchange, "error": text}, actor=self.actor)
        return HttpReply(0, {}, "", None, False, elapsed, request_seq, event.seq, text, call.url)

    def _unsent(self, call: _Call, error: Exception, first_seq: int | None = None) -> HttpReply:
        """Record a request that could not leave: as an exchange, so that nothing asked for is missing."""
        exchange = self.recorder.ordinal("exchange")
        sent = self.recorder.record("http.request", self._request_payload(call, exchange, {}), actor=self.actor)
        return self._failed(call, error, exchange, first_seq or sent.seq, 0.0)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0]
