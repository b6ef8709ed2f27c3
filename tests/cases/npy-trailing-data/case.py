"""Bytes behind the array: numpy takes no notice, so the file can be something else as well.

The near miss ends with its array.
"""

from __future__ import annotations

from tests.build import npy, npy_header

NAME = "weights.npy"
OFFSET = 128 + 8
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return npy(npy_header(), bytes(8) + b"\n")


def near_miss() -> bytes:
    return npy(npy_header(), bytes(7) + b"\n")
