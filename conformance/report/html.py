"""`report.html`: one file for people, without a network, without a server, and safe with what a server said."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.contract import Contract
from conformance.contract.locate import data_root
from conformance.judge.findings import CHECKS, SEVERITY, Finding, Verdict
from conformance.judge.timeline import Scenario
from conformance.report.coverage import KINDS, Share, total
from conformance.report.curl import curl_line, curl_note, ended_server, homed, preamble, request_of
from conformance.report.files import write_whole
from conformance.report.model import VERDICTS, Results, ScenarioRecord
from conformance.report.sequence import BODY, sequence
from conformance.report.text import NAME, one_line, safe

FINDINGS = 1_200_000
"""Characters of findings that are told in full; later ones are told in a line."""
PICTURES = 1_400_000
"""Characters of pictures; when they are spent, bodies and then pictures are left out."""
SHORT_BODY = 200
CURL = 2_000
PER_SCENARIO = 40
"""Findings of one scenario that are told."""
SHOWN: frozenset[Verdict] = frozenset({"failed", "error", "warning", "untestable"})
# One character each in the rows' attribute, which the filters read.
LETTERS: Mapping[str, str] = {
    "passed": "p",
    "failed": "f",
    "warning": "w",
    "skipped": "s",
    "untestable": "u",
    "error": "e",
    "must": "m",
    "should": "o",
    "may": "y",
}
MARKS: Mapping[str, str] = {
    "passed": "✓",
    "failed": "✗",
    "warning": "!",
    "skipped": "–",
    "untestable": "?",
    "error": "⚠",
    "conformant": "✓",
    "not conformant": "✗",
    "incomplete": "?",
}


@dataclass
class _Budget:
    left: int

    def take(self, size: int) -> bool:
        """Whether there is room for `size`; takes it if so."""
        if size > self.left:
            return False
        self.left -= size
        return True


@dataclass(frozen=True)
class FindingView:
    """A finding as the template shows it; every text is safe and bounded."""

    verdict: str
    level: str
    check: str
    message: str
    operation: str = ""
    expected: str = ""
    seen: str = ""
    rule: str = ""
    rule_text: str = ""
    source: str = ""
    evidence: tuple[int, ...] = ()
    readings: tuple[str, ...] = ()
    curl: str = ""
    note: str = ""

    @property
    def size(self) -> int:
        """About how many characters it takes in the file."""
        texts = (self.message, self.expected, self.seen, self.rule, self.rule_text, self.source, self.curl, self.note)
        return 500 + sum(len(str(Markup.escape(text))) for text in texts)


@dataclass(frozen=True)
class ScenarioView:
    """A scenario as the template shows it: `tokens` are `check number, verdict letter, level letter` per finding."""

    number: int
    record: ScenarioRecord
    id: str
    area: str
    operation: str
    title: str
    reason: str
    tokens: str
    findings: tuple[FindingView, ...]
    more: int
    picture: bool


def write_html(results: Results, scenarios: Iterable[Scenario], path: Path, contract: Contract) -> Path:
    """Writes the page. Raises `OSError` where it cannot."""
    return write_whole(path, render(results, scenarios, contract).encode("utf-8"))


def render(results: Results, scenarios: Iterable[Scenario], contract: Contract) -> str:
    """The page's text."""
    folder = data_root("templates")
    style, script = ((folder / name).read_text("utf-8") for name in ("report.css", "report.js"))
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(one=one_line, safe_text=safe)
    views, pictures, checks = _views(results, scenarios, contract)
    data = {"checks": checks, "pictures": pictures, "letters": {value: key for key, value in LETTERS.items()}}
    return environment.get_template("report.html.j2").render(
        results=results,
        run=results.run,
        target=_facts(results.run.target),
        views=views,
        preamble=_preamble(results, views),
        server=ended_server(results.run.target, results.run.arguments),
        verdicts=VERDICTS,
        levels=("must", "should", "may"),
        marks=MARKS,
        areas=list(dict.fromkeys(view.area for view in views)),
        titles=contract.areas,
        checks=checks,
        check_rows=_check_rows(results),
        coverage=_coverage(results),
        kinds=KINDS,
        totals={kind: total(getattr(item, kind) for item in results.coverage.values()) for kind in KINDS},
        ambiguities=_ambiguities(results, contract),
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=Markup(script_json(data)),  # noqa: S704 - escaped by script_json
    )


def script_json(value: Any) -> str:
    """JSON that can stand in a `<script>` element whatever its strings are: nothing in it ends or begins markup."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _hash(text: str) -> str:
    # The page's policy admits these two and nothing else: even markup that got through would not run.
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _views(
    results: Results, scenarios: Iterable[Scenario], contract: Contract
) -> tuple[list[ScenarioView], dict[str, Any], list[str]]:
    """The scenarios, the worst first; the pictures by the scenario's number; the names of the checks."""
    shown = {record.id for record in results.scenarios if record.verdict in SHOWN}
    played = {item.id: item for item in scenarios if item.id in shown}
    grouped = results.by_scenario()
    checks = list(dict.fromkeys(one_line(item.check, 80) for item in results.findings))
    numbers = {name: number for number, name in enumerate(checks)}
    ranked = sorted(enumerate(results.scenarios), key=lambda item: -_rank(item[1].verdict))
    room, pictures_room = _Budget(FINDINGS), _Budget(PICTURES)
    views, pictures = [], {}
    for number, record in ranked:
        findings = grouped.get(record.id, [])
        scenario = played.get(record.id)
        picture = _picture(scenario, findings, pictures_room)
        if picture is not None:
            pictures[str(number)] = picture
        told, more = _told(findings, scenario, contract, room, results.run.target)
        views.append(
            ScenarioView(
                number=number,
                record=record,
                id=one_line(record.id, NAME),
                area=one_line(record.area, 80),
                operation=one_line(record.operation, 120),
                title=one_line(record.title, NAME),
                reason=one_line(record.reason, 300),
                tokens=" ".join(
                    f"{numbers[one_line(item.check, 80)]}{LETTERS[item.verdict]}{LETTERS[item.level]}"
                    for item in findings
                ),
                findings=told,
                more=more,
                picture=picture is not None,
            )
        )
    return views, pictures, checks


