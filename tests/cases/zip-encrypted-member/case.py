"""A member marked as encrypted is not judged; here the mark lies, to blind a scanner (CVE-2025-1945).

The near miss has another flag in the same byte: a name in UTF-8, and streamed.
"""

from __future__ import annotations

from tests.build import entry_at, pkasm, streamed, with_flags, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
OFFSET = entry_at(zipped({"a.pkl": PICKLE}))


def fires() -> bytes:
    return with_flags(zipped({"a.pkl": PICKLE}), 0x01)


def near_miss() -> bytes:
    return streamed({"é.pkl": PICKLE})
