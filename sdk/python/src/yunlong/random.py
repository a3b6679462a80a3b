"""Randomness fit for secrets, from the host.

Python's own ``random`` module is seeded when a component is built: use this, or ``secrets``.
"""

import builtins

from . import _city
from . import base32 as _base32
from . import clock as _clock  # It stands for the interface that randomness comes from, too.

__all__ = ["bytes", "code"]


def bytes(n: int) -> builtins.bytes:
    """So many random bytes."""
    return _city.system.get().random(n)


def code(characters: int) -> str:
    """A text of so many characters of ``base32``, which has no letters that look alike: for
    numbers that people read out. Each character carries five bits."""
    return "".join(_base32.ALPHABET[b % 32] for b in bytes(characters))
