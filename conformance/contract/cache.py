"""Remembers the documents of the contract after they were read and checked: reading YAML takes a second, this does not.

A remembered contract is JSON in the user's cache folder, under the digest of the files that it was read from, so that
an edited file is read anew. `GWS_CONFORMANCE_CACHE` names another folder; empty, it turns this off. A folder that
cannot be written, or a file that cannot be read, costs the second and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import platformdirs

VERSION = 1
KEPT = 4
"""Contracts that are remembered; older ones are deleted."""


def folder() -> Path | None:
    """Where contracts are remembered; None where it is turned off."""
    named = os.environ.get("GWS_CONFORMANCE_CACHE")
    if named is not None:
        return Path(named) if named else None
    return Path(platformdirs.user_cache_dir("gws-conformance", appauthor=False))


def recall(digest: str) -> Mapping[str, Any] | None:
    """The documents by their path below the contract's folder; None where they are not remembered."""
    place = folder()
    if place is None:
        return None
    try:
        known = orjson.loads((place / _name(digest)).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    documents = known.get("documents") if isinstance(known, dict) and known.get("digest") == digest else None
    return documents if isinstance(documents, dict) else None


def remember(digest: str, documents: Mapping[str, Any]) -> None:
    """Keeps the documents, unless they cannot be kept."""
    place = folder()
    if place is None:
        return
    try:
        content = orjson.dumps({"digest": digest, "documents": documents})
        if orjson.loads(content)["documents"] != documents:
            return  # YAML says more than JSON can: not remembered rather than changed
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
            file.write(content)
        Path(file.name).replace(place / _name(digest))
        _prune(place)
    except (OSError, TypeError):
        return  # the docstring above says what this costs


def _name(digest: str) -> str:
    return f"contract-{VERSION}-{digest[:32]}.json"


def _prune(place: Path) -> None:
    kept = sorted(place.glob("contract-*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[KEPT:]:
        with contextlib.suppress(OSError):
            path.unlink()
