"""An archive that is cut before its directory has no end record, and its members cannot be told.

The near miss has its end record as far from the end as a comment can push it, which all readers find.
"""

from __future__ import annotations

from tests.build import entry_at, pkasm, zipped

NAME = "model.zip"
OFFSET = 0
NEAR_MISS_IS_INERT = True

MEMBERS = {"weights.pkl": pkasm("PROTO 2\nNONE\nSTOP").data}


def fires() -> bytes:
    archive = zipped(MEMBERS)
    return archive[: entry_at(archive)]


def near_miss() -> bytes:
    return zipped(MEMBERS, comment=b"x" * 0xFFFF)
