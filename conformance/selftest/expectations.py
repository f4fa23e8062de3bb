"""What a finding must name to have seen a fault for the right reason, written down before anybody looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from conformance.judge import Finding
from conformance.selftest.matrix import MatrixError

FILE = Path(__file__).with_name("expectations.yaml")


@dataclass(frozen=True)
class Expectation:
    """What a fault is about. operations: the finding is about one of them, or names it; empty where the fault is not
    about an operation. names: words of which the finding's texts hold every one; `a|b` is either."""

    operations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def lacks(self, finding: Finding) -> str:
        """What the finding should name and does not; empty where it names all."""
        text = " ".join((finding.message, finding.expected, finding.seen))
        if self.operations and finding.operation not in self.operations:
            short = [operation.rpartition(".")[2] for operation in self.operations]
            if not any(_holds(text, name) for name in short):
                return f"the operation {' or '.join(self.operations)}"
        return next((f"'{name}'" for name in self.names if not _holds(text, name)), "")

    def as_json(self) -> dict[str, Any]:
        """`{operations, names}`."""
        return {"operations": list(self.operations), "names": list(self.names)}


def _holds(text: str, name: str) -> bool:
    """Whether one of the alternatives begins a word of the text; upper and lower case are the same."""
    return any(re.search(rf"(?<![A-Za-z0-9]){re.escape(one)}", text, re.IGNORECASE) for one in name.split("|"))


def load_expectations(path: Path = FILE) -> dict[str, Expectation]:
    """The expectations of a file, by fault.

    Raises:
        MatrixError: it is not one; the text names the file, the fault and the remedy.
    """
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise MatrixError(f"{path}: cannot be read ({error}); restore the file") from None
    if not isinstance(raw, Mapping):
        raise MatrixError(f"{path}: is no mapping of faults; restore the file")
    return {str(fault): _expectation(str(fault), item, path) for fault, item in raw.items()}


def _expectation(fault: str, item: Any, path: Path) -> Expectation:
    if not isinstance(item, Mapping) or set(item) - {"operations", "names"} or not item.get("names"):
        raise MatrixError(f"{path}: {fault} needs 'names', may have 'operations', and nothing else")
    return Expectation(
        _texts(item.get("operations", []), f"{path}: operations of {fault}"),
        _texts(item["names"], f"{path}: names of {fault}"),
    )


def _texts(value: Any, where: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
        raise MatrixError(f"{where} must be a text or a list of texts")
    return tuple(listed)


def expectation_of(fault: str, known: Mapping[str, Expectation], operations: Iterable[str]) -> Expectation | None:
    """What is expected of a fault as it is written on a command line: as the file says, or, for a generic one that it
    does not name, as the fault's argument says. None where nothing is."""
    if fault in known:
        return known[fault]
    kind, _, argument = fault.partition(":")
    derive = _DERIVED.get(kind)
    if derive is None:
        return None
    what, _, scope = argument.partition("@")
    short = scope or what
    about = tuple(sorted(name for name in operations if name.rpartition(".")[2] == short))
    return Expectation(about, derive(what))


def _member(what: str) -> tuple[str, ...]:
    return (what.rpartition(".")[2],)


def _always(*names: str) -> Callable[[str], tuple[str, ...]]:
    return lambda _: names


_DERIVED: Mapping[str, Callable[[str], tuple[str, ...]]] = {
    **dict.fromkeys(
        (f"generic.{name}" for name in ("drop-member", "rename-member", "null-member", "wrong-type-member")), _member
    ),
    "generic.unknown-enum": _member,
    "generic.http-status": lambda what: (f"HTTP {what}|HTTP status {what}",),
    "generic.status-code": lambda what: (f"statusCode {what}|statusCode = {what}",),
    "generic.no-status-message": _always("statusMessage"),
    "generic.extra-beside-error": _always("details"),
    "generic.stack-trace": _always("stack trace"),
    "generic.reply-truncated": _always("JSON"),
    "generic.reply-html": _always("JSON|text/html"),
    "generic.reply-content-type": _always("Content-Type"),
    "generic.capability-missing": lambda what: (what,),
    "generic.capability-extra": lambda what: (what,),
    "generic.mute-notifications": _always("no "),
    "generic.notification-missing": lambda what: (f"no {what}|no notification",),
    "generic.notification-duplicated": lambda what: ("twice", what),
    "generic.notification-late": _always("took", "notification"),
    "generic.notification-reordered": _always("order|after index"),
    "generic.notification-wrong-channel": _always("/v2/me/|/notifications/"),
    "generic.notification-other-id": _always("00000000-0000|id "),
    "generic.notification-stale-state": lambda what: (what,),
    "generic.die-after": _always("no HTTP reply|no reply|nothing"),
    "generic.reference-id-wrong": _always("referenceId"),
}
"""What the findings about generic faults must name, from what stands before the scope."""
