"""Tells what a sample of the reference is, and which schemas of the contract it may follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import Any

from tests.contract.contract_data import (
    ERROR_SCHEMA,
    Data,
    Entry,
    areas,
    engines,
    inside,
    json_schemas,
    lines_of,
    message_ids,
    operations,
    request_schema,
    response_schema,
)
from tests.contract.reference import Sample, path_of, same_path

# What an operation of another area answers when it is shown on a page of this one.
BARE_SUCCESS: Data = {
    "type": "object",
    "properties": {"statusCode": {"const": 0}},
    "required": ["statusCode"],
    "additionalProperties": False,
}

# What ends a poll: it may stand last in a list of what came, and is no notification.
BAYEUX_REPLY: Data = {
    "type": "object",
    "properties": {
        "channel": {"enum": ["/meta/connect", "/meta/handshake", "/meta/subscribe"]},
        "successful": {"type": "boolean"},
        "id": {"type": "string"},
        "advice": {
            "type": "object",
            "properties": {
                "reconnect": {"enum": ["retry", "handshake", "none"]},
                "interval": {"type": "integer"},
                "timeout": {"type": "integer"},
            },
        },
    },
    "required": ["channel", "successful"],
}


@dataclass(frozen=True)
class Reading:
    """A sample as request, response, notification or resource.

    `value` is the part that the schemas are for, `schemas` the candidates by name; it is sound when one accepts it.
    """

    sample: Sample
    kind: str
    value: Any
    schemas: tuple[tuple[str, str], ...] = ()

    @property
    def candidates(self) -> list[tuple[str, Data]]:
        return [(name, schema_of(key)) for name, key in self.schemas]


_schemas: dict[str, Data] = {}


def schema_of(key: str) -> Data:
    return _schemas.get(key, {"$ref": key})


def remember(name: str, schema: Data) -> tuple[str, str]:
    """Keeps a schema and gives its name and key; another schema of the same name has its own key."""
    key = next(key for key in _keys(name) if _schemas.get(key, schema) == schema)
    _schemas[key] = schema
    return name, key


def _keys(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} {number}" for number in count(2))


@cache
def _pages() -> tuple[Entry, ...]:
    """The operations, those with the shortest page first."""
    return tuple(sorted(operations(), key=lambda entry: entry.lines[1] - entry.lines[0]))


def on_page(line: int) -> list[Entry]:
    """The operations whose page holds the line, the one with the shortest page first."""
    return [entry for entry in _pages() if entry.lines[0] <= line <= entry.lines[1]]


def classify(sample: Sample) -> list[Reading]:
    """What the sample is; a list of notifications gives one reading for each."""
    value = sample.value
    if sample.problem is not None:
        return [Reading(sample, "unreadable", None)]
    if isinstance(value, list):
        return [_notification(sample, item) for item in value if isinstance(item, dict)]
    if not isinstance(value, dict):
        return [Reading(sample, "unreadable", value)]
    if "fragment" in sample.rules:
        whole = _resource(sample)
        return [whole if whole.value is not value else Reading(sample, "fragment", value)]
    inner = value.get("data")
    if _is_bayeux_reply(value):
        return [_notification(sample, value)]
    if "operationName" in value and not isinstance(inner, dict):
        names = [name.strip() for name in str(value["operationName"]).split("|")]
        return [_request(replace(sample, value={**value, "operationName": name})) for name in names]
    if "messageType" in value or (isinstance(inner, dict) and ("channel" in value or "messageType" in inner)):
        return [_notification(sample, value)]
    if "statusCode" in value or "status" in value:
        return [_response(sample)]
    if sample.method in ("POST", "PUT", "DELETE"):
        return [_request(sample)]
    if sample.method == "GET":
        return [_response(sample)]
    if sample.label.lower().startswith("request") or "request" in sample.label.lower().split():
        return [_request(sample)]
    return [_resource(sample)]


def _is_bayeux_reply(value: Data) -> bool:
    return str(value.get("channel")).startswith("/meta/")


def _notification(sample: Sample, value: Data) -> Reading:
    if _is_bayeux_reply(value):
        return Reading(sample, "bayeux reply", value, (remember("bayeux reply", BAYEUX_REPLY),))
    inner = value.get("data")
    inner = inner if isinstance(inner, dict) else value
    name = str(inner.get("messageType"))
    known = [name] if name in message_ids() else []
    return Reading(sample, "notification", inner, tuple((key, f"gws:messages/{key}.json") for key in known))


def _request(sample: Sample) -> Reading:
    value = sample.value
    assert isinstance(value, dict)
    page = on_page(sample.lines[0])
    named = [entry for entry in page if entry.data.get("operationName") == value.get("operationName")]
    if not named and "operationName" in value:
        named = [entry for entry in operations() if entry.data.get("operationName") == value["operationName"]]
    if not named and sample.url:
        path = path_of(sample.url)
        named = [entry for entry in operations() if same_path(str(entry.data["request"]).split()[1], path)]
    if sample.method:
        named = [entry for entry in named if entry.data["request"].startswith(sample.method + " ")]
    found = tuple(remember(f"{entry.id} request", request_schema(entry.data)) for entry in named)
    return Reading(sample, "request", value, found)


def _response(sample: Sample) -> Reading:
    value = sample.value
    assert isinstance(value, dict)
    page = on_page(sample.lines[0])
    documented = _documented(page)
    fits = [(name, schema) for name, schema in documented if _shares_members(schema, value)]
    if not fits:
        fits = [(name, schema) for name, schema in _documented(_area(sample)) if _members(schema) & set(value)]
    if value.get("statusCode") not in (0, None, 7):
        fits.append(("error envelope", ERROR_SCHEMA))
    if all(entry.data["request"].startswith("GET ") for entry in page):
        fits.append(("bare success", BARE_SUCCESS))
    return Reading(sample, "response", value, tuple(remember(name, schema) for name, schema in fits or documented))


def _documented(entries: list[Entry]) -> list[tuple[str, Data]]:
    return [
        (f"{entry.id} response {index}", response_schema(response))
        for entry in entries
        for index, response in enumerate(entry.data["responses"])
    ]


def _area(sample: Sample) -> list[Entry]:
    """The operations of the area in whose lines the sample stands."""
    here = [area for area, ranges in areas().items() if inside(sample.lines[0], ranges)]
    return [entry for entry in operations() if entry.area in here]


def _members(schema: Data) -> set[str]:
    return set(schema["properties"]) - {"statusCode", "statusMessage"}


def _shares_members(schema: Data, value: Data) -> bool:
    """Whether the members beside the status are the documented ones, so that the schema is about this sample."""
    return bool(_members(schema) & set(value)) or not (set(value) - {"statusCode", "statusMessage"})


def _resource(sample: Sample) -> Reading:
    value = sample.value
    assert isinstance(value, dict)
    line = sample.lines[0]
    page = on_page(line)
    wrapped = [
        remember(f"{entry.id} {member['name']}", response_schema({"members": [member]}))
        for entry in page
        for response in entry.data["responses"]
        for member in response.get("members", [])
        if "resource" in member and isinstance(value.get(member["name"]), list if member.get("list") else dict)
    ]
    if wrapped:
        return Reading(sample, "resource", value, tuple(dict.fromkeys(wrapped)))
    about = [str(entry.data["resource"]) for entry in page if "resource" in entry.data]
    about += [
        uri.removeprefix("gws:resources/").removesuffix(".json")
        for uri, schema in json_schemas().items()
        if "x-source" in schema and lines_of(schema["x-source"])[0] <= line <= lines_of(schema["x-source"])[1]
        if uri.startswith("gws:resources/")
    ]
    if "fragment" in sample.rules and len(value) == 1:
        about += [name for name in value if f"gws:resources/{name}.json" in json_schemas()]
    names = list(dict.fromkeys(about))
    wrappers = [name for name in names if isinstance(value.get(name), dict)]
    if wrappers:
        name = wrappers[0]
        return Reading(sample, "resource", value[name], ((name, f"gws:resources/{name}.json"),))
    return Reading(sample, "resource", value, tuple((name, f"gws:resources/{name}.json") for name in names))


def accepted_by(reading: Reading) -> str | None:
    """The name of the first schema that accepts the sample, or None."""
    validators = engines(reading.sample.elided)
    return next((name for name, schema in reading.candidates if validators.rust(schema).is_valid(reading.value)), None)


def complaints(reading: Reading) -> str:
    """Why no schema accepts the sample, in short."""
    validators = engines(reading.sample.elided)
    texts = []
    for name, schema in reading.candidates[:4]:
        for error in list(validators.python(schema).iter_errors(reading.value))[:4]:
            where = "/".join(str(part) for part in error.absolute_path)
            texts.append(f"{name}: {where}: {error.message[:160]}")
    return "; ".join(texts) or f"no schema for a {reading.kind}"
