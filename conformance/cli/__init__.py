"""The command line, `gws-conformance ...`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """The entry point `gws-conformance`."""
    try:
        # Imported here: Ctrl-C while Python still reads modules shows no traceback either.
        from conformance.cli.app import app

        app()
    except KeyboardInterrupt:
        print("gws-conformance: interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        gc.freeze()  # Python would look through everything that a run has left once more, for most of a second
