"""Readings of the ambiguities in schemas/ambiguities/chat.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.readings.registry import (
    body_of,
    capabilities,
    either,
    failed,
    in_message,
    in_reply,
    in_scenario,
    said_yes,
    sent_by,
    told,
)
from conformance.judge.timeline import Exchange, Scenario, Step

UNLISTED = frozenset(
    {
        "AddAttachment",
        "RemoveAttachment",
        "UploadFile",
        "DeleteFile",
        "SendNicknameUpdatedNotice",
        "SendCustomNoticeToAgents",
        "RemoveParticipantFromConference",
        "CancelConsult",
    }
)
BEYOND_TABLE = frozenset({"SystemCommand", "CustomNotice", "NicknameUpdated"})
TYPING = {
    f"chat.Send{kind}Typing{to}Notification": f"Typing{sign}"
    for kind, sign in (("Start", "Started"), ("Stop", "Stopped"))
    for to in ("", "ToAgents")
}
TIMES = (
    ("space", re.compile(r"\d{4}-\d\d-\d\d \d\d:")),
    ("iso", re.compile(r"\d{4}-\d\d-\d\dT\d\d:")),
    ("joined", re.compile(r"\d{4}-\d\d-\d\d\d\d:")),
)


def _mode(chat: Mapping[str, Any]) -> str:
    """The mode in which a supervisor sees a chat, empty for everybody else."""
    offered = capabilities(chat)
    names = {"SwitchToMonitor", "SwitchToCoach", "SwitchToBargeIn", "SwitchBargeIn"} & offered
    if chat.get("state") != "Chatting" or not names:
        return ""
    if "SwitchToMonitor" not in names:
        return "Monitor"
    return "BargeIn" if "SwitchToCoach" in names else "Coach"


@in_message("ChatStateChangeMessage")
def any_chat(data: Mapping[str, Any]) -> Iterator[str]:
    """Which lists, which notification types and which participants a chat is shown with."""
    chat, kind = data.get("chat"), data.get("notificationType")
    if kind in ("AttachmentAdded", "AttachmentRemoved"):
        yield "chat.notification-types/samples"
    elif kind == "StateChanged":
        yield "chat.notification-types/state-changed"
    if not isinstance(chat, Mapping):
        return
    offered = capabilities(chat)
    if chat.get("state") in ("Chatting", "LeftChat") and offered:
        yield either("chat.unlisted-capabilities", "listed", "never-listed", when=bool(offered & UNLISTED))
        there = "LeaveAndComplete" in offered
        yield either("chat.leave-and-complete", "listed", "no-operation", when=there)
    if kind == "AttachmentRemoved" and not chat.get("attachments"):
        yield either("chat.attachments-empty", "empty", "absent", when="attachments" in chat)
    listed = chat.get("participants")
    people = [item for item in (listed if isinstance(listed, list) else ()) if isinstance(item, Mapping)]
    names = [str(item.get("nickname")) for item in people if item.get("type") == "Agent"]
    if len(names) > 1:
        yield either("chat.invited-sample", "print-error", "as-printed", when=len(names) == len(set(names)))
    yield from _lists(chat, offered)


def _lists(chat: Mapping[str, Any], offered: frozenset[str]) -> Iterator[str]:
    mode, state = _mode(chat), chat.get("state")
    if state == "LeftChat" and offered:
        data = "SetDisposition" in offered
        if data:
            yield either("chat.left-chat-capabilities", "data-and-short", "data", when="Transfer" in offered)
        else:
            yield "chat.left-chat-capabilities/short"
    elif mode == "Monitor":
        sends = "SendMessage" in offered
        more = bool(offered - {"Leave", "SwitchToCoach", "SwitchToBargeIn", "SwitchBargeIn"})
        yield f"chat.monitor-capabilities/{'sample' if sends else 'table-and-data' if more else 'table'}"
    elif mode == "Coach":
        yield either("chat.coach-capabilities", "with-sending", "table", when="SendMessage" in offered)
    elif mode == "BargeIn":
        yield either("chat.barge-in-capabilities", "with-comment", "without-comment", when="AddComment" in offered)
    elif state == "Chatting" and "Invite" in offered and "SendMessage" in offered:
        more = bool(offered & {"SendUrl", "SendCustomNotice"})
        yield either("chat.chatting-capabilities", "full-with-notices", "full", when=more)


@in_message("MessageLogUpdated")
def transcript(data: Mapping[str, Any]) -> Iterator[str]:
    """Types, times and visibilities of what is written."""
    entries = data.get("messages")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, Mapping):
            continue
        if str(entry.get("type")) in BEYOND_TABLE:
            yield "chat.message-types/all"
        for name, form in TIMES:
            if form.match(str(entry.get("timestamp", ""))):
                yield f"chat.timestamps/{name}"
        sender = entry.get("from")
        own = sender.get("visibility") if isinstance(sender, Mapping) else None
        if entry.get("type") == "ParticipantRejoined" and own in ("Supervisors", "Agents"):
            same = entry.get("visibility") == own
            if same or entry.get("visibility") == "All":
                yield either("chat.rejoined-visibility", "as-sender", "as-printed", when=same)


# -- messages ---------------------------------------------------------------------------------------------------------


def _written(step: Step, actor: str) -> Iterator[Mapping[str, Any]]:
    for item in step.delivered:
        listed = item.data.get("messages") if isinstance(item.data, Mapping) and item.actor == actor else None
        yield from (entry for entry in (listed if isinstance(listed, list) else ()) if isinstance(entry, Mapping))


@in_reply("chat.SendMessage", "chat.SendToAgents")
def sending(step: Step, exchange: Exchange) -> Iterator[str]:
    """What becomes of messageType and treatAs."""
    sent = sent_by(exchange)
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    entries = [entry for entry in _written(step, step.performer) if entry.get("text") == sent.get("message")]
    for entry in entries[:1]:
        if sent.get("messageType"):
            yield either("chat.message-type-option", "on", "off", when="messageType" in entry)
        if sent.get("treatAs") == "System":
            yield either("chat.treat-as", "text", "other-type", when=entry.get("type") == "Text")


@in_reply(*TYPING)
def typing(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether who types is told of it."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    kinds = {actor: {str(entry.get("type")) for entry in _written(step, actor)} for actor in _actors(step)}
    wanted = TYPING[step.operation]
    if wanted in kinds.get(step.performer, set()):
        yield "chat.own-typing/echoed"
    elif any(wanted in seen for seen in kinds.values()):
        yield "chat.own-typing/others-only"


def _actors(step: Step) -> set[str]:
    return {item.actor for item in step.delivered}


@in_reply("chat.SendStopTypingToAgentsNotification")
def stop_typing(step: Step, exchange: Exchange) -> Iterator[str]:
    """The operationName that was understood."""
    name = sent_by(exchange).get("operationName")
    if step.case not in ("refusal", "withheld") and said_yes(exchange):
        yield either("chat.stop-typing-name", "plural", "singular", when=str(name).endswith("ToAgentsNotification"))


@in_reply("chat.GetMessages")
def window(_: Step, exchange: Exchange) -> Iterator[str]:
    """Whether startIndex is an index or counts from 0."""
    start, listed = exchange.query.get("startIndex", ""), body_of(exchange).get("messages")
    first = listed[0].get("index") if isinstance(listed, list) and listed and isinstance(listed[0], Mapping) else None
    if start.isdecimal() and int(start) > 0 and first in (int(start), int(start) + 1):
        yield either("chat.message-window", "index", "offset", when=first == int(start))


# -- who takes part ---------------------------------------------------------------------------------------------------


@in_reply("chat.Invite", "chat.Consult", "chat.CancelConsult")
def addresses(step: Step, exchange: Exchange) -> Iterator[str]:
    """The address that was understood, and how a cancelled consultation is told."""
    path = str(exchange.request.payload.get("path", ""))
    if step.case in ("refusal", "withheld"):
        if step.operation == "chat.CancelConsult" and step.case == "withheld":
            if not said_yes(exchange):
                yield "chat.cancel-after-accept/refused"
            elif failed(step, step.performer):
                yield "chat.cancel-after-accept/error"
        return
    if said_yes(exchange):
        yield either("chat.invite-url", "me", "plain", when=path.startswith("/me/"))
    if step.operation == "chat.CancelConsult" and said_yes(exchange):
        errors = [item for item in step.delivered if isinstance(item.data, Mapping) and "errorMessage" in item.data]
        for item in errors:
            full = "chat" in item.data and item.message_type == "ChatStateChangeMessage"
            yield either("chat.cancel-consult-error", "full", "as-printed", when=full)
        others = [str(chat.get("state")) for actor, _, chat in told(step, "chat") if actor != step.performer]
        ended = [state for state in others if state in ("Revoked", "Completed")]
        yield f"chat.cancelled-invitation/{ended[-1].lower() if ended else 'silent'}"
    elif step.operation != "chat.CancelConsult" and said_yes(exchange) and not failed(step, step.performer):
        known = step.info.get("known")
        known = known if isinstance(known, Mapping) else {}
        states = [
            chat.get("state")
            for actor, _, chat in told(step, "chat")
            if actor != step.performer and chat.get("id") not in list(known.get(actor) or ())
        ]
        if states:
            yield either("chat.invite-join", "after-accept", "at-once", when=states[0] == "Invited")


@in_reply("chat.Transfer")
def transfer(step: Step, exchange: Exchange) -> Iterator[str]:
    """What the sender of a chat is told."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange) or step.performer == "supervisor":
        return
    states = [chat.get("state") for _, _, chat in told(step, "chat", actor=step.performer)]
    if "LeftChat" in states:
        yield "chat.transfer-notifications/left-chat"
    elif "Completed" in states:
        yield "chat.transfer-notifications/completed-and-invited"


