"""A pickle with one value more than a limit allows is cut short there, and says so.

The near miss stays one below it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm

NAME = "deep.pkl"
LIMITS = {"max_stack": 3}
NEAR_MISS_IS_INERT = True

FIRES = pkasm("""
    PROTO 2
    MARK
    NONE
    NONE
    NONE
  > NONE
    TUPLE
    STOP
""")
OFFSET = FIRES.mark


def fires() -> bytes:
    return FIRES.data


def near_miss() -> bytes:
    return pkasm("MARK\nNONE\nNONE\nNONE\nTUPLE\nSTOP").data


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "marks, which take no value": (NAME, pkasm("PROTO 2\n" + "MARK\n" * 4 + "NONE\nSTOP").data),
        "a pickle that does not begin with PROTO": (NAME, FIRES.data[2:]),
        "a pickle that is not named like one": ("weights", FIRES.data[2:]),
    }
