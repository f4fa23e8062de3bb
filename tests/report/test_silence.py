"""A run in which nobody was notified says so first, and tells what could not be tested by its cause."""

from __future__ import annotations

import io

import pytest

from conformance.judge.timeline import Scenario
from conformance.report.causes import SILENT, root_cause
from conformance.report.console import make_console, print_summary
from conformance.report.model import Results
from tests.report.report_support import Tape, finding, results_of

STATE = "Held of chart call was not reached: after call:start-Dial-Dialing the resource shows {'state': None}"
OTHER = "Released of chart call was not reached: after call:start-Dial-Dialing the resource shows {'state': 'Idle'}"
MISSED = finding("failed", check="notification.sent", message="no notification reached agent")


def subscribed(*, event: bool = False, successful: bool = True) -> Scenario:
    """A scenario in which a CometD session subscribes."""
    tape = Tape()
    tape.begin("voice.Hold/1", area="voice")
    reply = {"channel": "/meta/subscribe", "successful": successful, "subscription": "/v2/me/calls"}
    tape.add("cometd.receive", {"session": "agent/1", "messages": [reply]}, "agent")
    if event:
        tape.told({"messageType": "CallStateChangeMessage"})
    return tape.end()


def summary(results: Results) -> str:
    """What a person sees of it."""
    out = io.StringIO()
    print_summary(results, {}, make_console(out))
    return out.getvalue()


def test_a_run_without_any_notification_says_so_first() -> None:
    """The first reason is the cause, with what to look at."""
    results = results_of([MISSED], [subscribed()])
    assert results.silent
    assert results.reasons[0].startswith("no notification came in the whole run, though CometD sessions had subscribed")
    assert "notifications_path" in results.reasons[0]
    assert "proxy" in results.reasons[0]
    assert results.verdict == "not conformant"


@pytest.mark.parametrize(
    ("scenario", "missed"),
    [(subscribed(event=True), True), (subscribed(successful=False), True), (subscribed(), False)],
    ids=["one-came", "not-subscribed", "none-owed"],
)
def test_one_that_came_or_none_that_was_owed_is_no_silence(scenario: Scenario, missed: bool) -> None:
    """A single notification is enough to know that they can come; and where none is owed, none is missed."""
    results = results_of([MISSED] if missed else [finding("failed")], [scenario])
    assert not results.silent
    assert "no notification came" not in " ".join(results.reasons)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (STATE, "call:start-Dial-Dialing did not lead to its state, as far as anybody was told"),
        (
            "Held of chart call was not reached: call:start-Dial-Dialing was refused: HTTP 500, statusCode 10",
            "call:start-Dial-Dialing was refused: HTTP 500, statusCode 10",
        ),
        (
            "chat.Accept needs the id of a chat, and there is none",
            "nobody was told of the chat that the scenario needs",
        ),
        ("self was told of no call that is {'state': 'x'}", "nobody was told of the call that the scenario needs"),
        (
            "the resource left On before voice.Hold; the operations after that were not tried",
            "the resource left the state that it was brought to before all was tried",
        ),
        ("nobody plays 'third' in this scenario", "nobody plays 'third' in this scenario"),
        ("x.Get needs the id of a contact, and there is none", "x.Get needs the id of a contact, and there is none"),
    ],
)
def test_what_stands_behind_an_untestable(message: str, cause: str) -> None:
    """One obstacle on the way to many states is one cause; what has another reason keeps it, silent run or not."""
    assert root_cause(message) == cause
    kept = cause == message or "refused" in cause
    assert root_cause(message, silent=True) == (cause if kept else SILENT)


def test_the_console_tells_causes_and_the_largest_first() -> None:
    """Two states behind one obstacle are one line, above a cause that concerns one scenario."""
    found = [
        finding("untestable", "a", check="scenario", operation="", message="nobody plays 'third' in this scenario"),
        finding("untestable", "b", check="scenario", operation="", message=STATE),
        finding("untestable", "c", check="scenario", operation="", message=OTHER),
    ]
    lines = summary(results_of(found)).splitlines()
    start = lines.index("Untestable, and what would help")
    assert lines[start + 1].strip() == f"{root_cause(STATE)}  (b and 1 more)"
    assert lines[start + 2].strip() == "nobody plays 'third' in this scenario  (a)"
    silent = summary(results_of([MISSED, *found], [subscribed()]))
    assert f"{SILENT}  (b and 1 more)" in silent
