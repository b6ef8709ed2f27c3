"""A number in hexadecimal.

Unpicklers read it, pickletools raises, so a scanner on pickletools reports nothing. The near miss has all the
forms that picklers write.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
  > INT 0x10
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        MARK
        INT 16
        INT 01
        LONG -16L
        FLOAT 1e-07
        FLOAT -inf
        TUPLE
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a NUL that ends the number for some": (
            NAME,
            pkasm(r"""
                LONG b'1\x002L'
                STOP
            """).data,
        ),
        "an underscore": (
            NAME,
            pkasm("""
                INT 1_0
                STOP
            """).data,
        ),
        "a float with a space": (
            NAME,
            pkasm("""
                FLOAT b' 1.5'
                STOP
            """).data,
        ),
        "a memo index that ends at a NUL for the C unpickler": (
            NAME,
            pkasm(r"""
                NONE
                PUT b'1\x00zz'
                STOP
            """).data,
        ),
        "a memo index with an underscore, which unpicklers read as 10": (
            NAME,
            pkasm("""
                NONE
                PUT 1_0
                STOP
            """).data,
        ),
        "a memo index after a space, which unpicklers skip": (
            NAME,
            pkasm("""
                NONE
                PUT b' 1'
                STOP
            """).data,
        ),
        "a memo index before a carriage return, which unpicklers skip": (
            NAME,
            pkasm(r"""
                NONE
                PUT b'1\r'
                STOP
            """).data,
        ),
    }
