"""Whether a deployment ever notified anybody: where it did not, that one cause stands behind all that is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from conformance.judge.findings import Finding
from conformance.judge.timeline import Scenario

MISSED = "notification.sent"
"""The check of notifications that are owed."""
ADVICE = (
    "check notifications_path and the CometD transport in the target file, and whether a proxy in between buffers or "
    "cuts off the replies to long-polls"
)


class SilenceMeter:
    """Looks through scenarios for subscriptions that were confirmed and for events that came."""

    def __init__(self) -> None:
        self._subscribed = False
        self._told = False

    def add(self, scenario: Scenario) -> None:
        """Takes in the events of a scenario."""
        for event in scenario.events:
            if event.kind == "cometd.event":
                self._told = True
            elif event.kind == "cometd.receive" and any(map(_confirms, event.payload.get("messages") or ())):
                self._subscribed = True

    def sentence(self, findings: Iterable[Finding]) -> str:
        """What is to be said first of a run in which no notification came though some were owed; else nothing."""
        if self._told or not self._subscribed:
            return ""
        if not any(item.check == MISSED and item.verdict == "failed" for item in findings):
            return ""
        return f"no notification came in the whole run, though CometD sessions had subscribed: {ADVICE}"


def _confirms(message: object) -> bool:
    return (
        isinstance(message, Mapping)
        and message.get("channel") == "/meta/subscribe"
        and message.get("successful") is True
    )
