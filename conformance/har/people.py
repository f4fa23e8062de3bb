"""Who said what in a recording: HTTP sessions by their cookies, users by their credentials and by what `/me` answers.

A recording names nobody. Two requests are one user's when they carry the same JSESSIONID or the same credentials, when
a reply hands the one to the sender of the other, when `/me` gives both the same user, or when a Bayeux client id leads
from one to the other. Recorders that leave out cookies and credentials (browsers do, unless they are told otherwise)
record one user at a time: the one that `/me` named last.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.har.entries import Entry
from conformance.har.frames import Frame

CUSTOMER = "customer"
NOBODY = "nobody"
SUPERVISOR = "ROLE_SUPERVISOR"
_SESSION = re.compile(r"(?:^|;\s*)JSESSIONID=([^;,\s]+)", re.IGNORECASE)
_UNFIT = re.compile(r"[^A-Za-z0-9._@\-]")
Key = tuple[str, str]


@dataclass
class Person:
    """A user of the recording. roles: as `/me` gives them; None where it was not asked."""

    name: str
    roles: frozenset[str] | None = None
    keys: set[Key] = field(default_factory=set)


@dataclass(frozen=True)
class People:
    """The actor of each entry, by its number, and the persons by the name of their actor (without `+2`)."""

    actors: Mapping[int, str]
    persons: Mapping[str, Person]

    def actor(self, entry: Entry) -> str:
        """The actor's name; one with `+2` is the second HTTP session that a user has at the same time."""
        return self.actors.get(entry.number, NOBODY)

    def supervisors(self) -> list[str]:
        """The users of whom `/me` says that they are supervisors."""
        return sorted(item.name for item in self.persons.values() if SUPERVISOR in (item.roles or ()))


def session_cookie(header: str) -> str | None:
    """The JSESSIONID of a Cookie or Set-Cookie header."""
    found = _SESSION.search(header)
    return found[1].strip('"') if found else None


