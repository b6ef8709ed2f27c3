"""A module that a call makes while loading: what is imported cannot be known.

The near miss takes both texts out of the memo, where they stand as literals.
"""

from __future__ import annotations

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    GLOBAL collections UserString
    SHORT_BINUNICODE 'posix'
    TUPLE1
    REDUCE
    SHORT_BINUNICODE 'system'
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
        MEMOIZE
        POP
        SHORT_BINUNICODE 'OrderedDict'
        MEMOIZE
        POP
        BINGET 0
        BINGET 1
        STACK_GLOBAL
        EMPTY_TUPLE
        REDUCE
        STOP
    """).data
