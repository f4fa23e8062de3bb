"""Which readings of the ambiguities a scenario shows: small functions that look at one message, reply or step.

Each says no more than it sees: a reading that is not told from its neighbours by what was recorded is not named. The
modules hold those of one area each; importing them registers them.
"""

from __future__ import annotations

from conformance.judge.readings import basics, chat, contacts, voice  # noqa: F401 - importing registers them
from conformance.judge.readings.registry import Seen, followed

__all__ = ["Seen", "followed"]
