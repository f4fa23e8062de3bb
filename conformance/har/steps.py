"""Steps from a recording: what a driver would have declared of each request, as far as the recording itself says it.

Nobody declares in a recording what a request is for. What it says by itself: which operation a request is, what the
resource offered when it was sent, whether it was accepted, and which notifications its page connects with it. A
notification belongs to the request that the documents connect it with, not to the one that happened to be sent last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from conformance.contract import Contract, Notification, State, matches
from conformance.contract.matching import resources_in, same_kind, state_of
from conformance.har.acts import Act, names_state
from conformance.har.causes import DEADLINE, SETTLED, Causes, Step, is_error
from conformance.har.memory import TRACKED, Memory
from conformance.har.pages import Pages
from conformance.har.sessions import Arrival, Sessions

__all__ = ["DEADLINE", "Step", "steps_of"]

SLACK = 0.05
"""Seconds by which a recorder may be wrong about what came first."""
PARAMETERLESS = frozenset({"operationName"})
PLAIN_READ = frozenset({"fields", "subresources"})


def steps_of(
    acts: Sequence[Act], sessions: Sessions, contract: Contract, pages: Pages, supervisors: Collection[str] = ()
) -> list[Step]:
    """The steps of a recording, in the order of time, with the notifications that belong to each."""
    return _Builder(acts, sessions, contract, pages, supervisors).build()


class _Builder:
    def __init__(
        self,
        acts: Sequence[Act],
        sessions: Sessions,
        contract: Contract,
        pages: Pages,
        supervisors: Collection[str],
    ) -> None:
        self._contract, self._sessions, self._pages, self._supervisors = contract, sessions, pages, supervisors
        self._acts = acts
        self._memory = Memory(sessions.arrivals, acts)
        self._features = _features(acts)
        self._numbers = _phone_numbers(acts)
        self._changes = [act.start for act in acts if act.modifies]
        self._steps = [Step(act.start, act, pages.of(act.entry)) for act in acts]

    def build(self) -> list[Step]:
        """Everything."""
        causes = Causes(self._steps, self._pages)
        unexplained = []
        for arrival in self._sessions.arrivals:
            cause = causes.cause(arrival)
            if cause is None:
                unexplained.append(arrival)
            else:
                cause.arrivals.append(arrival)
        for number, step in enumerate(self._steps):
            if step.act is not None:
                self._declare(step, step.act, number)
        return sorted([*self._steps, *self._listening(unexplained)], key=lambda item: item.at)

    def _listening(self, unexplained: Sequence[Arrival]) -> Iterator[Step]:
        """Steps for what nobody in the recording caused: what came between two requests is one."""
        starts = [item.at for item in self._steps]
        current: Step | None = None
        place = -1
        for arrival in unexplained:
            here = bisect_right(starts, arrival.at)
            scenario = self._pages.at(arrival.at)
            if current is None or here != place or current.scenario != scenario:
                if current is not None:
                    yield current
                info = self._shared(arrival.actor) | {"operation": "", "case": "positive", "cast": {}}
                info["label"] = f"notified {arrival.frame.entry}"
                current, place = Step(arrival.at, None, scenario, info), here
            current.arrivals.append(arrival)
        if current is not None:
            yield current

    # -- what is known of an act --------------------------------------------------------------------------------------

    def _shared(self, actor: str) -> dict[str, Any]:
        return {"performer": actor, "role": "self", "deadline": DEADLINE, "features": list(self._features)}

    def _declare(self, step: Step, act: Act, number: int) -> None:
        step.silent = act.unjudged
        operation = act.operation
        step.info = self._shared(act.actor) | {
            "operation": operation.id if operation else "",
            "case": "setup",
            "label": f"entry {act.entry.number}",
            "listening": [],
            "cast": {},
        }
        if operation is None and act.refused:
            step.info["case"] = "refusal"  # the form of a refusal does not depend on what was refused
        if step.silent or operation is None:
            return
        target = self._target(act)
        if target is not None:
            step.info["resource"] = {"binding": target[0], "id": target[1]}
        # An error over CometD takes back what the reply accepted.
        taken_back = any(is_error(item.data) and item.actor == act.actor for item in step.arrivals)
        step.info["case"] = "positive" if (act.accepted and not taken_back) or _broken(act) else "refusal"
        self._offer(step, act)
        if act.accepted and not taken_back:
            self._expect_notifications(step, act)
            self._read_back(step, act)
            codes = [item.name for item in operation.examples if act.reply.get("statusCode") in item.status_codes]
            if act.reply.get("statusCode") in (7, "7") and codes:
                step.info["example"] = codes[0]
        if operation.id == "voice.ListCalls" and act.user in self._numbers:
            step.info |= {"look": number, "number": self._numbers[act.user]}

    def _target(self, act: Act) -> tuple[str, str] | None:
        """(kind, id) of the live resource that an operation is about."""
        operation = act.operation
        if operation is None or operation.resource not in TRACKED:
            return None
        identifier = act.identifier
        if identifier is None and operation.resource == "device":
            identifier = self._memory.only(act.user, "device")
        return (operation.resource, identifier) if identifier else None

    def _offer(self, step: Step, act: Act) -> None:
        """Whether the resource offered the operation when it was asked for, as its user had been told."""
        operation, target = act.operation, self._target(act)
        if operation is None or target is None or not operation.capability or not act.path.startswith("/me/"):
            return
        before = self._memory.before(act.user, *target, act.start)
        offered = before[1].get("capabilities") if before is not None else None
        if not isinstance(offered, list):
            return
        names = [str(name) for name in offered]
        # Recorders are not exact: what was told a moment before may have come a moment after.
        earlier = self._memory.before(act.user, *target, act.start - SLACK)
        possible = {*names, *(str(name) for name in (earlier[1].get("capabilities") or () if earlier else ()))}
        errors = any(is_error(item.data) and item.actor == act.actor for item in step.arrivals)
        plain = act.asked.keys() <= PARAMETERLESS
        refused = not act.accepted or errors
        after = self._memory.between(act.user, *target, act.start, act.entry.end + SETTLED)
        if operation.capability in names:
            # A refusal may be for its parameters, or because something changed at that moment.
            state = names_state(act.reply) or (act.accepted and errors)
            if not refused or (plain and state and not after):
                step.info |= {"case": "offered", "offered": names}
        elif operation.capability not in possible and (refused or not _offers(after[:1], operation.capability)):
            step.info |= {"case": "withheld", "offered": names}

    def _expect_notifications(self, step: Step, act: Act) -> None:
        """Declares that the performer listens, where the documents promise the performer something whatever the
        example, and the recording would show it."""
        operation = act.operation
        assert operation is not None
        if step.info["case"] == "withheld" or not _certain(operation.notifications, operation.examples):
            return
        listener = self._sessions.listener(act.actor)
        if listener is None:
            return
        step.info["cast"] = {"self": listener}
        owed = [
            item
            for item in operation.notifications
            if item.to == "self" and item.level != "may" and item.reading is None and item.when is None
        ]
        end = act.entry.end + SETTLED
        own = [item for item in step.arrivals if item.actor == listener]
        missing = [item for item in owed if not any(same_kind(item, one.data) for one in own)]
        if any(self._is_so(item, act) for item in missing):
            return  # who asks for the state that is may be told nothing
        if missing and self._is_untold(act):
            return
        if all(self._sessions.hears(listener, item.channel, act.start, end) for item in missing):
            step.info["listening"] = [listener]
            self._expect_state(step, act, listener, own)

    def _is_so(self, item: Notification, act: Act) -> bool:
        """Whether a notification would tell the state that its receiver knows of already."""
        if item.state is None or item.resource not in TRACKED:
            return False
        identifier = act.identifier if act.operation and act.operation.resource == item.resource else None
        identifier = identifier or self._memory.newest(act.user, item.resource, act.start)
        before = self._memory.before(act.user, item.resource, identifier, act.start) if identifier else None
        return before is not None and state_of(before[1]) == item.state

    def _is_untold(self, act: Act) -> bool:
        """Whether the documents do not tell what the operation does to the resource where it is: what the charts have
        there is no more than what some samples show."""
        target = self._target(act)
        before = self._memory.before(act.user, *target, act.start) if target is not None else None
        if target is None or before is None or act.operation is None:
            return False
        ways = [
            one
            for chart, state in self._contract.states_of(target[0], before[1])
            for one in chart.transitions
            if one.by == act.operation.id and one.actor == chart.owner and one.source == state.name
        ]
        return bool(ways) and all(one.level == "may" for one in ways)

    def _expect_state(self, step: Step, act: Act, listener: str, own: Sequence[Arrival]) -> None:
        """The state that the charts lead to, where they lead to one alone."""
        target = self._target(act)
        operation = act.operation
        before = self._memory.before(act.user, *target, act.start) if target is not None else None
        if target is None or before is None or operation is None or not act.path.startswith("/me/"):
            return
        found = []
        for chart, state in self._contract.states_of(target[0], before[1]):
            if (chart.owner == "supervisor") != (act.user in self._supervisors):
                continue
            for one in chart.transitions:
                if one.by == operation.id and one.actor == chart.owner and one.source == state.name:
                    if one.level != "must" or one.reading is not None:
                        return
                    found.append((chart, chart.states[one.target]))
        if not found or not self._unmistakable(target[0], [state for _, state in found]):
            return
        chart, state = found[0]
        shown = any(one.get("id") == target[1] for item in own for one in resources_in(item.data, target[0]))
        channel = f"/v2/me/{target[0]}s"
        if not shown and not self._sessions.hears(listener, channel, act.start, act.entry.end + SETTLED):
            return
        step.info["expect"] = {
            "chart": chart.name,
            "state": state.name,
            "actor": listener,
            "id": target[1],
            "moved": not matches(state.where, before[1]),
        }

    def _unmistakable(self, kind: str, states: Sequence[State]) -> bool:
        """Whether states are one and the same to whoever sees the resource, and no other state of any chart looks like
        it and offers something else."""
        wanted = states[0]
        alike = [
            state
            for chart in self._contract.charts_of(kind)
            for state in chart.states.values()
            if not chart.region and state.where == wanted.where
        ]
        return all(_shape(state) == _shape(wanted) for state in [*states, *alike])

    def _read_back(self, step: Step, act: Act) -> None:
        """What a GET of the user's own calls, chats or devices must agree with: the newest that the user was told of
        them, where nothing moved at that time."""
        operation = act.operation
        assert operation is not None
        kind = operation.resource
        if act.entry.method != "GET" or kind not in TRACKED or not act.path.startswith("/me/"):
            return
        query = {part.partition("=")[0] for part in act.path.partition("?")[2].split("&") if part}
        if not query <= PLAIN_READ or not _shows_objects(act, kind, bool(act.identifier), "fields" in query):
            return
        identifier = act.identifier or self._memory.newest(act.user, kind, act.start)
        latest = self._memory.before(act.user, kind, identifier, act.start) if identifier else None
        if latest is None or identifier is None:
            return
        later = bisect_right(self._changes, act.start)
        following = self._changes[later] if later < len(self._changes) else float("inf")
        end = min(act.entry.end + SETTLED, max(following, act.entry.end))
        asked_last = self._changes[later - 1] if later else 0.0
        known_from = max(latest[0], asked_last)
        listener = self._sessions.listener(act.actor) or act.actor
        heard = self._sessions.hears(listener, f"/v2/me/{kind}s", known_from, act.entry.end)
        moved = self._memory.between(act.user, kind, identifier, act.start, end)
        # A change that was asked for just now may be done before it is told.
        hurried = asked_last > latest[0] and act.start - asked_last < SETTLED
        if moved or hurried or not heard:
            return
        final = any(
            state.final and matches(state.where, latest[1]) for _, state in self._contract.states_of(kind, latest[1])
        )
        step.info["latest"] = {"resource": kind, "value": dict(latest[1]), "final": final}


def _shape(state: State) -> tuple[Any, ...]:
    return dict(state.where), set(state.offers), set(state.may)


def _shows_objects(act: Act, kind: str, single: bool, fields: bool) -> bool:
    """Whether a reply shows resources, and not only where they are."""
    return any(True for _ in resources_in(dict(act.reply), kind)) or (fields and not single and f"{kind}s" in act.reply)


def _broken(act: Act) -> bool:
    """Whether an answer is neither a yes nor a documented no: HTTP 2xx without an object, 500 without an envelope."""
    return not act.reply and (200 <= act.entry.status < 300 or act.entry.status == 500)


def _offers(told: Sequence[tuple[float, Mapping[str, Any]]], capability: str) -> bool:
    """Whether the first that was told later offers a capability: it was on its way when the request was sent."""
    return any(capability in (one.get("capabilities") or ()) for _, one in told)


def _certain(notifications: Sequence[Notification], examples: Sequence[Any]) -> bool:
    """Whether an operation promises its performer the same whatever its parameters: no example promises less."""
    own = [item for item in notifications if item.to == "self" and item.level != "may"]
    overriding = [item.notifications for item in examples if item.notifications is not None]
    return all(any(_promises(one, item) for one in listed) for listed in overriding for item in own)


def _promises(one: Notification, item: Notification) -> bool:
    return one.label() == item.label() and one.values == item.values and one.level == item.level


def _features(acts: Sequence[Act]) -> tuple[str, ...]:
    """The features of the contact centre, where the recording lists them."""
    for act in reversed(acts):
        listed = act.reply.get("features")
        if act.operation is not None and act.operation.id == "basics.ListFeatures" and isinstance(listed, list):
            names = [str(item["id"]) for item in listed if isinstance(item, Mapping) and "id" in item]
            if names:
                return tuple(sorted(names))
    return ()


def _phone_numbers(acts: Sequence[Act]) -> dict[str, str]:
    """The number of each user's device, where the user's own list shows one device alone."""
    out: dict[str, set[str]] = {}
    for act in acts:
        if act.operation is None or act.operation.id != "voice.ListDevices" or not act.accepted:
            continue
        for device in resources_in(dict(act.reply), "device"):
            if isinstance(device.get("phoneNumber"), str):
                out.setdefault(act.user, set()).add(device["phoneNumber"])
    return {user: next(iter(found)) for user, found in out.items() if len(found) == 1}
