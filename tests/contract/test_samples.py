"""Every JSON sample of the reference follows the contract, or stands in the errata with a reason."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.contract.classify import Reading, accepted_by, classify, complaints, remember, schema_of
from tests.contract.contract_data import areas, errata, erratum, json_schemas, lines_of
from tests.contract.reference import Sample, required_reference
from tests.contract.repair import RULES


def readings(area: str) -> list[Reading]:
    reference = required_reference()
    return [reading for lines in areas()[area] for sample in reference.samples(lines) for reading in classify(sample)]


@pytest.mark.parametrize("area", sorted(areas()))
def test_samples_follow_the_contract(area: str) -> None:
    found = readings(area)
    kinds: Counter[str] = Counter()
    repairs: Counter[str] = Counter()
    refused: list[str] = []
    for reading in found:
        kinds[reading.kind] += 1
        repairs.update(reading.sample.rules)
        if accepted_by(reading) is None:
            noted = erratum("sample", reading.sample.lines)
            kinds["in errata"] += noted is not None
            if noted is None:
                refused.append(f"{reading.sample.lines} {reading.sample.problem or ''} {complaints(reading)}")
    print(f"{area}: {dict(kinds)}; repaired {dict(repairs)}")
    assert refused == []


@pytest.mark.parametrize("area", sorted(areas()))
def test_errata_of_samples_are_needed(area: str) -> None:
    """An erratum that lies over no refused sample is stale: the sample follows the contract today."""
    refused = [reading.sample.lines for reading in readings(area) if accepted_by(reading) is None]
    stale = []
    for entry in errata():
        first, last = lines_of(entry.data)
        if entry.area != area or entry.data["kind"] != "sample":
            continue
        if not any(first <= lines[1] and lines[0] <= last for lines in refused):
            stale.append(f"{entry.file}: {first}-{last}")
    assert stale == []


@pytest.mark.parametrize("area", sorted(areas()))
def test_notifications_come_on_their_channel(area: str) -> None:
    """A sample that prints its channel prints one that the schema of its message names."""
    wrong = []
    for reading in readings(area):
        channel = reading.sample.value.get("channel") if isinstance(reading.sample.value, dict) else None
        if reading.kind != "notification" or not reading.schemas or not isinstance(channel, str):
            continue
        channels = json_schemas()[reading.schemas[0][1]]["x-channels"]
        if channel not in channels and erratum("sample", reading.sample.lines) is None:
            wrong.append(f"{reading.sample.lines}: {channel} is none of {channels}")
    assert wrong == []


def test_every_repair_rule_is_needed() -> None:
    reference = required_reference()
    used = {rule for sample in reference.samples((1, len(reference))) for rule in sample.rules}
    assert used == set(RULES)


def _sample(value: object, **around: object) -> Sample:
    return Sample((1, 1), value, frozenset(), **around)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        (_sample({"data": {"messageType": "X"}, "channel": "/v2/me/calls"}), "notification"),
        (_sample({"messageType": "X", "notificationType": "StatusChange"}), "notification"),
        (_sample({"statusCode": 0}), "response"),
        (_sample({"statusCode": 0}, method="GET"), "response"),
        (_sample({"operationName": "Answer"}), "request"),
        (_sample({"name": "x"}, method="PUT"), "request"),
        (_sample({"operationName": "SendMessage", "messageType": "Greeting"}), "request"),
        (_sample({"id": "1"}), "resource"),
        (_sample({"channel": "/meta/connect", "successful": True}, method="POST"), "bayeux reply"),
        (_sample(None, problem="no value"), "unreadable"),
    ],
)
def test_samples_are_told_apart_by_content_and_surroundings(sample: Sample, kind: str) -> None:
    assert [reading.kind for reading in classify(sample)] == [kind]


def test_a_request_that_names_several_operations_is_one_of_each() -> None:
    readings = classify(_sample({"operationName": "AddChat | AddEmail"}))
    assert [(reading.kind, reading.value) for reading in readings] == [
        ("request", {"operationName": "AddChat"}),
        ("request", {"operationName": "AddEmail"}),
    ]


def test_schemas_of_one_name_are_kept_apart() -> None:
    first, second = remember("one", {"type": "object"}), remember("one", {"type": "array"})
    assert first == remember("one", {"type": "object"})
    assert schema_of(first[1]) == {"type": "object"}
    assert schema_of(second[1]) == {"type": "array"}
