"""What a run has touched, and how long notifications took."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.contract import Example, Transition, load_contract
from conformance.report.coverage import TransitionLog, coverage, total
from conformance.report.latency import KINDS, LatencyMeter, figures, first_events
from tests.report.report_support import Tape, finding, hold, small_contract


def test_an_operation_is_touched_when_a_check_had_something_to_say() -> None:
    findings = [finding("failed"), finding("untestable", operation="voice.Retrieve"), finding("skipped", operation="x")]
    voice = coverage(small_contract(), findings, [], [])["voice"]
    assert voice.operations.touched == 1
    assert voice.operations.missing == ("voice.Retrieve",)


def test_rules_count_for_their_operations_and_only_where_a_check_proves_them() -> None:
    voice = coverage(small_contract(), [finding()], [], [])["voice"]
    assert (voice.rules.touched, voice.rules.known) == (1, 3), "the unchecked rule is not known to a run"
    assert voice.rules.missing == ("voice.retrieve.state", "voice.reply")
    elsewhere = finding(check="response.statusCode", operation="contacts.List", area="contacts", rule=None)
    general = coverage(small_contract(), [elsewhere], [], [])
    assert "voice.reply" in general["voice"].rules.missing, "it was about another area"
    own = coverage(small_contract(), [finding(check="response.statusCode", operation="voice.Retrieve")], [], [])
    assert "voice.reply" not in own["voice"].rules.missing


def test_ambiguities_and_areas_without_any() -> None:
    areas = coverage(small_contract(), [], [], ["voice.number", "unknown.one"])
    assert (areas["voice"].ambiguities.touched, areas["voice"].ambiguities.missing) == (1, ())
    assert areas["contacts"].ambiguities.known == 0
    assert total(item.operations for item in areas.values()).known == 3


def test_samples_count_where_they_were_sent_and_judged() -> None:
    """Preparing, refusals and what was never sent play no sample; each sample counts once."""
    tape = Tape()
    tape.begin("s", area="voice")
    for case, example in (("setup", "two"), ("refusal", "two"), ("positive", "one"), ("offered", "one")):
        tape.step("voice.Hold", case, example=example)
        tape.request()
    tape.step("voice.Hold", "positive", example="two")
    log = TransitionLog(small_contract())
    log.add(tape.end())
    assert log.samples == {"voice.Hold[one]"}
    contract = small_contract()
    operation = contract.operations["voice.Hold"]
    examples = tuple(Example(name, {}) for name in ("one", "two"))
    contract = replace(
        contract, operations={**contract.operations, "voice.Hold": replace(operation, examples=examples)}
    )
    voice = coverage(contract, [], [], [], log.samples)["voice"]
    assert (voice.samples.touched, voice.samples.known) == (1, 2)
    assert voice.samples.missing == ("voice.Hold[two]",)
    assert voice.as_json()["samples"]["missing"] == ["voice.Hold[two]"]


def test_a_transition_is_known_by_the_state_before_it() -> None:
    log = TransitionLog(small_contract())
    log.add(hold(Tape())[0])
    assert log.touched == {"call:Established-Hold-Held"}, "the way there is setup, and not judged"


def test_a_transition_that_a_step_names_is_taken_at_its_word() -> None:
    tape = Tape()
    tape.begin("s", area="voice")
    tape.step("voice.Retrieve", transition="call:Held-Retrieve-Established")
    tape.request()
    tape.step("voice.Retrieve", transition="no such transition")
    tape.request()
    log = TransitionLog(small_contract())
    log.add(tape.end())
    assert log.touched == {"call:Held-Retrieve-Established"}


@pytest.mark.parametrize("case", ["setup", "cleanup", "stimulus"])
def test_what_only_prepares_touches_no_transition(case: str) -> None:
    tape = Tape()
    tape.begin("s", area="voice")
    tape.step("voice.Dial", case, expect={"chart": "call", "state": "Ringing"})
    tape.request()
    log = TransitionLog(small_contract())
    log.add(tape.end())
    assert log.touched == set()


def test_a_step_in_which_nothing_was_said_touches_nothing() -> None:
    tape = Tape()
    tape.begin("s", area="voice")
    tape.step("voice.Dial", "transition", expect={"chart": "call", "state": "Ringing"})
    log = TransitionLog(small_contract())
    log.add(tape.end())
    assert log.touched == set()


def test_latency_is_from_the_request_to_the_first_event_of_a_kind() -> None:
    tape = Tape()
    tape.begin("s")
    tape.step()
    tape.told({"messageType": "Early"})
    tape.request()
    tape.told({"messageType": "CallStateChangeMessage"})
    tape.told({"messageType": "CallStateChangeMessage"}, "second_agent")
    tape.told({"messageType": "MessageLogUpdated"})
    (step,) = tape.end().steps
    assert first_events(step) == {
        "CallStateChangeMessage": pytest.approx(0.01),
        "MessageLogUpdated": pytest.approx(0.03),
    }


def test_a_get_has_no_latency_and_a_step_without_request_neither() -> None:
    tape = Tape()
    tape.begin("s")
    tape.step()
    tape.request("GET")
    tape.told({"messageType": "CallStateChangeMessage"})
    tape.step()
    tape.told({"messageType": "CallStateChangeMessage"})
    assert [first_events(step) for step in tape.end().steps] == [{}, {}]


def test_figures() -> None:
    hundred = figures([number / 100 for number in range(100, 0, -1)])
    assert (hundred.count, hundred.median, hundred.p95, hundred.max) == (100, 0.505, 0.95, 1.0)
    assert figures([0.25]).as_json() == {"count": 1, "median": 0.25, "p95": 0.25, "max": 0.25}


def test_a_server_cannot_flood_the_table_of_latencies() -> None:
    tape = Tape()
    tape.begin("s")
    meter = LatencyMeter()
    tape.step()
    tape.request()
    for number in range(KINDS + 30):
        tape.told({"messageType": f"Kind\x1b[31m{number}" + "x" * 500})
    meter.add(tape.end())
    summary = meter.summary()
    assert len(summary) == KINDS
    assert all(len(kind) <= 80 and "\x1b" not in kind for kind in summary)


@pytest.mark.parametrize(
    ("before", "touched"),
    [("Ringing", {"call:Ringing-Hold-Held"}), ("Established", {"call:Established-Hold-Held"}), ("Held", set())],
)
def test_of_two_ways_to_a_state_only_the_one_that_was_gone_is_touched(before: str, touched: set[str]) -> None:
    contract = small_contract()
    chart = contract.statecharts["call"]
    second = Transition("voice.Hold", "Ringing", "Held", "call")
    charts = {"call": replace(chart, transitions=(*chart.transitions, second))}
    tape = Tape()
    tape.begin("s", area="voice")
    tape.step("voice.Dial", "setup", expect={"chart": "call", "state": before})
    tape.step("voice.Hold", expect={"chart": "call", "state": "Held"})
    tape.request()
    log = TransitionLog(replace(contract, statecharts=charts))
    log.add(tape.end())
    assert log.touched == touched


def test_a_negatives_rule_counts_only_where_the_negative_was_sent() -> None:
    contract = load_contract()
    name = "chat.RemoveParticipantFromConference"
    other = finding(check="refusal.status", operation=name, rule="basics.auth.required")
    own = finding(check="refusal.status", operation=name, rule="chat.remove.target")
    assert "chat.remove.target" in coverage(contract, [other], [], [])["chat"].rules.missing
    assert "chat.remove.target" not in coverage(contract, [own], [], [])["chat"].rules.missing


def test_what_readings_show_touches_no_operation() -> None:
    voice = coverage(small_contract(), [finding(check="reading.allowed")], [], [])["voice"]
    assert voice.operations.touched == 0
