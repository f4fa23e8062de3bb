"""The fuzzer finds nothing on the sound server, and each planted fault on an unsound one: where, by which check, and
the same again for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fuzz.fuzz_support import Bench, validate

CREATE, LIST, UPDATE, DELETE = "contacts.Create", "contacts.List", "contacts.Update", "contacts.Delete"
VERSION = "basics.GetVersion"
WHOLE = (CREATE, UPDATE, DELETE)


@dataclass(frozen=True)
class Planted:
    """A fault, the operations that are fuzzed, and the finding that there must be."""

    fault: str
    operations: tuple[str, ...]
    operation: str
    check: str
    cause: str
    examples: int = 4


PLANTED = [
    Planted("generic.stack-trace:POST", (CREATE,), CREATE, "fuzz.internals", "Java stack trace"),
    Planted(
        "generic.http-status:500@POST", (CREATE,), CREATE, "fuzz.server-error", "HTTP 500, statusCode 10, bad input"
    ),
    Planted("generic.status-code:0@PUT", (UPDATE,), UPDATE, "fuzz.accepted", "unknown-id:id", 2),
    Planted("contacts.name-not-required", (CREATE,), CREATE, "fuzz.accepted", "missing-parameter:name", 12),
    Planted("generic.no-status-message", (CREATE,), CREATE, "fuzz.envelope", "no message"),
    Planted("basics.message-beside-0", (VERSION,), VERSION, "fuzz.envelope", "message beside 0"),
    Planted("generic.wrong-type-member:statusCode@GET", (VERSION,), VERSION, "fuzz.status-code", "a str"),
    Planted("generic.drop-member:statusCode@GET", (VERSION,), VERSION, "fuzz.status-code", "absent"),
    Planted("generic.reply-content-type", (VERSION,), VERSION, "fuzz.content-type", "JSON as text/plain"),
    Planted("generic.reply-html:GET", (VERSION,), VERSION, "fuzz.content-type", "HTTP 200, text/html"),
    Planted("contacts.create-without-id", (CREATE,), CREATE, "fuzz.schema", "required at / id"),
    Planted("contacts.deleted-still-listed", WHOLE, DELETE, "fuzz.life", "deleted, still listed"),
    Planted("contacts.deleted-still-readable", WHOLE, DELETE, "fuzz.life", "deleted, still readable"),
    Planted("contacts.update-lost", WHOLE, UPDATE, "fuzz.life", "change lost"),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda item: str(item.fault))
def test_finds_the_planted_fault_and_the_same_again_by_its_seed(served: Bench, planted: Planted) -> None:
    runs = [
        served.fuzz(*planted.operations, faults=[planted.fault], seed=5, examples=planted.examples) for _ in range(2)
    ]
    wanted = f"{planted.operation}:{planted.check}:{planted.cause}"
    for results in runs:
        assert wanted in results.findings, list(results.findings)
        assert results.exit_code == 1
        validate(results.as_json())
    found = [[(item.id, item.request) for item in results.findings.values()] for results in runs]
    assert found[0] == found[1]


def test_finds_nothing_on_the_sound_server(served: Bench) -> None:
    results = served.fuzz(LIST, *WHOLE, "voice.Dial", "basics.GetVersion", examples=8)
    assert list(results.findings) == []
    assert (results.exit_code, results.problem, results.cleanup) == (0, None, [])
    assert all(item.requests for item in results.tallies.values())
    # A positive and a negative half, and sequences along links that were accepted: the tool was not merely refused.
    assert sum(results.tallies[name].sequence for name in WHOLE) > 20
    assert all(results.tallies[name].accepted for name in WHOLE)
    assert results.tallies[CREATE].negative > 3


def test_a_finding_is_small_and_says_how_to_repeat_it(served: Bench, tmp_path: Path) -> None:
    results = served.fuzz(CREATE, faults=["contacts.name-not-required"], examples=12, output=tmp_path / "run")
    finding = results.findings[f"{CREATE}:fuzz.accepted:missing-parameter:name"]
    # Made small: nothing but what the finding is about, and a number that is accepted.
    assert len(finding.request) < 60
    assert finding.request.startswith("POST /contacts {")
    assert finding.repeated
    assert finding.complaint.rule == "basics.status.missing-parameter"
    assert str(finding.complaint.source).endswith("Return Values, line 2298")
    (curl,) = finding.curls
    assert curl.startswith("curl -sS -i -X POST")
    assert '-u "$GWS_USER:$GWS_PASSWORD"' in curl
    assert "$GWS_CSRF_TOKEN" in curl
    timeline = (tmp_path / "run" / "timeline.ndjson").read_text("utf-8")
    assert f'"seq":{finding.evidence[0]},' in timeline
    assert "<secret:" in timeline


def test_a_sequence_is_told_with_all_its_steps(served: Bench) -> None:
    results = served.fuzz(*WHOLE, faults=["contacts.deleted-still-listed"], seed=5)
    finding = results.findings[f"{DELETE}:fuzz.life:deleted, still listed"]
    assert finding.phase == "sequence"
    methods = [line.partition("-X ")[2].partition(" ")[0] for line in finding.curls]
    assert methods[0] == "POST"
    assert methods[-1] == "DELETE"


def test_what_was_created_is_gone_afterwards(served: Bench) -> None:
    results = served.fuzz(CREATE, UPDATE, seed=3)
    left = served.server.call(lambda: dict(served.server.world.contacts.custom))
    assert results.tallies[CREATE].accepted > 0
    assert left == {}


def test_another_seed_makes_other_requests(served: Bench) -> None:
    runs = [served.fuzz(CREATE, faults=["generic.stack-trace"], seed=seed, examples=3) for seed in (1, 2)]
    tried = [[finding.alike for finding in results.findings.values()] for results in runs]
    assert all(tried)
    assert runs[0].run["seed"] != runs[1].run["seed"]
