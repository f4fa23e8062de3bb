"""The parts of the OpenAPI description that one documented operation gives: request, parameters, replies, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conformance.contract.components import Components
from conformance.contract.model import Example, Notification, Operation, Parameter, Response
from conformance.contract.placeholders import resolve
from conformance.contract.samples import sample, sample_of
from conformance.contract.validation import parameter_schema, request_schema, response_schema

JSON = "application/json"
# OpenAPI describes these elsewhere and ignores parameters of these names.
_NOT_PARAMETERS = frozenset({"accept", "authorization", "content-type"})


def facts(operation: Operation) -> dict[str, Any]:
    """What the contract knows of an operation, as `x-gws-...` members."""
    needs = {key: value for key, value in vars(operation.needs).items() if value is not None}
    out: dict[str, Any] = {
        "x-gws-operation": operation.id,
        "x-gws-area": operation.area,
        "x-gws-edition": operation.edition,
        "x-gws-hazard": operation.hazard,
        "x-gws-features": list(operation.features),
        "x-gws-features-any": list(operation.features_any) or None,
        "x-gws-roles": list(operation.roles),
        "x-gws-roles-stated": operation.roles_stated,
        "x-gws-resource": operation.resource,
        "x-gws-capability": operation.capability,
        "x-gws-needs": needs or None,
        "x-gws-notifications": [_notification(item) for item in operation.notifications],
        "x-gws-ambiguities": list(operation.ambiguities),
        "x-gws-replaced-by": operation.replaced_by,
        "x-gws-source": operation.source.as_json(),
    }
    return {key: value for key, value in out.items() if value is not None}


def _notification(item: Notification) -> dict[str, Any]:
    out: dict[str, Any] = {
        "to": item.to,
        "channel": item.channel,
        "messageType": item.message_type,
        "notificationType": item.notification_type,
        "resource": item.resource,
        "state": item.state,
        "level": item.level,
        "when": item.when,
        "reading": item.reading,
    }
    return {key: value for key, value in out.items() if value is not None}


def describe(operation: Operation) -> str:
    """The operation in a few lines of Markdown, for people who read a rendered page."""
    lines = [operation.summary, ""]
    if operation.edition == "8.5":
        instead = f"; use `{operation.replaced_by}` instead" if operation.replaced_by else ""
        lines += [f"**Removed in 8.6**{instead}.", ""]
    if operation.features:
        lines.append(f"- Features: {_code(operation.features)}")
    if operation.features_any:
        lines.append(f"- One of the features: {_code(operation.features_any)}")
    stated = "" if operation.roles_stated else " (not stated; as the pages around suggest)"
    lines.append(f"- Roles: {', '.join(operation.roles)}{stated}")
    messages = dict.fromkeys(f"{item.message_type} on {item.channel}" for item in operation.notifications)
    if messages:
        lines.append(f"- Notifications: {_code(tuple(messages))}")
    if operation.ambiguities:
        lines.append(f"- Where the documents are not clear: {_code(operation.ambiguities)}")
    lines.append(f"- Hazard: {operation.hazard}")
    lines.append(f"- Source: {operation.source}")
    return "\n".join(lines)


def _code(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def value_schema(parameter: Parameter) -> dict[str, Any]:
    """JSON Schema of a parameter's value: what the contract validates with, and what there is to say about it."""
    schema = parameter_schema(parameter)
    _annotate(schema, parameter)
    return schema


def _annotate(schema: dict[str, Any], parameter: Parameter) -> None:
    """Adds annotations, and nothing that changes what the schema accepts."""
    if "enum" in schema and "type" not in schema:
        kinds = {_kind(value) for value in schema["enum"]}
        if len(kinds) == 1:
            schema["type"] = kinds.pop()
    holder = schema.get("items", schema) if parameter.type == "array" else schema
    members = holder.get("properties", {})
    for member in parameter.members:
        _annotate(members[member.name], member)
    notes: dict[str, Any] = {
        "description": parameter.description,
        "default": parameter.default,
        "x-gws-type": parameter.type if parameter.type not in {"string", "integer", "boolean", "any"} else None,
        "x-gws-of": parameter.of,
        "x-gws-values": list(parameter.values) if parameter.values and "enum" not in schema else None,
        "x-gws-stated": None if parameter.stated else False,
        "x-gws-reading": parameter.reading,
    }
    schema.update({key: value for key, value in notes.items() if value is not None})