def basic_user(header: str) -> tuple[str, str] | None:
    """(user name, password) of an Authorization header; None where it is no Basic one that can be read."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    token = token.strip()
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


class _Groups:
    """Keys that belong to one user (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[Key, Key] = {}

    def root(self, key: Key) -> Key:
        self._parent.setdefault(key, key)
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key

    def join(self, first: Key, second: Key) -> None:
        one, other = self.root(first), self.root(second)
        if one != other:
            self._parent[other] = one


def people_of(entries: Sequence[Entry], frames: Mapping[int, Sequence[Frame]], customers: Collection[int]) -> People:
    """Who is behind each entry. entries: in the order of time. frames: of those that speak Bayeux, by number.
    customers: the numbers of requests that only a customer makes."""
    groups = _Groups()
    signed = sum(bool(_cookie(item) or item.header("authorization")) for item in entries)
    keyed = 2 * signed >= len(entries)  # where less than half say who they are, the recorder leaves it out
    anonymous: Key = ("browser", "")
    seated: str | None = None
    keys: dict[int, Key] = {}
    names: list[tuple[Key, str, frozenset[str]]] = []
    for item in entries:
        user = _me(item)
        if user is not None and not keyed:
            # Without cookies and credentials only `/me` tells that somebody else sits there now.
            anonymous = anonymous if seated in (None, user[0]) else ("browser", str(item.number))
            seated = user[0]
        found = _keys(item, keyed, anonymous, frames.get(item.number, ()))
        if user is not None and found:
            identity = ("user", user[0])
            found.append(identity)
            names.append((identity, *user))
        if _let_in(item):
            for other in found[1:]:
                groups.join(found[0], other)
        if found:
            keys[item.number] = found[0]
    return _named(entries, keys, groups, names, customers)


def _keys(entry: Entry, keyed: bool, anonymous: Key, frames: Sequence[Frame]) -> list[Key]:
    """The keys that an entry carries, the most telling first."""
    found: list[Key] = [] if keyed else [anonymous]
    sent, credentials = _cookie(entry), entry.header("authorization")
    if sent:
        found.append(("session", sent))
    if credentials:
        found.append(("credentials", credentials))
    for header in entry.reply_headers.get("set-cookie", ()):
        given = session_cookie(header)
        if given and found:
            found.append(("session", given))
    return found + [("client", name) for name in _clients(frames)]


def _cookie(entry: Entry) -> str | None:
    return session_cookie(entry.header("cookie"))


def _clients(frames: Sequence[Frame]) -> list[str]:
    """The client ids that frames name: the client's own first, then the one that a handshake gave it."""
    out = []
    for frame in frames:
        for message in frame.messages:
            if isinstance(message, Mapping) and isinstance(message.get("clientId"), str):
                out.append(message["clientId"])
    return list(dict.fromkeys(out))


def _let_in(entry: Entry) -> bool:
    """Whether the server took the request for what it said it was: only then its keys are one user's."""
    if not 100 <= entry.status < 400:
        return False
    body = entry.body.json if entry.body is not None else None
    return not (isinstance(body, Mapping) and body.get("statusCode") == 20)


def _me(entry: Entry) -> tuple[str, frozenset[str]] | None:
    """(user name, roles) where the entry is an answered GET of `/me`."""
    if entry.method != "GET" or not entry.path.rstrip("/").endswith("/me") or entry.body is None:
        return None
    body: Any = entry.body.json
    user = body.get("user") if isinstance(body, Mapping) else None
    if not isinstance(user, Mapping) or not isinstance(user.get("userName") or user.get("id"), str):
        return None
    roles = user.get("roles")
    return str(user.get("userName") or user["id"]), frozenset(map(str, roles if isinstance(roles, list) else ()))


def _named(
    entries: Sequence[Entry],
    keys: Mapping[int, Key],
    groups: _Groups,
    names: Iterable[tuple[Key, str, frozenset[str]]],
    customers: Collection[int],
) -> People:
    """Names for the groups, and `+2`, `+3` for sessions that a user has beside another."""
    persons: dict[Key, Person] = {}
    for named, name, roles in names:
        root = groups.root(named)
        known = persons.setdefault(root, Person(_fit(name, persons.values())))
        known.roles = (known.roles or frozenset()) | roles
    actors: dict[int, str] = {}
    lanes: dict[Key, dict[Key, tuple[int, float]]] = {}
    ends = _ends(entries, keys)
    for item in entries:
        key = keys.get(item.number)
        if item.number in customers:
            actors[item.number] = CUSTOMER
        if item.number in customers or key is None:
            continue
        root = groups.root(key)
        if root not in persons:
            persons[root] = Person(_fit(_known_as(item) or f"user-{len(persons) + 1}", persons.values()))
        person = persons[root]
        person.keys.add(key)
        lane = _lane(lanes.setdefault(root, {}), key, item.start, ends)
        actors[item.number] = person.name if lane == 1 else f"{person.name}+{lane}"
    return People(actors, {item.name: item for item in persons.values()})


def _ends(entries: Sequence[Entry], keys: Mapping[int, Key]) -> dict[Key, float]:
    """The last moment at which each key was used."""
    out: dict[Key, float] = {}
    for item in entries:
        key = keys.get(item.number)
        if key is not None:
            out[key] = max(out.get(key, 0.0), item.start)
    return out


def _lane(taken: dict[Key, tuple[int, float]], key: Key, start: float, ends: Mapping[Key, float]) -> int:
    """The number of a user's HTTP session among those that live at the same time. Credentials without a cookie are the
    first session: their reply brings its cookie."""
    if key[0] != "session":
        return 1
    if key not in taken:
        busy = {lane for other, (lane, _) in taken.items() if ends.get(other, 0.0) >= start}
        taken[key] = (next(number for number in range(1, len(taken) + 2) if number not in busy), start)
    return taken[key][0]


def _known_as(entry: Entry) -> str | None:
    told = basic_user(entry.header("authorization"))
    return told[0] if told else None


def _fit(name: str, others: Iterable[Person]) -> str:
    """A name that no other person has, of characters that cannot harm."""
    base = _UNFIT.sub("_", name)[:60].replace("+", "_") or "user"
    base = base if base not in (CUSTOMER, NOBODY) else f"user-{base}"
    known = {item.name for item in others}
    return next(one for one in (base, *(f"{base}-{number}" for number in range(2, 10_000))) if one not in known)
