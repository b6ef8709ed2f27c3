"""A member that was changed in place: both headers keep the checksum of what stood there.

The near miss is the member as it was written. Checksums are computed only where that is asked for.
"""

from __future__ import annotations

from tests.build import entry_at, pkasm, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True
LIMITS = {"max_checksum_bytes": 1 << 20}

BEFORE = pkasm("PROTO 2\nBININT1 1\nSTOP").data
AFTER = pkasm("PROTO 2\nBININT1 2\nSTOP").data
OFFSET = entry_at(zipped({"a.pkl": BEFORE}))


def fires() -> bytes:
    return zipped({"a.pkl": BEFORE}).replace(BEFORE, AFTER)


def near_miss() -> bytes:
    return zipped({"a.pkl": BEFORE})
