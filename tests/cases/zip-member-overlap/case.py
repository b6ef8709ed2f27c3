"""A member whose header and data lie inside the data of another.

One reader's tensor is the next one's pickle. The near miss holds the same bytes, and its directory does not
point into them.
"""

from __future__ import annotations

from tests.build import data_at, end_at, entry_at, pkasm, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
INNER = zipped({"inner.pkl": PICKLE})
OUTER = zipped({"outer.zip": INNER})
OFFSET = data_at(OUTER)


def fires() -> bytes:
    entry = bytearray(INNER[entry_at(INNER) : end_at(INNER)])
    entry[42:46] = OFFSET.to_bytes(4, "little")
    directory = OUTER[entry_at(OUTER) : end_at(OUTER)] + bytes(entry)
    end = bytearray(OUTER[end_at(OUTER) :])
    end[8:12] = (2).to_bytes(2, "little") * 2
    end[12:16] = len(directory).to_bytes(4, "little")
    return OUTER[: entry_at(OUTER)] + directory + bytes(end)


def near_miss() -> bytes:
    return OUTER
