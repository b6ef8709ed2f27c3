"""A pipe: unpacking makes it, and who reads it waits for ever.

The near miss is a folder.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build_tar import header, member, tar

NAME = "model.tar"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return tar(header("a.pkl", flag=b"6"), member("b.pkl"))


def near_miss() -> bytes:
    return tar(header("a.pkl", flag=b"5"), member("b.pkl"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a device of characters": (NAME, tar(header("a", flag=b"3"), member("b.pkl"))),
        "a device of blocks": (NAME, tar(header("a", flag=b"4"), member("b.pkl"))),
    }
