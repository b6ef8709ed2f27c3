"""A name on the deny side that nothing calls is still imported, and handed to whoever loads the file.

The near miss imports a type from the same module.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "model.pkl"
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
  > GLOBAL builtins eval
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("""
        PROTO 4
        GLOBAL builtins complex
        STOP
    """).data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "thrown away at once": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL builtins eval
                POP
                NONE
                STOP
            """).data,
        ),
        "by a name of Python 2": (
            NAME,
            pkasm("""
                PROTO 2
                GLOBAL __builtin__ eval
                STOP
            """).data,
        ),
    }
