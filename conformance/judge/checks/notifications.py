"""Checks of the notifications that an operation causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract import Notification
from conformance.contract.matching import resources_in, same_kind, values_differ
from conformance.judge.context import JUDGED, StepContext
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Delivered

WAITED = ("must", "should")


def _matching(context: StepContext, actor: str, expected: Notification) -> list[Delivered]:
    return [item for item in context.step.delivered if item.actor == actor and same_kind(expected, item.data)]


def _owed(context: StepContext) -> list[tuple[str, Notification]]:
    """The notifications that must or should come: not the optional ones, nor those of one reading only."""
    if not context.accepted or context.step.info.get("owes") is False:
        return []
    return [
        (actor, item)
        for actor, item in context.expected
        if item.level in WAITED and item.reading is None and item.when is None and context.takes_part(actor)
    ]


def _listening(context: StepContext, actor: str) -> bool:
    listeners = context.step.info.get("listening")
    return not isinstance(listeners, list) or actor in listeners


@check("notification.sent", *JUDGED)
def notification_sent(context: StepContext) -> Iterator[Outcome]:
    """Each documented notification reaches each party within the deadline."""
    exchange = context.exchange
    for actor, item in _owed(context):
        if not _listening(context, actor):
            continue
        found = _matching(context, actor, item)
        others = [f"{d.message_type} on {d.channel}" for d in context.step.delivered if d.actor == actor]
        yield Outcome(
            bool(found),
            f"{item.label()} came" if found else f"no {item.label()} reached {actor}",
            f"{item.label()} on {item.channel}",
            bounded(", ".join(others) or "nothing", 300) if not found else item.label(),
            level=item.level,
            evidence=(exchange.seqs if exchange else ()) + tuple(d.seq for d in found[:3]),
        )


@check("notification.channel", *JUDGED)
def notification_channel(context: StepContext) -> Iterator[Outcome]:
    """A notification arrives on the channel documented for its message type."""
    for item in context.step.delivered:
        channels = _channels(context, item)
        if not channels:
            continue
        ok = item.channel in channels
        yield Outcome(
            ok,
            "channel as documented" if ok else f"{item.message_type} arrived on {bounded(item.channel, 80)}",
            " or ".join(sorted(channels)),
            bounded(item.channel, 80),
            evidence=(item.seq,),
        )


def _message(context: StepContext, item: Delivered) -> Mapping[str, Any]:
    """The schema of a message type; empty for an unknown one."""
    return context.contract.schemas.documents.get(f"gws:messages/{item.message_type}.json", {})


def _channels(context: StepContext, item: Delivered) -> set[str]:
    return set(_message(context, item).get("x-channels", ()))


@check("notification.type", *JUDGED)
def notification_type(context: StepContext) -> Iterator[Outcome]:
    """`data.messageType` names a documented message."""
    known = set(context.contract.schemas.names("messages"))
    for item in context.step.delivered:
        ok = item.message_type in known
        yield Outcome(
            ok,
            "documented message type" if ok else f"messageType {bounded(item.message_type, 80)!r} is not documented",
            "a documented messageType",
            bounded(item.message_type, 80),
            evidence=(item.seq,),
        )


@check("notification.schema", *JUDGED)
def notification_schema(context: StepContext) -> Iterator[Outcome]:
    """Every known member of the notification has the documented type, values and required members."""
    known = set(context.contract.schemas.names("messages"))
    for item in context.step.delivered:
        if item.message_type not in known:
            continue
        violations = context.contract.schemas.validate("message", item.message_type, item.data)
        if not violations:
            yield Outcome(True, "notification fits its schema", evidence=(item.seq,))
        for violation in violations[:10]:
            yield Outcome(
                False,
                f"{item.message_type}: data{violation.pointer}: {bounded(violation.message, 300)}",
                f"schema of {item.message_type} ({violation.keyword})",
                bounded(violation.message, 200),
                evidence=(item.seq,),
            )


@check("notification.identity", *JUDGED)
def notification_identity(context: StepContext) -> Iterator[Outcome]:
    """A resource's `id`, `uri` and `path` name the same thing, and it is a resource of this scenario."""
    known = context.step.info.get("known")
    for item in context.step.delivered:
        for resource in resources_in(item.data, _resource_name(item)):
            identifier = resource.get("id")
            for member in ("uri", "path"):
                value = resource.get(member)
                if isinstance(value, str) and isinstance(identifier, str):
                    ok = value.rstrip("/").rsplit("/", 1)[-1] == identifier
                    yield Outcome(
                        ok,
                        f"{member} ends with the id" if ok else f"{member} names another resource than id",
                        bounded(identifier, 80),
                        bounded(value, 160),
                        evidence=(item.seq,),
                    )
            ours = _resource_name(item) != "service"  # back ends are nobody's in a scenario
            if ours and isinstance(known, Mapping) and item.actor in known and isinstance(identifier, str):
                ok = identifier in known[item.actor] or _introduces(context, item)
                yield Outcome(
                    ok,
                    "about a resource of the scenario" if ok else f"about {bounded(identifier, 80)}, which nobody made",
                    bounded(", ".join(map(str, known[item.actor])), 200),
                    bounded(identifier, 80),
                    evidence=(item.seq,),
                )


