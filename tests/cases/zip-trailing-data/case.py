"""Bytes after the end record may hold another end record; torch accepts 64 KiB of them.

The near miss has the same bytes as the comment that the end record declares.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import pkasm, zipped

NAME = "model.zip"
NEAR_MISS_IS_INERT = True

MEMBERS = {"weights.pkl": pkasm("PROTO 2\nNONE\nSTOP").data}
EXTRA = b"signed by nobody"
ARCHIVE = zipped(MEMBERS)
OFFSET = len(ARCHIVE)


def fires() -> bytes:
    return ARCHIVE + EXTRA


def near_miss() -> bytes:
    return zipped(MEMBERS, comment=EXTRA)


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"as much as a comment could hold": (NAME, ARCHIVE + bytes(0xFFFF))}