@in_scenario
def after_consulting(scenario: Scenario) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What Transfer and Invite do to an agent who consults already, and what such an agent may do."""
    consulting: set[str] = set()
    for step in scenario.steps:
        exchange = step.main
        if exchange is None or exchange.response is None or step.case in ("refusal", "withheld"):
            continue
        others = [(actor, chat) for actor, _, chat in told(step, "chat") if actor != step.performer]
        seqs = exchange.seqs
        if step.operation == "chat.Consult" and said_yes(exchange):
            consulting |= {actor for actor, chat in others if chat.get("state") == "Invited"}
        elif step.operation == "chat.Accept" and step.performer in consulting:
            for _, _, chat in told(step, "chat", actor=step.performer):
                if chat.get("state") == "Chatting" and capabilities(chat):
                    every = "SendMessage" in capabilities(chat)
                    yield either("chat.consulting-agent-capabilities", "all", "agents-only", when=every), seqs
        elif step.operation in ("chat.Transfer", "chat.Invite") and said_yes(exchange):
            theirs = [str(chat.get("state")) for actor, chat in others if actor in consulting]
            short = "transfer-to" if step.operation == "chat.Transfer" else "conference-with"
            if theirs:
                again = "Invited" in theirs
                yield either(f"chat.{short}-consulting-agent", "invited-again", "visible-at-once", when=again), seqs


@in_reply("chat.Consult")
def consult_target(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether a queue can be consulted."""
    target = str(sent_by(exchange).get("targetUri", ""))
    if "/queues/" in target and step.case != "refusal":
        took = said_yes(exchange) and not failed(step, step.performer)
        yield either("chat.consult-target", "queue-uri", "agent-only", when=took)


