"""A pickle that ends before its STOP, and happens to end with the byte of one.

The near miss goes on to the real one.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    SHORT_BINUNICODE 'the end.'
    >
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 4
        SHORT_BINUNICODE 'the end.'
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "inside a length": (
            NAME,
            pkasm("""
                PROTO 4
                .raw 58 01 00
            """).data,
        ),
        "a frame of more bytes than there are": (
            NAME,
            pkasm("""
                PROTO 4
                FRAME 100
                NONE
                STOP
            """).data,
        ),
        "after nothing but PROTO": (
            NAME,
            pkasm("""
                PROTO 4
            """).data,
        ),
    }
