"""A state for an object whose entry grants none: setting it runs a method that nobody has looked at.

The near miss sets the state of a class that takes one.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import joblib_rows, pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
    GLOBAL decimal Decimal
    BINUNICODE '1'
    TUPLE1
    REDUCE
    EMPTY_DICT
  > BUILD
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        GLOBAL collections OrderedDict
        EMPTY_TUPLE
        REDUCE
        EMPTY_DICT
        BUILD
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        # numpy believes the flags: 1 is "holds references", and bytes become pointers.
        "a dtype of numbers whose flags say that it holds objects": (
            "model.joblib",
            pkasm(joblib_rows(flags=1, array=b"\x00" + bytes(16))).data,
        ),
        "items for an object that has none": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL decimal Decimal
                BINUNICODE '1'
                TUPLE1
                REDUCE
                NONE
                NONE
                SETITEM
                STOP
            """).data,
        ),
    }
