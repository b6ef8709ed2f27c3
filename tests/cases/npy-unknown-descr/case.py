"""A dtype that numpy does not have: its item size decides where the array ends, and readers guess.

The near miss is a dtype with a unit, which looks odd and is numpy's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import npy, npy_header

NAME = "weights.npy"
NEAR_MISS_IS_INERT = True

HEADER = npy_header("'<x4'")
OFFSET = 10 + HEADER.index("'<x4'")


def fires() -> bytes:
    return npy(HEADER, bytes(8))


def near_miss() -> bytes:
    return npy(npy_header("'<M8[ns]'"), bytes(16))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a float of three bytes": (NAME, npy(npy_header("'<f3'"), bytes(6))),
        "a time without a unit that numpy knows": (NAME, npy(npy_header("'<M8[eon]'"), bytes(16))),
    }
