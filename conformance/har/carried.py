"""Which checks a recording can carry, which in part, and which not: the one place where that is written, with reasons.

A run's driver declares what each request is for; a recording does not. What needs such a declaration cannot be judged
from a recording, and is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from conformance.contract.matching import resources_in
from conformance.har.acts import MODIFYING, Act, names_state
from conformance.har.capture import Capture
from conformance.har.people import CUSTOMER, NOBODY, People
from conformance.har.sessions import Sessions
from conformance.judge.findings import CHECKS, Finding
from conformance.judge.timeline import Event, Scenario

Extent = Literal["whole", "part", "none"]


@dataclass(frozen=True)
class Carriage:
    """How much of a check a recording can carry, and what is missing."""

    extent: Extent
    reason: str = ""

    @property
    def carried(self) -> bool:
        """Whether it is judged at all."""
        return self.extent != "none"


WHOLE = Carriage("whole")
_YES = "only where the reply says yes; whether a refusal is right depends on what the request was for"
_OWN = "only what the performer of the request is told; who the other parties are is nowhere said"


_ONE_CHAT = "of a customer only where the scenario has one chat"
_STEADY = "a difference counts only where nothing changed, and nothing was told, between the readings"


def _part(reason: str) -> Carriage:
    return Carriage("part", reason)


def _none(reason: str) -> Carriage:
    return Carriage("none", reason)


CARRIED: Mapping[str, Carriage] = {
    # The reply to a request.
    "http.status": _part(_YES),
    "response.body": _part(_YES),
    "response.statusCode": _part(_YES),
    "response.statusMessage": WHOLE,
    "response.member": WHOLE,
    "response.schema": WHOLE,
    "response.error-only": WHOLE,
    "refusal.internals": WHOLE,
    "refusal.status": _none("that a request had to be refused, and for what, only its sender knows"),
    "refusal.statusCode": _none("that a request had to be refused, and for what, only its sender knows"),
    "refusal.unchanged": _none("what comes after a refusal may still be the doing of an earlier request"),
    # Collections.
    "paging.window": WHOLE,
    "paging.totalCount": WHOLE,
    "paging.union": _part(_STEADY),
    "sorting.order": WHOLE,
    "filter.matches": WHOLE,
    "fields.selected": WHOLE,
    "subresources.selected": WHOLE,
    "resolveUri.resolved": WHOLE,
    "lists.same": _part(_STEADY),
    "features.subset": WHOLE,
    "lifecycle.consistent": WHOLE,
    "settings.kept": _part(
        "a difference counts only where no setting was deleted before, and who else writes is not known"
    ),
    # Notifications.
    "notification.type": WHOLE,
    "notification.channel": WHOLE,
    "notification.schema": WHOLE,
    "notification.count": WHOLE,
    "notification.referenceId": WHOLE,
    "notification.identity": _part("id, uri and path agree; which resources are the users' own is not known"),
    "notification.sent": _part(_OWN),
    "notification.values": _part(_OWN + "; and only values that the request itself says"),
    "notification.order": _part(_OWN),
    "latency.deadline": _part(_OWN),
    "notification.unexpected": _none("what others did, beside the recording, may explain it"),
    # States and capabilities.
    "capabilities.after": _part("of a call where the recording does not show its device to be a Public one"),
    "state.after": _part("only of the performer's own resource, where the statecharts lead to one state alone"),
    "capability.honoured": _part("a refusal counts only where it has no parameters, and its code names the state"),
    "capability.withheld": _part("only where the notifications before it show what was offered"),
    "get.agrees": _part("only where nothing changed and nothing was on its way while it was read"),
    "state.recovered": _none("it compares readings between which nothing may happen"),
    # Calls.
    "call.parties": _part("nobody is a participant of the own call; who else read at that moment is not known"),
    "call.left": WHOLE,
    "device.respected": WHOLE,
    "queue.returned": _part("that no caller is lost; whether another agent was ready is not known"),
    "monitoring.span": WHOLE,
    "userData.merged": WHOLE,
    "toast.data": WHOLE,
    "session.logged-out": WHOLE,
    "session.no-repeat": WHOLE,
    # Chats.
    "transcript.complete": _part(_ONE_CHAT),
    "transcript.window": WHOLE,
    "attachment.same": WHOLE,
    "attachment.listed": WHOLE,
    "visibility.respected": _part(_ONE_CHAT),
    # Sessions and Bayeux.
    "session.cookie": WHOLE,
    "csrf.discovered": WHOLE,
    "cors.origins": WHOLE,
    "bayeux.handshake": WHOLE,
    "bayeux.clientId": WHOLE,
    "bayeux.reply": WHOLE,
    "bayeux.subscription": WHOLE,
    "bayeux.advice": WHOLE,
    "bayeux.delivery": WHOLE,
    "bayeux.refused": _part("which client ids were made up is not known"),
    "bayeux.silence": _none("which subscription is to be the only one for its channel is not known"),
    "bayeux.batch": _none("whether an array was sent as a trial is not known"),
    "bayeux.queued": _none("whether a connect was held back on purpose is not known"),
    "bayeux.timely": _none("a client may give up the connect that is held by itself"),
    # What was added for single pages.
    "availability.fits": WHOLE,
    "availability.absent": _none("it must be known who is logged in nowhere"),
    "reading.allowed": _part("readings that show in what a recording's steps are for are not seen"),
    "call.duration": WHOLE,
    "call.type": _none("that a call was made from outside is nowhere in a recording"),
    "capability.public": WHOLE,
    "channel.respected": _none("which agent is meant is not said"),
    "consult.cancelled": WHOLE,
    "customer.told": _part(_ONE_CHAT),
    "disposition.key": WHOLE,
    "filter.complete": _part("a difference counts only where nothing was changed before"),
    "lists.ended": WHOLE,
    "monitoring.chats": _none("which agent is monitored is not said"),
    "monitoring.scope": _none("which agent is monitored is not said"),
    "paging.maximum": WHOLE,
    "participants.nickname": WHOLE,
    "states.repeated": _part("a refusal counts only where its code names the state"),
    # Back ends.
    "service.told": _none("that a back end was stopped is nowhere in a recording"),
    "partial.told": _none("that a back end was stopped is nowhere in a recording"),
}

HEARD = (
    "bayeux.delivery",
    "call.left",
    "device.respected",
    "monitoring.span",
    "queue.returned",
    "session.no-repeat",
    "toast.data",
    "transcript.complete",
    "userData.merged",
    "visibility.respected",
)
"""Checks of whole scenarios that take silence for an answer: nothing may be missing of what the users were told."""


def carriage(check: str) -> Carriage:
    """How much of a check a recording can carry; of an unknown one nothing."""
    return CARRIED.get(check, Carriage("none", "nobody has said that a recording can carry it"))


def shares() -> dict[str, Any]:
    """`{whole, part, none}` with the names of the checks, and the reasons."""
    named = {name: carriage(name) for name in CHECKS}
    return {
        "carried": sorted(name for name, item in named.items() if item.extent == "whole"),
        "inPart": [
            {"check": name, "reason": named[name].reason} for name in sorted(named) if named[name].extent == "part"
        ],
        "notCarried": [
            {"check": name, "reason": named[name].reason} for name in sorted(named) if named[name].extent == "none"
        ],
    }


def not_here(capture: Capture, people: People, acts: Sequence[Act], sessions: Sessions) -> dict[str, str]:
    """The checks that this very recording cannot carry, with the reason."""
    out: dict[str, str] = {}
    deaf = _deaf(acts, sessions)
    if deaf:
        out |= dict.fromkeys(HEARD, deaf)
    cookies = any("cookie" in item.headers or "set-cookie" in item.reply_headers for item in capture.entries)
    if not cookies:
        out["session.cookie"] = "the recording holds no cookies"
    strangers = sorted(
        {act.user for act in acts if act.operation is not None and act.operation.area == "chat" and act.accepted}
        - {CUSTOMER, NOBODY}
        - {name for name, person in people.persons.items() if person.roles is not None}
    )
    if strangers:
        out["visibility.respected"] = f"the roles of {strangers[0]} are not known: the recording does not hold GET /me"
    uploads = [act for act in acts if act.operation is not None and act.operation.id == "chat.AddNewDocument"]
    if any(not _has_content(act) for act in uploads):
        out["attachment.same"] = "the recording does not have the files that were uploaded"
    return out


def counts(finding: Finding, scenario: Scenario) -> bool:
    """Whether a deviation counts: some checks presuppose a scenario in which nobody does anything else."""
    presupposed = _PRESUPPOSED.get(finding.check)
    return finding.verdict == "passed" or presupposed is None or presupposed(finding, scenario)


def _nothing_between(finding: Finding, scenario: Scenario) -> bool:
    """Nothing was changed, and nothing told, between the first and the last evidence."""
    first, last = min(finding.evidence, default=0), max(finding.evidence, default=0)
    between = [event for event in scenario.events if first < event.seq < last]
    return not any(event.kind == "cometd.event" or _asks(event, *MODIFYING) for event in between)


def _nothing_before(finding: Finding, scenario: Scenario) -> bool:
    """Nothing was changed before the last evidence."""
    return not any(_asks(event, *MODIFYING) for event in _before(finding, scenario))


def _nothing_deleted(finding: Finding, scenario: Scenario) -> bool:
    """No setting was deleted before: of which ones, a deletion does not always say."""
    deleted = [event for event in _before(finding, scenario) if _asks(event, "DELETE")]
    return not any(str(event.payload.get("path", "")).startswith("/settings/") for event in deleted)


def _one_chat(_: Finding, scenario: Scenario) -> bool:
    """Customers have one chat at most in the scenario."""
    asked = [
        str(event.payload.get("path", "")).partition("?")[0].split("/") for event in scenario.events if _asks(event)
    ]
    return len({parts[2] for parts in asked if parts[1:2] == ["chats"] and len(parts) > 2}) < 2


def _for_its_state(finding: Finding, scenario: Scenario) -> bool:
    """The refusal names the state as its reason."""
    replies = [event for event in scenario.events if event.kind == "http.response" and event.seq in finding.evidence]
    return any(names_state(event.payload.get("body")) for event in replies)


def _before(finding: Finding, scenario: Scenario) -> list[Event]:
    last = max(finding.evidence, default=0)
    return [event for event in scenario.events if event.seq < last]


def _asks(event: Event, *methods: str) -> bool:
    api = event.kind == "http.request" and event.payload.get("purpose") == "api"
    return api and (not methods or event.payload["method"] in methods)


def _not_public(finding: Finding, scenario: Scenario) -> bool:
    """It is not about a call at a device of the telephony network Public, which is answered by hand."""
    public: set[str] = set()
    told: set[str] = set()
    for event in scenario.events:
        shown = event.payload.get("data") if event.kind == "cometd.event" else event.payload.get("body")
        public |= {
            str(one.get("id")) for one in resources_in(shown, "device") if one.get("telephonyNetwork") == "Public"
        }
        if event.seq in finding.evidence:
            told |= {_last(one.get("deviceUri")) for one in resources_in(shown, "call")}
    return not public & told


def _last(uri: object) -> str:
    return str(uri or "").rstrip("/").rpartition("/")[2]


_PRESUPPOSED: Mapping[str, Callable[[Finding, Scenario], bool]] = {
    "capabilities.after": _not_public,
    "customer.told": _one_chat,
    "filter.complete": _nothing_before,
    "lists.same": _nothing_between,
    "paging.union": _nothing_between,
    "settings.kept": _nothing_deleted,
    "states.repeated": _for_its_state,
    "transcript.complete": _one_chat,
    "visibility.respected": _one_chat,
}


def _deaf(acts: Sequence[Act], sessions: Sessions) -> str:
    """Why it is not known what somebody was told; empty where it is."""
    for act in acts:
        live = act.operation is not None and act.operation.area in ("voice", "chat") and act.modifies
        if not live or not act.accepted or act.actor in (CUSTOMER, NOBODY):
            continue
        mine = sessions.of_user(act.user)
        if not mine:
            return f"the recording holds no CometD session of {act.user}"
        if any(first < item.spent for item in mine for first, _ in item.gaps):
            return f"the recording does not hold all that {act.user} was told"
    return ""


def _has_content(act: Act) -> bool:
    asked = act.entry.asked
    return asked is not None and bool(asked.text) and "\r\n\r\n\r\n--" not in asked.text
