"""A bytearray of 2^40 bytes: an allowed name, called with a number that only serves to exhaust memory.

The near miss calls it with bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    GLOBAL builtins bytearray
    LONG1 0x10000000000
    TUPLE1
  > REDUCE
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 4
        GLOBAL builtins bytearray
        SHORT_BINBYTES b'weights'
        TUPLE1
        REDUCE
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a callable where a type belongs": (
            NAME,
            pkasm("""
                PROTO 4
                GLOBAL collections defaultdict
                GLOBAL _codecs encode
                TUPLE1
                REDUCE
                STOP
            """).data,
        ),
        "keyword arguments": (
            NAME,
            pkasm("""
                PROTO 4
                GLOBAL builtins bytearray
                EMPTY_TUPLE
                EMPTY_DICT
                SHORT_BINUNICODE 'source'
                NONE
                SETITEM
                NEWOBJ_EX
                STOP
            """).data,
        ),
    }
