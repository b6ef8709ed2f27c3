"""A directory entry that points at no local header: lenient readers skip the member, strict ones stop.

The near miss has the same broken header as bytes inside a member's pickle.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import ENTRY, entry_at, local_at, patched, pkasm, with_field, zipped

NAME = "model.pt"
NEAR_MISS_IS_INERT = True

PICKLE = pkasm("PROTO 2\nNONE\nSTOP").data
ARCHIVE = zipped({"a.pkl": PICKLE, "b.pkl": PICKLE})
OFFSET = local_at(ARCHIVE, 1)


def fires() -> bytes:
    return patched(ARCHIVE, OFFSET, b"PK\x03\x05")


def near_miss() -> bytes:
    header = fires()[OFFSET : OFFSET + 40]
    return zipped({"a.pkl": b"\x80\x03C" + bytes([len(header)]) + header + b"."})


def variants() -> Mapping[str, tuple[str, bytes]]:
    entry = entry_at(ARCHIVE, 1)
    return {
        "a local header behind the directory": (NAME, with_field(ARCHIVE, entry, ENTRY, "local", 0x7FFFFFFF)),
        "data that run past the directory": (NAME, with_field(ARCHIVE, entry, ENTRY, "compressed", 0x10000)),
        "an entry of the directory with another signature": (NAME, patched(ARCHIVE, entry, b"PK\x01\x03")),
    }
