"""The generic negative matrix: derives from an operation every request that must be refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.contract import Contract, Operation, Parameter
from conformance.driver.requests import Request, without_part
from conformance.wire.config import Credentials

UNKNOWN_ID = "00000000-gws0-conf-0000-000000000000"
NOBODY = Credentials("gws-conformance-nobody", "not-a-password")  # a stranger: no real account is locked by the tests
MODIFYING = frozenset({"POST", "PUT", "DELETE"})
URL_LIMIT = 2000
CLOSED = frozenset({"string", "array"})
"""Types of query parameters whose values are all that there are. A list of members (`fields`, `subresources`,
`resolveUri`) names whatever the resource has; what an unknown name brings is not written (Request Parameters)."""
_OTHER_TYPE: Mapping[str, Any] = {
    "string": {"not": "a string"},
    "integer": "not-a-number",
    "number": "not-a-number",
    "boolean": "not-a-boolean",
    "object": "not-an-object",
    "array": "not-an-array",
    "userData": "not-an-object",
    "keys": "not-an-array",
}


@dataclass(frozen=True)
class Refusable:
    """A request that must be refused: the negative's id, what it is about, the request, how it is sent."""

    negative: str
    label: str
    request: Request
    options: Mapping[str, Any] = field(default_factory=dict)
    inferred: bool = False


def refusables(
    contract: Contract, operation: Operation, sound: Request, *, csrf: bool, identifiers: Mapping[str, str]
) -> Iterator[Refusable]:
    """Every refusable request of the operation; `sound` is the one that would be accepted.

    `identifiers` maps the path parameters that name a resource to the value they have in `sound`.
    """
    for case in _all(operation, sound, csrf, identifiers):
        if case.negative in contract.negatives:
            yield case


def _all(operation: Operation, sound: Request, csrf: bool, identifiers: Mapping[str, str]) -> Iterator[Refusable]:
    if "anyone" not in operation.roles:
        yield from _strangers(sound)
    if csrf and operation.method in MODIFYING and "anyone" not in operation.roles:
        yield Refusable("missing-csrf-token", "missing-csrf-token", sound, {"csrf": False})
        yield Refusable("missing-cookie", "missing-cookie", sound, {"cookies": False, "auth": "basic", "csrf": True})
    for parameter in operation.parameters:
        yield from _parameter_cases(parameter, sound)
    for name, value in identifiers.items():
        path = sound.path.replace(value, UNKNOWN_ID)
        yield Refusable("unknown-id", f"unknown-id:{name}", replace(sound, path=path))
    if sound.body is not None:
        yield from _bodies(operation, sound)
    for parameter in operation.parameters_in("form"):
        if parameter.required and sound.content is not None:
            yield Refusable(
                "missing-parameter",
                f"missing-parameter:{parameter.name}",
                replace(sound, content=without_part(sound.content, parameter.name)),
                inferred=not parameter.stated,
            )
    yield Refusable("method-not-allowed", "method-not-allowed", Request("PATCH", sound.path, {}, {}))
    filler = "x" * URL_LIMIT
    yield Refusable("oversized-url", "oversized-url", replace(sound, params={**sound.params, "filler": filler}))


def _strangers(sound: Request) -> Iterator[Refusable]:
    yield Refusable("no-credentials", "no-credentials", sound, {"auth": "none", "cookies": False, "csrf": False})
    yield Refusable("wrong-credentials", "wrong-credentials", sound, {"auth": NOBODY, "cookies": False, "csrf": False})


def _bodies(operation: Operation, sound: Request) -> Iterator[Refusable]:
    broken = b'{"operationName": "' + (operation.operation_name or "x").encode() + b'", '
    json_type = {"Content-Type": "application/json"}
    yield Refusable("malformed-json", "malformed-json", replace(sound, body=None, content=broken, headers=json_type))
    yield Refusable(
        "wrong-content-type",
        "wrong-content-type",
        replace(
            sound,
            body=None,
            content=b"operationName=" + (operation.operation_name or "x").encode(),
            headers={"Content-Type": "text/plain"},
        ),
    )
    if operation.operation_name and isinstance(sound.body, Mapping):
        body = {**sound.body, "operationName": "NoSuchOperation"}
        yield Refusable("unknown-operation-name", "unknown-operation-name", replace(sound, body=body))


def _parameter_cases(parameter: Parameter, sound: Request) -> Iterator[Refusable]:
    if parameter.location == "body" and isinstance(sound.body, Mapping):
        yield from _body_cases(parameter, sound, ())
    elif parameter.location == "query" and sound.method == "GET":
        if parameter.required and parameter.name in sound.params:
            params = {key: value for key, value in sound.params.items() if key != parameter.name}
            yield Refusable(
                "missing-parameter",
                f"missing-parameter:{parameter.name}",
                replace(sound, params=params),
                inferred=not parameter.stated,
            )
        if parameter.values and parameter.type in CLOSED:
            params = {**sound.params, parameter.name: "no-such-value"}
            yield Refusable("invalid-value", f"invalid-value:{parameter.name}", replace(sound, params=params))
        elif parameter.type == "integer" and "." not in parameter.name:  # a filter by a value that nothing has is none
            params = {**sound.params, parameter.name: "not-a-number"}
            yield Refusable("wrong-type", f"wrong-type:{parameter.name}", replace(sound, params=params))


def _body_cases(parameter: Parameter, sound: Request, parents: tuple[str, ...]) -> Iterator[Refusable]:
    names = (*parents, parameter.name)
    dotted = ".".join(names)
    present = _holder(sound.body, names)
    if parameter.required and present is not None:
        yield Refusable(
            "missing-parameter",
            f"missing-parameter:{dotted}",
            replace(sound, body=_edited(sound.body, names, None)),
            inferred=not parameter.stated,
        )
    inside = present is not None or not parents
    if inside and parameter.values is not None and parameter.type != "boolean":
        value: Any = ["no-such-value"] if parameter.type == "array" else "no-such-value"
        yield Refusable(
            "invalid-value", f"invalid-value:{dotted}", replace(sound, body=_edited(sound.body, names, value))
        )
    if inside and parameter.type in _OTHER_TYPE:
        body = _edited(sound.body, names, _OTHER_TYPE[parameter.type])
        yield Refusable("wrong-type", f"wrong-type:{dotted}", replace(sound, body=body))
    if present is not None:
        for member in parameter.members:
            yield from _body_cases(member, sound, names)


def _holder(body: Any, names: tuple[str, ...]) -> Any:
    """The object that has the named member, None when the request does not have it. Of a list, its first item."""
    holder = body
    for name in names[:-1]:
        holder = holder.get(name) if isinstance(holder, Mapping) else None
        if isinstance(holder, list):
            holder = holder[0] if holder else None
    return holder if isinstance(holder, Mapping) and names[-1] in holder else None


def _edited(body: Any, names: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A copy of the body with one member set, or left out when `value` is None."""
    copy = dict(body)
    if len(names) == 1:
        if value is None:
            copy.pop(names[0], None)
        else:
            copy[names[0]] = value
        return copy
    inner = copy.get(names[0], {})
    if isinstance(inner, list):
        copy[names[0]] = [_edited(inner[0], names[1:], value), *inner[1:]]
    else:
        copy[names[0]] = _edited(inner, names[1:], value)
    return copy
