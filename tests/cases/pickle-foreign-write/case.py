"""SETITEM on an imported dict changes the loading process without a call.

The near miss writes into a dict that this pickle made.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
    GLOBAL os environ
    BINUNICODE 'DRYLOAD'
    BINUNICODE '1'
  > SETITEM
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
        BINUNICODE 'DRYLOAD'
        BINUNICODE '1'
        SETITEM
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a BUILD on an allowed class": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL collections OrderedDict
                EMPTY_DICT
                BINUNICODE 'x'
                NONE
                SETITEM
                BUILD
                STOP
            """).data,
        ),
        "an APPEND to an imported list": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL sys path
                BINUNICODE 'x'
                APPEND
                STOP
            """).data,
        ),
        "ADDITEMS on an imported name": (
            NAME,
            pkasm("""
                PROTO 4
                GLOBAL collections OrderedDict
                MARK
                NONE
                ADDITEMS
                STOP
            """).data,
        ),
    }
