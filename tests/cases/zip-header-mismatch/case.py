"""A member whose local header declares another size than the directory.

Torch and zipfile use different ones. The near miss leaves its sizes to a data descriptor, as a streaming
writer does.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import LOCAL, local_at, pkasm, streamed, with_field, zipped

NAME = "model.zip"
OFFSET = 0
NEAR_MISS_IS_INERT = True

MEMBERS = {"a.pkl": pkasm("PROTO 2\nNONE\nSTOP").data}


def fires() -> bytes:
    return changed("size", 3)


def near_miss() -> bytes:
    return streamed(MEMBERS)


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "another method": (NAME, changed("method", 8)),
        "a flag more": (NAME, changed("flags", 1)),
        "another checksum": (NAME, changed("crc", 0)),
        "another compressed size": (NAME, changed("compressed", 3)),
    }


def changed(name: str, value: int) -> bytes:
    """Gives the archive with one field of the local header changed."""
    archive = zipped(MEMBERS)
    return with_field(archive, local_at(archive), LOCAL, name, value)
