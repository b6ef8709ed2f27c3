"""A byte that is no opcode stops every unpickler, after it has run what stands before.

The near miss has the byte as an operand.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    NONE
  > .raw ff
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 4
        BININT1 0xff
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "after a call that has run by then": (
            NAME,
            pkasm("""
                GLOBAL posix system
                STRING 'true'
                TUPLE1
                REDUCE
                .raw ff
                STOP
            """).data,
        ),
    }
