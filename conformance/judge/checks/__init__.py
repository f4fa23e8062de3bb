"""The checks. Importing this package registers all of them."""

from conformance.judge.checks import bayeux, collections, notifications, refusals, reply, states

__all__ = ["bayeux", "collections", "notifications", "refusals", "reply", "states"]
