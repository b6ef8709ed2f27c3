"""A shape whose bytes do not fit 63 bits: careless readers wrap around to a small array.

The near miss has a zero among large dimensions, which is an empty array to all readers.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import npy, npy_header

NAME = "weights.npy"
OFFSET = 0
NEAR_MISS_IS_INERT = True


def fires() -> bytes:
    return npy(npy_header(shape=f"({2**62}, 4)"), bytes(8))


def near_miss() -> bytes:
    return npy(npy_header(shape=f"(0, {2**40})"))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "hidden behind a zero": (NAME, npy(npy_header(shape=f"({2**62}, {2**62}, 0)"))),
    }
