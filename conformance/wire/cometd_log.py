"""What a CometD session writes into the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.wire.bayeux_messages import Message
from conformance.wire.recorder import Event, Recorder, RecorderClosedError


class CometdLog:
    """Records frames, events, states and errors of one session, under the session's name and its actor's."""

    def __init__(self, recorder: Recorder, actor: str, transport: str) -> None:
        self._recorder, self._actor, self._transport = recorder, actor, transport
        self.session = f"{actor}/{recorder.ordinal(f'cometd {actor}')}"

    def sent(self, messages: Sequence[Any], raw: bytes | None) -> Event:
        """A frame about to leave. `raw`: bytes of a probe that are no messages."""
        payload = {"session": self.session, "transport": self._transport, "messages": messages}
        if raw is not None:
            payload["text"] = raw.decode("utf-8", "replace")[:65_536]
        return self._recorder.record("cometd.send", payload, actor=self._actor)

    def received(self, messages: Sequence[Any], status: int | None) -> Event:
        """A frame that arrived, with the HTTP status it came under."""
        payload = {"session": self.session, "transport": self._transport, "status": status, "messages": messages}
        return self._recorder.record("cometd.receive", payload, actor=self._actor)

    def event(self, message: Message, frame: Event, index: int) -> Event:
        """An event delivered in a frame, at this index."""
        channel = message.get("channel")
        payload = {
            "session": self.session,
            "channel": channel if isinstance(channel, str) else None,
            "data": None,
            "frame": frame.seq,
            "index": index,
        }
        if "id" in message:
            payload["id"] = message["id"]
        told = {"data": frame.payload["messages"][index].get("data")}
        return self._recorder.record("cometd.event", payload, actor=self._actor, recorded=told)

    def state(self, before: str, after: str, reason: str) -> Event:
        """A change of state."""
        payload = {"session": self.session, "from": before, "to": after, "reason": reason}
        return self._recorder.record("cometd.state", payload, actor=self._actor)

    def trouble(self, sentence: str) -> None:
        """Something that went wrong. After the end of the run there is no place left for it."""
        payload = {"session": self.session, "error": sentence[:500]}
        try:
            self._recorder.record("cometd.error", payload, actor=self._actor)
        except RecorderClosedError:
            # A transport's thread may notice the end of its connection later than the recorder was closed.
            return

    def say(self, value: object) -> str:
        """What a server or a library said, in one bounded line without secrets."""
        text = " ".join(str(value if value is not None else "no reason given").split())
        return self._recorder.redactor.text(text)[:200]


def refusal(log: CometdLog, reply: Mapping[str, Any] | None, status: int | None = None) -> str:
    """Why a request was not granted, by its reply; status: that of HTTP where the reply came that way."""
    if reply is not None:
        return f"refused: {log.say(reply.get('error'))}"
    return "the server did not answer it" + (f": HTTP {status}" if status not in (None, 200) else "")
