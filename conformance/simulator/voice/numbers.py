"""Phone numbers: what a number reaches, and how a participant's number is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from ..models import Device
from ..world import World
from . import faults

MAX_FORWARDS: Final = 5

_AREAS: Final = {"916": "California", "415": "California", "212": "New York"}
_COUNTRIES: Final = {
    "1": ("United States", "US"),
    "44": ("United Kingdom", "GB"),
    "49": ("Germany", "DE"),
}


@dataclass(frozen=True)
class Destination:
    """What a number reaches. `kind` is "device", "queue" or "customer"."""

    kind: str
    number: str
    device: Device | None = None


def normalized(number: str) -> str:
    """The number without spaces and punctuation; a leading + stays."""
    return re.sub(r"[\s().-]", "", number)


def same_number(left: str, right: str) -> bool:
    """Whether two spellings mean one number; the country's prefix may be left out."""
    a, b = normalized(left).lstrip("+"), normalized(right).lstrip("+")
    return a == b or (min(len(a), len(b)) >= 7 and (a.endswith(b) or b.endswith(a)))


def is_customer(number: str) -> bool:
    """Customers have 6000-6999, and every number written with its country code."""
    return bool(re.fullmatch(r"6\d{3}|\+\d{7,15}", normalized(number)))


def answers_at_once(number: str) -> bool:
    """6100-6199 answer by themselves."""
    return bool(re.fullmatch(r"61\d\d", normalized(number)))


def is_busy_customer(number: str) -> bool:
    """6200-6299 are always busy."""
    return bool(re.fullmatch(r"62\d\d", normalized(number)))


def resolve(world: World, number: str) -> Destination | None:
    """What the number reaches, forwarding followed; None when it reaches nothing (or forwards in a circle)."""
    number = normalized(number)
    for _ in range(MAX_FORWARDS):
        device = world.device_by_number(number)
        if device is None:
            break
        if device.forward_to is None or world.faults.on(faults.FORWARD_IGNORED):
            return Destination("device", number, device)
        number = normalized(device.forward_to)
    else:
        return None
    if any(queue.phone_number == number and queue.channel == "voice" for queue in world.queues.values()):
        return Destination("queue", number)
    return Destination("customer", number) if is_customer(number) else None


def participant(number: str) -> dict[str, Any]:
    """A participant ("Call resource", lines 4228-4325); a number with a country code brings its geography."""
    plain = normalized(number)
    if not plain.startswith("+"):
        return {"e164Number": "", "formattedPhoneNumber": plain, "phoneNumber": plain, "digits": plain}
    digits = plain[1:]
    code = next((c for c in sorted(_COUNTRIES, key=len, reverse=True) if digits.startswith(c)), None)
    shown: dict[str, Any] = {"e164Number": plain, "E164digits": digits}
    if code is None:
        return shown | {"formattedPhoneNumber": plain, "phoneNumber": plain, "digits": digits}
    local = digits[len(code) :]
    name, iso = _COUNTRIES[code]
    formatted = f"({local[:3]}) {local[3:6]}-{local[6:]}" if code == "1" and len(local) == 10 else local
    return shown | {
        "location": _AREAS.get(local[:3], name) if code == "1" else name,
        "country": {"name": name, "code": iso, "callingCode": code},
        "formattedPhoneNumber": formatted,
        "localPhoneNumber": formatted,
        "phoneNumber": local,
        "digits": local,
    }
