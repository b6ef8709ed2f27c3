"""Two members of one name: readers that look up by name take the first or the last.

The near miss has one name in two folders.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import entry_at, pkasm, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
ARCHIVE = zipped([("m/data.pkl", PICKLE), ("m/data.pkl", PICKLE)])
OFFSET = entry_at(ARCHIVE, 1)


def fires() -> bytes:
    return ARCHIVE


def near_miss() -> bytes:
    return zipped([("m/data.pkl", PICKLE), ("n/data.pkl", PICKLE)])


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"but for case": (NAME, zipped([("m/data.pkl", PICKLE), ("m/DATA.pkl", PICKLE)]))}
