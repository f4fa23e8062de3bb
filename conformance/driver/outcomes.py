"""Why something could not be done: the ways in which a scenario ends without being judged."""

from __future__ import annotations


class Untestable(Exception):  # noqa: N818 - named after the verdict
    """A prerequisite is missing or could not be brought about. Counts against a certificate; never a pass."""


class NotApplicable(Exception):  # noqa: N818 - a verdict, not an error
    """The deployment does not have the feature or role, or its owner does not allow the hazard."""


class Unreachable(Exception):  # noqa: N818 - named after the verdict
    """The deployment cannot be tested at all: no answer, no GWS, or no way in."""
