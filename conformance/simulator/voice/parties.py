"""Calls and the parties joined in them, as a switch keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ..models import Device

DIALING: Final = "Dialing"
RINGING: Final = "Ringing"
ESTABLISHED: Final = "Established"
HELD: Final = "Held"
RELEASED: Final = "Released"

INTERNAL: Final = "Internal"
INBOUND: Final = "Inbound"
OUTBOUND: Final = "Outbound"
CONSULT: Final = "Consult"

LISTEN_IN: Final = "ListenIn"
COACH: Final = "Coach"
BARGE_IN: Final = "BargeIn"

STOPPED: Final = "Stopped"
RECORDING: Final = "Recording"
PAUSED: Final = "Paused"


@dataclass(eq=False)
class Monitoring:
    """A supervisor's standing order to watch a device ("ListenIn", lines 9396-9497)."""

    supervisor: Device
    target: Device
    state: str  # ListenIn | Coach | BargeIn
    mode: str  # NextCall | AllCalls
    scope: str  # Call | Agent
    party: Party | None = None  # the supervisor's party while a call is being monitored


@dataclass(eq=False)
class Call:
    """One call on the switch. `id` is the callUuid; `created` a reading of the clock's monotonic seconds.

    `user_data` keeps its pairs in order and may hold a key more than once (AttachUserData).
    `queue` is the queue's number while (or since) the call was delivered by one; `waiting` says it is in it now.
    """

    id: str
    conn_id: str
    created: float
    dnis: str
    call_type: str
    ani: str | None = None
    queue: str | None = None
    waiting: bool = False
    parent: Call | None = None
    parties: list[Party] = field(default_factory=list)
    user_data: list[tuple[str, Any]] = field(default_factory=list)
    recording: str = STOPPED
    refused_by: set[str] = field(default_factory=set)

    @property
    def talkers(self) -> list[Party]:
        """The parties that everybody in the call knows of: all but supervisors who only listen or coach."""
        return [party for party in self.parties if not party.silent]

    @property
    def agents(self) -> list[Party]:
        """The parties on devices of the contact centre, oldest first."""
        return [party for party in self.parties if party.device is not None]

    @property
    def is_conference(self) -> bool:
        """Whether at least three parties talk."""
        return len(self.talkers) > 2

    @property
    def supervised(self) -> bool:
        """Whether a supervisor is on the call, in whatever way."""
        return any(party.monitoring is not None for party in self.parties)

    def data(self) -> dict[str, Any]:
        """The user data as an object; of a duplicated key the newest value shows."""
        return dict(self.user_data)

    def merge_data(self, pairs: dict[str, Any]) -> None:
        """Add pairs; a key that exists gets the new value, once."""
        self.user_data = [pair for pair in self.user_data if pair[0] not in pairs] + list(pairs.items())


@dataclass(eq=False)
class Party:
    """One end of a call. `device` is None for a customer.

    `answered` tells whether the call has been connected, so that a Dialing call put aside can go back to Dialing.
    `queue` is the number of the queue that delivered the call to this party. `seen` freezes the participants a
    Released party was with.
    """

    call: Call
    number: str
    device: Device | None
    state: str
    answered: bool = False
    queue: str | None = None
    mute: bool = False
    owner: bool = False
    called: bool = False
    monitoring: Monitoring | None = None
    monitor_mode: str | None = None  # how the supervisor is on this call; may differ from the order's state
    muted_by_supervisor: bool = False
    seen: list[str] | None = None

    @property
    def silent(self) -> bool:
        """Whether the customer does not know of this party: a supervisor who listens in or coaches."""
        return self.monitor_mode in (LISTEN_IN, COACH)

    @property
    def active(self) -> bool:
        """Whether the party takes up its phone's line."""
        return self.state in (DIALING, RINGING, ESTABLISHED)

    def participants(self) -> list[str]:
        """The numbers of the others, newest first; the queue's while the call waits in it."""
        if self.seen is not None:
            return self.seen
        others = [party.number for party in reversed(self.call.talkers) if party is not self]
        if self.call.waiting and self.call.queue is not None:
            others.insert(0, self.call.queue)
        return others
