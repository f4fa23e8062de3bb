"""Which rule of the documents a finding cites.

Many rules are proved by the same check, most of them in one situation only: the check that finds something wrong does
not say by itself which of them is broken. A finding cites what is surely about it: the rule that its outcome names
(refusals name that of their negative case), else the one rule of the operation that always holds, else the check's
general rule, else none. A finding without a rule still names the page of its operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from conformance.contract import Contract, Rule

GENERAL: Mapping[str, str | None] = MappingProxyType(
    {
        # the reply
        "http.status": "basics.errors.success",
        "response.body": "basics.body.json",
        "response.statusCode": "basics.errors.success",
        "response.statusMessage": "basics.status.message",
        "response.error-only": "basics.errors.envelope",
        "response.member": None,
        "response.schema": None,
        # refusals: each names the rule of its negative case
        "refusal.status": "basics.errors.http",
        "refusal.statusCode": "basics.errors.http",
        "refusal.unchanged": "basics.errors.unchanged",
        "refusal.internals": None,
        # states and capabilities
        "state.after": None,
        "capabilities.after": "basics.capabilities.listed",
        "capability.honoured": "basics.capabilities.honoured",
        "capability.withheld": "basics.capabilities.withheld",
        "capability.public": "voice.answer.public-device",
        "states.repeated": None,
        "get.agrees": None,
        "state.recovered": "basics.recovery.together",
        # notifications
        "notification.sent": "basics.notifications.sent",
        "notification.channel": "basics.notifications.topics",
        "notification.type": "basics.notifications.message-type",
        "notification.schema": "basics.notifications.message-type",
        "notification.referenceId": "chat.notification.reference",
        "notification.values": None,
        "notification.identity": None,
        "notification.order": None,
        "notification.count": None,
        "notification.unexpected": None,
        "latency.deadline": None,
        "service.told": "basics.services.notification",
        "partial.told": "voice.session.partial",
        # CometD: what the Bayeux protocol asks for is on no page of the reference
        "bayeux.handshake": None,
        "bayeux.clientId": None,
        "bayeux.reply": None,
        "bayeux.subscription": None,
        "bayeux.advice": None,
        "bayeux.silence": None,
        "bayeux.batch": None,
        "bayeux.timely": None,
        "bayeux.refused": None,
        "bayeux.queued": "basics.notifications.sent",
        "bayeux.delivery": "basics.notifications.topics",
        # sessions and what guards them
        "session.cookie": "basics.auth.cookie",
        "session.logged-out": "voice.session.end",
        "session.no-repeat": "voice.session.no-repeat",
        "csrf.discovered": "basics.csrf.headers",
        "cors.origins": "basics.cors.origins",
        "settings.kept": "basics.cors.whole-list",
        # lists
        "fields.selected": "basics.fields.selected",
        "subresources.selected": "basics.subresources.chosen",
        "resolveUri.resolved": "basics.resolve.chosen",
        "filter.matches": "basics.filters.member",
        "filter.complete": None,
        "sorting.order": "basics.sorting.order",
        "paging.window": "basics.paging.limit",
        "paging.maximum": "basics.paging.limit",
        "paging.totalCount": "basics.paging.total",
        "paging.union": "basics.paging.total",
        "lists.same": "basics.lists.uris",
        "lists.ended": None,
        "features.subset": "basics.features.subset",
        "availability.fits": "contacts.filter.availability",
        "availability.absent": "contacts.availability.present",
        "lifecycle.consistent": None,
        # calls
        "call.type": "voice.call.type",
        "call.duration": "voice.call.duration",
        "call.parties": None,
        "call.left": None,
        "device.respected": None,
        "queue.returned": "voice.reject.releases",
        "disposition.key": None,
        "monitoring.span": "voice.monitor.next-call",
        "monitoring.scope": "voice.monitor.scope-agent",
        "toast.data": None,
        "userData.merged": None,
        # the ambiguities have sources of their own
        "reading.allowed": None,
        # chats
        "transcript.complete": "chat.accept.history",
        "transcript.window": "chat.messages.window",
        "attachment.same": "chat.attachment.get",
        "attachment.listed": "chat.attachment.remove",
        "participants.nickname": "chat.accept.nickname",
        "monitoring.chats": None,
        "consult.cancelled": "chat.cancel-consult",
        "visibility.respected": None,
        "customer.told": None,
        "channel.respected": None,
    }
)
"""The rule that a check cites whatever the operation; None where it depends on the operation, or where no page has it.

