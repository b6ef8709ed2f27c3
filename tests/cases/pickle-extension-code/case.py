"""EXT1 imports whatever the loading process has registered under a number.

The near miss has its byte as an operand.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
  > EXT1 1
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        BININT2 0x0182
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "in two bytes": (
            NAME,
            pkasm("""
                PROTO 2
                EXT2 256
                STOP
            """).data,
        ),
        "in four bytes": (
            NAME,
            pkasm("""
                PROTO 2
                EXT4 65536
                STOP
            """).data,
        ),
    }
