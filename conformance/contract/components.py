"""Gathers the contract's JSON Schemas as components of a description, with every reference inside one document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROOT = "#/components/schemas/"
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_VALUES = frozenset({"const", "enum", "default", "examples", "required"})
_DROPPED = frozenset({"$id", "$schema", "$defs"})


class Components:
    """The schemas that a description refers to, by component name; filled while references are made.

    siblings: whether keywords beside `$ref` count (they do in JSON Schema 2020-12; in draft 7, AsyncAPI's own dialect,
    they do not, and the reference moves into an `allOf`).
    """

    def __init__(self, documents: Mapping[str, Mapping[str, Any]], *, siblings: bool = True) -> None:
        self._documents = documents
        self._siblings = siblings
        self._schemas: dict[str, Any] = {}

    @property
    def schemas(self) -> dict[str, Any]:
        """The components so far, sorted by name."""
        return dict(sorted(self._schemas.items()))

    def add(self, name: str, schema: Mapping[str, Any]) -> dict[str, str]:
        """Adds a schema of its own under a name, and gives the reference to it.

        Raises:
            ValueError: another schema has the name.
        """
        rewritten = self.rewrite(schema, "")
        if self._schemas.setdefault(name, rewritten) != rewritten:
            raise ValueError(f"two schemas are called {name}")
        return {"$ref": ROOT + name}

    def reference(self, uri: str, base: str = "") -> dict[str, str]:
        """The reference to a schema of the contract (`gws:resources/call.json#/$defs/...`), which becomes a component.

        Raises:
            KeyError: the contract has no such schema.
        """
        document, _, pointer = uri.partition("#")
        document = document or base
        name = component_name(document, pointer)
        if name not in self._schemas:
            self._schemas[name] = {}  # it may refer to itself
            schema: Any = self._documents[document]
            for step in pointer.split("/")[1:]:
                schema = schema[step]
            self._schemas[name] = self.rewrite(schema, document)
        return {"$ref": ROOT + name}

    def resolve(self, reference: str) -> Any:
        """The component that a reference (`#/components/schemas/...`) names."""
        return self._schemas[reference.removeprefix(ROOT)]

    def rewrite(self, schema: Any, base: str) -> Any:
        """A copy of a schema whose references point at components; `base` is the document that it stands in."""
        if isinstance(schema, list):
            return [self.rewrite(item, base) for item in schema]
        if not isinstance(schema, Mapping):
            return schema
        out: dict[str, Any] = {}
        reference: dict[str, str] | None = None
        for key, value in schema.items():
            if key in _DROPPED:
                continue
            if key == "$ref":
                known = str(value).startswith(ROOT)
                reference = {"$ref": str(value)} if known else self.reference(str(value), base)
            elif key in _NAMED:
                out[key] = {name: self.rewrite(item, base) for name, item in value.items()}
            elif key in _VALUES or key.startswith("x-"):
                out[extension(key)] = value
            else:
                out[key] = self.rewrite(value, base)
        if reference is None:
            return out
        if not out or self._siblings:
            return reference | out
        return out | {"allOf": [reference, *out.get("allOf", ())]}


def component_name(document: str, pointer: str = "") -> str:
    """`resource.common.uri` for `gws:resources/common.json` and `/$defs/uri`."""
    kind, _, file = document.removeprefix("gws:").partition("/")
    return ".".join([kind.removesuffix("s"), file.removesuffix(".json"), *pointer.split("/")[2:]])


def extension(key: str) -> str:
    """The name of one of our annotations in a description: `x-source` becomes `x-gws-source`."""
    return "x-gws-" + key.removeprefix("x-") if key.startswith("x-") and not key.startswith("x-gws-") else key
