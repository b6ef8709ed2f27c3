"""A STRING between two different quotes: unpicklers disagree on whether to strip, keep or refuse it.

The near miss has the other quote inside.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
  > STRING "name'
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 2
        STRING "it's"
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "no quotes": (
            NAME,
            pkasm("""
                PROTO 2
                STRING name
                STOP
            """).data,
        ),
        "a single quote and nothing else": (
            NAME,
            pkasm("""
                PROTO 2
                STRING '
                STOP
            """).data,
        ),
    }
