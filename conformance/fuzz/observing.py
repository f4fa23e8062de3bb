"""One request and what came of it, for the checks; and what a check says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

from conformance.contract import Contract, Response, Source
from conformance.fuzz.flaws import Flaw
from conformance.fuzz.sending import ABSENT, Sent
from conformance.fuzz.units import Unit
from conformance.wire.http import HttpReply

ACCEPTED = (0, 7, "0", "7")
"""`statusCode`s of a request that was carried out, wholly or in part; as text by some documented readings."""


@dataclass(frozen=True)
class Complaint:
    """Something that is not as documented. cause: the shape of it, the same for every request that shows it.

    expected, seen: for people. level: `must` is stated by a page, `should` is what the samples or the negative matrix
    suggest.
    """

    check: str
    cause: str
    message: str
    expected: str
    seen: str
    source: Source
    level: Literal["must", "should"] = "must"
    rule: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes two complaints about one operation the same finding."""
        return self.check, self.cause


@dataclass(frozen=True)
class Followed:
    """A reading of an ambiguity (`ambiguity/reading`) that the deployment was seen to follow."""

    reading: str


Saying = Complaint | Followed


@dataclass(frozen=True)
class Observation:
    """What was sent as which operation, what came back, and what is wrong with what was sent."""

    contract: Contract
    unit: Unit
    sent: Sent
    reply: HttpReply
    flaws: tuple[Flaw, ...] = ()
    life: tuple[Complaint, ...] = field(default=())

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The reply's JSON object, None where it is none."""
        return self.reply.json if isinstance(self.reply.json, Mapping) else None

    @property
    def code(self) -> Any:
        """`statusCode`, None where there is none."""
        return self.body.get("statusCode") if self.body is not None else None

    @property
    def accepted(self) -> bool:
        """Whether the server says that it did what was asked."""
        return 200 <= self.reply.status < 300 and not isinstance(self.code, bool) and self.code in ACCEPTED

    @property
    def responses(self) -> list[Response]:
        """The documented replies of every operation that the request may stand for."""
        return [item for operation in self.unit.operations for item in operation.responses]

    def told(self) -> Iterator[str]:
        """Every text of the request: what a server may repeat in its answer."""
        yield from (unquote(self.sent.path), self.sent.path, *self.sent.names.values())
        yield from (text for texts in self.sent.query.values() for text in texts)
        yield from self.sent.headers.values()
        if self.sent.content:
            yield self.sent.content.decode("utf-8", "replace")
        if self.sent.value is not ABSENT:
            yield from _texts(self.sent.value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (value, json.dumps(value)[1:-1])
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


@dataclass(frozen=True)
class FuzzCheck:
    """A registered check: its id, its specification (the docstring), the page that it rests on, and the function."""

    id: str
    doc: str
    source: Source
    function: Callable[[Observation], Iterator[Saying]]


CHECKS: dict[str, FuzzCheck] = {}
Function = Callable[[Observation], Iterator[Saying]]


def fuzz_check(identifier: str, source: Source) -> Callable[[Function], Function]:
    """Registers a check. Its docstring is its specification and the reports' text.

    It yields a `Complaint` for each thing that is not as documented and `Followed` for each reading that it tolerated,
    and nothing where it does not apply or where all is well.
    """

    def register(function: Function) -> Function:
        doc = " ".join((function.__doc__ or "").split())
        if identifier in CHECKS:
            raise ValueError(f"check {identifier!r} is registered twice")
        if not doc:
            raise ValueError(f"check {identifier!r} has no docstring: it is its specification")
        CHECKS[identifier] = FuzzCheck(identifier, doc, source, function)
        return function

    return register


def complaints_about(observation: Observation, checks: Mapping[str, FuzzCheck] | None = None) -> list[Saying]:
    """What every check says of an observation."""
    return [said for item in (checks or CHECKS).values() for said in item.function(observation)]