def _rank(verdict: Verdict) -> int:
    """Failures before errors of the suite: the reader came for the server."""
    return SEVERITY.index(verdict) + (2 if verdict == "failed" else 0)


def _picture(scenario: Scenario | None, findings: Sequence[Finding], room: _Budget) -> dict[str, Any] | None:
    if scenario is None:
        return None
    made = sequence(scenario, findings)
    for body in (BODY, SHORT_BODY):
        picture = made.as_json(body)
        if room.take(len(script_json(picture).encode("utf-8"))):
            return picture
    return None


def _told(
    findings: Sequence[Finding],
    scenario: Scenario | None,
    contract: Contract,
    room: _Budget,
    target: Mapping[str, Any],
) -> tuple[tuple[FindingView, ...], int]:
    """The findings that are no pass, the worst first; and how many there are besides."""
    bad = sorted((item for item in findings if item.verdict != "passed"), key=lambda item: -_rank(item.verdict))
    told = []
    for finding in bad[:PER_SCENARIO]:
        view = _view(finding, scenario, contract, target)
        if not room.take(view.size):
            short = FindingView(view.verdict, view.level, view.check, one_line(finding.message, 120))
            if not room.take(short.size // 3):
                break
            view = short
        told.append(view)
    return tuple(told), len(bad) - len(told)


def _view(finding: Finding, scenario: Scenario | None, contract: Contract, target: Mapping[str, Any]) -> FindingView:
    exchange = request_of(finding, scenario) if scenario is not None else None
    line = homed(curl_line(exchange), target) if exchange is not None else ""
    note = curl_note(exchange, scenario, target) if exchange is not None and scenario is not None else ""
    rule = contract.rules.get(finding.rule or "")
    return FindingView(
        verdict=finding.verdict,
        level=finding.level,
        check=one_line(finding.check, 80),
        message=safe(finding.message),
        operation=one_line(finding.operation, 120),
        expected=safe(finding.expected),
        seen=safe(finding.seen),
        rule=one_line(finding.rule or "", NAME),
        rule_text=one_line(rule.text, 400) if rule else "",
        source=one_line(finding.source, NAME) if finding.source else "",
        evidence=finding.evidence[:12],
        readings=tuple(one_line(item, 120) for item in finding.readings[:6]),
        curl=line if len(line) <= CURL else "",
        note=note if len(line) <= CURL else "",
    )


def _preamble(results: Results, views: Sequence[ScenarioView]) -> str:
    """What the curl lines need, empty where the page has none of them."""
    lines = [item.curl for view in views for item in view.findings if item.curl]
    return preamble(results.run.target, lines) if lines and results.run.target.get("baseUrl") else ""


def _facts(target: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """The target's description as rows: nested members under dotted names."""
    rows: list[tuple[str, str]] = []
    for key, value in target.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            rows += _facts(value, f"{name}.")
        elif isinstance(value, list | tuple):
            rows.append((one_line(name, 80), one_line(", ".join(map(str, value)) or "none")))
        else:
            rows.append((one_line(name, 80), one_line(value)))
    return rows[:60]


def _check_rows(results: Results) -> list[dict[str, Any]]:
    """Each check that said something: what it asks, and how often it said what."""
    rows: dict[str, dict[str, Any]] = {}
    for finding in results.findings:
        name = one_line(finding.check, 80)
        known = CHECKS.get(finding.check)
        row = rows.setdefault(
            name, {"name": name, "doc": known.doc if known else "", "counts": dict.fromkeys(VERDICTS, 0)}
        )
        row["counts"][finding.verdict] += 1
    return [rows[name] for name in sorted(rows)]


def _coverage(results: Results) -> list[dict[str, Any]]:
    """The areas that were asked for (all, where none is named), and others that were touched, with their shares."""
    asked = results.run.areas
    return [
        {"area": area, "shares": [(kind, _named(getattr(shares, kind))) for kind in KINDS]}
        for area, shares in results.coverage.items()
        if not asked or area in asked or any(getattr(shares, kind).touched for kind in KINDS)
    ]


def _named(share: Share) -> dict[str, Any]:
    return {
        "touched": share.touched,
        "known": share.known,
        "missing": [one_line(name, 160) for name in share.missing[:400]],
        "more": max(0, len(share.missing) - 400),
    }


def _ambiguities(results: Results, contract: Contract) -> list[dict[str, Any]]:
    rows = []
    for name, followed in results.readings.items():
        known = contract.ambiguities.get(name)
        texts = {item.id: item for item in known.readings} if known else {}
        rows.append(
            {
                "id": one_line(name, NAME),
                "text": known.text if known else "not known to this contract",
                "sources": [str(item) for item in known.sources] if known else [],
                "mixed": len(followed) > 1,
                "followed": [
                    {
                        "id": one_line(reading, NAME),
                        "text": texts[reading].text if reading in texts else "",
                        "allowed": texts[reading].allowed if reading in texts else True,
                        "count": count,
                    }
                    for reading, count in followed.items()
                ],
            }
        )
    return rows
