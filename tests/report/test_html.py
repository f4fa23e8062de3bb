"""`report.html`: balanced, alone in the world, and not to be taken over by what a server said."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from conformance.judge.findings import Verdict
from conformance.report.html import render, script_json
from conformance.report.model import VERDICTS
from tests.report.report_support import HOSTILE, Page, Tape, finding, hold, results_of, small_contract, world


def page_of(results: Any, scenarios: Any = ()) -> tuple[str, Page]:
    text = render(results, scenarios, small_contract())
    page = Page(text)
    assert page.problems == []
    assert page.handlers == [], "no inline handlers and styles: the policy forbids them"
    assert len(page.ids) == len(set(page.ids))
    assert all(address.startswith("#") for address in page.addresses), page.addresses
    assert len(page.scripts) == 2
    return text, page


def data_of(page: Page) -> Any:
    attrs, text = page.scripts[0]
    assert attrs == {"type": "application/json", "id": "data"}
    return json.loads(text)


def test_a_run_of_some_hundred_scenarios() -> None:
    results, played = world(300)
    text, page = page_of(results, played)
    assert page.tags.count("article") == len([item for item in results.findings if item.verdict != "passed"])
    assert "Not conformant" in page.text
    assert "33 checks failed in 33 scenarios" in page.text
    for wanted in ("voice.number", "without the area code", "CallStateChangeMessage", "voice.hold.state", "curl -sS"):
        assert wanted in page.text
    assert text.count('class="row"') == 300
    shown = {
        record.id for record in results.scenarios if record.verdict in {"failed", "error", "warning", "untestable"}
    }
    assert len(data_of(page)["pictures"]) == len(shown) < 100, "passing scenarios carry no events"


def test_failures_come_first() -> None:
    results, played = world(60)
    text, _ = page_of(results, played)
    order = re.findall(r'<details class="row" .*data-v="(\w+)"', text)
    assert order == sorted(order, key=["failed", "error", "untestable", "warning", "skipped", "passed"].index)


def test_rows_carry_what_the_filters_need() -> None:
    text, page = page_of(results_of([finding("failed"), finding("warning", check="latency.deadline"), finding()]))
    data = data_of(page)
    (tokens,) = re.findall(r'data-f="([^"]*)"', text)
    read = [(data["checks"][int(t[:-2])], data["letters"][t[-2]], data["letters"][t[-1]]) for t in tokens.split()]
    assert read == [
        ("state.after", "failed", "must"),
        ("latency.deadline", "warning", "should"),
        ("state.after", "passed", "must"),
    ]


@pytest.mark.parametrize(
    "run",
    [{}, {"interrupted": True}, {"problem": "no answer", "problem_kind": "unreachable"}, {"problem": "KeyError: 'x'"}],
)
def test_empty_runs_say_so(run: dict[str, Any]) -> None:
    results = results_of([], **run)
    _, page = page_of(results)
    assert results.verdict.capitalize() in page.text
    assert "No scenario was played." in page.text
    assert results.reasons[0] in page.text


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_has_its_row(verdict: Verdict) -> None:
    item, seq = hold(Tape())
    text, page = page_of(results_of([finding(verdict, evidence=(seq,))], [item]), [item])
    assert f' data-v="{verdict}" data-f=' in text
    assert bool(data_of(page)["pictures"]) == (verdict not in {"passed", "skipped"})


def hostile_page() -> tuple[str, Page]:
    item, seq = hold(Tape(), HOSTILE, text=HOSTILE, title=HOSTILE, area=HOSTILE)
    evil = dict.fromkeys(("message", "expected", "seen", "rule", "area", "operation", "check", "id"), HOSTILE)
    bad = finding("failed", HOSTILE, evidence=(seq,), readings=(f"{HOSTILE}/{HOSTILE}",), **evil)
    target = {HOSTILE: HOSTILE, "nested": {HOSTILE: [HOSTILE]}}
    run: dict[str, Any] = {"server_version": HOSTILE, "features": (HOSTILE,), "target": target, "problem": HOSTILE}
    run |= {"arguments": (HOSTILE,), "areas": (HOSTILE,), "profile": HOSTILE, "started": HOSTILE, "id": HOSTILE}
    return page_of(results_of([bad], [item], **run), [item])


def test_hostile_strings_stay_text() -> None:
    text, page = hostile_page()
    assert "img" not in page.tags
    assert page.tags.count("script") == 2
    assert "<script>alert(1)</script>" in page.text, "it is shown"
    assert "{{7*7}}" in page.text, "nothing is evaluated as a template"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2028\ufffe\ud800-\udfff]", text)
    text.encode("utf-8")


def test_hostile_strings_in_the_data_end_no_script() -> None:
    _, page = hostile_page()
    raw = page.scripts[0][1]
    assert not re.search(r"[<>&\u2028\u2029]", raw)
    assert "</script><script>alert(1)" in json.dumps(data_of(page), ensure_ascii=False)


def test_script_json_keeps_the_value() -> None:
    value = {"a": "</script><!-- & \u2028 \u2029 \\u003c é", "b": [1, None, True]}
    text = script_json(value)
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")


def test_the_policy_admits_the_pages_own_script_and_style_alone() -> None:
    text, page = page_of(results_of([finding()]))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    script = page.scripts[1][1]
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for name, source in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{name} &#39;sha256-{digest}&#39;".replace("&#39;", "'") in policy.replace("&#39;", "'").replace(
            "&#43;", "+"
        )
    assert "default-src 'none'" in policy
    assert "url(" not in style
    assert "@import" not in style
    assert "</" not in script


def test_a_page_of_two_thousand_scenarios_stays_below_five_megabytes() -> None:
    results, played = world(2000, text=HOSTILE * 30, bad_every=1)
    text = render(results, played, small_contract())
    assert len(text.encode("utf-8")) < 5_000_000
    assert text.count('class="row"') == 2000
    assert Page(text).problems == []
    assert "What was said is in the timeline from" in text, "what is left out is told"


def test_one_huge_scenario_is_bounded() -> None:
    tape = Tape()
    tape.begin("s", area="voice")
    seqs = []
    for _ in range(300):
        tape.step()
        tape.request(body={"text": "x" * 60_000})
        seqs.append(tape.reply({"text": "y" * 60_000}))
    item = tape.end()
    findings = [finding("failed", "s", id=f"s/{seq}", message="z" * 60_000, evidence=(seq,)) for seq in seqs]
    text, page = page_of(results_of(findings, [item]), [item])
    assert len(text) < 600_000
    assert "260 more findings are in results.json." in page.text
