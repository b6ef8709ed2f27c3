"""An opcode that begins inside a frame and ends outside.

The C unpickler drops its rest on some sources, so one file is two programs (gh-154848). The near miss ends
its frame between two opcodes.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    FRAME 2
  > SHORT_BINBYTES b'abc'
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 4
        FRAME 5
        SHORT_BINBYTES b'abc'
        STOP
    """).data
