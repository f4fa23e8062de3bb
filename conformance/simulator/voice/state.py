"""What the voice area remembers between requests."""

from __future__ import annotations

import itertools
import random
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, cast

from ..clock import Timer
from ..models import Device, User
from ..world import World
from .parties import RELEASED, Call, Monitoring, Party

REMEMBERED_CALLS: Final = 1000


@dataclass(eq=False)
class VoiceSession:
    """An agent's session on a device. `default_device` is what the agent gets back when it ends."""

    device: Device
    default_device: Device | None
    default_owner: str | None
    dynamic_phone_number: str | None = None


class VoiceState:
    """Calls, sessions, monitoring orders. One object a world; `world.reset()` makes a new one."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: dict[str, Call] = {}
        self.released: OrderedDict[str, set[str]] = OrderedDict()  # call id -> users who were in it
        self.released_parties: list[Party] = []
        self.sessions: dict[str, VoiceSession] = {}  # by user id
        self.monitors: dict[str, Monitoring] = {}  # by the supervisor's device id
        self.idle_since: dict[str, int] = {}  # device id -> turn in which the agent became free
        self.wrap_up: dict[str, Timer] = {}  # device id -> end of after call work
        self._turns = itertools.count(1)
        # Real servers give capabilities in no stable order, so this one does not either.
        self.shuffle = random.Random(world.options.seed)  # noqa: S311 - an order, not a secret

    def turn(self) -> int:
        """An ever growing number, to tell what came first."""
        return next(self._turns)

    def parties_of(self, device: Device | None) -> list[Party]:
        """What the device is engaged in, oldest call first."""
        if device is None:
            return []
        return [party for call in self.calls.values() for party in call.parties if party.device is device]

    def parties_of_user(self, user: User) -> list[Party]:
        """What the user is engaged in. A phone that is lent to another agent counts as the other's."""
        device = user.device
        return self.parties_of(device) if device is not None and device.user_id == user.id else []

    def party(self, user: User, call_id: str) -> Party | None:
        """The user's end of a call."""
        return next((party for party in self.parties_of_user(user) if party.call.id == call_id), None)

    def forget(self, party: Party) -> None:
        """Take a party out of its call; an empty call is gone, but is remembered for its disposition."""
        party.state = RELEASED
        call = party.call
        call.parties.remove(party)
        if party.device is not None:
            self.released.setdefault(call.id, set()).add(party.device.user_id or "")
            self.released_parties.append(party)
            self.idle_since[party.device.id] = self.turn()
        if not call.parties:
            self.calls.pop(call.id, None)
        while len(self.released) > REMEMBERED_CALLS:
            self.released.popitem(last=False)
        del self.released_parties[:-REMEMBERED_CALLS]

    # --- what the other areas ask ---------------------------------------------------------------------------

    def calls_of(self, user: User) -> list[dict[str, Any]]:
        """The call resources of the user, oldest first."""
        from .reads import listed_calls

        return listed_calls(self.world, user)

    def device_resource(self, who: User | Device) -> dict[str, Any] | None:
        """The device resource of a device, or of the device a user has (None without one)."""
        from .resources import device_resource

        device = who.device if isinstance(who, User) else who
        return None if device is None else device_resource(self.world, device)

    def channel_resource(self, user: User) -> dict[str, Any] | None:
        """The voice channel as "Channel resource" (lines 36568-36630) shows it; None without a device."""
        from .resources import channel_resource

        return None if user.device is None else channel_resource(self.world, user.device)


def voice_of(world: World) -> VoiceState:
    """The voice area's state (the world keeps it untyped)."""
    return cast(VoiceState, world.voice)
