"""Names of Bayeux channels, their wildcards, and which of them this server lets a client subscribe to.

Source: Bayeux 1.0, "Channels" and "Channel Globbing"; Web Services API Reference, "CometD notifications"
(lines 1236-1300) for the topics.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

ONE: Final = "*"
DEEP: Final = "**"
META: Final = "/meta/"
SERVICE: Final = "/service/"

# The specification's token, plus the dot that real servers let through; a name is bounded like a URL is.
_SEGMENT = re.compile(r"[A-Za-z0-9\-_!~()$@.]+")
_LONGEST = 2000

# Where the documents publish.
_TREES: Final = (("v2", "me"), ("notifications",))

MaySubscribe = Callable[[str, str], bool]


def is_channel(name: object) -> bool:
    """Whether this is a well-formed channel name without a wildcard."""
    return is_pattern(name) and not str(name).endswith(ONE)


def is_pattern(name: object) -> bool:
    """Whether this is a well-formed channel name or a pattern with one wildcard, as the last segment."""
    if not isinstance(name, str) or not name.startswith("/") or len(name) > _LONGEST:
        return False
    *body, last = name[1:].split("/")
    if last not in (ONE, DEEP):
        body.append(last)
    return all(_SEGMENT.fullmatch(segment) for segment in body)


def matches(pattern: str, channel: str, *, one_is_deep: bool = False) -> bool:
    """Whether a message on `channel` belongs to a subscription to `pattern`.

    `*` stands for exactly one segment, `**` for one or more. `one_is_deep` makes `*` mean `**`: a fault.
    """
    if not pattern.endswith(ONE):
        return pattern == channel
    stem = pattern.rstrip(ONE)
    if not channel.startswith(stem) or len(channel) == len(stem):
        return False
    return pattern.endswith(DEEP) or one_is_deep or "/" not in channel[len(stem) :]


def documented(user_id: str, pattern: str) -> bool:  # noqa: ARG001 - the same for every user
    """The rule of this server: the documented topics, what lies below them, and wildcards that reach them.

    A topic the documents do not name is refused, because nothing is ever published on it.
    """
    segments = tuple(pattern[1:].split("/"))
    stem = segments[:-1] if segments[-1] in (ONE, DEEP) else segments
    if len(stem) < len(segments) and any(tree[: len(stem)] == stem for tree in _TREES):
        return True
    return any(stem[: len(tree)] == tree for tree in _TREES)
