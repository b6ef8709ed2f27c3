"""A PROTO after the first opcode changes how the rest is read, for some readers only.

The near miss is two pickles, each with a PROTO at its start.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    NONE
  > PROTO 2
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        NONE
        STOP
        PROTO 4
        NONE
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a second one right after the first": (
            NAME,
            pkasm("""
                PROTO 2
                PROTO 4
                NONE
                STOP
            """).data,
        ),
    }
