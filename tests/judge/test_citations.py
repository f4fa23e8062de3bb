"""What findings cite: a rule that is about them, or none, and then the page of the operation."""

from __future__ import annotations

import pytest

from conformance.judge import CHECKS
from conformance.judge.citations import BY_AREA, CONDITIONAL, GENERAL, PLAIN, SAYING, WHOLE
from conformance.judge.findings import rule_for
from tests.judge.build import CONTRACT, Timeline
from tests.judge.pairs_voice import hold, refusal

PLAYED = ("basics", "voice", "chat", "contacts")

CITED = [
    # the rule of another operation, state or reply is not cited
    ("state.after", "voice.AttachUserData", None),
    ("state.after", "voice.SendDtmf", None),
    ("response.statusCode", "basics.ListUsers", "basics.errors.success"),
    ("response.statusMessage", "contacts.Create", "basics.status.message"),
    ("refusal.unchanged", "voice.Answer", "basics.errors.unchanged"),
    ("response.schema", "voice.Dial", None),
    ("response.schema", "basics.ListUsers", None),
    ("response.member", "basics.ListUsers", None),
    ("bayeux.handshake", "", None),
    ("notification.values", "voice.Answer", None),
    ("notification.schema", "voice.Answer", "basics.notifications.message-type"),
    ("response.statusCode", "voice.Dial", "basics.errors.success"),
    ("capabilities.after", "chat.Leave", "basics.capabilities.listed"),
    ("capabilities.after", "voice.Dial", "voice.capabilities.listed"),
    ("capability.withheld", "voice.Reject", "voice.capabilities.withheld"),
    ("capability.withheld", "chat.Complete", "basics.capabilities.withheld"),
    ("capability.honoured", "chat.BargeIn", "basics.capabilities.honoured"),
    ("notification.channel", "chat.Accept", "chat.topic"),
    ("notification.channel", "voice.Answer", "basics.notifications.topics"),
    ("session.cookie", "basics.GetUser", "basics.auth.cookie"),
    ("csrf.discovered", "basics.ListUsers", "basics.csrf.headers"),
    ("lists.same", "voice.ListCalls", "basics.lists.uris"),
    ("get.agrees", "voice.Answer", None),
    ("filter.matches", "contacts.List", "basics.filters.member"),
    ("state.after", "chat.Leave", None),
    # the operation's own comes first
    ("state.after", "voice.Answer", "voice.answer.establishes"),
    ("state.after", "voice.DoNotDisturbOn", "voice.dnd.on"),
    ("state.after", "voice.BargeIn", "voice.monitor.bargein"),
    ("notification.sent", "voice.Hold", "voice.hold.holds"),
    ("notification.sent", "voice.UpdateUserData", "voice.status-zero-is-sent"),
    ("notification.values", "voice.Dial", "voice.dial.user-data"),
    ("notification.values", "chat.SendUrl", "chat.send-url"),
    ("notification.order", "voice.InitiateTransfer", "voice.transfer.initiate"),
    ("response.statusCode", "basics.GetVersion", "basics.version.member"),
    ("response.member", "contacts.Create", "basics.create.members"),
    ("response.schema", "contacts.List", "contacts.types.fields"),
    ("get.agrees", "voice.ListCalls", "voice.resource.same-in-both"),
    ("lifecycle.consistent", "contacts.Create", "contacts.create.listed"),
    ("visibility.respected", "chat.SendToAgents", None),
    ("visibility.respected", "chat.BargeIn", "chat.barge-in.visible"),
    ("call.parties", "voice.MergeWithOtherCall", "voice.merge"),
    ("userData.merged", "chat.AttachUserData", "chat.user-data.attach"),
    ("toast.data", "voice.Dial", "voice.toast.states"),
]


@pytest.mark.parametrize(("check", "operation", "rule"), CITED)
def test_what_is_cited(check: str, operation: str, rule: str | None) -> None:
    """The rule that is about the check and the operation, with its page; none where there is none."""
    assert check in CHECKS
    assert not operation or operation in CONTRACT.operations
    assert rule_for(CONTRACT, check, operation) == (rule, CONTRACT.rules[rule].source if rule else None)


def test_every_check_has_decided() -> None:
    """A new check says which rule it cites, or that it cites none."""
    assert set(GENERAL) == set(CHECKS)
    assert {check for check, _ in BY_AREA} | WHOLE <= set(CHECKS)
    assert CONDITIONAL | SAYING | {rule for rule, _ in PLAIN} <= set(CONTRACT.rules)


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_a_cited_rule_is_proved_by_the_check(check: str) -> None:
    """Whatever the operation: the rule cited names the check; one that names operations names this one, unless it is
    the check's general rule; one of another area is not cited."""
    for operation in (item for area in PLAYED for item in CONTRACT.of_area(area)):
        name, source = rule_for(CONTRACT, check, operation.id)
        if name is None:
            assert source is None
            continue
        rule = CONTRACT.rules[name]
        assert check in rule.checks, f"{operation.id}: {name}"
        general = GENERAL[check] == name
        assert general or operation.id in rule.operations or (check, operation.area) in BY_AREA, operation.id
        assert general or rule.id not in CONDITIONAL or (rule.id, check) in PLAIN, f"{operation.id}: {name}"
        assert rule.area in {"basics", operation.area} or general, f"{operation.id}: {name}"


@pytest.mark.parametrize("negative", sorted(CONTRACT.negatives))
def test_a_refusal_cites_its_negative(negative: str) -> None:
    """An accepted request and a reply that never came cite the rule, the page and the level of the negative case."""
    case = CONTRACT.negatives[negative]
    level = "should" if case.level == "should" else "must"
    accepted = refusal({"statusCode": 99}, status=599, negative=negative).finding("refusal.status")
    silent = Timeline("s", operation="voice.Hold").step("voice.Hold", case="refusal", negative=negative)
    lost = silent.ask("POST", "/me/calls/CALL1", {}).lost("the connection was closed").finding("refusal.status")
    for finding in (accepted, lost):
        assert (finding.verdict != "passed", finding.rule, finding.source, finding.level) == (
            True,
            case.rule,
            case.source,
            level,
        )


def test_without_a_rule_the_page_speaks() -> None:
    """A finding that no rule is about names the page of its operation."""
    finding = hold({"statusCode": 0, "calls": 3}).finding("notification.count")
    assert finding.rule is None
    assert finding.source == CONTRACT.operations["voice.Hold"].source
