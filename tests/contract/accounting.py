"""What the reference prints in the lines of an area, and which entry of the contract answers for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, urlsplit

from tests.contract.classify import accepted_by, classify, on_page
from tests.contract.contract_data import (
    Data,
    Entry,
    areas,
    erratum,
    inside,
    json_schemas,
    lines_of,
    message_ids,
    operations,
)
from tests.contract.reference import Lines, Reference, Row, path_of, plain, same_path


@dataclass(frozen=True)
class Item:
    """One thing that the reference prints; `answer` is the entry that accounts for it, None when there is none."""

    kind: str
    lines: Lines
    text: str
    answer: str | None


_MESSAGE_TYPE = re.compile(r"""["']messageType["']\s*:\s*u?["'](\w+)["']""")
_FEATURES = re.compile(r"^Required [Ff]eatures?\t?(.*)")
_FEATURE = re.compile(r"[a-z]+(?:-[a-z]+)+")
_REQUEST_LINE = re.compile(r"^\s*(GET|POST|PUT|DELETE)\s+[`]?([^\s`]*/[^\s`]*?)[`,]*(?:\s|$)")
_URL_ROW = re.compile(r"^Request URL\t?(.*)")
_METHOD_ROW = re.compile(r"^HTTP [Mm]ethod\t?(.*)")


def _noted(kind: str, line: int) -> str | None:
    found = erratum(kind, (line, line))
    return f"errata {found.data['lines']}" if found else None


