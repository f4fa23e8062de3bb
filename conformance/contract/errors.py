"""Errors of the contract's data, said so that the person who edits it can mend them."""

from __future__ import annotations


class ContractError(Exception):
    """The contract's data is wrong; the text names the file, the line and the key."""
