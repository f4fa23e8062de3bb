"""What a JSON Schema keyword asks for, in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LIMIT = 400
_PHRASES: Mapping[str, str] = {
    "required": "the member {}",
    "const": "{}",
    "pattern": "text that matches {}",
    "format": "text in the format {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
    "multipleOf": "a multiple of {}",
}


def expected(error: Any) -> str:
    """What the keyword of a jsonschema-rs error asked for; empty where there is no short way to say it."""
    kind = getattr(error, "kind", None)
    name, value = str(getattr(kind, "name", "")), getattr(kind, "value", None)
    if name == "enum" and isinstance(value, list):
        text = "one of " + ", ".join(map(_plain, value))
    elif name == "type":
        text = " or ".join(value if isinstance(value, list) else [str(value)])
    elif name in {"anyOf", "oneOf"} and isinstance(value, list):
        text = " or ".join(dict.fromkeys(filter(None, (expected(item[0]) for item in value if item))))
    elif name == "uniqueItems":
        text = "items that all differ"
    elif name in {"additionalProperties", "unevaluatedProperties", "falseSchema"}:
        text = "no such member"
    elif name in _PHRASES:
        text = _PHRASES[name].format(_plain(value))
    else:
        text = ""
    return text if len(text) <= LIMIT else text[: LIMIT - 3] + "..."


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
