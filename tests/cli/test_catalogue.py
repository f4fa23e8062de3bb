"""operations, explain, coverage: what the contract holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from conformance.cli import explaining
from conformance.cli.screen import LINES, screen
from conformance.contract import load_contract
from conformance.contract.coverage import extent, total
from conformance.judge import CHECKS
from tests.cli.cli_support import FORMATS, call

CONTRACT = load_contract()


def test_operations_as_json_follow_their_format() -> None:
    said = call("operations", "--json")
    assert said.code == 0
    schema = json.loads((FORMATS / "catalogue.json").read_text("utf-8"))
    jsonschema_rs.validator_for(schema).validate(said.json)
    assert [item["id"] for item in said.json] == list(CONTRACT.operations)


def test_an_entry_of_the_catalogue_says_what_the_page_says() -> None:
    (dial,) = [item for item in call("operations", "--area", "voice", "--json").json if item["id"] == "voice.Dial"]
    assert (dial["method"], dial["path"], dial["operationName"]) == ("POST", "/me/devices/{id}/calls", "Dial")
    assert dial["source"]["page"] == "Dial"
    by_name = {item["name"]: item for item in dial["parameters"]}
    assert by_name["destination"]["required"] is True
    assert by_name["destination.phoneNumber"] == {
        "name": "destination.phoneNumber",
        "in": "body",
        "type": "phoneNumber",
        "required": True,
        "values": None,
        "default": None,
    }
    (dialing,) = [item for item in dial["notifications"] if item["state"] == "Dialing"]
    assert dialing["messageType"] == "CallStateChangeMessage"
    assert set(dialing["capabilities"]) == set(CONTRACT.statecharts["call"].states["Dialing"].offers)


@pytest.mark.parametrize(
    ("arguments", "keeps"),
    [
        (("--area", "contacts"), lambda item: item.area == "contacts"),
        (("--area", "contacts", "--area", "chat"), lambda item: item.area in {"contacts", "chat"}),
        (("--feature", "api-voice-recording"), lambda item: "api-voice-recording" in item.features),
        (("--role", "admin"), lambda item: "admin" in item.roles),
    ],
)
def test_operations_are_selected(arguments: tuple[str, ...], keeps: Any) -> None:
    wanted = [item.id for item in CONTRACT.operations.values() if keeps(item)]
    assert wanted
    assert [item["id"] for item in call("operations", *arguments, "--json").json] == wanted
    table = call("operations", *arguments)
    assert all(name in table.out for name in wanted)
    assert f"{len(wanted)} operations" in table.out


def test_one_of_several_features_is_enough() -> None:
    """Each of them finds the operation; what all are needed for is told apart."""
    (note,) = explaining.explain("ucs-voice.SetCallNote", CONTRACT)
    assert dict(note.facts)["one of"] == "api-voice, api-ucs-voice"
    assert (dict(note.facts)["features"], note.data["featuresAny"]) == ("", ["api-voice", "api-ucs-voice"])
    for feature in note.data["featuresAny"]:
        assert note.id in [item["id"] for item in call("operations", "--feature", feature, "--json").json]
    (dial,) = explaining.explain("outbound.Dial", CONTRACT)
    assert dict(dial.facts)["features"] == "api-voice-outbound, api-voice"
    assert dial.data["featuresAny"] == []


# fmt: off
AREAS = [
    "agent-control", "basics", "business-units", "channels", "chat", "cm-scenarios", "contacts",
    "customer-chat", "devices", "digital-events", "dispositions", "email", "facebook", "facebook-session",
    "history", "im", "openmedia", "outbound", "places", "platform-configuration", "removed", "settings", "sms",
    "standard-responses", "statistics", "twitter", "ucs-voice", "user-settings", "users", "voice", "workbins",
    "workitem",
]
# fmt: on


def test_every_part_of_the_reference_is_an_area() -> None:
    """Each can be asked for; the scenarios of Configuration Manager have rules and no request."""
    assert sorted(CONTRACT.areas) == AREAS
    for area in AREAS:
        said = call("operations", "--area", area, "--json")
        assert said.code == 0
        assert {item["area"] for item in said.json} == (set() if area == "cm-scenarios" else {area})
    assert sum(rule.area == "cm-scenarios" for rule in CONTRACT.rules.values()) > 10


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (("--area", "nonsense"), "basics"),
        (("--feature", "nonsense"), "api-voice"),
        (("--role", "nonsense"), "supervisor"),
    ],
)
def test_an_unknown_selection_lists_the_known_ones(arguments: tuple[str, ...], known: str) -> None:
    said = call("operations", *arguments)
    assert said.code == 2
    assert "nonsense" in said.err
    assert known in said.err


@pytest.mark.parametrize(
    ("identifier", "kind", "words"),
    [
        (
            "voice.Answer",
            "operation",
            ["Answers a ringing call", "call in Ringing", "Answer", "voice.answer.establishes"],
        ),
        ("voice.answer", "operation", ["POST /me/calls/{id}"]),
        ("call", "resource", ["callUuid", "Call resource"]),
        ("CallStateChangeMessage", "message", ["/v2/me/calls", "notificationType", "voice.Dial"]),
        ("consult", "statechart", ["ConsultDialing", "CompleteConference"]),
        ("contacts.filter.name", "rule", ["filter.matches", "line 38355"]),
        ("notification.order", "check", ["voice.conference.initiate"]),
        ("contacts.create-response", "ambiguity", ["plural", "singular", "the bundled server"]),
        ("no-credentials", "negative case", ["HTTP 403", "statusCode 20"]),
    ],
)
def test_explain_says_what_is_checked_and_why(identifier: str, kind: str, words: list[str]) -> None:
    said = call("explain", identifier)
    assert said.code == 0
    assert kind in said.out
    for word in words:
        assert word in said.out
    assert kind in [item["kind"] for item in call("explain", identifier, "--json").json]


def test_an_operation_is_explained_with_its_refusals() -> None:
    (dial,) = explaining.explain("voice.Dial", CONTRACT)
    refused = dict(dial.sections[[item.title for item in dial.sections].index("Must be refused")].rows)[""]
    assert "missing-parameter (destination" in refused
    assert "no-credentials" in refused
    assert set(dial.data["checks"]) <= set(CHECKS)
    assert "paging.window" not in dial.data["checks"]


def test_everything_can_be_explained() -> None:
    names = explaining.known_ids(CONTRACT)
    assert len(names) > len(CONTRACT.operations) + len(CONTRACT.rules)
    for name in names:
        found = explaining.explain(name, CONTRACT)
        assert found, name
        for item in found:
            assert item.facts, name
            json.dumps(item.as_json())


@pytest.mark.parametrize("width", [80, 240])
def test_every_explanation_fits_one_screen(width: int) -> None:
    """Operations, resources, messages, rules, checks, ambiguities: of every area, on 80 columns as well."""
    areas = set()
    for name in explaining.known_ids(CONTRACT):
        found = explaining.explain(name, CONTRACT)
        height = LINES // len(found) - (len(found) > 1)
        for item in found:
            lines = screen(item, width, height)
            assert 2 <= len(lines) <= height, name
            assert max(len(line.plain) for line in lines) <= width, name
            assert lines[0].plain.startswith(f"{item.id[: width - 1]}"), name
        areas.add(name.split(".")[0])
    assert areas >= CONTRACT.areas.keys()


@pytest.mark.parametrize("name", ["contacts.List", "notification.sent", "call", "statistics.GetValues"])
def test_what_is_shortened_can_be_shown_in_full(name: str) -> None:
    short, full = call("explain", name, columns=80), call("explain", name, "--full", columns=80)
    assert short.code == full.code == 0
    assert len(short.out.splitlines()) <= LINES
    cut = "--full" in short.out
    assert (len(full.out.splitlines()) > LINES) == cut
    if cut:
        assert len(full.out) > len(short.out)
    else:
        assert full.out == short.out


def test_an_unknown_id_suggests_near_ones() -> None:
    said = call("explain", "voice.Anser")
    assert said.code == 2
    assert "voice.Answer" in said.err


def test_coverage_counts_what_the_contract_has() -> None:
    counted = call("coverage", "--json").json
    assert counted["areas"].keys() == CONTRACT.areas.keys()
    assert counted["total"]["operations"] == len(CONTRACT.operations)
    assert counted["total"]["rules"] == len(CONTRACT.rules)
    assert counted["total"]["rulesWithChecks"] == sum(bool(rule.checks) for rule in CONTRACT.rules.values())
    assert counted["total"]["transitions"] == sum(len(chart.transitions) for chart in CONTRACT.statecharts.values())
    assert counted["areas"]["contacts"]["samples"] > 0
    table = call("coverage")
    assert "rules with checks" in table.out
    assert str(counted["total"]["parameters"]) in table.out
    assert sum(area["documentedBlocks"] for area in counted["areas"].values()) == counted["total"]["documentedBlocks"]
    assert all(area["documentedBlocks"] > 0 for area in counted["areas"].values())


def test_tables_fit_a_narrow_terminal() -> None:
    """80 columns: no number and no name of a column is folded, and nothing is wider."""
    counted = call("coverage", "--json").json["areas"]
    said = call("coverage", columns=80)
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["area", "blocks", "operations", "parameters", "samples", "rules", "checked"]
    keys = ("documentedBlocks", "operations", "parameters", "samples", "rules", "rulesWithChecks")
    for name, numbers in counted.items():
        assert [name, *(str(numbers[key]) for key in keys)] in [line.split() for line in lines]
    listed = call("operations", columns=80).out.splitlines()
    assert max(map(len, listed)) <= 80
    assert {line.split()[0] for line in listed if line and not line.startswith(" ")} >= set(CONTRACT.operations)


def test_nothing_is_dropped_on_fifty_columns() -> None:
    """Where id and request do not fit beside each other, they stand beneath each other."""
    listed = call("operations", "--area", "voice", columns=50).out
    for item in CONTRACT.of_area("voice"):
        assert f"{item.id}\n  {item.method} {item.path}\n" in listed


def test_the_orders_of_the_bundled_server_are_those_it_takes() -> None:
    """The help names what the option accepts."""
    from conformance.simulator.world import ORDERS

    said = " ".join(call("simulator", "--help", columns=200).out.split())
    assert all(order in said for order in ORDERS)
    assert "notification-first" not in said


def test_the_total_is_the_sum() -> None:
    areas = extent(CONTRACT)
    assert total(areas.values()).operations == sum(item.operations for item in areas.values())


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("{", "not JSON"), ("[]", "not the results"), ('{"format": "x"}', "not the results")],
)
def test_coverage_of_something_else_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "results.json").write_text(content, "utf-8")
    said = call("coverage", str(tmp_path))
    assert said.code == 2
    assert words in said.err
