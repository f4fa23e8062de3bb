"""Bayeux in a recording: recognised by what is said, whatever the path is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from conformance.har.entries import Entry
from conformance.wire.bayeux_messages import is_event, messages_of
from conformance.wire.bodies import parse_json

META = "/meta/"
LONG_POLLING, WEBSOCKET = "long-polling", "websocket"


@dataclass(frozen=True, slots=True)
class Frame:
    """Messages that travelled together. at: seconds since the epoch; status: of the HTTP reply, None on a WebSocket;
    lost: why it is not known what was said."""

    at: float
    entry: int
    sent: bool
    transport: str
    messages: tuple[Any, ...]
    status: int | None = None
    lost: str = ""


def messages_in(value: Any) -> list[Any] | None:
    """The Bayeux messages that a parsed body is: an object, or an array of objects, with a `channel`; None for
    anything else."""
    found = messages_of(value)
    spoken = [item for item in found or () if isinstance(item, Mapping) and _is_channel(item.get("channel"))]
    return found if spoken else None


def _is_channel(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/")


def speaks_bayeux(entry: Entry, notifications_path: str | None) -> bool:
    """Whether an entry carries Bayeux: its bodies or messages are some, or its path is the one that was named."""
    if notifications_path is not None and _below(entry.path, notifications_path):
        return True
    if entry.websocket:
        return any(_parsed(item.text) is not None for item in entry.sockets or ())
    asked = _asked(entry)
    told = messages_in(entry.body.json) if entry.body is not None and entry.body.is_json else None
    # A single answer could be any object with a channel; a request with one to a meta channel could not.
    return any(str(item.get("channel")).startswith(META) for item in asked or told or () if isinstance(item, Mapping))


def _asked(entry: Entry) -> list[Any] | None:
    """The messages that a request carries: as JSON, or, of older clients, in the member `message` of a form."""
    asked = entry.asked
    if asked is None:
        return None
    if asked.is_json:
        return messages_in(asked.json)
    form = parse_qs(asked.text).get("message") if asked.text.startswith("message=") else None
    return _parsed(form[0]) if form else None


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def frames_of(entry: Entry) -> list[Frame]:
    """The frames of an entry that speaks Bayeux, in order."""
    if entry.websocket:
        return _socket_frames(entry)
    asked, body = entry.asked, entry.body
    sent = _asked(entry)
    frames = [Frame(entry.start, entry.number, True, LONG_POLLING, tuple(sent or ()), lost="" if asked else entry.lost)]
    if entry.status == 0:
        return [*frames, Frame(entry.end, entry.number, False, LONG_POLLING, (), 0, entry.error or "no reply")]
    told = messages_in(body.json) if body is not None and body.is_json else None
    empty_array = body is not None and body.is_json and body.json == []
    lost = "" if told is not None or empty_array else entry.lost or "the reply holds no Bayeux messages"
    return [*frames, Frame(entry.end, entry.number, False, LONG_POLLING, tuple(told or ()), entry.status, lost)]


def _socket_frames(entry: Entry) -> list[Frame]:
    if entry.sockets is None:
        lost = "the recording does not have the messages of the WebSocket"
        return [Frame(entry.start, entry.number, True, WEBSOCKET, (), lost=lost)]
    frames = []
    for item in entry.sockets:
        messages = _parsed(item.text)
        lost = "" if messages is not None else "a message of the WebSocket is no Bayeux"
        at = item.at or entry.start
        frames.append(Frame(at, entry.number, item.by_client, WEBSOCKET, tuple(messages or ()), None, lost))
    return frames


def _parsed(text: str | None) -> list[Any] | None:
    try:
        return messages_in(parse_json(text)) if text else None
    except (ValueError, RecursionError):
        return None


def events_in(frame: Frame) -> list[tuple[int, Mapping[str, Any]]]:
    """(place in the frame, message) of each event that a received frame delivers."""
    if frame.sent:
        return []
    return [(place, one) for place, one in enumerate(frame.messages) if isinstance(one, dict) and is_event(one)]