def _resource_name(item: Delivered) -> str:
    if not isinstance(item.data, Mapping):
        return ""
    for name in ("call", "chat", "service"):
        if name in item.data:
            return name
    return "device"


def _introduces(context: StepContext, item: Delivered) -> bool:
    """Whether the operation brings resources to life that the driver could not know beforehand."""
    return any(actor == item.actor and expected.resource for actor, expected in context.expected)


@check("notification.values", *JUDGED)
def notification_values(context: StepContext) -> Iterator[Outcome]:
    """The documented values are in the notification: what the request asked for is what it reports."""
    for actor, item in _owed(context):
        found = _matching(context, actor, item)
        if not found or not item.values:
            continue
        closest = min((values_differ(item.values, delivered.data) for delivered in found), key=len)
        for path, expected, seen in closest:
            yield Outcome(
                False,
                f"{item.label()}: {path} is {bounded(seen, 120)}",
                f"{path} = {bounded(expected, 120)}",
                bounded(seen, 120),
                level=item.level,
                evidence=tuple(delivered.seq for delivered in found[:3]),
            )
        if not closest:
            yield Outcome(True, f"{item.label()}: values as documented", evidence=(found[0].seq,))


@check("notification.order", *JUDGED)
def notification_order(context: StepContext) -> Iterator[Outcome]:
    """Notifications that one page prints in a sequence reach an actor in that sequence."""
    owed = _owed(context)
    for actor in sorted({name for name, _ in owed}):
        listed = [item for name, item in owed if name == actor and not item.many]
        places = []
        for item in listed:
            found = _matching(context, actor, item)
            if found:
                places.append((found[0].seq, item.label()))
        if len(places) > 1:
            ok = [seq for seq, _ in places] == sorted(seq for seq, _ in places)
            yield Outcome(
                ok,
                "order as documented" if ok else f"notifications reached {actor} in another order than documented",
                ", ".join(label for _, label in places),
                ", ".join(label for _, label in sorted(places)),
                level="should",
                evidence=tuple(seq for seq, _ in places),
            )


@check("notification.count", *JUDGED)
def notification_count(context: StepContext) -> Iterator[Outcome]:
    """No notification is delivered twice: a repeated one has the same content and the same receiver."""
    seen: dict[str, Delivered] = {}
    repeated = None
    for item in context.step.delivered:
        key = f"{item.actor} {item.channel} {_content(item)}"
        if key in seen:
            repeated = (seen[key], item)
            break
        seen[key] = item
    if repeated:
        first, second = repeated
        yield Outcome(
            False,
            f"{first.message_type} was delivered twice to {first.actor} with the same content",
            "once",
            "twice",
            evidence=(first.seq, second.seq),
        )
    elif context.step.delivered:
        yield Outcome(True, "nothing delivered twice", evidence=(context.step.delivered[0].seq,))


def _content(item: Delivered) -> str:
    data = item.data
    if isinstance(data, Mapping):
        data = {key: value for key, value in data.items() if key != "metrics"}
    return repr(data)


@check("notification.unexpected", *JUDGED)
def notification_unexpected(context: StepContext) -> Iterator[Outcome]:
    """Nothing arrives that no document connects with the operation."""
    if not context.accepted:
        return
    strangers = [
        item
        for item in context.step.delivered
        if not (item.message_type == "ErrorMessage" and context.may_be_refused)
        and not any(same_kind(expected, item.data) for _, expected in context.expected)
        and not _message(context, item).get("x-ambient")
    ]
    for item in strangers[:5]:
        kind = item.data.get("notificationType") if isinstance(item.data, Mapping) else None
        label = item.message_type + (f"/{bounded(kind, 60)}" if kind else "")
        states = [str(r.get("state")) for r in resources_in(item.data, _resource_name(item)) if r.get("state")]
        yield Outcome(
            False,
            f"{label} {' '.join(states)} reached {item.actor}, which nothing documented explains",
            ", ".join(dict.fromkeys(expected.label() for _, expected in context.expected)) or "nothing",
            f"{label} {' '.join(states)}".strip(),
            level="should" if item.message_type != "ErrorMessage" else "must",
            evidence=(item.seq,),
        )
    if not strangers:
        yield Outcome(True, "nothing unexpected", evidence=context.exchange.seqs if context.exchange else ())


@check("latency.deadline", *JUDGED)
def latency_deadline(context: StepContext) -> Iterator[Outcome]:
    """The notifications that are owed arrive within the deadline after the request was sent."""
    exchange = context.exchange
    deadline = context.step.info.get("deadline")
    if exchange is None or not isinstance(deadline, int | float):
        return
    times = [
        found[0].event.t - exchange.request.t
        for actor, item in _owed(context)
        if (found := _matching(context, actor, item))
    ]
    if times:
        worst = max(times)
        ok = worst <= deadline
        yield Outcome(
            ok,
            "within the deadline" if ok else f"the slowest notification took {worst:.3f} s",
            f"{deadline} s",
            f"{worst:.3f} s" if not ok else "within it",
            level="should",
            evidence=exchange.seqs,
        )
