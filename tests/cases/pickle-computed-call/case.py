"""A callee that an allowed call has made is on no list: so harmless names become a harmful chain.

The near miss calls one imported name twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
    GLOBAL collections OrderedDict
    EMPTY_TUPLE
    REDUCE
    EMPTY_TUPLE
  > REDUCE
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        GLOBAL collections OrderedDict
        DUP
        EMPTY_TUPLE
        REDUCE
        POP
        EMPTY_TUPLE
        REDUCE
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a persistent load as the callee": (
            NAME,
            pkasm("""
                PROTO 2
                NONE
                BINPERSID
                EMPTY_TUPLE
                REDUCE
                STOP
            """).data,
        ),
        "by NEWOBJ": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL collections OrderedDict
                EMPTY_TUPLE
                REDUCE
                EMPTY_TUPLE
                NEWOBJ
                STOP
            """).data,
        ),
    }
