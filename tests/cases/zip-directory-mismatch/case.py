"""An end record that counts one member more than the directory has: readers trust one or the other.

The near miss looks the same to a reader of 32 bits: its end record defers to a zip64 record.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from tests.build import END, end_at, entry_at, field, pkasm, with_field, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

ARCHIVE = zipped({"weights.pkl": pkasm("PROTO 2\nNONE\nSTOP").data})
OFFSET = end_at(ARCHIVE)


def fires() -> bytes:
    return with_field(ARCHIVE, end_at(ARCHIVE), END, "entries", 2)


def near_miss() -> bytes:
    return with_zip64(entries=1, deferred=True)


def variants() -> Mapping[str, tuple[str, bytes]]:
    end = end_at(ARCHIVE)
    return {
        "the directory said to begin later": (
            NAME,
            with_field(ARCHIVE, end, END, "directory", field(ARCHIVE, end, END, "directory") + 1),
        ),
        "more members on this disk than in all": (NAME, with_field(ARCHIVE, end, END, "entries_here", 2)),
        "a zip64 twin with another count": (NAME, with_zip64(entries=1, deferred=False)),
    }


def with_zip64(*, entries: int, deferred: bool) -> bytes:
    """Gives the archive with a zip64 end record that counts `entries`.

    The plain record defers to it with all bits set, or else claims two members itself.
    """
    directory, end = entry_at(ARCHIVE), end_at(ARCHIVE)
    size = end - directory
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, directory)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    plain = ARCHIVE[end:]
    if deferred:
        plain = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    else:
        plain = with_field(plain, 0, END, "entries", 2)
        plain = with_field(plain, 0, END, "entries_here", 2)
    return ARCHIVE[:end] + record + locator + plain
