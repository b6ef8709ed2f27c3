"""A call of a name on the deny side runs while the file is read.

The near miss holds the same words as data.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 4
    SHORT_BINUNICODE 'posix'
    SHORT_BINUNICODE 'system'
    STACK_GLOBAL
    SHORT_BINUNICODE 'true'
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
        SHORT_BINUNICODE 'posix'
        SHORT_BINUNICODE 'system'
        SHORT_BINUNICODE 'true'
        TUPLE3
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "by GLOBAL and REDUCE": (
            NAME,
            pkasm("""
                GLOBAL os system
                MARK
                STRING 'true'
                TUPLE
                REDUCE
                STOP
            """).data,
        ),
        "by INST": (
            NAME,
            pkasm("""
                MARK
                STRING 'true'
                INST posix system
                STOP
            """).data,
        ),
        "by OBJ": (
            NAME,
            pkasm("""
                MARK
                GLOBAL posix system
                STRING 'true'
                OBJ
                STOP
            """).data,
        ),
        "by NEWOBJ": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL posix system
                BINUNICODE 'true'
                TUPLE1
                NEWOBJ
                STOP
            """).data,
        ),
        "by NEWOBJ_EX": (
            NAME,
            pkasm("""
                PROTO 4
                GLOBAL posix system
                BINUNICODE 'true'
                TUPLE1
                EMPTY_DICT
                NEWOBJ_EX
                STOP
            """).data,
        ),
        "by a name of Python 2": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL __builtin__ eval
                BINUNICODE 'print()'
                TUPLE1
                REDUCE
                STOP
            """).data,
        ),
        "in the second of two pickles": (
            NAME,
            pkasm("""
                PROTO 2
                NONE
                STOP
                PROTO 2
                GLOBAL posix system
                BINUNICODE 'true'
                TUPLE1
                REDUCE
                STOP
            """).data,
        ),
        "from the memo": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL posix system
                BINPUT 7
                POP
                BINGET 7
                BINUNICODE 'true'
                TUPLE1
                REDUCE
                STOP
            """).data,
        ),
        "behind a memo index that unpicklers read as 10": (
            NAME,
            pkasm("""
                NONE
                PUT 1_0
                GLOBAL posix system
                STRING 'true'
                TUPLE1
                REDUCE
                STOP
            """).data,
        ),
        "behind a memo index after a space": (
            "weights",
            pkasm("""
                NONE
                PUT b' 1'
                GLOBAL posix system
                STRING 'true'
                TUPLE1
                REDUCE
                STOP
            """).data,
        ),
        "in a pickle that breaks off right behind it": (
            NAME,
            pkasm("""
                GLOBAL posix system
                STRING 'true'
                TUPLE1
                REDUCE
            """).data,
        ),
    }
