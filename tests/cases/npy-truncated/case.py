"""A file that ends inside its array: what is missing was not judged.

The near miss has its last byte.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import npy, npy_header

NAME = "weights.npy"
OFFSET = 128
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return npy(npy_header(), bytes(7))


def near_miss() -> bytes:
    return npy(npy_header(), bytes(8))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "inside the header": (NAME, npy("{'descr'", length=118)),
        "inside the length": (NAME, b"\x93NUMPY\x01\x00\x76"),
        "after the magic": (NAME, b"\x93NUMPY"),
    }
