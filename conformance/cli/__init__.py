"""The command line, `gws-conformance ...`."""

from conformance.cli.app import app, main

__all__ = ["app", "main"]
