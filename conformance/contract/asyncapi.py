"""The AsyncAPI 3.0 description of the CometD notifications, made from the contract: `schemas/asyncapi.json`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from conformance.contract.components import Components
from conformance.contract.descriptions_text import ASYNCAPI, TITLE
from conformance.contract.loader import Contract
from conformance.contract.model import DOCUMENT, Operation, Source
from conformance.contract.samples import sample_of

_MESSAGES = "gws:messages/"


def asyncapi(contract: Contract) -> dict[str, Any]:
    """The description, ready to be written as JSON. The same contract gives the same description."""
    # AsyncAPI's own dialect is a superset of draft 7, where keywords beside a reference do not count.
    components = Components(contract.schemas.documents, siblings=False)
    names = contract.schemas.names("messages")
    messages = {name: _message(name, contract, components) for name in sorted(names)}
    topics = _topics(contract, names)
    body = {
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {channel_id(topic): _channel(topic, carried) for topic, carried in topics.items()},
        "operations": {_receiver(topic): _operation(topic, carried) for topic, carried in topics.items()},
        "components": {
            "schemas": components.schemas,
            "messages": messages,
            "correlationIds": {
                "referenceId": {
                    "description": "The referenceId that the reply to a request gave, or that the request carried; "
                    "the notification that belongs to it repeats it.",
                    "location": "$message.payload#/referenceId",
                }
            },
            "securitySchemes": _SECURITY,
        },
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    head = {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{TITLE}: CometD notifications",
            "version": f"{DOCUMENT.rsplit(' ', 1)[-1]}+{digest}",
            "description": ASYNCAPI,
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": name, "description": title} for name, title in sorted(contract.areas.items())],
        },
    }
    return head | body


def channel_id(topic: str) -> str:
    """The description's name of a CometD channel: `me.calls` for `/v2/me/calls`."""
    return ".".join(re.sub(r"^/v2/", "/", topic).strip("/").split("/"))


def _receiver(topic: str) -> str:
    words = re.split(r"[./-]", channel_id(topic))
    return "receive" + "".join(word[:1].upper() + word[1:] for word in words)


def _topics(contract: Contract, names: list[str]) -> dict[str, list[str]]:
    """The messages of each topic: where the message's page says that it comes, and where operations cause it."""
    found: dict[str, set[str]] = {}
    for name in names:
        for topic in contract.schemas.documents[f"{_MESSAGES}{name}.json"].get("x-channels", ()):
            found.setdefault(topic, set()).add(name)
    for operation in contract.operations.values():
        for item in operation.notifications:
            found.setdefault(item.channel, set()).add(item.message_type)
    return {topic: sorted(carried) for topic, carried in sorted(found.items())}


def _servers() -> dict[str, Any]:
    variables = {
        "host": {"default": "localhost:8080", "description": "Host and port of the deployment."},
        "notificationsPath": {
            "default": "api/v2/notifications",
            "description": "Where the deployment serves CometD, without the first slash; some use genesys/cometd.",
        },
    }
    common = {"host": "{host}", "pathname": "/{notificationsPath}", "variables": variables}
    security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY]
    return {
        "longPolling": {
            **common,
            "protocol": "http",
            "protocolVersion": "1.1",
            "title": "Bayeux over HTTP",
            "description": "The transport that every deployment has: POST requests that the server holds (TLS: https).",
            "security": security,
        },
        "webSocket": {
            **common,
            "protocol": "ws",
            "title": "Bayeux over WebSocket",
            "description": "Where the deployment offers it (TLS: wss).",
            "security": security,
        },
    }


def _channel(topic: str, messages: list[str]) -> dict[str, Any]:
    return {
        "address": topic,
        "title": f"CometD channel {topic}",
        "description": f"Subscribe with /meta/subscribe and the subscription {topic}, or a pattern that matches it.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "servers": [{"$ref": "#/servers/longPolling"}, {"$ref": "#/servers/webSocket"}],
        "x-gws-bayeux": {"subscription": topic, "envelope": {"channel": topic, "data": "the payload"}},
    }


def _operation(topic: str, messages: list[str]) -> dict[str, Any]:
    identifier = channel_id(topic)
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{identifier}"},
        "title": f"Receive what {topic} delivers",
        "summary": f"{len(messages)} kind{'s' if len(messages) > 1 else ''} of message.",
        "messages": [{"$ref": f"#/channels/{identifier}/messages/{name}"} for name in messages],
    }


def _message(name: str, contract: Contract, components: Components) -> dict[str, Any]:
    uri = f"{_MESSAGES}{name}.json"
    schema = contract.schemas.documents[uri]
    payload = components.reference(uri)
    causes = [item for item in contract.operations.values() if _caused(item, name)]
    kinds = _properties(components.schemas[f"message.{name}"], components).get("notificationType", {})
    raw = schema["x-source"]
    out: dict[str, Any] = {
        "name": name,
        "title": str(schema["title"]),
        "summary": _summary(causes, bool(schema.get("x-ambient"))),
        "description": f"Source: {Source(raw['page'], tuple(raw['lines']), raw.get('document', DOCUMENT))}",
        "contentType": "application/json",
        "tags": [{"name": area} for area in sorted({item.area for item in causes})],
        "payload": payload,
        "x-gws-operations": [item.id for item in causes],
        "x-gws-notification-types": kinds.get("enum") or ([kinds["const"]] if "const" in kinds else None),
        "x-gws-source": {"document": DOCUMENT, **raw},
    }
    if "referenceId" in _properties(components.schemas[f"message.{name}"], components):
        out["correlationId"] = {"$ref": "#/components/correlationIds/referenceId"}
    out["examples"] = [{"name": "minimal", "payload": sample_of(payload, components.schemas)}]
    return {key: value for key, value in out.items() if value not in (None, [])}


def _summary(causes: list[Operation], ambient: bool) -> str:
    said = f"Follows {len(causes)} of the documented operations." if causes else "Follows no single operation."
    return f"{said} May come unasked at any time." if ambient else said


def _caused(operation: Operation, message: str) -> bool:
    return any(item.message_type == message for item in operation.notifications)


def _properties(schema: Mapping[str, Any], components: Components) -> dict[str, Any]:
    """The members of an object, those of the schemas that it refers to included."""
    found: dict[str, Any] = {}
    for item in schema.get("allOf", ()):
        found |= _properties(item, components)
    if "$ref" in schema:
        found |= _properties(components.resolve(str(schema["$ref"])), components)
    return found | dict(schema.get("properties", {}))


_SECURITY: dict[str, Any] = {
    "basic": {"type": "http", "scheme": "basic", "description": "Name and password, on each Bayeux request."},
    "session": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": "JSESSIONID",
        "description": "The HTTP session of the REST requests; its notifications are the user's.",
    },
    "csrf": {
        "type": "httpApiKey",
        "in": "header",
        "name": "X-CSRF-TOKEN",
        "description": "Beside the session, where the protection is on: Bayeux requests are POST requests.",
    },
}
