"""A slot of the memo is read that nothing wrote: a scanner that guesses its value sees another program.

The near miss writes it first.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
  > BINGET 0
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        NONE
        BINPUT 0
        BINGET 0
        TUPLE2
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "another slot than the one written": (
            NAME,
            pkasm("""
                PROTO 2
                NONE
                BINPUT 0
                LONG_BINGET 65536
                STOP
            """).data,
        ),
        "a slot of the pickle before": (
            NAME,
            pkasm("""
                PROTO 2
                NONE
                BINPUT 0
                STOP
                PROTO 2
                BINGET 0
                STOP
            """).data,
        ),
    }
