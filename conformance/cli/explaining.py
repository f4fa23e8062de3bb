"""What `explain` says of an operation, resource, message, statechart, rule, check, ambiguity or negative case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.contract import Ambiguity, Contract, Negative, Operation, Rule, Statechart
from conformance.contract.catalogue import entry
from conformance.driver.matrix import CELLS, matrix, sent
from conformance.judge import CHECKS
from conformance.judge.checks import collections
from conformance.judge.findings import Check

Row = tuple[str, str]


@dataclass(frozen=True)
class Section:
    """A heading and its rows: a name and what is said of it."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Explanation:
    """One answer. facts: rows without a heading. data: the same for programs."""

    kind: str
    id: str
    title: str
    facts: tuple[Row, ...]
    sections: tuple[Section, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """`{kind, id, title, ...}` with what the contract says of it."""
        return {"kind": self.kind, "id": self.id, "title": self.title, **self.data}


def known_ids(contract: Contract) -> list[str]:
    """Every id that can be explained."""
    names = [*contract.operations, *contract.schemas.names("resources"), *contract.schemas.names("messages")]
    names += [*contract.statecharts, *contract.rules, *CHECKS, *contract.ambiguities, *contract.negatives]
    return list(dict.fromkeys(names))


def explain(identifier: str, contract: Contract) -> list[Explanation]:
    """Everything of that id (a rule and an ambiguity may share one); an id without regard to case, where none fits."""
    found = list(_explain(identifier, contract))
    if not found:
        same = [name for name in known_ids(contract) if name.lower() == identifier.lower()]
        found = [item for name in same for item in _explain(name, contract)]
    return found


def _explain(name: str, contract: Contract) -> Iterator[Explanation]:
    sources: tuple[tuple[Mapping[str, Any], Callable[[Any, Contract], Explanation]], ...] = (
        (contract.operations, _operation),
        (contract.statecharts, _chart),
        (contract.rules, _rule),
        (CHECKS, _check),
        (contract.ambiguities, _ambiguity),
        (contract.negatives, _negative),
    )
    for kind in ("resource", "message"):
        if name in contract.schemas.names(f"{kind}s"):
            yield _schema(kind, name, contract)
    for items, make in sources:
        if name in items:
            yield make(items[name], contract)


# -- one kind each ------------------------------------------------------------------------------------------------


def _operation(item: Operation, contract: Contract) -> Explanation:
    rules = [rule for rule in contract.rules.values() if item.id in rule.operations]
    unclear = [contract.ambiguities[name] for name in item.ambiguities if name in contract.ambiguities]
    unclear += [one for one in contract.ambiguities.values() if item.id in one.operations and one not in unclear]
    facts = (
        ("", item.summary),
        (
            "request",
            f"{item.method} {item.path}" + (f", operationName {item.operation_name}" if item.operation_name else ""),
        ),
        ("roles", ", ".join(item.roles) + ("" if item.roles_stated else " (not stated by the page)")),
        ("features", ", ".join(item.features)),
        ("one of", ", ".join(item.features_any)),
        ("hazard", item.hazard),
        ("edition", "" if item.edition == "both" else item.edition),
        ("needs", _needs(item)),
        ("source", str(item.source)),
    )
    sections = (
        Section("Parameters", tuple(_parameter(one) for one in entry(item, contract)["parameters"])),
        Section("Replies", tuple(_reply(one) for one in item.responses)),
        Section("Notifications", tuple((one.level, f"{one.channel} {one.label()}") for one in item.notifications)),
        Section("Played as", tuple((one.name, _played(one.parameters)) for one in item.examples)),
        Section("Rules", tuple(_rule_row(rule) for rule in rules)),
        Section("Must be refused", _refusals(item, contract)),
        Section("Not attempted", _unattempted(item, contract)),
        Section("Ambiguities", tuple((one.id, one.text) for one in unclear)),
        Section("Checks", (("", ", ".join(_checks_of(item, rules))),)),
    )
    return Explanation(
        "operation",
        item.id,
        item.title,
        facts,
        sections,
        {
            **entry(item, contract),
            "summary": item.summary,
            "featuresAny": list(item.features_any),
            "examples": [one.name for one in item.examples],
            "rules": [_rule_data(rule) for rule in rules],
            "ambiguities": [one.id for one in unclear],
            "checks": _checks_of(item, rules),
            "refusals": _cell_data(item, contract),
        },
    )


def _needs(item: Operation) -> str:
    needs = item.needs
    parts = [f"{needs.chart} in {needs.state}" if needs.chart and needs.state else ""]
    parts += [
        f"a {needs.resource}" if needs.resource else "",
        f"the stimulus {needs.stimulus}" if needs.stimulus else "",
    ]
    return ", ".join(filter(None, parts))


def _parameter(one: Mapping[str, Any]) -> Row:
    words = [one["in"], one["type"], "required" if one["required"] else "optional"]
    if one["values"]:
        words.append("one of " + ", ".join(map(str, one["values"])))
    return one["name"], ", ".join(words)


def _reply(one: Any) -> Row:
    members = ", ".join(member.name for member in one.members)
    code = "" if one.status_code is None else f"statusCode {one.status_code}"
    said = ", ".join(filter(None, (code, members, "empty" if one.empty else "", one.when or "")))
    return f"HTTP {one.http}", said + (f" (reading {one.reading})" if one.reading else "")


def _played(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in parameters.items()) or "without parameters"


def _refusals(item: Operation, contract: Contract) -> tuple[Row, ...]:
    """The requests of the negative matrix that are sent for the operation, by the column they belong to."""
    cells = [cell for cell in matrix(contract, item).values() if cell.played]
    others = sent(contract, item) if cells else {}
    found = {cell.negative: cell.about for cell in cells}
    found |= {name: about for name, about in others.items() if name not in CELLS}
    words = [name + (f" ({', '.join(about)})" if about else "") for name, about in found.items()]
    return (("", ", ".join(words)),) if words else ()


def _unattempted(item: Operation, contract: Contract) -> tuple[Row, ...]:
    """What of the negative matrix is not sent, by the reason."""
    reasons: dict[str, list[str]] = {}
    for cell in matrix(contract, item).values():
        for about, reason in cell.left:
            reasons.setdefault(reason, []).append(f"{cell.negative} ({about})" if about else cell.negative)
    return tuple((", ".join(names), reason) for reason, names in reasons.items())


def _cell_data(item: Operation, contract: Contract) -> dict[str, Any]:
    return {
        cell.negative: {
            "played": cell.played,
            "about": list(cell.about),
            "left": [{"about": about, "reason": reason} for about, reason in cell.left],
        }
        for cell in matrix(contract, item).values()
    }


def _checks_of(item: Operation, rules: Sequence[Rule]) -> list[str]:
    """The checks that rules of the operation name, then those that look at every operation of its method."""
    named = [name for rule in rules for name in rule.checks]
    general = [one for one in CHECKS.values() if one.scope == "step" and "positive" in one.cases]
    if item.method != "GET":
        general = [one for one in general if one.function.__module__ != collections.__name__]
    return list(dict.fromkeys([*named, *(one.id for one in general)]))


def _rule_row(rule: Rule) -> Row:
    proof = ", ".join(rule.checks) if rule.checks else f"not checked: {rule.unchecked}"
    return rule.id, f"{rule.level}: {rule.text} [{proof}; {rule.source.page} {_lines(rule.source.lines)}]"


def _rule_data(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "level": rule.level,
        "text": rule.text,
        "source": rule.source.as_json(),
        "operations": list(rule.operations),
        "checks": list(rule.checks),
        "unchecked": rule.unchecked,
    }


def _rule(item: Rule, _: Contract) -> Explanation:
    about = ", ".join(item.operations) if item.operations else "every operation"
    facts = (
        ("", item.text),
        ("level", {"must": "must: a deviation fails", "should": "should: a deviation warns", "may": "may"}[item.level]),
        ("about", about),
        ("source", str(item.source)),
    )
    checks = tuple((name, CHECKS[name].doc if name in CHECKS else "") for name in item.checks)
    unchecked = (("", item.unchecked),) if item.unchecked else ()
    sections = (Section("Proved by", checks), Section("Not checked", unchecked))
    return Explanation("rule", item.id, item.area, facts, sections, _rule_data(item))


def _check(item: Check, contract: Contract) -> Explanation:
    rules = [rule for rule in contract.rules.values() if item.id in rule.checks]
    when = "whole scenarios" if item.scope == "scenario" else "steps: " + ", ".join(sorted(item.cases))
    data = {"doc": item.doc, "scope": item.scope, "cases": sorted(item.cases), "rules": [rule.id for rule in rules]}
    rows = tuple((rule.id, f"{rule.text} ({rule.source.page}, lines {_lines(rule.source.lines)})") for rule in rules)
    return Explanation("check", item.id, "", (("", item.doc), ("looks at", when)), (Section("Proves", rows),), data)


def _ambiguity(item: Ambiguity, _: Contract) -> Explanation:
    readings = tuple(
        (one.id, one.text + (" (the bundled server)" if one.id == item.simulator else "") + _allowed(one.allowed))
        for one in item.readings
    )
    facts = (
        ("", item.text),
        ("about", ", ".join(item.operations)),
        ("observed", item.observed or ""),
        *(("source", str(one)) for one in item.sources),
    )
    data = {
        "text": item.text,
        "sources": [one.as_json() for one in item.sources],
        "readings": [{"id": one.id, "text": one.text, "allowed": one.allowed} for one in item.readings],
        "simulator": item.simulator,
        "observed": item.observed,
        "operations": list(item.operations),
    }
    return Explanation("ambiguity", item.id, item.area, facts, (Section("Readings", readings),), data)


def _allowed(allowed: bool) -> str:
    return "" if allowed else " (not accepted)"


def _negative(item: Negative, _: Contract) -> Explanation:
    expects = tuple(
        (
            "HTTP " + " or ".join(map(str, one.http)),
            ("statusCode " + " or ".join(map(str, one.status_codes)) if one.status_codes else "no statusCode needed")
            + (f", statusMessage {one.message!r}" if one.message else "")
            + (f" (reading {one.reading})" if one.reading else ""),
        )
        for one in item.expects
    )
    facts = (("", item.text), ("level", item.level), ("rule", item.rule or ""), ("source", str(item.source)))
    data = {
        "text": item.text,
        "level": item.level,
        "rule": item.rule,
        "source": item.source.as_json(),
        "expects": [
            {"http": list(one.http), "statusCode": one.status_codes and list(one.status_codes)} for one in item.expects
        ],
    }
    return Explanation("negative case", item.id, item.title, facts, (Section("Accepted refusals", expects),), data)


def _chart(item: Statechart, _: Contract) -> Explanation:
    states = tuple(
        (state.name, (", ".join(state.offers) or "offers nothing") + (" (final)" if state.final else ""))
        for state in item.states.values()
    )
    moves: dict[tuple[str, str], list[str]] = {}
    for one in item.transitions:
        name = one.by.split(".", 1)[-1] + ("" if one.actor == "self" else f" by {one.actor}")
        moves.setdefault((one.source, one.target), []).append(name)
    rows = tuple(
        (f"{source} to {target}", ", ".join(dict.fromkeys(names))) for (source, target), names in moves.items()
    )
    base = f"{item.base[0]} in {item.base[1]}" if item.base else ""
    facts = (("resource", item.resource), ("begins from", base), ("source", str(item.source)))
    data = {
        "area": item.area,
        "resource": item.resource,
        "source": item.source.as_json(),
        "states": [
            {"name": one.name, "offers": list(one.offers), "may": list(one.may)} for one in item.states.values()
        ],
        "transitions": [
            {"by": one.by, "actor": one.actor, "from": one.source, "to": one.target, "level": one.level}
            for one in item.transitions
        ],
    }
    return Explanation(
        "statechart", item.name, item.title, facts, (Section("States", states), Section("Transitions", rows)), data
    )


def _schema(kind: str, name: str, contract: Contract) -> Explanation:
    schema = contract.schemas.documents[f"gws:{kind}s/{name}.json"]
    required = set(schema.get("required", ()))
    rows = tuple(
        (
            member,
            ", ".join(
                filter(None, (_type(one), "required" if member in required else "", str(one.get("description", ""))))
            ),
        )
        for member, one in schema.get("properties", {}).items()
    )
    raw = schema.get("x-source")
    source = f"{raw['page']}, lines {_lines(raw['lines'])}" if isinstance(raw, Mapping) else ""
    if kind == "message":
        used = [
            item.id for item in contract.operations.values() if any(n.message_type == name for n in item.notifications)
        ]
        about = (("channels", ", ".join(schema.get("x-channels", ()))), ("caused by", _some(used)))
    else:
        used = [item.id for item in contract.operations.values() if item.resource == name]
        charts = [item.name for item in contract.charts_of(name)]
        about = (("operations", _some(used)), ("statecharts", ", ".join(charts)))
    facts = (("", str(schema.get("title", ""))), *about, ("source", source))
    checks = (("", "response.schema, get.agrees" if kind == "resource" else "notification.schema, notification.type"),)
    sections = (Section("Members", rows), Section("Checks", checks))
    return Explanation(kind, name, "", facts, sections, {"schema": dict(schema), "operations": used})


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return f"always {schema['const']}"
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1].removesuffix(".json")
    kind = schema.get("type", "")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _lines(lines: Sequence[int]) -> str:
    return f"{lines[0]}-{lines[1]}" if lines[0] != lines[1] else str(lines[0])


def _some(names: Sequence[str], limit: int = 12) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