def request_urls(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The blocks with Request URL and HTTP method above an operation."""
    for number, line in reference.numbered(lines):
        row = _URL_ROW.match(line)
        if not row:
            continue
        around = [_METHOD_ROW.match(reference.line(number + step)) for step in (1, 2, 3)]
        method = next((plain(found.group(1)) for found in around if found), "")
        for url in addresses(plain(row.group(1))):
            found = [
                entry.id
                for entry in on_page(number)
                if method.startswith(entry.data["request"].split()[0]) and same_path(_template(entry), path_of(url))
            ]
            yield Item("Request URL", (number, number), f"{method} {url}", next(iter(found), _noted("url", number)))


def addresses(cell: str) -> list[str]:
    """The addresses in a cell, without the blanks that got into them; each of several is to be answered for."""
    return ["".join(part.split()).strip("`,") for part in re.split(r"\s+(?:or|OR)\s+(?=/|\S*api)", cell)]


def _template(entry: Entry) -> str:
    return str(entry.data["request"].split()[1])


def operation_names(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The operationName rows of parameter tables; each name that a row gives is one of an operation."""
    for row in [*reference.rows(lines), *_headless(reference, lines)]:
        if row.cells[0] != "operationName" or not is_parameter_table(row):
            continue
        page = on_page(row.line) or list(operations())
        for name in names_of(row):
            found = (entry.id for entry in page if entry.data.get("operationName") == name)
            yield Item("operationName", (row.line, row.line), name, next(found, _noted("operationName", row.line)))


def _headless(reference: Reference, lines: Lines) -> Iterator[Row]:
    """Rows of parameter tables that lost their header: an empty line, the name and its value."""
    for number, line in reference.numbered(lines):
        if re.fullmatch(r"operationName\t\w+", line) and "\t" not in reference.line(number - 1):
            yield Row(number, ("Parameter", "Value"), tuple(line.split("\t")))


def names_of(row: Row) -> list[str]:
    """The names in an operationName row: the first cell that is no type, and those that are listed behind it.

    A table may have further columns, for the type in front of the name and for the need behind it.
    """
    told = next(cell for cell in row.cells[1:] if cell != "String")
    name, _, others = told.partition(". Other valid values are:")
    return [name, *re.findall(r"[A-Z]\w+", others)]


def message_types(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The messageType values in code; inside a message of a known type the member is another one of that name."""
    messages = [
        reading.sample.lines
        for sample in reference.samples(lines)
        for reading in classify(sample)
        if reading.kind == "notification" and reading.schemas
    ]
    for number, line in reference.numbered(lines):
        for name in _MESSAGE_TYPE.findall(line):
            answer = f"messages/{name}" if name in message_ids() else None
            taken = [entry.id for entry in on_page(number) if "messageType" in _parameters(entry)]
            nested = "member of a message" if inside(number, messages) else None
            answer = answer or next(iter(taken), nested) or _noted("messageType", number)
            yield Item("messageType", (number, number), name, answer)


def features(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The Required features of an operation; an empty cell stands for none."""
    for number, line in reference.numbered(lines):
        row = _FEATURES.match(line)
        if not row:
            continue
        names = set(_FEATURE.findall(plain(row.group(1)).lower()))
        found = [entry for entry in on_page(number) if _features(entry, any_of="one of" in line.lower()) == names]
        answer = found[0].id if found else _noted("features", number)
        yield Item("Required features", (number, number), ", ".join(names), answer)


def _features(entry: Entry, *, any_of: bool) -> set[str]:
    """The features that an operation needs; where the page asks for one of several, these."""
    return set(entry.data.get("featuresAny" if any_of and "featuresAny" in entry.data else "features", []))


def _parameters(entry: Entry) -> dict[str, list[Lines]]:
    """The parameters of an operation and their members by name, with the lines that they cite."""
    found: dict[str, list[Lines]] = {}

    def add(parameters: list[Data]) -> None:
        for parameter in parameters:
            cited = found.setdefault(str(parameter["name"]), [])
            if "source" in parameter:
                cited.append((int(parameter["source"][0]), int(parameter["source"][1])))
            add(parameter.get("members", []))

    add(entry.data.get("parameters", []))
    return found


def is_parameter_table(row: Row) -> bool:
    return row.header[0] in ("Parameter", "Subresource") or row.header[:3] == ("Name", "Description", "Request")


def parameters(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The rows of parameter tables, without those of operationName."""
    for row in reference.rows(lines):
        if not is_parameter_table(row) or row.cells[0] == "operationName":
            continue
        answer = None
        for entry in on_page(row.line):
            known = _parameters(entry)
            cited = [name for name, places in known.items() if inside(row.line, places)]
            if cited or row.cells[0] in known:
                answer = f"{entry.id} {next(iter(cited), row.cells[0])}"
                break
        yield Item("parameter", (row.line, row.line), row.cells[0], answer or _noted("row", row.line))


def request_lines(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The request lines of samples: method and path of an operation, and query parameters that it knows."""
    for number, line in reference.numbered(lines):
        request = _REQUEST_LINE.match(line)
        if not request:
            continue
        method, url = request.groups()
        asked = {name for name, _ in parse_qsl(urlsplit(url).query.rstrip("{"), keep_blank_values=True)}
        found = [
            entry
            for entry in operations()
            if entry.data["request"].startswith(method + " ") and same_path(_template(entry), path_of(url))
        ]
        fits = (entry.id for entry in found if asked <= set(_parameters(entry)))
        yield Item("request line", (number, number), line.strip(), next(fits, _noted("url", number)))


def fields(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The rows of tables of resources, messages and replies: each is a property of a schema that cites these lines, or,
    where none does, of one that the area's operations are about."""
    for row in reference.rows(lines):
        if row.header[0] not in ("Field", "Attribute", "Property") or not re.fullmatch(r"[\w.]+", row.cells[0]):
            continue
        about = [
            schema
            for schema in json_schemas().values()
            if "x-source" in schema and inside(row.line, [lines_of(schema["x-source"])])
        ]
        name = row.cells[0].removeprefix("data.")
        found = [schema["title"] for schema in about or _spoken_of(row.line) if has_property(schema, name)]
        replied = [] if about else [entry.id for entry in operations() if name in _replied(entry)]
        answer = next(iter(["the envelope"] if name in ("data", "channel") else found + replied), None)
        yield Item("field", (row.line, row.line), row.cells[0], answer or _noted("row", row.line))


def _spoken_of(line: int) -> list[Data]:
    """The schemas that the area in whose lines this one stands is about."""
    here = {area for area, ranges in areas().items() if inside(line, ranges)}
    names = set()
    for entry in operations():
        if entry.area in here:
            names.add(f"gws:resources/{entry.data.get('resource')}.json")
            names |= {f"gws:messages/{one['messageType']}.json" for one in entry.data.get("notifications", [])}
    cited = {uri for area in here for uri, schema in json_schemas().items() if _begins_in(schema, areas()[area])}
    return [schema for uri, schema in json_schemas().items() if uri in names | cited]


def _begins_in(schema: Data, ranges: tuple[Lines, ...]) -> bool:
    return "x-source" in schema and inside(lines_of(schema["x-source"])[0], ranges)


def _replied(entry: Entry) -> set[str]:
    """The members of an operation's replies."""
    members = {member["name"] for reply in entry.data["responses"] for member in reply.get("members", [])}
    return members | {"statusCode", "statusMessage"}


def has_property(schema: Data, dotted: str) -> bool:
    """Whether a schema, through its references, names the member of a dotted path."""
    first, _, rest = dotted.partition(".")
    for part in _parts(schema):
        if first in part.get("properties", {}):
            inner = part["properties"][first]
            if not rest or has_property(inner, rest) or has_property(inner.get("items", {}), rest):
                return True
    return False


def _parts(schema: Data) -> Iterator[Data]:
    """The schema and what it refers to or is put together of."""
    yield schema
    if "$ref" in schema:
        uri, _, pointer = str(schema["$ref"]).partition("#")
        target = json_schemas().get(uri, {})
        for step in pointer.strip("/").split("/"):
            target = target.get(step, {}) if step else target
        yield from _parts(target)
    for key in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(key, []):
            if isinstance(part, dict):
                yield from _parts(part)


def samples(reference: Reference, lines: Lines) -> Iterator[Item]:
    """The JSON samples: each follows the contract, or stands in the errata."""
    for sample in reference.samples(lines):
        for reading in classify(sample):
            noted = erratum("sample", sample.lines)
            answer = accepted_by(reading) or (f"errata {noted.data['lines']}" if noted else None)
            yield Item("sample", sample.lines, reading.kind, answer)


COUNTERS: dict[str, Callable[[Reference, Lines], Iterator[Item]]] = {
    "Request URL": request_urls,
    "operationName": operation_names,
    "messageType": message_types,
    "Required features": features,
    "parameter": parameters,
    "request line": request_lines,
    "field": fields,
    "sample": samples,
}


@cache
def account(reference: Reference, area: str, kind: str) -> list[Item]:
    """All items of a kind in the lines of an area."""
    return [item for lines in areas()[area] for item in COUNTERS[kind](reference, lines)]
