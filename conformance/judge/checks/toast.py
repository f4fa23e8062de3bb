"""Toast and case data on calls ("Toast and case data", lines 2647-2903)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.checks.story import accepted, sent, told
from conformance.judge.findings import Outcome, bounded, check
from conformance.judge.timeline import Scenario

STATES = {"toast": ("Ringing", "Dialing"), "case": ("Established",)}
Filters = dict[str, list[Mapping[str, Any]]]


@check("toast.data", "scenario", scope="scenario")
def toast_data(scenario: Scenario) -> Iterator[Outcome]:
    """Where a toast-filter is set, a call in Ringing or Dialing carries `toast`; where a case-filter is set, a call in
    Established carries `case`, and none before: for each key of the filter that the call's user data has, an entry
    with `key`, `displayName` and `value`. `userData` itself is never filtered."""
    filters: Filters = {}
    attached: Mapping[str, Any] = {}
    for step in scenario.steps:
        exchange = step.main
        if exchange is None:
            continue
        if step.operation == "basics.SetVoiceSetting" and accepted(exchange):
            kind, _, rest = str(sent(exchange).get("name")).partition("-")
            value = sent(exchange).get("value")
            if rest == "filter" and isinstance(value, list):
                filters[kind] = [item for item in value if isinstance(item, Mapping)]
        elif filters and step.operation == "voice.Dial" and accepted(exchange):
            data = sent(exchange).get("userData")
            attached = data if isinstance(data, Mapping) else {}
        if filters:
            for seq, actor, _, call in told(step, "call"):
                yield from _judge(filters, attached, call, actor, seq)


def _judge(
    filters: Filters, attached: Mapping[str, Any], call: Mapping[str, Any], actor: str, seq: int
) -> Iterator[Outcome]:
    state, data = str(call.get("state")), call.get("userData")
    data = data if isinstance(data, Mapping) else {}
    missing = sorted(str(key) for key in attached if data.get(key) != attached[key])
    yield Outcome(
        not missing,
        "userData is whole" if not missing else f"userData of the call of {actor} lacks {bounded(missing[0], 60)}",
        bounded(dict(attached), 200),
        bounded(dict(data), 200),
        evidence=(seq,),
    )
    for member, entries in filters.items():
        if state in STATES.get(member, ()):
            yield from _entries(member, entries, data, call, actor, seq)
        elif member == "case" and state in STATES["toast"]:
            ok = not call.get("case")
            yield Outcome(
                ok,
                "no case data before the call is established" if ok else f"a {state} call has case data already",
                "absent",
                "absent" if ok else bounded(call.get("case"), 200),
                evidence=(seq,),
            )


def _entries(
    member: str,
    entries: list[Mapping[str, Any]],
    data: Mapping[str, Any],
    call: Mapping[str, Any],
    actor: str,
    seq: int,
) -> Iterator[Outcome]:
    expected = [
        {"key": key, "displayName": item.get("displayName"), "value": data[key]}
        for item in entries
        if (key := str(item.get("attachedDataKey"))) in data
    ]
    if not expected:
        return  # what a call without any of the keys carries is not written (basics.case-data-states)
    shown = call.get(member)
    seen = [
        {name: item.get(name) for name in ("key", "displayName", "value")}
        for item in (shown if isinstance(shown, list) else ())
        if isinstance(item, Mapping)
    ]
    ok = sorted(map(repr, seen)) == sorted(map(repr, expected))
    yield Outcome(
        ok,
        f"{member} as its filter asks" if ok else f"{member} of the {call.get('state')} call of {actor} is not so",
        bounded(expected, 300),
        bounded(seen if isinstance(shown, list) else "absent", 300),
        evidence=(seq,),
    )
