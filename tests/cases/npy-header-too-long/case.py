"""A header of one byte more than numpy reads unless it may unpickle.

The near miss is padded to exactly as much as numpy reads.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import npy, npy_header

NAME = "weights.npy"
OFFSET = 8
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return npy(npy_header(total=10_001), bytes(8))


def near_miss() -> bytes:
    return npy(npy_header(total=10_000), bytes(8))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {"four gigabytes declared in a file of a few bytes": (NAME, npy("", version=2, length=0xFFFFFFFF))}