@in_reply("chat.RemoveParticipantFromConference")
def removed(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the chat of a removed agent is over at once."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    states = [str(chat.get("state")) for actor, _, chat in told(step, "chat") if actor != step.performer]
    if "LeftChat" in states:
        yield either("chat.removed-agent", "completed-at-once", "own-complete", when="Completed" in states)


@in_reply("chat.Complete")
def complete(step: Step, exchange: Exchange) -> Iterator[str]:
    """What Complete does to the other agents of a conference."""
    if step.case in ("refusal", "withheld") or not said_yes(exchange) or step.performer in ("supervisor", "customer"):
        return
    others = [
        str(chat.get("state"))
        for actor, _, chat in told(step, "chat")
        if actor.endswith("agent") and actor != step.performer
    ]
    if "Chatting" in others:
        ended = bool(set(others) & {"Completed", "LeftChat"})
        yield either("chat.complete-in-conference", "ends-for-all", "leaves-others", when=ended)


@in_reply("customer-chat.Complete")
def customer_completes(step: Step, exchange: Exchange) -> Iterator[str]:
    """What the agent sees when the customer leaves."""
    states = [str(chat.get("state")) for actor, _, chat in told(step, "chat") if actor == "agent"]
    if said_yes(exchange) and states:
        yield either("chat.customer-completes", "left-chat", "agent-stays", when="LeftChat" in states)


@in_reply("chat.Leave")
def supervisor_leaves(step: Step, exchange: Exchange) -> Iterator[str]:
    """In which state a supervisor's chat ends."""
    if step.performer != "supervisor" or step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    states = [str(chat.get("state")) for _, _, chat in told(step, "chat", actor="supervisor")]
    known = {"Completed": "completed", "LeftChat": "left-chat", "Revoked": "revoked"}
    for state in states:
        if state in known:
            yield f"chat.supervisor-leaves/{known[state]}"
            return


@in_reply("chat.Transfer")
def supervisor_transfers(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whose part of the chat a supervisor hands over."""
    if step.performer != "supervisor" or step.case in ("refusal", "withheld") or not said_yes(exchange):
        return
    own = {str(chat.get("state")) for _, _, chat in told(step, "chat", actor="supervisor")}
    agents = {str(chat.get("state")) for _, _, chat in told(step, "chat", actor="agent")}
    if {"Completed", "LeftChat", "Revoked"} & own:
        yield "chat.supervisor-transfers/leaves"
    elif {"Completed", "LeftChat", "Revoked"} & agents:
        yield "chat.supervisor-transfers/hands-over"


@in_reply("chat.Intrude")
def intrude(step: Step, exchange: Exchange) -> Iterator[str]:
    """Whether the mode is enough where the agent is not monitored."""
    if step.info.get("monitored") is not False or step.case == "refusal":
        return
    took = said_yes(exchange) and not failed(step, step.performer)
    yield either("chat.intrude-without-monitoring", "mode-is-enough", "needs-monitoring", when=took)


# -- attachments ------------------------------------------------------------------------------------------------------


@in_message("ChatStateChangeMessage")
def attachments(data: Mapping[str, Any]) -> Iterator[str]:
    """Where an attachment lies."""
    chat = data.get("chat")
    listed = chat.get("attachments") if isinstance(chat, Mapping) else None
    for item in listed if isinstance(listed, list) else ():
        uri = str(item.get("uri", "")) if isinstance(item, Mapping) else ""
        if "/attachments/" in uri:
            yield either("chat.attachment-location", "chat", "root", when="/chats/" in uri)


@in_reply("chat.UploadFile")
def link_first(step: Step, exchange: Exchange) -> Iterator[str]:
    """How a file is refused that is not tied to the chat."""
    if step.case != "withheld" or step.info.get("label") != "not tied":
        return
    if not said_yes(exchange):
        yield "chat.link-before-upload/refused"
    elif failed(step, step.performer):
        yield "chat.link-before-upload/error"
