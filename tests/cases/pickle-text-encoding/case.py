"""A byte string with an accent: its encoding is chosen by the loader, so one name is two.

The near miss has the letter in UNICODE, which all decode alike.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm(r"""
  > STRING b"'caf\xe9'"
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm(r"""
        UNICODE b'caf\xe9'
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "in a name": (
            NAME,
            pkasm(r"""
                GLOBAL b'caf\xe9' b'x'
                STOP
            """).data,
        ),
        "no UTF-8 in a text of four bytes": (
            NAME,
            pkasm(r"""
                PROTO 2
                BINUNICODE b'a\xff\xfeb'
                STOP
            """).data,
        ),
        "a text that is cut inside a letter": (
            NAME,
            pkasm(r"""
                PROTO 2
                BINUNICODE b'caf\xc3'
                STOP
            """).data,
        ),
    }
