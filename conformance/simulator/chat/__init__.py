"""The chat area: agents, supervisors and customers in chat sessions.

Source: Web Services API Reference, "Chat API" (lines 11212-15765), "Channels API" (36543-36935) and, in
`conformance.simulator.customer_chat`, "Customer Chat API" (15766-16392). `create(world)` makes the area's state;
importing the package registers its operations, stimuli and faults.
"""

from . import (
    all_channels,
    channels,
    operations_attachments,
    operations_basic,
    operations_conference,
    operations_data,
    operations_messages,
    queries,
    stimuli,
    supervisor,
)
from .state import ChatState, create

__all__ = [
    "ChatState",
    "all_channels",
    "channels",
    "create",
    "operations_attachments",
    "operations_basic",
    "operations_conference",
    "operations_data",
    "operations_messages",
    "queries",
    "stimuli",
    "supervisor",
]
