"""A member whose local header has another name than the directory: zipfile refuses it, torch loads it.

The near miss has a name that is no ASCII, with the flag that says so in both places.
"""

from __future__ import annotations

from tests.build import LOCAL, local_at, patched, pkasm, zipped

NAME = "model.zip"
OFFSET = 0
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data


def fires() -> bytes:
    archive = zipped({"a.pkl": PICKLE})
    return patched(archive, local_at(archive) + LOCAL["name"], b"b.pkl")


def near_miss() -> bytes:
    return zipped({"é.pkl": PICKLE})
