"""A header with one key twice: numpy takes the last, other readers the first.

Written by hand; the near miss is the nested header that numpy writes for a structured dtype, where `descr`
keys do not repeat.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.build import npy, npy_header

NAME = "weights.npy"
NEAR_MISS_IS_INERT = True

TWICE = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'descr': '|O', }\n"
OFFSET = 10 + TWICE.rindex("'descr'")


def fires() -> bytes:
    return npy(TWICE, bytes(8))


def near_miss() -> bytes:
    return npy(npy_header("[('a', '<f4'), ('b', [('a', '<i2', (2,))])]", "(1,)"), bytes(8))


def variants() -> Mapping[str, tuple[str, bytes]]:
    return {
        "a call": (NAME, npy(npy_header(shape="__import__('os')"), bytes(8))),
        "a key more": (
            NAME,
            npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1, }\n", bytes(8)),
        ),
        "a negative dimension": (NAME, npy(npy_header(shape="(-2,)"), bytes(8))),
        "a shape that is no tuple": (NAME, npy(npy_header(shape="(2)"), bytes(8))),
    }
