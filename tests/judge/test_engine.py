"""The engine: one finding a check, the worst outcome speaking; levels, ids, endings, purity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conformance.judge import CHECKS, Finding, judge
from conformance.judge.findings import TEXT_LIMIT, Outcome, bounded, check, rule_for
from conformance.judge.timeline import scenarios
from tests.judge.build import CONTRACT, Timeline, call_message
from tests.judge.pairs_voice import DONE, HOLD, hold, refusal
from tests.judge.test_checks import PAIRS

SEVERAL = ["Answer", "Reject"]


def by_check(line: Timeline) -> dict[str, Finding]:
    """The findings of a timeline with one judged step."""
    return {item.check: item for item in line.findings()}


def test_the_worst_outcome_speaks() -> None:
    """Of several notifications the bad one speaks, and the finding says how many more there are."""
    line = hold(also=call_message("Held", capabilities=SEVERAL)).tell(
        call_message("Held", capabilities=SEVERAL, dnis="1")
    )
    finding = line.finding("capabilities.after")
    assert finding.verdict == "failed"
    assert finding.message.endswith("(and 1 more)")
    assert set(finding.evidence) == {line.marks["also"], line.marks["told"]}


def test_a_failure_outweighs_a_warning() -> None:
    """A must that is broken speaks before a should, whatever came first."""
    stranger = call_message("Released")
    error = {"messageType": "ErrorMessage", "errorMessage": "no", "errorCode": 1}
    assert hold(also=stranger).finding("notification.unexpected").verdict == "warning"
    both = hold(also=stranger).tell(error).finding("notification.unexpected")
    assert both.verdict == "failed"
    assert both.level == "must"


@pytest.mark.parametrize(("level", "verdict"), [("must", "failed"), ("should", "warning")])
def test_the_step_lowers_the_level(level: str, verdict: str) -> None:
    """What a step only should do is a warning when it does not."""
    finding = hold({"statusCode": 4, "statusMessage": "no"}, level=level).finding("response.statusCode")
    assert finding.verdict == verdict
    assert finding.level == level


def test_labels_tell_steps_apart() -> None:
    """Findings of labelled steps have ids of their own; without labels they are numbered."""
    for labels, expected in ((("a", "b"), ["s/a/http.status", "s/b/http.status"]), (("", ""), None)):
        line = Timeline("s", operation="voice.Hold")
        for label in labels:
            line.step("voice.Hold", label=label).ask("POST", "/me/calls/CALL1", HOLD).say(DONE)
        found = [item.id for item in line.findings() if item.check == "http.status"]
        assert found == (expected or ["s/http.status", "s/http.status#2"])


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [("skipped", "skipped"), ("untestable", "untestable"), ("error", "error"), ("interrupted", "untestable")],
)
def test_endings(outcome: str, verdict: str) -> None:
    """A scenario that was not played says why, in a finding of its own."""
    line = Timeline("s", operation="voice.Hold").end(outcome, "because")
    assert [(item.check, item.verdict, item.message) for item in line.findings()] == [("scenario", verdict, "because")]


def test_a_cut_timeline_is_untestable() -> None:
    """A scenario whose end was not recorded counts as not tested; what was recorded is judged."""
    line = hold(status=500)
    cut = [event for event in line.events if event.kind != "scenario.end"]
    found = {item.check: item.verdict for item in judge(cut, CONTRACT)}
    assert found["scenario"] == "untestable"
    assert found["http.status"] == "failed"


def test_what_is_done_between_steps_is_not_the_steps() -> None:
    """A late notification still belongs to the step before; what comes after a login between two steps does not."""
    stranger = call_message("Released")
    late = hold().done()
    late.outside().tell(stranger, mark="late")
    assert late.finding("notification.unexpected").verdict == "warning"
    apart = hold().done()
    apart.outside().ask("POST", "/me", {"operationName": "StartContactCenterSession"}, purpose="auth").tell(stranger)
    assert apart.finding("notification.unexpected").verdict == "passed"


def test_silent_steps_are_not_judged() -> None:
    """Preparations, clean-up and stimuli are not judged."""
    for case in ("setup", "cleanup", "stimulus"):
        line = Timeline("s").step("voice.Hold", case).ask("POST", "/me/calls/CALL1", HOLD).say({}, status=500)
        assert line.findings() == []


def test_an_operation_of_another_version() -> None:
    """A timeline may name operations that this contract does not have: that is no reason to break."""
    line = Timeline("s").step("voice.Levitate").ask("POST", "/me/calls/CALL1", {}).say(DONE)
    assert "http.status" not in by_check(line)


def test_judging_is_pure() -> None:
    """The same events give the same findings, and judging changes no event."""
    lines = [pair.broken() for pair in PAIRS]
    for line in lines:
        assert line.scenario
    before = repr([line.events for line in lines])
    first = [line.findings() for line in lines]
    assert [line.findings() for line in lines] == first
    assert repr([line.events for line in lines]) == before


def test_scenarios_keep_their_order() -> None:
    """Scenarios are judged in the order in which they began, also where their events are mixed."""
    first, second = hold(), refusal({"statusCode": 1, "statusMessage": "missing"})
    for line in (first, second):
        assert line.scenario.ended
    mixed = [first.events[0], second.events[0], *second.events[1:], *first.events[1:]]
    assert [item.id for item in scenarios(mixed)] == [first.name, second.name]
    found = list(judge(mixed, CONTRACT))
    assert found == first.findings() + second.findings()


def test_the_rule_of_the_operation_comes_first() -> None:
    """A rule that names the operation is named by the finding, before one that holds everywhere."""
    own, source = rule_for(CONTRACT, "notification.sent", "voice.Hold")
    everywhere, _ = rule_for(CONTRACT, "notification.sent", "no.Such")
    assert own is not None
    assert everywhere is not None
    assert CONTRACT.rules[own].operations == ("voice.Hold",)
    assert source == CONTRACT.rules[own].source
    assert not CONTRACT.rules[everywhere].operations


def test_readings_are_recorded() -> None:
    """A finding says which reading of the documents the server followed."""
    body = {"statusCode": 20, "statusMessage": "Access denied"}
    finding = refusal(body, status=401, negative="no-credentials").finding("refusal.statusCode")
    assert finding.readings == ("basics.unauthenticated-http/unauthorized",)


def test_every_check_says_what_it_asks() -> None:
    """The docstring is the specification."""
    for item in CHECKS.values():
        assert len(item.doc) > 30, item.id
        assert "  " not in item.doc
        assert item.doc.endswith("."), item.id


def test_no_two_checks_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check is registered once, and only with a specification."""
    monkeypatch.setattr("conformance.judge.findings.CHECKS", dict(CHECKS))

    def silent(context: Any) -> Any:
        yield Outcome(True, "")

    with pytest.raises(ValueError, match="no docstring"):
        check("new.check", "positive")(silent)
    silent.__doc__ = "It says something."
    with pytest.raises(ValueError, match="registered twice"):
        check("http.status", "positive")(silent)


