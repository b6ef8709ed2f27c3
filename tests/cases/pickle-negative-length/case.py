"""A signed length of -1: readers refuse it or wrap around to 4 GiB.

The near miss has a length of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
  > .raw 54 ff ff ff ff  ; BINSTRING
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        BINSTRING b''
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "of an integer": (
            NAME,
            pkasm("""
                PROTO 2
                .raw 8b ff ff ff ff  ; LONG4
                STOP
            """).data,
        ),
    }
