"""An opcode that takes a value where there is none.

The near miss takes a bare mark with POP, which every unpickler permits.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
  > TUPLE1
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        NONE
        MARK
        POP
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a mark that was never set": (
            NAME,
            pkasm("""
                PROTO 2
                NONE
                TUPLE
                STOP
            """).data,
        ),
        "a value below the mark": (
            NAME,
            pkasm("""
                PROTO 2
                NONE
                MARK
                TUPLE1
                STOP
            """).data,
        ),
        "an OBJ without a class": (
            NAME,
            pkasm("""
                PROTO 2
                MARK
                OBJ
                STOP
            """).data,
        ),
        "STOP with nothing to give": (
            NAME,
            pkasm("""
                PROTO 2
                STOP
            """).data,
        ),
    }
