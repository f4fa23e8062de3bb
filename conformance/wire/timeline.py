"""One line of the timeline, and reading a timeline back.

A timeline is NDJSON: one event a line, in the order of `seq`, the first one `run.start`. Its lines are described by
`schemas/formats/timeline.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

import orjson

FORMAT = "gws-conformance-timeline"
VERSION = 1

_MEMBERS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("seq", (int,)),
    ("t", (int, float)),
    ("wall", (str,)),
    ("actor", (str, type(None))),
    ("scenario", (str, type(None))),
    ("step", (int, type(None))),
    ("kind", (str,)),
    ("payload", (dict,)),
)


class TimelineError(ValueError):
    """A timeline cannot be read. Its text names the file, the line, the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was said or done during a run.

    `seq` counts from 1; `t` is seconds since the recorder was made (monotonic, never falling); `wall` is ISO 8601 UTC
    with milliseconds; `payload` is plain JSON without secrets, described per `kind` by `schemas/formats/timeline.json`.
    """

    seq: int
    t: float
    wall: str
    actor: str | None
    scenario: str | None
    step: int | None
    kind: str
    payload: dict[str, Any]

    def line(self) -> bytes:
        """The event as one line of JSON in UTF-8, its members in their fixed order."""
        members = {name: getattr(self, name) for name, _ in _MEMBERS}
        try:
            return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            # A lone surrogate and an integer beyond 64 bits are JSON too, and are written as they came.
            return json.dumps(members, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def read_timeline(path: Path | str) -> Iterator[Event]:
    """The events of a timeline file, in order.

    A last line that was cut (the recording process was killed) is passed over; every other flaw raises
    `TimelineError`: no such file, no event, another format or version, a line that is no event, a gap in `seq`.
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise TimelineError(f"{path}: cannot be opened ({error.strerror}). Give the path of a timeline.") from error
    previous: Event | None = None
    with file:
        for number, line in enumerate(file, start=1):
            event = _event(path, number, line)
            if event is None:
                break
            _check_order(path, number, previous, event)
            yield event
            previous = event
    if previous is None:
        raise TimelineError(f"{path}: holds no complete event. Record the run again.")


def _event(path: Path, number: int, line: bytes) -> Event | None:
    def refuse(reason: str) -> Never:
        raise TimelineError(f"{path}, line {number}: {reason}. Restore the file as it was recorded, or record again.")

    try:
        # Not orjson: it makes a float of an integer beyond 64 bits.
        members = json.loads(line)
    except (ValueError, RecursionError) as error:
        if not line.endswith(b"\n"):
            return None
        refuse(f"not JSON ({type(error).__name__}: {str(error)[:100]})")
    if not isinstance(members, dict):
        refuse("not a JSON object")
    for name, types in _MEMBERS:
        if name not in members:
            refuse(f"the member '{name}' is missing")
        if not isinstance(members[name], types) or isinstance(members[name], bool):
            refuse(f"the member '{name}' is a {type(members[name]).__name__}")
    if len(members) > len(_MEMBERS):
        unknown = [name for name in members if name not in dict(_MEMBERS)]
        refuse(f"the member '{unknown[0][:40]}' is unknown")
    return Event(**members)


def _check_order(path: Path, number: int, previous: Event | None, event: Event) -> None:
    where = f"{path}, line {number}"
    if previous is not None:
        if event.seq != previous.seq + 1:
            raise TimelineError(
                f"{where}: seq {event.seq} follows {previous.seq}: lines are missing or out of order. "
                "Restore the file as it was recorded."
            )
        return
    found = (event.kind, event.payload.get("format"), event.seq)
    if found != ("run.start", FORMAT, 1):
        raise TimelineError(f"{where}: does not start a {FORMAT} (no run.start). Give the path of a timeline.")
    if event.payload.get("version") != VERSION:
        raise TimelineError(
            f"{where}: version {str(event.payload.get('version'))[:20]} of the format, this program reads "
            f"{VERSION}. Use the release that recorded it."
        )
