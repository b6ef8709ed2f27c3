"""A file of no bytes is never called clean: an interrupted download leaves one.

The near miss is the smallest pickle there is, NONE and STOP.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "weights.pt"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return b""


def near_miss() -> bytes:
    return pkasm("NONE\nSTOP").data
