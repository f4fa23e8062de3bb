"""Messages, addresses, typing notifications and notices, to everybody or to agents only.

Source: Web Services API Reference, lines 11831-11902 (SendMessage), 12053-12118 (SendUrl), 12771-12921 (typing),
13124-13193 (SendCustomNotice), 14034-14229 (SendToAgents, typing to agents), 14664-14735
(SendCustomNoticeToAgents), 15695-15764 (SendNicknameUpdatedNotice).
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from . import transcript
from .model import AGENTS, ALL
from .operations import TREAT_AS, Action, ChatRequest, chat_operation


def _say(request: ChatRequest, type_: str, visibility: str | None, **content: Any) -> Action:
    return lambda: transcript.say(request.state, request.chat, request.leg, type_, visibility, **content)


def _text(request: ChatRequest) -> dict[str, Any]:
    ctx = request.ctx
    content = {"text": ctx.required("text", str)}
    ctx.optional("treatAs", str, TREAT_AS)
    content["messageType"] = ctx.optional("messageType", str) or "Text"
    return content


@chat_operation("SendMessage")
def send_message(request: ChatRequest) -> Action:
    """A text to everybody."""
    return _say(request, transcript.TEXT, ALL, **_text(request))


@chat_operation("SendToAgents")
def send_to_agents(request: ChatRequest) -> Action:
    """A text that the customer does not see."""
    return _say(request, transcript.TEXT, AGENTS, **_text(request))


@chat_operation("SendUrl")
def send_url(request: ChatRequest) -> Action:
    """An address to everybody."""
    url = request.ctx.required("url", str)
    member = "text" if request.state.world.faults.on(f.URL_AS_TEXT) else "url"
    return _say(request, "PushUrl", ALL, **{member: url})


@chat_operation("SendStartTypingNotification")
def start_typing(request: ChatRequest) -> Action:
    """The agent types."""
    return _say(request, "TypingStarted", ALL)


@chat_operation("SendStopTypingNotification")
def stop_typing(request: ChatRequest) -> Action:
    """The agent types no more."""
    return _say(request, "TypingStopped", ALL)


@chat_operation("SendStartTypingToAgentsNotification")
def start_typing_to_agents(request: ChatRequest) -> Action:
    """The agent types something for agents."""
    return _say(request, "TypingStarted", AGENTS)


# The page's table and sample say ...ToAgentNotification, its title and the capability ...ToAgentsNotification.
@chat_operation("SendStopTypingToAgentsNotification", spelled=("SendStopTypingToAgentNotification",))
def stop_typing_to_agents(request: ChatRequest) -> Action:
    """The agent types nothing for agents any more."""
    return _say(request, "TypingStopped", AGENTS)


@chat_operation("SendCustomNotice")
def custom_notice(request: ChatRequest) -> Action:
    """A notice to everybody."""
    return _say(request, "CustomNotice", ALL, noticeText=request.ctx.required("noticeText", str))


@chat_operation("SendCustomNoticeToAgents")
def custom_notice_to_agents(request: ChatRequest) -> Action:
    """A notice that the customer does not see."""
    return _say(request, "CustomNotice", AGENTS, noticeText=request.ctx.required("noticeText", str))


@chat_operation("SendNicknameUpdatedNotice")
def nickname_updated(request: ChatRequest) -> Action:
    """The agent has another nickname from now on; `noticeText` is the new one."""
    nickname = request.ctx.required("noticeText", str)

    def act() -> None:
        if request.leg.participant is not None:
            request.leg.participant.nickname = nickname
            _say(request, "NicknameUpdated", None, noticeText=nickname)()

    return act
