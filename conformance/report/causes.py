"""Why scenarios could not be tested, by what stands behind it: one obstacle on the way to many states is one cause."""

from __future__ import annotations

import re

_NOT_REACHED = re.compile(r"^\S+ of chart \S+ was not reached: (?P<why>.*)$", re.DOTALL)
_AFTER = re.compile(r"^after (?P<transition>\S+) the resource shows .*$", re.DOTALL)
_NEEDS = re.compile(r"^\S+ needs the id of an? (?P<kind>call|consult|chat), and there is none$")
_TOLD_OF_NONE = re.compile(r"^\S+ was told of no (?P<kind>\w+)( .*)?$", re.DOTALL)
_LEFT = re.compile(r"^the resource left \S+ before .*$", re.DOTALL)
SILENT = "the scenarios wait for a notification, and none came in the whole run"


def root_cause(message: str, *, silent: bool = False) -> str:
    """What stands behind an `untestable`, without what differs from scenario to scenario.

    silent: no notification came in the whole run, which is behind everything that was waited for.
    """
    reached = _NOT_REACHED.match(message)
    why = reached["why"] if reached else message
    after = _AFTER.match(why)
    if after:
        return SILENT if silent else f"{after['transition']} did not lead to its state, as far as anybody was told"
    told = _NEEDS.match(why) or _TOLD_OF_NONE.match(why)
    if told:
        return SILENT if silent else f"nobody was told of the {told['kind']} that the scenario needs"
    if _LEFT.match(why):
        return SILENT if silent else "the resource left the state that it was brought to before all was tried"
    return why
