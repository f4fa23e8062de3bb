"""Where the contract's data lies: beside the package in a wheel, beside the checkout otherwise."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def data_root(kind: str) -> Path:
    """Folder of the shipped data `kind` (`schemas` or `templates`).

    `GWS_CONFORMANCE_SCHEMAS` names another copy of `schemas`, for people who edit the contract.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    override = os.environ.get("GWS_CONFORMANCE_SCHEMAS")
    if kind == "schemas" and override:
        return Path(override)
    shipped = _PACKAGE / "_data" / kind
    if shipped.is_dir():
        return shipped
    checkout = _PACKAGE.parent / ("schemas" if kind == "schemas" else "reports/templates")
    if checkout.is_dir():
        return checkout
    raise FileNotFoundError(f"the installation has no {kind!r} (looked in {shipped} and {checkout}): reinstall it")
