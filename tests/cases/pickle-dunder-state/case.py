"""A state with `__class__` turns an allowed object into one of another class.

The near miss has a key with one underscore, and a `__doc__`, which is a text that nothing looks up.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
    GLOBAL argparse Namespace
    EMPTY_TUPLE
    REDUCE
    EMPTY_DICT
    BINUNICODE '__class__'
    NONE
    SETITEM
  > BUILD
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        GLOBAL argparse Namespace
        EMPTY_TUPLE
        REDUCE
        EMPTY_DICT
        BINUNICODE '_class__'
        NONE
        SETITEM
        BINUNICODE '__doc__'
        NONE
        SETITEM
        BUILD
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "among the slots of a pair": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL argparse Namespace
                EMPTY_TUPLE
                REDUCE
                NONE
                EMPTY_DICT
                BINUNICODE '__class__'
                NONE
                SETITEM
                TUPLE2
                BUILD
                STOP
            """).data,
        ),
        "as an item of a DICT": (
            NAME,
            pkasm("""
                GLOBAL argparse Namespace
                MARK
                TUPLE
                REDUCE
                MARK
                UNICODE __class__
                NONE
                DICT
                BUILD
                STOP
            """).data,
        ),
    }