HOSTILE = "</script>\x1b[2J" + "A" * 100_000


def test_hostile_text_is_bounded() -> None:
    """Whatever a server sends, a finding stays short."""
    body = {"statusCode": 4, "statusMessage": HOSTILE, HOSTILE: HOSTILE}
    lines = [
        hold(body, status=500),
        hold(text=HOSTILE),
        hold(told=call_message("Held", dnis=HOSTILE, mute=HOSTILE, identifier=HOSTILE), channel=HOSTILE),
        hold(also={"messageType": HOSTILE, "notificationType": HOSTILE}),
        refusal(body),
    ]
    found = [item for line in lines for item in line.findings()]
    assert any("AAAA" in item.message + item.seen for item in found)
    for item in found:
        assert max(len(item.message), len(item.expected), len(item.seen)) <= TEXT_LIMIT, item.check


def test_bounded() -> None:
    """Text is cut with a mark, other values are shown as they are."""
    assert bounded("abc", 3) == "abc"
    assert bounded("abcdefgh", 6) == "abc..."
    assert bounded({"a": 1}) == "{'a': 1}"


ODD: list[Any] = [
    None,
    True,
    -1,
    "text",
    [],
    [None, 7, ["x"]],
    {},
    {"statusCode": [], "statusMessage": {}, "call": 7, "chat": [], "messages": 5, "user": None, "contacts": "x"},
    {"messageType": {}, "call": {"id": 5, "state": [], "capabilities": {"a": 1}, "participants": [None]}},
    {"messages": [None, {"index": "x", "from": 3, "visibility": []}], "chatUri": 5, "chats": [{"participants": 3}]},
    {"settings": [3], "totalCount": "many", "uris": [1], "features": [{}], "services": [[]], "devices": {"x": 1}},
]


