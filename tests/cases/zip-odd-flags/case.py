"""A member flagged as patched data.

Scanners gave up on such flags and torch never looks at them (CVE-2025-1945). The near miss has the two bits
that tell how hard deflate tried.
"""

from __future__ import annotations

import zipfile

from tests.build import entry_at, pkasm, with_flags, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
OFFSET = entry_at(zipped({"a.pkl": PICKLE}))


def fires() -> bytes:
    return with_flags(zipped({"a.pkl": PICKLE}), 0x20)


def near_miss() -> bytes:
    return with_flags(zipped({"a.pkl": PICKLE}, method=zipfile.ZIP_DEFLATED), 0x06)
