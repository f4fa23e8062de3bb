"""Identifiers in the shapes that the documents' samples show, repeatable under a seed."""

from __future__ import annotations

import itertools
import random
import uuid

_BASE32 = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


class Ids:
    """A source of identifiers. Two sources with one seed give the same sequence."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - identifiers of a test server, not secrets
        self._numbers = itertools.count(1)

    def uuid(self) -> str:
        """Like "9c14cad7-17c4-48d0-8492-7cf0ff92c224"."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hex(self) -> str:
        """Like "63630bbebf4840d7a0bffd6312bc29ff", the shape of user ids."""
        return uuid.UUID(int=self._random.getrandbits(128), version=4).hex

    def call(self) -> str:
        """Like "011DJV5JI898NB2L04000VTAES00000B": a call's id and callUuid."""
        middle = "".join(self._random.choices(_BASE32, k=18))
        return f"01{middle}AES{next(self._numbers) % 0xFFFFFFFFF:09X}"

    def conn(self) -> str:
        """Like "007102385535e00a": a connection id."""
        return f"00{self._random.getrandbits(56):014x}"

    def interaction(self) -> str:
        """Like "00015aC5T1T5001P": the id of a multimedia interaction."""
        middle = "".join(self._random.choices(_BASE32, k=8))
        return f"0001{middle}{next(self._numbers) % 0xFFFF:04X}"

    def number(self) -> int:
        """1, 2, 3, ..."""
        return next(self._numbers)
