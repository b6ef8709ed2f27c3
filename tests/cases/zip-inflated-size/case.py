"""A deflated member that goes on behind its declared size.

Readers stop there or read to the end of the stream. Made by declaring the first of two pickles only; the near
miss declares both.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping

from tests.build import ENTRY, LOCAL, entry_at, local_at, pkasm, with_field, zipped

NAME = "model.zip"
MEMBER = "a.pkl"
OFFSET = 0
NEAR_MISS_IS_INERT = True

FIRST = pkasm("PROTO 2\nNONE\nSTOP").data
SECOND = pkasm("PROTO 2\nGLOBAL posix system\nBINUNICODE 'true'\nTUPLE1\nREDUCE\nSTOP").data


def fires() -> bytes:
    return declared(FIRST + SECOND, len(FIRST))


def near_miss() -> bytes:
    return zipped({"a.pkl": FIRST + FIRST}, method=zipfile.ZIP_DEFLATED)


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a megabyte more than declared": (NAME, declared(FIRST + bytes(1 << 20), len(FIRST))),
        "less than declared": (NAME, declared(FIRST, len(FIRST) + 1)),
    }


def declared(data: bytes, size: int) -> bytes:
    """Deflates data and declares another size in both headers."""
    archive = zipped({"a.pkl": data}, method=zipfile.ZIP_DEFLATED)
    archive = with_field(archive, local_at(archive), LOCAL, "size", size)
    return with_field(archive, entry_at(archive), ENTRY, "size", size)
