"""NEXT_BUFFER takes bytes that are handed over beside the pickle, which the file does not have.

The near miss has its buffer inside.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 5
  > NEXT_BUFFER
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 5
        BYTEARRAY8 b'weights'
        STOP
    """).data
