"""A frame inside a frame: readers disagree on where the outer one ends.

The near miss has one frame after the other.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    FRAME 11
  > FRAME 2
    NONE
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 4
        FRAME 1
        NONE
        FRAME 2
        TUPLE1
        STOP
    """).data
