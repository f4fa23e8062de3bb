"""How a server is reached, and as whom."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import certifi

from conformance import __version__
from conformance.wire.ratelimit import RateLimiter

Certificate = str | tuple[str, str] | tuple[str, str, str]
"""A client certificate: a PEM file that holds its key too, or (certificate, key), or (certificate, key, password)."""


class ConfigError(ValueError):
    """A setting cannot be used. Its text names the setting and the remedy, and never repeats a secret.

    setting: its name: a field of `TransportConfig`, `cert.key` and `cert.password` for parts of `cert`, `user_name`.
    """

    def __init__(self, message: str, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a session is. An empty password is legal (Web Services API Reference, Making a Request, lines 630-660)."""

    user_name: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if ":" in self.user_name:
            raise ConfigError(
                "user_name holds a ':', which Basic authentication cannot carry: correct the name", "user_name"
            )

    def basic(self) -> str:
        """The value of the Authorization header."""
        pair = f"{self.user_name}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """How a server is reached.

    base_url: scheme, host, port and, behind some proxies, a path; no credentials, query or fragment.
    api_path, notifications_path: below base_url; the second differs between deployments (`/genesys/cometd`).
    verify: True, False, or the path of a CA file or directory; cert: see `Certificate`.
    proxy: URL of an HTTP proxy; the environment's proxy variables are not read.
    timeout: seconds for one request as a whole; rate: requests a second for all sessions that share this object;
    max_body: bytes of a reply that are read at most.

    Raises `ConfigError` for a value that cannot be used.
    """

    base_url: str
    api_path: str = "/api/v2"
    notifications_path: str = "/api/v2/notifications"
    verify: bool | str = True
    cert: Certificate | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    timeout: float = 10
    rate: float | None = None
    max_body: int = 4_194_304
    user_agent: str = f"gws-conformance/{__version__}"
    limiter: RateLimiter | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_base_url(self.base_url)
        for name in ("api_path", "notifications_path"):
            _check_path(name, getattr(self, name))
        if self.timeout <= 0 or self.max_body <= 0:
            raise ConfigError("timeout and max_body must be above 0", "timeout" if self.timeout <= 0 else "max_body")
        if self.proxy is not None:
            _check_proxy(self.proxy)
        if self.rate is not None and self.rate <= 0:
            raise ConfigError("rate must be above 0 requests a second: leave it out for no limit", "rate")
        object.__setattr__(self, "limiter", RateLimiter(self.rate) if self.rate is not None else None)

    @property
    def root(self) -> str:
        """base_url without a trailing slash."""
        return self.base_url.rstrip("/")

    @property
    def api_url(self) -> str:
        """Where the API begins."""
        return self.root + self.api_path.rstrip("/")

    @property
    def notifications_url(self) -> str:
        """Where CometD is served."""
        return self.root + self.notifications_path

    def ssl_context(self) -> ssl.SSLContext:
        """The TLS settings; made once for the same `verify` and `cert`. Raises `ConfigError` for unusable files."""
        return _ssl_context(self.verify, self.cert)


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host (lower case) and port (the scheme's own where none is given) of a URL.

    Raises ValueError for a URL that cannot be taken apart.
    """
    parts = urlsplit(url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme.lower(), parts.scheme.lower())
    return scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(scheme)


def _split(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        wrong = f"{name} is not a URL: write http://host:port or https://host:port, with a port of 1 to 65535"
        raise ConfigError(wrong, name) from None
    return parts


def _check_base_url(url: str) -> None:
    parts = _split(url, "base_url")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        wrong = "base_url holds credentials: take them out of the URL, give user name and password apart"
        raise ConfigError(wrong, "base_url")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        wrong = "base_url must begin with http:// or https:// and a host: https://gws.example.com"
        raise ConfigError(wrong, "base_url")
    if parts.query or parts.fragment or any(c.isspace() or ord(c) < 32 or c in "?#" for c in url):
        wrong = "base_url must have no query, no fragment and no spaces: scheme, host, port and path only"
        raise ConfigError(wrong, "base_url")


def _check_proxy(url: str) -> None:
    parts = _split(url, "proxy")
    if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in url):
        raise ConfigError("proxy must be the URL of an HTTP proxy: http://host:port", "proxy")


def _check_path(name: str, path: str) -> None:
    if not path.startswith("/") or any(c.isspace() or c in "?#" for c in path):
        raise ConfigError(f"{name} must be a path that begins with '/', without query and spaces", name)


@lru_cache(maxsize=16)
def _ssl_context(verify: bool | str, cert: Certificate | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif verify is True:
        if not context.cert_store_stats()["x509_ca"]:
            # Slim machines have no certificate store of their own.
            context.load_verify_locations(certifi.where())
    else:
        _load_authorities(context, verify)
    if cert is not None:
        _load_certificate(context, cert)
    return context


def _load_authorities(context: ssl.SSLContext, verify: str) -> None:
    place = Path(verify)
    try:
        context.load_verify_locations(**({"capath": verify} if place.is_dir() else {"cafile": verify}))
    except (OSError, ssl.SSLError) as error:
        why = _unreadable(place) or "holds no usable CA certificate"
        raise ConfigError(f"verify: {verify} {why}: give a PEM file or directory", "verify") from error


def _load_certificate(context: ssl.SSLContext, cert: Certificate) -> None:
    chain = (cert,) if isinstance(cert, str) else cert
    password = chain[2] if len(chain) == 3 else None
    key = chain[1] if len(chain) > 1 else chain[0]
    try:
        # An empty answer instead of none: without one OpenSSL would ask on the terminal, and hang.
        context.load_cert_chain(chain[0], chain[1] if len(chain) > 1 else None, password=password or "")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise _certificate_problem(chain[0], key, password, error) from error


def _certificate_problem(certificate: str, key: str, password: str | None, error: Exception) -> ConfigError:
    """Which of the files is the trouble, and what to do."""
    part = "cert.key" if key != certificate else "cert"
    for file, setting in ((certificate, "cert"), (key, part)):
        if why := _unreadable(Path(file)):
            return ConfigError(f"cert: {file} {why}: give a PEM file", setting)
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return ConfigError(f"cert: the key {key} is not that of {certificate}: give the key it was made with", part)
    if b"ENCRYPTED" in Path(key).read_bytes():
        told = "needs a password: give it" if password is None else "is not opened by the password given: correct it"
        return ConfigError(f"cert: the key {key} of {certificate} {told}", "cert.password")
    return ConfigError(
        f"cert: {certificate} and {key} hold no usable client certificate and key: give PEM files", "cert"
    )


def _unreadable(file: Path) -> str:
    """Why a file cannot be read; empty for one that can, and for directories."""
    if file.is_dir():
        return ""
    try:
        with file.open("rb"):
            return ""
    except OSError as error:
        return f"cannot be read ({error.strerror})"
