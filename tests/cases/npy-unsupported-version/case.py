"""A format version that no numpy has: its header cannot be read.

The near miss is of the newest there is, 3.0.
"""

from __future__ import annotations

from tests.build import npy, npy_header

NAME = "weights.npy"
OFFSET = 6
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return npy(npy_header(), bytes(8), version=4)


def near_miss() -> bytes:
    return npy(npy_header(), bytes(8), version=3)
