"""A STACK_GLOBAL on numbers.

Loading fails there, and a scanner that looks back for the last two texts sees a decoy. The near miss puts
numbers between the texts and their use.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    BININT1 1
    BININT1 2
  > STACK_GLOBAL
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 4
        SHORT_BINUNICODE 'collections'
        BININT1 1
        POP
        SHORT_BINUNICODE 'OrderedDict'
        BININT1 2
        POP
        STACK_GLOBAL
        EMPTY_TUPLE
        REDUCE
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a BUILD on a number": (
            NAME,
            pkasm("""
                PROTO 2
                BININT1 1
                EMPTY_DICT
                BUILD
                STOP
            """).data,
        ),
        "an odd number of items for a dict": (
            NAME,
            pkasm("""
                PROTO 2
                MARK
                NONE
                DICT
                STOP
            """).data,
        ),
        "items for a tuple": (
            NAME,
            pkasm("""
                PROTO 2
                EMPTY_TUPLE
                NONE
                APPEND
                STOP
            """).data,
        ),
    }
