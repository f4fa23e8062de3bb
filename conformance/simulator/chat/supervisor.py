"""Supervisor monitoring: Monitor, Coach, BargeIn, CancelSupervisorMonitoring, Intrude, SwitchTo...

Source: Web Services API Reference, lines 14737-15633. Reserved for the role supervisor.

Decisions where the pages are silent or differ:
- A supervisor must have the chat channel open; else the request is not valid for the current state (2).
- CancelSupervisorMonitoring without active monitoring is refused with 2 ("should only be sent when ... active").
- Intrude with `supervisorVisibilityMode` works without monitoring (parameter table, lines 15163-15175), although
  the overview speaks of a monitored agent.
- The messages of the SwitchTo operations carry the visibility of the new mode; two samples print All.
"""

from __future__ import annotations

from typing import Final

from ..context import Context
from ..models import User
from ..routing import Handler, operation
from ..status import INVALID_PARAMETER, MISSING_PARAMETER, NO_PERMISSION, ApiError, not_found
from . import distribution, lifecycle
from . import faults as f
from .model import (
    BARGE_IN,
    CHATTING,
    COACH,
    MONITOR,
    SUPERVISOR_MODES,
    Invitation,
)
from .operations import FEATURES, ROLES, Action, ChatRequest, chat_operation, chat_state
from .state import Monitoring

NEXT_CHAT: Final = "NextChat"
ALL_CHATS: Final = "AllChats"
_MONITORED: Final = "/users/{userId}/channels/chat"


def _only_supervisors(ctx: Context) -> None:
    """ApiError 5 for everybody else."""
    if not ctx.user.has_role("ROLE_SUPERVISOR") and not ctx.world.faults.on(f.ROLE_UNCHECKED):
        raise ApiError(NO_PERMISSION, "The user does not have permission to supervise others")


def _as_supervisor(ctx: Context) -> User:
    """The agent in the path, for a supervisor; ApiError 5 for others, 6 for an unknown user."""
    _only_supervisors(ctx)
    agent = ctx.world.users.get(ctx.path["userId"])
    if agent is None:
        raise not_found("The user")
    return agent


def _open_channel(ctx: Context) -> None:
    if ctx.user.id not in chat_state(ctx).channels:
        raise ApiError(INVALID_PARAMETER, "The chat channel of the supervisor is not open")


def _register_monitoring(name: str, mode: str) -> None:
    async def handler(ctx: Context) -> None:
        agent = _as_supervisor(ctx)
        scope = ctx.optional("supervisorMonitoringMode", str, (NEXT_CHAT, ALL_CHATS), ALL_CHATS)
        nickname = ctx.optional("nickname", str) or ctx.user.user_name
        _open_channel(ctx)
        if agent is ctx.user:
            raise ApiError(INVALID_PARAMETER, "A supervisor cannot monitor himself")
        state, supervisor = chat_state(ctx), ctx.user
        monitoring = Monitoring(supervisor, agent, mode, scope == NEXT_CHAT, nickname)

        def act() -> None:
            state.monitorings[supervisor.id, agent.id] = monitoring

        ctx.defer(act)

    _register(name, handler)


def _register(name: str, handler: Handler) -> None:
    operation("POST", _MONITORED, name, features=FEATURES, roles=ROLES)(handler)


for _mode in SUPERVISOR_MODES:
    _register_monitoring(_mode, _mode)


@operation("POST", _MONITORED, "CancelSupervisorMonitoring", features=FEATURES, roles=ROLES)
async def cancel_monitoring(ctx: Context) -> None:
    """No further chats of the agent; chats that the supervisor is in go on."""
    agent = _as_supervisor(ctx)
    state, key = chat_state(ctx), (ctx.user.id, agent.id)
    if key not in state.monitorings:
        raise ApiError(INVALID_PARAMETER, "Supervisor monitoring is not active")
    if not ctx.world.faults.on(f.CANCEL_MONITORING_IGNORED):
        ctx.defer(lambda: _forget(state.monitorings, key))


def _forget(monitorings: dict[tuple[str, str], Monitoring], key: tuple[str, str]) -> None:
    monitorings.pop(key, None)


@operation("POST", "/users/{userId}/chats/{chatId}", "Intrude", features=FEATURES, roles=ROLES)
async def intrude(ctx: Context) -> None:
    """The supervisor is invited to a chat that an agent is in; without a mode, that of the monitoring counts."""
    agent = _as_supervisor(ctx)
    state, supervisor = chat_state(ctx), ctx.user
    chat = state.chats.get(ctx.path["chatId"])
    leg = chat.legs.get(agent.id) if chat is not None else None
    if chat is None or leg is None or leg.supervises:
        raise not_found("The chat")
    mode = ctx.optional("supervisorVisibilityMode", str, SUPERVISOR_MODES)
    if mode is None:
        monitoring = state.monitorings.get((supervisor.id, agent.id))
        if monitoring is None and not ctx.world.faults.on(f.INTRUDE_WITHOUT_MODE):
            message = "Required parameter 'supervisorVisibilityMode' is missing: the agent is not monitored"
            raise ApiError(MISSING_PARAMETER, message)
        mode = monitoring.mode if monitoring is not None else MONITOR
    _open_channel(ctx)
    if leg.state != CHATTING or supervisor.id in chat.legs:
        raise ApiError(INVALID_PARAMETER, "The chat is not one that the supervisor can intrude in now")
    wanted_chat, wanted_mode = chat, mode

    def act() -> None:
        if supervisor.id not in wanted_chat.legs and wanted_chat.session_open:
            distribution.offer(state, wanted_chat, supervisor, Invitation("intrude"), wanted_mode)

    ctx.defer(act)


def _switch_to(request: ChatRequest, mode: str) -> Action:
    _only_supervisors(request.ctx)
    return lambda: lifecycle.change_mode(request.state, request.chat, request.leg, mode, request.reference_id)


@chat_operation("SwitchToBargeIn")
def switch_to_barge_in(request: ChatRequest) -> Action:
    """Everybody sees the supervisor from now on."""
    return _switch_to(request, BARGE_IN)


@chat_operation("SwitchToMonitor")
def switch_to_monitor(request: ChatRequest) -> Action:
    """Only supervisors see the supervisor from now on."""
    return _switch_to(request, MONITOR)


@chat_operation("SwitchToCoach")
def switch_to_coach(request: ChatRequest) -> Action:
    """Only agents see the supervisor from now on."""
    return _switch_to(request, COACH)
