"""A protocol from the future: its opcodes are unknown, so nothing after it can be judged.

The near miss has the highest protocol there is.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
  > PROTO 6
    NONE
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 5
        NONE
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "the highest number there can be": (
            NAME,
            pkasm("""
                PROTO 255
                NONE
                STOP
            """).data,
        ),
    }