@pytest.mark.parametrize("odd", ODD, ids=[str(number) for number in range(len(ODD))])
def test_odd_replies_break_nothing(odd: Any) -> None:
    """Where a reply, notification or frame has another shape than any sound server's, checks judge or keep silent."""
    lines = {pair.sound().name: pair.sound() for pair in PAIRS}
    members = {"http.response": "body", "cometd.event": "data", "cometd.receive": "messages"}
    judged = 0
    for line in lines.values():
        assert line.scenario.ended
        for place, event in enumerate(line.events):
            member = members.get(event.kind)
            if member is None:
                continue
            value = [odd] if member == "messages" else odd
            changed = [*line.events]
            changed[place] = replace(event, payload={**event.payload, member: value})
            judged += len(list(judge(changed, CONTRACT)))
    assert judged > len(lines)


def test_a_step_that_was_cut_short_is_not_judged() -> None:
    """Nobody waited for what it should cause: neither for the reply that was on its way, nor for notifications."""
    asked = Timeline("voice.Hold[positive]", operation="voice.Hold").step("voice.Hold", "transition")
    asked.ask("POST", "/me/calls/CALL1", HOLD).done(abandoned=True).end("interrupted", "the run was interrupted")
    refused = Timeline("voice.Dial[negative]", operation="voice.Dial")
    refused.step("voice.Dial", "refusal", negative="missing-parameter").ask("POST", "/me/devices/D1/calls", {})
    refused.done(abandoned=True).end("interrupted")
    for line in (asked, refused):
        assert [(item.check, item.verdict) for item in line.findings()] == [("scenario", "untestable")]
    line = hold(told=None, status=500)
    line.done(abandoned=True).end("interrupted")
    bad = [(item.check, item.verdict) for item in line.findings()]
    assert bad == [("scenario", "untestable"), ("http.status", "failed")]


def test_a_killed_run_blames_nobody_for_its_last_step() -> None:
    """The recording ends in mid-step: neither that step nor the scenario as a whole is judged."""
    line = Timeline("voice.Hold[positive]", operation="voice.Hold").step("voice.Hold", "transition")
    line.ask("POST", "/me/calls/CALL1", HOLD)
    assert [item.check for item in judge(line.events, CONTRACT)] == ["scenario"]


def test_steps_before_an_interruption_are_judged() -> None:
    """What was over by then is a fact."""
    line = refusal({"statusCode": 0}, status=200).done()
    line.step("voice.Dial", "refusal", negative="missing-parameter").ask("POST", "/me/devices/D1/calls", {})
    found = line.done(abandoned=True).end("interrupted").findings()
    assert {item.check for item in found if item.verdict == "failed"} == {"refusal.status", "refusal.statusCode"}


def test_a_request_that_nobody_answers_is_told_once() -> None:
    """That no reply came is the deviation; what should have come of it is no other one."""
    declared: dict[str, Any] = {
        "offered": ["Hold"],
        "expect": {"chart": "call", "state": "Held", "actor": "agent", "id": "CALL1"},
    }
    line = Timeline("call:Established-Hold-Held", operation="voice.Hold").step("voice.Hold", "transition", **declared)
    line.ask("POST", "/me/calls/CALL1", HOLD).lost().done()
    assert [(item.check, item.verdict, item.message) for item in line.findings()] == [
        ("http.status", "failed", "no HTTP reply came")
    ]
    refused = Timeline("voice.Dial[negative]", operation="voice.Dial")
    refused.step("voice.Dial", "refusal", negative="missing-parameter").ask("POST", "/me/devices/D1/calls", {}).lost()
    assert [(item.check, item.verdict) for item in refused.findings()] == [("refusal.status", "failed")]


def test_a_scenario_whose_deployment_went_away_is_not_judged_as_a_whole() -> None:
    """The same story fails when it was played to its end."""
    pair = next(item for item in PAIRS if item.check == "lists.ended")
    line = pair.broken()
    line.end("unreachable", "the deployment stopped answering")
    assert {item.check for item in line.findings() if item.verdict == "failed"} == set()
    assert "lists.ended" in {item.check for item in pair.broken().findings() if item.verdict == "failed"}
