"""Reading requests and building replies: the JSON side of Bayeux 1.0.

Source: Bayeux 1.0, "Common Message Field Definitions" and "Meta Message Field Definitions". The error texts are
those of CometD for Java 3.1, which real deployments embed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

Message = dict[str, Any]

HANDSHAKE: Final = "/meta/handshake"
CONNECT: Final = "/meta/connect"
DISCONNECT: Final = "/meta/disconnect"
SUBSCRIBE: Final = "/meta/subscribe"
UNSUBSCRIBE: Final = "/meta/unsubscribe"

VERSION: Final = "1.0"
LONG_POLLING: Final = "long-polling"
WEBSOCKET: Final = "websocket"

UNKNOWN_CLIENT_ERROR: Final = "402::Unknown client"
SUBSCRIBE_DENIED: Final = "403:denied_by_security_policy:subscribe_denied"
PUBLISH_DENIED: Final = "403:denied_by_security_policy:publish denied"
CREATE_DENIED: Final = "403:denied_by_security_policy:create denied"

_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "utf-16"})


class MalformedError(ValueError):
    """The request is not a Bayeux message nor an array of them; HTTP answers 400."""


def content_charset(content_type: str | None) -> str:
    """The charset of an `application/json` (or `text/json`) body; MalformedError for any other content type."""
    kind, _, parameters = (content_type or "").partition(";")
    if kind.strip().lower() not in ("application/json", "text/json"):
        raise MalformedError("the content type is not application/json")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
            if charset not in _CHARSETS:
                raise MalformedError("the charset is not known")
            return charset
    return "utf-8"


def parse(body: bytes | str, charset: str = "utf-8") -> list[Message]:
    """The messages of a request: an array of them, or one bare object. MalformedError for anything else."""
    try:
        text = body if isinstance(body, str) else body.decode(charset)
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    # A deeply nested text exhausts the parser's stack; a text in the wrong charset, an over-long number and a
    # syntax error are all ValueErrors.
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not JSON") from error
    messages = value if isinstance(value, list) else [value]
    if not messages:
        raise MalformedError("the array holds no message")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("channel"), str):
            raise MalformedError("a message is not an object with a channel")
    return messages


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


def encode(value: object) -> str:
    """Compact JSON, in characters; half a surrogate pair, which has no UTF-8 form, makes it all ASCII."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text


def frame(items: Sequence[str]) -> str:
    """An array of messages that are JSON already."""
    return "[" + ",".join(items) + "]"


def reply_to(message: Mapping[str, Any], *, successful: bool = True, error: str | None = None) -> Message:
    """The skeleton of a reply: the channel, the request's id if it had one, and the outcome."""
    reply: Message = {"channel": message["channel"]}
    identifier = message.get("id")
    if isinstance(identifier, str | int | float):
        reply["id"] = identifier
    reply["successful"] = successful and error is None
    if error is not None:
        reply["error"] = error
    return reply


def unknown_client(message: Mapping[str, Any], *, advice: bool = True) -> Message:
    """The refusal of a message whose client this server does not know: handshake again."""
    reply = reply_to(message, error=UNKNOWN_CLIENT_ERROR)
    if "subscription" in message:
        reply["subscription"] = message["subscription"]
    if advice:
        reply["advice"] = {"reconnect": "handshake", "interval": 0}
    return reply


def advised_timeout(message: Mapping[str, Any]) -> float | None:
    """The `timeout` (ms) that the client's own advice asks for; None without one."""
    advice = message.get("advice")
    timeout = advice.get("timeout") if isinstance(advice, dict) else None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout < 0:
        return None
    return timeout


def extension(message: Mapping[str, Any], name: str) -> object:
    """The value of one extension in `ext`; None without it."""
    ext = message.get("ext")
    return ext.get(name) if isinstance(ext, dict) else None


def subscriptions_of(message: Mapping[str, Any]) -> list[str] | str:
    """The channels of a subscribe or unsubscribe, or the error text that refuses the message."""
    subscription = message.get("subscription")
    if subscription is None:
        return "403::subscription_missing"
    channels = subscription if isinstance(subscription, list) else [subscription]
    if not channels or not all(isinstance(channel, str) for channel in channels):
        return "403::subscription_invalid"
    return channels
