"""`${...}` in the contract's examples and expectations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_PATTERN = re.compile(r"\$\{([A-Za-z0-9_.-]+)\}")


def placeholders(value: Any) -> Iterator[str]:
    """Every placeholder name inside a nested value, `request.` ones included."""
    if isinstance(value, str):
        yield from _PATTERN.findall(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from placeholders(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from placeholders(item)


def resolve(value: Any, lookup: Callable[[str], Any]) -> Any:
    """A copy of the value with each placeholder replaced; a whole-string placeholder keeps the type of its value.

    Raises:
        KeyError: `lookup` does not know a name.
    """
    if isinstance(value, str):
        whole = _PATTERN.fullmatch(value)
        if whole:
            return lookup(whole.group(1))
        return _PATTERN.sub(lambda found: str(lookup(found.group(1))), value)
    if isinstance(value, Mapping):
        return {resolve(key, lookup): resolve(item, lookup) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, lookup) for item in value]
    return value