One entry for each check."""

BY_AREA: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("capabilities.after", "voice"): "voice.capabilities.listed",
        ("capability.honoured", "voice"): "voice.capabilities.honoured",
        ("capability.withheld", "voice"): "voice.capabilities.withheld",
        ("notification.channel", "chat"): "chat.topic",
        ("notification.sent", "voice"): "voice.status-zero-is-sent",
    }
)
"""(check, area) where the area has its own sentence for what the general rule says."""

WHOLE: frozenset[str] = frozenset(
    {
        "http.status",
        "response.statusCode",
        "response.statusMessage",
        "refusal.status",
        "refusal.statusCode",
        "filter.matches",
        "sorting.order",
        "paging.window",
        "paging.totalCount",
        "paging.union",
        "subresources.selected",
        "csrf.discovered",
        "session.cookie",
        "monitoring.span",
    }
)
"""Checks for which the rules of an operation say what one request or one value does, and the general rule says it for
all: only the rules in `SAYING` go before it."""

SAYING: frozenset[str] = frozenset(
    {
        "basics.version.member",
        "basics.me.user",
        "basics.delete.bare",
        "basics.put.bare",
        "chat.failure.envelope",
        "voice.session.end-invalidates",
    }
)
"""Rules of operations that say the same as the general rule, of their operation."""

CONDITIONAL: frozenset[str] = frozenset(
    {
        "basics.auth.version-free",
        "basics.case.established",
        "basics.cors.wildcard",
        "basics.features.defaults",
        "basics.features.id",
        "basics.lists.uris",
        "basics.partial.list",
        "basics.services.provisioning-name",
        "basics.services.state",
        "basics.toast.ringing",
        "chat.accept.history",
        "chat.accept.participants",
        "chat.attachment.add-new",
        "chat.attachment.link-first",
        "chat.barge-in.visible",
        "chat.cancel-consult.late",
        "chat.cancel-monitoring.chat-stays",
        "chat.complete.none",
        "chat.consult.leave",
        "chat.consult.next",
        "chat.invite.agents-aside",
        "chat.invite.error",
        "chat.invited.capabilities",
        "chat.leave.alone",
        "chat.leave.conference",
        "chat.leave.data",
        "chat.log.messages",
        "chat.messages.save-done",
        "chat.messages.types",
        "chat.monitor.leave",
        "chat.monitor.silent",
        "chat.monitoring.joined",
        "chat.monitoring.mode-default",
        "chat.monitoring.revoked",
        "chat.remove.visible-only",
        "chat.to-agents.alone",
        "chat.transfer.queue",
        "contacts.availability.present",
        "contacts.create.listed",
        "contacts.custom-only",
        "contacts.roles.values",
        "voice.conference.clear-any",
        "voice.conference.parent",
        "voice.device.monitoring-absent",
        "voice.device.roles",
        "voice.disposition.default-key",
        "voice.disposition.released",
        "voice.list.uris",
        "voice.monitor.barge-at-once",
        "voice.monitor.bargein-defaults",
        "voice.monitor.coach-defaults",
        "voice.monitor.listenin-defaults",
        "voice.monitor.no-way-back",
        "voice.recovery.calls",
        "voice.recovery.devices",
        "voice.reject.direct",
        "voice.session.no-repeat",
        "voice.session.partial",
        "voice.session.place",
        "voice.toast.display-name",
        "voice.toast.user-data-whole",
        "voice.transfer.before-answer",
    }
)
"""Rules about one situation, value or member of an operation: of the operation's other findings they say nothing."""

PLAIN: frozenset[tuple[str, str]] = frozenset(
    {
        ("chat.attachment.add-new", "notification.sent"),
        ("chat.barge-in.visible", "visibility.respected"),
        ("chat.complete.none", "capabilities.after"),
        ("chat.invite.agents-aside", "visibility.respected"),
        ("chat.monitor.silent", "visibility.respected"),
        ("contacts.create.listed", "lifecycle.consistent"),
        ("voice.toast.user-data-whole", "toast.data"),
    }
)
"""(conditional rule, check) where the check looks at that situation alone."""


def citable(contract: Contract, check: str, operation: str) -> Rule | None:
    """The rule that a finding of the check about the operation cites, None where none is surely about it."""
    area = operation.partition(".")[0]
    own = _own(_rules_of(contract, operation), check)
    name = BY_AREA.get((check, area)) or GENERAL.get(check)
    return own or (contract.rules.get(name) if name else None)


def _rules_of(contract: Contract, operation: str) -> list[Rule]:
    """The rules that name an operation; found once, as every judged step asks."""
    if contract.digest not in _BY_OPERATION:
        named = _BY_OPERATION[contract.digest] = {}
        for rule in contract.rules.values():
            for name in rule.operations:
                named.setdefault(name, []).append(rule)
    return _BY_OPERATION[contract.digest].get(operation, [])


_BY_OPERATION: dict[str, dict[str, list[Rule]]] = {}


def _own(rules: Iterable[Rule], check: str) -> Rule | None:
    """The operation's own rule: of several the one that names the fewest operations; none where two are as near."""
    found = [
        rule
        for rule in rules
        if check in rule.checks
        and (rule.id not in CONDITIONAL or (rule.id, check) in PLAIN)
        and (check not in WHOLE or rule.id in SAYING)
    ]
    found.sort(key=lambda rule: len(rule.operations))
    if len(found) > 1 and len(found[0].operations) == len(found[1].operations):
        return None
    return found[0] if found else None
