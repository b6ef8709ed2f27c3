"""A name that no policy knows may run anything, so it is told and never passed.

The near miss is a class that the policy lists.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
  > GLOBAL mycorp.features Scaler
    EMPTY_TUPLE
    NEWOBJ
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        GLOBAL collections Counter
        EMPTY_TUPLE
        NEWOBJ
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a dotted name below an allowed one": (
            NAME,
            pkasm("""
                PROTO 4
                SHORT_BINUNICODE 'collections'
                SHORT_BINUNICODE 'OrderedDict.fromkeys'
                STACK_GLOBAL
                STOP
            """).data,
        ),
        # With PROTO 4 nothing is mapped: the second loads a module UserDict, wherever it comes from.
        "a name of Python 2 in a pickle of protocol 4, behind one of protocol 2": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL UserDict UserDict
                STOP
                PROTO 4
                GLOBAL UserDict UserDict
                STOP
            """).data,
        ),
        "an allowed name in other letters": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL collections ordereddict
                STOP
            """).data,
        ),
    }
