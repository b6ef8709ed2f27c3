"""Bytes after STOP that are no pickle: invisible to this loader, visible to the next.

The near miss has a second pickle there.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
    NONE
    STOP
  > .raw 00 00 00
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        NONE
        STOP
        NONE
        STOP
    """).data
