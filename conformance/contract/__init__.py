"""The contract: what the vendor's documents say, as data, and questions about it."""

from conformance.contract.errors import ContractError
from conformance.contract.loader import Contract, load_contract, matches, value_at
from conformance.contract.model import (
    Ambiguity,
    Example,
    Needs,
    Negative,
    Notification,
    Operation,
    Parameter,
    Response,
    Rule,
    Source,
    State,
    Statechart,
    Transition,
)
from conformance.contract.validation import Violation

__all__ = [
    "Ambiguity",
    "Contract",
    "ContractError",
    "Example",
    "Needs",
    "Negative",
    "Notification",
    "Operation",
    "Parameter",
    "Response",
    "Rule",
    "Source",
    "State",
    "Statechart",
    "Transition",
    "Violation",
    "load_contract",
    "matches",
    "value_at",
]
