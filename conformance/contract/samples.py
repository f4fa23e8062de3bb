"""Plausible values: for the placeholders of the contract's examples, and for JSON Schemas, where no deployment is
at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs

from conformance.contract.errors import ContractError

BASE_URL = "http://localhost:8080"
API = f"{BASE_URL}/api/v2"
ROOT = "#/components/schemas/"

_KNOWN: Mapping[str, Any] = {
    "unique": "1",
    "emailto": "support@example.com",
    "emailfrom": "agent@example.com",
    "mediatype": "workitem",
    "applicationid": 1,
    "chainid": 1,
}
# For text with a pattern the first of these that matches; a new pattern may need a new one.
_TEXTS = (
    "1",
    "US",
    "5.1",
    f"{API}/objects/1",
    f"{API}/calls/1",
    f"{API}/im-sessions/1",
    f"{API}/openmedia/workitem/1",
    f"{API}/workbins/1",
    f"{API}/workitems/1",
    "/calls/1",
    "/contacts/1",
    "/features/api-voice",
    "/groups/1",
    "/im-sessions/1",
    "/interactions/1",
    "/places/1",
    "/settings/voice",
    "/users/1",
    "applications/101",
    "\\Configuration\\Persons",
    "2025-01-31 12:00:00.000+0000",
    "2025-01-31T12:00:00.000Z",
    "2025-01-31T12:00:00Z",
)


def sample(name: str) -> Any:
    """A value for a placeholder such as `second.phoneNumber` or `target.queueUri`; the same for the same name."""
    owner, _, rest = name.partition(".")
    last = rest.rsplit(".", 1)[-1] or owner
    lowered = last.lower()
    thing = rest.split(".")[-2] if rest.count(".") else (lowered.removesuffix("uri").removesuffix("path") or owner)
    if lowered.endswith("uri"):
        return f"{API}/{thing}s/{owner}-1"
    if lowered.endswith("path"):
        return f"/{thing}s/{owner}-1"
    if lowered in _KNOWN:
        return _KNOWN[lowered]
    if lowered.endswith("phonenumber"):
        return {"self": "5001", "second": "5002", "third": "5003"}.get(owner, "5004")
    return f"{name.replace('.', '-')}-1"


def sample_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A small value that the schema accepts: of objects the required members, of arrays one item.

    `schemas` are the components that `$ref` names. What the sampler does not understand (`not`, bounds) it ignores:
    whoever shows a sample validates it.

    Raises:
        ContractError: a pattern that none of the known texts matches.
    """
    return _Sampler(schemas).value(schema)


class _Sampler:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def value(self, schema: Mapping[str, Any]) -> Any:
        flat = list(self._flatten(schema))
        for key in ("const", "examples", "enum"):
            found = next((item[key] for item in flat if key in item), None)
            if found is not None:
                return found if key == "const" else found[0]
        kind = next((item["type"] for item in flat if "type" in item), None)
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object" or (kind is None and any("properties" in item or "required" in item for item in flat)):
            return self._object(flat)
        if kind == "array":
            items = next((item["items"] for item in flat if "items" in item), None)
            return [] if items is None else [self.value(items)]
        if kind in {"integer", "number"}:
            return max([1, *(item["minimum"] for item in flat if "minimum" in item)])
        if kind == "boolean":
            return True
        return self._text([item["pattern"] for item in flat if "pattern" in item]) if kind in {"string", None} else None

    def _flatten(self, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The schema and all that it also demands; of alternatives the first."""
        yield schema
        if "$ref" in schema:
            yield from self._flatten(self._schemas[str(schema["$ref"]).removeprefix(ROOT)])
        for item in schema.get("allOf", ()):
            yield from self._flatten(item)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                yield from self._flatten(schema[key][0])

    def _object(self, flat: list[Mapping[str, Any]]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        self._fill(out, flat, flat)
        for item in flat:
            if "if" in item:
                also = item.get("then" if self._holds(item["if"], out) else "else", {})
                self._fill(out, list(self._flatten(also)), flat)
        extra = next((item["additionalProperties"] for item in flat if "additionalProperties" in item), None)
        if not out and isinstance(extra, Mapping):
            out["1"] = self.value(extra)
        return out

    def _fill(self, out: dict[str, Any], demands: Iterable[Mapping[str, Any]], known: list[Mapping[str, Any]]) -> None:
        """Adds the members that `demands` require, as `known` (and the demands) describe them."""
        listed = list(demands)
        for name in (name for item in listed for name in item.get("required", ())):
            if name not in out:
                described = [
                    item["properties"][name] for item in [*listed, *known] if name in item.get("properties", {})
                ]
                out[name] = self.value({"allOf": described})

    def _holds(self, condition: Mapping[str, Any], value: Any) -> bool:
        document = {**condition, "components": {"schemas": self._schemas}}
        return bool(jsonschema_rs.Draft202012Validator(document).is_valid(value))

    @staticmethod
    def _text(patterns: list[str]) -> str:
        for text in _TEXTS if patterns else ("text",):
            if all(re.search(pattern, text) for pattern in patterns):
                return text
        raise ContractError(f"no sample text matches {' and '.join(patterns)}: add one to {__name__}")
