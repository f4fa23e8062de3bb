"""The cookies of one session with one server.

Real deployments set session cookies that a strict store would lose: for a bare IP address, with a Domain that names a
host inside the data centre, with Secure behind a proxy that ends TLS. The store keeps them all, for the host that set
them and for no other; path and expiry are honoured.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

_MAX_COOKIES = 100
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}\Z")
_FORBIDDEN_IN_VALUE = re.compile(r"[\x00-\x1f\x7f;]")


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie as the server set it, bound to the host that did so. `expires`: seconds since the epoch, or None."""

    host: str
    path: str
    name: str
    value: str
    expires: float | None = None


class CookieStore:
    """Keeps cookies per host. Thread-safe."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def store(self, url: str, set_cookie: Iterable[str]) -> list[Cookie]:
        """Take over the Set-Cookie headers of a reply from `url`; answers the cookies that were set (not deleted)."""
        taken = []
        with self._lock:
            for header in set_cookie:
                cookie = parse_set_cookie(url, header, self._now())
                if cookie is None:
                    continue
                key = (cookie.host, cookie.path, cookie.name)
                self._cookies.pop(key, None)
                if cookie.expires is None or cookie.expires > self._now():
                    self._cookies[key] = cookie
                    taken.append(cookie)
            while len(self._cookies) > _MAX_COOKIES:
                self._cookies.pop(next(iter(self._cookies)))
        return taken

    def header(self, url: str) -> str | None:
        """The Cookie header for a request to `url`, the longest path first (RFC 6265, 5.4); None without cookies."""
        parts = urlsplit(url)
        host, path = (parts.hostname or "").lower(), parts.path or "/"
        with self._lock:
            if not self._cookies:
                return None
            now = self._now()
            fitting = [
                c
                for c in self._cookies.values()
                if c.host == host and _covers(c.path, path) and (c.expires is None or c.expires > now)
            ]
        fitting.sort(key=lambda c: -len(c.path))
        return "; ".join(f"{c.name}={c.value}" for c in fitting) or None

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._cookies.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._cookies)


def parse_set_cookie(url: str, header: str, now: float) -> Cookie | None:
    """A cookie from a Set-Cookie header, or None where the header names none."""
    pair, _, rest = header.partition(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(), value.strip()
    if not equals or not _NAME.match(name) or _FORBIDDEN_IN_VALUE.search(value) or not value.isascii():
        return None
    parts = urlsplit(url)
    attributes = {}
    for item in rest.split(";"):
        key, _, text = item.partition("=")
        attributes[key.strip().lower()] = text.strip()
    path = attributes.get("path", "")
    if not path.startswith("/"):
        path = (parts.path or "/").rpartition("/")[0] or "/"
    return Cookie((parts.hostname or "").lower(), path, name, value, _expires(attributes, now))


def _expires(attributes: dict[str, str], now: float) -> float | None:
    if re.fullmatch(r"-?\d{1,12}", attributes.get("max-age", "")):
        return now + int(attributes["max-age"])
    if "expires" in attributes:
        try:
            return parsedate_to_datetime(attributes["expires"]).timestamp()
        except (ValueError, OverflowError, TypeError):
            return None
    return None


def _covers(cookie_path: str, path: str) -> bool:
    return path == cookie_path or path.startswith(cookie_path if cookie_path.endswith("/") else cookie_path + "/")