def _kind(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return names.get(type(value), "object")


def request_body_schema(operation: Operation) -> dict[str, Any]:
    """JSON Schema of the operation's JSON body, with title, description and facts."""
    schema = request_schema(operation)
    for parameter in operation.parameters_in("body"):
        _annotate(schema["properties"][parameter.name], parameter)
    if operation.operation_name:
        named = {"const": operation.operation_name, "type": "string", "description": "Names the operation."}
        rest = {name: value for name, value in schema["properties"].items() if name != "operationName"}
        schema["properties"] = {"operationName": named, **rest}
    return {"title": operation.title, **schema}


def form_schema(operation: Operation) -> dict[str, Any]:
    """JSON Schema of the operation's `multipart/form-data` body; files are binary text there."""
    items = operation.parameters_in("form")
    binary = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    schema = {item.name: binary if item.type == "file" else value_schema(item) for item in items}
    return {
        "title": operation.title,
        "type": "object",
        "properties": schema,
        "required": [item.name for item in items if item.required],
    }


def request_example(operation: Operation) -> Any | None:
    """The first body that the contract's examples say is accepted, with every placeholder replaced by a sample."""
    for item in operation.examples:
        if 0 in item.status_codes:
            return sample_body(operation, item)
    return None


def sample_body(operation: Operation, example: Example) -> dict[str, Any]:
    """The body of one example of the contract, with every placeholder replaced by a sample."""
    elsewhere = {item.name for item in operation.parameters_in("path", "query", "header")}
    body = {key: resolve(value, sample) for key, value in example.parameters.items() if key not in elsewhere}
    return ({"operationName": operation.operation_name} if operation.operation_name else {}) | body


def parameters_of(operation: Operation, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The path, query and header parameters; `names`: what a path parameter is called in the description."""
    out = []
    for item in operation.parameters_in("path", "query", "header"):
        if item.location == "header" and item.name.lower() in _NOT_PARAMETERS:
            continue
        schema = _plain_schema(item)
        notes = {key: schema.pop(key) for key in list(schema) if key == "description" or key.startswith("x-")}
        entry: dict[str, Any] = {
            "name": names.get(item.name, item.name) if item.location == "path" else item.name,
            "in": item.location,
            "required": item.required,
        }
        if item.location == "query" and item.type == "array":
            entry |= {"style": "form", "explode": False}
        if entry["name"] != item.name:
            notes["x-gws-name"] = item.name
        out.append(entry | notes | {"schema": schema})
    return out


def _plain_schema(item: Parameter) -> dict[str, Any]:
    """Schema of a value that travels as text: a list of names is no closed set of texts."""
    if item.type == "fields" and item.values:
        listed = {"type": "string", "examples": list(item.values)}
        _annotate(listed, item)
        return listed
    schema = value_schema(item)
    if item.type == "array" and item.values and not any("<" in str(value) for value in item.values):
        schema["items"] = {"type": "string", "enum": list(item.values)}
    return schema


def replies_of(operation: Operation, components: Components) -> list[dict[str, Any]]:
    """The documented replies: `{http, kind, schema}`, kind `json`, `raw` (a document) or `empty`, with notes.

    A reply with more than `statusCode: 0` becomes a component of its own, `reply.<operation>`.
    """
    out: list[dict[str, Any]] = []
    for item in operation.responses:
        kind = "empty" if item.empty else "raw" if item.raw else "json"
        entry: dict[str, Any] = {"http": item.http, "kind": kind}
        if kind == "json":
            entry["schema"] = _reply_schema(operation, item, components)
        entry |= {key: value for key, value in (("when", item.when), ("reading", item.reading)) if value is not None}
        out.append(entry)
    return out


def _reply_schema(operation: Operation, response: Response, components: Components) -> dict[str, str]:
    schema = {key: value for key, value in response_schema(response).items() if key != "$schema"}
    code = schema["properties"].get("statusCode")
    if code:
        code["type"] = _kind(code["const"])
    if not response.members and response.status_code == 0:
        return components.add("reply.done", {"title": "Done", **schema})
    if not response.members and response.status_code == "0":
        return components.add("reply.done-as-text", {"title": "Done (the number as text)", **schema})
    number = [item for item in operation.responses if item.members].index(response) if response.members else -1
    name = f"reply.{operation.id}" + (f".{number + 1}" if number > 0 else ".plain" if number < 0 else "")
    schema = {"title": f"Reply to {operation.title}", **schema}
    if response.reading:
        schema["x-gws-reading"] = response.reading
    if response.when:
        schema["description"] = f"When {response.when}."
    return components.add(name, schema | {"examples": [_sample(schema, components)]})


def _sample(schema: Mapping[str, Any], components: Components) -> Any:
    rewritten = components.rewrite(schema, "")
    return sample_of(rewritten, components.schemas)
