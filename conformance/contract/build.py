"""Turns checked YAML documents into the model's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.contract.model import (
    DOCUMENT,
    Ambiguity,
    Example,
    Member,
    Needs,
    Negative,
    Notification,
    Operation,
    Parameter,
    Reading,
    Refusal,
    Response,
    Rule,
    Source,
    State,
    Statechart,
    Transition,
)

Raw = Mapping[str, Any]


def _lines(value: Any) -> tuple[int, int] | None:
    return (value[0], value[1]) if value else None


def source(raw: Raw) -> Source:
    """A citation."""
    return Source(raw["page"], (raw["lines"][0], raw["lines"][1]), raw.get("document", DOCUMENT))


def parameter(raw: Raw) -> Parameter:
    """A parameter with its members."""
    return Parameter(
        name=raw["name"],
        location=raw["in"],
        type=raw["type"],
        required=raw["required"],
        stated=raw.get("stated", True),
        of=raw.get("of"),
        values=tuple(raw["values"]) if raw.get("values") else None,
        default=raw.get("default"),
        items=raw.get("items"),
        members=tuple(parameter(item) for item in raw.get("members", ())),
        description=raw.get("description"),
        reading=raw.get("reading"),
        lines=_lines(raw.get("source")),
    )


def response(raw: Raw) -> Response:
    """A documented reply."""
    return Response(
        http=raw["http"],
        status_code=raw.get("statusCode"),
        members=tuple(
            Member(m["name"], m["required"], m.get("type"), m.get("resource"), m.get("list", False))
            for m in raw.get("members", ())
        ),
        empty=raw.get("empty", False),
        raw=raw.get("raw", False),
        reading=raw.get("reading"),
        when=raw.get("when"),
        lines=_lines(raw.get("source")),
    )


def notification(raw: Raw) -> Notification:
    """A documented notification."""
    return Notification(
        channel=raw["channel"],
        message_type=raw["messageType"],
        notification_type=raw.get("notificationType"),
        to=raw.get("to", "self"),
        resource=raw.get("resource"),
        on=raw.get("on"),
        state=raw.get("state"),
        values=raw.get("values", {}),
        level=raw.get("level", "must"),
        many=raw.get("many", False),
        reading=raw.get("reading"),
        when=raw.get("when"),
        lines=_lines(raw.get("source")),
    )


def needs(raw: Raw) -> Needs:
    """A precondition."""
    return Needs(raw.get("chart"), raw.get("state"), raw.get("session"), raw.get("resource"), raw.get("stimulus"))


def example(raw: Raw) -> Example:
    """A way to perform the operation."""
    return Example(
        name=raw["name"],
        parameters=raw["with"],
        needs=needs(raw["needs"]) if "needs" in raw else None,
        status_codes=tuple(raw.get("statusCode", (0,))),
        notifications=tuple(map(notification, raw["notifications"])) if "notifications" in raw else None,
        features=tuple(raw.get("features", ())),
        lines=_lines(raw.get("source")),
    )


def operation(area: str, raw: Raw) -> Operation:
    """An operation of `area`."""
    method, path = raw["request"].split(" ", 1)
    roles = tuple(raw.get("roles", ("agent",)))
    name = raw.get("operationName")
    return Operation(
        id=raw["id"],
        area=area,
        title=raw["title"],
        summary=raw["summary"],
        source=source(raw["source"]),
        method=method,
        path=path,
        responses=tuple(map(response, raw["responses"])),
        hazard=raw["hazard"],
        operation_name=name,
        edition=raw.get("edition", "both"),
        features=tuple(raw.get("features", ())),
        features_any=tuple(raw.get("featuresAny", ())),
        roles=roles,
        roles_stated=raw.get("rolesStated", True),
        actor=raw.get("actor", roles[0] if roles else "agent"),
        resource=raw.get("resource"),
        needs=needs(raw.get("needs", {})),
        capability=raw.get("capability", name),
        parameters=tuple(map(parameter, raw.get("parameters", ()))),
        notifications=tuple(map(notification, raw.get("notifications", ()))),
        examples=tuple(map(example, raw.get("examples", ()))),
        replaced_by=raw.get("replacedBy"),
        ambiguities=tuple(raw.get("ambiguities", ())),
        suite=raw.get("suite"),
    )


def statechart(raw: Raw) -> Statechart:
    """A state machine."""
    name = raw["chart"]
    return Statechart(
        name=name,
        area=raw["area"],
        resource=raw["resource"],
        binds=raw.get("binds", raw["resource"]),
        title=raw["title"],
        source=source(raw["source"]),
        states={
            item["name"]: State(
                item["name"],
                item["where"],
                tuple(item["offers"]),
                tuple(item.get("may", ())),
                item.get("final", False),
                _lines(item.get("source")),
            )
            for item in raw["states"]
        },
        transitions=tuple(
            Transition(
                by=item["by"],
                source=item["from"],
                target=item["to"],
                chart=name,
                actor=item.get("actor", "self"),
                on=item.get("on"),
                parameters=item.get("with", {}),
                level=item.get("level", "must"),
                reading=item.get("reading"),
                lines=_lines(item.get("source")),
                id=item.get("id"),
            )
            for item in raw["transitions"]
        ),
        region=raw.get("region", False),
        features=tuple(raw.get("features", ())),
        capabilities=raw.get("capabilities", True),
        base=(raw["base"]["chart"], raw["base"]["state"]) if "base" in raw else None,
        owner=raw.get("owner", "self"),
    )


def rule(area: str, raw: Raw) -> Rule:
    """A normative sentence."""
    return Rule(
        raw["id"],
        area,
        raw["level"],
        raw["text"],
        source(raw["source"]),
        tuple(raw.get("operations", ())),
        tuple(raw.get("checks", ())),
        raw.get("unchecked"),
    )


def _reading(raw: Raw) -> Reading:
    refuses = raw.get("refuses", {})
    roles, operations = tuple(refuses.get("roles", ())), tuple(refuses.get("operations", ()))
    return Reading(raw["id"], raw["text"], raw["allowed"], roles, operations, tuple(raw.get("needs", ())))


def ambiguity(area: str, raw: Raw) -> Ambiguity:
    """A contradiction or silence."""
    return Ambiguity(
        raw["id"],
        area,
        raw["text"],
        tuple(map(source, raw["sources"])),
        tuple(map(_reading, raw["readings"])),
        raw["simulator"],
        raw.get("observed"),
        tuple(raw.get("operations", ())),
    )


def negative(raw: Raw) -> Negative:
    """A column of the negative matrix."""
    return Negative(
        raw["id"],
        raw["title"],
        raw["text"],
        raw["level"],
        raw.get("rule"),
        source(raw["source"]),
        tuple(
            Refusal(
                tuple(item["http"]),
                tuple(item["statusCode"]) if item.get("statusCode") is not None else None,
                item.get("reading"),
                item.get("message"),
            )
            for item in raw["expects"]
        ),
        raw.get("notifies", False),
    )
