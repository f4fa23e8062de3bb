"""Named faults: deviations of one behaviour that the server can be told to show.

An area declares each of its faults once, at import, with `fault(name, sentence)`; code asks
`world.faults.on(name)`. A parametrised fault is switched on as `name:argument` and asked with
`world.faults.arguments(name)`; several arguments may be on at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One declared fault. `sentence` says what a client sees; `argument` names the part after `:` or is None."""

    name: str
    sentence: str
    argument: str | None = None
    argument_optional: bool = False

    @property
    def usage(self) -> str:
        """How the fault is written on a command line."""
        if self.argument is None:
            return self.name
        return f"{self.name}[:{self.argument}]" if self.argument_optional else f"{self.name}:{self.argument}"


_declared: dict[str, Fault] = {}


class UnknownFaultError(ValueError):
    """A fault was asked for that no area declares, or with an argument it does not take."""


def fault(name: str, sentence: str, *, argument: str | None = None, argument_optional: bool = False) -> str:
    """Declare a fault and return its name. Declaring one name with two sentences is a mistake (ValueError)."""
    declared = Fault(name, sentence, argument, argument_optional)
    if _declared.setdefault(name, declared) != declared:
        raise ValueError(f"fault {name!r} is declared twice with different texts")
    return name


def declared_faults() -> tuple[Fault, ...]:
    """All declared faults, sorted by name."""
    return tuple(_declared[name] for name in sorted(_declared))


def _split(text: str) -> tuple[str, str | None]:
    name, colon, argument = text.partition(":")
    declared = _declared.get(name)
    if declared is None:
        raise UnknownFaultError(f"unknown fault {name!r}; `--list-faults` prints the known ones")
    if colon and declared.argument is None:
        raise UnknownFaultError(f"fault {name!r} takes no argument")
    if declared.argument is not None and not argument and not declared.argument_optional:
        raise UnknownFaultError(f"fault {name!r} needs an argument: {declared.usage}")
    return name, (argument or None)


class Faults:
    """The faults that are switched on in one world."""

    def __init__(self, on: Iterable[str] = ()) -> None:
        self._on: dict[str, set[str | None]] = {}
        self.generic_replies = False
        self.generic_notifications = False
        self.switch(on=on)

    def on(self, name: str) -> bool:
        """Whether the fault is on (with whatever argument)."""
        return name in self._on

    def arguments(self, name: str) -> frozenset[str | None]:
        """The arguments a fault is on with; None stands for "without an argument". Empty when it is off."""
        return frozenset(self._on.get(name, ()))

    def active(self) -> list[str]:
        """What is on, as it would be written on a command line, sorted."""
        return sorted(
            name if argument is None else f"{name}:{argument}"
            for name, arguments in self._on.items()
            for argument in arguments
        )

    def switch(self, *, on: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        """Switch faults on and off; nothing changes when one of the names is unknown (UnknownFaultError).

        `off` accepts `name:argument`, `name` (all its arguments) and `*` (everything).
        """
        additions = [_split(text) for text in on]
        everything = False
        removals: list[tuple[str, str | None]] = []
        for text in off:
            if text == "*":
                everything = True
            elif text in _declared:
                removals.append((text, None))
            else:
                removals.append(_split(text))
        if everything:
            self._on.clear()
        for name, argument in removals:
            if argument is None:
                self._on.pop(name, None)
            elif name in self._on:
                self._on[name].discard(argument)
                if not self._on[name]:
                    del self._on[name]
        for name, argument in additions:
            self._on.setdefault(name, set()).add(argument)
        # Two flags keep the path of a request without generic faults short.
        self.generic_replies = any(name.startswith("generic.") for name in self._on)
        self.generic_notifications = self.generic_replies
