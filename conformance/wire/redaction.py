"""Keeps secrets out of everything that is written down.

Three nets, each for what the others miss:

* *told* secrets (`Redactor.add`): passwords from a target file. Found anywhere in a text, also percent-encoded,
  JSON-escaped, HTML-escaped and inside the base64 of `user:password`;
* *discovered* secrets (`Redactor.discover`): session cookies and CSRF tokens that the server hands out. There may be
  thousands in a run, so they are looked up word by word instead of searched for;
* *places* where secrets live whatever their value: Authorization and Cookie headers, CSRF headers, members whose name
  ends in `password`, credentials in a URL.

A secret becomes `<secret:label#n>`, the same placeholder each time, so that a reader still sees which are equal.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

MAX_DEPTH = 100
"""JSON nested deeper than this is cut: no sound server sends it, and it must not exhaust the stack."""

# A told secret shorter than _EMBEDDED_FROM is replaced only where it stands alone: '1234' is a plausible password, and
# must not eat a part of every timestamp and phone number. One shorter than _SEARCHED_FROM is not searched for at all
# (a password '0' would eat every statusCode), only hidden in the places where secrets live.
_EMBEDDED_FROM = 6
_SEARCHED_FROM = 4
# A discovered secret is looked up as one of these words.
_WORD = re.compile(r"[A-Za-z0-9_\-]{6,}")
_WORD_RUN_FROM = 12

# The same member names, header values and states come again and again: what they become is remembered until the next
# secret is told.
_REMEMBERED_LENGTH = 200
_REMEMBERED_TEXTS = 10_000

_COOKIE_HEADERS = frozenset({"cookie", "set-cookie"})
_AUTHORIZATION_HEADERS = frozenset({"authorization", "proxy-authorization"})
_TOKEN_HEADERS = frozenset({"x-csrf-token", "x-xsrf-token", "csrf-token"})
_SECRET_MEMBER = re.compile(r"(?:password|passwd)\Z", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*://[^\s/:@?#]*):([^\s/@?#]+)@")
_SCHEME = re.compile(r"\b(Basic|Bearer)(\s+)([A-Za-z0-9+/=._~\-]{4,})", re.IGNORECASE)
_TEXT_MEMBER = re.compile(r'([\w\-]*passw(?:or)?d"\s*:\s*")((?:[^"\\]|\\.)+)(")', re.IGNORECASE)
_FORM_MEMBER = re.compile(r"(^|[&?])([\w\-]*passw(?:or)?d=)([^&\s#]+)", re.IGNORECASE)


class Redactor:
    """Replaces secrets by placeholders. Safe to use from several threads; knows no secret until told.

    part, parts: of several processes that write one timeline. Told secrets are the same for all and have the same
    placeholders; for what each finds by itself they number in turns, so that different secrets stay different.
    """

    def __init__(self, *, part: int = 0, parts: int = 1) -> None:
        self._part, self._parts = part, parts
        self._lock = threading.RLock()
        self._placeholders: dict[str, str] = {}
        self._known: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._forms: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._words: dict[str, str] = {}
        self._discovered: set[str] = set()
        self._token_headers = set(_TOKEN_HEADERS)
        self._remembered: dict[str, str] = {}
        self._remembered_headers: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, secret: str, label: str) -> str:
        """Tell a secret, to be replaced wherever it turns up; answers its placeholder.

        An empty one hides nothing; one below four characters is hidden only where secrets live (headers, members).
        """
        placeholder = self.placeholder(secret, label, told=True)
        if len(secret) >= _SEARCHED_FROM:
            with self._lock:
                for form in _forms_of(secret):
                    self._forms.setdefault(form, placeholder)
                self._pattern = _alternation(self._forms)
                self._forget()
        return placeholder

    def add_credentials(self, user_name: str, password: str, label: str) -> None:
        """Tell a password together with the base64 of `user_name:password` that Basic authentication sends."""
        self.add(password, label)
        for encoding in ("utf-8", "latin-1"):
            try:
                pair = f"{user_name}:{password}".encode(encoding)
            except UnicodeEncodeError:
                continue
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                token = encode(pair).decode("ascii")
                self.add(token, f"{label} basic")
                if token.endswith("="):
                    self.add(token.rstrip("="), f"{label} basic")

    def discover(self, secret: str, label: str) -> str:
        """Note a secret that the server handed out (a session id, a token); answers its placeholder."""
        placeholder = self.placeholder(secret, label)
        with self._lock:
            if secret in self._discovered:
                return placeholder
            self._discovered.add(secret)
        runs = [run for run in _WORD.findall(secret) if len(run) >= _WORD_RUN_FROM]
        with self._lock:
            if _WORD.fullmatch(secret):
                self._words.setdefault(secret, placeholder)
            elif runs:
                self._words.setdefault(max(runs, key=len), placeholder)
            elif len(secret) >= _EMBEDDED_FROM:
                self.add(secret, label)
            self._forget()
        return placeholder

    def _forget(self) -> None:
        # A new dictionary, not an emptied one: another thread may be about to remember what it made without the secret.
        self._remembered = {}
        self._remembered_headers = {}

    def watch_header(self, name: str) -> None:
        """Treat the value of this header as a token: the server may name its CSRF header as it likes."""
        with self._lock:
            if name.lower() not in self._token_headers:
                self._token_headers.add(name.lower())
                self._forget()

    def placeholder(self, secret: str, label: str, *, told: bool = False) -> str:
        """The placeholder of a value: the same for the same value, whatever label it is given later."""
        if not secret:
            return ""
        with self._lock:
            known = self._placeholders.get(secret)
            if known is None:
                label = re.sub(r"[^A-Za-z0-9 ._\-]", "_", label)[:40]
                number = self._numbers[label] = self._numbers.get(label, 0) + 1
                if not told:
                    number = 1 + (number - 1) * self._parts + self._part
                known = self._placeholders[secret] = f"<secret:{label}#{number}>"
                self._known.add(known)
            return known

    def text(self, text: str) -> str:
        """A text without its secrets."""
        if len(text) > _REMEMBERED_LENGTH:
            return self._text(text)
        known = self._remembered.get(text)
        if known is None:
            remembered = self._remembered
            known = self._text(text)
            if len(remembered) < _REMEMBERED_TEXTS:
                remembered[text] = known
        return known

    def _text(self, text: str) -> str:
        if "assw" in text or "ASSW" in text:
            text = _TEXT_MEMBER.sub(lambda m: m[1] + self.placeholder(m[2], "password") + m[3], text)
            text = _FORM_MEMBER.sub(lambda m: m[1] + m[2] + self.placeholder(m[3], "password"), text)
        if "://" in text and "@" in text:
            text = _URL_CREDENTIALS.sub(lambda m: f"{m[1]}:{self.placeholder(m[2], 'url')}@", text)
        if "asic" in text or "earer" in text or "BASIC" in text:
            text = _SCHEME.sub(self._scheme, text)
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(self._told, text)
        if self._words:
            text = _WORD.sub(lambda m: self._words.get(m[0], m[0]), text)
        return text

    def value(self, value: Any) -> Any:
        """A deep copy of a value as plain JSON (dict, list, str, int, float, bool, None) without its secrets.

        Tuples become lists, keys become strings, bytes become text, what JSON cannot say becomes its `str`.
        """
        return self._value(value, 0)

    def headers(self, headers: Mapping[str, Any]) -> dict[str, Any]:
        """Headers (values: a string or a list of strings) without credentials, cookie values and tokens."""
        out: dict[str, Any] = {}
        for name, value in headers.items():
            if type(value) is list and len(value) == 1 and type(value[0]) is str:
                key, only = self._one_header(str(name), value[0])
                out[key] = [only]
            elif type(value) is str:
                key, out[key] = self._one_header(str(name), value)
            else:
                out[self.text(str(name))] = self._header(str(name).lower(), value, 0)
        return out

    def _one_header(self, name: str, value: str) -> tuple[str, str]:
        """A header's name and value; the same ones go out and come back with every exchange."""
        known = self._remembered_headers.get((name, value))
        if known is None:
            remembered = self._remembered_headers
            known = self.text(name), self._header(name.lower(), value, 0)
            if len(remembered) < _REMEMBERED_TEXTS and len(value) <= _REMEMBERED_LENGTH:
                remembered[name, value] = known
        return known

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            # As `text`, without the call: a run redacts millions of strings, nearly all of them seen before.
            known = self._remembered.get(value)
            return self.text(value) if known is None else known
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(value)
        if depth >= MAX_DEPTH:
            return f"<nested deeper than {MAX_DEPTH} levels>"
        if isinstance(value, Mapping):
            return {self._key(key): self._member(str(key), item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, depth + 1) for item in value]
        if isinstance(value, bytes):
            return self.text(value.decode("utf-8", "replace"))
        return self.text(str(value))

    def _told(self, match: re.Match[str]) -> str:
        # A placeholder that stands already must not be taken apart by a secret that is a part of its label.
        if match["placeholder"] is not None:
            return match[0] if match[0] in self._known else self._without(match[0])
        return self._forms[match[0]]

    def _without(self, text: str) -> str:
        return text[0] + self.text(text[1:])

    def _number(self, value: int | float) -> Any:
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return str(value)
        # A numeric password (an extension's PIN) may come as a number; only as a whole: digits inside one are chance.
        if -100 < value < 1000 and isinstance(value, int):
            return value
        text = str(value)
        return self._placeholders.get(text, value) if len(text) >= _SEARCHED_FROM else value

    def _key(self, key: object) -> str:
        # The names of the documents' own members stay readable even where somebody's password is 'password'.
        name = key if isinstance(key, str) else str(key)
        known = self._remembered.get(name)
        if known == name:
            return name
        return name if _holds_secret(name) and name.isalpha() else self.text(name)

    def _member(self, name: str, value: Any, depth: int) -> Any:
        if name == "headers" and isinstance(value, Mapping):
            return self.headers(value)
        if _holds_secret(name) and not isinstance(value, bool) and isinstance(value, str | int | float):
            return self.placeholder(str(value), "password")
        return self._value(value, depth)

    def _header(self, name: str, value: Any, depth: int) -> Any:
        if isinstance(value, list | tuple):
            return [self._header(name, item, depth + 1) for item in value]
        if not isinstance(value, str):
            return self._value(value, depth)
        if name in _AUTHORIZATION_HEADERS:
            scheme, space, rest = value.partition(" ")
            return f"{scheme} {self.placeholder(rest, 'authorization')}" if space else self._token(value)
        if name in _COOKIE_HEADERS:
            return self._cookies(value, only_first=name == "set-cookie")
        if name in self._token_headers:
            return self._token(value)
        return self.text(value)

    def _token(self, value: str) -> str:
        return self.placeholder(value, "token")

    def _cookies(self, header: str, *, only_first: bool) -> str:
        first, separator, attributes = header.partition(";") if only_first else (header, "", "")
        pairs = []
        for pair in first.split(";"):
            name, equals, value = pair.partition("=")
            bare = value.strip().strip('"')
            hidden = self.placeholder(bare, "cookie") if equals else self.text(value)
            pairs.append(f"{self.text(name)}{equals}{hidden}")
        return ";".join(pairs) + separator + self.text(attributes)

    def _scheme(self, match: re.Match[str]) -> str:
        # 'Basic authentication is required' is a sentence; 'Basic dXNlcjpwdw==' is a credential.
        scheme, space, token = match.groups()
        if scheme.lower() == "basic" and not _is_user_and_password(token):
            return match[0]
        if scheme.lower() == "bearer" and not (len(token) >= 16 and any(c.isdigit() for c in token)):
            return match[0]
        return f"{scheme}{space}{self.placeholder(token, 'authorization')}"


@lru_cache(maxsize=4096)
def _holds_secret(member: str) -> bool:
    return _SECRET_MEMBER.search(member) is not None


def _is_user_and_password(token: str) -> bool:
    try:
        return b":" in base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _forms_of(secret: str) -> set[str]:
    escapes: tuple[Callable[[str], str], ...] = (
        lambda s: json.dumps(s)[1:-1],
        lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
        lambda s: quote(s, errors="replace"),
        lambda s: quote(s, safe="", errors="replace"),
        lambda s: quote_plus(s, errors="replace"),
        html.escape,
    )
    forms = {secret, *(escape(secret) for escape in escapes)}
    # Servers and proxies differ in the case of percent escapes.
    return forms | {re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), form) for form in forms}


def _alternation(forms: Mapping[str, str]) -> re.Pattern[str]:
    def one(form: str) -> str:
        pattern = re.escape(form)
        return pattern if len(form) >= _EMBEDDED_FROM else rf"(?<![0-9A-Za-z]){pattern}(?![0-9A-Za-z])"

    # The longest first: a password that begins with another one must not leave its tail behind.
    told = "|".join(one(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?P<placeholder><secret:[A-Za-z0-9 ._\-]{{1,40}}#\d+>)|{told}")
